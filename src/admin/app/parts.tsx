// The small parts that every page is made of.
import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { news } from './api.ts'

export interface Loaded<Value> {
  readonly value: Value | undefined
  readonly error: string | undefined
  readonly loading: boolean
  readonly reload: () => void
}

/** Asks again when `key` changes and, when it is live, with all news; what is there stays until the new is. */
export function useLoad<Value>(load: () => Promise<Value>, key: string, live = false): Loaded<Value> {
  const [state, setState] = useState<{ key: string; value?: Value; error?: string }>({ key: '' })
  const [again, setAgain] = useState(0)
  const turn = live ? news.value : 0
  useEffect(() => {
    let current = true
    load().then(
      (value) => current && setState({ key, value }),
      (error: unknown) =>
        current && setState((before) => ({ ...before, key, error: error instanceof Error ? error.message : String(error) })),
    )
    return () => {
      current = false
    }
  }, [key, turn, again])
  const fits = state.key === key
  return {
    value: fits ? state.value : undefined,
    error: fits ? state.error : undefined,
    loading: !fits,
    reload: () => setAgain((turns) => turns + 1),
  }
}

/** The heading of a page; takes the focus, so that a screen reader says where one is. */
export function Title({ children, note }: { readonly children: string; readonly note?: ComponentChildren }) {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    document.title = `${children} – Toolgate`
    heading.current?.focus({ preventScroll: true })
  }, [children])
  return (
    <header class="title">
      <h1 ref={heading} tabIndex={-1}>
        {children}
      </h1>
      {note !== undefined && <p>{note}</p>}
    </header>
  )
}

export function Waiting({ of }: { readonly of: Pick<Loaded<unknown>, 'error' | 'loading'> & { reload?: () => void } }) {
  if (of.error !== undefined)
    return (
      <div class="notice bad" role="alert">
        {of.error} {of.reload && <button onClick={of.reload}>Try again</button>}
      </div>
    )
  return of.loading ? (
    <p class="muted" role="status">
      Loading …
    </p>
  ) : null
}

const tones: Readonly<Record<string, string>> = {
  done: 'good',
  succeeded: 'good',
  on: 'good',
  granted: 'good',
  allow: 'good',
  spoke: 'good',
  reconciled: 'good',
  held: 'warn',
  previewed: 'info',
  preview: 'info',
  ask: 'warn',
  unknown: 'warn',
  medium: 'warn',
  hidden: 'warn',
  waiting: 'warn',
  undone: 'info',
  denied: 'bad',
  failed: 'bad',
  deny: 'bad',
  high: 'bad',
  broke: 'bad',
  expired: 'bad',
}

export function Badge({ children, tone }: { readonly children: string; readonly tone?: string }) {
  return <span class={`badge ${tone ?? tones[children] ?? ''}`}>{children}</span>
}

/** A time, said as how long ago or how soon, with the exact one for whoever points at it. */
export function Time({ at }: { readonly at: string }) {
  const [, tick] = useState(0)
  useEffect(() => {
    const timer = setInterval(() => tick((turns) => turns + 1), 15_000)
    return () => clearInterval(timer)
  }, [])
  return (
    <time dateTime={at} title={new Date(at).toLocaleString()}>
      {relative(Date.parse(at) - Date.now())}
    </time>
  )
}

const steps: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
]
const words = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })

function relative(ms: number): string {
  const [unit, size] = steps.find(([, each]) => Math.abs(ms) >= each) ?? ['second', 1000]
  return words.format(Math.round(ms / size), unit)
}

interface FieldProps {
  readonly label: string
  readonly children: ComponentChildren
}

export function Field({ label, children }: FieldProps) {
  return (
    <label class="field">
      <span>{label}</span>
      {children}
    </label>
  )
}

interface DialogProps {
  readonly title: string
  readonly onClose: () => void
  readonly children: ComponentChildren
}

/** A real dialog: the browser keeps the focus inside, and Escape closes it. */
export function Dialog({ title, onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => dialog.current?.showModal(), [])
  return (
    <dialog ref={dialog} onClose={onClose} aria-label={title}>
      <h2>{title}</h2>
      {children}
    </dialog>
  )
}

export interface Acting {
  readonly busy: boolean
  readonly error: string | undefined
  readonly run: () => void
}

/** One thing that a button does: once at a time, and told when it fails. */
export function useAction(work: () => Promise<void>): Acting {
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<string>()
  return {
    busy,
    error,
    run() {
      if (busy) return
      setBusy(true)
      setError(undefined)
      work()
        .catch((failure: unknown) => setError(failure instanceof Error ? failure.message : String(failure)))
        .finally(() => setBusy(false))
    },
  }
}

export function Failed({ of }: { readonly of: Acting }) {
  return of.error === undefined ? null : (
    <div class="notice bad" role="alert">
      {of.error}
    </div>
  )
}

interface LineChange {
  readonly line: number
  readonly sign: '-' | '+'
  readonly text: string
}

export function Lines({ changed }: { readonly changed: readonly LineChange[] }) {
  return (
    <ol class="changes" aria-label="What changes in the file">
      {changed.map(({ line, sign, text }) => (
        <li key={`${sign}${line}`} class={sign === '+' ? 'added' : 'gone'}>
          <span class="number">{line}</span>
          <span class="sign">{sign}</span>
          <code>{text}</code>
        </li>
      ))}
    </ol>
  )
}

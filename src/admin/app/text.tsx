// Text that others wrote, as it is: every line, every character; and what is too long must be opened.
import { createContext } from 'preact'
import { useContext, useId, useLayoutEffect, useMemo, useState } from 'preact/hooks'
import { signal } from '@preact/signals'
import type { Signal } from '@preact/signals'
import { piecesOf, reveal } from '../reveal.ts'
import type { Line } from '../reveal.ts'

/** The parts of a request that are not open yet. */
export type Unopened = Signal<ReadonlySet<string>>
export const Unopened = createContext<Unopened>(signal(new Set()))

interface TextProps {
  readonly text: string
  /** The other side of a change: lines that are not there are marked. */
  readonly against?: string | undefined
  readonly label?: string
}

export function Text({ text, against, label }: TextProps) {
  const [whole, setWhole] = useState(false)
  const unopened = useContext(Unopened)
  const id = useId()
  const { lines, rest } = useMemo(() => reveal(text, whole), [text, whole])
  const other = useMemo(() => (against === undefined ? undefined : new Set(against.split('\n'))), [against])
  const source = useMemo(() => text.split('\n'), [text])
  const closed = rest !== undefined
  // Before it is painted: there is no moment in which a yes is possible and a part is closed.
  useLayoutEffect(() => {
    mark(unopened, id, closed)
    return () => mark(unopened, id, false)
  }, [closed, id])
  if (text === '') return <span class="muted">(empty)</span>
  const single = lines.length === 1 && !closed
  return (
    <div class={`text ${single ? 'single' : ''}`} data-text={label ?? ''}>
      <ol>
        {lines.map((line) => (
          <LineItem
            key={line.number}
            line={line}
            changed={other !== undefined && line.empty === 0 && !other.has(source[line.number - 1] ?? '')}
          />
        ))}
      </ol>
      {rest && (
        <button class="more" type="button" onClick={() => setWhole(true)}>
          Show the rest: {rest.lines} more {rest.lines === 1 ? 'line' : 'lines'}, {rest.characters} characters
        </button>
      )}
    </div>
  )
}

function LineItem({ line, changed }: { readonly line: Line; readonly changed: boolean }) {
  if (line.empty > 0)
    return (
      <li value={line.number} class="folded">
        ⟦{line.empty} empty lines⟧
      </li>
    )
  return (
    <li value={line.number} class={changed ? 'changed' : ''}>
      <Pieces line={line.pieces} />
    </li>
  )
}

function Pieces({ line }: { readonly line: Line['pieces'] }) {
  return (
    <>
      {line.map(({ kind, shown, title }, index) =>
        kind === 'text' ? (
          shown
        ) : (
          <span key={index} class={kind} title={title}>
            {shown}
          </span>
        ),
      )}
    </>
  )
}

/** A name, a summary, a sentence: one line, with its hidden characters seen. */
export function Words({ children }: { readonly children: string }) {
  return (
    <Pieces
      line={children
        .split('\n')
        .flatMap((line, index) =>
          index === 0
            ? piecesOf(line)
            : [{ kind: 'mark' as const, shown: '⟦LF⟧', title: 'A line break' }, ...piecesOf(line)],
        )}
    />
  )
}

function mark(unopened: Unopened, id: string, closed: boolean): void {
  if (unopened.value.has(id) === closed) return
  const next = new Set(unopened.value)
  if (closed) next.add(id)
  else next.delete(id)
  unopened.value = next
}

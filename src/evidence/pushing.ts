// Pushes checkpoints to one anchor, one push at a time: an anchor that hangs keeps nobody waiting but itself.
import type { ChainHead } from '../kit/chain.ts'
import type { Store } from '../kit/record.ts'
import type { Anchor } from './anchor.ts'
import { storedCheckpoints } from './checkpoint.ts'
import type { Checkpoint } from './checkpoint.ts'

const kind = 'anchor'
/** After a long absence an anchor gets the newest ones: each covers all that was before it. */
const atOnceMax = 100
const pushTimeoutMs = 10_000
const retryFirstMs = 1000
const retryMostMs = 60_000

export interface AnchorState {
  readonly name: string
  /** The last entry that it has heard of; 0 for none. */
  readonly count: number
  readonly number: number
  /** When it last took a checkpoint. */
  readonly at: string | undefined
  /** Why the last attempt failed. */
  readonly problem: string | undefined
  /** What it holds and the store's record are not one history: an incident, not a delay. */
  readonly conflict: string | undefined
  /** That it no longer held what it had been given, when this process looked. */
  readonly lost: string | undefined
}

export interface Pushing {
  readonly name: string
  /** Begins a push when there is something to push and none is under way; does not wait for it. */
  begin(): void
  /** Waits for the push that is under way, at most so long. */
  settled(withinMs: number): Promise<void>
  state(): Promise<AnchorState>
}

export interface PushingOptions {
  readonly store: Store
  readonly tenant: string
  readonly now: () => Date
  /** The hash of an entry, where it is there. */
  readonly hashAt: (seq: number) => Promise<ChainHead | undefined>
  readonly log: { warn(fields: object, message: string): void; error(fields: object, message: string): void }
}

export function pushTo(anchor: Anchor, { store, tenant, now, hashAt, log }: PushingOptions): Pushing {
  const { name } = anchor
  let underWay: Promise<void> | undefined
  let problem: string | undefined
  let conflict: string | undefined
  let lost: string | undefined
  let asked = false
  let failures = 0
  let retryAt = 0

  async function cursor(): Promise<{ count: number; number: number; at: string | undefined; version: number }> {
    const found = await store.document(tenant, kind, name)
    const { count = 0, number = 0 } = found?.value ?? {}
    return { count: Number(count), number: Number(number), at: found?.updatedAt, version: found?.version ?? 0 }
  }

  async function push(): Promise<void> {
    const signal = AbortSignal.timeout(pushTimeoutMs)
    const { number, count } = await cursor()
    const newer = (than: number, all: readonly Checkpoint[]) => all.filter((one) => one.number > than).toReversed()
    const stored = await storedCheckpoints(store, tenant, atOnceMax)
    if (asked && newer(number, stored).length === 0) return
    const last = await anchor.last?.(tenant, signal)
    asked = true
    await compare(last)
    // What it holds stays as it is until somebody has looked: after it, the other history would look like the only one.
    if (conflict !== undefined) return
    const forgot = anchor.last !== undefined && (last?.number ?? 0) < number
    if (forgot) tellLost(count, last?.count ?? 0)
    const pending = newer(forgot ? (last?.number ?? 0) : number, stored)
    if (pending.length === 0) return
    await anchor.push(pending, signal)
    const newest = pending.at(-1)!
    const value = { count: newest.count, number: newest.number }
    await store.put([{ tenant, kind, id: name, value, at: now().toISOString() }])
  }

  /** What was anchored before must still be in the record, or the record is not the one that was anchored. */
  async function compare(last: Checkpoint | undefined): Promise<void> {
    const found = last && (await hashAt(last.count))
    const before = conflict
    conflict = undefined
    if (!last || found?.hash === last.head) return
    conflict = found
      ? `The anchor "${name}" holds another entry ${last.count} than the record.`
      : `The anchor "${name}" knows of ${last.count} entries, and the record ends before.`
    if (before === undefined) log.error({ anchor: name, conflict }, 'the audit and its anchor contradict each other')
  }

  /** It gets again what is stored; that it was taken away stays said. */
  function tellLost(given: number, holds: number): void {
    if (lost !== undefined) return
    lost = `The anchor "${name}" was given checkpoints up to entry ${given}, and at ${now().toISOString()} it held ${holds === 0 ? 'none' : `only those up to ${holds}`}.`
    log.error({ anchor: name, lost }, 'an anchor no longer holds what it was given; it is given it again')
  }

  async function attempt(): Promise<void> {
    try {
      await push()
      problem = undefined
      failures = 0
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error)
      if (failures === 0) log.warn({ anchor: name, err: error }, 'an anchor did not take a checkpoint; it is tried again')
      retryAt = now().getTime() + Math.min(retryMostMs, retryFirstMs * 2 ** failures)
      failures += 1
    }
  }

  return {
    name,
    begin() {
      // A clock that was set back must not postpone it for ever.
      if (underWay || (now().getTime() < retryAt && retryAt - now().getTime() <= retryMostMs)) return
      underWay = attempt().finally(() => (underWay = undefined))
    },
    async settled(withinMs) {
      let timer: NodeJS.Timeout | undefined
      await Promise.race([underWay, new Promise((resolve) => (timer = setTimeout(resolve, withinMs)))])
      clearTimeout(timer)
    },
    async state() {
      const { count, number, at } = await cursor()
      return { name, count, number, at, problem, conflict, lost }
    },
  }
}

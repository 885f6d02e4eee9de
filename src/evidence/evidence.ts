// Looks after the proof of the audit: checkpoints, their way to the anchors, how far those lag, and receipts.
import type { ChainHead } from '../kit/chain.ts'
import { canonical } from '../kit/json.ts'
import type { Store } from '../kit/record.ts'
import { openAnchor } from './anchor.ts'
import { keepCheckpoint, makeCheckpoint, storedCheckpoints } from './checkpoint.ts'
import type { Checkpoint } from './checkpoint.ts'
import { dutyOf } from './duty.ts'
import type { Duty } from './duty.ts'
import { openSigningKey, signingKey } from './key.ts'
import type { SigningKey } from './key.ts'
import type { Outside } from './outside.ts'
import { pushTo } from './pushing.ts'
import type { AnchorState, Pushing } from './pushing.ts'
import type { EvidenceSettings } from './settings.ts'

/** How often it is looked whether a checkpoint is due. */
const lookEveryMs = 500
/** How long a process that ends waits for its anchors. */
const lastPushMs = 2000

export interface EvidenceOptions {
  readonly store: Store
  readonly tenant: string
  readonly settings: () => EvidenceSettings
  /** Where the key is, unless the settings name another place. */
  readonly keyFile: string
  readonly outside: Outside
  readonly log: { warn(fields: object, message: string): void; error(fields: object, message: string): void }
  /** Unique to this process. */
  readonly holder: string
}

export interface EvidenceStatus {
  readonly head: ChainHead | undefined
  readonly checkpoint: Checkpoint | undefined
  readonly key: string
  readonly anchors: readonly (AnchorState & { readonly behind: number })[]
  /** How long the oldest entry has been waiting that no anchor has heard of; 0 when there is none. */
  readonly lagSeconds: number
  readonly refusing: string | undefined
}

export interface Evidence {
  /** From now on all of it happens by itself. */
  start(): void
  /** Why nothing new may be written now, or undefined. Costs nothing. */
  late(): string | undefined
  /** Makes a checkpoint now, where there is something new, and begins to push it. */
  checkpoint(): Promise<Checkpoint | undefined>
  /** Begins the pushes that are due, and waits for them at most so long. */
  push(withinMs: number): Promise<void>
  status(): Promise<EvidenceStatus>
  key(): Promise<SigningKey>
  /** Whether this process does what only one does. */
  readonly duty: Duty
  /** A last checkpoint, and its way to the anchors, bounded in time. */
  close(): Promise<void>
}

export function lookAfterEvidence(options: EvidenceOptions): Evidence {
  const { store, tenant, settings, outside, log } = options
  const now = () => outside.now()
  const duty = dutyOf(store, tenant, 'evidence', options.holder, now)
  let opened: { readonly from: string; readonly key: Promise<SigningKey> } | undefined
  let pushing: { readonly from: string; readonly to: Promise<readonly Pushing[]> } | undefined
  let waiting: { readonly seq: number; readonly since: number } | undefined
  let refusing: string | undefined
  let lagMs = 0
  let timer: NodeJS.Timeout | undefined
  let looking: Promise<void> | undefined
  let closed = false

  function key(): Promise<SigningKey> {
    const { key: reference } = settings()
    const from = reference ?? ''
    if (opened?.from === from) return opened.key
    const made = reference === undefined ? openSigningKey(options.keyFile) : outside.secret(reference).then(signingKey)
    opened = { from, key: made }
    made.catch(() => (opened = undefined))
    return made
  }

  function anchors(): Promise<readonly Pushing[]> {
    const from = canonical(settings().anchors)
    if (pushing?.from === from) return pushing.to
    const to = Promise.all(settings().anchors.map((each) => openAnchor(each, outside))).then((all) =>
      all.map((anchor) => pushTo(anchor, { store, tenant, now, hashAt, log })),
    )
    pushing = { from, to }
    return to
  }

  const head = async () => headOf((await store.recent(tenant, 1))[0])
  const hashAt = async (seq: number) => {
    for await (const entry of store.entries(tenant, seq)) return entry.seq === seq ? headOf(entry) : undefined
    return undefined
  }

  async function checkpoint(): Promise<Checkpoint | undefined> {
    const last = await head()
    const [before] = await storedCheckpoints(store, tenant, 1)
    // A record that is shorter than its own last checkpoint is for the verifier to see, not to be signed anew.
    if (!last || (before && last.seq <= before.count)) return undefined
    const made = makeCheckpoint(tenant, last, now(), before, await key())
    return (await keepCheckpoint(store, made)) ? made : undefined
  }

  async function isDue(): Promise<boolean> {
    const last = await head()
    const [before] = await storedCheckpoints(store, tenant, 1)
    const fresh = (last?.seq ?? 0) - (before?.count ?? 0)
    if (fresh <= 0) return false
    const age = before ? now().getTime() - Date.parse(before.at) : Infinity
    const { entries, seconds } = settings().checkpoint
    return fresh >= entries || age >= seconds * 1000 || age < 0
  }

  async function begin(): Promise<readonly Pushing[]> {
    const all = await anchors()
    for (const each of all) each.begin()
    return all
  }

  /** At least one anchor must have heard of everything that is older than the bound. */
  async function measure(): Promise<void> {
    const all = await anchors()
    if (all.length === 0) {
      refusing = undefined
      lagMs = 0
      return
    }
    const states = await Promise.all(all.map((each) => each.state()))
    const heard = Math.max(...states.map(({ count }) => count))
    const last = await head()
    lagMs = last && last.seq > heard ? now().getTime() - (await waitingSince(heard + 1)) : 0
    refusing = verdict(states)
  }

  function verdict(states: readonly AnchorState[]): string | undefined {
    const { seconds, writes } = settings().lag
    if (writes === 'allow') return undefined
    if (states.some(({ conflict }) => conflict !== undefined)) {
      return 'The record of the hub and what was anchored of it contradict each other, so nothing is written until somebody has looked. Whoever runs the hub finds more with `toolgate audit status`.'
    }
    if (lagMs <= seconds * 1000) return undefined
    return `No anchor outside the hub has taken a checkpoint for ${Math.round(lagMs / 1000)} s, so nothing is written until one does. Try again later.`
  }

  async function waitingSince(seq: number): Promise<number> {
    if (waiting?.seq === seq) return waiting.since
    let since = now().getTime()
    for await (const entry of store.entries(tenant, seq)) {
      since = Math.min(since, Date.parse(entry.at))
      break
    }
    waiting = { seq, since }
    return since
  }

  async function look(): Promise<void> {
    if (store.broken() !== undefined) return
    if ((await duty.isMine()) && !closed) {
      if (await isDue()) await checkpoint()
      await begin()
    }
    await measure()
  }

  function schedule(): void {
    if (closed) return
    timer = setTimeout(() => {
      looking = look()
        .catch((error: unknown) =>
          log.warn({ err: error }, 'the proof of the audit could not be looked after; it is tried again'),
        )
        .finally(schedule)
    }, lookEveryMs).unref()
  }

  async function close(): Promise<void> {
    closed = true
    clearTimeout(timer)
    await looking
    if (store.broken() !== undefined) return
    await checkpoint()
    const all = await begin()
    await Promise.all(all.map((each) => each.settled(lastPushMs)))
    await duty.letGo()
  }

  return {
    duty,
    key,
    checkpoint,
    late: () => refusing,
    start() {
      if (timer === undefined) schedule()
    },
    async push(withinMs) {
      const all = await begin()
      await Promise.all(all.map((each) => each.settled(withinMs)))
    },
    async status() {
      await measure()
      const last = await head()
      const [before] = await storedCheckpoints(store, tenant, 1)
      const states = await Promise.all((await anchors()).map((each) => each.state()))
      return {
        head: last,
        checkpoint: before,
        key: (await key()).id,
        anchors: states.map((state) => ({ ...state, behind: (last?.seq ?? 0) - state.count })),
        lagSeconds: Math.round(lagMs / 1000),
        refusing,
      }
    },
    close: () => close().catch((error: unknown) => log.warn({ err: error }, 'the last checkpoint could not be made')),
  }
}

function headOf(entry: { readonly seq: number; readonly hash: string } | undefined): ChainHead | undefined {
  return entry && { seq: entry.seq, hash: entry.hash }
}

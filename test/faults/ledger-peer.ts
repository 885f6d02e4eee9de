// One of several processes on one ledger: it does single steps, each on what it last saw. Forked, it takes its steps by message.
import type { Answer, Call, Offer, Services } from '../../src/call/call.ts'
import { begin, beginSending, finish, settleOverdue } from '../../src/call/ledger.ts'
import { HubError } from '../../src/kit/error.ts'
import type { Operation, OperationState, Store } from '../../src/kit/record.ts'
import { openStore } from '../../src/store/open.ts'
import { silentLog } from '../hub.ts'

export type Outcome = 'succeeded' | 'failed' | 'unknown'

export type Step =
  | { readonly do: 'begin'; readonly key: string; readonly args: string }
  | { readonly do: 'send'; readonly key: string }
  | { readonly do: 'finish'; readonly key: string; readonly outcome: Outcome }
  /** The deadline of whoever carries it out has passed. */
  | { readonly do: 'overdue'; readonly key: string }

/** What came of it: the state and fence that were seen, or that it was refused. */
export type Result = { readonly state: OperationState; readonly fence: number } | 'refused' | 'nothing'

export interface Peer {
  step(step: Step): Promise<Result>
  close(): Promise<void>
}

const startedAt = Date.parse('2026-11-22T10:00:00.000Z')
const deadlineMs = 60_000

export async function openPeer(file: string, name: string): Promise<Peer> {
  const store = await openStore({ url: `sqlite:${file}`, now: () => new Date(), id: (prefix) => `${prefix}_${name}` })
  const views = new Map<string, Operation>()
  let made = 0
  let aheadMs = 0
  const hub = services(
    store,
    () => new Date(startedAt + aheadMs),
    (prefix) => `${prefix}_${name}_${++made}`,
  )

  async function take(step: Step): Promise<Operation | undefined> {
    const { key } = step
    if (step.do === 'begin') return await begin(beginning(), call, offer, asked(key, step.args), hub)
    if (step.do === 'overdue') {
      const found = await store.byKey({ ...identity, key })
      aheadMs = deadlineMs * 2
      return await settleOverdue(found, hub).finally(() => (aheadMs = 0))
    }
    const view = views.get(key)
    if (!view) return undefined
    if (step.do === 'send') return (await beginSending(view, call, hub)).operation
    const moved = await finish(view, step.outcome, answers[step.outcome], call, hub)
    if (!moved) throw new HubError('conflict', 'somebody else was there before')
    return moved
  }

  return {
    async step(step) {
      try {
        const operation = await take(step)
        if (!operation) return 'nothing'
        // A look by another process does not give it the right to go on: it keeps the view that it had.
        if (step.do !== 'overdue') views.set(step.key, operation)
        return { state: operation.state, fence: operation.fence }
      } catch (error) {
        if (error instanceof HubError && error.code === 'conflict') return 'refused'
        throw error
      }
    },
    close: () => store.close(),
  }
}

const identity = { tenant: 'acme', principal: 'maya', instance: 'desk', tool: 'desk_note_add' }
const call: Call = {
  id: 'call_model',
  door: 'test',
  principal: { tenant: identity.tenant, id: identity.principal, roles: [] },
  tool: identity.tool,
  arguments: {},
  signal: new AbortController().signal,
}
// The ledger looks at the names of an offer, and at nothing else of it.
const offer = { name: identity.tool, instance: identity.instance } as Offer

const asked = (key: string, args: string) => ({
  key,
  args: { text: args },
  input: {},
  argsDigest: args.repeat(64).slice(0, 64),
  argsBytes: 10,
  dryRun: false,
  expectRev: undefined,
})

const beginning = () => ({
  state: 'intent' as const,
  planDigest: 'b'.repeat(64),
  plan: {},
  details: { call: call.id },
  deadlineAt: new Date(startedAt + deadlineMs).toISOString(),
})

const answers: Readonly<Record<Outcome, Answer>> = {
  succeeded: { status: 'done', message: 'Done.' },
  failed: { status: 'failed', message: 'It failed.' },
  unknown: { status: 'unknown', message: 'Nobody knows.' },
}

function services(store: Store, now: () => Date, id: (prefix: string) => string): Services {
  const current = () => ({ settings: { notify: [] } })
  const scrub = <T>(value: T) => value
  return { store, now, latest: now, current, id, scrub, tell: () => undefined, log: silentLog } as unknown as Services
}

type Message = { readonly n: number; readonly step: Step } | 'close'

async function answer(message: Message, peer: Peer): Promise<void> {
  if (message !== 'close') return void process.send?.({ n: message.n, result: await peer.step(message.step) })
  await peer.close()
  process.disconnect()
}

if (process.send !== undefined && process.argv[2] === 'peer') {
  const peer = await openPeer(process.argv[3] ?? '', process.argv[4] ?? '')
  process.on('message', (message: Message) => void answer(message, peer))
  process.send('ready')
}

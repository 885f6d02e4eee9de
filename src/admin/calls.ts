// The audit as people read it: calls, and the whole story of one, with the proof that nothing in it was altered.
import { entryHash, textHash } from '../kit/chain.ts'
import { HubError } from '../kit/error.ts'
import { canonical } from '../kit/json.ts'
import type { AuditEntry, Operation } from '../kit/record.ts'
import type { Plan } from '../kit/tool.ts'
import type { AdminHub } from './hub.ts'
import type { Asked, Route } from './routes.ts'
import type { CallPage, Story, StoryEntry } from './wire.ts'

export const calls: readonly Route[] = [
  { method: 'GET', path: /^\/admin\/api\/calls$/, role: 'viewer', run: list },
  { method: 'GET', path: /^\/admin\/api\/calls\/([\w-]+)$/, role: 'viewer', run: story },
  { method: 'POST', path: /^\/admin\/api\/operations\/([\w-]+)\/undo$/, role: 'operator', run: undo },
  { method: 'POST', path: /^\/admin\/api\/operations\/([\w-]+)\/reconcile$/, role: 'operator', run: reconcile },
]

const pageSize = 50

async function list({ hub, query }: Asked): Promise<CallPage> {
  const text = (name: string) => (query.get(name) ?? '').slice(0, 200) || undefined
  const before = Number(query.get('before') ?? Number.NaN)
  return await hub.calls({
    before: Number.isSafeInteger(before) ? before : undefined,
    status: text('status'),
    tool: text('tool'),
    principal: text('principal'),
    text: text('text'),
    limit: pageSize,
  })
}

async function story({ hub, id }: Asked): Promise<Story> {
  const entries = (await hub.store.entriesOf(id)).filter(({ tenant }) => tenant === hub.tenant)
  if (entries.length === 0) throw new HubError('not_found', `There is no call ${id}.`)
  const operation = await operationOf(entries, hub)
  return {
    call: id,
    entries: await Promise.all(entries.map(async (entry) => proved(entry, await hub.entryBefore(entry)))),
    operation: operation && operationView(operation, hub),
  }
}

/** Takes it back as the person at the browser, under the same policies as any call of theirs. */
async function undo({ hub, visitor, id, body }: Asked): Promise<unknown> {
  const given = { id, dry_run: body['dry_run'] !== false }
  return await hub.call({ door: 'admin', principal: visitor.principal, tool: 'operation_undo', arguments: given })
}

async function reconcile({ hub, id }: Asked): Promise<{ readonly state: string }> {
  const { state } = await hub.reconcile(id)
  return { state }
}

function proved(entry: AuditEntry, before: AuditEntry | undefined): StoryEntry {
  const { seq, at, kind, payload, hash, prev, payload_hash } = entry
  const linked = seq === 1 || before?.hash === prev
  const whole = textHash(canonical(payload)) === payload_hash && entryHash(entry) === hash
  return { seq, at, kind, payload, hash, prev, payloadHash: payload_hash, proved: linked && whole }
}

async function operationOf(entries: readonly AuditEntry[], hub: AdminHub): Promise<Operation | undefined> {
  const id = entries.map(({ payload }) => payload['operation']).findLast((each): each is string => typeof each === 'string')
  const operation = id === undefined ? undefined : await hub.store.operation(id)
  return operation?.tenant === hub.tenant ? operation : undefined
}

function operationView(operation: Operation, hub: AdminHub): Story['operation'] {
  const tool = hub.current().offers.get(operation.tool)?.tool
  const done = operation.state === 'succeeded' || operation.state === 'reconciled'
  return {
    id: operation.id,
    state: operation.state,
    undo: (operation.plan as unknown as Partial<Plan>).undo ?? 'none',
    undoable: done && tool?.kind === 'write' && tool.undo !== undefined,
    history: operation.history,
  }
}

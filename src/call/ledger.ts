// The operation ledger: what was done, so that it is not done again.
import { HubError } from '../kit/error.ts'
import type { JsonObject } from '../kit/json.ts'
import type { Operation, OperationChange, OperationState, Put } from '../kit/record.ts'
import { entry } from './audit.ts'
import { newsOf } from './news.ts'
import type { News } from './news.ts'
import { callOf, heldDetails } from './details.ts'
import { Receipt } from './receipt.ts'
import { seenNow } from './sight.ts'
import { heldAnswer } from './answers.ts'
import type { Answer, Call, Offer, Services } from './call.ts'
import type { Asked } from './arguments.ts'

/** An equal call without a key within this time is taken for an accidental repeat. */
export const repeatWindowMs = 60_000
/** How long the result of a released call waits for its caller. */
export const unreadMs = 24 * 60 * 60_000

/**
 * The answer of an earlier, equal call, or undefined when this one is new.
 *
 * @throws HubError `conflict` when the key was used for something else, or the same call is under way
 */
export async function recall(call: Call, offer: Offer, asked: Asked, hub: Services): Promise<Answer | undefined> {
  const found = await settleOverdue(await earlier(call, offer, asked, hub), hub)
  if (!found) return undefined
  if (found.argsDigest !== asked.argsDigest) {
    throw new HubError(
      'conflict',
      `The idempotency_key was used before with other arguments (operation ${found.id}). Use a new key for a new call.`,
    )
  }
  if (found.details['erased'] !== undefined) return erasedRepeat(found, asked)
  const seen = (answer: Answer) => seenNow(answer, found, call.principal, hub)
  if (isUnread(found, hub)) {
    await markRead(found, hub)
    return seen(replay(found, found.answer?.['status'] === 'denied' ? [askAgain] : []))
  }
  switch (found.state) {
    case 'failed':
      return undefined
    case 'held':
      return seen({ ...heldAnswer(found, hub), replayed: true })
    case 'unknown':
      return replay(found, [])
    case 'succeeded':
    case 'reconciled':
    case 'undone':
      return optionally(seen, recallDone(found, asked, hub))
    default:
      throw underWay(found)
  }
}

/** What happens in the same transaction, and what is told once it is done. */
export interface Together {
  readonly puts?: readonly Put[]
  readonly news?: News | undefined
  /** The kind of the entry, where it is not that of the state. */
  readonly kind?: string
}

export interface Beginning extends Pick<Operation, 'planDigest' | 'plan' | 'details' | 'deadlineAt'> {
  /** `intent` when it goes on at once, `held` when somebody must approve it first. */
  readonly state: 'intent' | 'held'
  /** Where somebody was told of it before it is there. */
  readonly id?: string
}

/**
 * The one atomic insert: of two equal calls at once, one goes on and the other hears `conflict`.
 */
export async function begin(
  beginning: Beginning,
  call: Call,
  offer: Offer,
  asked: Asked,
  hub: Services,
  together: Together = {},
): Promise<Operation> {
  refuseLate(hub)
  const at = hub.now().toISOString()
  const key = await keyOf(call, offer, asked, hub)
  const states: readonly OperationState[] = ['received', 'decided', beginning.state]
  const fresh: Operation = {
    ...identity(call, offer),
    ...beginning,
    key,
    id: beginning.id ?? hub.id('op'),
    fence: 1,
    argsDigest: asked.argsDigest,
    args: asked.args,
    answer: undefined,
    readAt: undefined,
    createdAt: at,
    updatedAt: at,
    history: states.map((state) => ({ state, at })),
  }
  const { puts = [], news } = together
  const begun = await hub.store.begin(fresh, operationEntry(call, fresh, hub), [...puts, ...(news?.puts ?? [])])
  if (!begun.fresh) return await takeUpAgain(begun.operation, fresh, call, hub, together)
  if (news) hub.tell(news.event)
  return begun.operation
}

/** @throws HubError `conflict` when somebody else has taken the operation in the meantime */
export async function beginSending(operation: Operation, call: Pick<Call, 'id'>, hub: Services): Promise<Receipt> {
  refuseLate(hub)
  const moved = await move(operation, { from: ['intent'], to: 'sending' }, call, hub)
  if (!moved) throw underWay(operation)
  return Receipt.issue(moved)
}

/**
 * Asked again right before each request leaves: a process that stood still in between may find that others have given the
 * operation up, asked the vendor, and even done it anew.
 *
 * @throws HubError `conflict`
 */
export async function refuseGivenUp({ operation }: Receipt, hub: Services): Promise<void> {
  const found = await hub.store.operation(operation.id)
  const isOurs = found?.state === 'sending' && found.fence === operation.fence && new Date(found.deadlineAt) > hub.now()
  if (!isOurs)
    throw new HubError(
      'conflict',
      'It stood still for too long, and was given up in the meantime. Nothing was sent by this call.',
    )
}

/** Records how it ended. Undefined when the record was no longer ours to write. */
export async function finish(
  operation: Operation,
  to: 'succeeded' | 'failed' | 'unknown',
  answer: Answer,
  call: Pick<Call, 'id'>,
  hub: Services,
  facts: JsonObject = {},
  details: JsonObject = operation.details,
  together: Together = {},
): Promise<Operation | undefined> {
  const from = ['held', 'intent', 'sending'] as const
  const change = { from, to, details, answer: { ...answer } as unknown as JsonObject }
  return await move(operation, change, call, hub, facts, { news: endNews(operation, to, answer, hub), ...together })
}

/** One conditional update with its entry in the audit. */
export async function move(
  operation: Operation,
  change: Pick<OperationChange, 'from' | 'to'> & Partial<OperationChange>,
  call: Pick<Call, 'id'>,
  hub: Services,
  facts: JsonObject = {},
  { puts = [], news, kind = `operation.${change.to}` }: Together = {},
): Promise<Operation | undefined> {
  const complete = { id: operation.id, fence: operation.fence, at: hub.now().toISOString(), ...change }
  const told = entry(hub, operation.tenant, kind, call.id, {
    operation: operation.id,
    from: operation.state,
    ...(change.answer && { status: change.answer['status'] ?? null }),
    ...facts,
  })
  const moved = await hub.store.move(complete, told, [...puts, ...(news?.puts ?? [])])
  if (moved && news) hub.tell(news.event)
  return moved
}

/** How a call ended that others wait for: what people had to decide on, and what failed after that. */
function endNews(operation: Operation, to: OperationState, answer: Answer, hub: Services): News | undefined {
  const { id, tenant, tool, instance, principal, state } = operation
  const body = { operation: id, tool, instance, principal, status: answer.status }
  if (state === 'held') return newsOf(hub, tenant, 'approval.decided', { ...body, decision: 'ended' })
  if (to === 'succeeded') return undefined
  return newsOf(hub, tenant, 'call.failed', { ...body, outcome: to, ...(answer.error && { error: answer.error.code }) })
}

/** Whoever was carrying it out has given up: nothing left in `intent`; in `sending` nobody can know. */
export async function settleOverdue(found: Operation | undefined, hub: Services): Promise<Operation | undefined> {
  // What waits for people lapses by the latest time ever seen; what is under way, by the clock of whoever carries it out.
  const by = found?.state === 'held' ? hub.latest() : hub.now()
  if (!found || new Date(found.deadlineAt) > by) return found
  const call = { id: callOf(found) }
  if (found.state === 'held')
    return await end({ ...found, details: { ...found.details, ended: 'expired' } }, 'failed', expired(found), call, hub)
  if (found.state === 'intent') return await end(found, 'failed', neverSent(found), call, hub)
  if (found.state === 'sending') return await end(found, 'unknown', unknownAnswer(found.id), call, hub)
  return found
}

/** The answer for a write that may or may not have happened. */
export function unknownAnswer(operationId: string): Answer {
  return {
    status: 'unknown',
    message:
      'The request was sent, but no clear answer came back: it may or may not have happened. ' +
      `Do not send it again. Ask operation_get with {"id": "${operationId}"}, or look at the record itself.`,
    operation_id: operationId,
  }
}

async function end(found: Operation, to: 'failed' | 'unknown', answer: Answer, call: Pick<Call, 'id'>, hub: Services) {
  return (await finish(found, to, answer, call, hub)) ?? (await hub.store.operation(found.id))
}

/** @throws HubError `unavailable` while too much of the record lacks its proof */
function refuseLate(hub: Services): void {
  const late = hub.late?.()
  if (late !== undefined) throw new HubError('unavailable', late)
}

/** Its answer is gone, but what was done with a key is never done again with it. */
function erasedRepeat(found: Operation, asked: Asked): undefined {
  if (asked.key === undefined || found.state === 'failed') return undefined
  throw new HubError(
    'conflict',
    `The idempotency_key was used on ${found.createdAt.slice(0, 10)} (operation ${found.id}), and what was done then has been erased since. ` +
      'Nothing was sent again. Use a new key for a new call.',
  )
}

function expired(operation: Operation): Answer {
  return {
    status: 'failed',
    message: 'Nobody approved it in time, and nothing was sent. Call again to ask once more.',
    operation_id: operation.id,
    error: { code: 'refused', retry: 'later' },
  }
}

function neverSent(operation: Operation): Answer {
  return {
    status: 'failed',
    message: 'The hub stopped before anything was sent. Call again.',
    operation_id: operation.id,
    error: { code: 'unavailable', retry: 'later' },
  }
}

function recallDone(found: Operation, asked: Asked, hub: Services): Answer | undefined {
  const age = ageOf(found, hub)
  if (asked.key !== undefined) return replay(found, [])
  if (age > repeatWindowMs) return undefined
  const seconds = Math.max(1, Math.round(age / 1000))
  return replay(found, [
    `The same call was done ${seconds} s ago, and this is its answer; nothing was sent again. ` +
      'To do it once more on purpose, pass a new idempotency_key.',
  ])
}

/** Whether somebody decided on it, and the caller has not heard yet how it ended. */
function isUnread(found: Operation, hub: Services): boolean {
  const ended = found.state === 'succeeded' || found.state === 'failed' || found.state === 'unknown'
  const heldAt = found.history.findLast(({ state }) => state === 'held')?.at
  // What was read before it was held once more was read of an earlier round.
  const read = found.readAt !== undefined && (heldAt === undefined || found.readAt >= heldAt)
  return ended && heldDetails(found) !== undefined && !read && ageOf(found, hub) <= unreadMs
}

const askAgain =
  'This is how the call that you made before was decided. To ask for it once more, pass a new idempotency_key.'

function ageOf(found: Operation, hub: Services): number {
  return hub.now().getTime() - new Date(found.updatedAt).getTime()
}

/** The caller has seen how a held call ended. */
export async function markRead(operation: Operation, hub: Services): Promise<void> {
  const { state, id } = operation
  const change = { from: [state], to: state, readAt: hub.now().toISOString() }
  // Under a kind of its own: whoever counts outcomes finds one for each write.
  await move(operation, change, { id }, hub, { read: true }, { kind: 'operation.read' })
}

function optionally(seen: (answer: Answer) => Answer, answer: Answer | undefined): Answer | undefined {
  return answer && seen(answer)
}

function replay(found: Operation, notes: readonly string[]): Answer {
  const answer = found.answer as unknown as Answer
  return {
    ...answer,
    operation_id: found.id,
    replayed: true,
    ...(notes.length > 0 && { notes: [...(answer.notes ?? []), ...notes] }),
  }
}

function underWay(operation: Operation): HubError {
  return new HubError(
    'conflict',
    `The same call is being carried out right now (operation ${operation.id}). Ask operation_get for how it ended.`,
  )
}

function identity(call: Call, offer: Offer) {
  return { tenant: call.principal.tenant, principal: call.principal.id, instance: offer.instance, tool: offer.name }
}

async function earlier(call: Call, offer: Offer, asked: Asked, hub: Services): Promise<Operation | undefined> {
  const who = identity(call, offer)
  if (asked.key !== undefined) return await hub.store.byKey({ ...who, key: asked.key })
  return await hub.store.latest(who, asked.argsDigest)
}

/**
 * The caller's key, or one derived from the operation before: two equal calls at once derive the same one, and the
 * insert decides between them.
 */
export async function keyOf(call: Call, offer: Offer, asked: Asked, hub: Services): Promise<string> {
  if (asked.key !== undefined) return asked.key
  const before = await hub.store.latest(identity(call, offer), asked.argsDigest)
  if (before?.state === 'failed') return before.key
  return `auto:${asked.argsDigest.slice(0, 32)}:${before?.id ?? 'first'}`
}

/** A definite failure left nothing behind, so that the same key may be used for another attempt. */
async function takeUpAgain(
  found: Operation,
  fresh: Operation,
  call: Call,
  hub: Services,
  together: Together,
): Promise<Operation> {
  if (found.state !== 'failed' || found.argsDigest !== fresh.argsDigest) throw underWay(found)
  const { planDigest, plan, details, deadlineAt } = fresh
  const change = { from: ['failed'] as const, to: fresh.state, planDigest, plan, details, deadlineAt }
  const moved = await move(found, change, call, hub, intentFacts(fresh), together)
  if (!moved) throw underWay(found)
  return moved
}

function operationEntry(call: Call, operation: Operation, hub: Services) {
  return entry(hub, operation.tenant, `operation.${operation.state}`, call.id, {
    operation: operation.id,
    ...intentFacts(operation),
  })
}

/** What the audit must know before a byte leaves: the exact plan, whose it is, and under which key. */
function intentFacts(operation: Operation): JsonObject {
  const { principal, instance, tool, key, planDigest, plan, args } = operation
  return { principal, instance, tool, key, plan_digest: planDigest, plan, args }
}

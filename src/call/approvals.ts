// People decide on held calls: yes runs exactly what they saw, no ends it.
import { errorKinds, HubError } from '../kit/error.ts'
import type { JsonObject } from '../kit/json.ts'
import type { Principal } from '../kit/policy.ts'
import type { Operation } from '../kit/record.ts'
import type { AnyReadTool } from '../kit/tool.ts'
import { failure, heldAnswer } from './answers.ts'
import { parseArguments } from './arguments.ts'
import { entry } from './audit.ts'
import type { Trail } from './audit.ts'
import type { Answer, Call, Services } from './call.ts'
import { callOf, heldDetails } from './details.ts'
import type { HeldDetails } from './details.ts'
import { carryOut, sendingMs } from './carry-out.ts'
import { finish, move, settleOverdue } from './ledger.ts'
import { covers, isOneOf, same, stillGiven } from './granted.ts'
import { mayLook, read } from './look.ts'
import { planDigest } from './plan.ts'
import { planned } from './work.ts'
import type { Work } from './work.ts'

/**
 * Records one approver's yes; when every group has given its own, plans again and carries it out at once.
 *
 * @throws HubError `not_found` or `refused` when there is nothing to approve, or this person may not
 */
export async function approve(id: string, approver: Principal, hub: Services): Promise<Answer> {
  const { operation, held } = await waiting(id, approver, hub)
  const before = stillGiven(held.granted, hub)
  if (before.some(({ by }) => by === approver.id))
    throw new HubError('refused', `${approver.id} has said yes to it already.`)
  // One person speaks for one group, also where they are in several.
  const group = held.approvers.find((each) => isOneOf(approver, each) && !before.some((given) => same(given.group, each)))
  if (!group) throw new HubError('refused', `${approver.id} is not needed: others of the same group have said yes.`)
  const granted = [...before, { group, by: approver.id }]
  await hub.store.append(decisionEntry('approval.granted', operation, approver, hub))
  const details = { ...operation.details, granted: granted.map((given) => ({ group: [...given.group], by: given.by })) }
  if (covers(granted, held.approvers)) return await release({ ...operation, details }, { ...held, granted }, hub)
  const moved = await move(operation, { from: ['held'], to: 'held', details }, { id: callOf(operation) }, hub)
  if (!moved) throw changed(operation)
  return heldAnswer(moved)
}

/** @throws HubError as for `approve` */
export async function deny(id: string, approver: Principal, reason: string | undefined, hub: Services): Promise<Answer> {
  const { operation, held } = await waiting(id, approver, hub)
  const because = reason === undefined ? '' : ` The reason given: ${reason}`
  const answer: Answer = {
    status: 'denied',
    message: `${approver.id} said no, and nothing was sent.${because}`,
    operation_id: operation.id,
    decision: { rule: held.rule, ...(reason !== undefined && { because: reason }) },
  }
  await hub.store.append(decisionEntry('approval.denied', operation, approver, hub, reason))
  if (!(await finish(operation, 'failed', answer, { id: callOf(operation) }, hub))) throw changed(operation)
  return answer
}

/** Plans again from the same arguments; anything else than the same plan voids the approval. */
async function release(operation: Operation, held: HeldDetails, hub: Services): Promise<Answer> {
  const work = workOf(operation, held, hub)
  const { tool } = work.offer
  if (tool.kind === 'read') return await releaseRead(operation, held, work, tool)
  const plan = await planned(work, tool).catch(async (error: unknown) => await cannotPlan(operation, hub, error))
  if (planDigest(work.offer, plan, work.trail.version) !== operation.planDigest)
    return await voided(operation, hub, undefined)
  const taken = await take(operation, work, hub)
  return await carryOut({ ...work, operation: taken, plan, granted: held.granted }, tool)
}

async function releaseRead(operation: Operation, held: HeldDetails, work: Work, tool: AnyReadTool): Promise<Answer> {
  const { hub, call } = work
  const granted = stillGiven(held.granted, hub)
  const { decision, look } = mayLook(work, tool, granted)
  if (!look)
    return await voided(operation, hub, new HubError('refused', `The policy no longer allows it (rule ${decision.rule}).`))
  const taken = await take(operation, work, hub)
  try {
    const answer = { ...(await read(work, tool, decision, granted)), operation_id: operation.id }
    await finish(taken, 'succeeded', answer, call, hub)
    return answer
  } catch (error) {
    const answer = failure(error, operation.id)
    await finish(taken, 'failed', answer, call, hub)
    return answer
  }
}

/** A vendor that is away for a moment costs nobody their approval. */
async function cannotPlan(operation: Operation, hub: Services, error: unknown): Promise<never> {
  if (error instanceof HubError && errorKinds[error.code].retry !== 'later') return await voided(operation, hub, error)
  throw error
}

/** From `held` to `intent`: of two releases at once, one wins. */
async function take(operation: Operation, work: Work, hub: Services): Promise<Operation> {
  const deadlineAt = new Date(hub.now().getTime() + sendingMs(work.trail.version)).toISOString()
  const change = { from: ['held'] as const, to: 'intent' as const, details: operation.details, deadlineAt }
  const moved = await move(operation, change, work.call, hub, { plan: operation.plan, plan_digest: operation.planDigest })
  if (!moved) throw changed(operation)
  return moved
}

async function voided(operation: Operation, hub: Services, error: unknown): Promise<never> {
  const why = error instanceof HubError ? ` ${error.message}` : ''
  const message = `What would be done is no longer what was asked for, so the approval is void and nothing was sent.${why} Ask again.`
  const answer: Answer = {
    status: 'failed',
    message,
    operation_id: operation.id,
    error: { code: 'conflict', retry: 'after change' },
  }
  await finish(operation, 'failed', answer, { id: callOf(operation) }, hub)
  throw new HubError('conflict', message, error === undefined ? {} : { cause: error })
}

/** The requester's call as it was, under the version that is in force now. */
function workOf(operation: Operation, held: HeldDetails, hub: Services): Work {
  const { tenant, principal: id } = operation
  const now = hub.rolesOf(id)
  if (!now)
    throw new HubError('refused', `The configuration knows nobody called ${id} any more, so nothing is done for them.`)
  // What was taken away since then is gone; what was added since then was not asked with.
  const roles = held.roles.filter((role) => now.includes(role))
  const call: Call = {
    id: callOf(operation),
    door: 'cli',
    principal: { tenant, id, roles },
    tool: operation.tool,
    arguments: operation.args,
    signal: new AbortController().signal,
  }
  const version = hub.current()
  const offer = version.offers.get(operation.tool)
  if (offer?.state !== 'on') throw new HubError('refused', `${operation.tool} is switched off, so it cannot be carried out.`)
  const asked = parseArguments(offer, operation.args)
  const facts = { principal: call.principal, tool: offer.facts, args: asked.args, now: hub.now() }
  // The call itself was closed when it was held; what happens now is told by the entries of its operation.
  const trail: Trail = {
    call,
    version,
    startedAt: hub.now(),
    story: { sessions: [] },
    opened: Promise.resolve(),
    lost: undefined,
  }
  return { call, trail, offer, asked, facts, hub }
}

async function waiting(
  id: string,
  approver: Principal,
  hub: Services,
): Promise<{ operation: Operation; held: HeldDetails }> {
  const operation = await settleOverdue(await hub.store.operation(id), hub)
  if (!operation || operation.tenant !== approver.tenant) throw new HubError('not_found', `There is no operation ${id}.`)
  const held = heldDetails(operation)
  if (operation.state !== 'held' || !held)
    throw new HubError('refused', `Operation ${id} is ${operation.state}; it does not wait for anybody.`)
  if (operation.principal === approver.id) {
    throw new HubError('refused', `${approver.id} asked for it, so somebody else must decide (toolgate … --as PERSON).`)
  }
  const groups = held.approvers
  if (groups.some((group) => isOneOf(approver, group))) return { operation, held }
  throw new HubError(
    'forbidden',
    `${approver.id} is not among those who may decide: ${groups.map((group) => group.join(' or ')).join(', ')}.`,
  )
}

function changed(operation: Operation): HubError {
  return new HubError('conflict', `Operation ${operation.id} changed while you decided. Look at it again.`)
}

function decisionEntry(kind: string, operation: Operation, approver: Principal, hub: Services, reason?: string) {
  const payload: JsonObject = {
    operation: operation.id,
    approver: approver.id,
    roles: [...approver.roles],
    plan_digest: operation.planDigest,
    ...(reason !== undefined && { reason }),
  }
  return entry(hub, operation.tenant, kind, callOf(operation), payload)
}

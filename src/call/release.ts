// A call that everybody said yes to: planned again, and carried out if it is still the same to the byte.
import { errorKinds, HubError } from '../kit/error.ts'
import { canonical } from '../kit/json.ts'
import type { Operation } from '../kit/record.ts'
import type { AnyReadTool, AnyWriteTool, Plan } from '../kit/tool.ts'
import type { Decision } from '../policy/decide.ts'
import { failure } from './answers.ts'
import { parseArguments } from './arguments.ts'
import type { Trail } from './audit.ts'
import type { Answer, Call, Services } from './call.ts'
import { carryOut, sendingMs } from './carry-out.ts'
import { callOf } from './details.ts'
import type { HeldDetails } from './details.ts'
import { yesesOf } from './granted.ts'
import { isIntact } from './intact.ts'
import { finish, move } from './ledger.ts'
import { mayLook, read } from './look.ts'
import { bindingOf, boundDigest, decidePlan } from './plan.ts'
import type { Binding } from './plan.ts'
import { refuseStopped } from './switch.ts'
import { askedOf, planned } from './work.ts'
import type { Work } from './work.ts'

/** @throws HubError `conflict` when anything is not as it was approved: the approval is void then */
export async function release(operation: Operation, held: HeldDetails, hub: Services): Promise<Answer> {
  if (!isIntact(operation, held)) return await voided(operation, hub, 'The record of it was altered.')
  const work = workOf(operation, held, hub, { id: callOf(operation), key: undefined })
  await refuseStopped(work.call.principal, work.offer, hub)
  if (isOver(held, hub)) throw new HubError('refused', 'Its approval has expired, so nothing is sent.')
  const { tool } = work.offer
  return tool.kind === 'read'
    ? await releaseRead(operation, held, work, tool)
    : await releaseWrite(operation, held, work, tool)
}

async function releaseWrite(operation: Operation, held: HeldDetails, work: Work, tool: AnyWriteTool): Promise<Answer> {
  const { hub, trail, facts, offer } = work
  const plan = await planned(work, tool).catch(async (error: unknown) => await cannotPlan(operation, hub, error))
  const decision = decidePlan(trail.version, facts, offer, plan)
  const binding = bindingOf(offer, decision, trail.version)
  if (boundDigest(askedOf(work, plan), binding) !== operation.planDigest)
    return await voided(operation, hub, differences(operation, held.binding, plan, binding, decision))
  const taken = await take(operation, work, hub)
  const { granted: yeses, escalatedTo, expiresAt } = held
  return await carryOut({ ...work, operation: taken, plan, granted: { yeses, escalatedTo, expiresAt } }, tool)
}

async function releaseRead(operation: Operation, held: HeldDetails, work: Work, tool: AnyReadTool): Promise<Answer> {
  const { hub, call, trail, offer } = work
  const toThis = held.granted.filter(({ digest }) => digest === operation.planDigest)
  const { tenant, principal } = operation
  const yeses = await yesesOf(toThis, { tenant, principal, escalatedTo: held.escalatedTo }, hub)
  const { decision, look } = mayLook(work, tool, yeses)
  if (!look) return await voided(operation, hub, `The policy no longer allows it (rule ${decision.rule}).`)
  const binding = bindingOf(offer, { ...decision, rules: [] }, trail.version)
  if (boundDigest(askedOf(work, undefined), binding) !== operation.planDigest)
    return await voided(operation, hub, `The tool ${offer.name} or its configuration changed.`)
  const taken = await take(operation, work, hub)
  try {
    const answer = { ...(await read(work, tool, decision, yeses)), operation_id: operation.id }
    await finish(taken, 'succeeded', answer, call, hub)
    return answer
  } catch (error) {
    const answer = failure(error, operation.id)
    await finish(taken, 'failed', answer, call, hub)
    return answer
  }
}

/** The requester's call as it was, under the version that is in force now. */
export function workOf(
  operation: Operation,
  held: HeldDetails,
  hub: Services,
  as: { readonly id: string; readonly key: string | undefined },
): Work {
  const { tenant, principal: id } = operation
  // Somebody whom only their issuer knows has, until they come again, what they asked with: no longer than approvals wait.
  const now = hub.rolesOf(id, tenant) ?? (held.external ? held.roles : undefined)
  if (!now)
    throw new HubError('refused', `The configuration knows nobody called ${id} any more, so nothing is done for them.`)
  // What was taken away since then is gone; what was added since then was not asked with.
  const roles = held.roles.filter((role) => now.includes(role))
  const call: Call = {
    id: as.id,
    door: 'cli',
    principal: { tenant, id, roles, ...(held.tools && { tools: held.tools }) },
    tool: operation.tool,
    arguments: operation.args,
    signal: new AbortController().signal,
  }
  const version = hub.current()
  const offer = version.offers.get(operation.tool)
  if (offer?.state !== 'on') throw new HubError('refused', `${operation.tool} is switched off, so it cannot be carried out.`)
  const asked = { ...parseArguments(offer, operation.args), key: as.key }
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

export function changed(operation: Operation): HubError {
  return new HubError('conflict', `Operation ${operation.id} changed while you decided. Look at it again.`)
}

function isOver({ expiresAt }: HeldDetails, hub: Services): boolean {
  return !(new Date(expiresAt) > hub.latest())
}

/** A vendor that is away for a moment costs nobody their approval. */
async function cannotPlan(operation: Operation, hub: Services, error: unknown): Promise<never> {
  if (!(error instanceof HubError) || errorKinds[error.code].retry === 'later') throw error
  return await voided(operation, hub, error.message, error)
}

/** From `held` to `intent`: of two releases at once, one wins. */
async function take(operation: Operation, work: Work, hub: Services): Promise<Operation> {
  const deadlineAt = new Date(hub.now().getTime() + sendingMs(work.trail.version)).toISOString()
  const change = { from: ['held'] as const, to: 'intent' as const, details: operation.details, deadlineAt }
  const moved = await move(operation, change, work.call, hub, { plan: operation.plan, plan_digest: operation.planDigest })
  if (!moved) throw changed(operation)
  return moved
}

async function voided(operation: Operation, hub: Services, why: string, cause?: unknown): Promise<never> {
  const message = `What would be done is no longer what was asked for, so the approval is void and nothing was sent. ${why} Ask again.`
  const answer: Answer = {
    status: 'failed',
    message,
    operation_id: operation.id,
    error: { code: 'conflict', retry: 'after change' },
  }
  const details = { ...operation.details, ended: 'void' }
  await finish(operation, 'failed', answer, { id: callOf(operation) }, hub, { why }, details)
  throw new HubError('conflict', message, cause === undefined ? {} : { cause })
}

/** What is not as it was, by the names of the hub: what the record says stays with the vendor. */
function differences(operation: Operation, before: Binding, plan: Plan, now: Binding, decision: Decision): string {
  const old = operation.plan as unknown as Plan
  const was = (index: number) => old.effects[index]
  const fields = plan.effects.flatMap((effect, index) =>
    [...new Set([...Object.keys(effect.before), ...Object.keys(was(index)?.before ?? {})])].filter(
      (field) => canonical(effect.before[field] ?? null) !== canonical(was(index)?.before[field] ?? null),
    ),
  )
  const differs = (one: unknown, other: unknown) => canonical(one) !== canonical(other)
  const changes = [
    ...(fields.length > 0 ? [`the record (${[...new Set(fields)].join(', ')})`] : []),
    ...(fields.length === 0 && plan.rev !== old.rev ? ['the record'] : []),
    ...(differs(plan.audience, old.audience) ? ['who would see it'] : []),
    ...(before.definition === now.definition ? [] : ['the tool']),
    ...(before.connection === now.connection ? [] : ['the configuration of its connector']),
    ...(differs(before.rules, now.rules) ? [`the rules (now ${decision.effect}, ${decision.rule})`] : []),
  ]
  return `What changed: ${changes.join(', ') || 'what would be sent'}.`
}

// People decide on held calls: yes runs exactly what they saw, no ends it.
import { HubError } from '../kit/error.ts'
import { canonical } from '../kit/json.ts'
import type { JsonObject } from '../kit/json.ts'
import type { Principal } from '../kit/policy.ts'
import type { Operation } from '../kit/record.ts'
import { heldAnswer } from './answers.ts'
import { refuseSecrets } from './arguments.ts'
import { checkApprover, mayForThemselves, samePerson } from './approver.ts'
import type { Approver } from './approver.ts'
import type { Answer, Call, Services } from './call.ts'
import { callOf, heldDetails, noOperation, standing } from './details.ts'
import type { Ended, HeldDetails } from './details.ts'
import { yesesOf } from './granted.ts'
import type { Granted } from './granted.ts'
import { beginHeld } from './hold.ts'
import { isIntact } from './intact.ts'
import { finish, move, settleOverdue } from './ledger.ts'
import { newsOf } from './news.ts'
import { decidePlan } from './plan.ts'
import { changed, release, workOf } from './release.ts'
import { refuseStopped } from './switch.ts'
import { planned } from './work.ts'

/** What was on the screen of whoever decides. */
export interface Seen {
  readonly digest: string
}

/**
 * Records one approver's yes to what they saw; with the last one that is needed it is planned again and carried out, at once
 * or when its requester calls again.
 *
 * @throws HubError `not_found`, `refused`, `forbidden` or `conflict` when there is nothing to approve, or not by this person
 */
export async function approve(id: string, approver: Approver, seen: Seen, hub: Services): Promise<Answer> {
  const { operation, held } = await waiting(id, approver, hub)
  if (seen.digest !== operation.planDigest) {
    throw new HubError('conflict', `What you said yes to is not what ${id} would do. Look at it again.`)
  }
  const yeses = await yesesOf(held.granted, askedFor(operation, held), hub)
  const complete = yeses.covers(held.approvers)
  const own = yeses.granted.find(({ by }) => samePerson(by, approver.id, hub))
  if (own && !complete) throw new HubError('refused', `${approver.id} has said yes to it already.`)
  if (complete) return await release(operation, held, hub)
  const at = hub.now().toISOString()
  const given: Granted = { by: approver.id, channel: approver.channel, at, digest: seen.digest }
  if (!yeses.wants(given, held.approvers))
    throw new HubError('refused', `${approver.id} is not needed: others of the same group have said yes.`)
  const granted = [...yeses.granted, given]
  const details = { ...operation.details, granted: granted.map((each) => ({ ...each })) }
  const news = newsOf(hub, operation.tenant, 'approval.decided', {
    ...subject(operation),
    decision: 'approved',
    by: approver.id,
  })
  const together = { news, kind: 'approval.granted' }
  const next = { from: ['held'] as const, to: 'held' as const, details }
  const moved = await move(
    operation,
    next,
    { id: callOf(operation) },
    hub,
    decisionFacts(operation, approver, hub),
    together,
  )
  if (!moved) throw changed(operation)
  const now = { ...held, granted }
  const all = (await yesesOf(granted, askedFor(moved, held), hub)).covers(held.approvers)
  if (!all || hub.current().settings.approvals.run === 'on-retry') return heldAnswer(moved, hub)
  return await release(moved, now, hub)
}

/** @throws HubError as for `approve` */
export async function deny(id: string, approver: Approver, reason: string | undefined, hub: Services): Promise<Answer> {
  const { operation, held } = await waiting(id, approver, hub)
  const because = reason === undefined ? '' : ` The reason given: ${reason}`
  const answer: Answer = {
    status: 'denied',
    message: `${approver.id} said no, and nothing was sent.${because}`,
    operation_id: operation.id,
    decision: { rule: held.rule, ...(reason !== undefined && { because: reason }) },
  }
  const facts = { ...decisionFacts(operation, approver, hub), ...(reason !== undefined && { reason }) }
  const decided = { decision: 'denied', by: approver.id, ...(reason !== undefined && { reason }) }
  if (!(await endHeld(operation, 'denied', answer, facts, decided, hub, 'approval.denied'))) throw changed(operation)
  return answer
}

/**
 * The approver's own version of the call: planned anew for its requester, and held again, so that what is approved is what is
 * shown. The one before ends.
 *
 * @returns the new operation
 * @throws HubError as for `approve`, and `invalid_input` for arguments that the tool does not take
 */
export async function change(id: string, approver: Approver, args: JsonObject, hub: Services): Promise<Operation> {
  const { operation, held } = await waiting(id, approver, hub)
  const work = workOf({ ...operation, args }, held, hub, { id: hub.id('call'), key: `auto:changed:${operation.id}` })
  const { tool } = work.offer
  if (tool.kind === 'read') throw new HubError('refused', 'Only what would be written can be changed. Say no, and why.')
  if (canonical(work.asked.args) === canonical(operation.args)) throw new HubError('invalid_input', 'Nothing was changed.')
  refuseSecrets(work.asked, hub)
  const plan = await planned(work, tool)
  const decision = decidePlan(work.trail.version, work.facts, work.offer, plan)
  if (decision.effect === 'deny' || decision.effect === 'preview')
    throw new HubError(
      'refused',
      `Changed like this, policy does not let ${operation.principal} do it (rule ${decision.rule}).`,
    )
  const next = hub.id('op')
  const message =
    `${approver.id} changed it before deciding, and nothing was sent. What they made of it waits for approval: ` +
    `ask operation_get with {"id": "${next}"}.`
  const answer: Answer = { status: 'failed', message, operation_id: operation.id, error: { code: 'refused', retry: 'no' } }
  const facts = { ...decisionFacts(operation, approver, hub), changed_to: next }
  const decided = { decision: 'changed', by: approver.id, changed_to: next }
  if (!(await endHeld(operation, 'changed', answer, facts, decided, hub, 'approval.changed'))) throw changed(operation)
  const approvers = decision.effect === 'ask' ? decision.approvers : held.approvers
  return await beginHeld(work, { ...decision, approvers }, plan, { changedBy: approver.id, id: next })
}

/** Whoever asked for it takes it back. @throws HubError `not_found`, also for somebody else's */
export async function cancel(id: string, requester: Principal, hub: Services): Promise<Answer> {
  const operation = await settleOverdue(await hub.store.operation(id), hub)
  const own = operation?.tenant === requester.tenant && operation.principal === requester.id
  if (!operation || !own) throw new HubError('not_found', `You have no operation ${id}.`)
  if (operation.state !== 'held')
    throw new HubError('refused', `Operation ${id} ${standing[operation.state]}; it does not wait for anybody.`)
  const message = 'It was taken back by whoever asked for it, and nothing was sent.'
  const answer: Answer = { status: 'failed', message, operation_id: id, error: { code: 'refused', retry: 'no' } }
  const decided = { decision: 'cancelled', by: requester.id }
  if (!(await endHeld(operation, 'cancelled', answer, { by: requester.id }, decided, hub))) throw changed(operation)
  return answer
}

/** A repeat of a call that everybody has said yes to carries it out; any other answer stays what it is. */
export async function redeem(answer: Answer, call: Call, hub: Services): Promise<Answer> {
  if (answer.status !== 'held' || !answer.replayed || answer.operation_id === undefined) return answer
  const operation = await hub.store.operation(answer.operation_id)
  const held = operation && heldDetails(operation)
  if (operation?.state !== 'held' || !held || operation.principal !== call.principal.id) return answer
  const yeses = await yesesOf(held.granted, askedFor(operation, held), hub)
  if (!yeses.covers(held.approvers)) return answer
  // It stays unread: should this answer be lost, the next equal call gets it, and not another execution.
  return await release(operation, held, hub)
}

async function waiting(
  id: string,
  approver: Approver,
  hub: Services,
): Promise<{ readonly operation: Operation; readonly held: HeldDetails }> {
  checkApprover(approver, hub)
  const operation = await settleOverdue(await hub.store.operation(id), hub)
  if (!operation || operation.tenant !== approver.tenant) throw new HubError('not_found', noOperation(id))
  const held = heldDetails(operation)
  if (operation.state !== 'held' || !held)
    throw new HubError('refused', `Operation ${id} ${standing[operation.state]}; it does not wait for anybody.`)
  const blocked = await blockedFor(operation, held, approver, hub)
  if (blocked) throw blocked
  const { tenant, principal, instance, tool: name } = operation
  await refuseStopped({ tenant, id: principal, roles: [] }, { instance, name, facts: { write: true, connector: '' } }, hub)
  return { operation, held }
}

/** Why this person may not decide on it, under whatever name and through whatever channel. */
export async function blockedFor(
  operation: Operation,
  held: HeldDetails,
  approver: Approver,
  hub: Services,
): Promise<HubError | undefined> {
  if (!isIntact(operation, held))
    return new HubError(
      'refused',
      `The record of ${operation.id} is not what was asked for: it was altered. Nobody can approve it.`,
    )
  const own = samePerson(operation.principal, approver.id, hub)
  if (own && mayForThemselves(approver, operation.principal, hub)) return undefined
  if (own) return new HubError('refused', `${approver.id} asked for it, so somebody else must decide.`)
  const nobodyYet = await yesesOf([], askedFor(operation, held), hub)
  if (nobodyYet.wants({ by: approver.id, channel: approver.channel }, held.approvers)) return undefined
  const groups = held.approvers.map((group) => group.join(' or ')).join(', ')
  return new HubError('forbidden', `${approver.id} is not among those who may decide: ${groups}.`)
}

export function askedFor({ tenant, principal }: Operation, { escalatedTo }: HeldDetails) {
  return { tenant, principal, escalatedTo }
}

async function endHeld(
  operation: Operation,
  ended: Ended,
  answer: Answer,
  facts: JsonObject,
  decided: JsonObject,
  hub: Services,
  kind?: string,
): Promise<Operation | undefined> {
  const news = newsOf(hub, operation.tenant, 'approval.decided', { ...subject(operation), ...decided })
  const details = { ...operation.details, ended }
  const together = { news, ...(kind !== undefined && { kind }) }
  return await finish(operation, 'failed', answer, { id: callOf(operation) }, hub, facts, details, together)
}

function subject({ id, tool, instance, principal }: Operation): JsonObject {
  return { operation: id, tool, instance, principal }
}

function decisionFacts({ planDigest }: Operation, { id, tenant, channel }: Approver, hub: Services): JsonObject {
  return { approver: id, channel, roles: [...(hub.rolesOf(id, tenant) ?? [])], plan_digest: planDigest }
}

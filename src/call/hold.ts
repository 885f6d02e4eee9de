// A call that waits for people.
import { HubError } from '../kit/error.ts'
import type { JsonObject } from '../kit/json.ts'
import type { Operation, Put } from '../kit/record.ts'
import type { Plan } from '../kit/tool.ts'
import type { Decision } from '../policy/decide.ts'
import { heldAnswer } from './answers.ts'
import type { Answer } from './call.ts'
import type { HeldDetails } from './details.ts'
import { begin, keyOf } from './ledger.ts'
import { maskPlan } from './mask.ts'
import { newsOf } from './news.ts'
import { bindingOf, boundDigest, viewOf } from './plan.ts'
import { firstReminder } from './reminders.ts'
import { askedOf } from './work.ts'
import type { Work } from './work.ts'

/** @param plan undefined for a read, which changes nothing */
export async function hold(work: Work, decision: Decision, plan: Plan | undefined): Promise<Answer> {
  return heldAnswer(await beginHeld(work, decision, plan), work.hub)
}

/** @param edit the approver whose edit of another call this is, and the id that was told of it */
export async function beginHeld(
  work: Work,
  decision: Decision,
  plan: Plan | undefined,
  edit?: { readonly changedBy: string; readonly id: string },
): Promise<Operation> {
  const { call, trail, offer, asked, hub } = work
  await trail.opened
  const view = plan && maskPlan(viewOf(plan), decision.masks)
  // A read is decided on again record by record; what it is bound to is what was asked.
  const binding = bindingOf(offer, plan ? decision : { ...decision, rules: [] }, trail.version)
  const expiresAt = new Date(hub.latest().getTime() + trail.version.settings.approvalMs).toISOString()
  const details: HeldDetails = {
    held: true,
    call: call.id,
    roles: call.principal.roles,
    ...(hub.isExternal?.(call.principal.id, call.principal.tenant) && { external: true }),
    ...(call.principal.tools && { tools: call.principal.tools }),
    approvers: decision.approvers,
    granted: [],
    expiresAt,
    binding,
    rules: decision.rules
      .filter(({ outcome }) => outcome === 'spoke')
      .map(({ rule, effect, because }) => ({ rule, effect, ...(because !== undefined && { because }) })),
    escalatedTo: [],
    rule: decision.rule,
    ...(decision.because !== undefined && { because: decision.because }),
    ...(view && { plan: view.plan }),
    masked: view?.met ?? [],
    ...(edit && { changedBy: edit.changedBy }),
  }
  const who = { tenant: call.principal.tenant, principal: call.principal.id }
  const told = { tool: offer.name, instance: offer.instance, principal: who.principal, expires_at: expiresAt }
  // Decided once: of two equal calls at once, whoever waits for a turn must not take the other one for an earlier call.
  const key = await keyOf(call, offer, asked, hub)
  return await inLine(work, async (turn) => {
    const news = newsOf(hub, who.tenant, 'approval.requested', { ...told, call: call.id })
    return await begin(
      {
        state: 'held',
        ...(edit && { id: edit.id }),
        planDigest: boundDigest(askedOf(work, plan), binding),
        plan: (plan ?? {}) as unknown as JsonObject,
        details: details as unknown as JsonObject,
        deadlineAt: expiresAt,
      },
      call,
      offer,
      { ...asked, key },
      hub,
      { puts: [turn], news },
    )
  }).then(async (operation) => {
    await firstReminder(operation, hub).catch((error: unknown) => {
      hub.log.warn({ operation: operation.id, err: error }, 'nobody will be reminded of a call that waits')
    })
    return operation
  })
}

const turns = 'approval-line'
const triesMax = 50

/**
 * Counts what waits for this requester and adds one, as one step: each turn takes a number that the next one must know.
 *
 * @throws HubError `rate_limited` when as many wait as may
 */
async function inLine(work: Work, join: (turn: Put) => Promise<Operation>): Promise<Operation> {
  const { hub, trail, call } = work
  const { tenant, id: principal } = call.principal
  const { pendingMax } = trail.version.settings.approvals
  for (let tries = 1; ; tries += 1) {
    const before = (await hub.store.document(tenant, turns, principal))?.version ?? 0
    const held = await hub.store.operations({ tenant, principal, states: ['held'], limit: 10_000 })
    const waiting = held.filter(({ deadlineAt }) => new Date(deadlineAt) > hub.latest())
    if (waiting.length >= pendingMax) {
      const sentence = `${waiting.length} calls of yours wait for approval already, and no more may. Nothing was sent. Wait until some are decided.`
      throw new HubError('rate_limited', sentence)
    }
    const at = hub.now().toISOString()
    try {
      return await join({ tenant, kind: turns, id: principal, version: before, value: { at }, at })
    } catch (error) {
      const now = (await hub.store.document(tenant, turns, principal))?.version ?? 0
      if (now === before || tries === triesMax || !(error instanceof HubError) || error.code !== 'conflict') throw error
    }
  }
}

// A call that waits for people.
import type { JsonObject } from '../kit/json.ts'
import type { Plan } from '../kit/tool.ts'
import type { Decision } from '../policy/decide.ts'
import { heldAnswer } from './answers.ts'
import type { Answer } from './call.ts'
import { begin } from './ledger.ts'
import { maskPlan } from './mask.ts'
import { planDigest, viewOf } from './plan.ts'
import type { Work } from './work.ts'

/** @param plan undefined for a read, which changes nothing */
export async function hold(work: Work, decision: Decision, plan: Plan | undefined): Promise<Answer> {
  const { call, trail, offer, asked, hub } = work
  const view = plan && maskPlan(viewOf(plan), decision.masks)
  await trail.opened
  const operation = await begin(
    {
      state: 'held',
      planDigest: plan ? planDigest(offer, plan, trail.version) : '',
      plan: (plan ?? {}) as unknown as JsonObject,
      details: {
        held: true,
        call: call.id,
        roles: [...call.principal.roles],
        approvers: decision.approvers.map((group) => [...group]),
        rule: decision.rule,
        ...(decision.because !== undefined && { because: decision.because }),
        ...(view && { plan: view.plan as unknown as JsonObject }),
        masked: [...(view?.met ?? [])],
        granted: [],
      },
      deadlineAt: new Date(hub.latest().getTime() + trail.version.settings.approvalMs).toISOString(),
    },
    call,
    offer,
    asked,
    hub,
  )
  return heldAnswer(operation)
}

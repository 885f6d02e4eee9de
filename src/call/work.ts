// One call at work: what every stage of it needs, and the look that every plan begins with.
import { HubError } from '../kit/error.ts'
import type { Facts } from '../kit/policy.ts'
import type { AnyWriteTool, Plan, Reads } from '../kit/tool.ts'
import type { Asked } from './arguments.ts'
import type { Trail } from './audit.ts'
import type { Call, Offer, Services, Session } from './call.ts'
import { checkPlan } from './plan.ts'

export interface Work {
  readonly call: Call
  readonly trail: Trail
  readonly offer: Offer
  readonly asked: Asked
  readonly facts: Facts
  readonly hub: Services
}

/** Looks and says what would change, on a session that cannot write. */
export async function planned(work: Work, tool: AnyWriteTool): Promise<Plan> {
  const plan = checkPlan(work.offer, tool, await tool.plan(work.asked.input, await readingContext(work)))
  const { expectRev } = work.asked
  if (expectRev !== undefined && plan.rev !== expectRev) {
    throw new HubError(
      'conflict',
      'The record has changed since you read it (expect_rev no longer fits). Read it again, then decide.',
    )
  }
  return plan
}

export async function readingContext(work: Work): Promise<Reads<object>> {
  const { call, trail, offer, hub } = work
  const signal = AbortSignal.any([call.signal, AbortSignal.timeout(trail.version.settings.timeoutMs)])
  const session: Session = await trail.version.vendors.forReading(offer, call.principal, signal)
  trail.story.sessions.push(session)
  return { vendor: session.vendor, now: hub.now(), signal, within: narrowing(work) }
}

export function narrowing({ call, trail, offer }: Work): Reads<object>['within'] {
  return (kind) => trail.version.policy.within(call.principal, offer.facts, kind)
}

// One call at work: what every stage of it needs, and the look that every plan begins with.
import { HubError } from '../kit/error.ts'
import type { JsonObject } from '../kit/json.ts'
import type { Facts } from '../kit/policy.ts'
import type { AnyWriteTool, Plan, Reads } from '../kit/tool.ts'
import type { Asked } from './arguments.ts'
import type { Trail } from './audit.ts'
import type { Call, Offer, Services, Session } from './call.ts'
import { checkPlan } from './plan.ts'
import type { Planned } from './plan.ts'
import { sightOf } from './sight.ts'

export interface Work {
  readonly call: Call
  readonly trail: Trail
  readonly offer: Offer
  readonly asked: Asked
  readonly facts: Facts
  readonly hub: Services
}

/** What an approval of this call is bound to, beside how the hub stands. */
export function askedOf({ call, offer, asked }: Pick<Work, 'call' | 'offer' | 'asked'>, plan: Plan | undefined) {
  const { tenant, id: principal } = call.principal
  const { instance, name: tool } = offer
  return { tenant, principal, instance, tool, argsDigest: asked.argsDigest, plan: (plan ?? {}) as unknown as JsonObject }
}

/** Looks and says what would change, on a session that cannot write. */
export async function planned(work: Work, tool: AnyWriteTool): Promise<Planned> {
  const made = await reading(work, (context) => tool.plan(work.asked.input, context))
  const plan = checkPlan(work.offer, tool, made, work.trail.story.sessions.at(-1)?.account)
  const { expectRev } = work.asked
  if (expectRev !== undefined && plan.rev !== expectRev) {
    throw new HubError(
      'conflict',
      'The record has changed since you read it (expect_rev no longer fits). Read it again, then decide.',
    )
  }
  return plan
}

/** Opens the vendor for looking, for as long as one call may take there and its caller waits. */
export async function reading<T>(work: Work, look: (context: Reads<object>) => Promise<T>): Promise<T> {
  const { call, trail, offer, hub } = work
  const { signal, end } = untilDeadline(call.signal, trail.version.settings.timeoutMs)
  const sight = sightOf(work)
  try {
    const session: Session = await trail.version.vendors.forReading(offer, call.principal, signal)
    trail.story.sessions.push(session)
    return await look({ vendor: session.vendor, now: hub.now(), signal, within: narrowing(work), admit: sight.admit })
  } catch (error) {
    throw sight.told(error)
  } finally {
    end()
  }
}

/** As `AbortSignal.any` of both, which would keep a timer and a kilobyte for each call until long after its end. */
function untilDeadline(caller: AbortSignal, ms: number): { readonly signal: AbortSignal; readonly end: () => void } {
  const deadline = new AbortController()
  const giveUp = () => deadline.abort(caller.reason)
  const timer = setTimeout(() => deadline.abort(new DOMException('The call took too long.', 'TimeoutError')), ms)
  if (caller.aborted) giveUp()
  else caller.addEventListener('abort', giveUp)
  return {
    signal: deadline.signal,
    end() {
      clearTimeout(timer)
      caller.removeEventListener('abort', giveUp)
    },
  }
}

export function narrowing({ call, trail, offer }: Work): Reads<object>['within'] {
  return (kind) => trail.version.policy.within(call.principal, offer.facts, kind)
}

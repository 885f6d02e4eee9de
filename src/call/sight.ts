// What a person may be told: nothing of records that they may not see, nothing of fields that are hidden from them.
import { HubError } from '../kit/error.ts'
import type { ErrorCode } from '../kit/error.ts'
import type { Facts, Principal } from '../kit/policy.ts'
import type { Operation } from '../kit/record.ts'
import type { Plan, Resources } from '../kit/tool.ts'
import type { Answer, Offer, Services, Version } from './call.ts'
import { mask, maskPlan } from './mask.ts'
import { decidePlan, emptyPlan } from './plan.ts'
import type { Work } from './work.ts'

/**
 * The same answer for "not there" and "not yours", so that nobody can probe for what they may not see. Where the person
 * is narrowed to, policy says to anyone it narrows.
 */
export function withheld({ trail, call, offer }: Pick<Work, 'trail' | 'call' | 'offer'>, cause?: unknown): HubError {
  const places = (offer.tool.resolves ?? []).flatMap((kind) => {
    const ids = trail.version.policy.within(call.principal, offer.facts, kind)
    return ids && ids.length > 0 ? [` What you may use here is in ${kind}: ${ids.join(', ')}.`] : []
  })
  const sentence = `There is no such record, or you may not see it.${places.join('')}`
  return new HubError('not_found', sentence, cause === undefined ? {} : { cause })
}

/** What a tool has shown to be inside what this person may use; its errors may then speak of it. */
export interface Sight {
  /** @throws HubError `not_found` when no sentence could speak of a record that lives there */
  readonly admit: (resources: Resources) => void
  /** The error as this person may hear it. */
  told(error: unknown): unknown
}

/** Errors that say nothing of any record. */
const blind = new Set<ErrorCode>([
  'rate_limited',
  'unauthenticated',
  'unavailable',
  'bad_response',
  'overloaded',
  'internal',
])

export function sightOf(work: Work): Sight {
  const { trail, facts } = work
  const { policy } = trail.version
  let admitted: Resources | undefined
  return {
    admit(resources) {
      const refusal = policy.refuses({ ...facts, resources })
      if (!refusal) return void (admitted = resources)
      // For the audit and `explain`, not for the caller.
      trail.story.decision = refusal
      throw withheld(work)
    },
    told(error) {
      if (!(error instanceof HubError) || blind.has(error.code)) return error
      const before = policy.soFar({ ...facts, ...(admitted && { resources: admitted }) })
      if (before.effect === 'deny' && admitted === undefined) return withheld(work, error)
      if (before.masks.length === 0) return error
      const sentence = 'It cannot be done like this. Why may not be told, because policy hides some of the fields.'
      return new HubError(error.code, sentence, { cause: error })
    },
  }
}

/**
 * An answer of then as this person may see it now: that it happened stays, since nobody must send it again; what it
 * gave passes the policies of today.
 */
export function seenNow(answer: Answer, operation: Operation, principal: Principal, hub: Services): Answer {
  if (!answer.result && !answer.plan) return answer
  const version = hub.current()
  const offer = version.offers.get(operation.tool)
  const facts = offer && { principal, tool: offer.facts, args: operation.args, now: hub.now() }
  const masks = offer && facts && masksNow(version, offer, facts, operation)
  if (!masks)
    return {
      ...without(answer),
      notes: [...(answer.notes ?? []), 'What it gave is not shown: policy no longer lets you see it.'],
    }
  const result = answer.result && mask(answer.result, masks)
  const shown = answer.plan && maskPlan(answer.plan, masks)
  const masked = [...new Set([...(answer.masked ?? []), ...(result?.met ?? []), ...(shown?.met ?? [])])].toSorted()
  return {
    ...answer,
    ...(result && { result: result.value }),
    ...(shown && { plan: shown.plan }),
    ...(masked.length > 0 && { masked }),
  }
}

/** Undefined when the tool or the record is no longer this person's to see. */
function masksNow(version: Version, offer: Offer, facts: Facts, operation: Operation): readonly string[] | undefined {
  if (offer.state !== 'on' || version.policy.refuses(facts)) return undefined
  const plan = operation.plan as unknown as Plan
  const decision =
    offer.tool.kind === 'write'
      ? decidePlan(version, facts, offer, plan)
      : version.policy.soFar({ ...facts, plan: emptyPlan })
  const denied = decision.effect === 'deny' && !(offer.tool.kind === 'read' && decision.rule === 'silence')
  return denied ? undefined : decision.masks
}

function without({ result: _result, plan: _plan, ...answer }: Answer): Answer {
  return answer
}

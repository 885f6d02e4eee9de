// The sentences in which a call can end.
import { errorKinds, HubError } from '../kit/error.ts'
import type { Operation } from '../kit/record.ts'
import type { Decision } from '../policy/decide.ts'
import type { Answer, Offer, PlanView, Services } from './call.ts'
import { heldDetails } from './details.ts'
import type { Group } from './granted.ts'

export function denied(decision: Decision, offer: Offer): Answer {
  const because = decision.because === undefined ? '' : ` ${sentence(decision.because)}`
  const message =
    decision.rule === 'silence'
      ? `No policy lets you use ${offer.name} like this.`
      : `${offer.name} was refused by the rule ${decision.rule}.${because}`
  return { status: 'denied', message: withInstead(message, decision), decision: decisionOf(decision) }
}

/** @param asked whether the caller wanted no more than this */
export function previewed(decision: Decision, plan: PlanView, masked: readonly string[], asked: boolean): Answer {
  const { lead, ...rest } = asked ? askedPreview(decision) : rulePreview(decision)
  return { status: 'previewed', message: lead, plan, ...(masked.length > 0 && { masked }), ...rest }
}

/** What is said in the place of holding a call that only asks what would be decided. */
export function wouldHold(decision: Decision): Answer {
  const { lead, decision: told } = askedPreview(decision)
  return { status: 'previewed', message: lead, ...(told && { decision: told }) }
}

/** The answer of an operation that waits for people, made from its record alone. */
export function heldAnswer(operation: Operation, hub: Services): Answer {
  const details = heldDetails(operation)
  if (!details) throw new TypeError(`Operation ${operation.id} was never held.`)
  const { approvers, rule, because, plan, masked } = details
  const names = namesOf(approvers)
  const reason = because === undefined ? '' : ` ${sentence(because)}`
  const { url } = hub.current().settings.approvals
  return {
    status: 'held',
    message:
      `Nothing was sent yet: it waits for ${names.join(' and for ')} to approve it.${reason} ` +
      `Call again with the same arguments, or ask operation_get with {"id": "${operation.id}"}, to get the result.`,
    operation_id: operation.id,
    ...(plan && { plan }),
    ...(masked.length > 0 && { masked }),
    decision: { rule, ...(because !== undefined && { because }) },
    approval: {
      approvers: names,
      expires_at: operation.deadlineAt,
      how: 'call again with the same arguments to get the result',
      ...(url !== undefined && { link: `${url}/admin/approvals/${operation.id}` }),
    },
  }
}

/** Each group in words; one that needs several people says so. */
export function namesOf(groups: readonly Group[]): readonly string[] {
  const counts = new Map<string, number>()
  for (const group of groups) counts.set(group.join(' or '), (counts.get(group.join(' or ')) ?? 0) + 1)
  return [...counts].map(([name, count]) => (count === 1 ? name : `${count} people of ${name}`))
}

/** The answer to anything thrown while nothing had happened yet. */
export function failure(error: unknown, operationId?: string): Answer {
  const known = error instanceof HubError ? error : new HubError('internal', internalSentence, { cause: error })
  const { code, retryAfterMs, connect } = known
  return {
    status: 'failed',
    message: known.message,
    ...(operationId !== undefined && { operation_id: operationId }),
    error: { code, retry: errorKinds[code].retry, ...(retryAfterMs !== undefined && { retry_after_ms: retryAfterMs }) },
    ...(connect && { connect }),
  }
}

export function decisionOf(decision: Decision): NonNullable<Answer['decision']> {
  const { rule, because, instead } = decision
  return { rule, ...(because !== undefined && { because }), ...(instead !== undefined && { instead }) }
}

const internalSentence =
  'Something went wrong inside the hub, and nothing was sent. Its log says what, under the id of this call.'

function askedPreview(decision: Decision) {
  if (decision.effect === 'ask') {
    const who = namesOf(decision.approvers).join(' and ')
    return { lead: `Nothing was sent. The call itself would be held for ${who}.`, decision: decisionOf(decision) }
  }
  if (decision.effect === 'preview') {
    return { lead: `Nothing was sent, and the call itself would only be previewed too.`, decision: decisionOf(decision) }
  }
  return { lead: 'Nothing was sent. The call itself would be done.' }
}

function rulePreview(decision: Decision) {
  const because = decision.because === undefined ? '' : ` ${sentence(decision.because)}`
  return { lead: `Only shown, nothing was sent (rule ${decision.rule}).${because}`, decision: decisionOf(decision) }
}

function withInstead(message: string, decision: Decision): string {
  return decision.instead === undefined ? message : `${message} ${sentence(decision.instead)}`
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`
}

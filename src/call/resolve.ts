// What no vendor can tell, two people decide: that an operation happened, or that it did not.
import { HubError } from '../kit/error.ts'
import type { JsonObject } from '../kit/json.ts'
import type { Principal } from '../kit/policy.ts'
import type { Operation } from '../kit/record.ts'
import { samePerson } from './approver.ts'
import { unclearKind } from './attend.ts'
import type { Answer, Services } from './call.ts'
import { callOf } from './details.ts'
import { move } from './ledger.ts'

export interface Resolution {
  readonly verdict: 'happened' | 'did not happen'
  readonly by: Principal
  /** Somebody else, who looked too. */
  readonly second: Principal
}

/** @throws HubError `refused` for one person in two roles; `conflict` for an operation whose outcome is known */
export async function resolve(operation: Operation, { verdict, by, second }: Resolution, hub: Services): Promise<Operation> {
  if (samePerson(by.id, second.id, hub)) {
    throw new HubError('refused', 'It takes two different people to say how an operation ended.')
  }
  const to = verdict === 'happened' ? 'reconciled' : 'failed'
  const answer = answerOf(operation, verdict) as unknown as JsonObject
  const facts = { verdict, resolved_by: by.id, second: second.id }
  const moved = await move(operation, { from: ['unknown'], to, answer }, { id: callOf(operation) }, hub, facts)
  if (!moved) {
    const now = await hub.store.operation(operation.id)
    throw new HubError('conflict', `The outcome of operation ${operation.id} is known: it is ${now?.state ?? 'gone'}.`)
  }
  const at = hub.now().toISOString()
  await hub.store.put([{ tenant: operation.tenant, kind: unclearKind, id: operation.id, value: undefined, at }])
  return moved
}

function answerOf(operation: Operation, verdict: Resolution['verdict']): Answer {
  if (verdict === 'happened') {
    return { status: 'done', message: 'It did happen: two people looked at the record itself.', operation_id: operation.id }
  }
  return {
    status: 'failed',
    message: 'It did not happen: two people looked at the record itself. You may call again.',
    operation_id: operation.id,
    error: { code: 'unavailable', retry: 'later' },
  }
}

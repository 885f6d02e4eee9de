// What nobody decided on for a while is told once more, and then others may decide too.
import type { JsonObject } from '../kit/json.ts'
import type { Operation, Put } from '../kit/record.ts'
import type { Services } from './call.ts'
import { callOf, heldDetails } from './details.ts'
import { move, settleOverdue } from './ledger.ts'
import { newsOf } from './news.ts'

const kind = 'approval-due'
type Step = 'remind' | 'escalate' | 'expire'

/** Written after the operation: one that is lost with a crash costs a reminder, never an approval. */
export async function firstReminder(operation: Operation, hub: Services): Promise<void> {
  await hub.store.put([due(operation, 'remind', hub)])
}

/** Does what is due. Of several processes one does it: each step must be at the version that was seen. */
export async function remindDue(tenant: string, hub: Services): Promise<number> {
  const found = await hub.store.documents({ tenant, kind, dueBy: hub.now().toISOString(), limit: 100 })
  for (const { id, value, version } of found) {
    const seen = { version, step: value['step'] as Step }
    const operation = await settleOverdue(await hub.store.operation(id), hub)
    if (operation?.state === 'held') await remind(operation, seen, hub)
    else await hub.store.put([{ tenant, kind, id, value: undefined, version, at: hub.now().toISOString() }])
  }
  return found.length
}

async function remind(
  operation: Operation,
  { step, version }: { step: Step; version: number },
  hub: Services,
): Promise<void> {
  const { id, tenant, tool, principal, details } = operation
  const { remindAfterMs, escalate } = hub.current().settings.approvals
  const held = heldDetails(operation)
  if (!held) return
  const body: JsonObject = { operation: id, tool, principal, approvers: held.approvers.map((group) => [...group]) }
  const call = { id: callOf(operation) }
  if (step === 'remind' && remindAfterMs !== undefined) {
    const news = newsOf(hub, tenant, 'approval.reminded', body)
    const puts = [{ ...due(operation, 'escalate', hub), version }]
    await move(operation, { from: ['held'], to: 'held' }, call, hub, {}, { puts, news, kind: 'approval.reminded' })
    return
  }
  if (step !== 'expire' && escalate) {
    if (hub.now().getTime() < heldSince(operation, hub) + escalate.afterMs) {
      await hub.store.put([{ ...due(operation, 'escalate', hub), version }])
      return
    }
    const news = newsOf(hub, tenant, 'approval.reminded', { ...body, escalated_to: [...escalate.to] })
    const puts = [{ ...due(operation, 'expire', hub), version }]
    const change = { from: ['held'] as const, to: 'held' as const, details: { ...details, escalatedTo: [...escalate.to] } }
    await move(operation, change, call, hub, { escalated_to: [...escalate.to] }, { puts, news, kind: 'approval.escalated' })
    return
  }
  await hub.store.put([{ ...due(operation, 'expire', hub), version }])
}

function heldSince({ deadlineAt }: Operation, hub: Services): number {
  return Date.parse(deadlineAt) - hub.current().settings.approvalMs
}

function due(operation: Operation, step: Step, hub: Services): Put {
  const { id, tenant, deadlineAt } = operation
  const { remindAfterMs, escalate } = hub.current().settings.approvals
  const after = { remind: remindAfterMs ?? escalate?.afterMs, escalate: escalate?.afterMs, expire: undefined }[step]
  const dueAt =
    after === undefined
      ? deadlineAt
      : new Date(Math.min(heldSince(operation, hub) + after, Date.parse(deadlineAt))).toISOString()
  return { tenant, kind, id, value: { step }, dueAt, at: hub.now().toISOString() }
}

// An unknown outcome is never guessed: the vendor is asked, and "not there" counts only after its window.
import type { JsonObject } from '../kit/json.ts'
import type { Operation } from '../kit/record.ts'
import type { AnyWriteTool, Evidence, Plan } from '../kit/tool.ts'
import type { Answer, Call, Offer, Services, Session, Version } from './call.ts'
import { move } from './ledger.ts'
import { mask } from './mask.ts'
import { decidePlan } from './plan.ts'

/** Longer than any vendor is known to take to carry out a request that it has been given. */
export const settlesMsUsual = 10 * 60_000

/** The operation as it stands after the vendor was asked; as it was, where nothing can be learned. */
export async function reconcile(operation: Operation, call: Pick<Call, 'id' | 'signal'>, hub: Services): Promise<Operation> {
  const version = hub.current()
  const offer = version.offers.get(operation.tool)
  if (operation.state !== 'unknown' || offer?.tool.kind !== 'write' || !offer.tool.reconcile) return operation
  const { tool } = offer
  const plan = operation.plan as unknown as Plan
  const sentAt = new Date(operation.history.findLast(({ state }) => state === 'sending')?.at ?? operation.updatedAt)
  const principal = { tenant: operation.tenant, id: operation.principal, roles: [] }
  const session = await version.vendors.forReading(offer, principal, call.signal)
  const evidence = await ask(tool, plan, session, { operationId: operation.id, sentAt, now: hub.now(), signal: call.signal })
  const facts = { verdict: evidence.verdict, vendor: requestsMade(session) }
  if (evidence.verdict === 'happened') {
    const answer = happened(operation, version, offer, plan, evidence.output, hub)
    const details = { ...operation.details, output: parsedOutput(tool, evidence.output) ?? null }
    return await settled(operation, { to: 'reconciled', answer, details }, call, hub, facts)
  }
  const waited = hub.now().getTime() - sentAt.getTime() >= (tool.settlesMs ?? settlesMsUsual)
  if (evidence.verdict !== 'absent' || !waited) return operation
  return await settled(operation, { to: 'failed', answer: absent(operation), details: operation.details }, call, hub, facts)
}

async function ask(
  tool: AnyWriteTool,
  plan: Plan,
  session: Session,
  context: { operationId: string; sentAt: Date; now: Date; signal: AbortSignal },
): Promise<Evidence<unknown>> {
  const asked = await tool.reconcile?.(plan.request, {
    ...context,
    vendor: session.vendor,
    within: () => undefined,
    admit: () => undefined,
  })
  return asked ?? { verdict: 'unclear' }
}

async function settled(
  operation: Operation,
  change: { to: 'reconciled' | 'failed'; answer: Answer; details: JsonObject },
  call: Pick<Call, 'id'>,
  hub: Services,
  facts: JsonObject,
): Promise<Operation> {
  const answer = hub.scrub(change.answer as unknown as JsonObject)
  const moved = await move(operation, { from: ['unknown'], ...change, answer }, call, hub, facts)
  // Of two who ask at once, both learned the same.
  return moved ?? (await hub.store.operation(operation.id)) ?? operation
}

function happened(operation: Operation, version: Version, offer: Offer, plan: Plan, output: unknown, hub: Services): Answer {
  const principal = { tenant: operation.tenant, id: operation.principal, roles: [] }
  const { masks } = decidePlan(version, { principal, tool: offer.facts, args: operation.args, now: hub.now() }, offer, plan)
  const result = offer.tool.kind === 'write' ? parsedOutput(offer.tool, output) : undefined
  return {
    status: 'done',
    message: 'It did happen: the vendor shows it, although its answer was lost.',
    operation_id: operation.id,
    ...(result && { result: mask(result, masks).value }),
  }
}

function absent(operation: Operation): Answer {
  return {
    status: 'failed',
    message: 'It did not happen: the vendor shows nothing of it, and would by now. You may call again.',
    operation_id: operation.id,
    error: { code: 'unavailable', retry: 'later' },
  }
}

function parsedOutput(tool: AnyWriteTool, output: unknown): JsonObject | undefined {
  const parsed = tool.output.safeParse(output) as { success: true; data: JsonObject } | { success: false }
  return parsed.success ? parsed.data : undefined
}

function requestsMade(session: Session): JsonObject[] {
  return session.requests.map(({ method, path, status }) => ({ method, path, status: status ?? null }))
}

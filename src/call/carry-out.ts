// The send: once more yes, durably "sending", then exactly the planned request, then a recorded outcome.
import { HubError } from '../kit/error.ts'
import type { Json, JsonObject } from '../kit/json.ts'
import type { Operation } from '../kit/record.ts'
import type { AnyWriteTool, Writes } from '../kit/tool.ts'
import type { Decision } from '../policy/decide.ts'
import { failure } from './answers.ts'
import { yesesOf } from './granted.ts'
import type { Granted, Group } from './granted.ts'
import { requestsOf } from './audit.ts'
import type { Answer, Session, Version } from './call.ts'
import { beginSending, finish, unknownAnswer } from './ledger.ts'
import { mask } from './mask.ts'
import { bindingOf, boundDigest, decidePlan } from './plan.ts'
import type { Planned } from './plan.ts'
import { refuseStopped } from './switch.ts'
import { askedOf, narrowing } from './work.ts'
import type { Work } from './work.ts'

export interface Sending extends Work {
  readonly operation: Operation
  readonly plan: Planned
  /** Undefined where nobody had to be asked. */
  readonly granted: Given | undefined
}

export interface Given {
  readonly yeses: readonly Granted[]
  readonly escalatedTo: Group
  /** When they lapse; what was given in advance was looked at a moment ago. */
  readonly expiresAt?: string
}

/** Longer than a call may take at the vendor, so that nobody else gives it up while it still runs. */
export function sendingMs(version: Version): number {
  return version.settings.timeoutMs + 30_000
}

export async function carryOut(work: Sending, tool: AnyWriteTool): Promise<Answer> {
  const { call, operation, hub } = work
  let decision: Decision
  let session: Session | undefined
  try {
    decision = await stillYes(work)
    if (call.signal.aborted) throw new HubError('refused', 'The call was cancelled before anything was sent.')
    const receipt = await beginSending(operation, call, hub)
    const sent = { ...work, operation: receipt.operation }
    // From here on the caller going away changes nothing: what was begun gets an outcome.
    const signal = AbortSignal.timeout(work.trail.version.settings.timeoutMs)
    try {
      session = await work.trail.version.vendors.forWriting(work.offer, call.principal, signal, receipt)
      work.trail.story.sessions.push(session)
      if (session.account !== work.plan.account)
        throw new HubError(
          'conflict',
          'It was planned with another account than would do it now. Nothing was sent; call again.',
        )
      const output = (await tool.apply(work.plan.request, contextOf(session, signal, sent))) as unknown
      if (session.touched() === 'unclear') return await conclude(sent, 'unknown', unknownAnswer(operation.id))
      return await conclude(sent, 'succeeded', done(sent, tool, output, decision), { output: kept(tool, output) })
    } catch (error) {
      return await concludeThrown(sent, session, error)
    }
  } catch (error) {
    return await conclude(work, 'failed', failure(error, operation.id))
  }
}

/**
 * Policy, tool and approval are looked at again right before the send, in the version that is in force now.
 *
 * @throws HubError `refused` when any of them no longer says yes
 */
async function stillYes(work: Sending): Promise<Decision> {
  const { call, hub, offer, plan, operation, granted, facts } = work
  const version = hub.current()
  const now = version.offers.get(offer.name)
  if (now?.state !== 'on') throw new HubError('refused', `${offer.name} was switched off in the meantime. Nothing was sent.`)
  await refuseStopped(call.principal, now, hub)
  const decision = decidePlan(version, { ...facts, now: hub.now() }, now, plan)
  if (decision.effect === 'allow' || (decision.effect === 'ask' && granted)) {
    if (boundDigest(askedOf(work, plan), bindingOf(now, decision, version)) !== operation.planDigest)
      throw changedMeanwhile(offer.name)
    if (decision.effect === 'allow' || (granted && (await isGranted(granted, decision, work)))) return decision
  }
  throw new HubError(
    'refused',
    `The policy no longer allows it (rule ${decision.rule}). Nothing was sent; call again to hear more.`,
  )
}

/** Every yes was to exactly this, is not over, and is of somebody who may still give it. */
async function isGranted(granted: Given, decision: Decision, { hub, operation }: Sending): Promise<boolean> {
  const { yeses, escalatedTo, expiresAt } = granted
  if (expiresAt !== undefined && !(new Date(expiresAt) > hub.latest()))
    throw new HubError('refused', 'Its approval has expired. Nothing was sent.')
  const toThis = yeses.filter(({ digest }) => digest === operation.planDigest)
  const { tenant, principal } = operation
  return (await yesesOf(toThis, { tenant, principal, escalatedTo }, hub)).covers(decision.approvers)
}

function changedMeanwhile(name: string): HubError {
  const sentence = `${name}, its configuration or its rules changed in the meantime. Nothing was sent; call again.`
  return new HubError('refused', sentence)
}

/** What is known after an error is known by the fetch, not by the error. */
async function concludeThrown(sent: Sending, session: Session | undefined, error: unknown): Promise<Answer> {
  const { call, hub, operation } = sent
  const untouched = session === undefined || session.touched() === 'untouched'
  hub.log.warn({ call: call.id, operation: operation.id, untouched, err: error }, 'a write did not go through')
  if (untouched) return await conclude(sent, 'failed', failure(error, operation.id))
  return await conclude(sent, 'unknown', unknownAnswer(operation.id))
}

/** What apply gave, for an undo: whole, since what is hidden from the caller may be needed to take it back. */
function kept(tool: AnyWriteTool, output: unknown): Json {
  const parsed = tool.output.safeParse(output) as { success: true; data: Json } | { success: false }
  return parsed.success ? parsed.data : null
}

async function conclude(
  work: Sending,
  to: 'succeeded' | 'failed' | 'unknown',
  answer: Answer,
  more: JsonObject = {},
): Promise<Answer> {
  const { call, hub, operation } = work
  const shown = hub.scrub(answer as unknown as JsonObject) as unknown as Answer
  try {
    const details = hub.scrub({ ...operation.details, ...more })
    await finish(operation, to, shown, call, hub, { vendor: requestsOf(work.trail.story) }, details)
    return answer
  } catch (error) {
    hub.log.error({ call: call.id, operation: operation.id, err: error }, 'an outcome could not be recorded')
    // Without a record of it, a later call cannot know: the caller must not be told more than that.
    return to === 'failed' ? answer : unknownAnswer(operation.id)
  }
}

function done(work: Sending, tool: AnyWriteTool, output: unknown, decision: Decision): Answer {
  const { operation, hub, call } = work
  // The summary quotes the record, and a message is the hub's own voice.
  const base = { status: 'done', message: 'Done.', operation_id: operation.id } as const
  const parsed = tool.output.safeParse(output) as { success: true; data: Json } | { success: false; error: unknown }
  if (!parsed.success) {
    hub.log.error(
      { call: call.id, operation: operation.id, err: parsed.error },
      'a write was done, but its answer does not fit its schema',
    )
    return { ...base, notes: ['It was done, but the vendor answered in a way that the hub does not understand.'] }
  }
  const { value, met } = mask(parsed.data as JsonObject, decision.masks)
  return { ...base, result: value, ...(met.length > 0 && { masked: met }) }
}

function contextOf(session: Session, signal: AbortSignal, work: Sending): Writes<object> {
  const { hub, operation } = work
  // What is sent was decided on already; a record that moved away is a conflict, which the tool sees by its rev.
  return {
    vendor: session.vendor,
    now: hub.now(),
    signal,
    within: narrowing(work),
    admit: () => undefined,
    operationId: operation.id,
  }
}

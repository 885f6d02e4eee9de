// The queue and one request as people see them: in the hub's words, from the very text that an approval is bound to.
import { canonical } from '../kit/json.ts'
import type { JsonObject } from '../kit/json.ts'
import type { Operation } from '../kit/record.ts'
import type { Audience, Plan, ToolClass } from '../kit/tool.ts'
import { HubError } from '../kit/error.ts'
import { askedFor, blockedFor } from './approvals.ts'
import { namesOf } from './answers.ts'
import type { Approver } from './approver.ts'
import type { Answer, PlanView, Services } from './call.ts'
import { heldDetails, noOperation, standing } from './details.ts'
import type { HeldDetails } from './details.ts'
import { yesesOf } from './granted.ts'
import type { Granted, Group } from './granted.ts'
import { isIntact } from './intact.ts'
import { boundText } from './plan.ts'

export type ApprovalState =
  | 'waiting'
  | 'approved'
  | 'running'
  | 'done'
  | 'failed'
  | 'unknown'
  | 'denied'
  | 'expired'
  | 'void'
  | 'changed'
  | 'cancelled'
  | 'stopped'
  /** The record is not what was hashed. */
  | 'altered'

export interface ApprovalLine {
  readonly id: string
  readonly tool: string
  readonly instance: string
  readonly principal: string
  readonly summary: string
  readonly verb: string | undefined
  readonly targets: readonly string[]
  readonly createdAt: string
  readonly expiresAt: string
  readonly state: ApprovalState
  /** A group that needs two people stands there twice. */
  readonly approvers: readonly Group[]
  /** The same in words. */
  readonly needs: string
  readonly granted: readonly Granted[]
  readonly risk: 'high' | 'medium' | 'low'
  readonly external: boolean
  readonly massMention: boolean
  /** Equal for requests that look alike: of one requester, with one tool, in one place. */
  readonly group: string
  readonly changedBy: string | undefined
  readonly escalated: boolean
}

export interface ApprovalView extends ApprovalLine {
  readonly title: string
  readonly class: ToolClass | undefined
  readonly effects: PlanView['effects']
  readonly audience: Audience | undefined
  readonly fidelity: Plan['fidelity'] | undefined
  readonly undo: Plan['undo'] | undefined
  readonly rev: string | undefined
  readonly warnings: readonly string[]
  /** The agent's own words: never more than a claim. */
  readonly untrusted: { readonly arguments: JsonObject }
  /** The exact canonical text of everything that an approval is bound to. */
  readonly payload: string
  /** SHA-256 of `payload`; goes back with the approval. */
  readonly digest: string
  /** The canonical text of what would be sent; stands in `payload`. */
  readonly request: string
  readonly rules: HeldDetails['rules']
  readonly rule: string
  readonly because: string | undefined
  readonly call: string
  readonly outcome: { readonly status: string; readonly message: string; readonly result?: JsonObject } | undefined
  readonly mayDecide: boolean
  /** Why the one who asks may not decide. */
  readonly blocked: string | undefined
}

export interface ApprovalPage {
  readonly items: readonly ApprovalLine[]
  /** Pass it as `before` for the next page. */
  readonly next: string | undefined
}

/** Newest first. */
export async function approvalPage(
  tenant: string,
  {
    before,
    limit,
    states = 'waiting',
  }: { readonly before?: string | undefined; readonly limit: number; readonly states?: 'waiting' | 'all' },
  hub: Services,
): Promise<ApprovalPage> {
  const size = Math.max(1, Math.min(Math.trunc(limit), 200))
  const items: ApprovalLine[] = []
  let place = before
  for (;;) {
    const filter = {
      tenant,
      limit: size,
      ...(states === 'waiting' && { states: ['held'] as const }),
      ...(place !== undefined && { before: place }),
    }
    const found = await hub.store.operations(filter)
    for (const operation of found) {
      place = operation.id
      const held = heldDetails(operation)
      if (!held) continue
      const line = await lineOf(operation, held, hub)
      if (states === 'all' || line.state === 'waiting' || line.state === 'approved' || line.state === 'altered')
        items.push(line)
      if (items.length === size) return { items, next: place }
    }
    if (found.length < size) return { items, next: undefined }
  }
}

/**
 * @param approver for whom it says whether they may decide
 * @throws HubError `not_found`
 */
export async function approvalView(
  tenant: string,
  id: string,
  approver: Approver | undefined,
  hub: Services,
): Promise<ApprovalView> {
  const operation = await hub.store.operation(id)
  const held = operation && heldDetails(operation)
  if (operation?.tenant !== tenant || !held) throw new HubError('not_found', noOperation(id))
  const line = await lineOf(operation, held, hub)
  const plan = planOf(operation)
  const offer = hub.current().offers.get(operation.tool)
  const blocked = approver && (await whyNot(operation, held, line.state, approver, hub))
  return {
    ...line,
    title: offer?.tool.title ?? operation.tool,
    class: offer?.facts.class,
    effects: (plan?.effects ?? []).map(({ verb, target, before, after }) => ({ verb, target, before, after })),
    audience: plan?.audience,
    fidelity: plan?.fidelity,
    undo: plan?.undo,
    rev: plan?.rev,
    warnings: plan?.warnings ?? [],
    untrusted: { arguments: operation.args },
    payload: boundText(operation, held.binding),
    digest: operation.planDigest,
    request: canonical(plan?.request ?? operation.args),
    rules: held.rules,
    rule: held.rule,
    because: held.because,
    call: held.call,
    outcome: outcomeOf(operation),
    mayDecide: approver !== undefined && blocked === undefined,
    blocked,
  }
}

async function whyNot(
  operation: Operation,
  held: HeldDetails,
  state: ApprovalState,
  approver: Approver,
  hub: Services,
): Promise<string | undefined> {
  if (state !== 'waiting' && state !== 'approved' && state !== 'altered')
    return state === 'expired' ? 'Nobody decided in time.' : `It ${standing[operation.state]}.`
  const blocked = await blockedFor(operation, held, approver, hub)
  if (blocked) return blocked.message
  const yeses = await yesesOf(held.granted, askedFor(operation, held), hub)
  const given = { by: approver.id, channel: approver.channel }
  if (state === 'waiting' && !yeses.wants(given, held.approvers))
    return 'Your yes is there already, or is not needed: others are.'
  return undefined
}

async function lineOf(operation: Operation, held: HeldDetails, hub: Services): Promise<ApprovalLine> {
  const plan = planOf(operation)
  const { id, tool, instance, principal, createdAt } = operation
  const targets = plan?.effects.map(({ target }) => target) ?? []
  return {
    id,
    tool,
    instance,
    principal,
    summary: plan?.summary ?? `Look at what ${tool} finds.`,
    verb: plan?.effects[0]?.verb,
    targets,
    createdAt,
    expiresAt: held.expiresAt,
    state: await stateOf(operation, held, hub),
    approvers: held.approvers,
    needs: namesOf(held.approvers).join(' and '),
    granted: held.granted,
    risk: riskOf(hub.current().offers.get(tool)?.facts.class, plan),
    external: plan?.audience.external ?? false,
    massMention: plan?.audience.massMention ?? false,
    group: [principal, tool, plan?.audience.where ?? ''].join(' · '),
    changedBy: held.changedBy,
    escalated: held.escalatedTo.length > 0,
  }
}

async function stateOf(operation: Operation, held: HeldDetails, hub: Services): Promise<ApprovalState> {
  switch (operation.state) {
    case 'held': {
      if (!isIntact(operation, held)) return 'altered'
      if (!(new Date(held.expiresAt) > hub.latest())) return 'expired'
      const yeses = await yesesOf(held.granted, askedFor(operation, held), hub)
      return yeses.covers(held.approvers) ? 'approved' : 'waiting'
    }
    case 'intent':
    case 'sending':
      return 'running'
    case 'succeeded':
    case 'reconciled':
    case 'undone':
      return 'done'
    case 'unknown':
      return 'unknown'
    default:
      return held.ended ?? 'failed'
  }
}

function outcomeOf({ state, answer }: Operation): ApprovalView['outcome'] {
  if (state === 'held' || answer === undefined) return undefined
  const { status, message, result } = answer as unknown as Answer
  return { status, message, ...(result && { result }) }
}

function riskOf(toolClass: ToolClass | undefined, plan: Plan | undefined): ApprovalLine['risk'] {
  if (toolClass === 'D' || toolClass === 'X' || toolClass === 'W3') return 'high'
  if (plan?.audience.external || plan?.audience.massMention || plan?.undo === 'none') return 'high'
  return toolClass === 'W2' || (plan?.effects.length ?? 0) > 1 ? 'medium' : 'low'
}

function planOf(operation: Operation): Plan | undefined {
  return 'effects' in operation.plan ? (operation.plan as unknown as Plan) : undefined
}

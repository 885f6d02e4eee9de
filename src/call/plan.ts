// A plan as the hub takes it from a tool: checked, hashed, judged and shown.
import { textHash } from '../kit/chain.ts'
import { HubError } from '../kit/error.ts'
import { canonical } from '../kit/json.ts'
import type { Facts, PlanFacts } from '../kit/policy.ts'
import type { Operation } from '../kit/record.ts'
import type { AnyWriteTool, Plan } from '../kit/tool.ts'
import { strictest } from '../policy/decide.ts'
import type { Decision } from '../policy/decide.ts'
import type { Offer, PlanView, Version } from './call.ts'

/** A read changes nothing, and is judged on a plan that says so. */
export const emptyPlan: PlanFacts = {
  summary: '',
  effects: [],
  audience: { external: false, people: 0, massMention: false, where: '' },
  fidelity: 'server',
  undo: 'exact',
  warnings: [],
}

/** A plan with whose own account would carry it out; the hub's where left out. Both are what an approval is bound to. */
export interface Planned extends Plan {
  readonly account?: string
}

/** What a tool planned, once it is known to be JSON that survives storage and to name only what the tool declares. */
export function checkPlan(offer: Offer, tool: AnyWriteTool, plan: Plan, account: string | undefined): Planned {
  let kept: Planned
  try {
    // Whose account it is was found out by the hub, and no tool can say otherwise.
    const { account: _said, ...rest } = JSON.parse(canonical(plan)) as Planned
    kept = { ...rest, ...(account !== undefined && { account }) }
  } catch (error) {
    throw new HubError('internal', `${offer.name} made a plan that cannot be recorded, so it was not carried out.`, {
      cause: error,
    })
  }
  const declared = new Set(tool.changes)
  const fields = kept.effects.flatMap(({ before, after }) => [...Object.keys(before), ...Object.keys(after)])
  const undeclared = fields.find((field) => !declared.has(field))
  if (kept.effects.length === 0 || undeclared !== undefined) {
    const why = undeclared === undefined ? 'names no effect' : `changes ${undeclared}, which it does not declare`
    throw new HubError('internal', `${offer.name} made a plan that ${why}, so it was not carried out.`)
  }
  return kept
}

/** What an approval is bound to beside the plan; kept with the operation, so that its text can be made again. */
export interface Binding {
  /** Of the tool: what it is. */
  readonly definition: string
  /** Of the instance: its address and settings. */
  readonly connection: string
  /** Every rule that spoke, by what it says. */
  readonly rules: readonly { readonly effect: string; readonly says: string }[]
}

export function bindingOf(offer: Offer, decision: Decision, version: Version): Binding {
  return {
    definition: offer.definition,
    connection: version.vendors.describe(offer.instance).digest,
    rules: decision.rules
      .filter(({ outcome }) => outcome === 'spoke')
      .map(({ effect, rule, digest: says = rule }) => ({ effect, says }))
      .toSorted((one, other) => (one.says < other.says ? -1 : 1)),
  }
}

/**
 * The exact text that is shown, hashed, approved and audited: who asks whom for what, with the request that would be sent.
 * Rules count by their sentence, so that an edit elsewhere in a file changes nothing.
 */
export function boundText(
  asked: Pick<Operation, 'tenant' | 'principal' | 'instance' | 'tool' | 'argsDigest' | 'plan'>,
  binding: Binding,
): string {
  const { tenant, principal, instance, tool, argsDigest, plan } = asked
  return canonical({ tenant, principal, instance, tool, arguments: argsDigest, plan, ...binding })
}

export function boundDigest(asked: Parameters<typeof boundText>[0], binding: Binding): string {
  return textHash(boundText(asked, binding))
}

export function viewOf(plan: Planned): PlanView {
  const { summary, audience, fidelity, undo, warnings, rev, account } = plan
  const effects = plan.effects.map(({ verb, target, before, after }) => ({ verb, target, before, after }))
  return {
    summary,
    effects,
    audience,
    fidelity,
    undo,
    warnings,
    ...(rev !== undefined && { rev }),
    ...(account !== undefined && { account }),
  }
}

/** Judges every effect on the record that it changes; the strictest decides. */
export function decidePlan(version: Version, facts: Facts, offer: Offer, plan: Plan): Decision {
  const decisions = plan.effects.map(({ resources }) => version.policy.decide({ ...facts, plan, resources }))
  return strictest([...decisions, ...readOnlyRule(version, offer)])
}

/** An instance with a real credential whose writes nobody has switched on yet. */
function readOnlyRule(version: Version, offer: Offer): Decision[] {
  const because = version.readOnly.get(offer.instance)
  if (because === undefined) return []
  const rule = `connectors.${offer.instance}.writes`
  const spoken = { rule, effect: 'preview', because, outcome: 'spoke', why: undefined, at: rule } as const
  const instead = `Set "writes": "on" for ${offer.instance} in the configuration when previews look right.`
  return [{ effect: 'preview', rule, because, instead, approvers: [], masks: [], rules: [spoken] }]
}

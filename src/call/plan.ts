// A plan as the hub takes it from a tool: checked, hashed, judged and shown.
import { HubError } from '../kit/error.ts'
import { canonical, digest } from '../kit/json.ts'
import type { Facts, PlanFacts } from '../kit/policy.ts'
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

/** What a tool planned, once it is known to be JSON that survives storage and to name only what the tool declares. */
export function checkPlan(offer: Offer, tool: AnyWriteTool, plan: Plan): Plan {
  let kept: Plan
  try {
    kept = JSON.parse(canonical(plan)) as Plan
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

/** What an approval is bound to: the exact request, its effects, the tool, and where it would go. */
export function planDigest(offer: Offer, plan: Plan, version: Version): string {
  return digest({
    tool: offer.name,
    definition: offer.definition,
    instance: version.vendors.describe(offer.instance).digest,
    plan,
  })
}

export function viewOf(plan: Plan): PlanView {
  const { summary, audience, fidelity, undo, warnings, rev } = plan
  const effects = plan.effects.map(({ verb, target, before, after }) => ({ verb, target, before, after }))
  return { summary, effects, audience, fidelity, undo, warnings, ...(rev !== undefined && { rev }) }
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

// A read: look, then show what this person may see of it.
import { HubError } from '../kit/error.ts'
import type { Json, JsonObject } from '../kit/json.ts'
import type { AnyReadTool } from '../kit/tool.ts'
import type { Decision } from '../policy/decide.ts'
import type { Answer } from './call.ts'
import { covers } from './granted.ts'
import type { Granted } from './granted.ts'
import { hold } from './hold.ts'
import { recall } from './ledger.ts'
import { isHidden, plain, show } from './mask.ts'
import { emptyPlan } from './plan.ts'
import { withheld } from './sight.ts'
import { reading } from './work.ts'
import type { Work } from './work.ts'

/** What the sentences say of a read before it looks; undefined where only those that speak of records could still allow it. */
export function mayLook(
  work: Work,
  tool: AnyReadTool,
  granted: readonly Granted[] = [],
): { decision: Decision; look: boolean } {
  const decision = work.trail.version.policy.soFar({ ...work.facts, plan: emptyPlan })
  // A rule that speaks of records can only be heard once the records are there.
  const later = decision.rule === 'silence' && (tool.rows ?? tool.resources) !== undefined
  return { decision, look: later || lets(decision, granted) }
}

/** @param granted the yeses to what this one call would otherwise have to ask for */
export async function read(
  work: Work,
  tool: AnyReadTool,
  decision: Decision,
  granted: readonly Granted[] = [],
): Promise<Answer> {
  const { call, trail, offer, asked, facts, hub } = work
  const hidden = decision.masks.find((field) => mentions(asked.args, new Set([plain(field)])))
  // Whoever may filter or sort by a field that they may not see can find out what is in it.
  if (hidden !== undefined)
    throw new HubError('forbidden', `${hidden} is hidden by policy, so nobody can ask for it, filter or sort by it.`)
  const output: unknown = await reading(work, (context) => tool.run(asked.input, context))
  const parsed = tool.output.safeParse(output) as { success: true; data: JsonObject } | { success: false; error: unknown }
  if (!parsed.success) {
    const sentence = `The vendor's answer to ${offer.name} is not what the hub understands, so it is not passed on.`
    throw new HubError('bad_response', sentence, { cause: parsed.error })
  }
  const policy = trail.version.policy
  const shown = show(policy, tool, parsed.data, { ...facts, plan: emptyPlan }, decision.masks, (judged) =>
    lets(judged, granted),
  )
  if (!shown.refused) {
    return {
      status: 'done',
      message: 'Done.',
      result: shown.result,
      ...(shown.masked.length > 0 && { masked: shown.masked }),
      ...(shown.notes.length > 0 && { notes: shown.notes }),
    }
  }
  trail.story.decision = shown.refused
  if (shown.refused.effect === 'ask' && granted.length === 0) {
    return (await recall(call, offer, asked, hub)) ?? (await hold(work, shown.refused, undefined))
  }
  throw withheld(work)
}

function lets(judged: Decision, granted: readonly Granted[]): boolean {
  if (judged.effect === 'allow') return true
  return judged.effect === 'ask' && granted.length > 0 && covers(granted, judged.approvers)
}

function mentions(value: Json, fields: ReadonlySet<string>): boolean {
  if (typeof value === 'string') return isHidden(value, fields)
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).some(([key, member]: [string, Json]) => isHidden(key, fields) || mentions(member, fields))
}

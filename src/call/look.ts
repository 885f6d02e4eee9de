// A read: look, then show what this person may see of it.
import { HubError } from '../kit/error.ts'
import type { Json, JsonObject } from '../kit/json.ts'
import type { AnyReadTool } from '../kit/tool.ts'
import type { Decision } from '../policy/decide.ts'
import type { Answer } from './call.ts'
import type { Yeses } from './granted.ts'
import { wouldHold } from './answers.ts'
import { hold } from './hold.ts'
import { keyOf, recall } from './ledger.ts'
import { isHidden, plain, show } from './mask.ts'
import { emptyPlan } from './plan.ts'
import { withheld } from './sight.ts'
import { reading } from './work.ts'
import type { Work } from './work.ts'

/** What the sentences say of a read before it looks; undefined where only those that speak of records could still allow it. */
export function mayLook(work: Work, tool: AnyReadTool, granted?: Yeses): { decision: Decision; look: boolean } {
  const decision = work.trail.version.policy.soFar({ ...work.facts, plan: emptyPlan })
  // A rule that speaks of records can only be heard once the records are there.
  const later = decision.rule === 'silence' && (tool.rows ?? tool.resources) !== undefined
  return { decision, look: later || lets(decision, granted) }
}

/** @param granted the yeses to what this one call would otherwise have to ask for */
export async function read(work: Work, tool: AnyReadTool, decision: Decision, granted?: Yeses): Promise<Answer> {
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
  if (shown.refused.effect === 'ask' && !granted) {
    if (call.explains) return wouldHold(shown.refused)
    const key = await keyOf(call, offer, asked, hub)
    return (
      (await recall(call, offer, asked, hub)) ??
      (await hold({ ...work, asked: { ...asked, key } }, shown.refused, undefined))
    )
  }
  throw withheld(work)
}

function lets(judged: Decision, granted: Yeses | undefined): boolean {
  if (judged.effect === 'allow') return true
  return judged.effect === 'ask' && granted?.covers(judged.approvers) === true
}

function mentions(value: Json, fields: ReadonlySet<string>): boolean {
  if (typeof value === 'string') return isHidden(value, fields)
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).some(
    ([key, member]: [string, Json]) =>
      isHidden(key, fields) ||
      isHidden(singular(key), fields) ||
      isAskedFor(key, member, fields) ||
      mentions(member, fields),
  )
}

/** Filters on several values are named so: `statuses`. */
function singular(name: string): string {
  return name.replace(/e?s$/, '')
}

/** Arguments that are whole queries of a vendor's language, where a field is a word among others. */
const queries = new Set(['soql', 'jql'])

function isAskedFor(name: string, value: Json, fields: ReadonlySet<string>): boolean {
  if (!queries.has(name) || typeof value !== 'string') return false
  return (value.match(/[\p{L}\p{N}_.]+/gu) ?? []).some((word) => isHidden(word, fields))
}

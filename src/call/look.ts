// A read: look, then show what this person may see of it.
import { HubError } from '../kit/error.ts'
import type { Json, JsonObject } from '../kit/json.ts'
import type { AnyReadTool } from '../kit/tool.ts'
import type { Decision } from '../policy/decide.ts'
import type { Answer } from './call.ts'
import { hold } from './hold.ts'
import { recall } from './ledger.ts'
import { show } from './mask.ts'
import { emptyPlan } from './plan.ts'
import { reading } from './work.ts'
import type { Work } from './work.ts'

/** @param granted whether an approver has let this one call see what it would otherwise have to ask for */
export async function read(work: Work, tool: AnyReadTool, decision: Decision, granted = false): Promise<Answer> {
  const { call, trail, offer, asked, facts, hub } = work
  const hidden = decision.masks.find((field) => mentions(asked.args, field))
  // Whoever may filter or sort by a field that they may not see can find out what is in it.
  if (hidden !== undefined)
    throw new HubError('forbidden', `${hidden} is hidden by policy, so nobody can ask for it, filter or sort by it.`)
  const output: unknown = await reading(work, (context) => tool.run(asked.input, context))
  const parsed = tool.output.safeParse(output) as { success: true; data: JsonObject } | { success: false; error: unknown }
  if (!parsed.success) {
    const sentence = `The vendor's answer to ${offer.name} is not what the hub understands, so it is not passed on.`
    throw new HubError('bad_response', sentence, { cause: parsed.error })
  }
  const lets = (judged: Decision) => judged.effect === 'allow' || (granted && judged.effect === 'ask')
  const shown = show(trail.version.policy, tool, parsed.data, { ...facts, plan: emptyPlan }, decision.masks, lets)
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
  if (shown.refused.effect === 'ask')
    return (await recall(call, offer, asked, hub)) ?? (await hold(work, shown.refused, undefined))
  // The same answer for "not there" and "not yours", so that nobody can probe for what they may not see.
  throw new HubError('not_found', 'There is no such record, or you may not see it.')
}

function mentions(value: Json, field: string): boolean {
  if (typeof value === 'string') return value === field
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).some(([key, member]: [string, Json]) => key === field || mentions(member, field))
}

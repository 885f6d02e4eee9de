// What leaves a read: only records that policy lets through, without the fields that it hides, and not too much at once.
import { HubError } from '../kit/error.ts'
import { canonical } from '../kit/json.ts'
import type { Json, JsonObject } from '../kit/json.ts'
import type { Facts } from '../kit/policy.ts'
import type { AnyReadTool, Resources } from '../kit/tool.ts'
import type { Decision, Policy } from '../policy/decide.ts'
import type { PlanView } from './call.ts'

/** Several clients cut a line of 64 KB; a model reads far less. */
const bytesMax = 60 * 1024

export interface Shown {
  readonly result: JsonObject
  readonly masked: readonly string[]
  readonly notes: readonly string[]
  /** The decision on the one record of the answer, where it is one and was refused. */
  readonly refused?: Decision
}

/** The part of a read's answer that this person may see, judged record by record. */
export function show(
  policy: Policy,
  tool: AnyReadTool,
  output: JsonObject,
  facts: Facts,
  masks: readonly string[],
  lets: (decision: Decision) => boolean,
): Shown {
  if (tool.rows) return showRows(policy, tool, output, facts, masks, lets)
  if (!tool.resources) return single(output, masks)
  const decision = policy.decide({ ...facts, resources: tool.resources(output) })
  if (!lets(decision)) return { result: {}, masked: [], notes: [], refused: decision }
  return single(output, decision.masks)
}

/** Leaves the named fields out, at any depth, and says which it met. */
export function mask<T extends Json>(value: T, fields: readonly string[]): { value: T; met: readonly string[] } {
  if (fields.length === 0) return { value, met: [] }
  const met = new Set<string>()
  return { value: without(value, new Set(fields.map(plain)), met) as T, met: [...met].toSorted() }
}

/** A plan hides what a read would: a preview is no way around a mask. */
export function maskPlan(plan: PlanView, fields: readonly string[]): { plan: PlanView; met: readonly string[] } {
  const met = new Set<string>()
  const effects = plan.effects.map((effect) => {
    const before = mask(effect.before, fields)
    const after = mask(effect.after, fields)
    for (const field of [...before.met, ...after.met]) met.add(field)
    return { ...effect, before: before.value, after: after.value }
  })
  if (fields.length === 0) return { plan, met: [] }
  // Both were written from the record: where anything is hidden, they may not tell.
  const summary = effects.map(({ verb, target }) => `${verb} ${target}`).join(', ')
  const warnings = plan.warnings.length > 0 ? ['There are warnings, which may not be shown.'] : []
  return { plan: { ...plan, summary, warnings, effects }, met: [...met].toSorted() }
}

function showRows(
  policy: Policy,
  tool: AnyReadTool,
  output: JsonObject,
  facts: Facts,
  masks: readonly string[],
  lets: (decision: Decision) => boolean,
): Shown {
  const rows = tool.rows as { readonly in: string; readonly resources: (row: Json) => Resources }
  const all = output[rows.in] as readonly JsonObject[]
  const met = new Set<string>()
  const shown: JsonObject[] = []
  for (const row of all) {
    const decision = policy.decide({ ...facts, resources: rows.resources(row) })
    if (!lets(decision)) continue
    const masked = mask(row, decision.masks)
    for (const field of masked.met) met.add(field)
    shown.push(masked.value)
  }
  // The rest of the answer is masked by what holds for every record.
  const rest = mask({ ...output, [rows.in]: [] }, masks)
  for (const field of rest.met) met.add(field)
  const { kept, cut } = fitting(shown)
  const notes =
    cut > 0 ? [`${cut} more were left out because the answer would be too large. Ask for fewer, or narrower.`] : []
  return { result: { ...rest.value, [rows.in]: kept }, masked: [...met].toSorted(), notes }
}

function single(output: JsonObject, masks: readonly string[]): Shown {
  const { value, met } = mask(output, masks)
  if (bytes(value) > bytesMax) {
    throw new HubError(
      'bad_response',
      `The answer is larger than ${bytesMax / 1024} KB. Ask for less of it: fewer fields, or a smaller max_chars or limit.`,
    )
  }
  return { result: value, masked: met, notes: [] }
}

function fitting(rows: readonly JsonObject[]): { kept: readonly JsonObject[]; cut: number } {
  let size = 0
  const end = rows.findIndex((row) => (size += bytes(row) + 1) > bytesMax)
  return end === -1 ? { kept: rows, cut: 0 } : { kept: rows.slice(0, end), cut: rows.length - end }
}

function bytes(value: Json): number {
  return Buffer.byteLength(canonical(value))
}

function without(value: Json, fields: ReadonlySet<string>, met: Set<string>): Json {
  if (Array.isArray(value)) return value.map((item: Json) => without(item, fields, met))
  if (typeof value !== 'object' || value === null) return value
  const kept: Record<string, Json> = {}
  for (const [key, member] of Object.entries(value as JsonObject)) {
    if (isHidden(key, fields)) met.add(key)
    else kept[key] = without(member, fields, met)
  }
  return kept
}

/** Vendors do not tell `Amount` from `amount`, and reach it from elsewhere as `Opportunity.Amount`. */
export function isHidden(name: string, fields: ReadonlySet<string>): boolean {
  const whole = plain(name)
  return fields.has(whole) || whole.split('.').some((part) => fields.has(part))
}

export function plain(field: string): string {
  return field.toLowerCase()
}

// Values that a call adds to a field that holds several, or takes from it: all others stay, whoever adds them meanwhile.
import { HubError } from 'toolgate/kit'
import type { Json, JsonObject } from 'toolgate/kit'
import { z } from 'zod'
import { fieldCalled, oneValue, valueNow } from './fields.ts'
import { line } from './ids.ts'
import type { Field } from './jira.ts'
import { sentence } from './planning.ts'

/** Of each field: its values. */
export const valueSets = z
  .record(
    line(100),
    z
      .array(z.string().regex(/^[^\r\n\t]{1,255}$/, 'must be one line'))
      .min(1)
      .max(50),
  )
  .refine((fields) => Object.keys(fields).length <= 10, 'must name at most 10 fields')
type ValueSets = z.output<typeof valueSets>

export interface SetChange {
  readonly field: string
  readonly name?: string
  readonly before: Json
  readonly after: Json
  /** As Jira takes them. */
  readonly operations: readonly JsonObject[]
  /** As a call says them. */
  readonly added: readonly string[]
  readonly removed: readonly string[]
}

/** What of it is still to be taken back, by the id of the field. */
export type Sets = Readonly<Record<string, { readonly add: readonly string[]; readonly remove: readonly string[] }>>

/** Labels have a parameter of their own, and are a field that holds several all the same. */
export function listCalled(name: string, editable: readonly Field[]): Field | undefined {
  if (name.toLowerCase() === 'labels') return editable.find(({ id }) => id === 'labels')
  return fieldCalled(name, editable)
}

/** @param now what the issue has in these fields, by id */
export function setChanges(
  { add = {}, remove = {} }: { readonly add?: ValueSets | undefined; readonly remove?: ValueSets | undefined },
  editable: readonly Field[],
  now: Readonly<Record<string, unknown>>,
): readonly SetChange[] {
  const named = [...Object.keys(add), ...Object.keys(remove)].map((name) => listOf(name, editable))
  return [...new Set(named)].flatMap((field) => {
    const given = (sets: ValueSets) =>
      Object.entries(sets).flatMap(([name, values]) =>
        listOf(name, editable) === field ? values.map((each) => oneValue(field, each)) : [],
      )
    const before = wordsNow(field, now[field.id])
    const [added, removed] = [given(add), given(remove)]
    const both = added.find(({ word }) => removed.some((each) => each.word === word))
    if (both !== undefined)
      throw new HubError('invalid_input', `"${both.word}" cannot be both added to ${field.name} and removed from it.`)
    const adds = unique(added).filter(({ word }) => !before.includes(word))
    const removes = unique(removed).filter(({ word }) => before.includes(word))
    if (adds.length + removes.length === 0) return []
    const gone = new Set(removes.map(({ word }) => word))
    return [
      {
        field: field.id,
        ...(field.id === 'labels' ? {} : { name: field.name }),
        before,
        after: [...before.filter((each) => !gone.has(each)), ...adds.map(({ word }) => word)],
        operations: [...adds.map(({ sent }) => ({ add: sent })), ...removes.map(({ sent }) => ({ remove: sent }))],
        added: adds.map(({ word }) => word),
        removed: removes.map(({ word }) => word),
      },
    ]
  })
}

/** Three ways, value by value: what was added goes if it is there, what was taken comes back if it is not. */
export function setsBack(sets: Sets, editable: readonly Field[], now: Readonly<Record<string, unknown>>) {
  const back: { readonly add: Record<string, string[]>; readonly remove: Record<string, string[]> } = { add: {}, remove: {} }
  const kept: string[] = []
  for (const [id, { add, remove }] of Object.entries(sets)) {
    const field = listCalled(id, editable)
    const words = field === undefined ? undefined : wordsNow(field, now[id])
    const [adds, removes] = [
      remove.filter((each) => words?.includes(each) === false),
      add.filter((each) => words?.includes(each)),
    ]
    if (adds.length > 0) back.add[id] = adds
    if (removes.length > 0) back.remove[id] = removes
    if (adds.length + removes.length < add.length + remove.length) kept.push(field?.name ?? id)
  }
  const some = (given: Record<string, string[]>) => (Object.keys(given).length > 0 ? given : undefined)
  return { add: some(back.add), remove: some(back.remove), kept }
}

function listOf(name: string, editable: readonly Field[]): Field {
  const found = listCalled(name, editable)
  const takes = ({ schema, operations = [] }: Field) =>
    schema.type === 'array' && operations.includes('add') && operations.includes('remove')
  if (found !== undefined && takes(found)) return found
  const lists = editable.filter((each) => takes(each) && listCalled(each.id, editable) === each).map((each) => each.name)
  throw new HubError('invalid_input', `"${name}" is no field here that values are added to. There are: ${sentence(lists)}.`)
}

function wordsNow(field: Field, raw: unknown): readonly string[] {
  const now = valueNow(field, raw)
  return Array.isArray(now) ? now.map(String) : now === null ? [] : [String(now)]
}

function unique<Value extends { readonly word: string }>(values: readonly Value[]): readonly Value[] {
  return [...new Map(values.map((each) => [each.word, each])).values()]
}

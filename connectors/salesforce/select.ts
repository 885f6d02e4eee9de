// Which fields a read asks for, and records as they are handed out: named, bounded, without what cannot be seen.
import { HubError, cutText, visibleText } from 'toolgate/kit'
import type { Reads, Resources } from 'toolgate/kit'
import { z } from 'zod'
import { apiName } from './identifiers.ts'
import { profileOf, relationshipPaths } from './objects.ts'
import type { ObjectName } from './objects.ts'
import type { ObjectSchema, Salesforce, Values } from './salesforce.ts'
import { bandEntry, placeFields, valueEntry } from './scope.ts'
import type { Scoping } from './scope.ts'

const fieldPath = z
  .string()
  .regex(
    /^[A-Za-z][A-Za-z0-9_]{0,79}(?:\.Name)?$/,
    'Write a field of the object, or Owner.Name, Account.Name, Contact.Name.',
  )
export const fieldList = z.array(fieldPath).min(1).max(40)

export const row = z.strictObject({
  object: apiName,
  id: z.string(),
  fields: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  /** Of which fields it says something without showing them: it was found by them, or they are empty. */
  about: z.array(z.string()).optional(),
  /** What tells it apart for policies, where the configuration names such fields: `Account.Region__c`. */
  scope: z.strictObject({ value: z.record(z.string(), z.string()), band: z.record(z.string(), z.string()) }).optional(),
})
export type Row = z.output<typeof row>

/** Salesforce keeps people's and customers' words: whoever reads them must not take them for instructions. */
export const untrusted = z.literal('untrusted')

// Compound fields come as objects; their parts are fields of their own.
const unreadable = new Set(['address', 'location', 'base64', 'complexvalue', 'anyType'])
const rowsBudget = 48_000

/** What a read asks for. */
export interface Selection {
  /** In the org's own spelling. */
  readonly fields: readonly string[]
  /** Those, and what has to be read besides to know where a record lives. */
  readonly columns: readonly string[]
  /** Every field that an answer says something of, as `Account.Phone`, where it does not show it. */
  readonly about: readonly string[]
}

type Narrowed = Pick<Reads<Salesforce>, 'within' | 'vendor'>

/** The named fields, the compact ones where none are named; `by`: those that records are found or ordered by. */
export function select(
  { within, vendor }: Narrowed,
  schema: ObjectSchema,
  object: ObjectName,
  named: readonly string[] | undefined,
  by: readonly string[] = [],
): Selection {
  const [objects, entries] = [within('sf.object'), within('sf.field')]
  const open = (path: string) => entries === undefined || entries.includes(fieldEntry(object, path))
  const fields = named
    ? [...new Set(named.map((path) => readable(schema, path)))]
    : profileOf(schema, vendor.idempotencyField).compact.filter(
        (path) => isVisible(schema, path) && isWithin(path, objects) && open(path),
      )
  const asked = by.map((path) => schema.field(path).name)
  const closed = [...fields, ...asked].find((path) => !open(path))
  if (closed !== undefined)
    throw new HubError('forbidden', `${closed} of ${object} is not among the fields that policy lets you ask for.`)
  const about = entries === undefined ? asked : [...fields, ...asked]
  return {
    fields,
    columns: [...new Set([...fields, ...placeColumns(vendor.scoping, schema, object, fields)])],
    about: [...new Set(about.map((path) => fieldEntry(object, path)))],
  }
}

/** The same as entries, for asking whether they may be; names that do not exist are left for the error that says so. */
export function askedFields(
  context: Narrowed,
  schema: ObjectSchema,
  object: ObjectName,
  named: readonly string[] | undefined,
  by: readonly string[] = [],
): readonly string[] {
  const given = [...(named ?? []), ...by].map((path) => (schema.has(path) ? schema.field(path).name : path))
  const shown = named === undefined ? select(context, schema, object, undefined).fields : []
  const entries = [...shown, ...given].map((path) => fieldEntry(object, path))
  return entries.length > 0 ? entries : [`${object}.Id`]
}

/** As a rule's `where` names it: of whom a record belongs to, the name is a part of `OwnerId`. */
export function fieldEntry(object: string, path: string): string {
  if (path === 'Owner.Name') return `${object}.OwnerId`
  return path.includes('.') ? path : `${object}.${path}`
}

function placeColumns(
  scoping: Scoping,
  schema: ObjectSchema,
  object: ObjectName,
  fields: readonly string[],
): readonly string[] {
  const own = placeFields(scoping, object).map((name) => schema.field(name).name)
  const parents = fields.flatMap((path) => {
    const parent = relationshipPaths.get(path)
    return parent === undefined ? [] : placeFields(scoping, parent).map((name) => `${path.split('.')[0]}.${name}`)
  })
  return [...own, ...parents]
}

/** Where the one record or row of an answer lives. */
export function resourcesOf({ object, fields, about = [], scope }: Row): Resources {
  const parents = Object.keys(fields).flatMap((path) => relationshipPaths.get(path) ?? [])
  const objects = [...new Set([object, ...parents])]
  const shown = Object.keys(fields).map((path) => fieldEntry(object, path))
  const named = [...new Set([...shown, ...about])]
  const entries = (of: Readonly<Record<string, string>> = {}) =>
    objects.map((one) => {
      const key = Object.keys(of).find((name) => name.startsWith(`${one}.`))
      return key === undefined ? one : key + of[key]
    })
  return {
    'sf.object': objects.length === 1 ? object : objects,
    'sf.field': named.length > 0 ? named : [`${object}.Id`],
    'sf.value': entries(scope?.value),
    'sf.band': entries(scope?.band),
  }
}

/** A record for the caller; `cut` names the texts that were shortened to `longest` characters. */
export function present(
  scoping: Scoping,
  object: ObjectName,
  values: Values,
  { fields, about }: Pick<Selection, 'fields' | 'about'>,
  longest: number,
): { readonly row: Row; readonly cut: readonly string[] } {
  const cut: string[] = []
  const shown = fields.flatMap((name): [string, string | number | boolean][] => {
    const value = values[name]
    if (value === undefined) return []
    if (typeof value !== 'string') return [[name, value]]
    const text = cutText(visibleText(value), longest)
    if (text.cut) cut.push(name)
    return [[name, text.cut ? `${text.text}…` : text.text]]
  })
  const seen = new Set(shown.map(([name]) => fieldEntry(object, name)))
  const unseen = about.filter((entry) => !seen.has(entry))
  const scope = scopeOf(scoping, object, values, shown)
  const presented = {
    object,
    id: String(values['Id']),
    fields: Object.fromEntries(shown),
    ...(unseen.length > 0 && { about: unseen }),
    ...(scope && { scope }),
  }
  return { row: presented, cut }
}

function scopeOf(
  scoping: Scoping,
  object: ObjectName,
  values: Values,
  shown: readonly (readonly [string, unknown])[],
): Row['scope'] {
  const parents = shown.flatMap(([path]) => {
    const parent = relationshipPaths.get(path)
    return parent === undefined ? [] : [[parent, path.split('.')[0] ?? ''] as const]
  })
  const [value, band]: [Record<string, string>, Record<string, string>] = [{}, {}]
  for (const [one, through] of [[object, ''] as const, ...parents]) {
    const record = through === '' ? values : below(values, through)
    put(value, valueEntry(scoping, one, record), one, scoping.value_fields[one])
    put(band, bandEntry(scoping, one, record), one, scoping.bands[one]?.field)
  }
  return Object.keys(value).length + Object.keys(band).length > 0 ? { value, band } : undefined
}

/** Under the field's name, so that a mask on the field finds it. */
function put(into: Record<string, string>, entry: string, object: string, field: string | undefined): void {
  if (field !== undefined) into[`${object}.${field}`] = entry.slice(`${object}.${field}`.length)
}

function below(values: Values, relationship: string): Readonly<Record<string, unknown>> {
  const start = `${relationship}.`
  const own = Object.entries(values).filter(([path]) => path.startsWith(start))
  return Object.fromEntries(own.map(([path, value]) => [path.slice(start.length), value]))
}

/** As many rows, from the first, as an answer can carry; always one. */
export function fit(rows: readonly Row[]): readonly Row[] {
  let size = 0
  const end = rows.findIndex((one, index) => {
    size += Buffer.byteLength(JSON.stringify(one))
    return index > 0 && size > rowsBudget
  })
  return end === -1 ? rows : rows.slice(0, end)
}

function readable(schema: ObjectSchema, path: string): string {
  const relationship = [...relationshipPaths.keys()].find((known) => known.toLowerCase() === path.toLowerCase())
  if (relationship !== undefined && isVisible(schema, relationship)) return relationship
  if (path.includes('.'))
    throw new HubError(
      'invalid_input',
      `${schema.name} cannot show ${path}; only the names of its owner, account or contact.`,
    )
  const field = schema.field(path)
  if (unreadable.has(field.type)) throw new HubError('invalid_input', `${field.name} has parts; ask for those instead.`)
  return field.name
}

function isVisible(schema: ObjectSchema, path: string): boolean {
  const [relationship, through] = path.split('.')
  if (through === undefined) return schema.has(path)
  const [only, ...others] = schema.fields.find((field) => field.relationshipName === relationship)?.referenceTo ?? []
  const parent = relationshipPaths.get(path)
  // Of an owner the name is shown, whether it is a user or a queue.
  return parent === undefined ? only !== undefined : only === parent && others.length === 0
}

function isWithin(path: string, within: readonly string[] | undefined): boolean {
  const object = relationshipPaths.get(path)
  return object === undefined || within === undefined || within.includes(object)
}

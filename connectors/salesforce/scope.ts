// Where a record lives, in the kinds that a rule's `where` can name: its object, the fields in play, its value of the one
// field that tells the records of its object apart, and the band in which its amount is.
import type { JsonObject, Reads, Resources } from 'toolgate/kit'
import { z } from 'zod'
import { apiName } from './identifiers.ts'
import type { ObjectName } from './objects.ts'
import type { ObjectSchema, Salesforce } from './salesforce.ts'
import { condition } from './soql.ts'

/** What every tool for records resolves. */
export const kinds = ['sf.object', 'sf.field', 'sf.value', 'sf.band'] as const

const bounds = z
  .array(z.number())
  .min(1)
  .max(20)
  .refine((each) => each.every((one, index) => index === 0 || one > each[index - 1]!), 'Write the bounds in rising order.')

export const scopingSettings = {
  /** By object, the field whose value `sf.value` names: `{ "Account": "Region__c" }` gives `Account.Region__c=EMEA`. */
  value_fields: z.record(apiName, apiName).default({}),
  /** By object, a number and its bounds, for `sf.band`: `Opportunity.Amount<=50000`, `Opportunity.Amount>50000`. */
  bands: z.record(apiName, z.strictObject({ field: apiName, up_to: bounds })).default({}),
}
export type Scoping = z.output<z.ZodObject<typeof scopingSettings>>

/** A record as far as it is known: before and after a write, one of the two where it is made or deleted. */
export interface Placed {
  readonly object: ObjectName
  readonly states: readonly Readonly<Record<string, unknown>>[]
}

type Context = Pick<Reads<Salesforce>, 'within' | 'admit'>

/** The fields that have to be read to know where a record lives. */
export function placeFields(scoping: Scoping, object: ObjectName): readonly string[] {
  return [scoping.value_fields[object], scoping.bands[object]?.field].filter((name) => name !== undefined)
}

/** Of records that are known, also of several that one change touches; `fields` as `Account.Phone`. */
export function resourcesFor(scoping: Scoping, placed: readonly Placed[], fields: readonly string[]): Resources {
  const objects = [...new Set(placed.map(({ object }) => object))]
  const all = (entry: (object: ObjectName, state: Placed['states'][number]) => string) => [
    ...new Set(placed.flatMap(({ object, states }) => states.map((state) => entry(object, state)))),
  ]
  return {
    'sf.object': objects.length === 1 ? objects[0]! : objects,
    'sf.field': [...new Set(fields)],
    'sf.value': all((object, state) => valueEntry(scoping, object, state)),
    'sf.band': all((object, state) => bandEntry(scoping, object, state)),
  }
}

/**
 * Lets the call go on before its records are read, where the object alone says where they live. Otherwise it is asked
 * again once they are there.
 */
export function admitObjects(
  context: Context,
  scoping: Scoping,
  objects: readonly ObjectName[],
  fields: readonly string[],
): void {
  if (objects.some((object) => placeFields(scoping, object).length > 0)) return
  const placed = objects.map((object) => ({ object, states: [{}] }))
  context.admit(resourcesFor(scoping, placed, fields))
}

/** `Account` where nothing tells its records apart. */
export function valueEntry(scoping: Scoping, object: ObjectName, record: Readonly<Record<string, unknown>>): string {
  const field = scoping.value_fields[object]
  return field === undefined ? object : `${object}.${field}=${plainText(record[field])}`
}

export function bandEntry(scoping: Scoping, object: ObjectName, record: Readonly<Record<string, unknown>>): string {
  const band = scoping.bands[object]
  if (!band) return object
  const value = record[band.field]
  const said = `${object}.${band.field}`
  if (value === undefined || value === null) return `${said}=`
  if (typeof value !== 'number') return `${said}=?`
  const bound = band.up_to.find((one) => value <= one)
  return bound === undefined ? `${said}>${String(band.up_to.at(-1))}` : `${said}<=${bound}`
}

function plainText(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''
}

/** A new record: what the org fills in by itself is not known. */
export function newState(
  scoping: Scoping,
  schema: ObjectSchema,
  object: ObjectName,
  values: JsonObject,
): Readonly<Record<string, unknown>> {
  const unknown = placeFields(scoping, object).filter(
    (name) => values[name] === undefined && schema.field(name).defaultedOnCreate,
  )
  return { ...values, ...Object.fromEntries(unknown.map((name) => [name, '?'])) }
}

/** A change that links a record to others also lives where those do. */
export function linked(scoping: Scoping, resources: Resources, others: readonly Placed[]): Resources {
  const found = resourcesFor(scoping, others, [])
  const both = (kind: 'sf.value' | 'sf.band') => {
    const placed = [found[kind] ?? []].flat().filter((entry) => entry.includes('.'))
    return [...new Set([...[resources[kind] ?? []].flat(), ...placed])]
  }
  return { ...resources, 'sf.value': both('sf.value'), 'sf.band': both('sf.band') }
}

/** The fields of a write as entries, in the org's own spelling as far as they exist. */
export function fieldEntries(schema: ObjectSchema, object: string, names: readonly string[]): readonly string[] {
  return names.map((name) => `${object}.${schema.has(name) ? schema.field(name).name : name}`)
}

/**
 * What keeps a query to the records that policy narrows this person to, as conditions on the object.
 *
 * @param path where the object is seen from: `Account.` for a parent
 */
export function narrowing(
  context: Pick<Context, 'within'>,
  scoping: Scoping,
  schema: ObjectSchema,
  object: ObjectName,
  path = '',
): readonly string[] {
  return [
    ...kept(context.within('sf.value'), scoping.value_fields[object], object, (entries, field) =>
      valueConditions(schema, object, field, entries).map((one) => path + one),
    ),
    ...kept(context.within('sf.band'), scoping.bands[object]?.field, object, (entries, field) =>
      bandConditions(scoping.bands[object]!.up_to, `${object}.${field}`, `${path}${field}`, entries),
    ),
  ]
}

function kept(
  entries: readonly string[] | undefined,
  field: string | undefined,
  object: ObjectName,
  conditions: (entries: readonly string[], field: string) => readonly string[],
): readonly string[] {
  if (entries === undefined) return []
  if (field === undefined) return entries.includes(object) ? [] : ['Id = null']
  const any = conditions(entries, field)
  return [any.length === 0 ? 'Id = null' : any.join(' OR ')]
}

function valueConditions(
  schema: ObjectSchema,
  object: ObjectName,
  field: string,
  entries: readonly string[],
): readonly string[] {
  const start = `${object}.${field}=`
  return entries
    .filter((entry) => entry.startsWith(start))
    .map((entry) => condition(schema, { field, op: 'eq', value: typed(schema, field, entry.slice(start.length)) }))
}

function typed(schema: ObjectSchema, field: string, text: string): string | number | boolean | null {
  if (text === '') return null
  const { type } = schema.field(field)
  if (type === 'boolean') return text === 'true'
  return ['int', 'long', 'double', 'currency', 'percent'].includes(type) ? Number(text) : text
}

function bandConditions(
  upTo: readonly number[],
  start: string,
  field: string,
  entries: readonly string[],
): readonly string[] {
  const inside = (entry: string) => entries.includes(entry)
  return [
    ...upTo.flatMap((bound, index) => {
      if (!inside(`${start}<=${bound}`)) return []
      const below = upTo[index - 1]
      return [below === undefined ? `${field} <= ${bound}` : `(${field} > ${below} AND ${field} <= ${bound})`]
    }),
    ...(inside(`${start}>${upTo.at(-1)}`) ? [`${field} > ${upTo.at(-1)}`] : []),
    ...(inside(`${start}=`) ? [`${field} = null`] : []),
  ]
}

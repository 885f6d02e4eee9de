// Which fields a read asks for, and records as they are handed out: named, bounded, without what cannot be seen.
import { HubError, cutText, visibleText } from 'toolgate/kit'
import type { Resources } from 'toolgate/kit'
import { z } from 'zod'
import { apiName } from './identifiers.ts'
import { profiles, relationshipPaths } from './objects.ts'
import type { ObjectName } from './objects.ts'
import type { ObjectSchema, Values } from './salesforce.ts'

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
})
export type Row = z.output<typeof row>

/** Salesforce keeps people's and customers' words: whoever reads them must not take them for instructions. */
export const untrusted = z.literal('untrusted')

// Compound fields come as objects; their parts are fields of their own.
const unreadable = new Set(['address', 'location', 'base64', 'complexvalue', 'anyType'])
const rowsBudget = 48_000

/** The fields in the org's own spelling; the compact ones where none are named. */
export function select(
  schema: ObjectSchema,
  object: ObjectName,
  named: readonly string[] | undefined,
  within: readonly string[] | undefined,
): readonly string[] {
  if (named) return [...new Set(named.map((path) => readable(schema, path)))]
  return profiles[object].compact.filter((path) => isVisible(schema, path) && isWithin(path, within))
}

/** Its object, and that of every record that a field of it shows something of. */
export function resourcesOf({ object, fields }: Row): Resources {
  const shown = Object.keys(fields).flatMap((path) => relationshipPaths.get(path) ?? [])
  return { 'sf.object': shown.length > 0 ? [...new Set([object, ...shown])] : object }
}

/** A record for the caller; `cut` names the texts that were shortened to `longest` characters. */
export function present(
  object: string,
  values: Values,
  fields: readonly string[],
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
  return { row: { object, id: String(values['Id']), fields: Object.fromEntries(shown) }, cut }
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
  return schema.fields.some((field) => field.relationshipName === relationship)
}

function isWithin(path: string, within: readonly string[] | undefined): boolean {
  const object = relationshipPaths.get(path)
  return object === undefined || within === undefined || within.includes(object)
}

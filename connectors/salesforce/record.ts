// One record, read for a plan or right before its change is sent.
import { HubError, cutText, visibleText } from 'toolgate/kit'
import type { JsonObject, Reads } from 'toolgate/kit'
import { keyPrefix, toLongId } from './identifiers.ts'
import { titleField } from './objects.ts'
import type { ObjectName } from './objects.ts'
import type { ObjectSchema, Salesforce, SalesforceReader, Values } from './salesforce.ts'

/** All that an update or a deletion is given: it says on which state of the record it was decided. */
export interface Basis {
  readonly object: ObjectName
  readonly id: string
  /** SystemModstamp, in the spelling of Salesforce. */
  readonly rev: string
}

/** The id in its long form, if it can be one of this object. */
export function idOf(schema: ObjectSchema, id: string): string {
  if (schema.keyPrefix === keyPrefix(id)) return toLongId(id)
  throw new HubError(
    'invalid_input',
    `This is not the id of a record of ${schema.name}: those begin with ${schema.keyPrefix}.`,
  )
}

/** Fields that have no value are left out. */
export async function fetchRecord(
  vendor: SalesforceReader,
  object: ObjectName,
  id: string,
  fields: readonly string[],
): Promise<Values> {
  // Identifiers are the org's own, and the id is letters and digits only.
  const columns = [...new Set(['Id', 'SystemModstamp', ...fields])]
  const [record] = await vendor.query(`SELECT ${columns.join(', ')} FROM ${object} WHERE Id = '${id}' LIMIT 1`)
  if (record) return record
  throw new HubError('not_found', `There is no ${object} with the id ${id}, or the hub's user may not see it.`)
}

export function revOf(record: Values): string {
  const stamp = record['SystemModstamp']
  if (typeof stamp === 'string' && !Number.isNaN(Date.parse(stamp))) return stamp
  throw new HubError('bad_response', 'Salesforce did not say when the record was last changed.')
}

/** The named fields, with null for those that have no value. */
export function snapshot(record: Values, fields: readonly string[]): JsonObject {
  return Object.fromEntries(fields.map((name) => [name, record[name] ?? null]))
}

/**
 * Refuses when the record is not as the plan saw it. It compares values too: a stamp counts whole seconds, so that two
 * changes within one of them look the same.
 */
export async function requireUnmoved(
  vendor: SalesforceReader,
  { object, id, rev }: Basis,
  before: JsonObject,
): Promise<void> {
  const record = await fetchRecord(vendor, object, id, Object.keys(before))
  const same = revOf(record) === rev && Object.entries(before).every(([name, value]) => (record[name] ?? null) === value)
  if (!same)
    throw new HubError('conflict', `The ${object} was changed since it was read. Nothing was written; read it again.`)
}

/** The field that takes the id of the operation which makes a record of this object, where the org has it here. */
export function tagOf(vendor: SalesforceReader, schema: ObjectSchema): string | null {
  const name = vendor.idempotencyField
  if (name === undefined || !schema.has(name)) return null
  const field = schema.field(name)
  return field.externalId && field.unique && field.createable && field.length >= 64 ? field.name : null
}

/** The same, as it is shown: what a reader cannot see is not in it. */
export function shown(values: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, typeof value === 'string' ? visibleText(value) : value]),
  )
}

/** What to call a record in a sentence. */
export function titleOf(context: Pick<Reads<Salesforce>, 'within'>, schema: ObjectSchema, record: Values): string {
  const object = schema.name
  const field = titleField(schema)
  const entries = context.within('sf.field')
  // Where policy lets somebody see other fields only, a sentence does not show this one.
  if (entries && !entries.includes(`${object}.${field}`)) return object
  const title = record[field] ?? record['CaseNumber']
  return title === undefined ? object : `${object} “${cutText(visibleText(String(title)), 120).text}”`
}

// What Salesforce shows of a write whose answer was lost.
import type { Evidence, JsonObject } from 'toolgate/kit'
import type { ObjectName } from './objects.ts'
import type { Basis } from './record.ts'
import type { Salesforce, SalesforceReader, Values } from './salesforce.ts'

type Found = { readonly verdict: 'happened'; readonly id: string } | { readonly verdict: 'absent' | 'unclear' }

interface Sent {
  readonly vendor: SalesforceReader
  readonly operationId: string
  readonly sentAt: Date
}

/** Salesforce ends a request after ten minutes: what is not there by then was not carried out. */
export const settlesMs = 11 * 60_000

/** How far the clocks of the hub and of Salesforce may be apart. */
export const skewMs = 5 * 60_000
const most = 200

export interface Creation {
  readonly object: ObjectName
  readonly values: JsonObject
  /** The external id field that takes the operation's id, where the object has it. */
  readonly tag: string | null
}

/** Makes the record once: where its object has a field for it, under the operation's id, which cannot be taken twice. */
export async function createOnce(vendor: Salesforce, creation: Creation, operationId: string): Promise<string> {
  const { object, values, tag } = creation
  if (tag === null || object === 'CaseComment') return vendor.write.create(object, values)
  return (await vendor.write.upsert(object, { field: tag, value: operationId }, values)).id
}

/**
 * By the operation's id where the record carries it. Otherwise by what only the hub's user made since the send, with
 * exactly these values; two such records, or one that an automation may have altered, are no proof.
 */
export async function evidenceOfCreate(creation: Creation, { vendor, operationId, sentAt }: Sent): Promise<Found> {
  const { object, values, tag } = creation
  if (tag !== null) {
    // An operation's id is made by the hub, of letters, digits, _ and -.
    const [made] = await vendor.query(`SELECT Id FROM ${object} WHERE ${tag} = '${operationId}' LIMIT 1`)
    return made ? { verdict: 'happened', id: String(made['Id']) } : { verdict: 'absent' }
  }
  const sent = Math.floor(sentAt.getTime() / 1_000) * 1_000
  const made = await madeSince(vendor, object, Object.keys(values), new Date(sent - skewMs))
  const exact = made.filter((record) => hasValues(record, values))
  const [only] = exact
  if (only && exact.length === 1 && Date.parse(String(only['CreatedDate'])) >= sent)
    return { verdict: 'happened', id: String(only['Id']) }
  const near = made.some((record) => Object.entries(values).some(([name, value]) => isTelling(record[name], value)))
  return { verdict: near || made.length === most ? 'unclear' : 'absent' }
}

/** The values asked for, put there by the hub's user in a change after the plan; as planned on, it did not happen. */
export async function evidenceOfUpdate(
  { object, id, rev }: Basis,
  { before, set }: { readonly before: JsonObject; readonly set: JsonObject },
  { vendor }: Sent,
): Promise<Evidence<never>> {
  const columns = [...new Set(['SystemModstamp', 'LastModifiedById', ...Object.keys(set)])]
  const [record] = await vendor.query(`SELECT ${columns.join(', ')} FROM ${object} WHERE Id = '${id}' LIMIT 1`)
  if (!record) return { verdict: 'unclear' }
  const moved = record['SystemModstamp'] !== rev
  const ours = record['LastModifiedById'] === (await vendor.userId())
  if (moved && ours && hasValues(record, set)) return { verdict: 'happened' }
  return { verdict: !moved && hasValues(record, before) ? 'absent' : 'unclear' }
}

/** Deleted by the hub's user since the send. A record that is nowhere may have been deleted and emptied by anyone. */
export async function evidenceOfDelete(
  object: ObjectName,
  id: string,
  { vendor, sentAt }: Sent,
): Promise<'happened' | 'absent' | 'unclear'> {
  const soql = `SELECT IsDeleted, LastModifiedById, SystemModstamp FROM ${object} WHERE Id = '${id}' LIMIT 1`
  const [record] = await vendor.queryAll(soql)
  if (!record) return 'unclear'
  if (record['IsDeleted'] !== true) return 'absent'
  const since = Date.parse(String(record['SystemModstamp'])) >= sentAt.getTime() - skewMs
  return since && record['LastModifiedById'] === (await vendor.userId()) ? 'happened' : 'unclear'
}

export async function madeSince(
  vendor: SalesforceReader,
  object: string,
  fields: readonly string[],
  since: Date,
): Promise<readonly Values[]> {
  const columns = [...new Set(['Id', 'CreatedDate', ...fields])].join(', ')
  const mine = `CreatedById = '${await vendor.userId()}' AND CreatedDate >= ${since.toISOString()}`
  return vendor.query(`SELECT ${columns} FROM ${object} WHERE ${mine} ORDER BY CreatedDate DESC LIMIT ${most}`)
}

export function hasValues(record: Values, values: JsonObject): boolean {
  return Object.entries(values).every(([name, value]) => isSame(record[name], value))
}

/** Salesforce keeps no empty text, no blanks around one, and no carriage returns. */
export function isSame(kept: unknown, value: unknown): boolean {
  return normal(kept) === normal(value)
}

function normal(value: unknown): unknown {
  if (typeof value !== 'string') return value ?? null
  return value.replace(/\r\n?/g, '\n').trim() || null
}

/** A text of some length says something; a status or a small number is shared by many records. */
function isTelling(kept: unknown, value: unknown): boolean {
  return typeof value === 'string' && value.length >= 4 && !/^[a-zA-Z0-9]{18}$/.test(value) && isSame(kept, value)
}

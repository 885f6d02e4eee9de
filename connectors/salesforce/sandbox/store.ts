// The records of the org and who may do what with them.
import type { Json, JsonObject, SandboxState } from 'toolgate/kit'
import { sandboxId } from './ids.ts'
import type { SandboxObject } from './schema.ts'
import type { SandboxUser } from './users.ts'

/** What one request works on. */
export interface Place {
  readonly state: SandboxState
  readonly object: SandboxObject
  /** Of the API, as the path says it after its `v`: `66.0`. */
  readonly version: string
  readonly now: Date
  /** Whose session it is. */
  readonly user: SandboxUser
}

export type SandboxRecord = Readonly<Record<string, string | number | boolean | null>>

const people = ['toolgate', 'maya', 'jonas', 'priya', 'tomas', 'ines', 'noor', 'wei']

/** The user as whom the hub works. */
export const hubUserId = userId('toolgate')

export function userId(person: string): string {
  return sandboxId('005', people.indexOf(person) + 1)
}

/** Sharing: everyone sees everything, but what Finance owns can be changed by Finance only. */
export function mayEdit(record: SandboxRecord): boolean {
  return record['OwnerId'] !== userId('noor')
}

export function find(state: SandboxState, object: SandboxObject, id: string): SandboxRecord | undefined {
  return state.get(object.name, id) as SandboxRecord | undefined
}

/** Without the deleted ones, in order of their ids. */
export function all(state: SandboxState, object: SandboxObject): readonly SandboxRecord[] {
  return everyOne(state, object).filter((record) => record['IsDeleted'] !== true)
}

export function everyOne(state: SandboxState, object: SandboxObject): readonly SandboxRecord[] {
  return state.list(object.name).map(({ value }) => value as SandboxRecord)
}

export function save(state: SandboxState, object: SandboxObject, record: SandboxRecord): void {
  state.put(object.name, String(record['Id']), record)
}

/** Times as Salesforce writes them: whole seconds, `+0000`. */
export function salesforceTime(time: Date): string {
  return time.toISOString().replace(/\.\d{3}Z$/, '.000+0000')
}

/** Its stamp moves with every edit, also with the second one within a second. */
export function stamped(record: SandboxRecord, { now, user }: Pick<Place, 'now' | 'user'>): SandboxRecord {
  const earlier = Date.parse(String(record['SystemModstamp']))
  const time = salesforceTime(new Date(Math.max(now.getTime(), earlier + 1_000)))
  return { ...record, SystemModstamp: time, LastModifiedDate: time, LastModifiedById: user.id }
}

/** A record as it is answered: where it is, then the fields asked for. */
export function answered(object: string, id: string, version: string, fields: Readonly<Record<string, Json>>): JsonObject {
  return { attributes: { type: object, url: `/services/data/v${version}/sobjects/${object}/${id}` }, ...fields }
}

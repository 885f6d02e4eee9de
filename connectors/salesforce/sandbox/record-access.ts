// UserRecordAccess: what a user may do with a record, computed when asked for.
// https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_userrecordaccess.htm
import type { Query, WhereClause } from '@jetstreamapp/soql-parser-js'
import type { JsonObject, SandboxState } from 'toolgate/kit'
import { Refusal } from './refusal.ts'
import { objects } from './schema.ts'
import { find, mayEdit } from './store.ts'
import type { SandboxUser, Verb } from './users.ts'

const fields = [
  'RecordId',
  'HasReadAccess',
  'HasEditAccess',
  'HasDeleteAccess',
  'HasTransferAccess',
  'HasAllAccess',
] as const

export function userRecordAccess(
  state: SandboxState,
  query: Query,
  user: SandboxUser,
): { readonly totalSize: number; readonly records: readonly JsonObject[] } {
  const wanted = (query.fields ?? []).map((one) => {
    const name = one.type === 'Field' ? fields.find((known) => known.toLowerCase() === one.field.toLowerCase()) : undefined
    if (name === undefined) throw new Refusal(400, 'INVALID_FIELD', "No such column on entity 'UserRecordAccess'.")
    return name
  })
  const { userId, recordId } = asked(query.where)
  if (userId !== user.id) return { totalSize: 0, records: [] }
  const object = objects.find(({ prefix }) => recordId.startsWith(prefix))
  const record = object && find(state, object, recordId)
  const read = record !== undefined && record['IsDeleted'] !== true
  const may = (verb: Verb) => read && object !== undefined && user.may(object, verb) && (verb === 'read' || mayEdit(record))
  const row = {
    RecordId: recordId,
    HasReadAccess: may('read'),
    HasEditAccess: may('edit'),
    HasDeleteAccess: may('delete'),
    HasTransferAccess: may('edit'),
    HasAllAccess: may('edit') && may('delete'),
  }
  const record_ = Object.fromEntries(wanted.map((name) => [name, row[name]]))
  return { totalSize: 1, records: [{ attributes: { type: 'UserRecordAccess' }, ...record_ }] }
}

/** It can only be asked for one user and one record. */
function asked(where: WhereClause | undefined): { readonly userId: string; readonly recordId: string } {
  const given = new Map<string, string>()
  for (let clause = where; clause; clause = 'right' in clause ? clause.right : undefined) {
    const { left } = clause
    const plain = left && 'field' in left && 'value' in left && left.operator === '=' && typeof left.value === 'string'
    if (!plain || ('operator' in clause && clause.operator !== 'AND')) throw unfit()
    given.set(left.field.toLowerCase(), String(left.value).slice(1, -1))
  }
  const [userId, recordId] = [given.get('userid'), given.get('recordid')]
  if (given.size !== 2 || userId === undefined || recordId === undefined) throw unfit()
  return { userId, recordId }
}

function unfit(): Refusal {
  return new Refusal(400, 'MALFORMED_QUERY', 'UserRecordAccess is asked for with UserId = and RecordId = only.')
}

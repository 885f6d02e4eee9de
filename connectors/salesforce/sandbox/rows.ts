// Single records by REST: read, create, update, delete, with the org's own validation.
// https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_sobject_retrieve.htm
import type { SandboxRequest, SandboxResponse, SandboxState } from 'toolgate/kit'
import { columnAt } from './fields.ts'
import { sandboxId } from './ids.ts'
import { Refusal } from './refusal.ts'
import type { SandboxObject } from './schema.ts'
import { all, answered, everyOne, find, mayEdit, salesforceTime, save, stamped } from './store.ts'
import type { Place, SandboxRecord } from './store.ts'
import { derived, validated } from './validation.ts'
import { objects } from './schema.ts'

export function getRow({ state, object, version }: Place, id: string, fields: string | null): SandboxResponse {
  const record = find(state, object, id)
  if (!record || record['IsDeleted'] === true) throw notFound()
  const names = fields?.split(',') ?? object.fields.filter(({ hidden }) => !hidden).map(({ name }) => name)
  const shown = names.map((name) => columnAt(object, name.trim()).field.name)
  const values = Object.fromEntries(shown.map((name) => [name, record[name] ?? null]))
  return { status: 200, body: answered(object.name, id, version, values) }
}

export function createRow(
  place: Place,
  request: SandboxRequest,
  key: Readonly<Record<string, string>> = {},
): SandboxResponse {
  const { state, object, now, user } = place
  if (!user.may(object, 'create')) throw insufficient()
  const given = validated(place, { ...bodyOf(request), ...key }, 'create')
  // A new child locks its parent.
  for (const { name } of object.fields.filter(({ childRelationship }) => childRelationship !== undefined))
    if (typeof given[name] === 'string') requireUnlocked(place, given[name])
  requireUnique(place, given)
  requireNoDuplicate(place, given, request)
  const id = sandboxId(object.prefix, state.next(object.prefix))
  const time = salesforceTime(now)
  const defaults = Object.fromEntries(object.fields.map((field) => [field.name, field.default ?? null]))
  const record: SandboxRecord = {
    ...defaults,
    OwnerId: user.id,
    ...given,
    Id: id,
    CreatedDate: time,
    CreatedById: user.id,
    LastModifiedDate: time,
    LastModifiedById: user.id,
    SystemModstamp: time,
  }
  save(state, object, derived(state, object, record, given))
  return {
    status: 201,
    headers: { location: `/services/data/v${place.version}/sobjects/${object.name}/${id}` },
    body: { id, success: true, errors: [] },
  }
}

export function updateRow(place: Place, id: string, request: SandboxRequest): SandboxResponse {
  const { state, object, user } = place
  const record = existing(place, id)
  requireUnlocked(place, id)
  requireUnmodified(record, request.headers.get('if-unmodified-since'))
  if (!mayEdit(record) || !user.may(object, 'edit')) throw insufficient()
  const given = validated(place, bodyOf(request), 'update')
  save(state, object, stamped(derived(state, object, { ...record, ...given }, given), place))
  return { status: 204 }
}

export function deleteRow(place: Place, id: string): SandboxResponse {
  const record = existing(place, id)
  requireUnlocked(place, id)
  if (!mayEdit(record) || !place.user.may(place.object, 'delete')) throw insufficient()
  const stopping = childrenOf(place.state, id).find(({ object }) => object.name === 'Case')
  if (stopping && (place.object.name === 'Account' || place.object.name === 'Contact')) {
    throw new Refusal(
      400,
      'DELETE_FAILED',
      `Your attempt to delete ${String(record['Name'])} could not be completed because it is associated with the following cases.: ${String(stopping.record['CaseNumber'])}`,
      { fields: [] },
    )
  }
  remove(place, place.object, record, id)
  return { status: 204 }
}

/** With everything that was deleted along with it. */
export function undeleteRow(place: Omit<Place, 'object'>, id: string): void {
  const object = objects.find(({ prefix }) => id.startsWith(prefix))
  const record = object && find(place.state, object, id)
  if (!object || !record) throw new Refusal(404, 'INVALID_ID_FIELD', 'invalid record id')
  if (!object.undeletable) throw new Refusal(400, 'CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY', 'Entity type is not undeletable')
  if (record['IsDeleted'] !== true) throw new Refusal(400, 'UNDELETE_FAILED', 'Entity is not in the recycle bin')
  if (!mayEdit(record) || !place.user.may(object, 'delete')) throw insufficient()
  for (const each of objects)
    for (const one of everyOne(place.state, each))
      if (one['Id'] === id || (one['IsDeleted'] === true && one[deletedWith] === id)) {
        const { [deletedWith]: _gone, ...restored } = one
        save(place.state, each, { ...stamped(restored, place), IsDeleted: false })
      }
}

/** Not a field of any object: which deletion took the record along. */
const deletedWith = '-deletedWith'

/** What belongs to a record goes with it. */
function remove(place: Place, object: SandboxObject, record: SandboxRecord, root: string): void {
  const { state } = place
  save(state, object, { ...stamped(record, place), IsDeleted: true, [deletedWith]: root })
  for (const child of childrenOf(state, String(record['Id']))) remove(place, child.object, child.record, root)
}

function childrenOf(
  state: SandboxState,
  id: string,
): readonly { readonly object: SandboxObject; readonly record: SandboxRecord }[] {
  return objects.flatMap((object) => {
    const lookups = object.fields.filter(({ childRelationship }) => childRelationship !== undefined)
    return all(state, object)
      .filter((record) => lookups.some(({ name }) => record[name] === id))
      .map((record) => ({ object, record }))
  })
}

function existing({ state, object }: Place, id: string): SandboxRecord {
  if (!object.writable) throw insufficient()
  const record = find(state, object, id)
  if (!record) throw notFound()
  if (record['IsDeleted'] === true) throw new Refusal(404, 'ENTITY_IS_DELETED', 'entity is deleted', { fields: [] })
  return record
}

/** Whoever puts a document `lock` for a record holds it for so many requests. */
function requireUnlocked({ state }: Place, id: string): void {
  const { times = 0 } = (state.get('lock', id) ?? {}) as { readonly times?: number }
  if (times <= 0) return
  state.put('lock', id, { times: times - 1 })
  throw new Refusal(400, 'UNABLE_TO_LOCK_ROW', 'unable to obtain exclusive access to this record', { fields: [] })
}

// https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/intro_rest_conditional_requests.htm
function requireUnmodified(record: SandboxRecord, header: string | null): void {
  if (header === null) return
  const since = Date.parse(header)
  if (Number.isNaN(since)) throw new Refusal(400, 'INVALID_HEADER', 'The If-Unmodified-Since header is not a valid date.')
  if (Date.parse(String(record['LastModifiedDate'])) > since) {
    throw new Refusal(412, 'PRECONDITION_FAILED', 'The resource was modified after the given date.')
  }
}

function requireUnique({ state, object }: Place, given: SandboxRecord): void {
  for (const { name, label } of object.fields.filter(({ externalId }) => externalId)) {
    const value = given[name]
    const other = value === undefined || value === null ? undefined : all(state, object).find((one) => one[name] === value)
    if (!other) continue
    const message = `duplicate value found: ${label} duplicates value on record with id: ${String(other['Id'])}`
    throw new Refusal(400, 'DUPLICATE_VALUE', message, { fields: [] })
  }
}

// https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/headers_duplicaterules.htm
function requireNoDuplicate({ state, object }: Place, given: SandboxRecord, { headers }: SandboxRequest): void {
  const by = { Account: 'Name', Contact: 'Email', Lead: 'Email' }[object.name]
  if (by === undefined || typeof given[by] !== 'string') return
  if (/allowSave\s*=\s*true/i.test(headers.get('sforce-duplicate-rule-header') ?? '')) return
  const key = given[by].trim().toLowerCase()
  const same = all(state, object).filter(
    (record) =>
      String(record[by] ?? '')
        .trim()
        .toLowerCase() === key,
  )
  if (same.length === 0) return
  throw new Refusal(
    400,
    'DUPLICATES_DETECTED',
    "You're creating a duplicate record. We recommend you use an existing record instead.",
  )
}

function bodyOf({ body }: SandboxRequest): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(body)
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return { ...parsed }
  } catch {
    // Answered below, as any other body that is no object.
  }
  throw new Refusal(400, 'JSON_PARSER_ERROR', 'The HTTP entity body is required to be a JSON object.')
}

function notFound(): Refusal {
  return new Refusal(404, 'NOT_FOUND', 'The requested resource does not exist')
}

function insufficient(): Refusal {
  return new Refusal(403, 'INSUFFICIENT_ACCESS_OR_READONLY', 'insufficient access rights on object id', { fields: [] })
}

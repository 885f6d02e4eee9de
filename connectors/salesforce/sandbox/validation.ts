// What the org checks before it keeps a record, and the fields that follow from others.
import type { SandboxState } from 'toolgate/kit'
import { recordId, toLongId } from '../identifiers.ts'
import { Refusal } from './refusal.ts'
import { objects, stages, visibleField } from './schema.ts'
import type { SandboxField, SandboxObject } from './schema.ts'
import { find } from './store.ts'
import type { Place, SandboxRecord } from './store.ts'

/** The given fields in their own spelling, or the vendor's refusal. */
export function validated(place: Place, given: Readonly<Record<string, unknown>>, verb: 'create' | 'update'): SandboxRecord {
  const { object } = place
  if (!object.writable)
    throw new Refusal(400, 'CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY', 'entity type cannot be written', { fields: [] })
  const values: Record<string, string | number | boolean | null> = {}
  for (const [name, value] of Object.entries(given)) {
    const field = visibleField(object, name)
    if (!field) throw new Refusal(400, 'INVALID_FIELD', `No such column '${name}' on sobject of type ${object.name}`)
    if (!(verb === 'create' ? field.createable : field.updateable)) throw unwritable(field, verb)
    values[field.name] = valueOf(place, field, value)
  }
  const missing = object.fields
    .filter(
      (field) =>
        !field.nillable && field.createable && (verb === 'create' ? field.default === undefined : field.name in values),
    )
    .map(({ name }) => name)
    .filter((name) => values[name] === undefined || values[name] === null)
  if (missing.length === 0) return values
  throw new Refusal(400, 'REQUIRED_FIELD_MISSING', `Required fields are missing: [${missing.join(', ')}]`, {
    fields: missing,
  })
}

/** Names made of parts, numbers, and what a stage or a status means. */
export function derived(
  state: SandboxState,
  object: SandboxObject,
  record: SandboxRecord,
  given: SandboxRecord,
): SandboxRecord {
  switch (object.name) {
    case 'Contact':
    case 'Lead':
      return { ...record, Name: [record['FirstName'], record['LastName']].filter(Boolean).join(' ') }
    case 'Opportunity': {
      if (given['StageName'] === undefined) return record
      const [Probability = 0, IsClosed = false, IsWon = false] = stages[String(record['StageName'])] ?? []
      return { ...record, Probability, IsClosed, IsWon }
    }
    case 'Case': {
      const CaseNumber = record['CaseNumber'] || String(1100 + state.next('case-number')).padStart(8, '0')
      return { ...record, CaseNumber, IsClosed: record['Status'] === 'Closed' }
    }
    case 'ContentNote': {
      const html = Buffer.from(String(record['Content'] ?? ''), 'base64').toString('utf8')
      const plain = html
        .replace(/<[^>]*>/g, ' ')
        .replaceAll('&lt;', '<')
        .replaceAll('&gt;', '>')
        .replaceAll('&amp;', '&')
      return { ...record, TextPreview: plain.replace(/\s+/g, ' ').trim().slice(0, 255) }
    }
    case 'Task':
      return { ...record, IsClosed: record['Status'] === 'Completed' }
    default:
      return record
  }
}

function valueOf({ state }: Place, field: SandboxField, value: unknown): string | number | boolean | null {
  if (value === null || value === '') return null
  switch (field.type) {
    case 'boolean':
      if (typeof value !== 'boolean') throw unreadable(field, value)
      return value
    case 'currency':
    case 'percent':
      if (typeof value !== 'number') throw unreadable(field, value)
      return value
    case 'date':
      if (typeof value !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(value) || Number.isNaN(Date.parse(value))) {
        throw unreadable(field, value)
      }
      return value
    case 'base64':
      if (typeof value !== 'string' || !/^[A-Za-z0-9+/]+={0,2}$/.test(value)) throw unreadable(field, value)
      return value
    case 'reference':
      return reference(state, field, value)
    default:
      return text(field, value)
  }
}

function text(field: SandboxField, value: unknown): string {
  if (typeof value !== 'string') throw unreadable(field, value)
  if (field.restricted && !field.picklist.includes(value)) {
    throw of(
      field,
      'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST',
      `${field.label}: bad value for restricted picklist field: ${value}`,
    )
  }
  if (value.length > field.length) {
    throw of(
      field,
      'STRING_TOO_LONG',
      `${field.label}: data value too large: ${value.slice(0, 40)} (max length=${field.length})`,
    )
  }
  if (field.type === 'email' && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(value)) {
    throw of(field, 'INVALID_EMAIL_ADDRESS', `${field.label}: invalid email address: ${value}`)
  }
  return value
}

function reference(state: SandboxState, field: SandboxField, value: unknown): string {
  const id = recordId.safeParse(value)
  if (!id.success) throw of(field, 'MALFORMED_ID', `${field.label}: id value of incorrect type: ${String(value)}`)
  const object = objects.find(({ prefix }) => id.data.startsWith(prefix))
  if (!object || !field.referenceTo.includes(object.name)) {
    throw of(field, 'FIELD_INTEGRITY_EXCEPTION', `${field.label}: id value of incorrect type: ${id.data}`)
  }
  const target = find(state, object, toLongId(id.data))
  if (!target || target['IsDeleted'] === true) throw of(field, 'INVALID_CROSS_REFERENCE_KEY', 'invalid cross reference id')
  return toLongId(id.data)
}

function unwritable(field: SandboxField, verb: 'create' | 'update'): Refusal {
  return of(
    field,
    'INVALID_FIELD_FOR_INSERT_UPDATE',
    `Unable to create/update fields: ${field.name}. Please check the security settings of this field and verify that it is read/write for your profile or permission set. (${verb})`,
  )
}

function unreadable(field: SandboxField, value: unknown): Refusal {
  return new Refusal(400, 'JSON_PARSER_ERROR', `Cannot deserialize instance of ${field.type} from ${typeof value} value`)
}

function of(field: SandboxField, code: string, message: string): Refusal {
  return new Refusal(400, code, message, { fields: [field.name] })
}

// SOQL written by us: identifiers come from the org's own description, every value goes through the encoder of its type.
import { HubError } from 'toolgate/kit'
import { z } from 'zod'
import { recordId, toLongId } from './identifiers.ts'
import type { FieldSchema, ObjectSchema } from './salesforce.ts'

export const operators = ['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'contains', 'starts_with', 'in', 'not_in'] as const
export type Operator = (typeof operators)[number]
export type Scalar = string | number | boolean | null

export interface Filter {
  readonly field: string
  readonly op: Operator
  readonly value: Scalar | readonly (string | number)[]
}

const comparisons = { eq: '=', ne: '!=', lt: '<', le: '<=', gt: '>', ge: '>=' } as const
const numeric = new Set(['int', 'long', 'double', 'currency', 'percent'])
const textual = new Set([
  'string',
  'picklist',
  'multipicklist',
  'combobox',
  'textarea',
  'email',
  'phone',
  'url',
  'encryptedstring',
])

// https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/sforce_api_calls_soql_select_dateformats.htm
const relativeDate =
  /^(?:YESTERDAY|TODAY|TOMORROW|(?:LAST|THIS|NEXT)_(?:WEEK|MONTH|QUARTER|YEAR)|(?:LAST|NEXT)_N_DAYS:[1-9]\d{0,3}|N_DAYS_AGO:[1-9]\d{0,3})$/

/** One condition, as SOQL. */
export function condition(schema: ObjectSchema, filter: Filter): string {
  const field = schema.field(filter.field)
  if (!field.filterable) throw new HubError('invalid_input', `${field.name} is a long text; Salesforce cannot filter by it.`)
  const { op, value } = filter
  if (op === 'in' || op === 'not_in') return membership(field, op, value)
  if (isList(value))
    throw new HubError('invalid_input', `Only "in" and "not_in" take a list; ${field.name} "${op}" takes one value.`)
  if (op === 'contains' || op === 'starts_with') return pattern(field, op, value)
  if (value === null && op !== 'eq' && op !== 'ne') {
    throw new HubError('invalid_input', `${field.name} can be compared with null by "eq" or "ne" only.`)
  }
  return `${field.name} ${comparisons[op]} ${literal(field, value)}`
}

/** A pattern of the caller's own, in which % and _ stand for other characters, as long as no backslash precedes them. */
export function likeCondition(schema: ObjectSchema, name: string, value: Filter['value']): string {
  const field = schema.field(name)
  if (!field.filterable || !textual.has(field.type) || field.type === 'multipicklist' || typeof value !== 'string')
    throw new HubError(
      'invalid_input',
      `LIKE compares a text field with a text; ${field.name} with this value does not fit.`,
    )
  const parts = asText(field, value).match(/\\[%_]|[^]/gu) ?? []
  return `${field.name} LIKE '${parts.map((part) => (/^\\[%_]$/.test(part) ? part : escaped(part))).join('')}'`
}

/** A value as a SOQL literal of the field's type; it can end neither its quotes nor the condition. */
function literal(field: FieldSchema, value: Scalar): string {
  if (value === null) return 'null'
  if (field.type === 'id' || field.type === 'reference') return quoted(asId(field, value))
  if (numeric.has(field.type)) return asNumber(field, value)
  if (field.type === 'boolean') return asBoolean(field, value)
  if (field.type === 'date' || field.type === 'datetime') return asDate(field, value)
  if (textual.has(field.type)) return quoted(asText(field, value))
  throw new HubError('invalid_input', `${field.name} is of type ${field.type}, by which records cannot be found.`)
}

function membership(field: FieldSchema, op: 'in' | 'not_in', value: Filter['value']): string {
  if (!isList(value) || value.length === 0)
    throw new HubError('invalid_input', `${field.name} "${op}" takes a list of values.`)
  return `${field.name} ${op === 'in' ? 'IN' : 'NOT IN'} (${value.map((one) => literal(field, one)).join(', ')})`
}

function pattern(field: FieldSchema, op: 'contains' | 'starts_with', value: Scalar): string {
  if (!textual.has(field.type) || field.type === 'multipicklist' || value === null || value === '') {
    throw new HubError(
      'invalid_input',
      `"${op}" looks for some text in a text field; ${field.name} with this value does not fit.`,
    )
  }
  const sought = escaped(asText(field, value)).replace(/[%_]/g, '\\$&')
  return `${field.name} LIKE '${op === 'contains' ? '%' : ''}${sought}%'`
}

function quoted(text: string): string {
  return `'${escaped(text)}'`
}

// https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/sforce_api_calls_soql_select_quotedstringescapes.htm
const escapes: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  "'": "\\'",
  '"': '\\"',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\b': '\\b',
  '\f': '\\f',
}

function escaped(text: string): string {
  return text.replace(/[\\'"\n\r\t\b\f]/g, (character) => escapes[character] ?? character)
}

function asText(field: FieldSchema, value: Scalar): string {
  if (typeof value !== 'string') throw new HubError('invalid_input', `${field.name} is compared with text, in quotes.`)
  // oxlint-disable-next-line no-control-regex -- SOQL has no spelling for the other control characters
  if (/[\u0000-\u0007\u000b\u000e-\u001f\u007f]/.test(value) || !value.isWellFormed()) {
    throw new HubError('invalid_input', `The value for ${field.name} contains characters that no text has.`)
  }
  return value
}

function asId(field: FieldSchema, value: Scalar): string {
  const id = recordId.safeParse(value)
  if (!id.success) throw new HubError('invalid_input', `${field.name} is compared with a record id of 15 or 18 characters.`)
  return toLongId(id.data)
}

function asNumber(field: FieldSchema, value: Scalar): string {
  const spelled = typeof value === 'number' ? String(value) : ''
  if (!/^-?\d+(?:\.\d+)?$/.test(spelled))
    throw new HubError('invalid_input', `${field.name} is compared with a plain number.`)
  return spelled
}

function asBoolean(field: FieldSchema, value: Scalar): string {
  if (typeof value !== 'boolean') throw new HubError('invalid_input', `${field.name} is compared with true or false.`)
  return String(value)
}

function asDate(field: FieldSchema, value: Scalar): string {
  if (typeof value === 'string' && relativeDate.test(value)) return value
  const shape = field.type === 'date' ? z.iso.date() : z.iso.datetime({ offset: true })
  const parsed = shape.safeParse(value)
  const example = field.type === 'date' ? '2026-01-31' : '2026-01-31T09:00:00Z'
  if (!parsed.success) {
    throw new HubError(
      'invalid_input',
      `${field.name} is compared with ${example} or a relative date such as LAST_N_DAYS:30.`,
    )
  }
  return field.type === 'date' ? parsed.data : new Date(parsed.data).toISOString()
}

function isList(value: Filter['value']): value is readonly (string | number)[] {
  return Array.isArray(value)
}

// The values in a caller's SOQL, as values: what they mean, and never how they were spelled.
import { HubError } from 'toolgate/kit'
import type { FieldSchema } from '../salesforce.ts'
import type { Filter, Operator, Scalar } from '../soql.ts'

export const operators: Readonly<Partial<Record<string, Operator>>> = {
  '=': 'eq',
  '!=': 'ne',
  '<': 'lt',
  '<=': 'le',
  '>': 'gt',
  '>=': 'ge',
  IN: 'in',
  'NOT IN': 'not_in',
}

interface Written {
  readonly value: string | string[]
  readonly literalType?: string | string[]
}

/** Which literals a field of this type is compared with; all others would say something else than they seem to. */
const kinds: Readonly<Record<string, string>> = {
  int: 'number',
  long: 'number',
  double: 'number',
  currency: 'number',
  percent: 'number',
  boolean: 'boolean',
  date: 'date',
  datetime: 'date',
}
const kindOf: Readonly<Record<string, string>> = {
  STRING: 'text',
  INTEGER: 'number',
  DECIMAL: 'number',
  BOOLEAN: 'boolean',
  DATE: 'date',
  DATETIME: 'date',
  DATE_LITERAL: 'date',
  DATE_N_LITERAL: 'date',
}

const mostValues = 100

export function valueOf(field: FieldSchema, { value, literalType }: Written): Filter['value'] {
  const types = [literalType].flat()
  if (!Array.isArray(value)) return one(field, value, types[0])
  if (value.length > mostValues)
    throw new HubError('invalid_input', `A list for ${field.name} holds ${mostValues} values at most.`)
  return value.map((each, index) => {
    const member = one(field, each, types[index] ?? types[0])
    if (typeof member === 'string' || typeof member === 'number') return member
    throw new HubError('invalid_input', `A list for ${field.name} holds texts or numbers only.`)
  })
}

function one(field: FieldSchema, written: string, type: string | undefined): Scalar {
  if (type === 'NULL') return null
  const kind = kindOf[type ?? '']
  if (kind === undefined || kind !== (kinds[field.type] ?? 'text'))
    throw new HubError('invalid_input', `${field.name} is of type ${field.type}; this value is not of that kind.`)
  if (kind === 'number') return asNumber(field, written)
  if (kind === 'boolean') return written.toUpperCase() === 'TRUE'
  return kind === 'text' ? unquoted(written) : written.toUpperCase()
}

function asNumber(field: FieldSchema, written: string): number {
  // Beyond this many digits it would be another number.
  if (/^[+-]?\d{1,15}(?:\.\d{1,15})?$/.test(written) && written.replace(/\D/g, '').length <= 15) return Number(written)
  throw new HubError('invalid_input', `${field.name} is compared with a plain number of at most 15 digits.`)
}

// https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/sforce_api_calls_soql_select_quotedstringescapes.htm
const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  b: '\b',
  f: '\f',
  '"': '"',
  "'": "'",
  '\\': '\\',
}

/** `\%` and `\_` mean themselves in LIKE and are left for it. */
function unquoted(written: string): string {
  if (!/^'[^]*'$/.test(written)) throw new HubError('invalid_input', 'Text is written in single quotes.')
  if (/\\\\[%_]/.test(written)) throw new HubError('invalid_input', 'A backslash right before % or _ cannot be looked for.')
  return written.slice(1, -1).replace(/\\([^]?)/g, (whole, character: string) => {
    if (character === '%' || character === '_') return whole
    const meant = escapes[character.toLowerCase()]
    if (meant !== undefined) return meant
    throw new HubError('invalid_input', `A text has the escape \\${character}, which SOQL does not know.`)
  })
}

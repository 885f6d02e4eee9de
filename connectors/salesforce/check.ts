// What is wrong with the values of a write, told before Salesforce is asked: by the org's own description of the fields.
import { HubError, visibleText } from 'toolgate/kit'
import { z } from 'zod'
import { apiName, keyPrefix, recordId, toLongId } from './identifiers.ts'
import { profileOf } from './objects.ts'
import type { FieldSchema, ObjectSchema, SalesforceReader } from './salesforce.ts'

export const fieldValues = z.record(apiName, z.union([z.string().max(131_072), z.number(), z.boolean(), z.null()]))
export type FieldValues = Readonly<Record<string, string | number | boolean | null>>

interface Checked {
  /** In the org's own spelling. */
  readonly values: FieldValues
  readonly warnings: readonly string[]
}

/**
 * The values as they would be sent.
 *
 * @throws HubError `invalid_input` for a field or value that cannot be, `forbidden` for one that the hub's user may not write.
 */
export async function check(
  vendor: SalesforceReader,
  now: Date,
  schema: ObjectSchema,
  given: FieldValues,
  verb: 'create' | 'update',
): Promise<Checked> {
  const object = schema.name
  const { update, create } = profileOf(schema, vendor.idempotencyField)
  const allowed = [...update, ...(verb === 'create' ? create : [])]
  const prefixes = await vendor.prefixes(now)
  const warnings: string[] = []
  const values: Record<string, string | number | boolean | null> = {}
  for (const [name, value] of Object.entries(given)) {
    const known = allowed.find((one) => one.toLowerCase() === name.toLowerCase())
    if (known === undefined) {
      throw new HubError(
        'invalid_input',
        `${name} of ${object} is not written by this tool. It writes: ${allowed.join(', ')}.`,
      )
    }
    if (Object.hasOwn(values, known)) throw new HubError('invalid_input', `${known} is given twice.`)
    const field = writable(schema, known, verb)
    const sent = typeof value === 'string' ? visibleText(value) : value
    // Line ends hide nothing, and are made alike without a word.
    const written = typeof value === 'string' ? value.replace(/\r\n?/g, '\n') : value
    if (sent !== written) warnings.push(`Invisible or control characters were taken out of ${known}.`)
    values[known] = fitting(field, sent, prefixes)
  }
  if (Object.keys(values).length === 0) throw new HubError('invalid_input', 'Name at least one field to write.')
  return { values, warnings }
}

/** The required fields that a new record would lack. */
export function missing(schema: ObjectSchema, values: FieldValues): readonly string[] {
  return schema.fields
    .filter((field) => field.createable && !field.nillable && !field.defaultedOnCreate && field.type !== 'boolean')
    .map((field) => field.name)
    .filter((name) => values[name] === undefined || values[name] === null || values[name] === '')
}

function writable(schema: ObjectSchema, name: string, verb: 'create' | 'update'): FieldSchema {
  const field = schema.has(name) ? schema.field(name) : undefined
  const may = verb === 'create' ? field?.createable : field?.updateable
  if (field && may) return field
  throw new HubError(
    'forbidden',
    `The hub's user in Salesforce may not write ${name} of ${schema.name}. An administrator can grant it by field-level security.`,
  )
}

type Prefixes = ReadonlyMap<string, string>

function fitting(
  field: FieldSchema,
  value: string | number | boolean | null,
  prefixes: Prefixes,
): string | number | boolean | null {
  if (value === null || value === '') {
    if (field.nillable) return null
    throw new HubError('invalid_input', `${field.name} of a record cannot be empty.`)
  }
  const problem = problemOf(field, value, prefixes)
  if (problem !== undefined) throw new HubError('invalid_input', `${field.name} ${problem}`)
  return field.type === 'reference' ? toLongId(String(value)) : value
}

function problemOf(field: FieldSchema, value: string | number | boolean, prefixes: Prefixes): string | undefined {
  switch (field.type) {
    case 'boolean':
      return typeof value === 'boolean' ? undefined : 'is true or false.'
    case 'int':
    case 'long':
    case 'double':
    case 'currency':
    case 'percent':
      return typeof value === 'number' && Number.isFinite(value) ? undefined : 'is a number, without quotes.'
    case 'date':
      return z.iso.date().safeParse(value).success ? undefined : 'is a date such as 2026-01-31.'
    case 'datetime':
      return z.iso.datetime({ offset: true }).safeParse(value).success
        ? undefined
        : 'is a time such as 2026-01-31T09:00:00Z.'
    case 'reference':
      return referenceProblem(field, value, prefixes)
    default:
      return textProblem(field, value)
  }
}

function textProblem(field: FieldSchema, value: string | number | boolean): string | undefined {
  if (typeof value !== 'string') return 'is text, in quotes.'
  // Salesforce counts UTF-16 units, as JavaScript does.
  if (field.length > 0 && value.length > field.length)
    return `takes ${field.length} characters; this text has ${value.length}.`
  if (field.type === 'email' && !z.email().safeParse(value).success) return 'is an e-mail address.'
  if (!field.restrictedPicklist) return undefined
  const choices = field.picklistValues.filter((choice) => choice.active).map((choice) => choice.value)
  const chosen = field.type === 'multipicklist' ? value.split(';') : [value]
  return chosen.every((one) => choices.includes(one)) ? undefined : `is one of: ${choices.map(visibleText).join(', ')}.`
}

function referenceProblem(field: FieldSchema, value: string | number | boolean, prefixes: Prefixes): string | undefined {
  const id = recordId.safeParse(value)
  if (!id.success) return 'is the id of a record, in 15 or 18 characters.'
  const kinds = field.referenceTo.filter((object) => prefixes.has(object))
  if (kinds.some((object) => prefixes.get(object) === keyPrefix(id.data))) return undefined
  if (kinds.length > 0) return `is the id of a record of: ${kinds.join(', ')}.`
  return 'leads to records that the hub does not work with, so that it cannot set it.'
}

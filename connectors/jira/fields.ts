// Fields that a call names by hand: resolved by what Jira says of them for this very screen, and turned into what Jira takes.
import { HubError } from 'toolgate/kit'
import type { Json } from 'toolgate/kit'
import { z } from 'zod'
import type { Field } from './jira.ts'
import { accountId, label, line } from './ids.ts'
import type { ToAdf } from './markdown.ts'
import { sentence } from './planning.ts'

const value = z.union([z.string().max(32_767), z.number(), z.array(line(255)).max(50)])
export type FieldValue = z.output<typeof value>

export const fieldValues = z
  .record(line(100), value)
  .refine((fields) => Object.keys(fields).length <= 30, 'must name at most 30 fields')
  .describe('Further fields by display name; options, versions and resolutions by name, people by accountId')

/** Who sees an issue and where it lives is never set in passing. */
const reserved = new Set([
  'project',
  'issuetype',
  'summary',
  'description',
  'labels',
  'assignee',
  'priority',
  'parent',
  'reporter',
  'security',
  'comment',
  'attachment',
  'issuelinks',
  'worklog',
])

export interface Resolved {
  /** As Jira takes them, by field id. */
  readonly send: Readonly<Record<string, Json>>
  /** As people read them, by display name. */
  readonly show: Readonly<Record<string, Json>>
}

export function resolveFields(
  given: Readonly<Record<string, FieldValue>>,
  screen: readonly Field[],
  toAdf: ToAdf,
): Resolved {
  const pairs = Object.entries(given).map(([name, wanted]) => {
    const field = findField(name, screen)
    return { field, sent: coerce(field, wanted, toAdf), wanted }
  })
  return {
    send: Object.fromEntries(pairs.map(({ field, sent }) => [field.id, sent])),
    show: Object.fromEntries(pairs.map(({ field, wanted }) => [field.name, wanted as Json])),
  }
}

/** The required fields that nobody filled. */
export function missingFields(screen: readonly Field[], given: readonly string[]): readonly Field[] {
  return screen.filter(({ id, required, hasDefaultValue }) => required && hasDefaultValue !== true && !given.includes(id))
}

export function describeMissing(fields: readonly Field[]): string {
  return sentence(
    fields.map(({ name, allowedValues }) => {
      const values = (allowedValues ?? []).map(nameOf).filter((text) => text !== undefined)
      return values.length === 0 ? name : `${name} (one of ${sentence(values)})`
    }),
  )
}

function findField(name: string, screen: readonly Field[]): Field {
  const wanted = name.toLowerCase()
  const found = screen.filter((field) => field.id === name || field.name.toLowerCase() === wanted)
  const [field] = found
  if (field === undefined || reserved.has(field.id)) {
    const offered = screen.filter(({ id }) => !reserved.has(id)).map((each) => each.name)
    throw new HubError('invalid_input', `The field "${name}" cannot be set here. Fields that can: ${sentence(offered)}.`)
  }
  if (found.length > 1)
    throw new HubError(
      'invalid_input',
      `Several fields are called "${name}": name one by its id (${sentence(found.map(({ id }) => id))}).`,
    )
  return field
}

function coerce(field: Field, wanted: FieldValue, toAdf: ToAdf): Json {
  const { type, items, custom } = field.schema
  if (type === 'array')
    return (Array.isArray(wanted) ? wanted : [wanted]).map((each) => single(field, items ?? 'string', each))
  if (Array.isArray(wanted)) throw wrong(field, 'one value')
  // Fields of several lines take documents, fields of one line take text.
  const isText = custom?.endsWith(':textarea') === true || field.schema.system === 'environment'
  return isText ? toAdf(String(wanted)) : single(field, type, wanted)
}

function single(field: Field, type: string, wanted: string | number): Json {
  if (field.allowedValues !== undefined) return allowed(field, String(wanted))
  switch (type) {
    case 'number':
      return typeof wanted === 'number' ? wanted : fail(field, 'a number')
    case 'user':
      return { accountId: accountId.safeParse(wanted).data ?? fail(field, 'an accountId') }
    case 'date':
      return z.iso.date().safeParse(wanted).data ?? fail(field, 'a date such as 2026-03-31')
    case 'datetime':
      return z.iso.datetime({ offset: true }).safeParse(wanted).data ?? fail(field, 'a time such as 2026-03-31T12:00:00Z')
    case 'string':
      return field.schema.system === 'labels'
        ? (label.safeParse(wanted).data ?? fail(field, 'labels'))
        : (line(255).safeParse(wanted).data ?? fail(field, 'one line of text'))
    default:
      return fail(field, 'set in Jira itself: the hub does not know its kind')
  }
}

function allowed(field: Field, wanted: string): Json {
  const found = (field.allowedValues ?? []).filter(
    (each) => each.id === wanted || nameOf(each)?.toLowerCase() === wanted.toLowerCase(),
  )
  if (found.length === 1 && found[0]?.id !== undefined) return { id: found[0].id }
  throw wrong(field, `one of ${sentence((field.allowedValues ?? []).map(nameOf).filter((text) => text !== undefined))}`)
}

/** The values that a field takes, as people read them. */
export function optionsOf({ allowedValues = [] }: Field): readonly string[] {
  return allowedValues.map(nameOf).filter((text) => text !== undefined)
}

function nameOf({ name, value: text, key }: NonNullable<Field['allowedValues']>[number]): string | undefined {
  return name ?? text ?? key
}

function fail(field: Field, what: string): never {
  throw wrong(field, what)
}

function wrong(field: Field, what: string): HubError {
  return new HubError('invalid_input', `The field "${field.name}" must be ${what}.`)
}

// Fields that a call names by hand: resolved by what Jira says of them for this very screen, and turned into what Jira takes.
import { canonical, cutText, HubError, visibleText } from 'toolgate/kit'
import type { Json } from 'toolgate/kit'
import { z } from 'zod'
import { toMarkdown } from './adf.ts'
import type { Field } from './jira.ts'
import { accountId, label, line } from './ids.ts'
import type { ToAdf } from './markdown.ts'
import { sentence } from './planning.ts'

const value = z.union([
  z.string().max(32_767),
  z.number(),
  z.array(z.string().regex(/^[^\r\n\t]{1,255}$/, 'must be one line')).max(50),
  z.null(),
])
export type FieldValue = z.output<typeof value>

export const fieldValues = z
  .record(line(100), value)
  .refine((fields) => Object.keys(fields).length <= 30, 'must name at most 30 fields')
  .describe('By display name; options by name, people by accountId, cascades [parent, child], null clears')

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

/** One value of a field that holds several: as Jira takes it, and as a call says it. */
export function oneValue(field: Field, wanted: string): { readonly sent: Json; readonly word: string } {
  const sent = single(field, field.schema.items ?? 'string', wanted)
  const word = shownOf(field, sent)
  return { sent, word: typeof word === 'string' ? word : canonical(word) }
}

export function resolveFields(
  given: Readonly<Record<string, FieldValue>>,
  screen: readonly Field[],
  toAdf: ToAdf,
): Resolved {
  const pairs = Object.entries(given).map(([name, wanted]) => {
    const field = findField(name, screen)
    return { field, sent: coerce(field, wanted, toAdf) }
  })
  return {
    send: Object.fromEntries(pairs.map(({ field, sent }) => [field.id, sent])),
    show: Object.fromEntries(pairs.map(({ field, sent }) => [field.name, shownOf(field, sent)])),
  }
}

/** What is sent, as it will be read back: options by the name that Jira has for them, whatever the call's spelling. */
function shownOf(field: Field, sent: Json): Json {
  if (isDocument(field)) return toMarkdown(sent).markdown
  if (Array.isArray(sent)) return sent.map((each: Json) => shownOf(field, each))
  const { id, accountId: account, child } = Sent.safeParse(sent).data ?? {}
  if (id === undefined) return account ?? sent
  const option = field.allowedValues?.find((each) => each.id === id)
  const name = (option && nameOf(option)) ?? id
  if (child === undefined) return name
  const second = option?.children?.find((each) => each.id === child.id)
  return [name, (second && nameOf(second)) ?? child.id]
}

const Sent = z.object({
  id: z.string().optional(),
  accountId: z.string().optional(),
  child: z.object({ id: z.string() }).optional(),
})

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
  const { type, items } = field.schema
  if (wanted === null) return field.required ? fail(field, 'set: it is required') : null
  if (type === 'option-with-child') return cascade(field, Array.isArray(wanted) ? wanted : [String(wanted)])
  if (type === 'array')
    return (Array.isArray(wanted) ? wanted : [wanted]).map((each) => single(field, items ?? 'string', each))
  if (Array.isArray(wanted)) throw wrong(field, 'one value')
  return isDocument(field) ? toAdf(String(wanted)) : single(field, type, wanted)
}

/** Fields of several lines take documents, fields of one line take text. */
function isDocument({ schema: { custom, system } }: Field): boolean {
  return custom?.endsWith(':textarea') === true || system === 'environment'
}

function cascade(field: Field, [parent = '', child, ...more]: readonly string[]): Json {
  const options = field.allowedValues ?? []
  const first = options.find((each) => isCalled(each, parent))
  if (first?.id === undefined || more.length > 0)
    throw wrong(field, `[parent, child], the parent one of ${sentence(optionsOf(field))}`)
  if (child === undefined) return { id: first.id }
  const second = first.children?.find((each) => isCalled(each, child))
  if (second?.id === undefined)
    throw wrong(
      field,
      `[${nameOf(first)}, one of ${sentence((first.children ?? []).flatMap((each) => nameOf(each) ?? []))}]`,
    )
  return { id: first.id, child: { id: second.id } }
}

/**
 * What an issue has in this field, as a call would set it; people as accountIds.
 *
 * @throws HubError `refused` where that would lose something
 */
export function valueNow(field: Field, raw: unknown): FieldValue {
  if (raw === null || raw === undefined) return null
  if (isDocument(field)) {
    const { markdown, lossy } = toMarkdown(raw)
    if (lossy.length === 0) return markdown
    throw new HubError(
      'refused',
      `The field "${field.name}" has ${sentence(lossy)}, which Markdown cannot hold and a replacement would lose. Edit it in Jira.`,
    )
  }
  if (Array.isArray(raw)) return raw.map((each) => String(oneNow(each)))
  const { value: parent, child } = CascadeNow.safeParse(raw).data ?? {}
  if (parent !== undefined && child !== undefined) return [parent, child.value]
  return oneNow(raw)
}

const CascadeNow = z.object({ value: z.string(), child: z.object({ value: z.string() }) })
const ValueNow = z.object({
  accountId: z.string().optional(),
  value: z.string().optional(),
  name: z.string().optional(),
  key: z.string().optional(),
})

function oneNow(raw: unknown): string | number {
  if (typeof raw === 'number') return raw
  if (typeof raw === 'string') return cutText(visibleText(raw), 2_000).text
  const { accountId: account, value: text, name, key } = ValueNow.safeParse(raw).data ?? {}
  return visibleText(account ?? text ?? name ?? key ?? '?')
}

/** The field that a call names, by id or display name; undefined also for those that are never set in passing. */
export function fieldCalled(name: string, screen: readonly Field[]): Field | undefined {
  const wanted = name.toLowerCase()
  return screen.find((field) => !reserved.has(field.id) && (field.id === name || field.name.toLowerCase() === wanted))
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
  const found = (field.allowedValues ?? []).filter((each) => isCalled(each, wanted))
  if (found.length === 1 && found[0]?.id !== undefined) return { id: found[0].id }
  throw wrong(field, `one of ${sentence((field.allowedValues ?? []).map(nameOf).filter((text) => text !== undefined))}`)
}

/** The values that a field takes, as people read them. */
export function optionsOf({ allowedValues = [] }: Field): readonly string[] {
  return allowedValues.map(nameOf).filter((text) => text !== undefined)
}

function isCalled(option: Option, wanted: string): boolean {
  return option.id === wanted || nameOf(option)?.toLowerCase() === wanted.toLowerCase()
}

type Option = Omit<NonNullable<Field['allowedValues']>[number], 'children'>

function nameOf({ name, value: text, key }: Option): string | undefined {
  return name ?? text ?? key
}

function fail(field: Field, what: string): never {
  throw wrong(field, what)
}

function wrong(field: Field, what: string): HubError {
  return new HubError('invalid_input', `The field "${field.name}" must be ${what}.`)
}

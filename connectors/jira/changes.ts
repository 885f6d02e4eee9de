// What an update of an issue changes, field by field, and how each part comes back.
import { HubError } from 'toolgate/kit'
import type { Json, JsonObject } from 'toolgate/kit'
import { toMarkdown } from './adf.ts'
import { resolveFields, valueNow } from './fields.ts'
import type { FieldValue } from './fields.ts'
import type { Field, Issue } from './jira.ts'
import type { ToAdf } from './markdown.ts'
import { sentence } from './planning.ts'
import { checkedAdf, sendable } from './raw-adf.ts'
import type { RawAdf } from './raw-adf.ts'
import { setChanges } from './sets.ts'
import type { Sets } from './sets.ts'
import { appended, nodesOf, readingOf, sectionOf, withoutEnding, withSection } from './splice.ts'

export interface Change {
  /** The id of the field. */
  readonly field: string
  /** What people call it, where that is something else. */
  readonly name?: string
  readonly before: Json
  readonly after: Json
  readonly send: Json
  /** Where values are added and taken away: the operations that are sent, and what they mean. */
  readonly operations?: readonly JsonObject[]
  readonly set?: Sets[string]
}

interface Wanted {
  readonly summary?: string | undefined
  readonly description?: string | RawAdf | undefined
  readonly append?: string | undefined
  readonly section?: { readonly heading: string; readonly body: string } | undefined
  readonly remove_end?: string | undefined
  readonly priority?: string | undefined
  readonly labels?: readonly string[] | undefined
  readonly fields?: Readonly<Record<string, FieldValue>> | undefined
  readonly add?: Readonly<Record<string, string[]>> | undefined
  readonly remove?: Readonly<Record<string, string[]>> | undefined
}

export interface Changes {
  readonly changes: readonly Change[]
  /** What brings the description back, in the words of the same tool. */
  readonly back: JsonObject
  /** Whether that brings back exactly what was there. */
  readonly exact: boolean
}

/** @param now what the issue has in those of its fields that the call names by hand, by id */
export function changesOf(
  issue: Issue,
  wanted: Wanted,
  { editable, now, toAdf }: { editable: readonly Field[]; now: Readonly<Record<string, unknown>>; toAdf: ToAdf },
): Changes {
  const { fields } = issue
  const { summary, priority, labels } = wanted
  const changes: Change[] = []
  if (summary !== undefined) changes.push({ field: 'summary', before: fields.summary, after: summary, send: summary })
  const described = descriptionOf(issue, wanted, toAdf)
  if (described !== undefined) {
    const [before, after] = [toMarkdown(fields.description).markdown, toMarkdown(described.send).markdown]
    // Of a document that differs only in what Markdown does not show, the document itself is shown.
    const [shown, next] =
      typeof wanted.description === 'object' && before === after
        ? [JSON.stringify(fields.description), JSON.stringify(described.send)]
        : [before, after]
    changes.push({ field: 'description', before: shown, after: next, send: described.send })
  }
  if (priority !== undefined) {
    const { id, name } = findPriority(editable, priority)
    changes.push({ field: 'priority', before: fields.priority?.name ?? 'none', after: name, send: { id } })
  }
  if (labels !== undefined) changes.push({ field: 'labels', before: fields.labels, after: [...labels], send: [...labels] })
  changes.push(...customChanges(wanted.fields ?? {}, { editable, now, toAdf }))
  for (const { operations, added, removed, ...change } of setChanges(wanted, editable, { ...now, labels: fields.labels })) {
    if (changes.some(({ field }) => field === change.field))
      throw new HubError('invalid_input', `Either set ${change.name ?? change.field}, or add to it and remove from it.`)
    changes.push({ ...change, send: null, operations, set: { add: added, remove: removed } })
  }
  return {
    changes: changes.filter(({ before, after }) => JSON.stringify(before) !== JSON.stringify(after)),
    back: described?.back ?? {},
    exact: described?.exact ?? true,
  }
}

function customChanges(
  wanted: Readonly<Record<string, FieldValue>>,
  { editable, now, toAdf }: { editable: readonly Field[]; now: Readonly<Record<string, unknown>>; toAdf: ToAdf },
): readonly Change[] {
  const { send, show } = resolveFields(wanted, editable, toAdf)
  return Object.keys(send).flatMap((id) => {
    const field = editable.find((each) => each.id === id)
    if (field === undefined) return []
    const { name } = field
    const before = valueNow(field, now[id]) as Json
    return [{ field: id, name, before, after: show[name] ?? null, send: send[id] ?? null }]
  })
}

/** Fields that were named by hand stand together under `fields`, by what people call them. */
export function pick(changes: readonly Change[], which: 'before' | 'after'): JsonObject {
  const own = changes.filter(({ name }) => name === undefined).map((change) => [change.field, change[which]] as const)
  const named = changes.flatMap((change) => (change.name === undefined ? [] : [[change.name, change[which]] as const]))
  return { ...Object.fromEntries(own), ...(named.length > 0 ? { fields: Object.fromEntries(named) } : {}) }
}

export function sendOf(changes: readonly Change[]): JsonObject {
  return Object.fromEntries(changes.flatMap(({ field, send, operations }) => (operations ? [] : [[field, send]])))
}

/** What is added to fields and taken from them, as Jira takes it and as it can be taken back. */
export function operationsOf(changes: readonly Change[]): { readonly update: JsonObject; readonly sets: Sets } {
  return {
    update: Object.fromEntries(changes.flatMap(({ field, operations }) => (operations ? [[field, operations]] : []))),
    sets: Object.fromEntries(changes.flatMap(({ field, set }) => (set ? [[field, set]] : []))),
  }
}

/** The change that takes the description back, if the part that was changed still is what was made of it. */
export function descriptionUndo(issue: Issue, back: JsonObject, sent: Json | undefined): JsonObject | undefined {
  const { markdown, lossy } = toMarkdown(issue.fields.description)
  // What was put at the end is taken away only if it is still there: the tool itself looks.
  const ending = back['remove_end']
  if (typeof ending === 'string') return markdown.endsWith(ending) ? back : undefined
  if (back['section'] !== undefined) {
    const { heading, body, now } = back['section'] as Record<'heading' | 'body' | 'now', string>
    const still = tryText(() => readingOf(sectionOf(issue.fields.description, heading).nodes).markdown)
    return still === now ? { section: { heading, body } } : undefined
  }
  const ours = toMarkdown(sent)
  return markdown === ours.markdown && lossy.join() === ours.lossy.join() ? back : undefined
}

const emptyDocument = { version: 1, type: 'doc', content: [] }

interface Described {
  /** Null clears it. */
  readonly send: JsonObject | null
  readonly back: JsonObject
  readonly exact: boolean
}

function descriptionOf(issue: Issue, wanted: Wanted, toAdf: ToAdf): Described | undefined {
  const { description: now } = issue.fields
  if (wanted.append !== undefined) {
    const added = toAdf(wanted.append)
    return { send: appended(now, added), back: { remove_end: toMarkdown(added).markdown }, exact: true }
  }
  if (wanted.remove_end !== undefined) {
    const send = withoutEnding(now, toAdf(wanted.remove_end))
    if (send === undefined)
      throw new HubError('conflict', `The description of ${issue.key} does not end with this. Read it again.`)
    return { send: nodesOf(send).length === 0 ? null : send, back: { append: wanted.remove_end }, exact: true }
  }
  if (wanted.section !== undefined) return sectionChange(issue, wanted.section, toAdf)
  if (wanted.description === undefined) return undefined
  if (typeof wanted.description === 'object') {
    const document = checkedAdf(wanted.description, now)
    const send = nodesOf(document).length === 0 ? null : document
    // Back as a document too: what it replaces may have no words in Markdown, and it itself be more than those hold.
    const before = nodesOf(now).length === 0 ? emptyDocument : sendable(now)
    return before === undefined
      ? { send, ...backTo(now, toMarkdown(now).markdown, toAdf) }
      : { send, back: { description: before }, exact: true }
  }
  const { markdown, lossy } = toMarkdown(now)
  if (lossy.length > 0) throw wouldLose(issue, 'description', lossy)
  const send = wanted.description.trim() === '' ? null : toAdf(wanted.description)
  return { send, ...backTo(now, markdown, toAdf) }
}

/** As Markdown where that gives it back, else as the document that it is. */
function backTo(now: unknown, markdown: string, toAdf: ToAdf): { readonly back: JsonObject; readonly exact: boolean } {
  if (toMarkdown(now).lossy.length === 0 && isHeld(nodesOf(now), markdown, toAdf))
    return { back: { description: markdown }, exact: true }
  const document = sendable(now)
  return document === undefined
    ? { back: { description: markdown }, exact: false }
    : { back: { description: document }, exact: true }
}

function sectionChange(issue: Issue, { heading, body }: { heading: string; body: string }, toAdf: ToAdf): Described {
  const section = sectionOf(issue.fields.description, heading)
  const { markdown, lossy } = readingOf(section.nodes)
  if (lossy.length > 0) throw wouldLose(issue, `section "${heading}"`, lossy)
  const added = body.trim() === '' ? [] : nodesOf(toAdf(body))
  const send = withSection(issue.fields.description, section, added)
  const back = { section: { heading, body: markdown, now: readingOf(added).markdown } }
  return { send, back, exact: isHeld(section.nodes, markdown, toAdf) }
}

/** Whether Markdown gives these very nodes back, but for the ids of tasks. */
export function isHeld(nodes: readonly Json[], markdown: string, toAdf: ToAdf): boolean {
  if (nodes.length === 0) return true
  const again = tryText(() => JSON.stringify(plain(nodesOf(toAdf(markdown)))))
  return again === JSON.stringify(plain(nodes))
}

/** Members in one order, without ids and without what Jira writes for "as usual". */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  const usual = (name: string, member: unknown) =>
    name === 'localId' ||
    (name === 'layout' && member === 'default') ||
    (name === 'isNumberColumnEnabled' && member === false)
  const members = Object.entries(value)
    .filter(([name, member]) => !usual(name, member))
    .map(([name, member]) => [name, plain(member)] as const)
    .filter(([name, member]) => !(name === 'attrs' && JSON.stringify(member) === '{}'))
  return Object.fromEntries(members.toSorted(([left], [right]) => (left < right ? -1 : 1)))
}

function tryText(work: () => string): string | undefined {
  try {
    return work()
  } catch (error) {
    if (error instanceof HubError) return undefined
    throw error
  }
}

export function wouldLose({ key }: Pick<Issue, 'key'>, what: string, lossy: readonly string[]): HubError {
  return new HubError(
    'refused',
    `The ${what} of ${key} has ${sentence(lossy)}, which Markdown cannot hold and a replacement would lose. Use append, or section for a part without them, or edit it in Jira.`,
  )
}

function findPriority(editable: readonly Field[], wanted: string): { id: string; name: string } {
  const values = editable.find(({ id }) => id === 'priority')?.allowedValues ?? []
  const found = values.find(({ name }) => name?.toLowerCase() === wanted.toLowerCase())
  if (found?.id !== undefined) return { id: found.id, name: found.name ?? wanted }
  throw new HubError(
    'invalid_input',
    `There is no priority "${wanted}" here. There are: ${sentence(values.map(({ name }) => name ?? ''))}.`,
  )
}

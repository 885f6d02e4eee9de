// What an update of an issue changes, field by field, and how each part comes back.
import { HubError } from 'toolgate/kit'
import type { Json, JsonObject } from 'toolgate/kit'
import { toMarkdown } from './adf.ts'
import type { Field, Issue } from './jira.ts'
import type { ToAdf } from './markdown.ts'
import { sentence } from './planning.ts'
import { appended, nodesOf, readingOf, sectionOf, withoutEnding, withSection } from './splice.ts'

export interface Change {
  readonly field: 'summary' | 'description' | 'priority' | 'labels'
  readonly before: Json
  readonly after: Json
  readonly send: Json
}

interface Wanted {
  readonly summary?: string | undefined
  readonly description?: string | undefined
  readonly append?: string | undefined
  readonly section?: { readonly heading: string; readonly body: string } | undefined
  readonly remove_end?: string | undefined
  readonly priority?: string | undefined
  readonly labels?: readonly string[] | undefined
}

export interface Changes {
  readonly changes: readonly Change[]
  /** What brings the description back, in the words of the same tool. */
  readonly back: JsonObject
  /** Whether that brings back exactly what was there. */
  readonly exact: boolean
}

export function changesOf(issue: Issue, wanted: Wanted, editable: readonly Field[], toAdf: ToAdf): Changes {
  const { fields } = issue
  const { summary, priority, labels } = wanted
  const changes: Change[] = []
  if (summary !== undefined) changes.push({ field: 'summary', before: fields.summary, after: summary, send: summary })
  const described = descriptionOf(issue, wanted, toAdf)
  if (described !== undefined) {
    const [before, after] = [toMarkdown(fields.description).markdown, toMarkdown(described.send).markdown]
    changes.push({ field: 'description', before, after, send: described.send })
  }
  if (priority !== undefined) {
    const { id, name } = findPriority(editable, priority)
    changes.push({ field: 'priority', before: fields.priority?.name ?? 'none', after: name, send: { id } })
  }
  if (labels !== undefined) changes.push({ field: 'labels', before: fields.labels, after: [...labels], send: [...labels] })
  return {
    changes: changes.filter(({ before, after }) => JSON.stringify(before) !== JSON.stringify(after)),
    back: described?.back ?? {},
    exact: described?.exact ?? true,
  }
}

export function pick(changes: readonly Change[], which: 'before' | 'after' | 'send'): JsonObject {
  return Object.fromEntries(changes.map((change) => [change.field, change[which]]))
}

/** The change that takes the description back, if the part that was changed still is what was made of it. */
export function descriptionUndo(issue: Issue, back: JsonObject, after: JsonObject): JsonObject | undefined {
  const { markdown } = toMarkdown(issue.fields.description)
  // What was put at the end is taken away only if it is still there: the tool itself looks.
  const ending = back['remove_end']
  if (typeof ending === 'string') return markdown.endsWith(ending) ? back : undefined
  if (back['section'] !== undefined) {
    const { heading, body, now } = back['section'] as Record<'heading' | 'body' | 'now', string>
    const still = tryText(() => readingOf(sectionOf(issue.fields.description, heading).nodes).markdown)
    return still === now ? { section: { heading, body } } : undefined
  }
  return markdown === after['description'] ? back : undefined
}

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
  const { markdown, lossy } = toMarkdown(now)
  if (lossy.length > 0) throw wouldLose(issue, 'description', lossy)
  const send = wanted.description.trim() === '' ? null : toAdf(wanted.description)
  return { send, back: { description: markdown }, exact: isHeld(nodesOf(now), markdown, toAdf) }
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

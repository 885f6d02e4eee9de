// Atlassian documents that a caller reads and writes as they are: what is known goes through, and nothing that acts.
// https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/
import { canonical, HubError, visibleText } from 'toolgate/kit'
import type { Json, JsonObject } from 'toolgate/kit'
import { z } from 'zod'
import { toMarkdown } from './adf.ts'
import { maxText } from './markdown.ts'

/** Looked into by `checkedAdf`, which knows what is there now. */
export const rawAdf = z.record(z.string(), z.unknown())
export type RawAdf = z.output<typeof rawAdf>

/** Of the whole as JSON: deep enough for a list in a list in a table, shallow enough for the arguments of any call. */
const limits = { depth: 28, values: 20_000, characters: 150_000 }

/**
 * The document as it is sent. What tells people, fetches or runs something (mentions, cards, media, extensions) stays where it
 * stands in `now`: none can be put in, and none is lost.
 *
 * @throws HubError `invalid_input` for what is not known, `refused` where something would be lost
 */
export function checkedAdf(given: unknown, now?: unknown): JsonObject {
  requireBounded(given)
  const { version = 1, type, content, ...other } = isObject(given) ? given : {}
  if (version !== 1 || type !== 'doc' || !Array.isArray(content) || Object.keys(other).length > 0)
    throw wrong('must be {"version": 1, "type": "doc", "content": [...]}')
  const reading: Reading = { kept: foreignIn(now), characters: 0 }
  const nodes = content.map((child) => checkedNode(child, 'doc', reading))
  if (reading.characters > maxText) throw wrong(`has more than ${maxText} characters of text`)
  const lost = [...reading.kept].filter(([, { times }]) => times > 0).map(([, { kind }]) => kind)
  if (lost.length > 0)
    throw new HubError(
      'refused',
      `The new document is without ${[...new Set(lost)].join(', ')} of the present one. Read it with body adf, and keep these nodes as they are.`,
    )
  return { version: 1, type: 'doc', content: nodes }
}

/** The same, or undefined for a document that could not be sent as it is. */
export function sendable(document: unknown): JsonObject | undefined {
  try {
    const sent = checkedAdf(document, document)
    return canonical(sent) === canonical(document) ? sent : undefined
  } catch (error) {
    // A vendor's text can have what canonical JSON refuses.
    if (error instanceof HubError || error instanceof TypeError) return undefined
    throw error
  }
}

/** As much of a document as fits, by whole nodes of its top; undefined for text of old, which is none. */
export function shownAdf(document: unknown, maxChars: number) {
  if (!isObject(document) || document['type'] !== 'doc' || !Array.isArray(document['content'])) return undefined
  const content: Json[] = []
  let left = maxChars
  for (const child of document['content']) {
    const node = isShallow(child) ? visible(child) : undefined
    left -= node === undefined ? Number.POSITIVE_INFINITY : JSON.stringify(node).length
    if (node === undefined || left < 0) break
    content.push(node)
  }
  return { document: { version: 1, type: 'doc', content }, cut: content.length < document['content'].length }
}

/** Everything in it that people read. */
export function wordsIn(value: unknown): string {
  const words: string[] = []
  JSON.stringify(value, (_key, member: unknown) => {
    if (typeof member === 'string') words.push(member)
    return member
  })
  return words.join('\n')
}

/** What the Markdown of a preview does not tell of a document. */
export function unseenIn(given: unknown): readonly string[] {
  const lossy = typeof given === 'object' ? toMarkdown(given).lossy : []
  return lossy.length === 0 ? [] : [`The preview shows the text of the document; it also has: ${lossy.join(', ')}.`]
}

const blocks = ['paragraph', 'bulletList', 'orderedList', 'codeBlock']
const inlines = ['text', 'hardBreak', 'emoji', 'date', 'status']
const cells = [...blocks, 'heading', 'taskList', 'decisionList', 'blockquote', 'panel', 'rule', 'nestedExpand']
const top = [...cells.filter((type) => type !== 'nestedExpand'), 'table', 'expand']

const text = z.string().max(2_000)
const colour = z.string().regex(/^(?:#[0-9A-Fa-f]{3,8}|[a-z]{3,20})$/)
const attributes = <Shape extends z.ZodRawShape>(shape: Shape) => z.strictObject({ localId: text.nullish(), ...shape })
const none = attributes({})
const task = attributes({ state: z.enum(['TODO', 'DONE', 'DECIDED']) })
const cellAttributes = attributes({
  colspan: z.int().min(1).max(100).optional(),
  rowspan: z.int().min(1).max(100).optional(),
  colwidth: z.array(z.number()).max(100).nullish(),
  background: colour.nullish(),
})

interface Kind {
  readonly holds?: readonly string[]
  readonly attributes: z.ZodType
  /** Jira takes none that is empty. */
  readonly filled?: true
}

const kinds: Readonly<Record<string, Kind>> = {
  doc: { holds: top, attributes: none },
  text: { attributes: none },
  hardBreak: { attributes: attributes({ text: z.literal('\n').optional() }) },
  emoji: { attributes: attributes({ shortName: text, id: text.optional(), text: text.optional() }) },
  date: { attributes: attributes({ timestamp: z.string().regex(/^-?\d{1,15}$/) }) },
  status: {
    attributes: attributes({
      text,
      color: z.enum(['neutral', 'purple', 'blue', 'red', 'yellow', 'green']),
      style: text.optional(),
    }),
  },
  paragraph: { holds: inlines, attributes: none },
  heading: { holds: inlines, attributes: attributes({ level: z.int().min(1).max(6) }) },
  bulletList: { holds: ['listItem'], attributes: none, filled: true },
  orderedList: { holds: ['listItem'], attributes: attributes({ order: z.int().min(0).optional() }), filled: true },
  listItem: { holds: [...blocks, 'taskList'], attributes: none, filled: true },
  taskList: { holds: ['taskItem', 'taskList'], attributes: none, filled: true },
  taskItem: { holds: inlines, attributes: task },
  decisionList: { holds: ['decisionItem'], attributes: none },
  decisionItem: { holds: inlines, attributes: task },
  codeBlock: {
    holds: ['text'],
    attributes: attributes({ language: text.nullish(), uniqueId: text.nullish() }),
  },
  blockquote: { holds: blocks, attributes: none, filled: true },
  panel: {
    holds: [...blocks, 'heading', 'taskList', 'rule', 'decisionList'],
    attributes: attributes({
      panelType: z.enum(['info', 'note', 'tip', 'warning', 'error', 'success', 'custom']),
      panelIcon: text.optional(),
      panelIconId: text.optional(),
      panelIconText: text.optional(),
      panelColor: colour.optional(),
    }),
    filled: true,
  },
  rule: { attributes: none },
  expand: {
    holds: [...top.filter((type) => type !== 'expand'), 'nestedExpand'],
    attributes: attributes({ title: text.optional() }),
  },
  nestedExpand: {
    holds: [...blocks, 'heading', 'panel', 'rule', 'taskList'],
    attributes: attributes({ title: text.optional() }),
  },
  table: {
    holds: ['tableRow'],
    attributes: attributes({
      isNumberColumnEnabled: z.boolean().optional(),
      layout: z.enum(['default', 'wide', 'full-width', 'center', 'align-start', 'align-end']).optional(),
      width: z.number().nullish(),
      displayMode: z.enum(['default', 'fixed']).nullish(),
    }),
    filled: true,
  },
  tableRow: { holds: ['tableHeader', 'tableCell'], attributes: none, filled: true },
  tableHeader: { holds: cells, attributes: cellAttributes, filled: true },
  tableCell: { holds: cells, attributes: cellAttributes, filled: true },
}

/** By its type; a link leads only where a link of Markdown may. */
const marks: Readonly<Record<string, z.ZodType>> = {
  strong: z.undefined(),
  em: z.undefined(),
  strike: z.undefined(),
  code: z.undefined(),
  underline: z.undefined(),
  subsup: z.strictObject({ type: z.enum(['sub', 'sup']) }),
  textColor: z.strictObject({ color: colour }),
  backgroundColor: z.strictObject({ color: colour }),
  alignment: z.strictObject({ align: z.enum(['center', 'end']) }),
  indentation: z.strictObject({ level: z.int().min(1).max(6) }),
  link: z.strictObject({ href: z.string().regex(/^(?:https?:\/\/|mailto:)[^\s]{1,2000}$/i) }),
}

interface Reading {
  /** By their canonical text: what the hub does not send, how often it is there, and its kind. */
  readonly kept: Map<string, { readonly kind: string; times: number }>
  characters: number
}

function checkedNode(raw: unknown, parent: string, reading: Reading): JsonObject {
  if (!isObject(raw) || typeof raw['type'] !== 'string') throw wrong(`has something in its ${parent} that is no node`)
  const kind = Object.hasOwn(kinds, raw['type']) ? kinds[raw['type']] : undefined
  if (kind === undefined) return keptNode(raw, reading)
  const { type, attrs, marks: given = [], content = [], text: words, ...other } = raw
  if (!kinds[parent]?.holds?.includes(type)) throw wrong(`has a ${type} where none can stand, in a ${parent}`)
  const isWellFormed = Object.keys(other).length === 0 && Array.isArray(content) && Array.isArray(given)
  if (!isWellFormed || (type === 'text') !== (typeof words === 'string' && words !== ''))
    throw wrong(`has a ${type} with members that it cannot have, or without those that it needs`)
  if (!kind.attributes.safeParse(attrs ?? {}).success) throw wrong(`has a ${type} with attrs that the hub does not know`)
  if ((kind.filled === true && content.length === 0) || (kind.holds === undefined && content.length > 0))
    throw wrong(`has a ${type} whose content cannot be so`)
  if (typeof words === 'string') reading.characters += words.length
  return {
    type: type,
    ...(attrs === undefined ? {} : { attrs: visible(attrs) }),
    ...(raw['content'] === undefined ? {} : { content: content.map((child) => checkedNode(child, type, reading)) }),
    ...(raw['marks'] === undefined ? {} : { marks: given.map((mark) => checkedMark(mark)) }),
    ...(typeof words === 'string' ? { text: visibleText(words) } : {}),
  }
}

function checkedMark(raw: unknown): JsonObject {
  const { type, attrs, ...other } = isObject(raw) ? raw : {}
  const known = typeof type === 'string' && Object.hasOwn(marks, type) ? marks[type] : undefined
  if (known === undefined || Object.keys(other).length > 0 || !known.safeParse(attrs).success)
    throw wrong(`has a mark that the hub does not send, or a link that is neither http, https nor mailto`)
  return { type: type as string, ...(attrs === undefined ? {} : { attrs }) }
}

/** A node of a kind that the hub does not send, if it is there already, exactly so. */
function keptNode(node: JsonObject, { kept }: Reading): JsonObject {
  const found = kept.get(speltOut(node))
  const name = kindOf(node)
  if (found === undefined || found.times === 0)
    throw wrong(`has a ${name}, which the hub does not send: it can only stay where the issue has it`)
  found.times -= 1
  return node
}

function foreignIn(document: unknown): Reading['kept'] {
  const kept: Reading['kept'] = new Map()
  const look = (value: unknown): void => {
    if (!isObject(value)) return
    if (typeof value['type'] === 'string' && !Object.hasOwn(kinds, value['type'])) {
      const spelt = speltOut(value)
      kept.set(spelt, { kind: kindOf(value), times: (kept.get(spelt)?.times ?? 0) + 1 })
    } else if (Array.isArray(value['content'])) value['content'].forEach(look)
  }
  if (isShallow(document)) look(document)
  return kept
}

/** The same for the same members in any order, whatever their text. */
function speltOut(node: JsonObject): string {
  return JSON.stringify(node, (_name, member: unknown) =>
    isObject(member) ? Object.fromEntries(Object.entries(member).toSorted(([one], [two]) => (one < two ? -1 : 1))) : member,
  )
}

/** A kind's name is a caller's or a vendor's word. */
function kindOf({ type }: JsonObject): string {
  return typeof type === 'string' && /^[A-Za-z]{1,40}$/.test(type) ? type : 'node of an unknown kind'
}

function requireBounded(value: unknown): void {
  if (!isShallow(value)) throw wrong('is too large or nested too deep. Divide it, or use append and section')
}

/** Asked before anything walks down into it. */
function isShallow(value: unknown): value is Json {
  const rest: (readonly [unknown, number])[] = [[value, 0]]
  let [values, characters] = [0, 0]
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    const [member, depth] = next
    values += 1
    if (typeof member === 'string') characters += member.length
    if (depth > limits.depth || values > limits.values || characters > limits.characters) return false
    if (typeof member === 'object' && member !== null) for (const each of Object.values(member)) rest.push([each, depth + 1])
  }
  return true
}

/** What it is made of, without what cannot be seen. */
function visible(value: Json): Json {
  if (typeof value === 'string') return visibleText(value)
  if (Array.isArray(value)) return value.map((each: Json) => visible(each))
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, visible(member)]))
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function wrong(what: string): HubError {
  return new HubError('invalid_input', `The document ${what}.`)
}

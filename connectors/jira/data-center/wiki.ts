// Atlassian documents as the wiki markup of Jira Data Center and back: only what both hold exactly.
// https://jira.atlassian.com/secure/WikiRendererHelpAction.jspa?section=all
import { isDeepStrictEqual } from 'node:util'
import { HubError } from 'toolgate/kit'
import type { Json, JsonObject } from 'toolgate/kit'
import { blocksIn } from './wiki-reading.ts'
import { word } from './word.ts'

/** Stands for a text whose markup has no document: it is kept as it is, and nothing but Jira itself can change it. */
export const wikiNode = 'wikiMarkup'

/** @throws HubError `invalid_input` where something would not come back as it was */
export function wikiOf(document: JsonObject): string {
  const nodes = membersOf(document)
  const own = nodes.filter((node) => node['type'] !== wikiNode)
  const text = joined(nodes)
  if (isDeepStrictEqual(canonical(blocksIn(joined(own))), canonical(own))) return text
  throw inexact('markup')
}

/** The document that this markup means, or one node that keeps it as it is. */
export function documentOf(given: string): JsonObject | null {
  const text = given.replaceAll('\r\n', '\n').replace(/^\n+|\s+$/g, '')
  if (text === '') return null
  const doc = (content: readonly Json[]) => ({ version: 1, type: 'doc', content })
  try {
    const content = blocksIn(text)
    const again = wikiOf(doc(content))
    // How many lines stand empty between two blocks means nothing.
    if (again.replaceAll(/\n+/g, '\n') === text.replaceAll(/\n+/g, '\n')) return doc(content)
  } catch (error) {
    if (!(error instanceof HubError)) throw error
  }
  return doc([{ type: wikiNode, content: [{ type: 'text', text: given }] }])
}

function joined(nodes: readonly JsonObject[]): string {
  return nodes.map((node) => block(node)).join('\n\n')
}

function block(node: JsonObject): string {
  switch (node['type']) {
    case wikiNode:
      return word(membersOf(node)[0]?.['text'] ?? '')
    case 'paragraph':
      return inline(node)
    case 'heading':
      return `h${Number(attribute(node, 'level') ?? 1)}. ${oneLine(node)}`
    case 'bulletList':
    case 'orderedList':
      return list(node, '')
    case 'blockquote':
      return `{quote}\n${joined(membersOf(node))}\n{quote}`
    case 'codeBlock':
      return codeBlock(node)
    case 'rule':
      return '----'
    case 'table':
      return membersOf(node).map(row).join('\n')
    default:
      throw inexact(word(node['type']))
  }
}

function list(node: JsonObject, before: string): string {
  const mark = before + (node['type'] === 'bulletList' ? '*' : '#')
  if (node['type'] === 'orderedList' && (attribute(node, 'order') ?? 1) !== 1)
    throw inexact('list that does not begin with 1')
  return membersOf(node)
    .map((item) => {
      const [first, ...rest] = membersOf(item)
      if (first?.['type'] !== 'paragraph' || !rest.every(isList)) throw inexact('list with more than a line in an item')
      return [`${mark} ${oneLine(first)}`, ...rest.map((each) => list(each, mark))].join('\n')
    })
    .join('\n')
}

const isList = ({ type }: JsonObject) => type === 'bulletList' || type === 'orderedList'

/** Of other languages Jira says that it does not know them. https://jira.atlassian.com/secure/WikiRendererHelpAction.jspa?section=advanced */
const languages = new Set(
  'bash c c# c++ cpp css go groovy haskell html java javascript js json lua objc perl php python r ruby scala sh sql swift xml yaml'.split(
    ' ',
  ),
)

function codeBlock(node: JsonObject): string {
  const text = membersOf(node)
    .map((child) => word(child['text'] ?? ''))
    .join('')
  const language = attribute(node, 'language')
  if (language === undefined || language === null || language === 'text') return `{noformat}\n${text}\n{noformat}`
  if (!languages.has(word(language))) throw inexact(`code block in a language that Jira does not know`)
  return `{code:${word(language)}}\n${text}\n{code}`
}

function row(node: JsonObject): string {
  const cells = membersOf(node)
  const isHeader = cells.every(({ type }) => type === 'tableHeader')
  if (!isHeader && !cells.every(({ type }) => type === 'tableCell')) throw inexact('table with headers beside cells')
  const mark = isHeader ? '||' : '|'
  const texts = cells.map((cell) => {
    const [only, ...more] = membersOf(cell)
    if (more.length > 0 || only?.['type'] !== 'paragraph') throw inexact('table with more than a line in a cell')
    return membersOf(only).length === 0 ? ' ' : oneLine(only)
  })
  return `${mark}${texts.join(mark)}${mark}`
}

function oneLine(node: JsonObject): string {
  const text = inline(node)
  if (text.includes('\n') || text === '') throw inexact(`${word(node['type'])} of several lines or none`)
  return text
}

function inline(node: JsonObject): string {
  const text = runs(membersOf(node), ['strong', 'em', 'strike', 'underline', 'code', 'link'])
  if (text.split('\n').some((each) => each.trim() !== each || /^(?:h[1-6]\.|bq\.)/.test(each) || each === ''))
    throw inexact('line that wiki markup reads as something else')
  return text.replaceAll(/^#/gm, String.raw`\#`)
}

const signs: Readonly<Record<string, readonly [string, string]>> = {
  strong: ['*', '*'],
  em: ['_', '_'],
  strike: ['-', '-'],
  underline: ['+', '+'],
  code: ['{{', '}}'],
}

/** Neighbours with the same mark stand between one pair of its signs. */
function runs(nodes: readonly JsonObject[], [mark, ...inner]: readonly string[]): string {
  if (mark === undefined) return nodes.map(leaf).join('')
  const groups = Map.groupBy(numbered(nodes, mark), ([number]) => number)
  return [...groups.values()]
    .map((group) => {
      const members = group.map(([, node]) => node)
      const [first = {}] = members
      const found = marksOf(first).find(({ type }) => type === mark)
      if (found === undefined) return runs(members, inner)
      if (mark === 'link') return link(members, word(attribute(found, 'href')))
      const [open, close] = signs[mark] ?? ['', '']
      return `${open}${runs(members, inner)}${close}`
    })
    .join('')
}

function numbered(nodes: readonly JsonObject[], mark: string): readonly (readonly [number, JsonObject])[] {
  const spelt = (node: JsonObject) => JSON.stringify(marksOf(node).filter(({ type }) => type === mark))
  let number = 0
  return nodes.map((node, index) => {
    const before = nodes[index - 1]
    if (before !== undefined && spelt(before) !== spelt(node)) number += 1
    return [number, node] as const
  })
}

function link(nodes: readonly JsonObject[], href: string): string {
  const text = nodes.map(({ text: words }) => (typeof words === 'string' ? words : '\n')).join('')
  if (/[\s|[\]{}\\]/.test(href) || /[\n|[\]{}\\^~!*_+]/.test(text === href ? '' : text)) throw inexact('link')
  return text === href ? `[${href}]` : `[${text}|${href}]`
}

function leaf(node: JsonObject): string {
  if (node['type'] === 'hardBreak') return '\n'
  if (node['type'] !== 'text' || typeof node['text'] !== 'string') throw inexact(word(node['type']))
  const known = [...Object.keys(signs), 'link']
  const foreign = marksOf(node).find(({ type }) => !known.includes(word(type)))
  if (foreign !== undefined) throw inexact(word(foreign['type']))
  return escaped(node['text'])
}

/**
 * A backslash before any of `-#*_+?^~|%{}[]()!@` makes it a letter; before anything else it is one itself, which is why it
 * cannot be written safely. Inside a word, and between spaces, these signs mean nothing.
 */
function escaped(text: string): string {
  if (text.includes('\\')) throw inexact('backslash outside of code')
  if (/&#?\w+;|:[PD](?!\w)|(?:https?|ftp|file|mailto):\S/.test(text))
    throw inexact('word that wiki markup reads as something else (an entity, a smiley or an address)')
  return text
    .replaceAll(/[|{}[\]!]/g, String.raw`\$&`)
    .replaceAll(/[*_+^~-]/g, (sign, at: number, whole: string) => {
      const [before, after] = [whole[at - 1] ?? '', whole[at + 1] ?? '']
      const inWord = /[\p{L}\p{N}]/u.test(before) && /[\p{L}\p{N}]/u.test(after)
      return inWord || (before === ' ' && after === ' ') ? sign : `\\${sign}`
    })
    .replaceAll('??', String.raw`\?\?`)
    .replaceAll(/[:;](?=[()])/g, (eyes) => `${eyes}\\`)
    .replaceAll(/(?<!\\)\((?=(?:[a-z*/?!+-]|\\[-+*!]){1,8}\))/g, String.raw`\(`)
}

/** The same for what means the same. */
function canonical(nodes: readonly JsonObject[]): readonly Json[] {
  const merged: JsonObject[] = []
  for (const node of nodes.map(one)) {
    const last = merged.at(-1)
    if (last?.['type'] === 'text' && node['type'] === 'text' && isDeepStrictEqual(last['marks'], node['marks']))
      merged[merged.length - 1] = { ...last, text: `${word(last['text'])}${word(node['text'])}` }
    else merged.push(node)
  }
  return merged
}

function one(node: JsonObject): JsonObject {
  const marks = marksOf(node).toSorted((left, right) => (word(left['type']) < word(right['type']) ? -1 : 1))
  const attrs = Object.entries((node['attrs'] ?? {}) as JsonObject).filter(
    ([name, value]) =>
      value !== null &&
      !(name === 'order' && value === 1) &&
      !(name === 'layout' && value === 'default') &&
      !(name === 'language' && value === 'text'),
  )
  return {
    type: node['type'] ?? null,
    ...(typeof node['text'] === 'string' ? { text: node['text'] } : {}),
    ...(attrs.length > 0 ? { attrs: Object.fromEntries(attrs) } : {}),
    ...(marks.length > 0 ? { marks } : {}),
    content: canonical(membersOf(node)),
  }
}

function membersOf(node: JsonObject): readonly JsonObject[] {
  return (Array.isArray(node['content']) ? node['content'] : []) as readonly JsonObject[]
}

function marksOf(node: JsonObject): readonly JsonObject[] {
  return (Array.isArray(node['marks']) ? node['marks'] : []) as readonly JsonObject[]
}

function attribute(node: JsonObject, name: string): Json | undefined {
  return (node['attrs'] as JsonObject | undefined)?.[name]
}

function inexact(what: string): HubError {
  const name = /^[A-Za-z ,()-]{1,100}[A-Za-z0-9 ,()-]*$/.test(what) ? what : 'node of an unknown kind'
  return new HubError(
    'invalid_input',
    `The text has a ${name}, which the wiki markup of Jira Data Center does not hold exactly. Write it in another way, such as in a code block.`,
  )
}

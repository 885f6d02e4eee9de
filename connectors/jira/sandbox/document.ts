// Whether something is a document that Jira would take.
// https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/ and http://go.atlassian.com/adf-json-schema
import { isObject, word } from './answer.ts'

const blocks = ['paragraph', 'bulletList', 'orderedList', 'codeBlock', 'mediaSingle', 'mediaGroup']
const topLevel = [
  ...blocks,
  'heading',
  'taskList',
  'decisionList',
  'blockquote',
  'panel',
  'rule',
  'table',
  'expand',
  'blockCard',
  'embedCard',
  'extension',
  'bodiedExtension',
]
const inlines = ['text', 'hardBreak', 'mention', 'emoji', 'inlineCard', 'date', 'status', 'inlineExtension', 'mediaInline']

/** What stands in what. Whatever is not named here takes no content. */
const contents: Readonly<Record<string, readonly string[]>> = {
  doc: topLevel,
  paragraph: inlines,
  heading: inlines,
  bulletList: ['listItem'],
  orderedList: ['listItem'],
  listItem: [...blocks, 'taskList'],
  taskList: ['taskItem', 'taskList'],
  taskItem: inlines,
  decisionList: ['decisionItem'],
  decisionItem: inlines,
  blockquote: blocks,
  codeBlock: ['text'],
  panel: [...blocks, 'heading', 'taskList', 'rule', 'decisionList', 'blockCard'],
  expand: [...topLevel.filter((type) => type !== 'expand'), 'nestedExpand'],
  table: ['tableRow'],
  tableRow: ['tableHeader', 'tableCell'],
  tableHeader: [...topLevel.filter((type) => type !== 'table' && type !== 'expand'), 'nestedExpand'],
  tableCell: [...topLevel.filter((type) => type !== 'table' && type !== 'expand'), 'nestedExpand'],
  mediaSingle: ['media'],
  mediaGroup: ['media'],
}
const neverEmpty = new Set([
  'bulletList',
  'orderedList',
  'listItem',
  'table',
  'tableRow',
  'tableCell',
  'tableHeader',
  'blockquote',
  'panel',
  'taskList',
])
const marks = new Set(['strong', 'em', 'strike', 'code', 'link', 'underline', 'subsup', 'textColor', 'backgroundColor'])
const required: Readonly<Record<string, readonly string[]>> = {
  heading: ['level'],
  mention: ['id'],
  taskList: ['localId'],
  taskItem: ['localId', 'state'],
  panel: ['panelType'],
}

export function isDocument(value: unknown): boolean {
  return (
    isObject(value) &&
    value['version'] === 1 &&
    value['type'] === 'doc' &&
    Array.isArray(value['content']) &&
    isNode(value, 0)
  )
}

function isNode(value: unknown, depth: number): boolean {
  if (!isObject(value) || depth > 100) return false
  const { type, text, attrs, content = [], marks: given = [] } = value
  if (typeof type !== 'string' || !Array.isArray(content) || !Array.isArray(given)) return false
  if (type === 'text' && (typeof text !== 'string' || text === '')) return false
  if (!given.every(isMark)) return false
  if (!(required[type] ?? []).every((name) => isObject(attrs) && attrs[name] !== undefined)) return false
  if (neverEmpty.has(type) && content.length === 0) return false
  const inside = contents[type] ?? []
  return content.every((child) => isObject(child) && inside.includes(word(child['type'])) && isNode(child, depth + 1))
}

function isMark(mark: unknown): boolean {
  if (!isObject(mark) || !marks.has(word(mark['type']))) return false
  return mark['type'] !== 'link' || (isObject(mark['attrs']) && typeof mark['attrs']['href'] === 'string')
}

/** The words of a document, for search. */
export function wordsOf(value: unknown): string {
  if (!isObject(value)) return ''
  const { text, attrs, content = [] } = value
  const own = typeof text === 'string' ? text : isObject(attrs) && typeof attrs['text'] === 'string' ? attrs['text'] : ''
  return Array.isArray(content) ? [own, ...content.map(wordsOf)].join(' ') : own
}

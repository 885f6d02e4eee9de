// Writes Markdown as an Atlassian Document Format document that holds nothing but text.
import { HubError, visibleText } from 'toolgate/kit'
import type { Json, JsonObject } from 'toolgate/kit'
import { requireBounded, requireDepth } from './markup-bounds.ts'

/** What Jira accepts in one rich text field. https://support.atlassian.com/jira-cloud-administration/docs/configure-advanced-settings/ */
export const maxText = 32_767

export type ToAdf = (markdown: string) => JsonObject

/** The converter's own output is outside data too: it takes nodes from `<adf>` tags, images from anywhere, links to anything. */
export async function markdownWriter(): Promise<ToAdf> {
  const { markdownToAdf } = await import('marklassian')
  return (markdown) => {
    requireBounded(markdown)
    const content = markdownToAdf(escapeTags(visibleText(markdown))).content as readonly unknown[]
    const blocks = content.flatMap((node) => block(node, 'doc', { tasks: 0 }, 0))
    if (blocks.length === 0) throw new HubError('invalid_input', 'The text is empty. Write at least one word.')
    return { version: 1, type: 'doc', content: blocks }
  }
}

interface RawNode {
  readonly type: string
  readonly text?: string
  readonly attrs?: Record<string, Json>
  readonly content?: readonly RawNode[]
  readonly marks?: readonly RawNode[]
}

interface Position {
  tasks: number
}

/** What may stand in what, as far as text needs it. https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/ */
const allowed: Readonly<Record<string, readonly string[]>> = {
  doc: ['paragraph', 'heading', 'bulletList', 'orderedList', 'taskList', 'codeBlock', 'blockquote', 'rule', 'table'],
  listItem: ['paragraph', 'bulletList', 'orderedList', 'codeBlock'],
  blockquote: ['paragraph', 'bulletList', 'orderedList', 'codeBlock'],
  bulletList: ['listItem'],
  orderedList: ['listItem'],
  taskList: ['taskItem', 'taskList'],
  table: ['tableRow'],
  tableRow: ['tableHeader', 'tableCell'],
  tableHeader: ['paragraph'],
  tableCell: ['paragraph'],
}

function block(raw: unknown, parent: string, position: Position, depth: number): readonly JsonObject[] {
  const node = raw as RawNode
  requireDepth(depth)
  if (node.type === 'mediaSingle') return [imageAsLink(node)]
  if (!allowed[parent]?.includes(node.type)) return [misplaced(node, parent)]
  const inside = () => (node.content ?? []).flatMap((child) => block(child, node.type, position, depth + 1))
  switch (node.type) {
    case 'paragraph':
      return nonEmpty({ type: 'paragraph', content: inline(node.content) })
    case 'heading':
      return nonEmpty({
        type: 'heading',
        attrs: { level: Number(node.attrs?.['level'] ?? 1) },
        content: inline(node.content),
      })
    case 'codeBlock':
      return [codeBlock(node)]
    case 'rule':
      return [{ type: 'rule' }]
    case 'taskItem':
      return [taskItem(node, position)]
    case 'taskList':
      return nonEmpty({ type: 'taskList', attrs: { localId: `task-list-${++position.tasks}` }, content: inside() })
    case 'orderedList':
      return nonEmpty({ type: 'orderedList', attrs: { order: Number(node.attrs?.['order'] ?? 1) }, content: inside() })
    case 'listItem':
    case 'tableCell':
    case 'tableHeader': {
      const content = inside()
      return [{ type: node.type, content: content.length > 0 ? content : [{ type: 'paragraph', content: [] }] }]
    }
    default:
      return nonEmpty({ type: node.type, content: inside() })
  }
}

function codeBlock(node: RawNode): JsonObject {
  const language = node.attrs?.['language']
  const text = (node.content ?? []).map((child) => child.text ?? '').join('')
  return {
    type: 'codeBlock',
    ...(typeof language === 'string' && /^[\w+#.-]{1,30}$/.test(language) ? { attrs: { language } } : {}),
    content: text === '' ? [] : [{ type: 'text', text }],
  }
}

/** Its ids count up: the converter's own are random, and the same text must make the same plan. */
function taskItem(node: RawNode, position: Position): JsonObject {
  const state = node.attrs?.['state'] === 'DONE' ? 'DONE' : 'TODO'
  const paragraphs = (node.content ?? []).flatMap((child) => (child.type === 'paragraph' ? (child.content ?? []) : [child]))
  return { type: 'taskItem', attrs: { localId: `task-${++position.tasks}`, state }, content: inline(paragraphs) }
}

/** An image would be fetched by every reader; its address is shown instead. */
function imageAsLink(node: RawNode): JsonObject {
  const attrs = node.content?.[0]?.attrs ?? {}
  const url = typeof attrs['url'] === 'string' ? attrs['url'] : ''
  const alt = typeof attrs['alt'] === 'string' && attrs['alt'] !== '' ? attrs['alt'] : 'image'
  return {
    type: 'paragraph',
    content: [textNode({ type: 'text', text: alt, marks: [{ type: 'link', attrs: { href: url } }] })],
  }
}

function misplaced(node: RawNode, parent: string): JsonObject {
  // Jira takes no heading inside a list or a quote; bold says the same.
  if (node.type === 'heading' && parent !== 'tableCell') {
    const words = inline(node.content).map((child) =>
      child['type'] === 'text' ? { ...child, marks: [{ type: 'strong' }] } : child,
    )
    return { type: 'paragraph', content: words }
  }
  const name = /^[A-Za-z]{1,30}$/.test(node.type) ? node.type : 'unknown'
  throw new HubError(
    'invalid_input',
    `The text has a ${name} where Jira takes none (inside a ${parent}). Write it as plain paragraphs, lists, tables and code.`,
  )
}

function inline(content: readonly RawNode[] | undefined): readonly JsonObject[] {
  return (content ?? []).flatMap((node) => {
    if (node.type === 'hardBreak') return [{ type: 'hardBreak' }]
    if (node.type !== 'text')
      throw new HubError('invalid_input', 'The text has markup that the hub does not send. Write plain Markdown.')
    return (node.text ?? '') === '' ? [] : [textNode(node)]
  })
}

function textNode(node: RawNode): JsonObject {
  const marks = (node.marks ?? []).flatMap((mark): readonly JsonObject[] => {
    if (mark.type !== 'link') return ['em', 'strong', 'strike', 'code'].includes(mark.type) ? [{ type: mark.type }] : []
    const href = mark.attrs?.['href']
    if (typeof href !== 'string' || !/^(?:https?:\/\/|mailto:)[^\s]+$/i.test(href)) {
      throw new HubError(
        'invalid_input',
        'The text has a link that is neither http, https nor mailto. Give a full web address.',
      )
    }
    return [{ type: 'link', attrs: { href } }]
  })
  return { type: 'text', text: node.text ?? '', ...(marks.length > 0 ? { marks } : {}) }
}

function nonEmpty(node: JsonObject & { readonly content: readonly Json[] }): readonly JsonObject[] {
  return node.content.length === 0 ? [] : [node]
}

/** The converter drops HTML tags with what is in them; escaped, they are sent as the words they are. */
function escapeTags(markdown: string): string {
  let fence: string | undefined
  return markdown
    .split('\n')
    .map((line) => {
      const [, mark] = /^ {0,3}(?:[-*+>]\s+|\d+\.\s+)*(`{3,}|~{3,})/.exec(line) ?? []
      if (fence !== undefined) {
        if (mark?.startsWith(fence)) fence = undefined
        return line
      }
      if (mark !== undefined) {
        fence = mark
        return line
      }
      return /^(?: {4}|\t)/.test(line) ? line : escapeLine(line)
    })
    .join('\n')
}

function escapeLine(line: string): string {
  return line
    .split(/(`+[^`]*`+)/)
    .map((part, index) =>
      index % 2 === 1 ? part : part.replace(/(?<!\\)<(?=[A-Za-z/!?])(?!(?:https?:\/\/|mailto:)[^\s<>]+>)/g, '\\<'),
    )
    .join('')
}

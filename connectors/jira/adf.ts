// Reads the Atlassian Document Format as Markdown, and says what Markdown could not hold.
// https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/
import { visibleText } from 'toolgate/kit'

export interface Reading {
  readonly markdown: string
  /** The kinds of node whose meaning is lost in Markdown, sorted: `mention`, `panel`. */
  readonly lossy: readonly string[]
}

interface Node {
  readonly type: string
  readonly text?: string
  readonly attrs: Readonly<Record<string, unknown>>
  readonly content: readonly unknown[]
  readonly marks: readonly unknown[]
}

/** A vendor's document is outside data: whatever is deeper or longer than this is left out and said to be. */
const limits = { depth: 40, nodes: 20_000 }

export function toMarkdown(document: unknown): Reading {
  if (document === null || document === undefined) return { markdown: '', lossy: [] }
  // Old content can still be wiki text; it is shown as it is.
  if (typeof document === 'string') return { markdown: visibleText(document), lossy: [] }
  const reader: Reader = { lossy: new Set(), nodes: 0 }
  const markdown = blocks(node(document).content, reader, 0)
  return { markdown: visibleText(markdown).trim(), lossy: [...reader.lossy].sort() }
}

interface Reader {
  readonly lossy: Set<string>
  nodes: number
}

function blocks(content: readonly unknown[], reader: Reader, depth: number): string {
  return content
    .map((child) => block(node(child), reader, depth + 1))
    .filter((text) => text !== '')
    .join('\n\n')
}

function block(item: Node, reader: Reader, depth: number): string {
  if (depth > limits.depth || ++reader.nodes > limits.nodes) return lost(item, reader, '', 'too large')
  // Alignment, indentation, width: what stands on a block, and not in its text.
  for (const mark of item.marks) reader.lossy.add(kindOf(node(mark).type))
  const inner = () => blocks(item.content, reader, depth)
  switch (item.type) {
    case 'paragraph':
      return inline(item.content, reader)
    case 'heading':
      return `${'#'.repeat(Math.min(Math.max(Number(item.attrs['level']) || 1, 1), 6))} ${inline(item.content, reader)}`
    case 'bulletList':
      return list(item, reader, depth, () => '- ')
    case 'orderedList': {
      const first = Number(item.attrs['order'] ?? 1) || 1
      return list(item, reader, depth, (index) => `${first + index}. `)
    }
    case 'taskList':
      return list(item, reader, depth, (_, task) => (task.attrs['state'] === 'DONE' ? '- [x] ' : '- [ ] '))
    case 'blockquote':
      return prefixed(inner(), '> ')
    case 'codeBlock':
      return fenced(inline(item.content, reader), item.attrs['language'])
    case 'rule':
      return '---'
    case 'table':
      return table(item, reader, depth)
    case 'panel':
      return lost(item, reader, prefixed(inner(), '> '))
    case 'mediaSingle':
    case 'mediaGroup':
      return lost(item, reader, '[attached media]')
    case 'blockCard':
    case 'embedCard':
      return lost(item, reader, link(item))
    // Expand, decision lists, layouts, extensions and whatever Atlassian adds: their text stays, their meaning does not.
    default:
      return lost(item, reader, item.content.some((child) => isInline(node(child))) ? inline(item.content, reader) : inner())
  }
}

function list(item: Node, reader: Reader, depth: number, bullet: (index: number, child: Node) => string): string {
  return item.content
    .map((raw, index) => {
      const child = node(raw)
      if (child.type === 'taskList') return prefixed(block(child, reader, depth + 1), '  ')
      const mark = bullet(index, child)
      const text = child.content.some((part) => isInline(node(part)))
        ? inline(child.content, reader)
        : blocks(child.content, reader, depth + 1)
      return mark + prefixed(text.replace(/\n\n(?=\s*(?:-|\d+\.) )/g, '\n'), ' '.repeat(mark.length)).trimStart()
    })
    .join('\n')
}

function table(item: Node, reader: Reader, depth: number): string {
  const rows = item.content.map((row) => node(row).content.map(node))
  const merged = rows.flat().some((cell) => Number(cell.attrs['colspan'] ?? 1) > 1 || Number(cell.attrs['rowspan'] ?? 1) > 1)
  if (merged) reader.lossy.add('table with merged cells')
  if (item.attrs['isNumberColumnEnabled'] === true) reader.lossy.add('table with numbered rows')
  const { layout = 'default', width: wide } = item.attrs
  const sized = rows.flat().some((cell) => cell.attrs['colwidth'] !== undefined && cell.attrs['colwidth'] !== null)
  if ((layout !== 'default' && layout !== 'align-start') || typeof wide === 'number' || sized)
    reader.lossy.add('table with a layout')
  if (rows.flat().some((cell) => typeof cell.attrs['background'] === 'string')) reader.lossy.add('table with colours')
  const lines = rows.map((cells) => {
    const texts = cells.map((cell) => {
      const text = blocks(cell.content, reader, depth + 2)
      if (text.includes('\n')) reader.lossy.add('table with several lines in a cell')
      return text.replace(/\s*\n\s*/g, ' ').replaceAll('|', '\\|')
    })
    return `| ${texts.join(' | ')} |`
  })
  const width = rows[0]?.length ?? 0
  return [lines[0] ?? '', `|${' --- |'.repeat(width)}`, ...lines.slice(1)].join('\n')
}

function inline(content: readonly unknown[], reader: Reader): string {
  return content
    .map((raw) => {
      const item = node(raw)
      if (++reader.nodes > limits.nodes) return lost(item, reader, '', 'too large')
      switch (item.type) {
        case 'text':
          return marked(item, reader)
        case 'hardBreak':
          return '  \n'
        case 'emoji':
          return lost(item, reader, attribute(item, 'text') || attribute(item, 'shortName'))
        case 'mention':
          return lost(item, reader, `@${(attribute(item, 'text') || attribute(item, 'id')).replace(/^@/, '')}`)
        case 'inlineCard':
          return lost(item, reader, link(item))
        case 'status':
          return lost(item, reader, `[${attribute(item, 'text')}]`)
        case 'date': {
          const at = new Date(Number(item.attrs['timestamp']))
          return lost(item, reader, Number.isNaN(at.getTime()) ? '' : at.toISOString().slice(0, 10))
        }
        case 'media':
        case 'mediaInline':
          return lost(item, reader, '[attached media]')
        default:
          return lost(item, reader, inline(item.content, reader))
      }
    })
    .join('')
}

function marked(item: Node, reader: Reader): string {
  let text = item.text ?? ''
  const marks = item.marks.map(node)
  const has = (type: string) => marks.some((mark) => mark.type === type)
  if (has('code')) text = codeSpan(text)
  if (has('strong')) text = around(text, '**')
  if (has('em')) text = around(text, '*')
  if (has('strike')) text = around(text, '~~')
  const anchor = marks.find((mark) => mark.type === 'link')
  if (anchor) text = attribute(anchor, 'href') === text ? text : `[${text}](${attribute(anchor, 'href')})`
  for (const mark of marks) {
    if (!['code', 'strong', 'em', 'strike', 'link'].includes(mark.type)) reader.lossy.add(kindOf(mark.type))
  }
  return text
}

/** Markdown takes no space just inside its marks. */
function around(text: string, mark: string): string {
  const [, before = '', core = '', after = ''] = /^(\s*)([\s\S]*?)(\s*)$/.exec(text) ?? []
  return core === '' ? text : `${before}${mark}${core}${mark}${after}`
}

function codeSpan(text: string): string {
  const ticks = '`'.repeat(longestRun(text) + 1)
  return text.startsWith('`') || text.endsWith('`') ? `${ticks} ${text} ${ticks}` : `${ticks}${text}${ticks}`
}

function fenced(text: string, language: unknown): string {
  const fence = '`'.repeat(Math.max(3, longestRun(text) + 1))
  const name = typeof language === 'string' && /^[\w+#.-]{1,30}$/.test(language) && language !== 'text' ? language : ''
  return `${fence}${name}\n${text}\n${fence}`
}

function longestRun(text: string): number {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length))
}

function prefixed(text: string, prefix: string): string {
  return text
    .split('\n')
    .map((textLine) => `${prefix}${textLine}`.trimEnd())
    .join('\n')
}

function lost(item: Node, reader: Reader, text: string, name = item.type): string {
  reader.lossy.add(kindOf(name))
  return text
}

/** A kind's name is a vendor's word too. */
function kindOf(name: string): string {
  return /^[A-Za-z ]{1,40}$/.test(name) ? name : 'unknown'
}

function link(item: Node): string {
  const url = attribute(item, 'url')
  return url === '' ? '[link]' : `<${url}>`
}

function attribute(item: Node, name: string): string {
  const value = item.attrs[name]
  return typeof value === 'string' ? value : ''
}

function isInline(item: Node): boolean {
  return ['text', 'hardBreak', 'emoji', 'mention', 'inlineCard', 'status', 'date', 'mediaInline'].includes(item.type)
}

function node(raw: unknown): Node {
  const item = typeof raw === 'object' && raw !== null ? (raw as Partial<Record<keyof Node, unknown>>) : {}
  return {
    type: typeof item.type === 'string' ? item.type : 'unknown',
    ...(typeof item.text === 'string' ? { text: item.text } : {}),
    attrs: typeof item.attrs === 'object' && item.attrs !== null ? (item.attrs as Node['attrs']) : {},
    content: Array.isArray(item.content) ? item.content : [],
    marks: Array.isArray(item.marks) ? item.marks : [],
  }
}

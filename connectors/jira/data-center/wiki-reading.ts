// Reads wiki markup as the nodes of a document, as far as it is markup that the hub writes itself.
// https://jira.atlassian.com/secure/WikiRendererHelpAction.jspa?section=all
import type { JsonObject } from 'toolgate/kit'

const fence = /^\{(noformat|code|quote)(?::([\w+#]{1,20}))?\}$/
const item = /^([*#]+) (.+)$/
const heading = /^h([1-6])\. (.+)$/

/** Whatever is no markup that is known here becomes text, so that writing it again shows that it was something else. */
export function blocksIn(text: string): readonly JsonObject[] {
  const lines = text.split('\n')
  const blocks: JsonObject[] = []
  for (let at = 0; at < lines.length;) {
    const line = lines[at] ?? ''
    const [, macro, language] = fence.exec(line) ?? []
    const end = macro === undefined ? -1 : lines.indexOf(`{${macro}}`, at + 1)
    if (line.trim() === '') at += 1
    else if (macro !== undefined && end > at) {
      blocks.push(fenced(macro, language, lines.slice(at + 1, end).join('\n')))
      at = end + 1
    } else {
      const of = kindOf(line)
      let next = at + 1
      if (of === 'item' || of === 'row' || of === 'words') while (kindOf(lines[next]) === of) next += 1
      blocks.push(...block(of, lines.slice(at, next)))
      at = next
    }
  }
  return blocks
}

type Kind = 'nothing' | 'fence' | 'rule' | 'heading' | 'item' | 'row' | 'words'

function kindOf(line: string | undefined): Kind {
  if (line === undefined || line.trim() === '') return 'nothing'
  if (fence.test(line)) return 'fence'
  if (line === '----') return 'rule'
  if (heading.test(line)) return 'heading'
  if (item.test(line)) return 'item'
  return line.startsWith('|') ? 'row' : 'words'
}

function block(kind: Kind, lines: readonly string[]): readonly JsonObject[] {
  const [first = ''] = lines
  if (kind === 'rule') return [{ type: 'rule' }]
  if (kind === 'item')
    return lists(lines.map((line) => item.exec(line) ?? []).map(([, marks = '', words = '']) => [marks, words]))
  if (kind === 'row') return [{ type: 'table', content: lines.map(row) }]
  const [, level, title] = heading.exec(first) ?? []
  if (kind === 'heading') return [{ type: 'heading', attrs: { level: Number(level) }, content: inline(title ?? '') }]
  return [{ type: 'paragraph', content: inline(lines.join('\n')) }]
}

function fenced(macro: string, language: string | undefined, text: string): JsonObject {
  if (macro === 'quote') return { type: 'blockquote', content: blocksIn(text) }
  const content = text === '' ? [] : [{ type: 'text', text }]
  return { type: 'codeBlock', ...(language === undefined ? {} : { attrs: { language } }), content }
}

function lists(items: readonly (readonly [marks: string, words: string])[], depth = 0): readonly JsonObject[] {
  const found: { sign: string; items: { words: string; below: (readonly [string, string])[] }[] }[] = []
  for (const [marks, words] of items) {
    const sign = marks[depth] ?? ''
    const list = found.at(-1)
    if (marks.length > depth + 1 && list?.sign === sign) list.items.at(-1)?.below.push([marks, words])
    else if (list?.sign === sign) list.items.push({ words, below: [] })
    else found.push({ sign, items: [{ words, below: [] }] })
  }
  return found.map(({ sign, items: own }) => ({
    type: sign === '*' ? 'bulletList' : 'orderedList',
    content: own.map(({ words, below }) => ({
      type: 'listItem',
      content: [{ type: 'paragraph', content: inline(words) }, ...lists(below, depth + 1)],
    })),
  }))
}

function row(line: string): JsonObject {
  const isHeader = line.startsWith('||')
  const inside = line.replace(/^\|{1,2}/, '').replace(/\|{1,2}$/, '')
  // The sign between an address and its words ends no cell.
  const cells = inside.match(/(?:\\.|\[[^\]\n]*\]|[^|\\])+/g) ?? []
  return {
    type: 'tableRow',
    content: cells.map((cell) => ({
      type: isHeader ? 'tableHeader' : 'tableCell',
      content: [{ type: 'paragraph', content: cell === ' ' ? [] : inline(cell) }],
    })),
  }
}

const signs: Readonly<Record<string, string>> = { '*': 'strong', _: 'em', '-': 'strike', '+': 'underline' }
const word = /[\p{L}\p{N}]/u

function inline(text: string, marks: readonly JsonObject[] = []): readonly JsonObject[] {
  const nodes: JsonObject[] = []
  let words = ''
  const textNode = (value: string, more: readonly JsonObject[] = []): JsonObject => ({
    type: 'text',
    text: value,
    ...(marks.length + more.length > 0 ? { marks: [...marks, ...more] } : {}),
  })
  const flush = () => {
    if (words !== '') nodes.push(textNode(words))
    words = ''
  }
  for (let at = 0; at < text.length;) {
    const rest = text.slice(at)
    const sign = rest[0] ?? ''
    const [link, label, href] = /^\[([^\]|\n]+)(?:\|((?:https?:\/\/|mailto:)[^\]\n]+))?\]/.exec(rest) ?? []
    const [code, inside = ''] = /^\{\{(.+?)\}\}/.exec(rest) ?? []
    const close = signs[sign] === undefined || word.test(text[at - 1] ?? '') ? -1 : closing(text, at)
    if (/^\\[-#*_+?^~|%{}[\]()!@]/.test(rest)) {
      words += rest[1] ?? ''
      at += 2
    } else if (sign === '\n') {
      flush()
      nodes.push({ type: 'hardBreak' })
      at += 1
    } else if (link !== undefined && (href !== undefined || /^(?:https?:\/\/|mailto:)/.test(label ?? ''))) {
      flush()
      nodes.push(textNode(label ?? '', [{ type: 'link', attrs: { href: href ?? label ?? '' } }]))
      at += link.length
    } else if (code !== undefined) {
      flush()
      nodes.push(...inline(inside, [...marks, { type: 'code' }]))
      at += code.length
    } else if (close > at) {
      flush()
      nodes.push(...inline(text.slice(at + 1, close), [...marks, { type: signs[sign] ?? '' }]))
      at = close + 1
    } else {
      words += sign
      at += 1
    }
  }
  flush()
  return nodes
}

/** Where the phrase that begins here ends: not after a space, and not before a letter. */
function closing(text: string, at: number): number {
  const sign = text[at] ?? ''
  if (/\s|^$/.test(text[at + 1] ?? '')) return -1
  for (let next = at + 2; next < text.length && text[next] !== '\n'; next += 1) {
    const isSign = text[next] === sign && text[next - 1] !== '\\' && !/\s/.test(text[next - 1] ?? '')
    if (isSign && !word.test(text[next + 1] ?? '')) return next
  }
  return -1
}

// Markdown in, Slack's mrkdwn out. No `<` leaves here but those of links and of people and channels named by their id.
import { visibleText } from 'toolgate/kit'
import { escape, hostsIn, webAddress, withoutEnding } from './addresses.ts'
import { plainText } from './text.ts'

export interface Rendered {
  readonly text: string
  /** Ids of the people that it mentions: each must be looked up before it is sent. */
  readonly people: readonly string[]
  /** Ids of the channels that it names. */
  readonly channels: readonly string[]
  /** Host names that Slack may make a link of. */
  readonly hosts: readonly string[]
  /** How many characters were left out because nobody could have seen them. */
  readonly hidden: number
}

interface Found {
  readonly people: Set<string>
  readonly channels: Set<string>
  readonly hosts: Set<string>
}

/**
 * Renders the subset of Markdown that Slack can show (docs.slack.dev/messaging/formatting-message-text): bold, italic,
 * strike, code, code blocks, links, lists, quotes and headings. `@[U…]` mentions a person, `#[C…]` a channel. All else is
 * text: `&`, `<` and `>` are escaped, so `<!channel>` and `<@U…>` are only ever words.
 */
export function toMrkdwn(markdown: string): Rendered {
  const source = visibleText(markdown)
  const found: Found = { people: new Set(), channels: new Set(), hosts: new Set() }
  const text = blocks(source.split('\n'), found).join('\n').trim()
  for (const host of hostsIn(wordsIn(text))) found.hosts.add(host)
  return {
    text,
    people: [...found.people],
    channels: [...found.channels],
    hosts: [...found.hosts].sort(),
    hidden: markdown.replaceAll('\r\n', '\n').length - source.length,
  }
}

/**
 * Without what is a link or code already: two pieces side by side may read as an address that neither of them was. Where a tick is left
 * over, it is not sure what Slack takes for code.
 */
function wordsIn(mrkdwn: string): string {
  const withoutLinks = mrkdwn.replace(/<[^<>]*>/g, ' ')
  const withoutCode = withoutLinks.replace(/```[\s\S]*?```|`[^`\n]+`/g, ' ')
  return plainText(withoutCode.includes('`') ? withoutLinks : withoutCode)
}

function blocks(lines: readonly string[], found: Found): readonly string[] {
  const rendered: string[] = []
  let fence: string | undefined
  for (const line of lines) {
    const mark = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1]
    if (fence !== undefined) {
      const closes = mark !== undefined && mark.startsWith(fence) && line.trim() === mark
      rendered.push(closes ? '```' : escape(line))
      if (closes) fence = undefined
    } else if (mark !== undefined && !line.slice(line.indexOf(mark) + mark.length).includes('`')) {
      fence = mark
      rendered.push('```')
    } else {
      rendered.push(block(line, found))
    }
  }
  if (fence !== undefined) rendered.push('```')
  return rendered
}

function block(line: string, found: Found): string {
  const trimmed = line.trim()
  const squeezed = trimmed.replaceAll(' ', '')
  if (/^(?:-{3,}|\*{3,}|_{3,})$/.test(squeezed)) return '———'

  const heading = /^#{1,6} /.exec(trimmed)
  if (heading !== null) {
    const words = trimmed
      .slice(heading[0].length)
      .trim()
      .replace(/ #{1,6}$/, '')
    return `*${inline(words.replaceAll('**', '').replaceAll('__', ''), found)}*`
  }
  // Slack has one level of quotes.
  const quote = /^(?: {0,3}>)+ ?/.exec(line)
  if (quote !== null) return `> ${block(line.slice(quote[0].length), found)}`

  const item = /^( {0,12})[-*+] /.exec(line.replaceAll('\t', '    '))
  if (item !== null) return `${item[1] ?? ''}• ${inline(line.trimStart().slice(2).trim(), found)}`
  return inline(line, found)
}

const person = /@\[([UW][A-Z0-9]{8,20})(?: [^\]\n]{0,80})?\]/y
const channel = /#\[([CG][A-Z0-9]{8,20})(?: [^\]\n]{0,80})?\]/y
const link =
  /!?\[([^[\]\n]{0,300})\]\(<?([^\s()<>]{1,2000}(?:\([^\s()<>]{0,200}\)[^\s()<>]{0,200}){0,3})>?(?: "[^"\n]{0,300}")?\)/y
const bracketed = /<((?:https?:\/\/|mailto:)[^\s<>|]{1,2000})>/iy
const address = /https?:\/\/[^\s<>|"`]{1,2000}/iy
const delimiters = [
  { mark: '**', slack: '*' },
  { mark: '__', slack: '*' },
  { mark: '~~', slack: '~' },
  { mark: '*', slack: '_' },
  { mark: '_', slack: '_' },
] as const
const deepest = 6

function inline(text: string, found: Found, depth = 0): string {
  let output = ''
  let plain = ''
  let at = 0
  const flush = (): void => {
    for (const host of hostsIn(plain)) found.hosts.add(host)
    output += escape(plain)
    plain = ''
  }
  while (at < text.length) {
    const piece = pieceAt(text, at, found, depth)
    if (piece === undefined) {
      plain += text.charAt(at)
      at += 1
    } else {
      if (piece.literal) plain += piece.output
      else flush()
      if (!piece.literal) output += piece.output
      at += piece.length
    }
  }
  flush()
  return output
}

interface Piece {
  readonly output: string
  readonly length: number
  /** Still to be escaped. */
  readonly literal?: boolean
}

function pieceAt(text: string, at: number, found: Found, depth: number): Piece | undefined {
  switch (text.charAt(at)) {
    case '\\':
      return /^[!-/:-@[-`{-~]/.test(text.charAt(at + 1))
        ? { output: text.charAt(at + 1), length: 2, literal: true }
        : undefined
    case '`':
      return code(text, at)
    case '@':
      return named(person, text, at, '@', found.people)
    case '#':
      return named(channel, text, at, '#', found.channels)
    case '!':
    case '[':
      return linkAt(text, at, found)
    case '<':
      return autolink(bracketed, text, at, found)
    case 'h':
    case 'H':
      return /\w/.test(text.charAt(at - 1)) ? undefined : autolink(address, text, at, found)
    case '*':
    case '_':
    case '~':
      return depth < deepest ? emphasis(text, at, found, depth) : undefined
    default:
      return undefined
  }
}

function code(text: string, at: number): Piece {
  const ticks = /`+/y
  ticks.lastIndex = at
  const mark = ticks.exec(text)?.[0] ?? '`'
  const end = closingTicks(text, at + mark.length, mark.length)
  // The whole run is text: a shorter part of it must not open anything.
  if (end < 0) return { output: mark, length: mark.length, literal: true }
  const inside = text.slice(at + mark.length, end).trim()
  return { output: `\`${escape(inside.replaceAll('`', "'"))}\``, length: end + mark.length - at }
}

/** A run of exactly as many ticks: a longer one closes nothing. */
function closingTicks(text: string, from: number, length: number): number {
  const run = /`+/g
  run.lastIndex = from
  for (let match = run.exec(text); match !== null; match = run.exec(text)) {
    if (match[0].length === length) return match.index
  }
  return -1
}

function named(pattern: RegExp, text: string, at: number, sign: string, into: Set<string>): Piece | undefined {
  const match = matchAt(pattern, text, at)
  const id = match?.[1]
  if (match === undefined || id === undefined) return undefined
  into.add(id)
  return { output: `<${sign}${id}>`, length: match[0].length }
}

function linkAt(text: string, at: number, found: Found): Piece | undefined {
  const match = matchAt(link, text, at)
  if (match === undefined) return undefined
  const url = webAddress(match[2] ?? '', found.hosts)
  const label = (match[1] ?? '').replace(/[*_~`]{1,3}/g, '').trim()
  if (url === undefined) return undefined
  const length = match[0].length
  if (label === '' || label === url.href) return { output: `<${url.slack}>`, length }
  // Words that look like another address would hide where the link goes: show both.
  const claimed = hostsIn(label.normalize('NFKC').replaceAll('。', '.'))
  const honest = claimed.every((host) => host === url.host)
  if (honest) return { output: `<${url.slack}|${escape(label)}>`, length }
  for (const host of claimed) found.hosts.add(host)
  return { output: `${escape(label)} (<${url.slack}>)`, length }
}

function autolink(pattern: RegExp, text: string, at: number, found: Found): Piece | undefined {
  const match = matchAt(pattern, text, at)
  if (match === undefined) return undefined
  const enclosed = match[1]
  const written = enclosed ?? withoutEnding(match[0])
  const url = webAddress(written, found.hosts)
  if (url === undefined) return undefined
  return { output: `<${url.slack}>`, length: enclosed === undefined ? written.length : match[0].length }
}

function emphasis(text: string, at: number, found: Found, depth: number): Piece | undefined {
  for (const { mark, slack } of delimiters) {
    if (!text.startsWith(mark, at)) continue
    const word = mark.startsWith('_')
    if (word && /\w/.test(text.charAt(at - 1))) return undefined
    const start = at + mark.length
    const end = closing(text, start, mark, word)
    if (end === undefined) continue
    const inside = inline(text.slice(start, end), found, depth + 1)
    return { output: `${slack}${inside}${slack}`, length: end + mark.length - at }
  }
  // The whole run is text: the second star of an unclosed `**` opens nothing.
  const sign = text.charAt(at)
  let length = 1
  while (text.charAt(at + length) === sign) length += 1
  return { output: sign.repeat(length), length, literal: true }
}

/** Where the closing mark is: after something that is not a space, and for `_` at the end of a word. */
function closing(text: string, start: number, mark: string, word: boolean): number | undefined {
  if (/^\s?$/.test(text.charAt(start))) return undefined
  for (let end = text.indexOf(mark, start); end >= 0; end = text.indexOf(mark, end + 1)) {
    if (end === start || /\s/.test(text.charAt(end - 1))) continue
    // In `**a *b***` the last two close the first two; in `*a **b** c*` two are not one.
    while (mark.length === 2 && text.charAt(end + 2) === mark.charAt(0)) end += 1
    const after = text.charAt(end + mark.length)
    if (mark.length === 1 && after === mark) {
      end += 1
      continue
    }
    if (word && /\w/.test(after)) continue
    return end
  }
  return undefined
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at
  return pattern.exec(text) ?? undefined
}

// From a message as Slack keeps it to the Markdown that writes it again, and whether it would be the same to the letter.
import { toMrkdwn } from './mrkdwn.ts'
import { plainText, readable } from './text.ts'

export interface Rewritten {
  readonly markdown: string
  /** Rendered again, it is what Slack keeps, character by character. */
  readonly exact: boolean
}

/**
 * Only what has an angle bracket needs Markdown of its own: stars, underscores and ticks are the same in both, so they go
 * through as escaped characters. What Markdown has no words for (a mass mention, a group, a date) becomes plain text.
 */
export function toMarkdown(mrkdwn: string): Rewritten {
  const markdown = mrkdwn.split('\n').map(lineOf).join('\n')
  return { markdown, exact: toMrkdwn(markdown).text === mrkdwn }
}

function lineOf(line: string): string {
  const quote = /^>(?: |$)/.exec(line)?.[0] ?? ''
  const rest = line.slice(quote.length)
  const pieces = rest
    .split(/(<[^<>\n]{1,4000}>)/)
    .map((piece, index) => (index % 2 === 0 ? literal(piece) : reference(piece)))
  // A sign at the start of a line would be an item or a heading.
  return quote + pieces.join('').replace(/^(\s*)([-+])/, '$1\\$2')
}

function reference(piece: string): string {
  const inside = piece.slice(1, -1)
  const mention = /^@([UW][A-Z0-9]+)(?:\|.*)?$/.exec(inside)
  if (mention !== null) return `@[${mention[1]}]`
  const channel = /^#([CG][A-Z0-9]+)(?:\|.*)?$/.exec(inside)
  if (channel !== null) return `#[${channel[1]}]`
  const link = /^((?:https?:\/\/|mailto:)[^|]+)(?:\|(.*))?$/.exec(inside)
  if (link === null) return literal(readable(piece))
  const [, target = '', label] = link
  return label === undefined ? `<${plainText(target)}>` : `[${plainText(label)}](${plainText(target)})`
}

function literal(text: string): string {
  return plainText(text)
    .replace(/[\\`*_~[\]<>#!@]/g, String.raw`\$&`)
    .replace(/\b(https?|mailto):/g, String.raw`$1\:`)
}

// Text as Slack writes it, made readable.
import { cutText, visibleText } from 'toolgate/kit'

/** The beginning of a text, with an ellipsis where it goes on. */
export function shorten(text: string, atMost: number): { readonly text: string; readonly cut: boolean } {
  const { text: start, cut } = cutText(text, atMost)
  return { text: cut ? `${start}…` : start, cut }
}

/**
 * Slack's mrkdwn as plain Markdown-like text: `<@U…>` becomes `@[U…]`, `<#C…|ops>` becomes `#[C… ops]`, links become
 * `[label](url)`, and entities become characters. docs.slack.dev/messaging/formatting-message-text
 */
export function readable(mrkdwn: string): string {
  const opened = mrkdwn.replace(/<([^<>\n]{1,4000})>/g, (_, inside: string) => reference(inside))
  return visibleText(plainText(opened))
}

/** With its entities as the characters that they stand for. docs.slack.dev/messaging/formatting-message-text#escaping */
export function plainText(escaped: string): string {
  return escaped.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')
}

function reference(inside: string): string {
  const bar = inside.indexOf('|')
  const target = bar < 0 ? inside : inside.slice(0, bar)
  const label = bar < 0 ? '' : inside.slice(bar + 1)
  const named = label === '' ? '' : ` ${label}`
  if (target.startsWith('@')) return `@[${target.slice(1)}${named}]`
  if (target.startsWith('#')) return `#[${target.slice(1)}${named}]`
  if (target.startsWith('!subteam^')) return label === '' ? `@[group ${target.slice('!subteam^'.length)}]` : label
  if (target.startsWith('!date^')) return label
  if (target.startsWith('!')) return `@${label === '' ? target.slice(1) : label.replace(/^@/, '')}`
  return label === '' || label === target ? target : `[${label}](${target})`
}

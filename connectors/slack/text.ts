// Text that comes from Slack, made readable and harmless: no characters that hide, reorder or command.

/**
 * Format characters (bidi, zero width, tags), controls but tab and line feed, line separators, fillers that look like
 * nothing, and the variation selectors that can carry hidden bytes. The one that makes an emoji colourful stays.
 */
const hidden =
  /(?![\t\n])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|\u034f|[\u115f\u1160\u3164\uffa0]|[\u{180b}-\u{180f}]|[\u{fe00}-\u{fe0e}]|[\u{e0100}-\u{e01ef}]/gu
/** Colours and cursor movements of terminals: removed whole, so that no `[31m` is left behind. */
// oxlint-disable-next-line no-control-regex -- the escape character is the point
const terminal = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])/g

/** Leaves out what cannot be seen. */
export function clean(text: string): string {
  return text.replaceAll('\r\n', '\n').replaceAll('\r', '\n').replace(terminal, '').replace(hidden, '')
}

/** Cuts after so many characters, between two of them, and says so. */
export function shorten(text: string, atMost: number): { readonly text: string; readonly cut: boolean } {
  if (text.length <= atMost) return { text, cut: false }
  const end = /[\ud800-\udbff]/.test(text.charAt(atMost - 1)) ? atMost - 1 : atMost
  return { text: `${text.slice(0, end)}…`, cut: true }
}

/**
 * Slack's mrkdwn as plain Markdown-like text: `<@U…>` becomes `@[U…]`, `<#C…|ops>` becomes `#[C… ops]`, links become
 * `[label](url)`, and entities become characters. docs.slack.dev/messaging/formatting-message-text
 */
export function readable(mrkdwn: string): string {
  const opened = mrkdwn.replace(/<([^<>\n]{1,4000})>/g, (_, inside: string) => reference(inside))
  return clean(opened.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&'))
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

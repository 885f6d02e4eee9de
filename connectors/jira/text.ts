// Free text without the characters that people cannot see or that rewrite what they see.
/* oxlint-disable no-control-regex, no-misleading-character-class -- these are the characters to remove, one by one */

const terminal = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g
const control = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g
// The joiner and the emoji selector are needed inside emoji and are invisible carriers elsewhere.
const strayJoiner =
  /(?<![\p{Extended_Pictographic}\ufe0f\u{1f3fb}-\u{1f3ff}])[\u200d\ufe0f]|\u200d(?!\p{Extended_Pictographic})/gu
const invisible =
  /(?![\u200d])[\p{Cf}\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0\ufe00-\ufe0e\u{e0100}-\u{e01ef}]/gu

/** The text as a person would read it: no control, terminal, bidirectional or invisible characters; valid Unicode. */
export function clean(text: string): string {
  return text
    .toWellFormed()
    .replace(/\r\n?/g, '\n')
    .replace(terminal, '')
    .replace(control, '')
    .replace(invisible, '')
    .replace(strayJoiner, '')
}

/** For names: one line, bounded. */
export function cleanName(text: string): string {
  return cut(clean(text).replace(/\s+/g, ' ').trim(), 255).text
}

/** At most `max` UTF-16 units, never half a character. */
export function cut(text: string, max: number): { readonly text: string; readonly truncated: boolean } {
  if (text.length <= max) return { text, truncated: false }
  return { text: text.slice(0, max).replace(/[\ud800-\udbff]$/, ''), truncated: true }
}

/** The object without the properties that are undefined. */
export function present<T extends object>(value: T): { [Key in keyof T]: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as {
    [Key in keyof T]: Exclude<T[Key], undefined>
  }
}

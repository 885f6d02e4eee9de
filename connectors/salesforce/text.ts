// Text without what a reader cannot see: control characters, terminal escapes, and marks that hide or reorder letters.

// oxlint-disable-next-line no-control-regex -- control characters are what this is about
const terminalEscapes = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-Z\\-_])/g
// oxlint-disable-next-line no-control-regex -- the same
const controls = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g
const invisible =
  // oxlint-disable-next-line no-misleading-character-class -- each is looked for by itself
  /[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e0fff}]/gu

/** The visible text, with line ends as `\n`, in valid Unicode. */
export function visible(text: string): string {
  return text
    .toWellFormed()
    .replace(/\r\n?/g, '\n')
    .replace(terminalEscapes, '')
    .replace(controls, '')
    .replace(invisible, '')
}

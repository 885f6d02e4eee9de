// Text that people and vendors wrote, as a reader sees it: what hides, reorders or commands is taken out.

/** Colours, cursor movements and titles of terminals, whole, so that no `[31m` is left behind. */
// oxlint-disable-next-line no-control-regex -- the escape character is the point
const terminal = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g
const lineEnd = /\r\n?|[\u2028\u2029]/g
/** But tab and line feed. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const control = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g
/** Zero width, bidirectional marks, fillers, tags, variation selectors (Unicode, UAX #44), interlinear annotations. */
// oxlint-disable-next-line no-misleading-character-class -- each is looked for by itself
const invisible = /(?![\u200d\ufe0f])[\p{Default_Ignorable_Code_Point}\ufff9-\ufffb]/gu
/** The joiner and the selector that emoji are made with carry nothing there, and hidden bytes everywhere else. */
const stray =
  /(?<!\p{Extended_Pictographic}[\u{1f3fb}-\u{1f3ff}]?\ufe0f?)\u200d|\u200d(?!\p{Extended_Pictographic})|(?<!\p{Extended_Pictographic}|[0-9#*](?=\ufe0f\u20e3))\ufe0f/gu

/**
 * The text as a reader sees it: without control, terminal, bidirectional and invisible characters, with line ends as
 * `\n`, in valid Unicode. Emoji stay whole. Whatever comes from a vendor goes through it before it is shown, and whatever
 * an agent writes before it is planned, so that what was approved has nothing in it that nobody saw.
 */
export function visibleText(text: string): string {
  return text
    .toWellFormed()
    .replace(lineEnd, '\n')
    .replace(terminal, '')
    .replace(control, '')
    .replace(invisible, '')
    .replace(stray, '')
}

/** The first `most` UTF-16 units, never half a character; `cut` says whether any were left out. */
export function cutText(text: string, most: number): { readonly text: string; readonly cut: boolean } {
  if (text.length <= most) return { text, cut: false }
  return { text: text.slice(0, most).replace(/[\ud800-\udbff]$/, ''), cut: true }
}

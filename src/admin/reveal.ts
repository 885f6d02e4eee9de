// Text as it is: whatever would hide, reorder or blend in becomes a mark that can be seen, and nothing else changes.

export interface Piece {
  readonly kind: 'text' | 'mark' | 'mixed' | 'rtl'
  /** What is seen. */
  readonly shown: string
  /** What it stands for, for a reader who points at it. */
  readonly title: string | undefined
}

export interface Line {
  readonly pieces: readonly Piece[]
  /** Above 0: this line stands for so many empty ones. */
  readonly empty: number
  /** From 1. */
  readonly number: number
}

export interface Revealed {
  readonly lines: readonly Line[]
  /** What was left out; undefined when all of it is there. */
  readonly rest: { readonly lines: number; readonly characters: number } | undefined
}

/**
 * All that has no width, no ink or no place of its own: controls, formats, odd spaces, private and unassigned characters,
 * halves of characters, blanks that are letters by name, and the brackets of the marks themselves, so that no text can
 * look like a mark.
 */
const hidden =
  /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\u2800\u27e6\u27e7]| {2,}|(?<=^|\n) +$| +$/u
const latin = /\p{Script=Latin}/u
/** Whose letters look like Latin ones. */
const lookalike = /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}]/u
/** Words that are read from the right: each is kept by itself, so that it reorders nothing around it. */
const rightToLeft = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]+/u
const either = new RegExp(
  `(?<hidden>${hidden.source})|(?<rtl>${rightToLeft.source})|(?<word>\\p{L}{2,})|(?<stack>\\p{M}{4,})`,
  'gu',
)

const names: Readonly<Record<number, string>> = {
  0x09: 'TAB',
  0x0d: 'CR',
  0x1b: 'ESC',
  0xa0: 'NBSP',
}
const foldedFrom = 4
const linesAtOnce = 60
const charactersAtOnce = 6000

/** @param whole all of it, however long; otherwise as much as fits on a screen or two */
export function reveal(text: string, whole: boolean): Revealed {
  const lines = folded(text.split('\n'))
  const shown: Line[] = []
  let left = whole ? Number.POSITIVE_INFINITY : charactersAtOnce
  const most = whole ? Number.POSITIVE_INFINITY : linesAtOnce
  for (const [index, { source, empty, number }] of lines.entries()) {
    if (shown.length >= most || left <= 0) return { lines: shown, rest: restOf(lines, index, 0) }
    const cut = source.length > left ? wholeCharacters(source, left) : source
    shown.push({ pieces: piecesOf(cut), empty, number })
    if (cut.length < source.length) return { lines: shown, rest: restOf(lines, index, cut.length) }
    left -= source.length
  }
  return { lines: shown, rest: undefined }
}

/** One line of text as pieces. */
export function piecesOf(line: string): readonly Piece[] {
  const pieces: Piece[] = []
  let end = 0
  const plain = (text: string) => text !== '' && pieces.push({ kind: 'text', shown: text, title: undefined })
  for (const match of line.matchAll(either)) {
    const [found] = match
    // Indentation is seen for what it is.
    if (match.index === 0 && /^ {2,16}$/.test(found) && found.length < line.length) continue
    if (match.groups?.['word'] !== undefined && !(lookalike.test(found) && latin.test(found))) continue
    plain(line.slice(end, match.index))
    end = match.index + found.length
    pieces.push(pieceOf(found, match.groups ?? {}))
  }
  plain(line.slice(end))
  return pieces
}

function pieceOf(found: string, groups: Readonly<Record<string, string | undefined>>): Piece {
  if (groups['word'] !== undefined) return { kind: 'mixed', shown: found, title: 'Letters of several alphabets in one word' }
  if (groups['rtl'] !== undefined) return { kind: 'rtl', shown: found, title: 'Read from the right' }
  if (groups['stack'] !== undefined)
    return {
      kind: 'mark',
      shown: found.replace(/./gu, (each) => `⟦${codeOf(each)}⟧`),
      title: 'Marks stacked on one letter',
    }
  if (found.startsWith(' ')) return { kind: 'mark', shown: `⟦SP×${found.length}⟧`, title: `${found.length} spaces` }
  return { kind: 'mark', shown: `⟦${codeOf(found)}⟧`, title: 'A character that would not be seen' }
}

function codeOf(character: string): string {
  const code = character.codePointAt(0) ?? 0
  return names[code] ?? `U+${code.toString(16).toUpperCase().padStart(4, '0')}`
}

interface Folded {
  readonly source: string
  readonly empty: number
  readonly number: number
}

/** Many empty lines in a row become one that says how many: what comes after them is seen. */
function folded(lines: readonly string[]): readonly Folded[] {
  const made: Folded[] = []
  for (let index = 0; index < lines.length; index += 1) {
    let end = index
    while (end < lines.length && lines[end] === '') end += 1
    if (end - index >= foldedFrom) {
      made.push({ source: '', empty: end - index, number: index + 1 })
      index = end - 1
    } else made.push({ source: lines[index] ?? '', empty: 0, number: index + 1 })
  }
  return made
}

function restOf(lines: readonly Folded[], from: number, cut: number) {
  const left = lines.slice(from)
  return {
    lines: left.length,
    characters: left.reduce((sum, { source, empty }) => sum + source.length + Math.max(1, empty), 0) - cut,
  }
}

function wholeCharacters(text: string, most: number): string {
  return text.slice(0, most).replace(/[\ud800-\udbff]$/, '')
}

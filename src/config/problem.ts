// What is wrong in a file that a person wrote: where, in a sentence, and what to do about it.
import { nearest } from '../kit/nearest.ts'

export { nearest }

export interface Problem {
  readonly file: string
  /** From 1; absent where the file as a whole is meant. */
  readonly line?: number
  readonly column?: number
  readonly message: string
  readonly hint?: string
}

/** `mcp.config.json:7:5 The key "polcies" is not known. Did you mean "policies"?` */
export function problemText(problem: Problem): string {
  const place = [problem.file, problem.line, problem.column].filter((part) => part !== undefined).join(':')
  return [place, problem.message, problem.hint].filter((part) => part !== undefined).join(' ')
}

/** The line and column, from 1, of an offset in a text. */
export function positionAt(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset).split(/\r\n|\r|\n/)
  return { line: before.length, column: (before.at(-1) ?? '').length + 1 }
}

/** `"policies" is not known. Did you mean …`: the sentence and the hint for a word that is none of those known. */
export function unknownWord(word: string, known: readonly string[]): { readonly hint: string } {
  const meant = nearest(word, known)
  if (meant !== undefined) return { hint: `Did you mean "${meant}"?` }
  if (known.length === 0) return { hint: 'Nothing may stand here.' }
  return { hint: `Known are: ${known.join(', ')}.` }
}

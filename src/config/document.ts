// A JSON file with comments as a tree that knows where everything stands, so that each problem can say its place.
import {
  createScanner,
  findNodeAtLocation,
  getNodeValue,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from 'jsonc-parser'
import type { z } from 'zod'
import { nearest } from '../kit/nearest.ts'
import { positionAt, type Problem, unknownWord } from './problem.ts'

export type Path = readonly (string | number)[]

export interface Document {
  readonly file: string
  readonly text: string
  readonly root: Node
  readonly value: unknown
}

export type Parsed<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/** Parses the text; every way in which it is not one JSON value with comments is a problem with a place. */
export function parseDocument(file: string, text: string): Parsed<Document> {
  const outline = outlineOf(text)
  if (outline.empty) return failed({ file, line: 1, column: 1, message: 'The file is empty.', hint: emptyHint })
  if (outline.tooDeepAt !== undefined)
    return failed(problemAt(file, text, outline.tooDeepAt, `It is nested more than ${deepest} levels deep.`))
  const errors: ParseError[] = []
  const root = parseTree(text, errors, { allowTrailingComma: true, disallowComments: false })
  // One slip often makes several errors; only the first says where it is.
  const [first] = errors
  if (first !== undefined && (outline.restAt === undefined || first.offset < outline.restAt)) {
    const code = printParseErrorCode(first.error)
    const comma = commaMissing.has(code) ? missingComma(text, first.offset) : undefined
    const said = comma ? syntaxWords['CommaExpected'] : syntaxWords[code]
    return failed(problemAt(file, text, first.offset, said ?? 'This is not JSON.', comma))
  }
  if (outline.restAt !== undefined)
    return failed(problemAt(file, text, outline.restAt, 'There is something after the end of the value.'))
  if (root === undefined) return failed({ file, line: 1, column: 1, message: 'The file is empty.', hint: emptyHint })
  const misplaced = keyProblems(file, text, root)
  if (misplaced.length > 0) return failed(...misplaced)
  return { ok: true, value: { file, text, root, value: getNodeValue(root) } }
}

/** The errors that a parser makes of a missing comma: it trips over what comes after it. */
const commaMissing = new Set(['CommaExpected', 'InvalidSymbol'])

/** Where it is missing, when what stands at `offset` comes right after a whole value. */
function missingComma(text: string, offset: number): string | undefined {
  const scanner = createScanner(text, true)
  let end = 0
  // At the end of the text, scanning stays there.
  for (scanner.scan(); scanner.getTokenOffset() < offset; scanner.scan()) end = scanner.getPosition()
  // What follows without a gap is a part of the same slip: 1_000, 010.
  if (end === offset || !/["\]}\w]/.test(text.charAt(end - 1))) return undefined
  const [before, after] = [positionAt(text, end).line, positionAt(text, offset).line]
  return before === after ? 'It is missing before this.' : `It is missing at the end of line ${before}.`
}

/** The problem at a path; of its key where the key is what is wrong, and of the nearest parent where the path is absent. */
export function problemAtPath(
  document: Document,
  path: Path,
  said: { readonly message: string; readonly hint?: string },
  of: 'key' | 'value' = 'value',
): Problem {
  return { file: document.file, ...placeOf(document, path, of), ...said }
}

/** Where a path stands in the file, from 1. */
function placeOf(document: Document, path: Path, of: 'key' | 'value' = 'value'): { line: number; column: number } {
  for (let length = path.length; length >= 0; length -= 1) {
    const node = findNodeAtLocation(document.root, path.slice(0, length))
    if (node === undefined) continue
    const key =
      of === 'key' && length === path.length && node.parent?.type === 'property' ? node.parent.children?.[0] : undefined
    return positionAt(document.text, (key ?? node).offset)
  }
  return { line: 1, column: 1 }
}

/**
 * What a zod schema finds wrong with the value at `base`, as problems with places. `known` gives the keys that may stand
 * at a path, for the hint; without it, unknown keys get none.
 */
export function schemaProblems(
  document: Document,
  base: Path,
  error: z.ZodError,
  known?: (path: Path) => readonly string[],
): readonly Problem[] {
  // A key that is only misspelled is not also missing.
  const meant = new Set<string>()
  const unknown = error.issues.flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys') return []
    const path = [...base, ...pathOf(issue)]
    return issue.keys.map((key) => {
      const keys = known?.(path) ?? []
      meant.add(JSON.stringify([...path, nearest(key, keys)]))
      const message = `The key "${printable(key)}" is not known here.`
      return problemAtPath(document, [...path, key], { message, ...unknownWord(key, keys) }, 'key')
    })
  })
  const others = error.issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') return []
    const path = [...base, ...pathOf(issue)]
    if (issue.code === 'invalid_key') {
      return [problemAtPath(document, path, { message: issue.issues[0]?.message ?? 'This name is not allowed.' }, 'key')]
    }
    const named = path.length === 0 ? 'The file' : `"${printable(path.join('.'))}"`
    const missing = isTypeIssue(issue.code) && findNodeAtLocation(document.root, path) === undefined
    if (missing && meant.has(JSON.stringify(path))) return []
    return [
      problemAtPath(document, path, { message: missing ? `${named} is missing.` : `${named}: ${sentence(issue.message)}` }),
    ]
  })
  return [...unknown, ...others]
}

function pathOf(issue: z.core.$ZodIssue): Path {
  return issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))
}

export function failed(...problems: readonly Problem[]): { readonly ok: false; readonly problems: readonly Problem[] } {
  return { ok: false, problems }
}

const emptyHint = 'Write at least { "connectors": {}, "policies": [], "people": {} }; an empty file never means "allow".'

const syntaxWords: Readonly<Record<string, string>> = {
  InvalidSymbol: 'This is not JSON; texts and keys stand in double quotes.',
  InvalidNumberFormat: 'This is not a number that JSON knows.',
  PropertyNameExpected: 'A key in double quotes is expected here.',
  ValueExpected: 'A value is expected here.',
  ColonExpected: 'A colon is expected here.',
  CommaExpected: 'A comma is expected here.',
  CloseBraceExpected: 'A closing } is expected here.',
  CloseBracketExpected: 'A closing ] is expected here.',
  EndOfFileExpected: 'The file should end here; there is something after the closing }.',
  UnexpectedEndOfComment: 'This comment has no end.',
  UnexpectedEndOfString: 'This text has no closing quote.',
  UnexpectedEndOfNumber: 'This number is cut off.',
  InvalidUnicode: 'This is not a Unicode escape.',
  InvalidEscapeCharacter: 'This is not an escape that JSON knows.',
  InvalidCharacter: 'A tab or another control character may not stand in a text; write \\t or \\n.',
}

const deepest = 32

/** What can be told before parsing, which would overflow the stack on a file of nothing but brackets. */
function outlineOf(text: string): { readonly empty: boolean; readonly tooDeepAt?: number; readonly restAt?: number } {
  const scanner = createScanner(text, true)
  let depth = 0
  let empty = true
  for (;;) {
    scanner.scan()
    const offset = scanner.getTokenOffset()
    if (offset >= text.length) return { empty }
    if (!empty && depth === 0) return { empty, restAt: offset }
    empty = false
    const first = text.charAt(offset)
    if (first === '{' || first === '[') depth += 1
    if (first === '}' || first === ']') depth -= 1
    if (depth > deepest) return { empty, tooDeepAt: offset }
  }
}

/** JSON lets the last of two equal keys win in silence, which would drop what somebody wrote. */
function keyProblems(file: string, text: string, node: Node): readonly Problem[] {
  const problems: Problem[] = []
  const seen = new Set<string>()
  for (const child of node.children ?? []) {
    if (node.type === 'object') {
      const key = child.children?.[0]
      const name = String(key?.value)
      if (seen.has(name)) {
        problems.push(
          problemAt(
            file,
            text,
            child.offset,
            `The key "${printable(name)}" stands here a second time.`,
            'Keep one of them.',
          ),
        )
      }
      if (name === '__proto__') problems.push(problemAt(file, text, child.offset, 'The key "__proto__" is not allowed.'))
      seen.add(name)
    }
    problems.push(...keyProblems(file, text, child))
  }
  return problems
}

function problemAt(file: string, text: string, offset: number, message: string, hint?: string): Problem {
  return { file, ...positionAt(text, offset), message, ...(hint === undefined ? {} : { hint }) }
}

function isTypeIssue(code: string): boolean {
  return code === 'invalid_type' || code === 'invalid_value' || code === 'invalid_union'
}

function sentence(message: string): string {
  return /[.!?]$/.test(message) ? message : `${message}.`
}

/** A key as it may be shown: cut, and without anything that a terminal would obey. */
function printable(name: string): string {
  const shown = name.replace(/[^\p{L}\p{N}\p{P}\p{S} ]/gu, '?')
  return shown.length > 60 ? `${shown.slice(0, 60)}…` : shown
}

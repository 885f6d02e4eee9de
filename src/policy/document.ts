// One YAML file, read strictly: its values, and the line and column of each.
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { isAlias, isCollection, isMap, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml'
import type { Document, Node, ParsedNode } from 'yaml'
import type { Problem } from './problem.ts'

export type Path = readonly (string | number)[]

/** A file that parsed. Values come out as JSON. */
export interface Source {
  readonly file: string
  readonly text: string
  readonly value: unknown
  /** The place of the value at this path, or of the nearest one around it. */
  place(path: Path): Place
  /** The place of a key of the map at this path. */
  placeOfKey(path: Path, key: string): Place
  /** The place of a character of the text at this path, counted in the text's own characters. */
  placeIn(path: Path, offset: number): Place
}

export type Place = Pick<Problem, 'file' | 'line' | 'column'>

export type Reading =
  | { readonly source: Source; readonly warnings: readonly Problem[] }
  | { readonly problems: readonly Problem[] }

const mostBytes = 1024 * 1024
// Direction marks, zero-width characters and tags: text that a reviewer does not see as it is.
const unseen = /[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\u{e0000}-\u{e007f}]/u

/** Reads and parses; every problem is told, and a file with a problem yields no values at all. */
export async function readSource(path: string, file: string): Promise<Reading> {
  const text = await readText(path)
  if ('refused' in text) return { problems: [{ file, line: 1, column: 1, ...text.refused }] }
  return parseSource(text.text, file)
}

function parseSource(text: string, file: string): Reading {
  const lines = new LineCounter()
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset)
    return { file, line: Math.max(1, line), column: Math.max(1, col) }
  }
  try {
    const document = parseDocument(text, {
      lineCounter: lines,
      version: '1.2',
      schema: 'core',
      merge: false,
      uniqueKeys: true,
      strict: true,
      prettyErrors: false,
      // At `silent` a second document is dropped without a word.
      logLevel: 'error',
    })
    const problems = [...syntax(document, at), ...refusedFeatures(document, text, at)]
    if (problems.length > 0) return { problems }
    return { source: sourceOf(document, text, file, at), warnings: [] }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return { problems: [{ ...at(0), sentence: 'The file is nested too deeply.', hint: undefined }] }
  }
}

type Refusal = Pick<Problem, 'sentence' | 'hint'>

type Text = { readonly text: string } | { readonly refused: Refusal }

/** A regular file of UTF-8 text that not every user may change: what it says decides what agents may do. */
export async function readText(path: string): Promise<Text> {
  const refuse = (sentence: string, hint?: string) => ({ refused: { sentence, hint } })
  try {
    // Non-blocking, because opening a pipe would otherwise wait for whoever writes into it.
    await using handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const stat = await handle.stat()
    if (!stat.isFile()) return refuse('This is not a regular file.')
    if (process.platform !== 'win32' && (stat.mode & 0o002) !== 0) {
      return refuse(
        'Every user of this machine may change this file, and with it what agents may do.',
        `Run: chmod o-w ${path}`,
      )
    }
    if (stat.size > mostBytes) return refuse('The file is larger than 1 MiB.', 'Split it into several.')
    const bytes = await handle.readFile()
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return { text }
  } catch (error) {
    if (error instanceof TypeError) return refuse('The file is not valid UTF-8.', 'Save it as UTF-8.')
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT') return refuse('The file does not exist.', 'Correct the path in "policies".')
    return refuse(`The file cannot be read (${code ?? 'unknown reason'}).`)
  }
}

function syntax(document: Document.Parsed, at: (offset: number) => Place): readonly Problem[] {
  return [...document.errors, ...document.warnings].map((error) => ({
    ...at(error.pos[0]),
    sentence: sentences[error.code] ?? `This is not valid YAML: ${firstLine(error.message)}.`,
    hint: hints[error.code],
  }))
}

const sentences: Readonly<Record<string, string>> = {
  DUPLICATE_KEY: 'This key is here twice.',
  MULTIPLE_DOCS: 'The file has more than one YAML document.',
  TAB_AS_INDENT: 'A tab is used as indentation.',
}
const hints: Readonly<Record<string, string>> = {
  DUPLICATE_KEY: 'Keep one of them; to name several tools, write a list.',
  MULTIPLE_DOCS: 'Put each into a file of its own.',
  TAB_AS_INDENT: 'Indent with spaces.',
  BAD_ALIAS: 'Quote a pattern that begins with a star: "*_delete".',
}

function refusedFeatures(document: Document.Parsed, text: string, at: (offset: number) => Place): readonly Problem[] {
  const problems: Problem[] = []
  const refuse = (offset: number, sentence: string, hint?: string) => problems.push({ ...at(offset), sentence, hint })
  if (document.directives.yaml.explicit === true || text.startsWith('%'))
    refuse(0, 'YAML directives are not used here.', 'Remove the line that begins with %.')
  const hidden = unseen.exec(text)
  if (hidden) {
    const code = hidden[0].codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')
    refuse(hidden.index, `An invisible character (U+${code}) is here.`, 'Delete it and write the word again.')
  }
  visit(document, {
    Alias: (_key, node) => {
      refuse(start(node), 'YAML aliases are not used here.', 'Quote a pattern that begins with a star: "*_delete".')
    },
    Pair: (_key, pair) => {
      if (!isScalar(pair.key)) refuse(start(pair.key), 'A key must be a plain word.')
      else if (pair.key.value === '<<')
        refuse(start(pair.key), 'YAML merge keys are not used here.', 'Write the sentence out.')
    },
    Node: (_key, node) => {
      if ('anchor' in node && node.anchor !== undefined)
        refuse(start(node), 'YAML anchors are not used here.', 'Write the value out.')
      if (node.tag !== undefined) refuse(start(node), `The YAML tag ${node.tag} is not used here.`, 'Remove it.')
    },
  })
  return problems
}

function sourceOf(document: Document.Parsed, text: string, file: string, at: (offset: number) => Place): Source {
  const nodeAt = (path: Path): Node | undefined => nearest(document.contents, path)
  return {
    file,
    text,
    value: document.toJS() as unknown,
    place: (path) => at(start(nodeAt(path))),
    placeOfKey(path, key) {
      const node = nodeAt(path)
      const pair = isMap(node) ? node.items.find((item) => isScalar(item.key) && String(item.key.value) === key) : undefined
      return at(start(pair?.key ?? nodeAt(path)))
    },
    placeIn(path, offset) {
      const node = nodeAt(path)
      if (!isScalar(node) || typeof node.value !== 'string' || !node.range) return at(start(node))
      return at(offsetInSource(text, node.range[0], node.range[1], node.value, offset))
    },
  }
}

/** The node at the path, or the last one on the way to it. A single value stands for a list of one. */
function nearest(contents: unknown, path: Path): Node | undefined {
  let node = isNode(contents) ? contents : undefined
  for (const step of path) {
    if (typeof step === 'number' && !isSeq(node)) continue
    const next: unknown = isCollection(node) ? node.get(step, true) : undefined
    if (!isNode(next)) return node
    node = next
  }
  return node
}

/** Follows the scalar's text through its spelling: folded lines, indentation, quotes and escapes. */
function offsetInSource(text: string, from: number, to: number, value: string, offset: number): number {
  let place = from
  // A block's header (`|`, `>-`) is no part of its text.
  if (text[place] === '|' || text[place] === '>') place = text.indexOf('\n', place) + 1
  for (let index = 0; index <= offset && index < value.length; index++) {
    if (/\s/.test(value[index]!)) continue
    const found = text.indexOf(value[index]!, index === 0 ? place : place + 1)
    if (found < 0 || found >= to) return place
    place = found
  }
  return place
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'range' in value
}

function start(node: unknown): number {
  return (isNode(node) || isAlias(node) ? (node as ParsedNode).range?.[0] : undefined) ?? 0
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0]!.replace(/[.:]$/, '')
}

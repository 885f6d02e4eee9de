// Turns one tool on or off in the file itself, so that a person's comments, order and spacing stay as they are.
import { open, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { applyEdits, createScanner, type Edit, findNodeAtLocation, type Node } from 'jsonc-parser'
import { failed, type Parsed } from './document.ts'
import { parseConfig } from './load.ts'
import { problemText } from './problem.ts'
import { readTextFile } from './read.ts'

export interface ChangedLine {
  /** From 1, in the new text; in the old one for a line that is gone. */
  readonly line: number
  readonly sign: '-' | '+'
  readonly text: string
}

export interface ToolEdit {
  readonly file: string
  /** Empty when the file said so already. */
  readonly changed: readonly ChangedLine[]
}

/**
 * Writes `"tools": { NAME: true|false }` into the entry of an instance, whole or not at all. Refuses, as problems, when
 * the file is broken, when the result would be, or when somebody else changed the file meanwhile.
 */
export async function setTool(file: string, instance: string, tool: string, on: boolean): Promise<Parsed<ToolEdit>> {
  // A link stays a link: its target is what is written.
  const target = await realpath(file).catch(() => path.resolve(file))
  return await alone(target, async () => {
    const read = await readTextFile(target, target, 'kept')
    if (!read.ok) return read
    const edited = await editText(target, read.value, instance, tool, on)
    if (!edited.ok) return edited
    const changed = changedLines(read.value, edited.value)
    if (changed.length > 0) await replace(target, edited.value)
    return { ok: true, value: { file: target, changed } }
  })
}

/** The text as it would be with the tool on or off, and the lines that would change; nothing is written. */
export async function textWithTool(
  file: string,
  instance: string,
  tool: string,
  on: boolean,
): Promise<Parsed<{ readonly text: string; readonly changed: readonly ChangedLine[] }>> {
  const read = await readTextFile(file, file, 'kept')
  if (!read.ok) return read
  const edited = await editText(file, read.value, instance, tool, on)
  if (!edited.ok) return edited
  return { ok: true, value: { text: edited.value, changed: changedLines(read.value, edited.value) } }
}

/**
 * Puts a whole text in the place of the file, byte for byte. Refuses, as problems, when the file is not `base` any more,
 * or when the new text would not be valid.
 */
export async function replaceText(file: string, base: string, text: string): Promise<Parsed<string>> {
  const target = await realpath(file).catch(() => path.resolve(file))
  return await alone(target, async () => {
    const read = await readTextFile(target, target, 'kept')
    if (!read.ok) return read
    if (read.value !== base)
      return failed({ file, message: 'Somebody else has changed it meanwhile.', hint: 'Look at it again.' })
    const valid = await parseConfig(target, text.startsWith(mark) ? text.slice(1) : text)
    if (!valid.ok) return valid
    await replace(target, text)
    return { ok: true, value: target }
  })
}

/** Some editors put it in front of a file; it is none of the configuration, and stays where it is. */
const mark = '\uFEFF'

async function editText(file: string, whole: string, instance: string, tool: string, on: boolean): Promise<Parsed<string>> {
  const before = whole.startsWith(mark) ? mark : ''
  const edited = await editUnmarked(file, whole.slice(before.length), instance, tool, on)
  return edited.ok ? { ok: true, value: before + edited.value } : edited
}

async function editUnmarked(
  file: string,
  text: string,
  instance: string,
  tool: string,
  on: boolean,
): Promise<Parsed<string>> {
  const before = await parseConfig(file, text)
  if (!before.ok) return before
  const { root, value } = before.value.document
  const entry = findNodeAtLocation(root, ['connectors', instance])
  if (entry === undefined) return failed({ file, message: `There is no connector instance "${instance}".` })
  const result = applyEdits(text, toggleEdits(text, entry, tool, on))
  // What the file says now must be what it said before, and this one tool: checked on the values, not trusted.
  const expected = structuredClone(value) as { connectors: Record<string, { tools?: Record<string, boolean> }> }
  const expectedEntry = expected.connectors[instance]
  if (expectedEntry !== undefined) expectedEntry.tools = { ...expectedEntry.tools, [tool]: on }
  const after = await parseConfig(file, result)
  if (!after.ok)
    return failed({
      file,
      message: 'The change was not made, because the file would not be valid.',
      hint: after.problems.map(problemText).join(' '),
    })
  if (JSON.stringify(after.value.document.value) !== JSON.stringify(expected)) {
    return failed({
      file,
      message: 'The change was not made, because it would have changed something else too.',
      hint: `Edit ${file} by hand.`,
    })
  }
  return { ok: true, value: result }
}

function toggleEdits(text: string, entry: Node, tool: string, on: boolean): Edit[] {
  const state = findNodeAtLocation(entry, ['tools', tool])
  if (state !== undefined)
    return state.value === on ? [] : [{ offset: state.offset, length: state.length, content: String(on) }]
  const tools = findNodeAtLocation(entry, ['tools'])
  if (tools !== undefined) return insertionEdits(text, tools, `${JSON.stringify(tool)}: ${on}`)
  return insertionEdits(text, entry, `"tools": { ${JSON.stringify(tool)}: ${on} }`)
}

/** Adds a property as a person would: at the end, on a line of its own where the others are, before no one's comment. */
function insertionEdits(text: string, object: Node, property: string): Edit[] {
  const last = object.children?.at(-1)
  const close = object.offset + object.length - 1
  if (last === undefined) return intoEmpty(text, object, property)
  const end = last.offset + last.length
  const comma = commaAfter(text, end)
  const afterComma = comma === undefined ? end : comma + 1
  const lineEnd = lineEndAfter(text, afterComma)
  if (lineEnd >= close) {
    if (comma === undefined) return [{ offset: end, length: 0, content: `, ${property}` }]
    return [{ offset: afterComma, length: 0, content: ` ${property},` }]
  }
  const line = `${lineBreak(text)}${indentAt(text, last.offset)}${property}`
  if (comma !== undefined) return [{ offset: lineEnd, length: 0, content: `${line},` }]
  return [
    { offset: end, length: 0, content: ',' },
    { offset: lineEnd, length: 0, content: line },
  ]
}

function intoEmpty(text: string, object: Node, property: string): Edit[] {
  const inside = text.slice(object.offset + 1, object.offset + object.length - 1)
  if (inside.trim() === '') return [{ offset: object.offset + 1, length: inside.length, content: ` ${property} ` }]
  // Only comments are inside: the property goes on a line of its own after them.
  const indent = indentAt(text, object.offset)
  const commentEnd = inside.trimEnd().length
  const closed = inside.slice(commentEnd).includes('\n') ? '' : `${lineBreak(text)}${indent}`
  return [
    { offset: object.offset + 1 + commentEnd, length: 0, content: `${lineBreak(text)}${indent}  ${property}${closed}` },
  ]
}

function commaAfter(text: string, offset: number): number | undefined {
  const scanner = createScanner(text, true)
  scanner.setPosition(offset)
  scanner.scan()
  const found = scanner.getTokenOffset()
  return text[found] === ',' ? found : undefined
}

/** The first line break after the offset that is not inside a comment. */
function lineEndAfter(text: string, offset: number): number {
  const scanner = createScanner(text, false)
  scanner.setPosition(offset)
  for (;;) {
    scanner.scan()
    const at = scanner.getTokenOffset()
    const character = text[at]
    if (character === '\n' || character === '\r') return at
    if (at >= text.length || (character !== ' ' && character !== '\t' && character !== '/')) return at
  }
}

function indentAt(text: string, offset: number): string {
  const start = Math.max(text.lastIndexOf('\n', offset - 1), text.lastIndexOf('\r', offset - 1)) + 1
  return /^[ \t]*/.exec(text.slice(start, offset))?.[0] ?? ''
}

function lineBreak(text: string): string {
  return text.includes('\r\n') ? '\r\n' : '\n'
}

/** Lines of the old text that are gone, and of the new one that are new. The edits are small and close together. */
function changedLines(before: string, after: string): readonly ChangedLine[] {
  const [old, fresh] = [before.split(/\r?\n/), after.split(/\r?\n/)]
  let start = 0
  while (start < Math.min(old.length, fresh.length) && old[start] === fresh[start]) start += 1
  let tail = 0
  while (tail < Math.min(old.length, fresh.length) - start && old.at(-1 - tail) === fresh.at(-1 - tail)) tail += 1
  const gone = old
    .slice(start, old.length - tail)
    .map((text, index) => ({ line: start + index + 1, sign: '-' as const, text }))
  const added = fresh
    .slice(start, fresh.length - tail)
    .map((text, index) => ({ line: start + index + 1, sign: '+' as const, text }))
  return [...gone, ...added]
}

/** The old file or the new one, whole, whatever happens in between. */
async function replace(file: string, content: string): Promise<void> {
  const mode = (await stat(file)).mode & 0o777
  const fresh = besides(file, 'new')
  try {
    const handle = await open(fresh, 'w', mode)
    try {
      // The mode given to open is narrowed by the umask.
      await handle.chmod(mode)
      await handle.writeFile(content, 'utf8')
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(fresh, file)
  } finally {
    await rm(fresh, { force: true })
  }
}

const waitMs = 2000

/** One edit at a time, across processes: two that read the same text would lose one of the two changes. */
async function alone<Value>(file: string, edit: () => Promise<Parsed<Value>>): Promise<Parsed<Value>> {
  const lock = besides(file, 'lock')
  for (let waited = 0; waited <= waitMs; waited += 20) {
    const taken = await take(lock)
    if (typeof taken === 'string')
      return failed({
        file,
        message: `It cannot be changed here (${taken}).`,
        hint: 'Check the owner and mode of its folder.',
      })
    if (taken) {
      try {
        return await edit()
      } finally {
        await rm(lock, { force: true })
      }
    }
    await sleep(20)
  }
  return failed({ file, message: 'Somebody else is changing it.', hint: `Try again; if nobody is, remove ${lock}.` })
}

/** Whether this process has the lock now; the error's code when nobody can have it. */
async function take(lock: string): Promise<boolean | string> {
  try {
    await writeFile(lock, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    if (code !== 'EEXIST') return code
  }
  const holder = Number(await readFile(lock, 'utf8').catch(() => ''))
  // Left behind by a process that was ended in the middle of an edit.
  if (holder > 0 && !isAlive(holder)) await rm(lock, { force: true })
  return false
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

function besides(file: string, suffix: string): string {
  return path.join(path.dirname(file), `.${path.basename(file)}.${suffix}`)
}

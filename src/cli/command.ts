// What every subcommand shares: its options, where the configuration is, and how what went wrong is said.
import { existsSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { Command, InvalidArgumentError } from 'commander'
import type { Hub } from '../hub.ts'
import { standardErrorLog } from '../hub/log.ts'
import type { Log } from '../hub/log.ts'
import { HubError } from '../kit/error.ts'
import { exitCodes } from './exit.ts'
import { oneLine, visible } from './escape.ts'

export interface CommonOptions {
  readonly config?: string
  readonly json?: boolean
}

/**
 * A subcommand with `--config`, in our words. `examples` teach; `codes` say what scripts can rely on. Paragraphs of the
 * description are separated by an empty line, and broken where the terminal ends.
 */
export function subcommand(name: string, description: string, examples: readonly string[], codes: string): Command {
  return new Command(`toolgate ${name}`)
    .description(description.replace(/(?<!\n)\n(?!\n)/g, ' '))
    .option('--config <path>', 'the configuration file (default: ./mcp.config.json, else the one that comes with Toolgate)')
    .showHelpAfterError(`(toolgate ${name} --help teaches it)`)
    .addHelpText('after', `\nExamples:\n${examples.map((example) => `  ${example}`).join('\n')}\n${codes}`)
    .configureOutput({ writeErr: (text) => process.stderr.write(visible(text)) })
}

/** The root of the checkout or of the published package. */
export const packageRoot = fileURLToPath(new URL('../..', import.meta.url)).replace(/[/\\]$/, '')

export function configPath({ config }: CommonOptions): string {
  if (config !== undefined) return path.resolve(config)
  const here = path.resolve('mcp.config.json')
  return existsSync(here) ? here : path.join(packageRoot, 'mcp.config.json')
}

/** Opens the hub, does the work, and closes it; says what is wrong instead where something is. */
export async function withHub(options: CommonOptions, work: (hub: Hub) => Promise<void>): Promise<void> {
  const { openHub } = await import('../hub.ts')
  await reporting(async () => {
    const hub = await openHub({ configPath: configPath(options), log: operatorLog() })
    endOnSurprise(hub)
    try {
      await work(hub)
    } finally {
      await hub.close()
    }
  })
}

/** What nobody expected ends the process, as ever; Node itself would print it with every secret that is in it. */
export function endOnSurprise({ log }: Hub): void {
  process.once('uncaughtException', (error) => {
    log.error({ err: error }, 'Something failed that nobody expected, so the hub ends. Start it again.')
    process.exit(exitCodes.failed)
  })
}

/**
 * Of warnings, only why a credential cannot be used: whoever runs a command may know where secrets are kept, and agents
 * may not, so that no answer says it.
 */
function operatorLog(): Log {
  const warn = (fields: unknown) => {
    const told = fields as { readonly code?: unknown; readonly err?: unknown }
    if (told.code !== 'unauthenticated' || !(told.err instanceof HubError)) return
    process.stderr.write(`Reason: ${oneLine(told.err.message)}\n`)
  }
  return { ...standardErrorLog('error'), warn }
}

/** Runs the work; a mistake of the caller is a sentence on standard error and exit code 1, never a stack trace. */
export async function reporting(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof Error)) throw error
    // Every kind of error that lists problems also tells them in its message, one a line.
    const known = 'problems' in error || error.name === 'HubError'
    const lines = 'problems' in error ? error.message.split('\n') : [error.message]
    for (const line of lines) process.stderr.write(`${oneLine(line)}\n`)
    if (!known && process.env['TOOLGATE_DEBUG'] !== undefined) process.stderr.write(`${visible(error.stack ?? '')}\n`)
    process.exitCode = known ? exitCodes.usage : exitCodes.failed
  }
}

/** What the caller wrote cannot be used; the message says how it can. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  readonly problems: readonly string[]

  constructor(...problems: readonly string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}

const logLevels = ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const

export function logLevel(text: string): string {
  if ((logLevels as readonly string[]).includes(text)) return text
  throw new InvalidArgumentError(`It is one of ${logLevels.join(', ')}.`)
}

export function positiveInteger(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It is a whole number above 0.')
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** One JSON document, for scripts. JSON escapes control characters itself; the rest that terminals obey is escaped here. */
export function printJson(value: unknown): void {
  print(safeJson(value, 2))
}

/** JSON that any reader takes back as it was, and that shows a terminal nothing but what it says. */
export function safeJson(value: unknown, indent?: number): string {
  const text = JSON.stringify(value, undefined, indent) ?? 'null'
  return text.replace(/[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => jsonEscape(character))
}

function jsonEscape(character: string): string {
  return Array.from(
    { length: character.length },
    (_, unit) => `\\u${character.charCodeAt(unit).toString(16).padStart(4, '0')}`,
  ).join('')
}

/** Rows under headings, each column as wide as its widest cell; every cell is made safe to print. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const safe = rows.map((row) => row.map(oneLine))
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...safe.map((row) => (row[column] ?? '').length)),
  )
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  return [line(headings.map((heading) => heading.toUpperCase())), ...safe.map(line)].join('\n')
}

/** A JSON argument as people write it: JSON itself, `@file`, or `-` for standard input. */
export async function jsonArgument(text: string): Promise<unknown> {
  const { readFile } = await import('node:fs/promises')
  const { text: readAll } = await import('node:stream/consumers')
  let source = text
  if (text === '-') source = await readAll(process.stdin)
  else if (text.startsWith('@')) {
    source = await readFile(text.slice(1), 'utf8').catch(() => {
      throw new UsageError(`There is no file ${text.slice(1)} that can be read.`)
    })
  }
  try {
    const value: unknown = JSON.parse(source)
    const { parseDocument } = await import('../config/document.ts')
    // JSON.parse keeps the last of two equal keys, and somebody who reads the line may see the first.
    const strict = parseDocument('the arguments', source)
    if (!strict.ok)
      throw new UsageError(`The arguments are not clear: ${strict.problems.map(({ message }) => message).join(' ')}`)
    return value
  } catch (error) {
    if (error instanceof UsageError) throw error
    const where = error instanceof Error ? error.message : ''
    throw new UsageError(
      `The arguments are not JSON: ${where}. Write them as '{"key": "OPS-42"}', as @file, or as - for standard input.`,
    )
  }
}

// Runs the `toolgate` command as a person would, in a process of its own.
import { spawn } from 'node:child_process'
import path from 'node:path'
import process from 'node:process'

export const root = path.resolve(import.meta.dirname, '../..')
export const launcher = path.join(root, 'bin/toolgate.cjs')

export interface Ran {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly out: string
  readonly err: string
}

export interface RunOptions {
  readonly cwd?: string
  readonly input?: string
  /** The program that runs the launcher; this Node where left out. */
  readonly node?: string
  readonly env?: NodeJS.ProcessEnv
  readonly launcher?: string
}

/** Runs it to its end. */
export async function toolgate(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const child = start(args, options)
  let out = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (out += chunk))
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (err += chunk))
  child.stdin.end(options.input ?? '')
  return await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal, out, err }))
  })
}

/** Starts it; whoever does ends it. */
export function start(args: readonly string[], { cwd, node, env, launcher: file = launcher }: RunOptions = {}) {
  return spawn(node ?? process.execPath, [file, ...args], {
    cwd: cwd ?? root,
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
}

// The real doors in processes of their own, and the official clients that come in by them.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client as ModernClient, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport as OldStdio } from '@modelcontextprotocol/sdk/client/stdio.js'
import { StreamableHTTPClientTransport as OldHttp } from '@modelcontextprotocol/sdk/client/streamableHttp.js'

export const root = fileURLToPath(new URL('..', import.meta.url))
export const launcher = path.join(root, 'bin/toolgate.cjs')

/** What every client can do, whatever it calls it. */
export interface AnyClient {
  listTools(): Promise<{ tools: { name: string }[] }>
  callTool(call: { name: string; arguments: Record<string, unknown> }): Promise<Record<string, unknown>>
  close(): Promise<void>
}

export type ClientKind = 'v1' | 'v2 legacy' | 'v2 modern'
export const clientKinds: readonly ClientKind[] = ['v1', 'v2 legacy', 'v2 modern']

export interface Served {
  readonly url: string
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** `toolgate serve` on a free port. */
export async function serve(configPath: string): Promise<Served> {
  const child = spawn(
    process.execPath,
    [launcher, 'serve', '--port', '0', '--json', '--log-level', 'error', '--config', configPath],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  const { url } = JSON.parse(await firstLine(child)) as { url: string }
  const stop = async () => {
    if (child.exitCode !== null) return
    child.kill('SIGTERM')
    await once(child, 'exit')
  }
  return { url, stop, [Symbol.asyncDispose]: stop }
}

export async function connect(
  kind: ClientKind,
  door: { readonly url: string } | { readonly configPath: string },
): Promise<AnyClient> {
  const info = { name: 'test', version: '1' }
  const command = (configPath: string) => ({
    command: process.execPath,
    args: [launcher, 'stdio', '--config', configPath],
    stderr: 'inherit' as const,
  })
  if (kind === 'v1') {
    const client = new OldClient(info)
    await client.connect('url' in door ? new OldHttp(new URL(door.url)) : new OldStdio(command(door.configPath)))
    return client
  }
  const client = new ModernClient(info, kind === 'v2 modern' ? { versionNegotiation: { mode: 'auto' } } : {})
  await client.connect(
    'url' in door
      ? new StreamableHTTPClientTransport(new URL(door.url))
      : new StdioClientTransport(command(door.configPath)),
  )
  return client
}

/** Runs the command line; its exit code and what it printed. */
export async function cli(args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [launcher, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code: code ?? -1, stdout, stderr }
}

async function firstLine(child: ChildProcess): Promise<string> {
  let text = ''
  for await (const chunk of child.stdout?.setEncoding('utf8') ?? []) {
    text += String(chunk)
    const end = text.indexOf('\n')
    if (end >= 0) return text.slice(0, end)
  }
  throw new Error(`The process ended before it said anything: ${text}`)
}

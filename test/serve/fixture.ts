// A small dispatcher that lives in memory and remembers what reached it, and the doors opened on it.
import type { Dispatcher, ToolCall } from '../../src/serve/dispatcher.ts'
import { serveHttp } from '../../src/serve/http.ts'
import type { HttpDoor, HttpDoorOptions } from '../../src/serve/http.ts'

export interface Fixture extends Dispatcher {
  /** Names of the tools that were called, in order. */
  readonly seen: string[]
  /** How many calls were told that their caller went away. */
  readonly cancelled: () => number
  changeTools(): void
  /** Lets every waiting call finish. */
  release(): void
}

const tools = ['book_borrow', 'book_explode', 'book_find', 'book_shout', 'book_wait'].map((name) => ({
  name,
  description: `What ${name} says`,
  inputSchema: { type: 'object' as const, properties: { title: { type: 'string' } } },
}))

export function fixture(): Fixture {
  const seen: string[] = []
  const listeners = new Set<() => void>()
  const waiting = new Set<() => void>()
  let cancelled = 0
  let extra = false
  return {
    seen,
    cancelled: () => cancelled,
    changeTools() {
      extra = !extra
      for (const listener of listeners) listener()
    },
    release() {
      for (const wake of waiting) wake()
    },
    instructions: 'Ask for books.',
    tools: () => (extra ? [...tools, { ...tools[0]!, name: 'book_zip' }] : tools),
    async call({ name, arguments: args, signal, principal }: ToolCall) {
      seen.push(name)
      if (name === 'book_explode') throw new Error('ENOENT: no such file, open /etc/secret-token')
      if (name === 'book_borrow') return { content: [{ type: 'text', text: 'Not lent out on Sundays.' }], isError: true }
      // oxlint-disable-next-line no-console -- the kind of library that a hub must survive
      if (name === 'book_shout') console.log('SHOUTING ON STANDARD OUTPUT')
      if (name === 'book_wait') {
        await new Promise<void>((resolve) => {
          waiting.add(resolve)
          signal.addEventListener('abort', () => {
            cancelled += 1
            resolve()
          })
        })
      }
      return { content: [{ type: 'text', text: JSON.stringify({ args: args ?? {}, as: principal.id }) }] }
    },
    onToolsChanged(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    unready: () => undefined,
  }
}

export interface Logged {
  readonly fields: object
  readonly message: string
}

export interface OpenDoor extends HttpDoor {
  readonly dispatcher: Fixture
  readonly logged: Logged[]
}

/** The HTTP door on a free port; whoever sends `x-person` is that person, `nobody` is refused. */
export async function httpDoor(options: Partial<HttpDoorOptions> = {}): Promise<OpenDoor> {
  const dispatcher = fixture()
  const logged: Logged[] = []
  const keep = (fields: object, message: string) => void logged.push({ fields, message })
  const door = await serveHttp({
    dispatcher,
    principalOf: async ({ headers }) => {
      const id = String(headers['x-person'] ?? 'maya')
      return id === 'nobody' ? undefined : { tenant: 'larkfield', id, roles: [] }
    },
    host: '127.0.0.1',
    port: 0,
    sessionIdleMs: 60_000,
    maxSessions: 20,
    log: { warn: keep, error: keep },
    now: () => new Date(),
    drainMs: 2000,
    ...options,
  })
  return { ...door, dispatcher, logged }
}

const protocolVersion = '2026-07-28'
const envelope = {
  'io.modelcontextprotocol/protocolVersion': protocolVersion,
  'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
}

/** A request of the 2026 era as it is sent: its message and the headers that must agree with it. */
export function modernRequest(method: string, params: Readonly<Record<string, unknown>> = {}, id: unknown = 1) {
  const name = params['name']
  return {
    body: { jsonrpc: '2.0', id, method, params: { ...params, _meta: envelope } },
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': protocolVersion,
      'mcp-method': method,
      ...(typeof name === 'string' && { 'mcp-name': name }),
    } as Record<string, string>,
  }
}

export const legacyHeaders = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }

export function initialize(id = 0): object {
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } }
  return { jsonrpc: '2.0', id, method: 'initialize', params }
}

/** Opens a 2025-era session as this person and returns its id. */
export async function openSession(url: string, person = 'maya'): Promise<string> {
  const headers = { ...legacyHeaders, 'x-person': person }
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(initialize()) })
  await response.text()
  return response.headers.get('mcp-session-id') ?? `none, but ${response.status}`
}

export async function until(what: () => boolean, withinMs = 3000): Promise<void> {
  const deadline = Date.now() + withinMs
  while (!what()) {
    if (Date.now() > deadline) throw new Error(`It did not happen within ${withinMs} ms: ${String(what)}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

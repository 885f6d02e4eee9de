// The server that plays the vendors: every sandbox instance below one loopback address.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { DatabaseSync } from 'node:sqlite'
import { setTimeout as wait } from 'node:timers/promises'
import type { Connector } from '../kit/connector.ts'
import type { Sandbox, SandboxRequest, SandboxResponse } from '../kit/sandbox.ts'
import { openSandboxFile, transaction } from './database.ts'
import { takeFault } from './faults.ts'
import type { PendingFault } from './faults.ts'
import { recordRequest } from './ledger.ts'
import { instanceState } from './state.ts'

export interface SandboxOptions {
  /** Shared by all processes; made where there is none. */
  readonly file: string
  readonly instances: Readonly<Record<string, { readonly connector: Pick<Connector, 'sandbox'> }>>
  readonly now: () => Date
}

export interface SandboxServer {
  /** Where this instance is: `http://127.0.0.1:49152/jira`. */
  base(instance: string): string
  close(): Promise<void>
}

const bodyLimitBytes = 16 * 1024 * 1024
const slowMs = 1_000

export async function startSandbox({ file, instances, now }: SandboxOptions): Promise<SandboxServer> {
  const database = openSandboxFile(file)
  const sandboxes = new Map(Object.entries(instances).map(([instance, { connector }]) => [instance, connector.sandbox]))
  const server = createServer((request, response) => {
    void serve(request, response).catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The sandbox could not find a free port.')

  return {
    base(instance) {
      if (!sandboxes.has(instance)) throw new Error(`No sandbox is called ${instance}.`)
      return `http://127.0.0.1:${address.port}/${instance}`
    },
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
      database.close()
    },
  }

  async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const target = parseTarget(incoming.url ?? '/')
    const sandbox = target === undefined ? undefined : sandboxes.get(target.instance)
    if (target === undefined || sandbox === undefined) return reply(outgoing, { status: 404, body: 'No sandbox is here.' })
    const body = await readBody(incoming)
    if (body === undefined) return reply(outgoing, { status: 413, body: 'The body is larger than a sandbox takes.' })
    const { instance, path, query } = target
    const request = { method: incoming.method ?? 'GET', path, query, headers: headersOf(incoming), body }
    const { fault, response } = handle({ database, sandbox, instance, request, now: now() })
    if (fault?.mode === 'slow') await wait(fault.ms ?? slowMs)
    if (fault?.mode === 'drop') return void outgoing.destroy()
    reply(outgoing, response)
  }
}

interface Handling {
  readonly database: DatabaseSync
  readonly sandbox: Sandbox<unknown>
  readonly instance: string
  readonly request: SandboxRequest
  readonly now: Date
}

interface Handled {
  readonly fault: PendingFault | undefined
  readonly response: SandboxResponse
}

/** One request is one transaction: what it did, the fault that hit it and its record are there together or not at all. */
function handle(handling: Handling): Handled {
  const { database } = handling
  try {
    return transaction(database, () => respond(handling))
  } catch (error) {
    const response = {
      status: 500,
      body: { error: `The sandbox broke: ${error instanceof Error ? error.message : 'unknown'}` },
    }
    return transaction(database, () => {
      record(handling, { fault: undefined, response }, false)
      return { fault: undefined, response }
    })
  }
}

function respond(handling: Handling): Handled {
  const { database, sandbox, instance, request, now } = handling
  seedOnce(handling)
  const fault = takeFault(database, instance, `${request.method} ${request.path}`)
  const state = instanceState(database, instance)
  const refusal = fault === undefined ? undefined : refusalOf(fault)
  const answer = refusal ?? sandbox.respond(request, state, now)
  const handled = { fault, response: fault?.mode === '500-after' ? brokenDown : answer }
  record(handling, handled, state.changed())
  return handled
}

/** Also after a reset by another process, which is why every request asks. */
function seedOnce({ database, sandbox, instance, now }: Handling): void {
  const { changes } = database
    .prepare('INSERT INTO instances VALUES (?, ?) ON CONFLICT DO NOTHING')
    .run(instance, now.toISOString())
  if (changes === 1) sandbox.seed(instanceState(database, instance), now)
}

function record(
  { database, sandbox, instance, request, now }: Handling,
  { fault, response }: Handled,
  changed: boolean,
): void {
  recordRequest(database, {
    instance,
    at: now,
    request,
    status: fault?.mode === 'drop' ? undefined : response.status,
    changed,
    fault: fault?.mode,
    credential: sandbox.credential,
  })
}

const brokenDown: SandboxResponse = { status: 500, body: { error: 'Broken on demand.' } }

/** The answer of a fault that lets nothing be done. */
function refusalOf({ mode, retryAfter }: PendingFault): SandboxResponse | undefined {
  if (mode === '500') return brokenDown
  if (mode !== '429') return undefined
  const headers = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }
  return { status: 429, headers, body: { error: 'Too many requests, on demand.' } }
}

/** `/jira/rest/api/3/issue/OPS-1?fields=summary`, taken apart; undefined where it cannot be read. */
function parseTarget(url: string): { instance: string; path: string; query: URLSearchParams } | undefined {
  try {
    const { pathname, searchParams } = new URL(url, 'http://sandbox')
    const [, instance = '', ...rest] = pathname.split('/')
    return { instance, path: decodeURIComponent(`/${rest.join('/')}`), query: searchParams }
  } catch {
    return undefined
  }
}

function headersOf(incoming: IncomingMessage): Headers {
  const headers = new Headers()
  for (const [name, values = []] of Object.entries(incoming.headersDistinct))
    for (const value of values) headers.append(name, value)
  return headers
}

async function readBody(incoming: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.byteLength
    if (size > bodyLimitBytes) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function reply(outgoing: ServerResponse, { status, headers = {}, body }: SandboxResponse): void {
  const ownType = Object.keys(headers).some((name) => name.toLowerCase() === 'content-type')
  if (body === undefined) return void outgoing.writeHead(status, headers).end()
  if (typeof body === 'string' && ownType) return void outgoing.writeHead(status, headers).end(body)
  const type = ownType ? {} : { 'content-type': 'application/json;charset=UTF-8' }
  outgoing.writeHead(status, { ...type, ...headers }).end(JSON.stringify(body))
}

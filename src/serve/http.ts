// The HTTP door: MCP over Streamable HTTP in both protocol eras on one endpoint, and whether the hub is alive and ready.
import { createServer } from 'node:http'
import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http'
import { createMcpHandler, isJsonContentType, isLegacyRequest } from '@modelcontextprotocol/server'
import type { Principal } from '../kit/policy.ts'
import type { Dispatcher } from './dispatcher.ts'
import { exchange, principalOf, readBody, refuse, send, sendJson } from './exchange.ts'
import type { Exchange } from './exchange.ts'
import { isLoopback, requestGuard } from './guard.ts'
import { mcpServer, reportTo, trackCalls } from './mcp.ts'
import type { DoorLog } from './mcp.ts'
import { readMessage } from './message.ts'
import { legacySessions } from './sessions.ts'

export interface HttpDoorOptions {
  readonly dispatcher: Dispatcher
  /** Who sends a request; undefined refuses it. */
  readonly principalOf: (request: IncomingMessage) => Promise<Principal | undefined>
  /** `127.0.0.1`, `::1` or `localhost`: without authentication there is no other. */
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  readonly allowedHosts?: readonly string[] | undefined
  readonly allowedOrigins?: readonly string[] | undefined
  readonly sessionIdleMs: number
  readonly maxSessions: number
  readonly maxSessionsPerPrincipal?: number
  readonly log: DoorLog
  readonly now: () => Date
  readonly maxConnections?: number
  /** MCP messages answered at the same time; more are told to come back. */
  readonly maxConcurrent?: number
  readonly headersTimeoutMs?: number
  readonly bodyTimeoutMs?: number
  /** How long calls that are under way may still take at shutdown. */
  readonly drainMs?: number
}

export interface HttpDoor {
  /** Where MCP is spoken: `http://127.0.0.1:4100/mcp`. */
  readonly url: string
  /** Takes no more requests, lets calls that are under way finish, ends sessions and streams, and frees the port. */
  close(): Promise<void>
}

const maxBody = 4 * 1024 * 1024
const maxSubscriptions = 256
const shuttingDown = 'The hub is shutting down and takes no new requests.'

/** Opens the door, or rejects with a sentence that says why it cannot be opened there. */
export async function serveHttp(options: HttpDoorOptions): Promise<HttpDoor> {
  const { dispatcher, log, host, drainMs = 10_000, maxConcurrent = 256 } = options
  if (!isLoopback(host)) throw new Error(notLoopback(host))

  const calls = trackCalls()
  const open = (principal: () => Principal) => mcpServer({ door: 'http', principal, dispatcher, log, calls })
  const modern = createMcpHandler(
    ({ requestInfo }) => {
      const principal = principalOf(requestInfo)
      return open(() => principal)
    },
    {
      legacy: 'reject',
      onerror: reportTo(log),
      maxSubscriptions,
    },
  )
  const sessions = legacySessions({
    open,
    idleMs: options.sessionIdleMs,
    maxTotal: options.maxSessions,
    maxPerPrincipal: options.maxSessionsPerPrincipal ?? options.maxSessions,
    now: options.now,
  })
  // An answer may still be on its way out when its call has ended, and a call may outlive its client's exchange.
  const exchanges = trackCalls()
  let closing: Promise<void> | undefined

  const server = boundedServer(options)
  await listen(server, options.port, host)
  const { port, address } = boundTo(server)
  const guard = requestGuard({ port, address, allowedHosts: options.allowedHosts, allowedOrigins: options.allowedOrigins })
  server.on('request', (incoming: IncomingMessage, response: ServerResponse) => {
    void answer(incoming, response).catch((error: unknown) => failed(error, response))
  })
  const stopListening = dispatcher.onToolsChanged(() => {
    modern.notify.toolsChanged()
    sessions.toolsChanged()
  })
  const reaper = setInterval(() => sessions.reap(), Math.max(10, Math.min(options.sessionIdleMs / 2, 30_000)))
  reaper.unref()
  return { url: `http://${address}:${port}/mcp`, close: () => (closing ??= shutDown()) }

  async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const objection = guard(incoming)
    if (objection !== undefined) return refuseUnread(response, objection.status, objection.message)
    const path = incoming.url?.split('?', 1)[0]
    if (path === '/healthz' || path === '/readyz') return health(path, incoming, response)
    if (path !== '/mcp') return sendJson(response, 404, { error: 'There is nothing here. MCP is spoken at /mcp.' })
    const principal = await options.principalOf(incoming)
    if (principal === undefined)
      return refuseUnread(response, 401, 'The hub does not know who sends this. Send a valid credential.')
    const sessionId = incoming.headers['mcp-session-id']
    if (incoming.method === 'POST')
      return await post(incoming, exchange(incoming, response, principal), sessionId as string | undefined)
    const inSession = sessionId !== undefined && (incoming.method === 'GET' || incoming.method === 'DELETE')
    // Only sessions have a stream to GET or an end to ask for; the 2026 era has no sessions.
    if (!inSession || isModern(incoming)) {
      return refuseUnread(response, 405, 'MCP messages are sent with POST.', { allow: 'POST' })
    }
    await sessions.serve(exchange(incoming, response, principal), sessionId as string)
  }

  async function post(incoming: IncomingMessage, exchanged: Exchange, sessionId: string | undefined): Promise<void> {
    const { response, request } = exchanged
    if (closing !== undefined) return refuseUnread(response, 503, shuttingDown)
    if (exchanges.running >= maxConcurrent) {
      return refuseUnread(response, 503, `The hub works on ${maxConcurrent} messages already. Try again shortly.`, {
        'retry-after': '1',
      })
    }
    if (!isJsonContentType(incoming.headers['content-type'] ?? null) || incoming.headers['content-encoding'] !== undefined) {
      return refuseUnread(response, 415, 'Send the message as application/json, not compressed.')
    }
    const body = await readBody(incoming, maxBody)
    if (body === undefined)
      return refuseUnread(response, 413, `The message is longer than ${maxBody} bytes. Send less at once.`)
    if (closing !== undefined) return refuse(response, 503, -32603, shuttingDown)
    const { message, refusal } = readMessage(body)
    if (message === undefined) return refuse(response, 400, refusal.code, refusal.message, { id: refusal.id })
    const respond = async () => {
      if (await isLegacyRequest(request, message)) return await sessions.serve(exchanged, sessionId, message)
      await send(await modern.fetch(request, { parsedBody: message }), response)
    }
    // A stream of changes stays open for as long as its reader likes, and has a limit of its own.
    if ('method' in message && message.method === 'subscriptions/listen') return await respond()
    await exchanges.run(respond)
  }

  function health(path: string, incoming: IncomingMessage, response: ServerResponse): void {
    if (incoming.method !== 'GET' && incoming.method !== 'HEAD')
      return refuseUnread(response, 405, 'Ask with GET.', { allow: 'GET, HEAD' })
    const reason =
      path === '/readyz' ? (closing === undefined ? dispatcher.unready() : 'The hub is shutting down.') : undefined
    if (path === '/healthz') return sendJson(response, 200, { alive: true })
    if (reason === undefined) return sendJson(response, 200, { ready: true })
    sendJson(response, 503, { ready: false, reason })
  }

  function failed(error: unknown, response: ServerResponse): void {
    if (response.destroyed) return // The client went away: there is nobody to tell.
    log.error({ err: error }, 'A request failed in the HTTP door')
    if (response.headersSent) return void response.destroy()
    refuse(
      response,
      500,
      -32603,
      'The hub failed while it handled this request. Whoever runs it finds the cause in its log.',
    )
  }

  async function shutDown(): Promise<void> {
    clearInterval(reaper)
    stopListening()
    const freed = new Promise<void>((resolve) => server.close(() => resolve()))
    const drained = await Promise.all([exchanges.drained(drainMs), calls.drained(drainMs)])
    if (drained.includes(false)) log.warn({ running: calls.running }, 'Calls were still running when the HTTP door closed')
    await modern.close()
    await sessions.close()
    server.closeIdleConnections()
    const cut = setTimeout(() => server.closeAllConnections(), 500)
    await freed
    clearTimeout(cut)
  }
}

function isModern(incoming: IncomingMessage): boolean {
  const version = incoming.headers['mcp-protocol-version']
  // Revisions are dates, so that they compare as text.
  return typeof version === 'string' && version >= '2026-07-28'
}

function boundedServer(options: HttpDoorOptions): HttpServer {
  const { headersTimeoutMs = 10_000, bodyTimeoutMs = 30_000, maxConnections = 1024 } = options
  const server = createServer({
    headersTimeout: headersTimeoutMs,
    requestTimeout: bodyTimeoutMs,
    // Node looks at the two above only this often.
    connectionsCheckingInterval: Math.min(headersTimeoutMs, 1000),
    keepAliveTimeout: 60_000,
    maxHeaderSize: 16 * 1024,
  })
  server.maxConnections = maxConnections
  return server
}

async function listen(server: HttpServer, port: number, host: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(new Error(whyNotListening(error, host, port), { cause: error })),
    )
    server.listen(port, host, () => resolve())
  })
  const bound = server.address()
  if (bound !== null && typeof bound === 'object' && isLoopback(bound.address)) return
  // `localhost` is a name, and a name can be made to mean anything.
  server.close()
  throw new Error(notLoopback(host))
}

function boundTo(server: HttpServer): { readonly port: number; readonly address: string } {
  const bound = server.address()
  if (bound === null || typeof bound === 'string') throw new Error('The HTTP door has no address.')
  return { port: bound.port, address: bound.family === 'IPv6' ? `[${bound.address}]` : bound.address }
}

function whyNotListening(error: NodeJS.ErrnoException, host: string, port: number): string {
  if (error.code === 'EADDRINUSE')
    return `Port ${port} on ${host} is in use. Stop what listens there, or set another port under "serve".`
  if (error.code === 'EACCES')
    return `Port ${port} on ${host} needs more rights than the hub has. Set a port above 1023 under "serve".`
  return `The hub cannot listen on ${host} port ${port} (${error.code ?? 'unknown error'}). Set another host or port under "serve".`
}

function notLoopback(host: string): string {
  return (
    `The hub does not listen on ${host}: there is no authentication configured, so everyone who reaches it there would be let in. ` +
    'Set the host to 127.0.0.1, and put a proxy that signs people in before it.'
  )
}

/** Refuses without reading the body, so the connection cannot be used again. */
function refuseUnread(
  response: ServerResponse,
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  refuse(response, status, -32600, message, { headers: { connection: 'close', ...headers } })
}

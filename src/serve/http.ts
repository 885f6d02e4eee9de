// The HTTP door: MCP over Streamable HTTP in both protocol eras on one endpoint, and whether the hub is alive and ready.
import { createServer } from 'node:http'
import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Server as TlsServer } from 'node:https'
import { createMcpHandler, isJsonContentType, isLegacyRequest } from '@modelcontextprotocol/server'
import type { Authenticated, Caller, Gate } from '../kit/caller.ts'
import type { Principal } from '../kit/policy.ts'
import type { Dispatcher } from './dispatcher.ts'
import { entry, proxyGuard } from './entry.ts'
import type { Entry } from './entry.ts'
import { exchange, principalOf, readBody, refuse, send, sendJson } from './exchange.ts'
import type { Exchange } from './exchange.ts'
import { isLoopback, requestGuard } from './guard.ts'
import { mcpServer, reportTo, trackCalls } from './mcp.ts'
import type { DoorLog } from './mcp.ts'
import { readMessage } from './message.ts'
import { legacySessions } from './sessions.ts'
import { watchedStreams } from './streams.ts'
import { readTls, watchTls } from './tls.ts'
import type { TlsFiles } from './tls.ts'

export interface HttpDoorOptions {
  readonly dispatcher: Dispatcher
  /** Who sends a request; undefined refuses it. For a door without authentication, which `gate` is. */
  readonly principalOf?: (request: IncomingMessage) => Promise<Principal | undefined>
  /** Checks the credential of every request. */
  readonly gate?: Gate | undefined
  /** The address of MCP as clients know it; its own where left out. */
  readonly publicUrl?: string | undefined
  readonly tls?: TlsFiles | undefined
  /** Networks of the proxy that does https before the hub, and is the only way to it. */
  readonly trustedProxies?: readonly string[] | undefined
  /** `127.0.0.1`, `::1` or `localhost`; another one only with a gate, and with https here or at a trusted proxy. */
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
  /** Answers what Slack sends when approvers click there; it judges the signature itself. */
  readonly slack?: { handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> } | undefined
  /** Answers everything below `/connect/`, where people connect their own accounts. */
  readonly connect?: { handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> } | undefined
  /** Answers everything at `/admin` and below it, once the host and the origin have been checked. */
  readonly admin?: { handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> } | undefined
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
  const mayListen = (address: string) =>
    isLoopback(address) || (options.gate?.open === false && (options.tls ?? options.trustedProxies) !== undefined)
  if (!mayListen(host)) throw new Error(notLoopback(host, options))

  const calls = trackCalls()
  // What a request may do is what its own credential allows, also within a session that another request opened.
  const open = (opened: () => Principal) =>
    mcpServer({
      door: 'http',
      principal: (request) => (request === undefined ? opened() : principalOf(request)),
      dispatcher,
      log,
      calls,
    })
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

  const { server, unwatch } = await boundedServer(options)
  await listen(server, options.port, host, mayListen, options)
  const { port, address } = boundTo(server)
  const url = `${options.tls ? 'https' : 'http'}://${address}:${port}/mcp`
  const named = publicNames(options.publicUrl)
  const guard = requestGuard({
    port,
    address,
    secure: options.tls !== undefined,
    allowedHosts: [...named.hosts, ...(options.allowedHosts ?? [])],
    allowedOrigins: [...named.origins, ...(options.allowedOrigins ?? [])],
  })
  const fromProxy = options.trustedProxies ? proxyGuard(options.trustedProxies) : () => undefined
  const door: Entry = entry({
    gate: options.gate ?? openGate(options),
    resource: () => options.publicUrl ?? url,
    refused: (reason) => dispatcher.refused?.(reason),
  })
  const streams = watchedStreams(options.now)
  server.on('request', (incoming: IncomingMessage, response: ServerResponse) => {
    void answer(incoming, response).catch((error: unknown) => failed(error, response))
  })
  const stopListening = dispatcher.onToolsChanged(() => {
    modern.notify.toolsChanged()
    sessions.toolsChanged()
  })
  const reaper = setInterval(() => sessions.reap(), Math.max(10, Math.min(options.sessionIdleMs / 2, 30_000)))
  reaper.unref()
  return { url, close: () => (closing ??= shutDown()) }

  async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const objection = fromProxy(incoming) ?? guard(incoming)
    if (objection !== undefined) {
      dispatcher.refused?.(objection.reason)
      return refuseUnread(response, objection.status, objection.message)
    }
    const path = incoming.url?.split('?', 1)[0]
    if (path === '/healthz' || path === '/readyz') return health(path, incoming, response)
    if (options.slack && path === '/slack/interactions') return await options.slack.handle(incoming, response)
    if (options.connect && path?.startsWith('/connect/')) return await options.connect.handle(incoming, response)
    if (options.admin && path !== undefined && /^\/admin(\/|$)/.test(path))
      return await options.admin.handle(incoming, response)
    if (path !== undefined && door.describe(path, incoming, response)) return
    if (path !== '/mcp') {
      dispatcher.refused?.('unknown path')
      return sendJson(response, 404, { error: 'There is nothing here. MCP is spoken at /mcp.' })
    }
    const known = await identify(incoming)
    if ('refused' in known) return door.refuse(response, known.refused)
    const { caller } = known
    const exchanged = exchange(incoming, response, caller.principal)
    const sessionId = incoming.headers['mcp-session-id']
    if (incoming.method === 'POST') return await post(incoming, exchanged, caller, sessionId as string | undefined)
    const inSession = sessionId !== undefined && (incoming.method === 'GET' || incoming.method === 'DELETE')
    // Only sessions have a stream to GET or an end to ask for; the 2026 era has no sessions.
    if (!inSession || isModern(incoming)) {
      return refuseUnread(response, 405, 'MCP messages are sent with POST.', { allow: 'POST' })
    }
    const lacking = door.missing(caller)
    if (lacking) return door.refuse(response, lacking)
    streams.watch(response, caller)
    await sessions.serve(exchanged, sessionId as string)
  }

  async function identify(incoming: IncomingMessage): Promise<Authenticated> {
    if (options.gate) return await door.identify(incoming)
    const principal = await options.principalOf?.(incoming)
    if (principal === undefined) return { refused: { status: 401, message: unknownCaller, error: undefined } }
    return { caller: { principal, scopes: undefined, expiresAtMs: undefined, stillGood: () => Promise.resolve(true) } }
  }

  async function post(
    incoming: IncomingMessage,
    exchanged: Exchange,
    caller: Caller,
    sessionId: string | undefined,
  ): Promise<void> {
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
    const lacking = door.missing(caller, message)
    if (lacking) return door.refuse(response, lacking, 'id' in message ? message.id : undefined)
    const respond = async () => {
      if (await isLegacyRequest(request, message)) return await sessions.serve(exchanged, sessionId, message)
      await send(await modern.fetch(request, { parsedBody: message }), response)
    }
    // A stream of changes stays open for as long as its reader likes, and has a limit of its own.
    if ('method' in message && message.method === 'subscriptions/listen') {
      streams.watch(response, caller)
      return await respond()
    }
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
    streams.close()
    unwatch()
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

/** The door's own answers where no gate checks who comes. */
function openGate({ principalOf: known }: HttpDoorOptions): Gate {
  if (!known) throw new TypeError('The HTTP door needs a gate, or must be told who its callers are.')
  return {
    open: true,
    authenticate: () => Promise.reject(new TypeError('There is no gate.')),
    scopesFor: () => [],
    firstScopes: [],
    metadata: () => undefined,
  }
}

const unknownCaller = 'The hub does not know who sends this. Send a valid credential.'

function publicNames(publicUrl: string | undefined): {
  readonly hosts: readonly string[]
  readonly origins: readonly string[]
} {
  if (publicUrl === undefined) return { hosts: [], origins: [] }
  const { host, origin } = new URL(publicUrl)
  return { hosts: [host], origins: [origin] }
}

async function boundedServer(options: HttpDoorOptions): Promise<{ server: HttpServer | TlsServer; unwatch: () => void }> {
  const { headersTimeoutMs = 10_000, bodyTimeoutMs = 30_000, maxConnections = 1024, tls, log } = options
  const bounds = {
    headersTimeout: headersTimeoutMs,
    requestTimeout: bodyTimeoutMs,
    // Node looks at the two above only this often.
    connectionsCheckingInterval: Math.min(headersTimeoutMs, 1000),
    keepAliveTimeout: 60_000,
    maxHeaderSize: 16 * 1024,
  }
  if (!tls) {
    const server = createServer(bounds)
    server.maxConnections = maxConnections
    return { server, unwatch: () => undefined }
  }
  const server = createTlsServer({ ...bounds, ...(await readTls(tls)), handshakeTimeout: headersTimeoutMs })
  server.maxConnections = maxConnections
  const unwatch = watchTls(
    tls,
    (changed) => {
      server.setSecureContext(changed)
      log.warn({ certificate: tls.certificate }, 'The certificate was changed; new connections get the new one')
    },
    (error) => log.error({ err: error }, 'The changed certificate is refused; the one before stays in use'),
  )
  return { server, unwatch }
}

async function listen(
  server: HttpServer | TlsServer,
  port: number,
  host: string,
  mayListen: (address: string) => boolean,
  options: HttpDoorOptions,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(new Error(whyNotListening(error, host, port), { cause: error })),
    )
    server.listen(port, host, () => resolve())
  })
  const bound = server.address()
  if (bound !== null && typeof bound === 'object' && mayListen(bound.address)) return
  // `localhost` is a name, and a name can be made to mean anything.
  server.close()
  throw new Error(notLoopback(host, options))
}

function boundTo(server: HttpServer | TlsServer): { readonly port: number; readonly address: string } {
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

function notLoopback(host: string, { gate, tls, trustedProxies }: HttpDoorOptions): string {
  const missing = [
    ...(gate?.open === false
      ? []
      : [
          'there is no authentication configured ("people.issuers" or "people.apiKeys"), so everyone who reaches it there would be let in',
        ]),
    ...(tls || trustedProxies
      ? []
      : ['there is neither "serve.http.tls" nor "serve.http.behindProxy", so everyone on the way could read along']),
  ]
  return `The hub does not listen on ${host}: ${missing.join(', and ')}. Set the host to 127.0.0.1, or add what is missing.`
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

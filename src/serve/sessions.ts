// Sessions of 2025-era HTTP clients: bound to who opened them, capped, and forgotten when idle.
import { randomUUID } from 'node:crypto'
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server'
import type { JSONRPCMessage, Server } from '@modelcontextprotocol/server'
import type { Principal } from '../kit/policy.ts'
import { refuse, send } from './exchange.ts'
import type { Exchange } from './exchange.ts'

export interface SessionsOptions {
  /** A fresh server for one session of this principal. */
  readonly open: (principal: () => Principal) => Server
  readonly idleMs: number
  readonly maxTotal: number
  readonly maxPerPrincipal: number
  readonly now: () => Date
}

export interface Sessions {
  readonly size: number
  /** Answers one request; `message` is absent for GET and DELETE. */
  serve(exchange: Exchange, sessionId: string | undefined, message?: JSONRPCMessage): Promise<void>
  /** Tells every session that its list may have changed. */
  toolsChanged(): void
  /** Forgets those that were idle for too long. */
  reap(): void
  close(): Promise<void>
}

interface Session {
  readonly owner: string
  readonly who: { principal: Principal }
  readonly server: Server
  readonly transport: WebStandardStreamableHTTPServerTransport
  /** Requests not answered yet; their client may be gone, which in this era cancels nothing. */
  readonly pending: Set<string | number>
  /** HTTP exchanges that are open, the stream for notifications among them. */
  exchanges: number
  lastSeenMs: number
  ready: boolean
}

export function legacySessions(options: SessionsOptions): Sessions {
  const sessions = new Map<string, Session>()
  return {
    get size() {
      return sessions.size
    },
    async serve(exchange, sessionId, message) {
      if (sessionId === undefined) return await open(exchange, message)
      const session = sessions.get(sessionId)
      // Another principal's session looks exactly like one that does not exist.
      if (session === undefined || session.owner !== ownerOf(exchange.principal)) return unknownSession(exchange, message)
      const id = requestId(message)
      if (id !== undefined && session.pending.has(id)) {
        return refuse(exchange.response, 400, -32600, `The id ${JSON.stringify(id)} is in use by a request that still runs.`)
      }
      // The same person, with the roles of today.
      session.who.principal = exchange.principal
      await handle(session, exchange, message)
    },
    toolsChanged() {
      for (const { server, ready } of sessions.values()) {
        if (ready) void server.sendToolListChanged().catch(() => undefined)
      }
    },
    reap() {
      const oldestMs = options.now().getTime() - options.idleMs
      for (const session of sessions.values())
        if (isIdle(session) && session.lastSeenMs <= oldestMs) void session.server.close()
    },
    async close() {
      await Promise.allSettled([...sessions.values()].map(({ server }) => server.close()))
    },
  }

  async function open(exchange: Exchange, message: JSONRPCMessage | undefined): Promise<void> {
    if (message === undefined || !('method' in message) || message.method !== 'initialize') {
      return refuse(exchange.response, 400, -32600, needsSession, { id: requestId(message) })
    }
    const owner = ownerOf(exchange.principal)
    if (!makeRoom(owner)) {
      return refuse(exchange.response, 503, -32603, tooManySessions, {
        id: requestId(message),
        headers: { 'retry-after': '5' },
      })
    }
    const session = await connect(exchange.principal, owner)
    await handle(session, exchange, message)
    // A malformed handshake opens no session, and its server must not stay.
    if (session.transport.sessionId === undefined) await session.server.close()
  }

  async function connect(principal: Principal, owner: string): Promise<Session> {
    const who = { principal }
    const server = options.open(() => who.principal)
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (id) => {
        sessions.set(id, session)
      },
    })
    const session: Session = { owner, who, server, transport, pending: new Set(), exchanges: 0, lastSeenMs: 0, ready: false }
    const deliver = transport.send.bind(transport)
    transport.send = (sent, how) => {
      if (!('method' in sent) && sent.id !== undefined) session.pending.delete(sent.id)
      return deliver(sent, how)
    }
    server.oninitialized = () => {
      session.ready = true
    }
    // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the SDK has no other way to listen
    server.onclose = () => {
      if (transport.sessionId !== undefined) sessions.delete(transport.sessionId)
    }
    await server.connect(transport)
    return session
  }

  async function handle(session: Session, exchange: Exchange, message: JSONRPCMessage | undefined): Promise<void> {
    const id = requestId(message)
    if (id !== undefined) session.pending.add(id)
    touch(session, 1)
    try {
      const answer = await session.transport.handleRequest(
        exchange.request,
        message === undefined ? {} : { parsedBody: message },
      )
      if (id !== undefined && !answer.ok) session.pending.delete(id)
      const cancelled = cancelledId(message)
      // The SDK leaves the stream of a cancelled request open, with nothing left to say on it.
      if (cancelled !== undefined && session.pending.delete(cancelled)) session.transport.closeSSEStream(cancelled)
      await send(answer, exchange.response)
    } finally {
      touch(session, -1)
    }
  }

  function touch(session: Session, exchanges: 1 | -1): void {
    session.exchanges += exchanges
    session.lastSeenMs = options.now().getTime()
  }

  /** Clients seldom say goodbye, so the one that was idle longest makes room for a new one of the same principal. */
  function makeRoom(owner: string): boolean {
    const own = [...sessions.values()].filter((session) => session.owner === owner)
    if (own.length < options.maxPerPrincipal && sessions.size < options.maxTotal) return true
    const [longestIdle] = own.filter(isIdle).sort((left, right) => left.lastSeenMs - right.lastSeenMs)
    if (longestIdle === undefined) return false
    void longestIdle.server.close()
    return true
  }
}

const needsSession = 'The request names no session. Send initialize first and then its Mcp-Session-Id with every request.'
const tooManySessions =
  'The hub has as many sessions as it keeps, and all are in use. Close one, or try again in a few seconds.'

function unknownSession(exchange: Exchange, message: JSONRPCMessage | undefined): void {
  refuse(exchange.response, 404, -32001, 'There is no such session. Send initialize to open one.', {
    id: requestId(message),
  })
}

function isIdle(session: Session): boolean {
  return session.exchanges === 0 && session.pending.size === 0
}

function ownerOf(principal: Principal): string {
  return JSON.stringify([principal.tenant, principal.id])
}

function requestId(message: JSONRPCMessage | undefined): string | number | undefined {
  return message !== undefined && 'method' in message && 'id' in message ? message.id : undefined
}

function cancelledId(message: JSONRPCMessage | undefined): string | number | undefined {
  if (message === undefined || !('method' in message) || message.method !== 'notifications/cancelled') return undefined
  const id = message.params?.['requestId']
  return typeof id === 'string' || typeof id === 'number' ? id : undefined
}

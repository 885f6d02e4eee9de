// The protocol side of a door: one SDK server for one connection, over whatever dispatches its calls.
import { randomUUID } from 'node:crypto'
import { ProtocolError, ProtocolErrorCode, Server } from '@modelcontextprotocol/server'
import type { CallToolResult, InputRequiredResult } from '@modelcontextprotocol/server'
import packageJson from '../../package.json' with { type: 'json' }
import type { Services } from '../call/call.ts'
import type { Principal } from '../kit/policy.ts'
import type { Dispatcher, ToolCall } from './dispatcher.ts'
import { serveTasks, understandsTasks } from './tasks.ts'

export type DoorLog = Services['log']

export interface Connection {
  readonly door: ToolCall['door']
  /** Who sends this request; without one, who opened the connection. */
  readonly principal: (request?: Request) => Principal
  readonly dispatcher: Dispatcher
  readonly log: DoorLog
  readonly calls: Calls
}

/** The calls that are under way, so that a door can wait for them before it closes. */
export interface Calls {
  readonly running: number
  run<T>(call: () => Promise<T>): Promise<T>
  /** Whether all of them ended within the time. */
  drained(withinMs: number): Promise<boolean>
}

const serverInfo = { name: 'toolgate', title: 'Toolgate', version: packageJson.version }

// The list depends on who asks, so no shared cache may keep it; a client that listens hears of changes sooner than this.
const cacheHints = {
  'tools/list': { ttlMs: 10_000, cacheScope: 'private' },
  'server/discover': { ttlMs: 60_000, cacheScope: 'private' },
} as const

/**
 * A server for one connection (or, in the 2026 era over HTTP, for one request). It answers `tools/list` and
 * `tools/call`; what goes wrong inside reaches the log under a reference, and the client as that reference only.
 */
export function mcpServer(connection: Connection): Server {
  const { door, principal, dispatcher, log, calls } = connection
  const server = new Server(serverInfo, {
    capabilities: { tools: { listChanged: true } },
    instructions: dispatcher.instructions,
    cacheHints,
  })
  server.setRequestHandler('tools/list', (request, context) =>
    contained(log, 'tools/list', async () => {
      if (request.params?.cursor !== undefined) throw new ProtocolError(invalidParams, onePage)
      return { tools: [...dispatcher.tools(principal(context.http?.req))] }
    }),
  )
  server.setRequestHandler('tools/call', (request, context) =>
    contained(log, request.params.name, () =>
      calls.run(() =>
        // The SDK's types do not know the Tasks extension yet; what it sends is what it is given.
        whileWanted(
          context.mcpReq.signal,
          (signal) =>
            dispatcher.call({
              door,
              principal: principal(context.http?.req),
              name: request.params.name,
              arguments: request.params.arguments,
              signal,
              tasks: understandsTasks(context),
              context,
            }) as Promise<CallToolResult | InputRequiredResult>,
        ),
      ),
    ),
  )
  if (dispatcher.tasks) serveTasks(server, dispatcher.tasks, principal)
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the SDK has no other way to listen
  server.onerror = reportTo(log)
  dispatcher.extend?.(server)
  return server
}

export function trackCalls(): Calls {
  let running = 0
  const waiting = new Set<() => void>()
  const ended = () => {
    running -= 1
    if (running === 0) for (const wake of waiting) wake()
  }
  return {
    get running() {
      return running
    },
    async run(call) {
      running += 1
      try {
        return await call()
      } finally {
        ended()
      }
    },
    drained: (withinMs) => settledWithin(withinMs, running === 0, waiting),
  }
}

/** Waits until one of `waiting` is called, at most so long. */
export function settledWithin(withinMs: number, already: boolean, waiting: Set<() => void>): Promise<boolean> {
  if (already) return Promise.resolve(true)
  return new Promise((resolve) => {
    const finish = (value: boolean) => {
      clearTimeout(timer)
      waiting.delete(wake)
      resolve(value)
    }
    const wake = () => finish(true)
    const timer = setTimeout(() => finish(false), withinMs)
    waiting.add(wake)
  })
}

/** For the SDK's reports about traffic that it refused. Quotes and braces begin what the caller sent: that stays out. */
export function reportTo(log: DoorLog): (error: Error) => void {
  return (error) => log.warn({ report: error.message.split(/["{]/, 1)[0] }, 'The protocol layer refused or lost a message')
}

/** The SDK also aborts its signal when it tidies up after an answer, which must not look like a caller who went away. */
async function whileWanted<T>(signal: AbortSignal, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const wanted = new AbortController()
  const giveUp = () => wanted.abort(signal.reason)
  if (signal.aborted) giveUp()
  signal.addEventListener('abort', giveUp)
  try {
    return await run(wanted.signal)
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}

const invalidParams = ProtocolErrorCode.InvalidParams
const onePage = 'The list of tools is one page: ask for it without a cursor.'

async function contained<T>(log: DoorLog, subject: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    if (error instanceof ProtocolError) throw error
    const reference = randomUUID()
    log.error({ err: error, reference, subject }, 'A request failed inside the hub')
    throw new ProtocolError(
      ProtocolErrorCode.InternalError,
      `The hub failed while it handled this request. Whoever runs it finds the cause in its log under ${reference}.`,
    )
  }
}

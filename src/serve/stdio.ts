// The stdio door: MCP in both protocol eras over standard input and output.
import { Writable } from 'node:stream'
import type { Readable } from 'node:stream'
import type { Server } from '@modelcontextprotocol/server'
import { serveStdio } from '@modelcontextprotocol/server/stdio'
import type { Principal } from '../kit/policy.ts'
import type { Dispatcher } from './dispatcher.ts'
import { lineTransport } from './line-transport.ts'
import { mcpServer, reportTo, trackCalls } from './mcp.ts'
import type { DoorLog } from './mcp.ts'

export interface StdioDoorOptions {
  readonly dispatcher: Dispatcher
  /** Asked for each call and list: the configuration can change while a client stays. */
  readonly principal: () => Principal
  readonly log: DoorLog
  /** Where they are left out, the process's own; then whatever else writes to standard output lands on standard error. */
  readonly stdin?: Readable
  readonly stdout?: Writable
  /** How long calls that are under way may still take when the input ends or the door is closed. */
  readonly drainMs?: number
}

export interface StdioDoor {
  /** Resolves when the last answer is out: the input ended, the reader went away, or `close` was called. */
  readonly closed: Promise<void>
  /** Takes no more requests, lets those under way finish, and closes. Call it on SIGTERM. */
  close(): Promise<void>
}

export async function serveStdioDoor(options: StdioDoorOptions): Promise<StdioDoor> {
  const { dispatcher, principal, log, drainMs = 10_000 } = options
  const guarded = options.stdout === undefined ? guardStandardOutput() : undefined
  const transport = lineTransport(options.stdin ?? process.stdin, guarded?.output ?? options.stdout ?? process.stdout)
  const calls = trackCalls()
  const servers = new Set<Server>()
  const closed = Promise.withResolvers<void>()

  const handle = serveStdio(
    ({ era }) => {
      const server = mcpServer({ door: 'stdio', principal, dispatcher, log, calls })
      // A 2025-era client hears nothing before it said that it is ready.
      if (era === 'legacy') server.oninitialized = () => void servers.add(server)
      if (era === 'modern') servers.add(server)
      // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the SDK has no other way to listen
      server.onclose = () => void servers.delete(server)
      return server
    },
    { transport, onerror: reportTo(log), maxSubscriptions: 64 },
  )
  const stopListening = dispatcher.onToolsChanged(() => {
    for (const server of servers) void server.sendToolListChanged().catch(reportTo(log))
  })

  let closing: Promise<void> | undefined
  const close = () => (closing ??= shutDown())
  transport.onend = () => void close()
  const afterWire = transport.onclose
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the SDK has no other way to listen
  transport.onclose = () => {
    afterWire?.()
    void close()
  }
  return { closed: closed.promise, close }

  async function shutDown(): Promise<void> {
    const drained = await transport.drain(drainMs)
    if (!drained) log.warn({ drainMs }, 'Requests were still unanswered when the stdio door closed')
    stopListening()
    await handle.close()
    await guarded?.release()
    closed.resolve()
  }
}

interface GuardedOutput {
  readonly output: Writable
  /** Resolves when the last frame is out. */
  release(): Promise<void>
}

/** Keeps standard output for protocol frames: a stray `console.log` of any library would break the client's parser. */
function guardStandardOutput(): GuardedOutput {
  const { stdout, stderr } = process
  // oxlint-disable-next-line typescript/unbound-method -- put back as it was found
  const original = stdout.write
  const frames = original.bind(stdout)
  const output = new Writable({
    decodeStrings: false,
    write: (chunk: string, _encoding, done) => void frames(chunk, 'utf8', done),
  })
  // Without a listener, a reader that went away would end the process with an uncaught EPIPE.
  const onError = (error: Error) => void output.destroy(error)
  stdout.on('error', onError)
  stdout.write = stderr.write.bind(stderr)
  return {
    output,
    async release() {
      await new Promise<void>((resolve) => {
        output.once('close', resolve)
        if (output.destroyed) resolve()
        output.end()
      })
      stdout.write = original
    },
  }
}

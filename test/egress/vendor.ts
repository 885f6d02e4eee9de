// A vendor of raw TCP, for what no HTTP server would do: it reads and answers byte by byte as the test says.
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { guardedFetch } from '../../src/egress/fetch.ts'
import type { Guard, GuardOptions } from '../../src/egress/fetch.ts'

export interface RawVendor {
  readonly base: string
  readonly port: number
  connections(): number
  /** Resolves when no connection is open. */
  quiet(): Promise<void>
  /** Everything that was received, all connections together. */
  received(): string
  close(): Promise<void>
}

export interface Turn {
  readonly socket: Socket
  /** What this connection has received so far. */
  readonly text: string
  /** Which connection this is: 1, 2, 3 … */
  readonly nth: number
}

/** Calls `react` when a connection opens (with no text) and whenever more arrives. */
export async function rawVendor(react: (turn: Turn) => void): Promise<RawVendor> {
  const sockets = new Set<Socket>()
  let connections = 0
  let received = ''
  const server: Server = createServer((socket) => {
    if (!server.listening) {
      socket.destroy()
      return
    }
    const nth = (connections += 1)
    let text = ''
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      received += chunk.toString('latin1')
      react({ socket, text, nth })
    })
    react({ socket, text, nth })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    base: `http://127.0.0.1:${port}`,
    port,
    connections: () => connections,
    async quiet() {
      for (const socket of sockets) await once(socket, 'close')
    },
    received: () => received,
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Answers each complete request with the next of these texts; the last again and again. */
export function answering(...answers: readonly string[]): (turn: Turn) => void {
  let index = 0
  const answered = new WeakMap<Socket, number>()
  return ({ socket, text }) => {
    const complete = countRequests(text)
    for (let done = answered.get(socket) ?? 0; done < complete; done += 1) {
      answered.set(socket, done + 1)
      socket.write(answers[Math.min(index, answers.length - 1)] ?? '', 'latin1')
      index += 1
    }
  }
}

export function response(status: number, body = '', headers: readonly string[] = []): string {
  const lines = [`HTTP/1.1 ${status} X`, `content-length: ${Buffer.byteLength(body, 'latin1')}`, ...headers]
  return `${lines.join('\r\n')}\r\n\r\n${body}`
}

function countRequests(text: string): number {
  let rest = text
  for (let count = 0; ; count += 1) {
    const end = rest.indexOf('\r\n\r\n')
    if (end === -1) return count
    const length = Number(/content-length: (\d+)/i.exec(rest.slice(0, end))?.[1] ?? 0)
    if (rest.length < end + 4 + length) return count
    rest = rest.slice(end + 4 + length)
  }
}

/** A guard for tests: issue routes on a loopback base, no jitter. */
export function testGuard(base: string, options: Partial<GuardOptions> = {}): Guard {
  return guardedFetch({
    base,
    reads: ['GET /issue/{key}', 'GET /project/{key}', 'POST /search'],
    writes: ['POST /issue/{key}/comment', 'PUT /issue/{key}', 'DELETE /issue/{key}'],
    loopback: true,
    signal: new AbortController().signal,
    now: () => new Date(),
    random: () => 0,
    timeoutMs: 5_000,
    ...options,
  })
}

/** The code of the error that a promise is rejected with; fails when it is not. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
  } catch (error) {
    if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
    throw error
  }
  throw new Error('It was not refused.')
}

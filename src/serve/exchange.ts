// The border between node:http and the SDK's web-standard handlers, without building web streams for plain answers.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Principal } from '../kit/policy.ts'

/**
 * As much of a web Request as the SDK reads when the body is handed to it parsed: method, address, single headers and
 * the signal. Building a real one, with its streams, costs more than the rest of a small call.
 */
export interface Exchange {
  readonly request: Request
  readonly principal: Principal
  readonly response: ServerResponse
}

const principals = new WeakMap<Request, Principal>()

export function exchange(incoming: IncomingMessage, response: ServerResponse, principal: Principal): Exchange {
  const gone = new AbortController()
  // `writableFinished` tells a complete answer from a client that went away before it.
  response.on('close', () => {
    if (!response.writableFinished) gone.abort()
  })
  const { headers } = incoming
  const request = {
    method: incoming.method ?? 'GET',
    url: `http://${headers.host}${incoming.url}`,
    headers: { get: (name: string) => single(headers[name.toLowerCase()]) },
    signal: gone.signal,
  } as unknown as Request
  principals.set(request, principal)
  return { request, principal, response }
}

/** Who sent the request that the SDK hands back to a server factory. */
export function principalOf(request: Request | undefined): Principal {
  const principal = request && principals.get(request)
  if (principal === undefined) throw new Error('A server was asked for without the request that it serves.')
  return principal
}

/** Bytes that may wait for a reader of a stream before it is cut off. */
const maxUnread = 1024 * 1024

/** Writes the SDK's answer: plain ones in one piece with their length, streams event by event. */
export async function send(answer: Response, response: ServerResponse): Promise<void> {
  if (response.destroyed) return void answer.body?.cancel().catch(() => undefined)
  const headers = Object.fromEntries(answer.headers)
  if (answer.body === null) return void response.writeHead(answer.status, headers).end()
  if (headers['content-type'] !== 'text/event-stream') {
    // As text, it leaves in one write together with the headers.
    const body = await answer.text()
    return void response.writeHead(answer.status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body)
  }
  await stream(answer.body.getReader(), response, (more) => response.writeHead(answer.status, { ...headers, ...more }))
}

type Chunk = Awaited<ReturnType<ReadableStreamDefaultReader<Uint8Array>['read']>>

async function stream(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  response: ServerResponse,
  begin: (more?: Readonly<Record<string, number>>) => ServerResponse,
): Promise<void> {
  response.on('close', () => void reader.cancel().catch(() => undefined))
  // The headers go out with the first event where it is there already, and soon alone where it is not.
  const alone = setImmediate(() => begin().flushHeaders())
  const first = await reader.read().finally(() => clearImmediate(alone))
  let next: Promise<Chunk> | undefined = reader.read()
  next.catch(() => undefined)
  // Most streams are one event and their end, which as text leave in one write with the headers.
  if (!response.headersSent && !first.done && (await isOver(next))) {
    if (response.destroyed) return
    const { buffer, byteOffset, byteLength } = first.value
    return void begin({ 'content-length': byteLength }).end(Buffer.from(buffer, byteOffset, byteLength).toString('utf8'))
  }
  if (!response.headersSent) begin()
  for (let chunk = first; !chunk.done; next = undefined) {
    if (response.writableLength > maxUnread) response.destroy()
    if (response.destroyed) return
    response.write(chunk.value)
    chunk = await (next ?? reader.read())
  }
  if (!response.destroyed) response.end()
}

/** Whether that much is known before anything else happens. */
async function isOver(reading: Promise<Chunk>): Promise<boolean> {
  let over = false
  reading.then(
    ({ done }) => (over = done),
    () => undefined,
  )
  await new Promise<void>((resolve) => process.nextTick(resolve))
  return over
}

export interface RefusalOptions {
  readonly id?: string | number | undefined
  readonly headers?: Readonly<Record<string, string>>
}

/** Answers with a JSON-RPC error. Where the request's id is not known there is none. */
export function refuse(
  response: ServerResponse,
  status: number,
  code: number,
  message: string,
  options: RefusalOptions = {},
): void {
  const { id, headers } = options
  sendJson(response, status, { jsonrpc: '2.0', ...(id === undefined ? {} : { id }), error: { code, message } }, headers)
}

export function sendJson(
  response: ServerResponse,
  status: number,
  value: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.headersSent || response.destroyed) return
  const body = JSON.stringify(value)
  response
    .writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers })
    .end(body)
}

/** The body, or undefined when it is longer than the limit. Rejects when the client goes away in the middle. */
export function readBody(incoming: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  if (Number(incoming.headers['content-length']) > maxBytes) return Promise.resolve(undefined)
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    incoming.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length <= maxBytes) {
        chunks.push(chunk)
        return
      }
      incoming.pause()
      resolve(undefined)
    })
    incoming.on('end', () => resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)))
    incoming.on('error', reject)
    incoming.on('close', () => {
      if (!incoming.complete) reject(new Error('The client went away before its message was complete.'))
    })
  })
}

function single(value: string | readonly string[] | undefined): string | null {
  if (value === undefined) return null
  return typeof value === 'string' ? value : value.join(', ')
}

// One JSON-RPC message a line, over two streams: strict on what comes in, and patient with what is still being answered.
import type { Readable, Writable } from 'node:stream'
import type { JSONRPCMessage, Transport } from '@modelcontextprotocol/server'
import { readMessage } from './message.ts'
import { settledWithin } from './mcp.ts'

/** Bytes in one line; the same as the SDK's own bound. */
const maxLine = 10 * 1024 * 1024
const maxPending = 256
const newline = 0x0a
const carriageReturn = 0x0d

export interface LineTransport extends Transport {
  /** Takes no new requests; whether those that came in before were answered within the time. */
  drain(withinMs: number): Promise<boolean>
  /** Called when no more input comes, while answers can still be sent. */
  onend?: () => void
}

/** A transport for the SDK. A line that is refused is answered with an error line, and the next line is read. */
export function lineTransport(input: Readable, output: Writable): LineTransport {
  const pending = new Set<string | number>()
  const waiting = new Set<() => void>()
  const lines = lineSplitter(receive, () => {
    void answer(undefined, -32600, `A line is longer than ${maxLine} bytes and was skipped. Send less in one message.`)
  })
  let ended = false
  let draining = false
  let closed = false

  const transport: LineTransport = {
    async start() {
      input.on('data', lines.push)
      input.on('end', end)
      input.on('close', end)
      input.on('error', end)
      // The reader went away (EPIPE): nobody is left to answer.
      output.on('error', close)
      output.on('close', close)
      if (input.readableEnded || input.destroyed) setImmediate(end)
    },
    async send(message) {
      if (!('method' in message) && message.id !== undefined) settle(message.id)
      await write(message)
    },
    async close() {
      close()
    },
    drain(withinMs) {
      draining = true
      return settledWithin(withinMs, pending.size === 0, waiting)
    },
  }
  return transport

  function receive(line: Buffer): void {
    const reading = readMessage(line)
    if (reading.refusal !== undefined) {
      const { id, code, message } = reading.refusal
      void answer(id, code, message)
      return
    }
    const { message } = reading
    if ('method' in message && 'id' in message) {
      const busy = whyNot(message.id)
      if (busy !== undefined) return void answer(busy.id, -32603, busy.message)
      // A subscription is answered when it ends, which is nothing to wait for.
      if (message.method !== 'subscriptions/listen') pending.add(message.id)
    }
    transport.onmessage?.(message)
    // A cancelled request is never answered.
    const cancelled = cancelledId(message)
    if (cancelled !== undefined) settle(cancelled)
  }

  function whyNot(id: string | number): { readonly id: string | number | undefined; readonly message: string } | undefined {
    if (draining) return { id, message: 'The hub is shutting down and takes no new requests.' }
    // The answers of two running requests with one id could not be told apart, so this one is refused without an id.
    if (pending.has(id))
      return { id: undefined, message: `The id ${JSON.stringify(id)} is in use by a request that still runs.` }
    if (pending.size < maxPending) return undefined
    return { id, message: `The hub still works on ${maxPending} requests of this connection. Wait for some to finish.` }
  }

  function settle(id: string | number): void {
    if (!pending.delete(id) || pending.size > 0) return
    for (const wake of waiting) wake()
  }

  function answer(id: string | number | undefined, code: number, message: string): Promise<void> {
    return write({ jsonrpc: '2.0', ...(id === undefined ? {} : { id }), error: { code, message } })
  }

  async function write(message: JSONRPCMessage): Promise<void> {
    if (closed || output.writableEnded || output.destroyed) return
    if (output.write(`${JSON.stringify(message)}\n`)) return
    await new Promise<void>((resolve) => {
      const done = () => {
        output.off('drain', done)
        output.off('close', done)
        output.off('error', done)
        resolve()
      }
      output.on('drain', done)
      output.on('close', done)
      output.on('error', done)
    })
  }

  function end(): void {
    if (ended) return
    ended = true
    lines.finish()
    transport.onend?.()
  }

  function close(): void {
    if (closed) return
    closed = true
    ended = true
    input.off('data', lines.push)
    input.pause()
    pending.clear()
    for (const wake of waiting) wake()
    transport.onclose?.()
  }
}

interface LineSplitter {
  readonly push: (chunk: Buffer) => void
  /** The last line may lack its newline. */
  readonly finish: () => void
}

function lineSplitter(onLine: (line: Buffer) => void, onTooLong: () => void): LineSplitter {
  let parts: Buffer[] = []
  let length = 0
  let skipping = false

  const emit = (last: Buffer) => {
    const whole = parts.length === 0 ? last : Buffer.concat([...parts, last])
    parts = []
    length = 0
    const line = whole.at(-1) === carriageReturn ? whole.subarray(0, -1) : whole
    if (line.length > 0) onLine(line)
  }
  const keep = (rest: Buffer) => {
    length += rest.length
    if (length <= maxLine) {
      parts.push(rest)
      return
    }
    parts = []
    length = 0
    skipping = true
    onTooLong()
  }
  return {
    push(chunk) {
      let start = 0
      for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
        if (!skipping) emit(chunk.subarray(start, end))
        skipping = false
        start = end + 1
      }
      if (start < chunk.length && !skipping) keep(chunk.subarray(start))
    },
    finish() {
      if (!skipping && parts.length > 0) emit(Buffer.alloc(0))
    },
  }
}

function cancelledId(message: JSONRPCMessage): string | number | undefined {
  if (!('method' in message) || message.method !== 'notifications/cancelled') return undefined
  const id = message.params?.['requestId']
  return typeof id === 'string' || typeof id === 'number' ? id : undefined
}

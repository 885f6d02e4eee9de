// A proxy between the hub and its vendors that can cut one write before, during and after any byte of it.
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'

/** What happens to the next write. */
export type Cut =
  /** So many bytes of the request reach the vendor; then both sides are cut. */
  | { readonly at: 'request'; readonly bytes: number }
  /** The vendor gets the whole request; so many bytes of its answer come back. */
  | { readonly at: 'response'; readonly bytes: number }
  /** The vendor gets it only after the hub has given up. */
  | { readonly at: 'late' }

export interface Exchange {
  readonly request: Buffer
  /** Empty when the vendor was never asked. */
  readonly response: Buffer
}

export interface Moment {
  readonly what: 'arrived' | 'executed' | 'answering' | 'answered'
}

export interface Proxy {
  /** `http://127.0.0.1:PORT` */
  readonly base: string
  /** Resolves with what passed once the next write has met its cut, or has passed whole. */
  arm(isWrite: (method: string, path: string) => boolean, cut?: Cut, watch?: (moment: Moment) => void): Promise<Exchange>
  /** The next write passes whole. */
  disarm(): void
  /** From now on connections are refused; those that are open stay. */
  refuse(): Promise<void>
  /** Takes connections again, at the same port. */
  accept(): Promise<void>
  close(): Promise<void>
}

interface Armed {
  readonly isWrite: (method: string, path: string) => boolean
  readonly cut: Cut | undefined
  readonly watch: (moment: Moment) => void
  readonly done: (exchange: Exchange) => void
}

/** @param target where the vendors are: `127.0.0.1` and this port */
export async function faultProxy(target: number): Promise<Proxy> {
  let armed: Armed | undefined
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket))
    socket.setNoDelay(true)
    void serve(socket).catch(() => socket.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }

  /** Writes come on a connection of their own, so its first request says what it is. */
  async function serve(socket: Socket): Promise<void> {
    const request = await readRequest(socket)
    if (request === undefined) return void socket.destroy()
    const [method = '', path = ''] = request.toString('latin1').split(' ', 2)
    if (armed?.isWrite(method, path) !== true) return pass(socket, request)
    const mine = armed
    armed = undefined
    mine.watch({ what: 'arrived' })
    mine.done(await meet(socket, request, mine))
  }

  function pass(socket: Socket, first: Buffer): void {
    const upstream = connect(target, '127.0.0.1')
    sockets.add(upstream)
    upstream.on('error', () => socket.destroy()).once('close', () => sockets.delete(upstream))
    socket.once('close', () => upstream.destroy())
    upstream.write(first)
    socket.pipe(upstream).pipe(socket)
    socket.resume()
  }

  async function meet(socket: Socket, request: Buffer, { cut, watch }: Armed): Promise<Exchange> {
    if (cut?.at === 'request' && cut.bytes < request.length) {
      await part(request.subarray(0, cut.bytes))
      socket.resetAndDestroy()
      return { request, response: Buffer.alloc(0) }
    }
    if (cut?.at === 'late') {
      socket.resetAndDestroy()
      return { request, response: await whole(request) }
    }
    const response = await whole(request)
    watch({ what: 'executed' })
    const bytes = cut?.at === 'request' ? 0 : (cut?.bytes ?? response.length)
    const half = Math.floor(bytes / 2)
    await write(socket, response.subarray(0, half))
    watch({ what: 'answering' })
    await write(socket, response.subarray(half, bytes))
    watch({ what: 'answered' })
    if (bytes < response.length) socket.resetAndDestroy()
    else socket.end()
    return { request, response }
  }

  /** Some of a request: the vendor sees a client that went away. */
  async function part(bytes: Buffer): Promise<void> {
    const upstream = connect(target, '127.0.0.1')
    upstream.on('error', () => undefined)
    await once(upstream, 'connect')
    await write(upstream, bytes)
    upstream.end()
    upstream.resume()
    if (!upstream.destroyed) await once(upstream, 'close')
  }

  async function whole(request: Buffer): Promise<Buffer> {
    const upstream = connect(target, '127.0.0.1')
    upstream.on('error', () => undefined)
    const chunks: Buffer[] = []
    upstream.on('data', (chunk: Buffer) => chunks.push(chunk))
    upstream.write(request)
    await once(upstream, 'close')
    return Buffer.concat(chunks)
  }

  return {
    base: `http://127.0.0.1:${port}`,
    arm(isWrite, cut, watch = () => undefined) {
      const { promise, resolve } = Promise.withResolvers<Exchange>()
      armed = { isWrite, cut, watch, done: resolve }
      return promise
    },
    disarm() {
      armed = undefined
    },
    async refuse() {
      const closed = once(server, 'close')
      server.close()
      // It no longer listens at once; it is "closed" when its last connection has ended.
      closed.catch(() => undefined)
      await Promise.resolve()
    },
    async accept() {
      for (const socket of sockets) socket.destroy()
      if (server.listening) return
      server.listen(port, '127.0.0.1')
      await once(server, 'listening')
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      if (!server.listening) return
      const closed = once(server, 'close')
      server.close()
      await closed
    },
  }
}

async function write(socket: Socket, bytes: Buffer): Promise<void> {
  if (bytes.length === 0 || socket.destroyed) return
  await new Promise<void>((resolve) => socket.write(bytes, () => resolve()))
}

/** The first request on a connection, whole, by its content-length; undefined when the other side went away before. */
async function readRequest(socket: Socket): Promise<Buffer | undefined> {
  let bytes = Buffer.alloc(0)
  for (;;) {
    const chunk = (socket.read() as Buffer | null) ?? undefined
    if (chunk === undefined) {
      const more = await Promise.race([once(socket, 'readable').then(() => true), once(socket, 'close').then(() => false)])
      if (!more || (socket.readableEnded && socket.readableLength === 0)) return undefined
      continue
    }
    bytes = Buffer.concat([bytes, chunk])
    const end = bytes.indexOf('\r\n\r\n')
    if (end === -1) continue
    const length = Number(/^content-length: *(\d+)/im.exec(bytes.subarray(0, end).toString('latin1'))?.[1] ?? 0)
    if (bytes.length >= end + 4 + length) return bytes
  }
}

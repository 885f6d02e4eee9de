// Something between the hub and its vendors that keeps a write back, or changes what the vendor answers to it.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

export interface Between {
  /** `http://127.0.0.1:PORT` */
  readonly base: string
  /** Keeps the next write until it is let through, and never answers it. */
  hold(): Promise<Held>
  /** What the vendor says to every write from now on. */
  rewrite(how: (answer: Said) => Said): void
  close(): Promise<void>
}

export interface Held {
  /** The vendor gets it now. */
  deliver(): Promise<void>
}

export interface Said {
  readonly status: number
  readonly body: string
}

/** @param target where the vendors are: `http://127.0.0.1:PORT` */
export async function standBetween(target: string, isWrite: (method: string, path: string) => boolean): Promise<Between> {
  let holding: ((held: Held) => void) | undefined
  let rewriting: ((answer: Said) => Said) | undefined

  async function pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url = '/' } = request
    const headers = Object.entries(request.headers).flatMap(([name, value]): [string, string][] =>
      name === 'host' || name === 'connection' || value === undefined ? [] : [[name, String(value)]],
    )
    const body = await buffer(request)
    const ask = () => fetch(target + url, { method, headers, ...(body.length > 0 && { body: new Uint8Array(body) }) })
    const write = isWrite(method, url)
    if (write && holding) {
      holding({ deliver: async () => void (await (await ask()).arrayBuffer()) })
      holding = undefined
      return
    }
    const answer = await ask()
    const said = { status: answer.status, body: await answer.text() }
    const { status, body: text } = write && rewriting ? rewriting(said) : said
    const type = answer.headers.get('content-type')
    response.writeHead(status, type === null ? {} : { 'content-type': type }).end(text)
  }

  const server = createServer((request, response) => void pass(request, response).catch(() => response.destroy()))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    hold: () => new Promise((resolve) => (holding = resolve)),
    rewrite: (how) => void (rewriting = how),
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

// A hub whose callers have accounts of their own, with the door at which browsers connect them.
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { Answer } from '../../src/call/call.ts'
import type { Connections } from '../../src/hub/connections.ts'
import { serveHttp } from '../../src/serve/http.ts'
import type { HttpDoor } from '../../src/serve/http.ts'
import { silentLog, testHub } from '../hub.ts'
import type { TestHub, TestHubOptions } from '../hub.ts'
import { browser } from './browser.ts'
import type { Browser } from './browser.ts'

export interface House extends TestHub {
  readonly door: HttpDoor
  readonly address: string
  readonly connections: Connections
  /** Goes on from now by so much. */
  later(ms: number): void
  /** Connects through a ticket, as the terminal does. */
  connected(instance: string, person: string, as?: string, by?: Browser): Promise<string>
  as(person: string): (tool: string, args?: unknown) => Promise<Answer>
}

export interface HouseOptions extends TestHubOptions {
  readonly actsAs?: 'user' | 'user-or-refuse'
  readonly clock?: { ms: number }
  readonly port?: number
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

export async function house(options: HouseOptions = {}): Promise<House> {
  const { actsAs = 'user-or-refuse' } = options
  const port = options.port ?? (await freePort())
  const clock = options.clock ?? { ms: 0 }
  const now = () => new Date(Date.now() + clock.ms)
  const own = { sandbox: true, actsAs }
  const made = await testHub({
    connectors: { jira: own, salesforce: own, slack: own },
    now,
    ...options,
    config: { serve: { http: { port } }, ...options.config },
  })
  const { hub } = made
  const connections = await hub.connections()
  const door = await serveHttp({
    dispatcher: hub.dispatcher,
    gate: await hub.gate(() => `http://127.0.0.1:${port}/mcp`),
    connect: connections.pages(false),
    host: '127.0.0.1',
    port,
    sessionIdleMs: 60_000,
    maxSessions: 10,
    log: silentLog,
    now,
  })
  const close = async () => {
    await door.close()
    await made.close()
  }
  return {
    ...made,
    door,
    address: `http://127.0.0.1:${port}`,
    connections,
    later: (ms) => void (clock.ms += ms),
    async connected(instance, person, as = person, by = browser()) {
      const { url } = await connections.link({ tenant: 'local', person, instance })
      const page = await by.connect(url, as)
      if (page.status !== 200) throw new Error(`${page.status}: ${page.text}`)
      return page.text
    },
    as: (person) => async (tool, args) => await made.call(tool, args, { tenant: 'local', id: person, roles: ['member'] }),
    close,
    [Symbol.asyncDispose]: close,
  }
}

// A hub with its HTTP door and gate in this process, and everything that it says and keeps, for whoever searches it.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { pino } from 'pino'
import { serveHttp } from '../../src/serve/http.ts'
import type { HttpDoor, HttpDoorOptions } from '../../src/serve/http.ts'
import { testHub } from '../hub.ts'
import type { TestHub, TestHubOptions } from '../hub.ts'

export interface GatedHub {
  readonly hub: TestHub
  readonly door: HttpDoor
  /** Everything that was logged, on the most talkative level. */
  readonly logged: () => string
  /** Every byte of every file in the hub's folder. */
  readonly kept: () => Buffer
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

export async function gatedHub(options: TestHubOptions = {}, more: Partial<HttpDoorOptions> = {}): Promise<GatedHub> {
  const lines: string[] = []
  const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) })
  const hub = await testHub({ ...options, log })
  const { publicUrl, tls, behindProxy, host } = hub.hub.config().http
  const gate = await hub.hub.gate(() => door.url)
  const door: HttpDoor = await serveHttp({
    dispatcher: hub.hub.dispatcher,
    gate,
    publicUrl,
    tls,
    trustedProxies: behindProxy?.trusted,
    host,
    port: 0,
    sessionIdleMs: 60_000,
    maxSessions: 100,
    log,
    now: options.now ?? (() => new Date()),
    ...more,
  })
  const close = async () => {
    await door.close()
    await hub.close()
  }
  return {
    hub,
    door,
    logged: () => lines.join(''),
    kept: () =>
      Buffer.concat(
        readdirSync(hub.folder, { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map((entry) => readFileSync(path.join(entry.parentPath, entry.name))),
      ),
    close,
    [Symbol.asyncDispose]: close,
  }
}

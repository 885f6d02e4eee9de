// `toolgate serve`: MCP over HTTP on this machine, and how to connect to it.
import process from 'node:process'
import { InvalidArgumentError } from 'commander'
import type { Command } from 'commander'
import type { Hub } from '../hub.ts'
import { standardErrorLog } from '../hub/log.ts'
import type { HttpDoor } from '../serve/http.ts'
import { configPath, endOnSurprise, logLevel, print, reporting, subcommand } from './command.ts'
import type { CommonOptions } from './command.ts'
import { visible } from './escape.ts'
import { plainExitCodesHelp } from './exit.ts'
import { refuseExposed } from './exposed.ts'

interface Options extends CommonOptions {
  readonly port?: number
  readonly logLevel: string
}

const description = `Listens for agents over MCP (Streamable HTTP) on this machine, and prints how to connect.
It ends on Ctrl-C or SIGTERM, after the calls that are under way. Logs go to standard error.`

export function command(): Command {
  return subcommand('serve', description, examples, plainExitCodesHelp)
    .option('--port <port>', 'instead of the configured one; 0 takes any free one', portNumber)
    .option('--log-level <level>', 'silent, fatal, error, warn, info, debug or trace', logLevel, 'info')
    .option('--json', 'print where it listens as one line of JSON')
    .action(run)
}

const examples = ['toolgate serve', 'toolgate serve --port 0 --json', 'npm start']

async function run(options: Options): Promise<void> {
  await reporting(async () => {
    const [{ openHub }, { serveHttp }] = await Promise.all([import('../hub.ts'), import('../serve/http.ts')])
    const plainLog = standardErrorLog(options.logLevel)
    const hub = await openHub({ configPath: configPath(options), log: plainLog, watch: true, probe: true })
    endOnSurprise(hub)
    const { log } = hub
    try {
      refuseExposed(hub, log)
      for (const warning of hub.warnings()) log.warn(visible(warning))
      const { host, port, sessionIdleMs, publicUrl, allowedOrigins, tls, behindProxy } = hub.config().http
      const { mountAdmin } = await import('../hub/admin.ts')
      const admin = mountAdmin({ hub, log, secure: (tls ?? behindProxy) !== undefined })
      const gate = await hub.gate(() => door.url)
      const door: HttpDoor = await serveHttp({
        admin,
        connect: (await hub.connections()).pages((tls ?? behindProxy) !== undefined),
        slack: hub.slack,
        dispatcher: hub.dispatcher,
        gate,
        publicUrl,
        allowedOrigins,
        tls,
        trustedProxies: behindProxy?.trusted,
        host,
        port: options.port ?? port,
        sessionIdleMs,
        maxSessions: 1000,
        log,
        now: () => new Date(),
      })
      await admin.announce(door.url)
      if (options.json === true) print(JSON.stringify({ url: door.url, pid: process.pid }))
      else print(await greeting(hub, door.url))
      await signalled()
      log.info('finishing the calls that are under way')
      await door.close()
      await admin.close()
    } finally {
      await hub.close()
    }
  })
}

async function greeting(hub: Hub, url: string): Promise<string> {
  const [{ visible: visibleTools }, { howToConnect }] = await Promise.all([import('../hub.ts'), import('./connect.ts')])
  const person = hub.person()
  const tools = visibleTools(hub.current(), person, new Date()).length
  const instances = hub.config().instances.map(({ id, sandbox }) => (sandbox ? `${id} (sandbox)` : id))
  return `
Toolgate listens on ${url}
  ${whoMayCome(hub)}${person.id} sees ${tools} tools of ${instances.join(', ')}
  configured by ${hub.config().file}

${howToConnect({ url, config: hub.config().file })}

Approve and administer in the browser: toolgate admin
Try it: toolgate tools, toolgate call --help. Stop with Ctrl-C.
`
}

function whoMayCome(hub: Hub): string {
  const { issuers, apiKeys } = hub.config().people
  const by = [...issuers.map(({ issuer }) => `a token of ${issuer}`), ...(apiKeys ? ['an API key'] : [])]
  return by.length === 0 ? '' : `for whoever brings ${by.join(' or ')}\n  on this machine, at the command line, `
}

/** Resolves at the first signal to stop; a second one ends the process at once. */
async function signalled(): Promise<void> {
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve())
  })
}

function portNumber(text: string): number {
  const port = Number(text)
  if (/^\d+$/.test(text) && port <= 65_535) return port
  throw new InvalidArgumentError('A port is a whole number from 0 to 65535.')
}

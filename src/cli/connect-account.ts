// `toolgate connect`: connects a person's own account at a vendor, by a link for their browser.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import type { Hub } from '../hub.ts'
import type { HttpDoor } from '../serve/http.ts'
import { print, subcommand, UsageError, withHub } from './command.ts'
import type { CommonOptions } from './command.ts'
import { oneLine } from './escape.ts'
import { plainExitCodesHelp } from './exit.ts'

interface Options extends CommonOptions {
  readonly person?: string
  readonly tenant?: string
  readonly wait: boolean
}

const description = `Connects a person's own account, for an instance whose "actsAs" is "user" or "user-or-refuse". It prints a link for one browser,
good once and for ten minutes: whoever opens it connects an account for that person, so give it to nobody else. It waits until
the account is connected.

Where no \`toolgate serve\` answers the browser, this command does, as long as it waits.`

const examples = ['toolgate connect jira', 'toolgate connect slack --person jonas', 'toolgate connections']

export function command(): Command {
  return subcommand('connect', description, examples, plainExitCodesHelp)
    .argument('<instance>', 'which: jira, salesforce, slack, or another id of the configuration')
    .option('--person <id>', 'for this person of the configuration instead of the local one')
    .option('--tenant <tenant>', 'of this tenant, for a person of an issuer; --person is then as their token says it')
    .option('--no-wait', 'print the link and end; something else has to answer the browser')
    .option('--json', 'print the link as one line of JSON')
    .action(run)
}

const lookEveryMs = 500

async function run(instance: string, options: Options): Promise<void> {
  await withHub(options, async (hub) => {
    const owner = { ...whoIs(hub, options), instance }
    const connections = await hub.connections()
    const before = await connections.view(owner)
    const { url, endsAt } = await connections.link(owner)
    const door = options.wait ? await ownDoor(hub) : undefined
    try {
      if (options.json) print(JSON.stringify({ url, endsAt, ...owner }))
      else print(`\nOpen this link in your browser to connect an account for ${oneLine(owner.person)}:\n\n  ${url}\n`)
      if (!options.wait) return
      for (;;) {
        const view = await connections.view(owner)
        if (view.state === 'connected' && view.connectedAt !== before.connectedAt)
          return print(`Connected as ${oneLine(view.account ?? '')}.`)
        if (Date.now() > Date.parse(endsAt)) throw new UsageError('Nobody connected an account in time. Run it again.')
        await sleep(lookEveryMs)
      }
    } finally {
      await door?.close()
    }
  })
}

/** @throws HubError `not_found` for somebody that the configuration does not know */
export function whoIs(
  hub: Hub,
  { person, tenant }: Pick<Options, 'person' | 'tenant'>,
): { readonly tenant: string; readonly person: string } {
  if (tenant !== undefined && tenant !== hub.config().tenant) {
    if (person !== undefined) return { tenant, person }
    throw new UsageError('Of another tenant, say whose account it is: --person.')
  }
  return { tenant: hub.config().tenant, person: hub.person(person).id }
}

/** Where nothing listens at the address that the vendor sends browsers back to; undefined where something does. */
async function ownDoor(hub: Hub): Promise<HttpDoor | undefined> {
  const { http, approvals } = hub.config()
  const here = `http://${http.host.includes(':') ? `[${http.host}]` : http.host}:${http.port}`
  if (approvals.url !== here || http.tls) return undefined
  const { serveHttp } = await import('../serve/http.ts')
  const { standardErrorLog } = await import('../hub/log.ts')
  return await serveHttp({
    dispatcher: hub.dispatcher,
    // Agents have no business at this door.
    principalOf: () => Promise.resolve(undefined),
    connect: (await hub.connections()).pages(false),
    host: http.host,
    port: http.port,
    sessionIdleMs: 60_000,
    maxSessions: 1,
    log: standardErrorLog('silent'),
    now: () => new Date(),
  }).catch(() => undefined)
}

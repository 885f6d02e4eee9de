// `toolgate admin`: a one-time link into the admin app, which a running hub serves, or else this command.
import { readFile } from 'node:fs/promises'
import process from 'node:process'
import type { Command } from 'commander'
import type { Hub } from '../hub.ts'
import { standardErrorLog } from '../hub/log.ts'
import { configPath, endOnSurprise, print, reporting, subcommand, UsageError } from './command.ts'
import type { CommonOptions } from './command.ts'
import { oneLine } from './escape.ts'
import { plainExitCodesHelp } from './exit.ts'

const description = `Prints a link that opens the admin app in a browser, once, as a person of the configuration. Whoever has the link is taken
for that person, so give it to nobody else. What they may do there is their "admin" role in the configuration.

Where \`toolgate serve\` runs on the same data, the link leads to it. Otherwise this command serves the app itself, on this machine
only, until Ctrl-C.`

export function command(): Command {
  return subcommand('admin', description, ['toolgate admin', 'toolgate admin --person jonas'], plainExitCodesHelp)
    .option('--person <id>', 'sign in as this person of the configuration instead of the local one')
    .option('--json', 'print the link as one line of JSON')
    .action(run)
}

interface Options extends CommonOptions {
  readonly person?: string
}

async function run(options: Options): Promise<void> {
  await reporting(async () => {
    const { openHub } = await import('../hub.ts')
    const log = standardErrorLog('warn')
    const hub = await openHub({ configPath: configPath(options), log, watch: true })
    endOnSurprise(hub)
    try {
      const person = personOf(hub, options.person)
      const { findDoor } = await import('../admin/doors.ts')
      const { publicUrl } = hub.config().http
      const publicOrigin = publicUrl === undefined ? undefined : new URL(publicUrl).origin
      const running = await findDoor(partsOf(hub), { publicOrigin, ...(await trustedBy(hub)) })
      if (running !== undefined) return printLink(await linkOf(hub, publicOrigin ?? running, person), person, options)
      await serve(hub, person, options)
    } finally {
      await hub.close()
    }
  })
}

async function serve(hub: Hub, person: string, options: Options): Promise<void> {
  const [{ serveHttp }, { mountAdmin }] = await Promise.all([import('../serve/http.ts'), import('../hub/admin.ts')])
  const log = standardErrorLog('warn')
  const admin = mountAdmin({ hub, log, secure: false })
  const door = await serveHttp({
    dispatcher: hub.dispatcher,
    // Agents have no business at this door.
    principalOf: () => Promise.resolve(undefined),
    admin,
    host: '127.0.0.1',
    port: 0,
    sessionIdleMs: 60_000,
    maxSessions: 1,
    log,
    now: () => new Date(),
  })
  await admin.announce(door.url)
  printLink(await linkOf(hub, new URL(door.url).origin, person), person, options)
  if (options.json !== true) print('No running hub was found, so this command serves the app. Stop with Ctrl-C.')
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve())
  })
  await door.close()
  await admin.close()
}

function personOf(hub: Hub, wanted: string | undefined): string {
  const { id } = hub.person(wanted)
  const { local, directory } = hub.config().people
  const role = id === local.id ? local.admin : directory.get(id)?.admin
  if (role !== undefined) return id
  const may = [local, ...directory.values()].filter(({ admin }) => admin !== undefined).map((person) => person.id)
  throw new UsageError(
    `${oneLine(id)} has no role in the admin app. Give them one in the configuration ("admin": "viewer", "approver", "operator" or "admin"). ` +
      (may.length === 0 ? 'Nobody has one now.' : `Those who have: ${may.map(oneLine).join(', ')}.`),
  )
}

async function linkOf(hub: Hub, origin: string, person: string): Promise<string> {
  const { code } = await hub.sessions.link(person)
  // After the #, so that no server, proxy or log on the way ever sees it.
  return `${origin}/admin/sign-in#${code}`
}

/** What the configuration itself says of certificates; nothing is taken on trust. */
async function trustedBy(hub: Hub) {
  const { http, egress } = hub.config()
  const read = async (file: string | undefined) => file && (await readFile(file, 'utf8').catch(() => undefined))
  return { certificate: await read(http.tls?.certificate), authorities: await read(egress.ca) }
}

function partsOf(hub: Hub) {
  return { tenant: hub.config().tenant, store: hub.store, now: () => new Date() }
}

function printLink(link: string, person: string, options: Options): void {
  if (options.json === true) return print(JSON.stringify({ link, person }))
  print(`\nOpen this link within 10 minutes; it works once and signs you in as ${oneLine(person)}:\n\n  ${link}\n`)
}

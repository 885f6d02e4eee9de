// The hub as the admin app needs it: the same hub, with the configuration file, the policy files and the search of the audit.
import { readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { AdminHub, Person } from '../admin/hub.ts'
import type { Admin } from '../admin/server.ts'
import type { ConnectionView, UsageView } from '../admin/wire.ts'
import { replaceText, textWithTool } from '../config/edit.ts'
import type { Parsed } from '../config/document.ts'
import { problemText } from '../config/problem.ts'
import { readTextFile } from '../config/read.ts'
import type { Hub } from './contract.ts'
import { textHash } from '../kit/chain.ts'
import { HubError } from '../kit/error.ts'
import type { AuditEntry } from '../kit/record.ts'
import { openSearch } from '../store/sqlite/search.ts'
import { makeId } from './id.ts'
import { limitsOf } from './limits.ts'
import type { Log } from './log.ts'

export interface AdminMount {
  handle(incoming: IncomingMessage, response: ServerResponse): Promise<void>
  /** Lets `toolgate admin` find this door: by a note in the store, and an answer that only this process can give. */
  announce(url: string): Promise<void>
  close(): Promise<void>
}

export interface AdminMountOptions {
  readonly hub: Hub
  readonly log: Log
  /** Whether browsers come over https. */
  readonly secure: boolean
  readonly now?: () => Date
}

/** Made by the build; beside `src` in a checkout, and beside the compiled files in the published package. */
const builtApp = fileURLToPath(new URL('../../dist-admin', import.meta.url))

/** The app, loaded with the first request for it: most hubs never see one. */
export function mountAdmin({ hub, log, secure, now = () => new Date() }: AdminMountOptions): AdminMount {
  const parts = adminHub(hub, log, now)
  const door = makeId('door', now())
  let opened: Promise<Admin> | undefined
  const open = async () => (await import('../admin/server.ts')).openAdmin({ hub: parts.hub, assets: builtApp, secure, door })
  return {
    async handle(incoming, response) {
      opened ??= open()
      opened.catch(() => (opened = undefined))
      await (await opened).handle(incoming, response)
    },
    announce: async (url) => (await import('../admin/doors.ts')).announceDoor(parts.hub, door, url),
    async close() {
      await (await import('../admin/doors.ts')).withdrawDoor(parts.hub, door).catch(() => undefined)
      const app = await opened?.catch(() => undefined)
      app?.close()
      await parts.close()
    },
  }
}

interface AdminParts {
  readonly hub: AdminHub
  close(): Promise<void>
}

/** How long what was counted is good for: opening a page twice counts once. */
const usageMs = 5000

function adminHub(hub: Hub, log: Log, now: () => Date): AdminParts {
  const search = openSearch(hub.config().store.file)
  const { tenant } = hub.config()
  const counted = new Map<string, { readonly at: number; readonly usage: Promise<UsageView> }>()
  const configured = (id: string) => hub.config().instances.find((instance) => instance.id === id)

  const readConfiguration = async () => {
    const text = taken(await readTextFile(hub.config().file, hub.config().file, 'kept'))
    return { text, digest: textHash(text) }
  }

  async function count(hours: number, by: 'tool' | 'principal' | 'instance'): Promise<UsageView> {
    const until = now().getTime()
    const bucketMs = (hours * 60 * 60_000) / bucketsOf(hours)
    const { buckets, rows, since, entries } = await search.counted({
      tenant,
      since: new Date(until - hours * 60 * 60_000).toISOString(),
      until: new Date(until).toISOString(),
      bucketMs,
      by,
    })
    return { buckets, rows, since, entries }
  }

  const parts: AdminHub = {
    tenant,
    store: hub.store,
    now,
    id: (prefix) => makeId(prefix, now()),
    current: () => hub.current(),
    people: () => peopleOf(hub),
    call: (request) => hub.call(request),
    explain: async (request) => {
      const write = hub.current().offers.get(request.tool)?.facts.write === true
      const given =
        write && typeof request.arguments === 'object' ? { ...request.arguments, dry_run: true } : request.arguments
      return await hub.decided({ ...request, arguments: given, explains: true })
    },
    sessions: { ...hub.sessions, redeem: (code) => hub.sessions.redeem(code, 'browser') },
    signIn: {
      provider: () => hub.config().admin.oidc?.issuer,
      begin: async (redirect) => await (await hub.signIn()).begin(redirect),
      finish: async (browser, answer) => await (await hub.signIn()).finish(browser, answer),
    },
    approvals: hub.approvals,
    standing: hub.standing,
    delegations: hub.delegations,
    notifications: hub.notifications,
    stops: hub.switch,
    reconcile: async (id) => (await hub.reconcile(id)).after,
    linkOf: (instance, target) => hub.linkOf(instance, target),
    configuration: {
      file: hub.config().file,
      read: readConfiguration,
      async withTool(tool, on) {
        const instance = hub.current().offers.get(tool)?.instance ?? ''
        return taken(await textWithTool(hub.config().file, instance, tool, on))
      },
      async write(text, base) {
        const read = await readConfiguration()
        if (read.digest !== base)
          throw new HubError('conflict', 'Somebody else has changed the configuration meanwhile. Look at it again.')
        taken(await replaceText(hub.config().file, read.text, text))
      },
      async reload() {
        const event = await hub.reload()
        if (!event.ok)
          throw new HubError('refused', `The file was written, but cannot be put in force: ${event.problems.join(' ')}`)
      },
    },
    async policies() {
      const { policies, folder } = hub.config()
      return await Promise.all(
        policies.map(async (file) => ({ file: path.relative(folder, file) || file, text: await readFile(file, 'utf8') })),
      )
    },
    async scenarios() {
      const results = await hub.runScenarios()
      return results.map(({ scenario, passed, reasons }) => ({ name: scenario.name, at: scenario.at, passed, reasons }))
    },
    calls: (filter) => search.calls({ ...filter, tenant }),
    usage({ hours, by }) {
      const key = `${hours} ${by}`
      const known = counted.get(key)
      if (known && now().getTime() - known.at < usageMs) return known.usage
      const usage = count(hours, by)
      counted.set(key, { at: now().getTime(), usage })
      usage.catch(() => counted.delete(key))
      return usage
    },
    limits: async () =>
      await limitsOf({
        version: hub.current(),
        people: peopleOf(hub).map(({ id, roles }) => ({ tenant, id, roles })),
        taken: (keys) => search.taken({ keys, now: now().getTime() }),
      }),
    entryBefore: async (entry) => await entryBefore(hub, entry),
    connections: async () => connectionsOf(hub),
    isSandbox: (instance) => configured(instance)?.sandbox === true,
    isSwitchable: ({ instance }) => configured(instance) !== undefined,
    onChanged: (listener) => hub.onChanged((event) => event.ok && listener()),
    log,
  }
  return { hub: parts, close: () => search.close() }
}

function bucketsOf(hours: number): number {
  return hours <= 24 ? 48 : 60
}

function peopleOf(hub: Hub): readonly Person[] {
  const { local, directory } = hub.config().people
  return [local, ...directory.values(), ...hub.guests()].map(({ id, name, roles, admin }) => ({ id, name, roles, admin }))
}

async function entryBefore(hub: Hub, { tenant, seq }: AuditEntry): Promise<AuditEntry | undefined> {
  if (seq <= 1) return undefined
  for await (const entry of hub.store.entries(tenant, seq - 1)) return entry
  return undefined
}

function connectionsOf(hub: Hub): readonly ConnectionView[] {
  const needed = new Map(hub.permissions().map(({ instance, scopes }) => [instance, scopes]))
  const known = new Map(hub.grants.report().map((report) => [report.instance, report]))
  return hub.config().instances.map((instance): ConnectionView => {
    const report = known.get(instance.id)
    return {
      instance: instance.id,
      connector: instance.uses,
      sandbox: instance.sandbox,
      writes: instance.writes,
      base: instance.sandbox ? 'a sandbox on this machine' : hub.current().vendors.describe(instance.id).base,
      state: report?.state ?? 'unasked',
      account: report?.account,
      needed: needed.get(instance.id) ?? [],
      missing: Object.entries(report?.missing ?? {}).map(([tool, scopes]) => ({ tool, scopes })),
      extra: report?.extra ?? [],
      expiresAt: report?.expiresAt,
      askedAt: report?.askedAt,
      why: report?.why,
    }
  })
}

function taken<Value>(parsed: Parsed<Value>): Value {
  if (parsed.ok) return parsed.value
  throw new HubError('refused', parsed.problems.map(problemText).join(' '))
}

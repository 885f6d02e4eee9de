// People's own accounts at the vendors: which of them a call uses, and everything that connecting them needs of the hub.
import type { IncomingMessage } from 'node:http'
import { cookieOf } from '../admin/request.ts'
import { entry } from '../call/audit.ts'
import type { Services } from '../call/call.ts'
import { newsOf } from '../call/news.ts'
import type { SessionView } from '../call/sessions.ts'
import type { LoadedConfig } from '../config/load.ts'
import { makeAccounts, notConnected } from '../connect/accounts.ts'
import { makeExchangedAccounts } from '../connect/exchanged.ts'
import type { ExchangedAccounts } from '../connect/exchanged.ts'
import type { Accounts, ConnectionView, OwnAccount } from '../connect/accounts.ts'
import { linkTo } from '../connect/connection.ts'
import type { Connectable, ConnectionNews, ConnectOptions, Owner, Recorded } from '../connect/connection.ts'
import { makeFlows } from '../connect/flow.ts'
import type { Flows } from '../connect/flow.ts'
import { afterRemoving, connectPages } from '../connect/pages.ts'
import type { Pages } from '../connect/pages.ts'
import type { Sealing } from '../egress/sealing.ts'
import type { Connect, Connecting } from '../kit/connect.ts'
import { HubError } from '../kit/error.ts'
import type { Principal } from '../kit/policy.ts'
import type { Store } from '../kit/record.ts'
import type { OpenInstance } from './instances.ts'
import type { Log } from './log.ts'
import { clientOf, connectionDigest, hostsAt } from './place.ts'
import type { LoadedVersion } from './version.ts'
import { makeVouching } from './vouching.ts'

/** As whom a vendor is opened. */
export type Acting =
  | { readonly as: 'service'; /** To be said in the answer: it is not what was to be expected. */ readonly note?: string }
  | ({ readonly as: 'person' } & OwnAccount)

export interface Connections {
  /** @throws HubError `refused` with the way to connect, where only the caller's own account may be used */
  acting(instance: OpenInstance, principal: Principal, kind: 'read' | 'write'): Promise<Acting>
  /** What this person has connected, and could. */
  of(
    tenant: string,
    person: string,
  ): Promise<readonly (ConnectionView & { readonly title: string; readonly link: string | undefined })[]>
  /** Everybody's. */
  all(tenant: string): Promise<readonly ConnectionView[]>
  /** A link for one browser in the name of this person, shown to them and nobody else. */
  link(owner: Owner): Promise<{ readonly url: string; readonly endsAt: string }>
  view(owner: Owner): Promise<ConnectionView>
  /** What became of it, in a sentence for its person. */
  remove(owner: Owner, by: string): Promise<string>
  /** The pages under `/connect/`. @param secure whether browsers come over https */
  pages(secure: boolean): Pages
  /** Renews accounts that nobody used for long, so that what has ended is heard of early. */
  tend(): Promise<number>
}

export interface ConnectionsOptions {
  readonly loaded: () => LoadedVersion
  readonly services: () => Services
  readonly store: () => Store
  readonly sealing: () => Promise<Sealing>
  readonly secret: (reference: string) => Promise<string>
  readonly sandboxBase: (instance: string) => Promise<string>
  readonly session: (token: string) => Promise<SessionView | undefined>
  readonly identityOf: (name: string) => string
  readonly now: () => Date
  readonly random: () => number
  readonly hide: (secret: string) => void
  readonly log: Log
}

const service: Acting = { as: 'service' }
const timeoutMs = 20_000

export function makeConnections(options: ConnectionsOptions): Connections {
  const { loaded, services, log, hide } = options
  const tenantOf = () => loaded().config.tenant
  const connecting: ConnectOptions = {
    store: options.store,
    tenant: tenantOf,
    sealing: options.sealing,
    now: options.now,
    connectable: (instance) => connectableOf(instance, options),
    address: () => loaded().config.approvals.url,
    record,
    hide,
    warn: (fields, message) => log.warn(fields, message),
  }
  const accounts: Accounts = makeAccounts(connecting)
  const flows: Flows = makeFlows(connecting)
  const exchanged: ExchangedAccounts = makeExchangedAccounts({ now: options.now, hide })
  const vouchableOf = makeVouching({ ...options, connectable: connecting.connectable })

  function record({ kind, owner, facts }: ConnectionNews): Recorded {
    const hub = services()
    const said = { instance: owner.instance, person: owner.person, ...facts }
    const told = entry(hub, owner.tenant, `connection.${kind}`, undefined, said)
    if (kind !== 'failed') return { entry: told, puts: [], told: () => undefined }
    const news = newsOf(hub, owner.tenant, 'connection.failed', said)
    return {
      entry: told,
      puts: news.puts,
      told() {
        log.warn({ instance: owner.instance, person: owner.person }, 'a person has to connect their account again')
        hub.tell(news.event)
      },
    }
  }

  /** Two names of one person share what either has connected. */
  const ownerOf = (tenant: string, id: string, instance: string): Owner => ({
    tenant,
    instance,
    person: tenant === tenantOf() ? options.identityOf(id) : id,
  })

  async function visitor(incoming: IncomingMessage, secure: boolean) {
    const port = /:(\d+)$/.exec(incoming.headers.host ?? '')?.[1] ?? '80'
    const token = cookieOf(incoming, secure ? '__Host-toolgate' : `toolgate-${port}`)
    const session = token === undefined || token === '' ? undefined : await options.session(token)
    if (session?.approver.channel === 'browser')
      return { tenant: session.approver.tenant, person: options.identityOf(session.approver.id) }
    // Where nobody has to say who they are, everybody is the person of this machine.
    const { people, tenant } = loaded().config
    return isOpen(people) ? { tenant, person: options.identityOf(people.local.id) } : undefined
  }

  return {
    async acting(instance, principal, kind) {
      const { configured, connector } = instance
      if (configured.actsAs === 'service') return service
      const owner = ownerOf(principal.tenant, principal.id, configured.id)
      const vouchable = vouchableOf(instance, principal)
      const own = (await accounts.own(owner)) ?? (vouchable && (await exchanged.own(owner, vouchable)))
      if (own) return { as: 'person', ...own }
      if (configured.actsAs !== 'user' || kind !== 'read') throw notConnected(owner, connecting)
      const note = `Read with the hub's own ${connector.title} account, because you have not connected yours: ${linkTo(configured.id, connecting)}`
      return { as: 'service', note }
    },
    async of(tenant, person) {
      const instances = [...loaded().instances.values()].filter(({ configured }) => configured.actsAs !== 'service')
      return await Promise.all(
        instances.map(async ({ configured: { id }, connector: { title } }) => ({
          ...(await accounts.view(ownerOf(tenant, person, id))),
          title,
          link: connecting.address() === undefined ? undefined : linkTo(id, connecting),
        })),
      )
    },
    all: (tenant) => accounts.list(tenant),
    async link({ tenant, person, instance }) {
      const { ticket, endsAt } = await flows.ticket(ownerOf(tenant, person, instance))
      return { url: `${linkTo(instance, connecting)}?ticket=${ticket}`, endsAt }
    },
    view: ({ tenant, person, instance }) => accounts.view(ownerOf(tenant, person, instance)),
    async remove({ tenant, person, instance }, by) {
      const how = await accounts.remove(ownerOf(tenant, person, instance), by)
      const target = loaded().instances.get(instance)?.connector
      return afterRemoving(how, { title: target?.title ?? instance, revokeByHand: target?.connect?.revokeByHand ?? 'there' })
    },
    pages: (secure) =>
      connectPages({
        flows,
        accounts,
        connectable: connecting.connectable,
        visitor: (incoming) => visitor(incoming, secure),
        secure,
        warn: (fields, message) => log.warn(fields, message),
      }),
    tend: () => accounts.tend(),
  }
}

function connectableOf(id: string, options: ConnectionsOptions): Connectable {
  const { version, instances } = options.loaded()
  const instance = instances.get(id)
  const connect = instance?.connector.connect as Connect<unknown> | undefined
  if (!instance || !connect || instance.configured.actsAs === 'service')
    throw new HubError('not_found', `People have no accounts of their own in ${JSON.stringify(id)} here ("actsAs": "user").`)
  const { configured, connector, settings } = instance
  const tools = () =>
    [...version.offers.values()].filter((offer) => offer.instance === id && offer.state === 'on').map(({ tool }) => tool)
  const place = async () => {
    const base = configured.sandbox ? await options.sandboxBase(id) : connector.base(settings)
    return { base, hosts: hostsAt(instance, base, settings), settings }
  }
  const opened = async (): Promise<Connecting<unknown>> => {
    const where = await place()
    const { guardedFetch } = await import('../egress/fetch.ts')
    const { fetch } = guardedFetch({
      base: where.base,
      hosts: where.hosts,
      reads: connector.reads,
      signIn: [...(connector.signIn ?? []), ...connect.routes],
      writes: [],
      loopback: configured.sandbox,
      signal: AbortSignal.timeout(timeoutMs),
      now: options.now,
      random: options.random,
      timeoutMs,
      way: options.loaded().config.egress,
      onSecret: options.hide,
    })
    const { id: clientId, secret } = clientOf(instance)
    const known = configured.sandbox || secret === undefined ? secret : await options.secret(secret)
    if (known !== undefined) options.hide(known)
    return { ...where, fetch, client: { id: clientId, secret: known } }
  }
  const scopes = connect.scopes(tools())
  return {
    instance: id,
    digest: connectionDigest(instance),
    title: connector.title,
    clientId: clientOf(instance).id,
    scopes,
    authorize: async () => connect.authorize(await place(), scopes),
    grant: async (request) => await connect.grant(request, await opened()),
    account: async (granted) => await connect.account(granted, await opened()),
    async exchange(voucher) {
      if (!connect.exchange) throw new HubError('internal', `${connector.title} takes no exchanged tokens.`)
      return await connect.exchange(voucher, await opened())
    },
    revoke: connect.revoke && (async (granted) => await connect.revoke?.(granted, await opened())),
    revokeByHand: connect.revokeByHand,
  }
}

function isOpen({ issuers, apiKeys }: LoadedConfig['people']): boolean {
  return issuers.length === 0 && !apiKeys
}

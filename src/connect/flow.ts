// The way of one person to the vendor and back: started once, bound to who and which browser, and good for ten minutes.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { HubError } from '../kit/error.ts'
import type { Granted } from '../kit/connect.ts'
import { connectionId, connectionKind, findConnection, grantedOf, keptOf, putOf } from './connection.ts'
import type { Connectable, ConnectOptions, Kept, Owner } from './connection.ts'

const ticketKind = 'connect-ticket'
const stateKind = 'connect-state'
export const flowMs = 10 * 60_000

export interface Flows {
  /** For somebody at a terminal: lets one browser start in the name of this person, once. */
  ticket(owner: Owner): Promise<{ readonly ticket: string; readonly endsAt: string }>
  /** Whose ticket it is, while it is good. */
  holder(ticket: string): Promise<Owner | undefined>
  /**
   * Where the browser goes now, and the secret that it must bring back.
   *
   * @throws HubError `refused` when the ticket was used meanwhile
   */
  start(owner: Owner, ticket?: string): Promise<{ readonly url: string; readonly browser: string }>
  /**
   * The vendor sent the browser back: the code becomes a connection.
   *
   * @throws HubError `refused` for an answer to nothing that was asked here and now by this browser
   */
  finish(answer: Answer, browser: string | undefined): Promise<{ readonly owner: Owner; readonly account: string }>
}

/** The query with which the vendor sends the browser back. */
export interface Answer {
  readonly state: string | null
  readonly code: string | null
  readonly error: string | null
}

interface Begun extends Owner {
  /** Of the tenant of the person, which need not be that of the flow. */
  readonly of: string
  readonly browser: string
  readonly verifier: string
  readonly redirectUri: string
  readonly endsAt: string
}

export function makeFlows(options: ConnectOptions): Flows {
  const { store, tenant, now, connectable } = options
  const later = () => new Date(now().getTime() + flowMs).toISOString()
  const isOver = (endsAt: unknown) => typeof endsAt !== 'string' || !(Date.parse(endsAt) > now().getTime())

  async function ticketOf(ticket: string): Promise<{ readonly owner: Owner; readonly version: number } | undefined> {
    const found = await store().document(tenant(), ticketKind, hashOf(ticket))
    if (!found || isOver(found.value['endsAt'])) return undefined
    const { person, instance, tenant: of } = found.value as unknown as Owner
    return { owner: { tenant: of, person, instance }, version: found.version }
  }

  return {
    async ticket(owner) {
      connectable(owner.instance)
      const ticket = secret()
      const endsAt = later()
      const value = { ...owner, endsAt }
      const put = { tenant: tenant(), kind: ticketKind, id: hashOf(ticket), value, version: 0, dueAt: endsAt, at: iso() }
      await store().put([put])
      return { ticket, endsAt }
    },

    holder: async (ticket) => (await ticketOf(ticket))?.owner,

    async start(owner, ticket) {
      const at = iso()
      const used = ticket === undefined ? undefined : await ticketOf(ticket)
      if (ticket !== undefined && (!used || !isSame(used.owner, owner))) throw refused()
      const target = connectable(owner.instance)
      const [state, browser, verifier] = [secret(), secret(), secret()]
      const redirectUri = callbackOf(options)
      const endsAt = later()
      const id = hashOf(state)
      options.hide(verifier)
      const value = {
        ...owner,
        of: target.digest,
        browser: hashOf(browser),
        verifier: (await options.sealing()).seal(verifier, placeOf(id)),
        redirectUri,
        endsAt,
      }
      const taken = used &&
        ticket !== undefined && {
          tenant: tenant(),
          kind: ticketKind,
          id: hashOf(ticket),
          value: undefined,
          version: used.version,
          at,
        }
      const begun = { tenant: tenant(), kind: stateKind, id, value, version: 0, dueAt: endsAt, at }
      await forgetLapsed()
      if (!(await store().put([...(taken ? [taken] : []), begun]))) throw refused()
      const { url, parameters } = await target.authorize()
      const address = new URL(url)
      const query = {
        response_type: 'code',
        client_id: target.clientId,
        redirect_uri: redirectUri,
        state,
        code_challenge: createHash('sha256').update(verifier).digest('base64url'),
        code_challenge_method: 'S256',
        ...parameters,
      }
      for (const [name, text] of Object.entries(query)) address.searchParams.set(name, text)
      return { url: address.href, browser }
    },

    async finish({ state, code, error }, browser) {
      const id = hashOf(state ?? '')
      const found = state === null ? undefined : await store().document(tenant(), stateKind, id)
      const begun = found?.value as unknown as Begun | undefined
      // Another browser learns nothing and spoils nothing: whoever started may still come back.
      if (!found || !begun || isOver(begun.endsAt) || browser === undefined || !equal(hashOf(browser), begun.browser))
        throw refused()
      const used = { tenant: tenant(), kind: stateKind, id, value: undefined, version: found.version, at: iso() }
      if (!(await store().put([used]))) throw refused()
      const owner = { tenant: begun.tenant, person: begun.person, instance: begun.instance }
      if (error !== null || code === null || code === '')
        throw new HubError('refused', 'The vendor was not allowed to give the hub access, so nothing was connected.')
      const target = connectable(owner.instance)
      if (target.digest !== begun.of) throw new HubError('conflict', 'The configuration was changed meanwhile. Start again.')
      const verifier = (await options.sealing()).open(begun.verifier, placeOf(id))
      options.hide(code)
      const granted = await target.grant({ code, verifier, redirectUri: begun.redirectUri })
      return { owner, account: await keep(owner, target, granted) }
    },
  }

  /** What the code was exchanged for is kept, or given back. */
  async function keep(owner: Owner, target: Connectable, granted: Granted): Promise<string> {
    options.hide(granted.access)
    if (granted.refresh !== undefined) options.hide(granted.refresh)
    try {
      const account = await target.account(granted)
      const whole: Pick<Kept, 'of' | 'account' | 'connectedAt'> = { of: target.digest, account, connectedAt: iso() }
      const { kept, tokens } = keptOf(granted, { refresh: undefined }, whole, now())
      const news = options.record({ kind: 'made', owner, facts: { account: account.name, scopes: [...account.scopes] } })
      for (;;) {
        const before = await findConnection(owner, options).catch(() => undefined)
        const version =
          before?.version ?? (await store().document(owner.tenant, connectionKind, connectionId(owner)))?.version ?? 0
        const put = await putOf(owner, version, kept, tokens, options)
        if (!(await store().put([put, ...news.puts], news.entry))) continue
        news.told()
        if (before && before.kept.of === target.digest && before.kept.account.id !== account.id)
          await giveBack(target, grantedOf(before))
        return account.name
      }
    } catch (error) {
      // Nobody would ever use it, and it would stay good at the vendor.
      await giveBack(target, granted)
      throw error
    }
  }

  async function giveBack(target: Connectable, granted: Granted): Promise<void> {
    await target.revoke?.(granted).catch((error: unknown) => {
      options.warn({ instance: target.instance, err: error }, 'a grant that is not used could not be taken back')
    })
  }

  /** Each start takes away a few that have lapsed, so that they do not pile up. */
  async function forgetLapsed(): Promise<void> {
    const at = iso()
    for (const kind of [ticketKind, stateKind]) {
      const lapsed = await store().documents({ tenant: tenant(), kind, dueBy: at, limit: 50 })
      if (lapsed.length > 0)
        await store().put(lapsed.map(({ id }) => ({ tenant: tenant(), kind, id, value: undefined, at })))
    }
  }

  function iso(): string {
    return now().toISOString()
  }
}

export function callbackOf(options: Pick<ConnectOptions, 'address'>): string {
  const address = options.address()
  if (address !== undefined) return `${address}/connect/callback`
  throw new HubError('refused', 'The hub does not know where browsers reach it: set "approvals": { "url": … }.')
}

export function secret(): string {
  return randomBytes(32).toString('base64url')
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function equal(left: string, right: string): boolean {
  return left.length === right.length && timingSafeEqual(Buffer.from(left), Buffer.from(right))
}

function isSame(left: Owner, right: Owner): boolean {
  return left.tenant === right.tenant && left.person === right.person && left.instance === right.instance
}

function placeOf(id: string): string {
  return JSON.stringify([stateKind, id])
}

function refused(): HubError {
  return new HubError(
    'refused',
    'This link was used before, has lapsed, or was opened in another browser than the one that began. Nothing was connected; start again.',
  )
}

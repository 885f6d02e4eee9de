// The accounts that people have connected: read for a call, renewed once for all who wait, and taken back.
import { setTimeout as sleep } from 'node:timers/promises'
import type { ConnectedAccount, Granted } from '../kit/connect.ts'
import { HubError } from '../kit/error.ts'
import type { JsonObject } from '../kit/json.ts'
import { connectionId, connectionKind, findConnection, grantedOf, keptOf, linkTo, ownerOf, putOf } from './connection.ts'
import type { Connectable, ConnectOptions, Found, Kept, Owner, Tokens } from './connection.ts'

/** A person's own account, ready for use. */
export interface OwnAccount {
  readonly account: ConnectedAccount
  /** Of the address and app that it was granted to. */
  readonly of: string
  readonly connectedAt: string
  readonly access: string
  /** A token after the one that has ended. */
  renew(ended: string): Promise<string>
}

/** One line for people: never a token. */
export interface ConnectionView {
  readonly instance: string
  readonly person: string
  readonly state: 'connected' | 'broken' | 'none'
  readonly account?: string
  readonly scopes?: readonly string[]
  readonly connectedAt?: string
  readonly renewedAt?: string
  readonly why?: string
}

export interface Accounts {
  /** Undefined when this person has none there; one that is of no use any more is a HubError `refused` that says so. */
  own(owner: Owner): Promise<OwnAccount | undefined>
  view(owner: Owner): Promise<ConnectionView>
  list(tenant: string): Promise<readonly ConnectionView[]>
  /** Takes it back at the vendor and forgets it; how it went there. Undefined when there was none. */
  remove(owner: Owner, by: string): Promise<'revoked' | 'not revoked' | undefined>
  /** Renews what was not used for long: how many. */
  tend(): Promise<number>
}

/** Before a token ends, so that it does not end on its way. */
const earlyMs = 60_000
/** After this, whoever was renewing has died. */
const leaseMs = 30_000
const pollMs = 50
const listMax = 1000

export function makeAccounts(options: ConnectOptions): Accounts {
  const { store, now } = options
  const renewals = new Map<string, Promise<Found>>()
  /** What a vendor gave and the store did not take: nothing is done with it before it is kept. */
  const unkept = new Map<string, { readonly version: number; readonly kept: Kept; readonly tokens: Tokens }>()
  const keyOf = ({ tenant, instance, person }: Owner) => JSON.stringify([tenant, instance, person])

  async function own(owner: Owner): Promise<OwnAccount | undefined> {
    const target = options.connectable(owner.instance)
    let found = await findConnection(owner, options)
    if (!found || found.kept.of !== target.digest) return undefined
    if (found.kept.broken !== undefined) throw broken(owner, options)
    if (hasEnded(found)) found = await renewed(owner, target, found.tokens.access)
    const { account, connectedAt, of } = found.kept
    return {
      account,
      of,
      connectedAt,
      access: found.tokens.access,
      renew: async (ended) => (await renewed(owner, target, ended)).tokens.access,
    }
  }

  function hasEnded({ kept: { expiresAt }, tokens }: Found): boolean {
    if (expiresAt === undefined || tokens.refresh === undefined) return false
    return !(Date.parse(expiresAt) - earlyMs > now().getTime())
  }

  function renewed(owner: Owner, target: Connectable, ended: string): Promise<Found> {
    const key = keyOf(owner)
    const running = renewals.get(key)
    if (running) return running
    const renewal = renew(owner, target, ended).finally(() => renewals.delete(key))
    renewals.set(key, renewal)
    return renewal
  }

  async function renew(owner: Owner, target: Connectable, ended: string): Promise<Found> {
    for (;;) {
      const waiting = unkept.get(keyOf(owner))
      if (waiting) return await keep(owner, target, waiting)
      const found = await findConnection(owner, options)
      if (!found || found.kept.of !== target.digest) throw notConnected(owner, options)
      const { kept, tokens, version } = found
      if (kept.broken !== undefined) throw broken(owner, options)
      // Another process was faster.
      if (tokens.access !== ended) return found
      if (tokens.refresh === undefined) return await fail(owner, found, 'its access has ended and cannot be renewed')
      const { renewing, ...rest } = kept
      if (renewing !== undefined && now().getTime() - Date.parse(renewing) < leaseMs) {
        await sleep(pollMs)
        continue
      }
      const marked = await putOf(owner, version, { ...rest, renewing: now().toISOString() }, tokens, options)
      if (!(await store().put([marked]))) continue
      const taken = { version: version + 1, kept: rest, tokens }
      const granted = await asked(owner, target, taken, renewing !== undefined)
      hide(granted)
      const next = keptOf(granted, { refresh: tokens.refresh }, rest, now())
      return await keep(owner, target, { version: version + 1, ...next })
    }
  }

  async function asked(owner: Owner, target: Connectable, found: Found, wasLost: boolean): Promise<Granted> {
    const { tokens, kept, version } = found
    try {
      return await target.grant({ refresh: tokens.refresh ?? '', scopes: kept.account.scopes })
    } catch (error) {
      if (error instanceof HubError && error.code === 'unauthenticated') {
        const why = wasLost
          ? 'the answer to its last renewal was lost before it could be kept'
          : 'the vendor does not renew it any more'
        return await fail(owner, found, why)
      }
      // It may have worked: the next one finds out. Nobody needs to wait for the lease.
      const free = await putOf(owner, version, kept, tokens, options)
      await store().put([free])
      throw error
    }
  }

  /** Durable before anybody uses it: what it was exchanged for is used up. */
  async function keep(owner: Owner, target: Connectable, next: Found): Promise<Found> {
    const key = keyOf(owner)
    let stored: boolean
    try {
      stored = await store().put([await putOf(owner, next.version, next.kept, next.tokens, options)])
    } catch (cause) {
      unkept.set(key, next)
      throw new HubError(
        'unavailable',
        'The vendor renewed your account, and the hub could not keep that. Nothing was done; try again later.',
        { cause },
      )
    }
    unkept.delete(key)
    if (stored) return { ...next, version: next.version + 1 }
    const theirs = await findConnection(owner, options)
    if (theirs && theirs.kept.of === target.digest) return theirs
    // Somebody disconnected it meanwhile, and knew nothing of these tokens.
    await target.revoke?.(grantedOf(next)).catch(() => undefined)
    throw notConnected(owner, options)
  }

  async function fail(owner: Owner, found: Found, why: string): Promise<never> {
    const { renewing: _renewing, ...kept } = found.kept
    const news = options.record({ kind: 'failed', owner, facts: { account: kept.account.name, why } })
    const put = await putOf(owner, found.version, { ...kept, broken: why }, found.tokens, options)
    if (await store().put([put, ...news.puts], news.entry)) news.told()
    throw broken(owner, options)
  }

  async function remove(owner: Owner, by: string): Promise<'revoked' | 'not revoked' | undefined> {
    for (;;) {
      const document = await store().document(owner.tenant, connectionKind, connectionId(owner))
      if (!document) return undefined
      // What cannot be opened any more can still be forgotten.
      const found = await findConnection(owner, options).catch(() => undefined)
      const target = targetOf(owner.instance)
      const revoked = await takeBack(found, target, owner)
      const facts: JsonObject = { account: found?.kept.account.name ?? null, by, revoked: revoked === 'revoked' }
      const news = options.record({ kind: 'removed', owner, facts })
      const at = now().toISOString()
      const gone = {
        tenant: owner.tenant,
        kind: connectionKind,
        id: document.id,
        value: undefined,
        version: document.version,
        at,
      }
      if (!(await store().put([gone, ...news.puts], news.entry))) continue
      unkept.delete(keyOf(owner))
      news.told()
      return revoked
    }
  }

  async function takeBack(
    found: Found | undefined,
    target: Connectable | undefined,
    owner: Owner,
  ): Promise<'revoked' | 'not revoked'> {
    // What was granted to another app or address is not sent to this one.
    if (!found || !target?.revoke || found.kept.of !== target.digest) return 'not revoked'
    try {
      await target.revoke(grantedOf(found))
      return 'revoked'
    } catch (error) {
      options.warn({ instance: owner.instance, err: error }, 'a grant could not be taken back at the vendor')
      return 'not revoked'
    }
  }

  function targetOf(instance: string): Connectable | undefined {
    try {
      return options.connectable(instance)
    } catch {
      return undefined
    }
  }

  async function tend(): Promise<number> {
    let count = 0
    for (const tenant of new Set([options.tenant(), ...(await store().tenants())])) {
      const due = await store().documents({ tenant, kind: connectionKind, dueBy: now().toISOString(), limit: 20 })
      for (const document of due) {
        const owner = ownerOf(document)
        const target = targetOf(owner.instance)
        const found = await findConnection(owner, options).catch(() => undefined)
        if (!target || !found || found.kept.of !== target.digest) {
          // Nothing to do until somebody connects it again: without a time it is not looked at any more.
          const { kind, id, value, version } = document
          await store().put([{ tenant, kind, id, value, version, at: now().toISOString() }])
          continue
        }
        count += 1
        // A no of the vendor is recorded by then; anything else is tried again with the next call.
        await renewed(owner, target, found.tokens.access).catch((error: unknown) => {
          if (error instanceof HubError && error.code === 'refused') return
          options.warn({ instance: owner.instance, err: error }, 'an account could not be renewed')
        })
      }
    }
    return count
  }

  function viewOf(owner: Owner, kept: Kept | undefined): ConnectionView {
    const { instance, person } = owner
    const digest = targetOf(instance)?.digest
    if (!kept || digest === undefined) return { instance, person, state: 'none' }
    const { account, connectedAt, renewedAt } = kept
    const why = kept.of === digest ? kept.broken : 'the configuration of this instance was changed'
    return {
      instance,
      person,
      state: why === undefined ? 'connected' : 'broken',
      account: account.name,
      scopes: account.scopes,
      connectedAt,
      renewedAt,
      ...(why !== undefined && { why }),
    }
  }

  function hide({ access, refresh }: Granted): void {
    options.hide(access)
    if (refresh !== undefined) options.hide(refresh)
  }

  return {
    own,
    remove,
    tend,
    async view(owner) {
      const document = await store().document(owner.tenant, connectionKind, connectionId(owner))
      return viewOf(owner, document?.value as unknown as Kept | undefined)
    },
    async list(tenant) {
      const documents = await store().documents({ tenant, kind: connectionKind, limit: listMax })
      return documents.map((document) => viewOf(ownerOf(document), document.value as unknown as Kept))
    },
  }
}

export function notConnected({ instance }: Owner, options: ConnectOptions): HubError {
  const url = linkTo(instance, options)
  const { title } = options.connectable(instance)
  return new HubError(
    'refused',
    `Nothing was sent: this works with your own ${title} account, and you have not connected it yet. Open ${url} in your browser to connect it, then call again.`,
    { connect: { instance, url } },
  )
}

function broken({ instance }: Owner, options: ConnectOptions): HubError {
  const url = linkTo(instance, options)
  const { title } = options.connectable(instance)
  return new HubError(
    'refused',
    `Nothing was sent: your connection to ${title} has ended. Open ${url} in your browser to connect it again, then call again.`,
    { connect: { instance, url } },
  )
}

// Opens a vendor for one phase of one call: its SDK on a guarded fetch that has only the routes of that phase.
import { refuseGivenUp } from '../call/ledger.ts'
import { operationsOf } from '../call/operation-get.ts'
import type { Offer, Services, Session, Vendors } from '../call/call.ts'
import { Receipt } from '../call/receipt.ts'
import { refuseStopped } from '../call/switch.ts'
import type { Way } from '../egress/connection.ts'
import type { Guard } from '../egress/fetch.ts'
import type { Connect } from '../kit/connect.ts'
import { HubError } from '../kit/error.ts'
import type { Json } from '../kit/json.ts'
import type { Keep } from '../kit/connector.ts'
import type { Principal } from '../kit/policy.ts'
import type { VendorFetch } from '../kit/vendor.ts'
import type { Acting } from './connections.ts'
import type { OpenInstance } from './instances.ts'
import { hubInstance } from './offers.ts'
import { connectionDigest, hostsAt } from './place.ts'

export interface VendorsOptions {
  readonly instances: ReadonlyMap<string, OpenInstance>
  /** Where the sandbox of this instance listens. */
  sandboxBase(instance: string): Promise<string>
  /** The secret behind a reference. */
  credential(reference: string): Promise<string>
  /** As whom it is opened for this person; only asked where that is not always the hub. */
  acting?(instance: OpenInstance, principal: Principal, kind: 'read' | 'write'): Promise<Acting>
  /** The vendor did not take the secret behind it, which may have been replaced since. */
  refused?(reference: string): void
  /** What this instance keeps for itself, as long as its credential is this one. */
  keep(instance: string, credential: string): Keep
  /** From now on this text is taken out of whatever leaves the hub. */
  readonly hide: (secret: string) => void
  /** The company's proxy and certificate authority. */
  readonly way?: Way | undefined
  readonly timeoutMs: number
  readonly now: () => Date
  readonly random: () => number
  services(): Services
}

// Loaded on the first request: a hub that only lists its tools opens no connection.
const egress = once(() => import('../egress/fetch.ts'))

export function makeVendors(options: VendorsOptions): Vendors {
  const caches = new Map<string, { readonly credential: string; readonly cache: Map<string, unknown> }>()
  const people = new Map<string, { readonly credential: string; readonly cache: Map<string, unknown> }>()

  /** What a vendor's client remembers, as long as it signs in with this credential. */
  function cacheOf(instance: string, credential: string): Map<string, unknown> {
    const known = caches.get(instance)
    if (known?.credential === credential) return known.cache
    options.hide(credential)
    const cache = new Map<string, unknown>()
    caches.set(instance, { credential, cache })
    return cache
  }

  /** The same for one person's own account; of those who were not seen for longest, nothing is remembered. */
  function cacheOfPerson(key: string, account: string): Map<string, unknown> {
    const known = people.get(key)
    const kept = known?.credential === account ? known : { credential: account, cache: new Map<string, unknown>() }
    people.delete(key)
    if (people.size >= peopleMax) people.delete(people.keys().next().value!)
    people.set(key, kept)
    return kept.cache
  }

  async function open(
    offer: Offer,
    principal: Principal,
    signal: AbortSignal,
    receipt: Receipt | undefined,
  ): Promise<Session> {
    if (offer.instance === hubInstance) return quiet(operationsOf(principal, signal, options.services()))
    const instance = options.instances.get(offer.instance)
    if (!instance) throw new HubError('not_found', `The instance ${offer.instance} is not configured any more.`)
    const { connector, configured } = instance
    const acting = configured.actsAs === 'service' ? service : await actingAs(instance, principal, offer.tool.kind)
    const connect = connector.connect as Connect<Readonly<Record<string, unknown>>> | undefined
    const settings =
      acting.as === 'person' && connect ? connect.settings(instance.settings, acting.account) : instance.settings
    const base = configured.sandbox ? await options.sandboxBase(offer.instance) : connector.base(settings)
    const hosts = hostsAt(instance, base, settings)
    const { guardedFetch } = await egress()
    // Made for the first request: not every call asks the vendor anything.
    let guard: Guard | undefined
    const guarded = () =>
      (guard ??= guardedFetch({
        base,
        hosts,
        reads: connector.reads,
        signIn: connector.signIn,
        writes: receipt && offer.tool.kind === 'write' ? offer.tool.routes : [],
        verdict: connector.verdict,
        loopback: configured.sandbox,
        signal,
        now: options.now,
        random: options.random,
        timeoutMs: options.timeoutMs,
        // A second lock on the same door: without a receipt there are no routes to write to, and no write either.
        beforeWrite: async () => {
          if (!Receipt.isIssued(receipt)) throw new HubError('internal', unrecorded)
          await refuseStopped(principal, offer, options.services())
          await refuseGivenUp(receipt, options.services())
        },
        onSecret: options.hide,
        way: options.way,
      }))
    const asService: VendorFetch = async (...request) => {
      const answer = await guarded().fetch(...request)
      if (answer.status === 401 && configured.credential !== undefined) options.refused?.(configured.credential)
      return answer
    }
    const { credential, cache, keep } =
      acting.as === 'person' ? ofPerson(offer.instance, principal, acting) : await ofService(instance)
    const fetch = acting.as === 'person' ? renewing((...request) => guarded().fetch(...request), acting, connect) : asService
    const vendor: object = await connector.open({
      base,
      hosts,
      fetch,
      settings,
      credential,
      cache,
      keep,
      ...(acting.as === 'person' && { account: acting.account }),
    })
    return {
      vendor,
      ...(acting.as === 'person' && { account: `${acting.account.name} (${acting.account.id})` }),
      ...(acting.as === 'service' && acting.note !== undefined && { note: acting.note }),
      get requests() {
        return guard?.requests ?? []
      },
      touched: () => guard?.touched() ?? 'untouched',
    }
  }

  async function ofService({ configured, connector }: OpenInstance) {
    const credential = configured.sandbox
      ? connector.sandbox.credential
      : await credentialOf(configured.id, options.credential(configured.credential ?? ''))
    return { credential, cache: cacheOf(configured.id, credential), keep: options.keep(configured.id, credential) }
  }

  function ofPerson(instance: string, { tenant, id }: Principal, own: Extract<Acting, { as: 'person' }>) {
    const cache = cacheOfPerson(JSON.stringify([tenant, id, instance]), JSON.stringify([own.account.id, own.connectedAt]))
    return { credential: own.access, cache, keep: nothingKept }
  }

  async function actingAs(instance: OpenInstance, principal: Principal, kind: 'read' | 'write'): Promise<Acting> {
    if (!options.acting) throw new HubError('internal', 'Nobody can connect an account of their own here.')
    const acting = await options.acting(instance, principal, kind)
    // Of another version of the configuration, in which the instance is somewhere else.
    if (acting.as === 'person' && acting.of !== connectionDigest(instance))
      throw new HubError('conflict', 'The configuration was changed meanwhile. Nothing was sent; call again.')
    return acting
  }

  return {
    describe(instance) {
      const found = options.instances.get(instance)
      if (!found) return { base: 'hub', digest: '' }
      return { base: found.configured.sandbox ? 'sandbox' : found.connector.base(found.settings), digest: found.digest }
    },
    forReading: (offer, principal, signal) => open(offer, principal, signal, undefined),
    forWriting: (offer, principal, signal, receipt) => open(offer, principal, signal, receipt),
  }
}

const service: Acting = { as: 'service' }
const peopleMax = 1000

/** The hub renews a person's access itself, so that a connector has nothing to keep for them. */
const nothingKept: Keep = {
  read: () => Promise.resolve(undefined),
  replace: () => Promise.reject(new TypeError('Nothing is kept for an account of a person.')),
}

/** Every request with the token that is good now. The vendor looks at it first: one that has ended changed nothing. */
function renewing(
  fetch: VendorFetch,
  own: Extract<Acting, { as: 'person' }>,
  connect: Pick<Connect<never>, 'ended'> | undefined,
): VendorFetch {
  const opened = `Bearer ${own.access}`
  let token = own.access
  return async (input, init) => {
    const headers = new Headers(init?.headers)
    if (headers.get('authorization') !== opened) return await fetch(input, init)
    const sent = token
    headers.set('authorization', `Bearer ${sent}`)
    const answer = await fetch(input, { ...init, headers })
    if (!(await hasEnded(answer, connect)) || init?.body instanceof ReadableStream) return answer
    token = await own.renew(sent)
    headers.set('authorization', `Bearer ${token}`)
    return await fetch(input, { ...init, headers })
  }
}

async function hasEnded(answer: Response, connect: Pick<Connect<never>, 'ended'> | undefined): Promise<boolean> {
  if (!connect?.ended) return answer.status === 401
  const { status, headers } = answer
  const isJson = headers.get('content-type')?.includes('json') === true
  const json = isJson
    ? ((await answer
        .clone()
        .json()
        .catch(() => undefined)) as Json | undefined)
    : undefined
  return connect.ended({ status, headers, json })
}

const unrecorded = 'A write was tried that the ledger knows nothing of.'

/** An import that is already there still costs several microseconds. */
function once<T>(load: () => Promise<T>): () => Promise<T> {
  let loaded: Promise<T> | undefined
  return () => (loaded ??= load())
}

/** Where a secret is kept is for whoever runs the hub, and for no agent. */
async function credentialOf(instance: string, found: Promise<string>): Promise<string> {
  return await found.catch((cause: unknown) => {
    const sentence = `The hub cannot sign in as ${instance}: its credential cannot be read. Whoever runs the hub finds the reason in its log.`
    throw new HubError('unauthenticated', sentence, { cause })
  })
}

function quiet(vendor: object): Session {
  return { vendor, requests: [], touched: () => 'untouched' }
}

// Opens a vendor for one phase of one call: its SDK on a guarded fetch that has only the routes of that phase.
import { operationsOf } from '../call/operation-get.ts'
import type { Offer, Services, Session, Vendors } from '../call/call.ts'
import { Receipt } from '../call/receipt.ts'
import type { Guard } from '../egress/fetch.ts'
import { HubError } from '../kit/error.ts'
import type { Principal } from '../kit/policy.ts'
import type { VendorFetch } from '../kit/vendor.ts'
import type { OpenInstance } from './instances.ts'
import { hubInstance } from './offers.ts'

export interface VendorsOptions {
  readonly instances: ReadonlyMap<string, OpenInstance>
  /** Where the sandbox of this instance listens. */
  sandboxBase(instance: string): Promise<string>
  /** The secret behind a reference. */
  credential(reference: string): Promise<string>
  /** From now on this text is taken out of whatever leaves the hub. */
  readonly hide: (secret: string) => void
  readonly timeoutMs: number
  readonly now: () => Date
  readonly random: () => number
  services(): Services
}

// Loaded on the first request: a hub that only lists its tools opens no connection.
const egress = once(() => import('../egress/fetch.ts'))

export function makeVendors(options: VendorsOptions): Vendors {
  const caches = new Map<string, Map<string, unknown>>()

  async function open(
    offer: Offer,
    principal: Principal,
    signal: AbortSignal,
    receipt: Receipt | undefined,
  ): Promise<Session> {
    if (offer.instance === hubInstance) return quiet(operationsOf(principal, signal, options.services()))
    const instance = options.instances.get(offer.instance)
    if (!instance) throw new HubError('not_found', `The instance ${offer.instance} is not configured any more.`)
    const { connector, configured, settings } = instance
    const base = configured.sandbox ? await options.sandboxBase(offer.instance) : connector.base(settings)
    const { guardedFetch } = await egress()
    // Made for the first request: not every call asks the vendor anything.
    let guard: Guard | undefined
    const guarded = () =>
      (guard ??= guardedFetch({
        base,
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
        beforeWrite: () => {
          if (!Receipt.isIssued(receipt)) throw new HubError('internal', unrecorded)
        },
        onSecret: options.hide,
      }))
    const fetch: VendorFetch = async (...request) => await guarded().fetch(...request)
    const credential = configured.sandbox
      ? connector.sandbox.credential
      : await credentialOf(offer.instance, options.credential(configured.credential ?? ''))
    if (!caches.has(offer.instance)) options.hide(credential)
    const cache = caches.get(offer.instance) ?? new Map<string, unknown>()
    caches.set(offer.instance, cache)
    const vendor: object = await connector.open({ base, fetch, settings, credential, cache })
    return {
      vendor,
      get requests() {
        return guard?.requests ?? []
      },
      touched: () => guard?.touched() ?? 'untouched',
    }
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

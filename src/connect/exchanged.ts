// Accounts that nobody had to connect: the caller's identity provider vouches for them, and the vendor takes its word. Kept in
// memory for as long as the token is good with which the caller came.
import type { ConnectedAccount, Granted } from '../kit/connect.ts'
import { HubError } from '../kit/error.ts'
import type { OwnAccount } from './accounts.ts'
import type { Owner } from './connection.ts'

/** A vendor that takes an identity provider's word for who somebody is. */
export interface Vouchable {
  /** Of the address and the app. */
  readonly digest: string
  readonly title: string
  /** For a caller who came with a token of the configured issuer. */
  readonly fresh?: {
    /** When that token ends; milliseconds since 1970. */
    readonly expiresAtMs: number
    readonly grant: () => Promise<Granted>
  }
  readonly account: (granted: Granted) => Promise<ConnectedAccount>
}

type Fresh = NonNullable<Vouchable['fresh']>

export interface ExchangedAccounts {
  /** Undefined where there is no token to exchange, and none of its kind was exchanged that is still good. */
  own(owner: Owner, vouchable: Vouchable): Promise<OwnAccount | undefined>
}

interface Exchanged {
  readonly of: string
  readonly access: string
  readonly account: ConnectedAccount
  readonly since: string
  readonly untilMs: number
}

/** Before a token ends, so that it does not end on its way. */
const earlyMs = 30_000
const keptMax = 10_000

export function makeExchangedAccounts(options: {
  readonly now: () => Date
  readonly hide: (secret: string) => void
}): ExchangedAccounts {
  const { now, hide } = options
  const kept = new Map<string, Promise<Exchanged>>()

  /** All calls that wait take what one exchange brings, also a no. */
  async function current(key: string, vouchable: Vouchable, spent?: string): Promise<Exchanged | undefined> {
    for (;;) {
      const known = kept.get(key)
      if (!known) return vouchable.fresh && (await exchange(key, vouchable, vouchable.fresh))
      const { of, access, untilMs } = await known
      if (of === vouchable.digest && access !== spent && untilMs > now().getTime()) return await known
      if (kept.get(key) === known) kept.delete(key)
    }
  }

  async function exchange(key: string, vouchable: Vouchable, fresh: Fresh): Promise<Exchanged> {
    const running = exchanged(vouchable, fresh)
    if (kept.size >= keptMax) kept.delete(kept.keys().next().value!)
    kept.set(key, running)
    running.catch(() => kept.get(key) === running && kept.delete(key))
    return await running
  }

  async function exchanged(vouchable: Vouchable, { grant, expiresAtMs }: Fresh): Promise<Exchanged> {
    const granted = await grant()
    hide(granted.access)
    const account = await vouchable.account(granted)
    const ownEndMs = now().getTime() + (granted.expiresInSeconds ?? Infinity) * 1000
    return {
      of: vouchable.digest,
      access: granted.access,
      account,
      since: now().toISOString(),
      untilMs: Math.min(expiresAtMs, ownEndMs) - earlyMs,
    }
  }

  return {
    async own({ tenant, person, instance }, vouchable) {
      const key = JSON.stringify([tenant, person, instance])
      const found = await current(key, vouchable)
      if (!found) return undefined
      return {
        account: found.account,
        of: found.of,
        connectedAt: found.since,
        access: found.access,
        async renew(ended) {
          const newer = await current(key, vouchable, ended)
          if (newer) return newer.access
          const sentence = `Your access to ${vouchable.title} has ended. Call again with a token of your identity provider.`
          throw new HubError('refused', sentence)
        },
      }
    },
  }
}

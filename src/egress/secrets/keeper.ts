// One place to ask for a secret by its reference: read once, believed for a while, read again when it no longer works.
import path from 'node:path'
import { HubError } from '../../kit/error.ts'
import { resolveCredential } from '../credentials.ts'
import type { ServiceFetch } from '../service.ts'
import type { Found, PlaceOptions, SecretPlaces } from './places.ts'

export interface KeeperOptions {
  /** The folder of the configuration. */
  readonly directory: () => string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly places: () => SecretPlaces
  readonly ask: () => Promise<ServiceFetch>
  readonly now: () => Date
}

export interface Keeper {
  /** @throws HubError `unauthenticated` with a sentence for whoever runs the hub; `unavailable` when the place cannot answer */
  readonly read: (reference: string) => Promise<string>
  /** The secret did not work: the next reading asks anew, at most twice a minute. */
  readonly stale: (reference: string) => void
  /** Everything is asked anew: places may have changed. */
  clear(): void
}

const staleEveryMs = 30_000
/** After this a secret that is not renewed is given up: until then an outage of its place changes nothing. */
const outageMs = 60 * 60_000

interface Known {
  readonly found: Promise<Found>
  /** What it was before, while its place cannot be asked. */
  readonly before: { readonly secret: string; readonly untilMs: number } | undefined
}

export function createKeeper(options: KeeperOptions): Keeper {
  const { now } = options
  const known = new Map<string, Known>()
  const staleAtMs = new Map<string, number>()
  let reader = readerOf(options)

  async function read(reference: string): Promise<string> {
    const before = known.get(reference)
    if (before) {
      const found = await before.found
      if (found.rereadAtMs === undefined || found.rereadAtMs > now().getTime()) return found.secret
      if (known.get(reference) === before) renew(reference, { secret: found.secret, untilMs: now().getTime() + outageMs })
    }
    return (await (known.get(reference) ?? renew(reference, undefined)).found).secret
  }

  function renew(reference: string, before: Known['before']): Known {
    const found = reader(reference).catch((error: unknown): Found => {
      // Out of reach is not out of date. What its place refuses is.
      const reachable = !(error instanceof HubError) || error.code !== 'unavailable'
      if (reachable || !before || before.untilMs <= now().getTime()) throw error
      return { secret: before.secret, rereadAtMs: now().getTime() + 5_000 }
    })
    const fresh = { found, before }
    known.set(reference, fresh)
    found.catch(() => known.get(reference) === fresh && known.delete(reference))
    return fresh
  }

  return {
    read,
    stale(reference) {
      const ms = now().getTime()
      if (ms - (staleAtMs.get(reference) ?? -Infinity) < staleEveryMs) return
      staleAtMs.set(reference, ms)
      known.delete(reference)
    },
    clear() {
      known.clear()
      staleAtMs.clear()
      reader = readerOf(options)
    },
  }
}

/** Reads a reference of any kind, and nothing that its kind does not name. */
function readerOf({ directory, env, places, ask, now }: KeeperOptions): (reference: string) => Promise<Found> {
  const simple = (reference: string) => resolveCredential(reference, { directory: directory(), env })
  const shared = async (): Promise<PlaceOptions> => ({ ask: await ask(), resolve: simple, now })
  const opened = new Map<string, Promise<(name: string) => Promise<Found>>>()
  const place = <Place>(
    kind: string,
    key: keyof SecretPlaces,
    configured: Place | undefined,
    open: (place: Place) => Promise<(name: string) => Promise<Found>>,
  ) => {
    if (configured === undefined)
      throw new HubError(
        'unauthenticated',
        `A reference begins with ${kind}: and the configuration has no "secrets": { "${key}": … }. Add it.`,
      )
    const found = opened.get(kind) ?? open(configured)
    opened.set(kind, found)
    return found
  }

  return async (reference) => {
    const [, kind = '', name = ''] =
      /^(vault|aws-sm|gcp-sm|azure-kv|vaultfile):([\w./@+=-]{1,400}(?:#[\w.-]{1,100})?)$/.exec(reference) ?? []
    const { vault, aws, gcp, azure, vaultfile } = places()
    switch (kind) {
      case 'vault': {
        const read = await place(kind, 'vault', vault, async (configured) => {
          const client = (await import('./vault.ts')).vault(configured, await shared())
          return async (what) => await client.read(what.split('#')[0]!, what.split('#')[1] ?? 'value')
        })
        return await read(name)
      }
      case 'aws-sm':
        return await member(
          name,
          await place(kind, 'aws', aws, async (configured) =>
            (await import('./clouds.ts')).awsSecrets(configured, await shared()),
          ),
        )
      case 'gcp-sm':
        return await member(
          name,
          await place(kind, 'gcp', gcp, async (configured) =>
            (await import('./clouds.ts')).gcpSecrets(configured, await shared()),
          ),
        )
      case 'azure-kv':
        return await member(
          name,
          await place(kind, 'azure', azure, async (configured) =>
            (await import('./clouds.ts')).azureSecrets(configured, await shared()),
          ),
        )
      case 'vaultfile': {
        const read = await place(kind, 'vaultfile', vaultfile, async (configured) => {
          const file = (await import('./vault-file.ts')).vaultFile(
            { ...configured, file: path.resolve(directory(), configured.file) },
            { resolve: simple },
          )
          return async (what) => ({ secret: await file.read(what) })
        })
        return await read(name)
      }
      default:
        return { secret: await simple(reference) }
    }
  }
}

/** `NAME#FIELD`: one member of a secret that is a JSON object, as the clouds' consoles make them. */
async function member(name: string, read: (name: string) => Promise<Found>): Promise<Found> {
  const [id = '', field] = name.split('#')
  const found = await read(id)
  if (field === undefined) return found
  let value: unknown
  try {
    const parsed: unknown = JSON.parse(found.secret)
    if (typeof parsed === 'object' && parsed !== null && Object.hasOwn(parsed, field))
      value = (parsed as Record<string, unknown>)[field]
  } catch {
    // Told below: the text is the secret.
  }
  if (typeof value === 'string' && value !== '') return { ...found, secret: value }
  throw new HubError('unauthenticated', `The secret ${id} has no text under ${field}.`)
}

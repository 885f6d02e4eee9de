// The secrets that the configuration refers to: one keeper for all of them, and the key under which the hub seals its own.
import path from 'node:path'
import type { LoadedConfig } from '../config/load.ts'
import { openSealing, openSealingWith } from '../egress/sealing.ts'
import type { Sealing } from '../egress/sealing.ts'
import { createKeeper } from '../egress/secrets/keeper.ts'
import type { Keeper } from '../egress/secrets/keeper.ts'

export function secretsOf(
  config: () => LoadedConfig,
  env: Readonly<Record<string, string | undefined>>,
  now: () => Date,
): Keeper {
  // Loaded for a secret that is elsewhere: most are on this machine.
  const ask = async () => {
    const { serviceFetch } = await import('../egress/service.ts')
    return serviceFetch({ named: () => addressesIn(config()), ...config().egress })
  }
  let asking: ReturnType<typeof ask> | undefined
  return createKeeper({
    directory: () => config().folder,
    env,
    places: () => config().secrets,
    ask: () => (asking ??= ask()),
    now,
  })
}

/** The configured key and those before it, or the one that the hub made for itself. */
export async function sealingOf(config: LoadedConfig, dataFolder: string, keeper: Keeper): Promise<Sealing> {
  const own = path.join(dataFolder, 'seal.key')
  const { seal } = config.secrets
  if (!seal) return await openSealing(own)
  const earlier = await Promise.all(
    Object.entries(seal.previous).map(
      async ([version, reference]) => [Number(version), await keeper.read(reference)] as const,
    ),
  )
  return await openSealingWith({
    file: own,
    version: seal.version,
    key: await keeper.read(seal.key),
    previous: new Map(earlier),
  })
}

function addressesIn({ secrets: { vault, aws, azure } }: LoadedConfig): readonly string[] {
  return [vault?.address, aws?.endpoint, azure?.address].filter((address): address is string => address !== undefined)
}

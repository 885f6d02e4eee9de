// Whether the places work that the configuration's references name. Nothing of a secret is in what is told.
import path from 'node:path'
import process from 'node:process'
import type { LoadedConfig } from '../config/load.ts'
import { referencesOf } from '../config/references.ts'
import type { Keeper } from '../egress/secrets/keeper.ts'
import type { Log } from './log.ts'

export interface Health {
  /** A place as a whole (`keychain`, `vaultfile`), or one reference. */
  readonly place: string
  readonly state: 'ok' | 'locked' | 'no-service' | 'hung' | 'broken'
  readonly sentence: string
}

/** Every reference is read, and a keychain that is used is written to: one that keeps nothing can answer every question. */
export async function healthOfSecrets(config: LoadedConfig, read: Keeper['read']): Promise<readonly Health[]> {
  const references = new Set(referencesOf(config).map(({ reference }) => reference))
  const inKeychain = (reference: string) => reference.startsWith('keychain:')
  const keychain = [...references].some(inKeychain) ? [await healthOfKeychain()] : []
  // A keychain that does not work is one trouble, not one for each of its secrets.
  const readable = [...references].filter((one) => !inKeychain(one) || keychain.every(({ state }) => state === 'ok'))
  return [...keychain, ...(await Promise.all(readable.map(async (one) => await healthOfReference(one, read))))]
}

/** Tells whoever reads the log now what a call would stumble over later. */
export async function warnOfSecrets(config: LoadedConfig, read: Keeper['read'], log: Log): Promise<void> {
  const uses = Map.groupBy(referencesOf(config), ({ reference }) => reference)
  for (const { place, state, sentence } of await healthOfSecrets(config, read)) {
    if (state === 'ok') continue
    const needed = uses.get(place) ?? referencesOf(config).filter(({ reference }) => reference.startsWith(`${place}:`))
    log.warn({ place, state, usedBy: [...new Set(needed.map(({ where }) => where))] }, sentence)
  }
}

export async function healthOfKeychain(): Promise<Health> {
  const { probeKeychain } = await import('../egress/keychain.ts')
  return { place: 'keychain', ...(await probeKeychain()) }
}

export async function healthOfReference(reference: string, read: Keeper['read']): Promise<Health> {
  const failed = await read(reference).then(
    () => undefined,
    (error: unknown) => error,
  )
  if (failed === undefined) return { place: reference, state: 'ok', sentence: 'It can be read.' }
  const sentence = sentenceOf(failed)
  const away = failed instanceof Error && 'code' in failed && failed.code === 'unavailable'
  return { place: reference, state: away ? (/sealed/.test(sentence) ? 'locked' : 'no-service') : 'broken', sentence }
}

/** Written, read and cleared again. */
export async function healthOfVaultFile(config: LoadedConfig): Promise<Health> {
  try {
    const file = await vaultFileOf(config)
    if (!file) throw new Error('The configuration has no "secrets": { "vaultfile": … }. Add it.')
    const probe = `toolgate-probe-${process.pid}`
    await file.write(probe, probe)
    const found = await file.read(probe)
    await file.remove(probe)
    if (found === probe) return { place: 'vaultfile', state: 'ok', sentence: 'The file keeps what it is given.' }
    return { place: 'vaultfile', state: 'broken', sentence: 'What was written was not read back.' }
  } catch (error) {
    return { place: 'vaultfile', state: 'broken', sentence: sentenceOf(error) }
  }
}

/** The configured encrypted file. */
export async function vaultFileOf({ secrets: { vaultfile }, folder }: LoadedConfig) {
  if (!vaultfile) return undefined
  const [{ vaultFile }, { resolveCredential }] = await Promise.all([
    import('../egress/secrets/vault-file.ts'),
    import('../egress/credentials.ts'),
  ])
  const resolve = (one: string) => resolveCredential(one, { directory: folder, env: process.env })
  return vaultFile({ ...vaultfile, file: path.resolve(folder, vaultfile.file) }, { resolve })
}

function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : 'It is not known why.'
}

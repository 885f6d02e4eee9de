// From the reference in the configuration to the secret itself: `env:`, `file:`, `keychain:`. No secret is ever written there.
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { resolve } from 'node:path'
import { HubError } from '../kit/error.ts'
import { readKeychain } from './keychain.ts'

export { createSecrets } from './secrets.ts'
export type { Secrets } from './secrets.ts'

export interface CredentialSources {
  /** The folder of the configuration file; `file:` references are relative to it. */
  readonly directory: string
  readonly env: Readonly<Record<string, string | undefined>>
}

/** What a reference may look like. It is refused by shape alone, so that a secret in its place is never looked up or shown. */
const references = {
  env: /^env:([A-Za-z_][A-Za-z0-9_]*)$/,
  file: /^file:([^\0\r\n]+)$/,
  keychain: /^keychain:([A-Za-z0-9][A-Za-z0-9._@-]{0,127})$/,
}

/**
 * The secret that a reference names, without the line break at its end.
 *
 * @throws HubError `unauthenticated` with a sentence for the person who set it; never with a secret in it.
 */
export async function resolveCredential(reference: string, { directory, env }: CredentialSources): Promise<string> {
  const name = references.env.exec(reference)?.[1]
  if (name !== undefined)
    return present(Object.hasOwn(env, name) ? env[name] : undefined, `The environment variable ${name} is not set or empty.`)
  const path = references.file.exec(reference)?.[1]
  if (path !== undefined) return present(await readSecretFile(resolve(directory, path)), `The file ${path} is empty.`)
  const account = references.keychain.exec(reference)?.[1]
  if (account !== undefined) return present(await readKeychain(account), `The keychain entry ${account} is empty.`)
  throw unusable(
    'The credential in the configuration is not a reference. Write env:NAME, file:PATH or keychain:NAME, and keep the secret itself out of the file.',
  )
}

/** A secret longer than this is a wrong path. */
const maxFileBytes = 64 * 1024
const readableByOthers = 0o066

async function readSecretFile(path: string): Promise<string> {
  const file = await openSecretFile(path)
  try {
    // Asked of the open file, so that what is checked is what is read.
    const stat = await file.stat()
    if (!stat.isFile()) throw unusable(`${path} is not a file.`)
    if (process.platform !== 'win32' && (stat.mode & readableByOthers) !== 0) {
      throw unusable(`${path} can be read or changed by other users. Close it with: chmod 600 ${shellWord(path)}`)
    }
    if (stat.size > maxFileBytes) throw unusable(`${path} is larger than a credential can be.`)
    return await file.readFile('utf8')
  } finally {
    await file.close()
  }
}

async function openSecretFile(path: string): Promise<FileHandle> {
  try {
    // Without O_NONBLOCK a named pipe would wait for a writer for ever.
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (cause) {
    throw unusable(`${path} could not be opened. Check that it exists and that the hub's user may read it.`, cause)
  }
}

function present(secret: string | undefined, absent: string): string {
  const trimmed = secret?.replace(/[\r\n]+$/, '') ?? ''
  if (trimmed.trim() === '') throw unusable(absent)
  return trimmed
}

function shellWord(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}

function unusable(sentence: string, cause?: unknown): HubError {
  return new HubError('unauthenticated', sentence, { cause })
}

// The key that signs checkpoints and receipts: Ed25519 (RFC 8032), made at the first start, kept beside the data.
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { constants } from 'node:fs'
import { link, mkdir, open, unlink } from 'node:fs/promises'
import path from 'node:path'
import { HubError } from '../kit/error.ts'

export interface SigningKey {
  /** The first 16 hexadecimal digits of SHA-256 over the public key. */
  readonly id: string
  /** As PEM (SPKI), for whoever checks. */
  readonly publicKey: string
  /** Base64url of 64 bytes. */
  sign(text: string): string
}

/** Public keys that are trusted, by their ids. */
export type TrustedKeys = ReadonlyMap<string, KeyObject>

/** @param pem a private Ed25519 key (PKCS #8) @throws HubError `unauthenticated` when it is none */
export function signingKey(pem: string): SigningKey {
  const key = privateKeyOf(pem)
  const publicKey = createPublicKey(key)
  return {
    id: idOf(publicKey),
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }) as string,
    sign: (text) => sign(null, Buffer.from(text), key).toString('base64url'),
  }
}

/** The key in this file, which is made when it is not there. */
export async function openSigningKey(file: string): Promise<SigningKey> {
  return signingKey((await readKey(file)) ?? (await makeKey(file)))
}

/** @param pems public keys, or private ones, of which only the public half is used */
export function trusted(pems: Iterable<string>): TrustedKeys {
  return new Map(
    [...pems].map((pem) => {
      const key = createPublicKey(pem)
      return [idOf(key), key] as const
    }),
  )
}

export function isSignedBy(key: KeyObject, text: string, signature: string): boolean {
  try {
    const bytes = Buffer.from(signature, 'base64url')
    // Of the many spellings of the same bytes only one counts.
    return bytes.toString('base64url') === signature && verify(null, Buffer.from(text), key, bytes)
  } catch {
    return false
  }
}

function idOf(key: KeyObject): string {
  return createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex')
    .slice(0, 16)
}

function privateKeyOf(pem: string): KeyObject {
  try {
    const key = createPrivateKey(pem)
    if (key.asymmetricKeyType === 'ed25519') return key
  } catch {
    // The same sentence as for a key of another kind: what stands there is a secret.
  }
  throw new HubError('unauthenticated', 'The key that signs the audit is no private Ed25519 key in PEM (PKCS #8).')
}

async function makeKey(file: string): Promise<string> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 })
  const fresh = `${file}.${randomBytes(6).toString('hex')}`
  const handle = await open(fresh, 'wx', 0o600)
  try {
    const { privateKey } = generateKeyPairSync('ed25519')
    await handle.writeFile(privateKey.export({ type: 'pkcs8', format: 'pem' }))
    await handle.sync()
  } finally {
    await handle.close()
  }
  // Of two that start at once, one key wins, whole.
  await link(fresh, file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  await unlink(fresh)
  const made = await readKey(file)
  if (made !== undefined) return made
  throw new HubError('internal', `The key file ${file} could not be made.`)
}

async function readKey(file: string): Promise<string | undefined> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw new HubError('internal', `The key file ${file} cannot be opened. Check that the hub's user may read it.`, {
      cause: error,
    })
  })
  if (!handle) return undefined
  try {
    const stat = await handle.stat()
    if (!stat.isFile() || stat.size > 4096) throw new HubError('internal', `${file} is not a key of the hub.`)
    if (process.platform !== 'win32' && (stat.mode & 0o077) !== 0) {
      throw new HubError(
        'internal',
        `The key file ${file} can be read or changed by other users. Close it with: chmod 600 ${file}`,
      )
    }
    return await handle.readFile('utf8')
  } finally {
    await handle.close()
  }
}

// Secrets at rest: AES-256-GCM under a key of the hub's own, bound to the place where each one is kept.
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { link, mkdir, open, unlink } from 'node:fs/promises'
import path from 'node:path'
import { HubError } from '../kit/error.ts'

export interface Sealing {
  /** @param place what the text is and whose: sealed text opens nowhere else */
  seal(text: string, place: string): string
  /** @throws HubError `internal` when the key is another one, or the text was changed */
  open(sealed: string, place: string): string
  /** A short name for a secret that tells nothing about it to whoever lacks the key. */
  fingerprint(secret: string): string
}

const keyBytes = 32
const nonceBytes = 12
const tagBytes = 16

/** The key in this file, which is made when it is not there. */
export async function openSealing(file: string): Promise<Sealing> {
  return sealingUnder(1, new Map([[1, await keyOf(file)]]), file)
}

export interface SealingKeys {
  /** Where the key of version 1 is, if there is one. */
  readonly file: string
  /** What is sealed from now on is sealed under this one. */
  readonly version: number
  /** 32 bytes in base64 or hexadecimal, as all of them. */
  readonly key: string
  readonly previous: ReadonlyMap<number, string>
}

/** Keys from elsewhere, by their versions: what was sealed under an earlier one still opens. */
export async function openSealingWith({ file, version, key, previous }: SealingKeys): Promise<Sealing> {
  const keys = new Map([...previous].map(([number, text]) => [number, bytesOf(text, number)]))
  keys.set(version, bytesOf(key, version))
  const own = keys.has(1) ? undefined : await readKey(file)
  if (own) keys.set(1, own)
  return sealingUnder(version, keys, `version ${version} of "secrets.seal"`)
}

function sealingUnder(version: number, keys: ReadonlyMap<number, Buffer>, where: string): Sealing {
  const current = keys.get(version)!
  // The oldest names secrets, so that what is kept under a name is still found when a key is replaced.
  const naming = keys.get(Math.min(...keys.keys()))!
  return {
    seal(text, place) {
      const nonce = randomBytes(nonceBytes)
      const cipher = createCipheriv('aes-256-gcm', current, nonce).setAAD(Buffer.from(place))
      const sealed = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
      return `v${version}.${sealed.toString('base64url')}`
    },
    open(sealed, place) {
      try {
        const [, number, text = ''] = /^v(\d{1,4})\.(.+)$/s.exec(sealed) ?? []
        const key = number === undefined ? undefined : keys.get(Number(number))
        if (!key) throw new Error('it is sealed in a way that is not known here')
        const bytes = Buffer.from(text, 'base64url')
        const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes })
        decipher.setAAD(Buffer.from(place)).setAuthTag(bytes.subarray(-tagBytes))
        return decipher.update(bytes.subarray(nonceBytes, -tagBytes), undefined, 'utf8') + decipher.final('utf8')
      } catch (cause) {
        throw new HubError('internal', `A secret that the hub keeps cannot be opened with the key in ${where}.`, { cause })
      }
    },
    fingerprint: (secret) => createHmac('sha256', naming).update(secret).digest('hex').slice(0, 32),
  }
}

function bytesOf(text: string, version: number): Buffer {
  const bytes = /^[0-9a-f]{64}$/i.test(text) ? Buffer.from(text, 'hex') : Buffer.from(text, 'base64')
  if (bytes.byteLength === keyBytes) return bytes
  throw unusable(
    `Version ${version} of "secrets.seal" does not lead to ${keyBytes} bytes in base64 or hexadecimal. Make a key with: openssl rand -base64 32`,
  )
}

async function keyOf(file: string): Promise<Buffer> {
  const known = await readKey(file)
  if (known) return known
  await mkdir(path.dirname(file), { recursive: true })
  const fresh = `${file}.${randomBytes(6).toString('hex')}`
  const handle = await open(fresh, 'wx', 0o600)
  try {
    await handle.writeFile(randomBytes(keyBytes))
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
  if (made) return made
  throw unusable(`The key file ${file} could not be made.`)
}

async function readKey(file: string): Promise<Buffer | undefined> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw unusable(`The key file ${file} cannot be opened. Check that the hub's user may read it.`, error)
  })
  if (!handle) return undefined
  try {
    const stat = await handle.stat()
    if (!stat.isFile() || stat.size !== keyBytes)
      throw unusable(`${file} is not a key of the hub: it has not ${keyBytes} bytes.`)
    if (process.platform !== 'win32' && (stat.mode & 0o077) !== 0)
      throw unusable(`The key file ${file} can be read or changed by other users. Close it with: chmod 600 ${file}`)
    return await handle.readFile()
  } finally {
    await handle.close()
  }
}

function unusable(sentence: string, cause?: unknown): HubError {
  return new HubError('internal', sentence, { cause })
}

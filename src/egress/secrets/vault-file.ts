// Secrets in one encrypted file, for machines without a keychain: AES-256-GCM under a key, or under a passphrase by scrypt.
import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto'
import { open, readFile, rename, unlink } from 'node:fs/promises'
import { z } from 'zod'
import { HubError } from '../../kit/error.ts'
import type { PlaceOptions, VaultFilePlace } from './places.ts'

export interface VaultFile {
  read(name: string): Promise<string>
  write(name: string, secret: string): Promise<void>
  remove(name: string): Promise<void>
  names(): Promise<readonly string[]>
}

const Sealed = z.object({
  toolgate: z.literal('vault-file/1'),
  kdf: z.enum(['key', 'scrypt']),
  salt: z.string(),
  nonce: z.string(),
  data: z.string(),
})
const Names = z.record(z.string(), z.string())
/** 128 MiB and about 0.3 s for each guess (RFC 7914, 2). */
const cost = { N: 2 ** 17, r: 8, p: 1, maxmem: 256 * 1024 * 1024 }

export function vaultFile(place: VaultFilePlace, { resolve }: Pick<PlaceOptions, 'resolve'>): VaultFile {
  const kdf = place.key === undefined ? 'scrypt' : 'key'

  async function keyFor(salt: Buffer): Promise<Buffer> {
    if (place.key !== undefined) return keyOf(await resolve(place.key), '"secrets.vaultfile.key"')
    if (place.passphrase === undefined) throw unusable('"secrets.vaultfile" says neither "key" nor "passphrase".')
    const passphrase = await resolve(place.passphrase)
    if (passphrase.length < 12) throw unusable('The passphrase of the vault file has fewer than 12 characters.')
    return await new Promise((done, failed) =>
      scrypt(passphrase.normalize('NFC'), salt, 32, cost, (error, key) => (error ? failed(error) : done(key))),
    )
  }

  async function load(): Promise<Record<string, string>> {
    const text = await textOf(place.file)
    if (text === undefined) return {}
    const sealed = parsed(text, place.file)
    if (sealed.kdf !== kdf)
      throw unusable(
        `${place.file} was made with a ${sealed.kdf === 'key' ? 'key' : 'passphrase'}; the configuration has the other.`,
      )
    const [salt, nonce, data] = [sealed.salt, sealed.nonce, sealed.data].map((part) => Buffer.from(part, 'base64'))
    const key = await keyFor(salt!)
    try {
      const decipher = createDecipheriv('aes-256-gcm', key, nonce!, { authTagLength: 16 })
      decipher.setAAD(headOf(kdf, salt!)).setAuthTag(data!.subarray(-16))
      return Names.parse(JSON.parse(decipher.update(data!.subarray(0, -16), undefined, 'utf8') + decipher.final('utf8')))
    } catch {
      throw unusable(`${place.file} cannot be opened: the key or passphrase is another one, or the file was changed.`)
    }
  }

  async function save(secrets: Record<string, string>): Promise<void> {
    const [salt, nonce] = [randomBytes(16), randomBytes(12)]
    const cipher = createCipheriv('aes-256-gcm', await keyFor(salt), nonce).setAAD(headOf(kdf, salt))
    const data = Buffer.concat([cipher.update(JSON.stringify(secrets), 'utf8'), cipher.final(), cipher.getAuthTag()])
    const parts = { salt: salt.toString('base64'), nonce: nonce.toString('base64'), data: data.toString('base64') }
    await replaceFile(place.file, `${JSON.stringify({ toolgate: 'vault-file/1', kdf, ...parts })}\n`)
  }

  return {
    async read(name) {
      const secrets = await load()
      if (Object.hasOwn(secrets, name)) return secrets[name]!
      throw unusable(`The vault file has no entry ${name}. Add it with: toolgate secret set vaultfile:${name}`)
    },
    write: async (name, secret) => await save({ ...(await load()), [name]: secret }),
    async remove(name) {
      const { [name]: _gone, ...rest } = await load()
      await save(rest)
    },
    names: async () => Object.keys(await load()).sort(),
  }
}

/** 32 bytes out of a text. */
export function keyOf(text: string, what: string): Buffer {
  const bytes = /^[0-9a-f]{64}$/i.test(text) ? Buffer.from(text, 'hex') : Buffer.from(text, 'base64')
  if (bytes.byteLength === 32) return bytes
  throw unusable(`${what} does not lead to 32 bytes in base64 or hexadecimal. Make one with: openssl rand -base64 32`)
}

/** Whole or not at all, and for nobody else to read. */
export async function replaceFile(file: string, text: string): Promise<void> {
  const fresh = `${file}.${randomBytes(6).toString('hex')}`
  const handle = await open(fresh, 'wx', 0o600).catch((cause: unknown) => {
    throw unusable(`${file} cannot be written. Check that its folder exists and that the hub's user may write there.`, cause)
  })
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(fresh, file).catch(async (cause: unknown) => {
    await unlink(fresh).catch(() => undefined)
    throw unusable(`${file} cannot be replaced.`, cause)
  })
}

function headOf(kdf: string, salt: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`toolgate vault-file/1 ${kdf} `), salt])
}

async function textOf(file: string): Promise<string | undefined> {
  return await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw unusable(`${file} cannot be read.`, error)
  })
}

function parsed(text: string, file: string): z.output<typeof Sealed> {
  try {
    return Sealed.parse(JSON.parse(text))
  } catch {
    throw unusable(`${file} is not a vault file.`)
  }
}

function unusable(sentence: string, cause?: unknown): HubError {
  return new HubError('unauthenticated', sentence, { cause })
}

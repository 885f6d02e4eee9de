// The certificate of the HTTP door: read with care, and read again when it changes.
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { open, readFile, stat } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'

export interface TlsFiles {
  readonly certificate: string
  readonly key: string
}

export interface TlsOptions {
  readonly cert: string
  readonly key: string
  readonly minVersion: 'TLSv1.2'
}

/** @throws Error with a sentence that says which file is wrong, and how */
export async function readTls({ certificate, key }: TlsFiles): Promise<TlsOptions> {
  const cert = await readFile(certificate, 'utf8').catch((cause: unknown) => {
    throw new Error(`The certificate ${certificate} cannot be read.`, { cause })
  })
  const secret = await readKey(key)
  const parts = parse(cert, secret, certificate, key)
  if (!parts.certificate.checkPrivateKey(parts.key))
    throw new Error(`The key ${key} is not the one of the certificate ${certificate}.`)
  const options = { cert, key: secret, minVersion: 'TLSv1.2' } as const
  createSecureContext(options)
  return options
}

function parse(cert: string, secret: string, certificate: string, key: string) {
  let which = `The certificate ${certificate}`
  try {
    const parsed = new X509Certificate(cert)
    which = `The key ${key}`
    return { certificate: parsed, key: createPrivateKey(secret) }
  } catch (cause) {
    throw new Error(`${which} is not what it should be: a PEM file, without a password.`, { cause })
  }
}

async function readKey(file: string): Promise<string> {
  const handle = await open(file).catch((cause: unknown) => {
    throw new Error(`The key ${file} cannot be read.`, { cause })
  })
  try {
    const { mode } = await handle.stat()
    if (process.platform !== 'win32' && (mode & 0o077) !== 0)
      throw new Error(`The key ${file} can be read or changed by other users. Close it with: chmod 600 ${file}`)
    return await handle.readFile('utf8')
  } finally {
    await handle.close()
  }
}

/** Calls back with the new certificate when a file has changed and both fit; until then the old one serves. */
export function watchTls(
  files: TlsFiles,
  changed: (options: TlsOptions) => void,
  refused: (error: unknown) => void,
  everyMs = 2000,
): () => void {
  let last: string | undefined
  let looking = false
  const timer = setInterval(() => {
    if (looking) return
    looking = true
    void look().finally(() => (looking = false))
  }, everyMs)
  timer.unref()
  return () => clearInterval(timer)

  async function look(): Promise<void> {
    const seen = await stateOf(files)
    last ??= seen
    if (seen === last) return
    last = seen
    await readTls(files).then(changed, refused)
  }
}

async function stateOf({ certificate, key }: TlsFiles): Promise<string> {
  const each = await Promise.all([certificate, key].map((file) => stat(file).catch(() => undefined)))
  return each.map((found) => `${found?.ino} ${found?.mtimeMs} ${found?.size}`).join(' ')
}

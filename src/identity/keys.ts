// The public keys of an issuer: kept through an outage, and not asked for again by every token with an unknown key.
import { createLocalJWKSet, errors } from 'jose'
import type { JWK, JWTVerifyGetKey } from 'jose'
import { z } from 'zod'
import { NotKnown } from './issuer.ts'
import type { Ask } from './issuer.ts'

export interface KeysOptions {
  readonly ask: Ask
  readonly url: () => Promise<string>
  readonly now: () => Date
}

const KeySet = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).max(200) })
/** After this they are asked for anew; the old ones serve until the new ones are there. */
const freshMs = 10 * 60_000
/** Keys that could not be renewed for so long are given up. */
const keepMs = 24 * 60 * 60_000
/** However many tokens name a key that is not known, the issuer is asked only this often. */
const cooldownMs = 30_000
const retryMs = 5_000

/** Finds the key that a token names. Rejects with `NotKnown` while there are no keys at all. */
export function issuerKeys({ ask, url, now }: KeysOptions): JWTVerifyGetKey {
  let find: ReturnType<typeof createLocalJWKSet> | undefined
  let fetchedAtMs = -Infinity
  let askedAtMs = -Infinity
  let asking: Promise<void> | undefined

  async function renew(): Promise<void> {
    askedAtMs = now().getTime()
    const { status, text } = await ask({ url: await url() })
    if (status !== 200) throw new Error(`The keys were answered with status ${status}.`)
    const { keys } = KeySet.parse(JSON.parse(text))
    // A secret in a public place is no secret, and a private key is a mistake that must not be used.
    const isPublic = (key: JWK) => key.kty !== 'oct' && key.d === undefined && key.k === undefined
    const usable = keys.filter((key) => isPublic(key) && !isForAnybody(key))
    find = createLocalJWKSet({ keys: usable })
    fetchedAtMs = now().getTime()
  }
  const renewed = () => (asking ??= renew().finally(() => (asking = undefined)))

  return async (header, token) => {
    const age = now().getTime() - fetchedAtMs
    const sinceAsked = now().getTime() - askedAtMs
    if (find === undefined || age > keepMs) {
      find = undefined
      if (asking === undefined && sinceAsked < retryMs) throw new NotKnown('The keys of the issuer cannot be had now.')
      await renewed().catch((cause: unknown) => {
        throw new NotKnown('The keys of the issuer cannot be had now.', { cause })
      })
    } else if (age > freshMs && sinceAsked > cooldownMs) renewed().catch(() => undefined)
    try {
      return await find!(header, token)
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error
      const mayAsk = asking !== undefined || now().getTime() - askedAtMs >= cooldownMs
      if (
        !mayAsk ||
        !(await renewed().then(
          () => true,
          () => false,
        ))
      )
        throw error
      return await find!(header, token)
    }
  }
}

/** With the exponent 1 the signature is the padded digest itself, which everybody can write down. */
function isForAnybody({ kty, e }: JWK): boolean {
  if (kty !== 'RSA') return false
  const exponent = Buffer.from(e ?? '', 'base64url').toString('hex')
  return exponent === '' || BigInt(`0x${exponent}`) < 3n
}

// Proof that whoever sends a token holds the key that it is bound to (RFC 9449).
import { createHash } from 'node:crypto'
import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify } from 'jose'
import type { JWK } from 'jose'
import { algorithms, NotAccepted } from './issuer.ts'

export interface ProofOptions {
  readonly now: () => Date
  /** The address of this resource as clients know it, without query. */
  readonly url: () => string
  /** How far a proof's time may be off. */
  readonly windowMs?: number
  readonly maxSeen?: number
}

export interface Proven {
  readonly proof: string | undefined
  readonly token: string
  readonly method: string
  /** The thumbprint (`cnf.jkt`) that the token is bound to. */
  readonly thumbprint: string
}

/** @returns a check that throws NotAccepted; it remembers proofs, so that none is taken twice */
export function proofCheck({ now, url, windowMs = 60_000, maxSeen = 100_000 }: ProofOptions) {
  const seen = new Map<string, number>()
  return async ({ proof, token, method, thumbprint }: Proven): Promise<void> => {
    if (proof === undefined) throw refused('The token is bound to a key, and the request has no DPoP proof of it.')
    const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, {
      typ: 'dpop+jwt',
      algorithms: [...algorithms],
      currentDate: now(),
      clockTolerance: Math.ceil(windowMs / 1000),
    }).catch((cause: unknown) => {
      throw refused('The DPoP proof is not valid.', cause)
    })
    const key = protectedHeader.jwk as JWK
    if ('d' in key || key.kty === 'oct') throw refused('The DPoP proof shows a key that is not public.')
    if ((await calculateJwkThumbprint(key, 'sha256')) !== thumbprint)
      throw refused('The DPoP proof is made with another key than the one that the token is bound to.')
    if (payload['htm'] !== method || !sameAddress(payload['htu'], url()))
      throw refused('The DPoP proof is made for another request.')
    if (payload['ath'] !== createHash('sha256').update(token).digest('base64url'))
      throw refused('The DPoP proof is made for another token.')
    const ms = now().getTime()
    if (typeof payload.iat !== 'number' || Math.abs(ms - payload.iat * 1000) > windowMs)
      throw refused('The DPoP proof is too old, or its clock is off.')
    if (typeof payload.jti !== 'string' || payload.jti === '' || payload.jti.length > 200)
      throw refused('The DPoP proof has no id.')
    remember(`${thumbprint} ${payload.jti}`, ms)
  }

  function remember(id: string, ms: number): void {
    for (const [old, until] of seen) {
      if (until > ms) break
      seen.delete(old)
    }
    if (seen.has(id)) throw refused('The DPoP proof was used before.')
    // Full of proofs that could still be replayed: forgetting one would let it in again.
    if (seen.size >= maxSeen) throw refused('Too many DPoP proofs arrive at once. Try again in a minute.')
    seen.set(id, ms + 2 * windowMs)
  }
}

function sameAddress(htu: unknown, own: string): boolean {
  if (typeof htu !== 'string' || !URL.canParse(htu)) return false
  const { origin, pathname } = new URL(htu)
  return `${origin}${pathname}` === own
}

function refused(sentence: string, cause?: unknown): NotAccepted {
  return new NotAccepted(sentence, 'proof', cause)
}

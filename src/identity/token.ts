// Whether an access token is good: from its issuer, for this hub, now. Everything else about it is refused.
import { decodeJwt, decodeProtectedHeader, errors, jwtVerify } from 'jose'
import { principalFrom, scopesFrom } from './claims.ts'
import type { Payload } from './claims.ts'
import { discovery } from './discovery.ts'
import { introspector } from './introspect.ts'
import { NotAccepted, NotKnown } from './issuer.ts'
import type { Ask, Issuer } from './issuer.ts'
import { issuerKeys } from './keys.ts'
import type { Principal } from '../kit/policy.ts'

export interface TokenOptions {
  readonly issuers: readonly Issuer[]
  readonly ask: Ask
  readonly now: () => Date
}

export interface Token {
  readonly principal: Principal
  readonly scopes: readonly string[]
  readonly expiresAtMs: number
  /** The thumbprint of the key that it is bound to. */
  readonly boundTo: string | undefined
  readonly issuer: Issuer
}

interface Known {
  readonly issuer: Issuer
  readonly keys: ReturnType<typeof issuerKeys>
  readonly introspect: ((token: string) => Promise<Payload>) | undefined
}

/** @returns a check that throws NotAccepted or NotKnown */
export function tokenCheck({ issuers, ask, now }: TokenOptions): (token: string) => Promise<Token> {
  const known = new Map(issuers.map((issuer) => [issuer.issuer, knowing(issuer, ask, now)]))
  const prefixes = issuers.map(({ claims }) => claims.prefix)
  // A token goes to nobody but its issuer, so that only one can be asked about those that do not name theirs.
  const opaque = [...known.values()].find(({ introspect }) => introspect !== undefined)

  return async (token) => {
    const named = issuerNamedBy(token)
    const found = named === undefined ? opaque : known.get(named)
    if (!found) throw new NotAccepted('The token is from an issuer that this hub does not accept.')
    const { issuer, keys, introspect } = found
    const payload = named === undefined ? await introspect!(token) : await verified(token, issuer, keys, now())
    if (named !== undefined && issuer.introspection?.always) judge(await introspect!(token), issuer, now())
    judge(payload, issuer, now())
    const principal = principalFrom(payload, issuer.claims, issuer.clients, prefixes)
    const expiresAtMs = Number(payload['exp']) * 1000
    return { principal, scopes: scopesFrom(payload), expiresAtMs, boundTo: boundTo(payload, issuer), issuer }
  }
}

function knowing(issuer: Issuer, ask: Ask, now: () => Date): Known {
  const describe = discovery(issuer.issuer, { ask, now })
  const { introspection, jwksUri } = issuer
  const keys = issuerKeys({ ask, now, url: async () => jwksUri ?? there((await describe()).jwks_uri) })
  const endpoint = async () => introspection?.endpoint ?? there((await describe()).introspection_endpoint)
  return { issuer, keys, introspect: introspection && introspector({ ask, endpoint, introspection, now }) }
}

function there(address: string | undefined): string {
  if (address === undefined) throw new NotKnown('The authorization server does not say where it can be asked.')
  return address
}

/** What the token says of itself, to find who can check it; undefined for one that says nothing. */
function issuerNamedBy(token: string): string | undefined {
  if (token.split('.').length === 1) return undefined
  try {
    const { iss } = decodeJwt(token)
    if (typeof iss === 'string') return iss
  } catch {
    // Told below, in words that repeat nothing of it.
  }
  throw new NotAccepted('The token is not a signed access token that names its issuer.')
}

async function verified(token: string, issuer: Issuer, keys: Known['keys'], now: Date): Promise<Payload> {
  try {
    const { typ } = decodeProtectedHeader(token)
    const type = typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//, '') : ''
    if (!issuer.types.includes(type)) throw new NotAccepted('The token is not an access token: its type is another.')
    const { payload } = await jwtVerify(token, keys, {
      issuer: issuer.issuer,
      audience: [...issuer.audiences],
      algorithms: [...issuer.algorithms],
      clockTolerance: issuer.skewSeconds,
      currentDate: now,
      requiredClaims: ['iss', 'aud', 'exp'],
    })
    return payload
  } catch (error) {
    if (error instanceof NotAccepted || error instanceof NotKnown) throw error
    throw new NotAccepted(sentenceFor(error), 'token', error)
  }
}

/** Judged of every token, however it was read: a signature says who said it, and not that it is meant for this hub. */
function judge(payload: Payload, issuer: Issuer, now: Date): void {
  const { iss, aud, exp, nbf, iat } = payload
  const seconds = now.getTime() / 1000
  const skew = issuer.skewSeconds
  if (iss !== issuer.issuer) throw new NotAccepted('The token is from an issuer that this hub does not accept.')
  const audiences = Array.isArray(aud) ? aud : [aud]
  if (!audiences.some((one) => issuer.audiences.includes(one as string))) throw new NotAccepted(otherAudience)
  if (typeof exp !== 'number' || !Number.isFinite(exp) || exp <= seconds - skew) throw new NotAccepted(expired)
  if (nbf !== undefined && !(typeof nbf === 'number' && nbf <= seconds + skew)) throw new NotAccepted(notYet)
  if (iat !== undefined && !(typeof iat === 'number' && iat <= seconds + skew)) throw new NotAccepted(notYet)
  const use = payload['token_use'] ?? payload['token_type']
  if (use === 'id' || use === 'refresh_token' || use === 'refresh')
    throw new NotAccepted('The token is not an access token: its type is another.')
}

function boundTo(payload: Payload, issuer: Issuer): string | undefined {
  const { cnf } = payload
  if (cnf === undefined || cnf === null) {
    if (issuer.dpop === 'required') throw new NotAccepted('This issuer must bind its tokens to a key of the client (DPoP).')
    return undefined
  }
  const { jkt } = cnf as { readonly jkt?: unknown }
  // Bound to something that cannot be checked here, such as a client certificate: not to be taken from just anybody.
  if (typeof jkt !== 'string') throw new NotAccepted('The token is bound to its client in a way that the hub cannot check.')
  return jkt
}

const expired = 'The token has expired. Get a new one.'
const notYet = 'The token is not valid yet. Check the clocks.'
const otherAudience = 'The token is for another service. Ask the authorization server for one for this address.'

function sentenceFor(error: unknown): string {
  if (error instanceof errors.JWTExpired) return expired
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'aud') return otherAudience
    if (error.claim === 'nbf') return notYet
    if (error.claim === 'iss') return 'The token is from an issuer that this hub does not accept.'
  }
  return 'The token is not valid.'
}

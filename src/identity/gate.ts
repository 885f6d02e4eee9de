// From the headers of a request to who sent it, or to why it is refused.
import { isDeepStrictEqual } from 'node:util'
import type { Authenticated, Caller, Gate, Presented, Refused } from '../kit/caller.ts'
import type { Principal } from '../kit/policy.ts'
import { looksLikeKey } from './api-keys.ts'
import type { ApiKeys } from './api-keys.ts'
import { proofCheck } from './dpop.ts'
import { algorithms, NotAccepted, NotKnown } from './issuer.ts'
import type { Ask, Issuer } from './issuer.ts'
import { presenting } from './presented.ts'
import { tokenCheck } from './token.ts'

export interface Scopes {
  readonly read: readonly string[]
  readonly write: readonly string[]
}

export interface GateOptions {
  readonly issuers: readonly Issuer[]
  /** Undefined where no API key is accepted. */
  readonly keys: ApiKeys | undefined
  readonly scopes: Scopes
  /** Whether a tool writes; undefined for one that there is not. */
  readonly writes: (tool: string) => boolean | undefined
  /** The address at which clients reach MCP: what their tokens are for (RFC 8707). */
  readonly resource: () => string
  readonly ask: Ask
  readonly now: () => Date
  /** Told of everybody who came in: what an issuer, or a key, said of somebody last. */
  readonly met?: (principal: Principal, by: 'token' | 'key') => void
  /** Told why something could not be found out, for the log. Never holds a token. */
  readonly trouble?: (error: unknown) => void
}

export function makeGate(options: GateOptions): Gate {
  const { issuers, keys, scopes, now } = options
  const checkToken = tokenCheck({ issuers, ask: options.ask, now })
  const checkProof = proofCheck({ now, url: options.resource })

  async function byToken(scheme: string, text: string, { proof, method }: Presented): Promise<Caller> {
    const token = await checkToken(text)
    if (token.boundTo !== undefined) {
      if (scheme !== 'dpop') throw new NotAccepted('The token is bound to a key: send it as DPoP, with a proof.', 'proof')
      await checkProof({ proof, token: text, method, thumbprint: token.boundTo })
    } else if (scheme === 'dpop') throw new NotAccepted('The token is bound to no key. Send it as Bearer.')
    const { expiresAtMs, issuer } = token
    const principal = presenting(token.principal, { issuer: issuer.issuer, text, expiresAtMs })
    options.met?.(principal, 'token')
    // Judged anew: its issuer may have taken it back, or say less of the same person.
    const stillGood = async () => isDeepStrictEqual((await checkToken(text)).principal, principal)
    return { principal, scopes: token.scopes, expiresAtMs, stillGood }
  }

  async function byKey(text: string): Promise<Caller> {
    const key = await keys?.find(text)
    if (!keys || !key) throw new NotAccepted('The API key is not valid, has expired or was revoked.')
    const { tenant, principal: id, roles, tools, expiresAt } = key
    const principal = { tenant, id, roles, tools }
    options.met?.(principal, 'key')
    return {
      principal,
      scopes: undefined,
      expiresAtMs: Date.parse(expiresAt),
      stillGood: () => keys.stillGood(key),
    }
  }

  return {
    open: false,
    async authenticate(presented): Promise<Authenticated> {
      const { authorization } = presented
      if (authorization === undefined) return { refused: unknown }
      const [, scheme, text] = /^(bearer|dpop) +([A-Za-z0-9._~+/-]+=*)$/i.exec(authorization) ?? []
      if (scheme === undefined || text === undefined) return { refused: unreadable }
      try {
        if (looksLikeKey(text)) return { caller: await byKey(text) }
        if (issuers.length === 0) throw new NotAccepted('This hub accepts API keys only.')
        return { caller: await byToken(scheme.toLowerCase(), text, presented) }
      } catch (error) {
        if (error instanceof NotAccepted) return { refused: refusalOf(error) }
        options.trouble?.(error)
        if (error instanceof NotKnown) return { refused: notNow }
        throw error
      }
    },
    scopesFor(tool) {
      if (issuers.length === 0) return []
      return options.writes(tool) === true ? [...new Set([...scopes.read, ...scopes.write])] : scopes.read
    },
    firstScopes: issuers.length === 0 ? [] : scopes.read,
    metadata: () => (issuers.length === 0 ? undefined : metadataOf(options)),
  }
}

const unknown: Refused = {
  status: 401,
  message:
    'The hub does not know who sends this. Send a credential: an access token or an API key, as Authorization: Bearer.',
  error: undefined,
}
const unreadable: Refused = {
  status: 401,
  message: 'The Authorization header is not one that the hub reads. Send "Bearer" and one access token or API key.',
  error: 'invalid_request',
}
const notNow: Refused = {
  status: 503,
  message: 'Whether the token is good cannot be found out now, so it is not taken. Try again shortly.',
  error: undefined,
}

function refusalOf({ kind, message }: NotAccepted): Refused {
  if (kind === 'forbidden') return { status: 403, message, error: undefined }
  return { status: 401, message, error: kind === 'proof' ? 'invalid_dpop_proof' : 'invalid_token' }
}

/** RFC 9728, 2. */
function metadataOf({ issuers, scopes, resource }: GateOptions): Readonly<Record<string, unknown>> {
  return {
    resource: resource(),
    resource_name: 'Toolgate',
    authorization_servers: issuers.map(({ issuer }) => issuer),
    scopes_supported: [...new Set([...scopes.read, ...scopes.write])],
    bearer_methods_supported: ['header'],
    dpop_signing_alg_values_supported: algorithms,
    ...(issuers.every(({ dpop }) => dpop === 'required') && { dpop_bound_access_tokens_required: true }),
  }
}

// Who sent a request over the network, as a door hears it from whoever checks credentials.
import type { Principal } from './policy.ts'

/** A request as it is judged: its credential headers, and where and how it came. */
export interface Presented {
  readonly method: string
  readonly authorization: string | undefined
  /** The `DPoP` header (RFC 9449). */
  readonly proof: string | undefined
}

export interface Caller {
  readonly principal: Principal
  /** What the credential is good for; undefined where it has no scopes of its own. */
  readonly scopes: readonly string[] | undefined
  /** Milliseconds since 1970; a stream that is still open then is ended. */
  readonly expiresAtMs: number | undefined
  /** Whether the credential is still good, for streams that stay open: an API key may have been revoked. */
  stillGood(): Promise<boolean>
}

export interface Refused {
  /** 401: who it is is not known; 403: known, but not for this; 503: it cannot be found out now. */
  readonly status: 400 | 401 | 403 | 503
  /** For whoever sent it. Says nothing about the credential but why it is not taken. */
  readonly message: string
  /** The error code of RFC 6750, 3.1; none where no credential was sent. */
  readonly error: 'invalid_request' | 'invalid_token' | 'insufficient_scope' | 'invalid_dpop_proof' | undefined
  /** All scopes that the request needs, where scopes are what is missing. */
  readonly scopes?: readonly string[]
}

export type Authenticated = { readonly caller: Caller } | { readonly refused: Refused }

/** What an HTTP door asks of identity. */
export interface Gate {
  /** It lets in whoever reaches it, as the local person: only for a door that nobody else reaches. */
  readonly open: boolean
  authenticate(presented: Presented): Promise<Authenticated>
  /** All scopes that a call of this tool needs; empty where scopes are not used. */
  scopesFor(tool: string): readonly string[]
  /** What clients are told to ask for first. */
  readonly firstScopes: readonly string[]
  /** RFC 9728; undefined where no issuer is configured. */
  metadata(): Readonly<Record<string, unknown>> | undefined
}

// An authorization server whose tokens are accepted, as the configuration says it, and the ways to ask it.

/** Asymmetric ones only: a public key must never serve as the secret of an HMAC. */
export const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const
export type Algorithm = (typeof algorithms)[number]

export interface Issuer {
  /** Compared exactly with `iss`. */
  readonly issuer: string
  /** At least one must be in `aud`, exactly. */
  readonly audiences: readonly string[]
  /** Left out, it is discovered. */
  readonly jwksUri: string | undefined
  readonly algorithms: readonly Algorithm[]
  /** What the header `typ` may say, in small letters and without `application/`. */
  readonly types: readonly string[]
  readonly skewSeconds: number
  /** Whether every token must be bound to a key of its client (RFC 9449). */
  readonly dpop: 'accepted' | 'required'
  /** Whether a client may come in its own name (client credentials), without a person. */
  readonly clients: boolean
  readonly introspection: Introspection | undefined
  readonly claims: Claims
}

export interface Introspection {
  /** Left out, it is discovered. */
  readonly endpoint: string | undefined
  readonly clientId: string
  /** Reads the client's secret, which may rotate. */
  readonly secret: () => Promise<string>
  /** Also of tokens that could be checked here: a revoked one is noticed. */
  readonly always: boolean
  readonly cacheMs: number
}

export interface Claims {
  /** A claim by its name, or a way to it when it begins with `/`: `/realm_access/roles`. */
  readonly id: string
  readonly roles: string | undefined
  readonly tenant: string | undefined
  /** What stands before the id: two issuers may know two people by one id. */
  readonly prefix: string
  /** Roles of the hub for what the claim says; without it the claim's values are the roles. */
  readonly roleMap: ReadonlyMap<string, readonly string[]> | undefined
  /** Roles of everybody whom this issuer knows. */
  readonly granted: readonly string[]
  /** The tenant for each value of the claim; a value that is not here is refused. */
  readonly tenants: ReadonlyMap<string, string>
  /** Where no claim is configured. */
  readonly defaultTenant: string
}

export interface Asked {
  readonly url: string
  readonly method?: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** One bounded request to an authorization server: no redirect is followed. Rejects when there is no complete answer. */
export type Ask = (asked: Asked) => Promise<{ readonly status: number; readonly text: string }>

/** The credential is not taken; the message is for whoever sent it. */
export class NotAccepted extends Error {
  override readonly name = 'NotAccepted'
  readonly kind: 'token' | 'proof' | 'forbidden'

  constructor(message: string, kind: 'token' | 'proof' | 'forbidden' = 'token', cause?: unknown) {
    super(message, cause === undefined ? {} : { cause })
    this.kind = kind
  }
}

/** It cannot be found out now whether the credential is good, so it is not taken. */
export class NotKnown extends Error {
  override readonly name = 'NotKnown'
}

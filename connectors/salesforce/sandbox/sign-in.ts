// The token endpoint for four flows, and sessions that end after two hours.
// https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_flows.htm
import { createHmac, createPublicKey, timingSafeEqual, verify } from 'node:crypto'
import type { JsonObject, SandboxRequest, SandboxResponse, SandboxState } from 'toolgate/kit'
import { z } from 'zod'
import { organizationId } from './ids.ts'
import { Refusal } from './refusal.ts'
import { hubUser, users } from './users.ts'
import type { SandboxUser } from './users.ts'

export const account = {
  instance: 'https://larkfield.my.salesforce.com',
  clientId: '3MVG9Larkfield.Toolgate.Sandbox',
  clientSecret: 'larkfield-sandbox-consumer-secret',
  /** What somebody got when they authorized the hub. */
  refreshToken: '5Aep-larkfield-sandbox-refresh-token-0',
} as const

const sessionMs = 2 * 60 * 60_000
const longestAssertionMs = 5 * 60_000
const audiences = ['https://login.salesforce.com', account.instance]

export function signIn({ body }: SandboxRequest, state: SandboxState, now: Date): SandboxResponse {
  const form = new URLSearchParams(body)
  switch (form.get('grant_type')) {
    case 'client_credentials':
      if (form.get('client_id') !== account.clientId) return refused('invalid_client_id', 'client identifier invalid')
      if (form.get('client_secret') !== account.clientSecret) return refused('invalid_client', 'invalid client credentials')
      return granted(hubUser, now)
    case 'urn:ietf:params:oauth:grant-type:jwt-bearer':
      return byAssertion(form.get('assertion') ?? '', state, now)
    case 'refresh_token':
      return byRefreshToken(form, state, now)
    case 'urn:ietf:params:oauth:grant-type:token-exchange':
      return byExchange(form, state, now)
    default:
      return refused('unsupported_grant_type', 'grant type not supported')
  }
}

const Header = z.object({ alg: z.literal('RS256') })
const Certificate = z.object({ publicKey: z.string() })
const Claims = z.object({ iss: z.string(), sub: z.string(), aud: z.string(), exp: z.number() })

/** The certificate of the app is a document of the sandbox, `oauth` `certificate`: as seeded it has none. Signature, app, login server, time and user, in this order. */
function byAssertion(assertion: string, state: SandboxState, now: Date): SandboxResponse {
  const [header = '', claims = '', signature = ''] = assertion.split('.')
  const content = Buffer.from(`${header}.${claims}`)
  const head = Header.safeParse(decoded(header))
  const said = Claims.safeParse(decoded(claims))
  const certificate = Certificate.safeParse(state.get('oauth', 'certificate'))
  if (!certificate.success) return refused('invalid_app_access', 'no certificate is uploaded for this app')
  const key = createPublicKey(certificate.data.publicKey)
  if (!head.success || !said.success || !verify('RSA-SHA256', content, key, Buffer.from(signature, 'base64url')))
    return refused('invalid_grant', 'invalid assertion')
  const { iss, sub, aud, exp } = said.data
  if (iss !== account.clientId) return refused('invalid_client_id', 'client identifier invalid')
  if (!audiences.includes(aud)) return refused('invalid_grant', 'audience is invalid')
  const left = exp * 1_000 - now.getTime()
  if (left <= 0 || left > longestAssertionMs) return refused('invalid_grant', 'expired authorization code')
  const user = users.find(({ username }) => username === sub)
  return user ? granted(user, now) : refused('invalid_grant', "user hasn't approved this consumer")
}

const Handler = z.object({ issuer: z.string(), key: z.looseObject({ kty: z.literal('RSA') }) })
const exchangeable = ['access_token', 'JWT'].map((type) => `urn:ietf:params:oauth:token-type:${type}`)

/**
 * What an org's own Apex does, here as its documentation's example does it: whom it trusts is a document of the sandbox, `oauth`
 * `handler`, with an issuer and its key; as seeded it has none. The token must be for this org, and its subject be a user's name.
 * https://developer.salesforce.com/docs/atlas.en-us.apexcode.meta/apexcode/token_exchange_handler.htm
 */
function byExchange(form: URLSearchParams, state: SandboxState, now: Date): SandboxResponse {
  if (form.get('client_id') !== account.clientId) return refused('invalid_client_id', 'client identifier invalid')
  if (form.get('client_secret') !== account.clientSecret) return refused('invalid_client', 'invalid client credentials')
  const handler = Handler.safeParse(state.get('oauth', 'handler'))
  if (!handler.success) return refused('invalid_request', 'no token exchange handler is enabled for this app')
  const [header = '', claims = '', signature = ''] = (form.get('subject_token') ?? '').split('.')
  const said = Claims.safeParse(decoded(claims))
  const key = createPublicKey({ key: handler.data.key, format: 'jwk' })
  const genuine =
    Header.safeParse(decoded(header)).success &&
    verify('RSA-SHA256', Buffer.from(`${header}.${claims}`), key, Buffer.from(signature, 'base64url'))
  if (!exchangeable.includes(form.get('subject_token_type') ?? '') || !genuine || !said.success)
    return refused('invalid_grant', 'the subject token is not valid')
  const { iss, sub, aud, exp } = said.data
  if (iss !== handler.data.issuer || aud !== account.instance || exp * 1_000 <= now.getTime())
    return refused('invalid_grant', 'the subject token is not valid')
  const user = users.find(({ username }) => username === `${sub}@larkfield.example` && sub !== hubUser.key)
  const issued = { issued_token_type: 'urn:ietf:params:oauth:token-type:access_token', scope: 'api' }
  return user ? granted(user, now, issued) : refused('invalid_grant', 'no user is mapped to the subject of the token')
}

/** They rotate: a second use of one is taken for theft, and ends the newest too. */
function byRefreshToken(form: URLSearchParams, state: SandboxState, now: Date): SandboxResponse {
  if (form.get('client_id') !== account.clientId) return refused('invalid_client_id', 'client identifier invalid')
  if ((form.get('client_secret') ?? account.clientSecret) !== account.clientSecret)
    return refused('invalid_client', 'invalid client credentials')
  const { current = account.refreshToken, used = 0 } = (state.get('oauth', 'refresh') ?? {}) as {
    readonly current?: string | null
    readonly used?: number
  }
  if (current === null || form.get('refresh_token') !== current) {
    state.put('oauth', 'refresh', { current: null, used })
    return refused('invalid_grant', 'expired access/refresh token')
  }
  const next = `5Aep-larkfield-sandbox-refresh-token-${used + 1}`
  state.put('oauth', 'refresh', { current: next, used: used + 1 })
  return granted(hubUser, now, { refresh_token: next, scope: 'api refresh_token' })
}

export function granted(user: SandboxUser, now: Date, more: JsonObject = {}): SandboxResponse {
  const id = `https://login.salesforce.com/id/${organizationId}/${user.id}`
  const issuedAt = String(now.getTime())
  return {
    status: 200,
    body: {
      access_token: tokenOf(user.key, issuedAt),
      signature: signed(id + issuedAt).toString('base64'),
      scope: user === hubUser ? 'api' : 'api full',
      instance_url: account.instance,
      id,
      token_type: 'Bearer',
      issued_at: issuedAt,
      ...more,
    },
  }
}

/** Whose session a request has. */
export function requireSession({ headers }: SandboxRequest, now: Date): SandboxUser {
  const token = /^(?:Bearer|OAuth) (.+)$/.exec(headers.get('authorization') ?? '')?.[1] ?? ''
  const user = sessionOf(token, now)
  if (user) return user
  throw new Refusal(401, 'INVALID_SESSION_ID', 'Session expired or invalid')
}

export function sessionOf(token: string, now: Date): SandboxUser | undefined {
  const [, key = '', issuedAt = ''] = /\.([a-z]+)\.(\d+)\.[0-9a-f]+$/.exec(token) ?? []
  const valid = same(token, tokenOf(key, issuedAt)) && now.getTime() - Number(issuedAt) < sessionMs
  return valid ? users.find((user) => user.key === key) : undefined
}

/** It says whose it is and when it was issued, so that no session has to be kept. */
function tokenOf(user: string, issuedAt: string): string {
  return `${organizationId.slice(0, 15)}!AQE.${user}.${issuedAt}.${signed(`${user} ${issuedAt}`).toString('hex')}`
}

function signed(text: string): Buffer {
  return createHmac('sha256', account.clientSecret).update(text).digest()
}

function same(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)]
  return a.length === b.length && timingSafeEqual(a, b)
}

function decoded(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
  } catch {
    return undefined
  }
}

function refused(error: string, description: string): SandboxResponse {
  return { status: 400, body: { error, error_description: description } }
}

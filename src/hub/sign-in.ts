// People sign in at the company's identity provider: OpenID Connect, authorization code with PKCE, ID token verified.
// https://openid.net/specs/openid-connect-core-1_0.html, RFC 9700
import { createHash, randomBytes } from 'node:crypto'
import type { Configuration, CustomFetch } from 'openid-client'
import type { Services } from '../call/call.ts'
import { openSession } from '../call/sessions.ts'
import type { SessionView } from '../call/sessions.ts'
import type { ConfiguredOidc } from '../config/admin.ts'
import { identityIn } from '../config/load.ts'
import type { LoadedConfig } from '../config/load.ts'
import { serviceFetch } from '../egress/service.ts'
import type { ServiceRequest } from '../egress/service.ts'
import { claim, principalFrom } from '../identity/claims.ts'
import { HubError } from '../kit/error.ts'

export interface SignIn {
  /** Where people sign in; undefined where the configuration names no identity provider. */
  provider(): string | undefined
  /** @param redirect where the provider sends the browser back to */
  begin(redirect: string): Promise<{ readonly location: string; /** For this browser alone. */ readonly browser: string }>
  /**
   * @param browser what `begin` gave to the browser
   * @param answer the query with which the provider sent it back
   * @throws HubError `forbidden`
   */
  finish(browser: string, answer: string): Promise<{ readonly token: string; readonly session: SessionView }>
}

export interface SignInOptions {
  readonly config: () => LoadedConfig
  readonly services: () => Services
  readonly secret: (reference: string) => Promise<string>
}

const kind = 'admin.sign-in'
const patienceMs = 10 * 60_000
const groupsMax = 200

export function makeSignIn({ config, services, secret }: SignInOptions): SignIn {
  const ask = serviceFetch({ named: () => [config().admin.oidc?.issuer ?? []].flat(), ...config().egress })
  let known: { readonly oidc: ConfiguredOidc; readonly client: Promise<Configuration> } | undefined

  async function client(oidc: ConfiguredOidc): Promise<Configuration> {
    if (known?.oidc !== oidc) known = { oidc, client: discover(oidc) }
    const made = known
    made.client.catch(() => known === made && (known = undefined))
    return await made.client
  }

  async function discover(oidc: ConfiguredOidc): Promise<Configuration> {
    const library = await import('openid-client')
    const proof =
      oidc.clientSecret === undefined ? library.None() : library.ClientSecretBasic(await secret(oidc.clientSecret))
    // Only a provider on this machine may be asked without https, as the schema of the configuration says.
    const execute = oidc.issuer.startsWith('http:') ? [library.allowInsecureRequests] : []
    const made = await library.discovery(new URL(oidc.issuer), oidc.clientId, {}, proof, {
      execute: [...execute, library.enableNonRepudiationChecks],
      [library.customFetch]: fetchBy(ask),
    })
    return made
  }

  function chosen(): ConfiguredOidc {
    const { oidc } = config().admin
    if (!oidc) throw new HubError('refused', 'The configuration names no identity provider (serve.admin.oidc).')
    return oidc
  }

  return {
    provider: () => config().admin.oidc?.issuer,
    async begin(redirect) {
      const oidc = chosen()
      const { buildAuthorizationUrl } = await import('openid-client')
      const hub = services()
      const { tenant } = config()
      const [state, browser] = [fresh(), fresh()]
      const at = hub.now().toISOString()
      const endsAt = new Date(hub.latest().getTime() + patienceMs).toISOString()
      const lapsed = await hub.store.documents({ tenant, kind, dueBy: at, limit: 50 })
      await hub.store.put([
        ...lapsed.map(({ id }) => ({ tenant, kind, id, value: undefined, at })),
        {
          tenant,
          kind,
          id: hashOf(state),
          value: { browser: hashOf(browser), redirect, endsAt },
          dueAt: endsAt,
          version: 0,
          at,
        },
      ])
      const location = buildAuthorizationUrl(await client(oidc), {
        redirect_uri: redirect,
        scope: oidc.scopes.join(' '),
        state,
        nonce: derived('nonce', browser),
        code_challenge: createHash('sha256').update(derived('verifier', browser)).digest('base64url'),
        code_challenge_method: 'S256',
      })
      return { location: location.href, browser }
    },
    async finish(browser, answer) {
      const oidc = chosen()
      const hub = services()
      const { tenant } = config()
      const state = new URLSearchParams(answer).get('state') ?? ''
      const found = await hub.store.document(tenant, kind, hashOf(state))
      const { browser: bound, redirect, endsAt } = (found?.value ?? {}) as Readonly<Record<string, string | undefined>>
      // Another browser than the one that began it: somebody wants to sign its person in as somebody else.
      if (
        !found ||
        redirect === undefined ||
        bound !== hashOf(browser) ||
        !(Date.parse(endsAt ?? '') > hub.latest().getTime())
      )
        throw new HubError('forbidden', lapsedSentence)
      const at = hub.now().toISOString()
      const used = { tenant, kind, id: found.id, version: found.version, value: undefined, at }
      if (!(await hub.store.put([used]))) throw new HubError('forbidden', lapsedSentence)
      const claims = await claimsOf(await client(oidc), new URL(`${redirect}?${answer.replace(/^\?/, '')}`), {
        pkceCodeVerifier: derived('verifier', browser),
        expectedState: state,
        expectedNonce: derived('nonce', browser),
      })
      return await enter(oidc, claims)
    },
  }

  async function enter(oidc: ConfiguredOidc, claims: Readonly<Record<string, unknown>>) {
    const { tenant } = config()
    const id = idFrom(claims, oidc, tenant)
    const person = identityIn(config(), id)
    const said = oidc.claims.roles === undefined ? [] : claim(claims, oidc.claims.roles)
    const groups = [said].flat().filter((group): group is string => typeof group === 'string' && group.length <= 300)
    const name = typeof claims['name'] === 'string' ? claims['name'].slice(0, 200) : undefined
    const by = { issuer: oidc.issuer, groups: groups.slice(0, groupsMax), ...(name !== undefined && { name }) }
    const opened = await openSession(tenant, person, 'browser', services(), by)
    if (opened) return opened
    throw new HubError('forbidden', `You are signed in as ${id}, and nothing in the configuration is for you here.`)
  }
}

const lapsedSentence = 'This sign-in was used before, has lapsed, or began in another browser. Sign in again.'

async function claimsOf(
  client: Configuration,
  address: URL,
  checks: { readonly pkceCodeVerifier: string; readonly expectedState: string; readonly expectedNonce: string },
): Promise<Readonly<Record<string, unknown>>> {
  const { authorizationCodeGrant } = await import('openid-client')
  try {
    const tokens = await authorizationCodeGrant(client, address, { ...checks, idTokenExpected: true })
    return tokens.claims() ?? {}
  } catch (cause) {
    // What the provider writes is for the log: whoever signs in could have written the address themselves.
    throw new HubError('forbidden', 'The identity provider did not confirm who you are. Sign in again.', { cause })
  }
}

function idFrom(payload: Readonly<Record<string, unknown>>, { claims, prefix }: ConfiguredOidc, tenant: string): string {
  const mapping = { id: claims.id, roles: undefined, tenant: undefined, prefix, roleMap: undefined, granted: [] }
  try {
    return principalFrom(payload, { ...mapping, tenants: new Map(), defaultTenant: tenant }, false, []).id
  } catch (cause) {
    throw new HubError('forbidden', cause instanceof Error ? cause.message : 'The identity provider named nobody.', {
      cause,
    })
  }
}

/** The library's fetch, by the hub's own way out. */
function fetchBy(ask: (asked: ServiceRequest) => Promise<{ readonly status: number; readonly text: string }>): CustomFetch {
  return async (url, { method, headers, body }) => {
    // It sends forms, and nothing else.
    const sent = body instanceof URLSearchParams || typeof body === 'string' ? body.toString() : undefined
    const answer = await ask({
      url,
      method: method === 'POST' ? 'POST' : 'GET',
      headers: Object.fromEntries(new Headers(headers)),
      ...(sent !== undefined && { body: sent }),
    })
    return new Response(answer.text, { status: answer.status, headers: { 'content-type': typeOf(answer.text) } })
  }
}

/** The way out gives no headers; a token, a key set and a discovery document are JSON, and anything else is refused. */
function typeOf(text: string): string {
  return /^\s*\{/.test(text) ? 'application/json' : 'text/plain'
}

function fresh(): string {
  return randomBytes(32).toString('base64url')
}

function derived(what: string, secret: string): string {
  return createHash('sha256').update(`${what} ${secret}`).digest('base64url')
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}

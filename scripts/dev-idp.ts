// An authorization server on this machine, for trying the hub with OAuth: every name signs in, with any password.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parseArgs } from 'node:util'
import { Provider } from 'oidc-provider'
import type { Configuration, KoaContextWithOIDC } from 'oidc-provider'

export interface DevIdpOptions {
  /** 0 takes any free one. */
  readonly port?: number
  /** The roles that the tokens of this person name. */
  readonly rolesOf?: (person: string) => readonly string[]
  readonly tokenSeconds?: number
  /** Clients that are known beforehand; others register themselves. */
  readonly clients?: Configuration['clients']
  /** Whether tokens can be read, or have to be asked about. */
  readonly format?: 'jwt' | 'opaque'
  /** More claims of an access token. */
  readonly claims?: (person: string | undefined) => Record<string, unknown>
  readonly scopes?: readonly string[]
}

export interface DevIdp {
  readonly issuer: string
  close(): Promise<void>
}

const hubScopes = ['tools:read', 'tools:write']

export async function startDevIdp(options: DevIdpOptions = {}): Promise<DevIdp> {
  const { rolesOf = () => ['member'], tokenSeconds = 600, format = 'jwt', scopes = hubScopes } = options
  // The issuer names its port, which is known only when it listens.
  let handle: ReturnType<Provider['callback']> | undefined
  const server = createServer((request, response) => void handle?.(request, response))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, '127.0.0.1', () => resolve())
  })
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const provider = new Provider(issuer, {
    clients: options.clients ?? [],
    scopes: ['openid', 'offline_access', ...scopes],
    findAccount: (_context: KoaContextWithOIDC, id: string) => ({ accountId: id, claims: () => ({ sub: id }) }),
    // Clients register with the scopes that they need first, and are asked for more later.
    extraClientMetadata: {
      properties: ['any_scope'],
      validator(_context: unknown, _key: string, _value: unknown, metadata: { scope?: string }) {
        delete metadata.scope
      },
    },
    pkce: { required: () => true },
    features: {
      registration: { enabled: true, initialAccessToken: false },
      revocation: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => Promise.resolve(true) },
      clientCredentials: { enabled: true },
      dPoP: { enabled: true },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => Promise.resolve(true),
        getResourceServerInfo: (_context: KoaContextWithOIDC, resource: string) => ({
          scope: scopes.join(' '),
          audience: resource,
          accessTokenTTL: tokenSeconds,
          accessTokenFormat: format,
          ...(format === 'jwt' && { jwt: { sign: { alg: 'RS256' as const } } }),
        }),
      },
    },
    extraTokenClaims: (_context: KoaContextWithOIDC, token: { readonly accountId?: string }) => ({
      ...(token.accountId !== undefined && { roles: [...rolesOf(token.accountId)] }),
      ...options.claims?.(token.accountId),
    }),
    ttl: {
      AccessToken: tokenSeconds,
      ClientCredentials: tokenSeconds,
      Grant: 3600,
      IdToken: 600,
      Interaction: 600,
      Session: 3600,
    },
    cookies: { keys: ['only for trying it out'] },
  } as unknown as Configuration)
  handle = provider.callback()
  return {
    issuer,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { port: { type: 'string', default: '4200' }, roles: { type: 'string', default: 'member,support,sales' } },
  })
  const idp = await startDevIdp({ port: Number(values.port), rolesOf: () => values.roles.split(',') })
  process.stdout.write(`
${idp.issuer} signs in everybody, as whom they like. It is for trying the hub out, and for nothing else.
In mcp.config.json, under "people":

  "issuers": [{ "issuer": "${idp.issuer}", "claims": { "roles": "roles" } }]

`)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void idp.close())
}

// What a configuration says of who may call over the network: issuers of tokens, API keys, scopes.
import { z } from 'zod'

export const roleName = z
  .string()
  .regex(/^[a-zA-Z0-9][a-zA-Z0-9._@-]{0,63}$/, 'A role has 1 to 64 letters, digits, dots, dashes or underscores.')
const tenantName = z
  .string()
  .regex(/^[a-zA-Z0-9][a-zA-Z0-9._@-]{0,63}$/, 'A tenant has 1 to 64 letters, digits, dots, dashes or underscores.')
const loopbackUrl = /^http:\/\/(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?(\/|$)/

/** An address that a secret or a key may travel to: https, or this machine. */
export const safeUrl = z
  .url('It is a whole address, such as "https://login.acme.dev".')
  .refine((text) => (text.startsWith('https://') || loopbackUrl.test(text)) && !/[@#?]/.test(text), {
    message: 'It begins with https:// (http:// only on this machine), and has no password, query or fragment.',
  })

export const claimName = z
  .string()
  .min(1)
  .max(200)
  .describe('A claim by its name, or a way to it that begins with "/": "/realm_access/roles".')

const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const

const introspection = z
  .strictObject({
    endpoint: safeUrl.optional().describe('Left out, the issuer is asked where it is.'),
    clientId: z.string().min(1).max(300).describe('What the hub is called at the issuer.'),
    credential: z.string().describe('Where the secret of that client is: "env:NAME", "file:PATH", "keychain:NAME" …'),
    always: z
      .boolean()
      .default(false)
      .describe('Also asks about tokens that could be checked without asking, so that a revoked one is noticed.'),
    cacheSeconds: z.number().min(0).max(300).default(10).describe('How long an answer is believed.'),
  })
  .describe('How tokens are checked that only their issuer can read (RFC 7662). At most one issuer can have it.')

const claims = z
  .strictObject({
    id: claimName
      .default('sub')
      .describe('The claim with the person. "email" is taken only when the issuer has verified it.'),
    roles: claimName.optional().describe('The claim with the roles: a list, or words in one text.'),
    tenant: claimName.optional().describe('The claim with the organisation; needs "tenants".'),
  })
  .prefault({})
  .describe('Which claims say who it is.')

const issuerSchema = z.strictObject({
  issuer: safeUrl.describe('Exactly as the tokens say it in "iss".'),
  audience: z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1).max(20)])
    .optional()
    .describe('What "aud" must hold, exactly. Left out, it is the address of MCP: "serve.http.publicUrl".'),
  jwksUri: safeUrl.optional().describe('Where the keys are. Left out, the issuer is asked.'),
  algorithms: z
    .array(z.enum(algorithms))
    .min(1)
    .default(['RS256', 'PS256', 'ES256', 'EdDSA'])
    .describe('How tokens may be signed.'),
  types: z
    .array(z.string().min(1).max(60))
    .min(1)
    .default(['at+jwt'])
    .describe('What the header "typ" of a token may say. Keycloak, Entra and Okta say "JWT".'),
  skewSeconds: z.number().min(0).max(120).default(30).describe('How far the clocks may be apart.'),
  dpop: z
    .enum(['accepted', 'required'])
    .default('accepted')
    .describe('Whether every token must be bound to a key (RFC 9449).'),
  clients: z
    .boolean()
    .default(false)
    .describe('Whether a client may come in its own name, without a person (client credentials).'),
  introspection: introspection.optional(),
  claims,
  prefix: z
    .string()
    .regex(/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,30}:$/, 'A prefix is a word and a colon: "partner:".')
    .optional()
    .describe('Stands before the ids of its people. All issuers but one need one of their own.'),
  roles: z.array(roleName).max(100).default([]).describe('Roles of everybody whom this issuer knows.'),
  roleMap: z
    .record(z.string(), z.array(roleName).max(50))
    .optional()
    .describe('Which roles a value of the claim stands for. Left out, its values are the roles.'),
  tenants: z
    .record(z.string(), tenantName)
    .default({})
    .describe('Which tenant a value of the claim stands for; others are refused.'),
})

/** The keys of `people` that speak of callers over the network. */
export const callers = {
  issuers: z
    .array(issuerSchema)
    .max(20)
    .default([])
    .describe('Authorization servers (OAuth 2.1, OpenID Connect) whose tokens are accepted.'),
  apiKeys: z.boolean().default(false).describe('Whether service agents may come with keys made by `toolgate key create`.'),
  scopes: z
    .strictObject({
      read: z
        .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/))
        .max(20)
        .default(['tools:read'])
        .describe('What a token needs for anything.'),
      write: z
        .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/))
        .max(20)
        .default(['tools:write'])
        .describe('What it needs besides for a write.'),
    })
    .prefault({})
    .describe('The scopes that tokens need. Empty lists ask for none.'),
}

/** The keys of `serve.http` that speak of the way to the hub. */
export const reach = {
  publicUrl: safeUrl.optional().describe('The address at which clients reach MCP: "https://hub.acme.dev/mcp".'),
  allowedOrigins: z
    .array(z.string().regex(/^https?:\/\/[^/\s]+$/, 'An origin is a scheme and a host: "https://console.acme.dev".'))
    .max(50)
    .default([])
    .describe('Web pages that may use the hub.'),
  tls: z
    .strictObject({
      certificate: z.string().min(1).describe('The file with the certificate and its chain (PEM).'),
      key: z.string().min(1).describe('The file with the private key (PEM), closed to other users.'),
    })
    .optional()
    .describe('Serves https. Both files are read again when they change.'),
  behindProxy: z
    .strictObject({
      trusted: z
        .array(z.union([z.cidrv4(), z.cidrv6()], 'It is a network such as "10.0.0.0/8", or one address as "10.0.0.7/32".'))
        .min(1)
        .max(50)
        .describe('Where the proxy connects from. From elsewhere nothing is accepted.'),
    })
    .optional()
    .describe('A proxy before the hub does https, and is the only way to it.'),
}

type Callers = z.output<z.ZodObject<typeof callers>>
type Reach = z.output<z.ZodObject<typeof reach>>
export type ConfiguredIssuer = Callers['issuers'][number]
export type ConfiguredCallers = Callers

export interface Slip {
  readonly path: readonly (string | number)[]
  readonly message: string
  readonly hint: string
}

const loopbackHost = /^(localhost|127(\.\d{1,3}){3}|::1)$/

/** What is missing or at odds between the keys, each with its place. */
export function callerProblems(people: Callers, http: Reach & { readonly host: string }): readonly Slip[] {
  return [...issuerProblems(people), ...reachProblems(people, http)]
}

function issuerProblems({ issuers }: Callers): readonly Slip[] {
  const at = (index: number, ...rest: string[]) => ['people', 'issuers', index, ...rest]
  return issuers.flatMap((each, index): readonly Slip[] => {
    const before = issuers.slice(0, index)
    const problems: Slip[] = []
    if (before.some((other) => other.issuer === each.issuer))
      problems.push({ path: at(index, 'issuer'), message: 'This issuer is there twice.', hint: 'Keep one of the two.' })
    if (before.some(({ prefix }) => prefix === each.prefix)) {
      const message = 'Two issuers could know two people by one id.'
      problems.push({
        path: at(index),
        message,
        hint: 'Give each issuer but one a "prefix" of its own, such as "partner:".',
      })
    }
    if (each.introspection && before.some(({ introspection: other }) => other)) {
      const message = 'Only one issuer can be asked about tokens that do not name theirs.'
      problems.push({ path: at(index, 'introspection'), message, hint: 'Keep "introspection" at one issuer.' })
    }
    if (each.claims.tenant !== undefined && Object.keys(each.tenants).length === 0) {
      const message = 'A claim names the tenant, and no tenant is named for its values.'
      problems.push({ path: at(index), message, hint: 'Add "tenants": { "VALUE OF THE CLAIM": "TENANT" }.' })
    }
    return problems
  })
}

function reachProblems(
  people: Callers,
  { host, tls, behindProxy, publicUrl }: Reach & { readonly host: string },
): readonly Slip[] {
  const path = ['serve', 'http']
  const problems: Slip[] = []
  const authenticated = people.issuers.length > 0 || people.apiKeys
  if (tls && behindProxy)
    problems.push({
      path: [...path, 'tls'],
      message: '"tls" and "behindProxy" are both there.',
      hint: 'Keep the one that is so.',
    })
  if (!loopbackHost.test(host)) {
    const message = `The hub would listen on ${host}, where others reach it.`
    if (!authenticated) {
      const hint = 'Add "issuers" or "apiKeys": true under "people": without them everybody there would be let in.'
      problems.push({ path: [...path, 'host'], message, hint })
    }
    if (!tls && !behindProxy) {
      const hint =
        'Add "tls": { "certificate": "FILE", "key": "FILE" } or "behindProxy": { "trusted": ["NETWORK"] } under "serve.http".'
      problems.push({ path: [...path, 'host'], message, hint })
    }
  }
  const reached = !loopbackHost.test(host) || behindProxy !== undefined
  if (reached && authenticated && publicUrl === undefined) {
    const message = 'Nothing says at which address clients reach the hub, and for which their tokens must be.'
    problems.push({ path, message, hint: 'Add "publicUrl": "https://HOST/mcp" under "serve.http".' })
  }
  if (behindProxy && !authenticated) {
    const message = 'Whoever the proxy lets through would be the local person.'
    problems.push({ path: [...path, 'behindProxy'], message, hint: 'Add "issuers" or "apiKeys": true under "people".' })
  }
  return problems
}

// From what an issuer says of somebody to who that is here: id, tenant and roles. What is not mapped is not believed.
import type { Principal } from '../kit/policy.ts'
import { NotAccepted } from './issuer.ts'
import type { Claims } from './issuer.ts'

export type Payload = Readonly<Record<string, unknown>>

const idPattern = /^[A-Za-z0-9][A-Za-z0-9._@|:+=/-]{0,127}$/
const rolePattern = /^[a-zA-Z0-9][a-zA-Z0-9._@-]{0,63}$/
const maxRoles = 100

/**
 * @param others what stands before the ids of the other issuers: nobody may be called like one of theirs
 * @throws NotAccepted
 */
export function principalFrom(payload: Payload, claims: Claims, clients: boolean, others: readonly string[]): Principal {
  const client = clientOf(payload)
  if (client !== undefined && !clients)
    throw new NotAccepted(
      'The token belongs to a client and to no person, which this issuer is not configured for.',
      'forbidden',
    )
  const id = client === undefined ? claims.prefix + personOf(payload, claims) : `${claims.prefix}client:${client}`
  if (!idPattern.test(id)) throw new NotAccepted('The token names nobody in a way that the hub can use.')
  if (others.some((prefix) => prefix !== '' && prefix !== claims.prefix && id.startsWith(prefix)))
    throw new NotAccepted('The token names somebody as another issuer would.')
  return { tenant: tenantOf(payload, claims), id, roles: rolesOf(payload, claims) }
}

/** The claim of this name, or the one at the end of the way. */
export function claim(payload: Payload, name: string): unknown {
  if (!name.startsWith('/')) return Object.hasOwn(payload, name) ? payload[name] : undefined
  let value: unknown = payload
  for (const step of name.slice(1).split('/')) {
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~')
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, key)) return undefined
    value = (value as Payload)[key]
  }
  return value
}

function personOf(payload: Payload, claims: Claims): string {
  const value = claim(payload, claims.id)
  if (typeof value !== 'string' || value === '') throw new NotAccepted('The token does not say whose it is.')
  // Whoever may type any address into a profile would be anybody.
  if (claims.id === 'email' && payload['email_verified'] !== true)
    throw new NotAccepted('The token names an e-mail address that its issuer did not verify.')
  if (value.startsWith('client:')) throw new NotAccepted('The token names a person as a client would be named.')
  return value
}

/** The client that got the token for itself, told by the marks that issuers leave on such tokens. */
function clientOf(payload: Payload): string | undefined {
  const { sub } = payload
  const client = payload['client_id'] ?? payload['azp'] ?? payload['cid'] ?? payload['appid']
  const name = payload['preferred_username']
  if (typeof client !== 'string' || client === '') return undefined
  const itself =
    sub === undefined ||
    sub === client ||
    sub === `${client}@clients` ||
    payload['gty'] === 'client-credentials' ||
    payload['idtyp'] === 'app' ||
    (typeof name === 'string' && name.startsWith('service-account-'))
  return itself ? client : undefined
}

function tenantOf(payload: Payload, claims: Claims): string {
  if (claims.tenant === undefined) return claims.defaultTenant
  const value = claim(payload, claims.tenant)
  const tenant = typeof value === 'string' ? claims.tenants.get(value) : undefined
  // No default: it would be somebody else's tenant.
  if (tenant === undefined)
    throw new NotAccepted('The token belongs to an organisation that this hub does not serve.', 'forbidden')
  return tenant
}

function rolesOf(payload: Payload, { roles: name, roleMap, granted }: Claims): readonly string[] {
  const value = name === undefined ? [] : claim(payload, name)
  const said = typeof value === 'string' ? value.split(' ') : Array.isArray(value) ? value : []
  const texts = said.filter((role): role is string => typeof role === 'string')
  const mapped = roleMap ? texts.flatMap((role) => roleMap.get(role) ?? []) : texts.filter((role) => rolePattern.test(role))
  return [...new Set([...granted, ...mapped])].slice(0, maxRoles)
}

/** The scopes of a token, by any of the names that issuers use (RFC 9068, 2.2.3; Entra `scp`; Okta `scp` as a list). */
export function scopesFrom(payload: Payload): readonly string[] {
  const value = payload['scope'] ?? payload['scp']
  const texts = typeof value === 'string' ? value.split(' ') : Array.isArray(value) ? value : []
  return [...new Set(texts.filter((scope): scope is string => typeof scope === 'string' && scope !== ''))]
}

// Who is calling over the network: the gate of the HTTP door, made of the configuration in force, and the keys of agents.
import { identityIn } from '../config/load.ts'
import type { LoadedConfig } from '../config/load.ts'
import type { ConfiguredIssuer } from '../config/people.ts'
import { serviceFetch } from '../egress/service.ts'
import { apiKeys } from '../identity/api-keys.ts'
import type { ApiKeys } from '../identity/api-keys.ts'
import { makeGate } from '../identity/gate.ts'
import type { Issuer } from '../identity/issuer.ts'
import { presentedBy, presenting } from '../identity/presented.ts'
import type { Authenticated, Caller, Gate } from '../kit/caller.ts'
import type { Principal } from '../kit/policy.ts'
import type { Store } from '../kit/record.ts'
import type { Log } from './log.ts'

export interface IdentityOptions {
  readonly config: () => LoadedConfig
  readonly store: () => Store
  readonly now: () => Date
  readonly id: (prefix: string) => string
  readonly secret: (reference: string) => Promise<string>
  readonly writes: (tool: string) => boolean | undefined
  readonly log: Log
}

export interface Identity {
  readonly keys: ApiKeys
  /**
   * The gate that the configuration asks for. One that began without authentication takes it up when it is configured;
   * one that began with it never goes without.
   *
   * @param address where the door listens
   */
  gate(address: () => string): Gate
  /** What was said last of somebody who came in: by an issuer, or else by a key. */
  rolesOf(tenant: string, id: string): readonly string[] | undefined
}

/** Long enough for what waits for a person; who was not seen since then has to come again. */
const rememberMs = 24 * 60 * 60_000
const maxRemembered = 10_000

export function makeIdentity(options: IdentityOptions): Identity {
  const { config, now, log } = options
  const keys = apiKeys(options)
  const met = new Map<
    string,
    { readonly roles: readonly string[]; readonly untilMs: number; readonly by: 'token' | 'key' }
  >()
  const ask = serviceFetch({ named: () => addressesIn(config().people.issuers), ...config().egress })

  function meet({ tenant, id, roles }: Principal, by: 'token' | 'key'): void {
    const key = JSON.stringify([tenant, id])
    // What an issuer says of somebody is not replaced by what a key says.
    const known = met.get(key)
    if (by === 'key' && known?.by === 'token' && known.untilMs > now().getTime()) return
    met.delete(key)
    if (met.size >= maxRemembered) met.delete(met.keys().next().value!)
    met.set(key, { roles, untilMs: now().getTime() + rememberMs, by })
  }

  /** Whoever the configuration knows by several names is one person to policies, limits and the ledger. */
  function underOneName(found: Authenticated): Authenticated {
    if ('refused' in found || found.caller.principal.tenant !== config().tenant) return found
    const { principal } = found.caller
    const named = presenting({ ...principal, id: identityIn(config(), principal.id) }, presentedBy(principal))
    return { caller: { ...found.caller, principal: named } }
  }

  return {
    keys,
    gate(address) {
      const open = !needsGate(config())
      let made: { readonly people: LoadedConfig['people']; readonly gate: Gate } | undefined
      const gate = () => {
        const { people, tenant, http } = config()
        if (made?.people === people) return made.gate
        // Caches of keys and answers outlive a change of anything else.
        if (made && same(made.people, people)) return (made = { people, gate: made.gate }).gate
        const resource = () => http.publicUrl ?? address()
        const fresh = makeGate({
          issuers: people.issuers.map((issuer) => issuerOf(issuer, tenant, resource, options.secret)),
          keys: people.apiKeys ? keys : undefined,
          scopes: people.scopes,
          writes: options.writes,
          resource,
          ask,
          now,
          met: meet,
          trouble: (error) => log.warn({ err: error }, 'a token could not be checked, so it was not taken'),
        })
        made = { people, gate: fresh }
        return fresh
      }
      const asLocal = (): Caller => ({
        principal: { tenant: config().tenant, id: config().people.local.id, roles: config().people.local.roles },
        scopes: undefined,
        expiresAtMs: undefined,
        stillGood: async () => !needsGate(config()),
      })
      return {
        open,
        async authenticate(presented) {
          return open && !needsGate(config()) ? { caller: asLocal() } : underOneName(await gate().authenticate(presented))
        },
        scopesFor: (tool) => gate().scopesFor(tool),
        get firstScopes() {
          return gate().firstScopes
        },
        metadata: () => gate().metadata(),
      }
    },
    rolesOf(tenant, id) {
      const known = met.get(JSON.stringify([tenant, id]))
      return known && known.untilMs > now().getTime() ? known.roles : undefined
    },
  }
}

function needsGate({ people }: LoadedConfig): boolean {
  return people.issuers.length > 0 || people.apiKeys
}

function same(left: LoadedConfig['people'], right: LoadedConfig['people']): boolean {
  const told = ({ issuers, apiKeys: accepted, scopes }: LoadedConfig['people']) =>
    JSON.stringify([issuers, accepted, scopes])
  return told(left) === told(right)
}

function addressesIn(issuers: readonly ConfiguredIssuer[]): readonly string[] {
  return issuers.flatMap(({ issuer, jwksUri, introspection }) =>
    [issuer, jwksUri, introspection?.endpoint].filter((address): address is string => address !== undefined),
  )
}

function issuerOf(
  configured: ConfiguredIssuer,
  defaultTenant: string,
  resource: () => string,
  secret: (reference: string) => Promise<string>,
): Issuer {
  const { audience, introspection, claims, prefix, roles, roleMap, tenants, ...rest } = configured
  const audiences = audience === undefined ? undefined : [audience].flat()
  return {
    ...rest,
    jwksUri: configured.jwksUri,
    // The door knows its address only when it listens.
    get audiences() {
      return audiences ?? [resource()]
    },
    types: configured.types.map((type) => type.toLowerCase().replace(/^application\//, '')),
    introspection: introspection && {
      endpoint: introspection.endpoint,
      clientId: introspection.clientId,
      secret: () => secret(introspection.credential),
      always: introspection.always,
      cacheMs: introspection.cacheSeconds * 1000,
    },
    claims: {
      id: claims.id,
      roles: claims.roles,
      tenant: claims.tenant,
      prefix: prefix ?? '',
      roleMap: roleMap && new Map(Object.entries(roleMap)),
      granted: roles,
      tenants: new Map(Object.entries(tenants)),
      defaultTenant,
    },
  }
}

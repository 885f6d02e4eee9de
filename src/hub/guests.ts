// People whom the configuration does not name, but whose identity provider it believes: known while they are signed in.
import type { SignedInBy } from '../call/call.ts'
import { adminRoles } from '../config/admin.ts'
import type { AdminRole } from '../config/admin.ts'
import { identityIn } from '../config/load.ts'
import type { LoadedConfig } from '../config/load.ts'

export interface Guest {
  readonly id: string
  readonly name: string | undefined
  readonly roles: readonly string[]
  readonly admin: AdminRole | undefined
}

export interface Guests {
  welcome(id: string, by: SignedInBy, endsAt: string): void
  find(id: string): Guest | undefined
  list(): readonly Guest[]
}

const maxKnown = 10_000

/** What their claims are worth is read from the configuration in force, each time. */
export function makeGuests(config: () => LoadedConfig, latest: () => Date): Guests {
  const known = new Map<string, { readonly by: SignedInBy; readonly endsAt: string }>()

  function find(id: string): Guest | undefined {
    const found = known.get(id)
    const { oidc } = config().admin
    if (!found || found.by.issuer !== oidc?.issuer || !(Date.parse(found.endsAt) > latest().getTime())) return undefined
    // Somebody whom the configuration names, under this or another name, has their rights from it alone.
    if (identityIn(config(), id) !== id || isNamed(config(), id)) return undefined
    const { groups, name } = found.by
    const roles = [...new Set(groups.flatMap((group) => oidc.roleMap.get(group) ?? []))]
    const admin = adminRoles.findLast((role) => groups.some((group) => oidc.admin.get(group) === role))
    return admin === undefined && roles.length === 0 ? undefined : { id, name, roles, admin }
  }

  return {
    welcome(id, by, endsAt) {
      known.delete(id)
      if (known.size >= maxKnown) known.delete(known.keys().next().value!)
      known.set(id, { by, endsAt })
    },
    find,
    list: () => [...known.keys()].flatMap((id) => find(id) ?? []),
  }
}

function isNamed({ people }: LoadedConfig, id: string): boolean {
  return people.local.id === id || people.directory.has(id)
}

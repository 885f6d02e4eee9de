// Who has said yes: one distinct person for each group of approvers, and only while they may.
import type { Principal } from '../kit/policy.ts'
import type { Services } from './call.ts'

export type Group = readonly string[]

export interface Granted {
  readonly group: Group
  /** The person's id. */
  readonly by: string
}

export function isOneOf(person: Pick<Principal, 'id' | 'roles'>, group: Group): boolean {
  return group.some((who) => who === `person:${person.id}` || person.roles.some((role) => who === `role:${role}`))
}

export function same(left: Group, right: Group): boolean {
  return JSON.stringify(left) === JSON.stringify(right)
}

/** Whether each group that is needed has said yes. */
export function covers(granted: readonly Granted[], needed: readonly Group[]): boolean {
  return needed.every((group) => granted.some((given) => same(given.group, group)))
}

/** What is left of it today: a yes ends with the right to give it. */
export function stillGiven(granted: readonly Granted[], hub: Services): readonly Granted[] {
  return granted.filter(({ group, by }) => isOneOf({ id: by, roles: hub.rolesOf(by) ?? [] }, group))
}

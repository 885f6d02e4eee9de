// The yeses to one call: whose they are, and whether they are all that is needed, now.
import type { Principal } from '../kit/policy.ts'
import { mayForThemselves, samePerson } from './approver.ts'
import type { Channel } from './approver.ts'
import type { Services } from './call.ts'
import { delegationsOf } from './delegation.ts'
import { standingLeft } from './standing.ts'

export type Group = readonly string[]

export interface Granted {
  /** The person's id. */
  readonly by: string
  readonly channel: Channel
  readonly at: string
  /** What they said yes to. */
  readonly digest: string
  /** The standing grant by which they said it in advance. */
  readonly standing?: string
}

/** Those yeses that count at this moment. */
export interface Yeses {
  readonly granted: readonly Granted[]
  /** Whether every group has said yes, each by another person. */
  covers(needed: readonly Group[]): boolean
  /** Whether one more yes would be of any use. */
  wants(by: Pick<Granted, 'by' | 'channel'>, needed: readonly Group[]): boolean
}

/** Whose call it is, and who else may answer for its approvers since it waited too long. */
export interface AskedFor {
  readonly tenant: string
  readonly principal: string
  readonly escalatedTo: Group
}

export function isOneOf(person: Pick<Principal, 'id' | 'roles'>, group: Group): boolean {
  return group.some((who) => who === `person:${person.id}` || person.roles.some((role) => who === `role:${role}`))
}

/** A yes ends with the right to give it; a yes of the requester, under whatever name, never was one. */
export async function yesesOf(granted: readonly Granted[], asked: AskedFor, hub: Services): Promise<Yeses> {
  const { tenant, principal: requester, escalatedTo } = asked
  const delegations = await delegationsOf(tenant, hub)
  const named = (who: string) => (who.startsWith('person:') ? `person:${hub.identityOf(who.slice('person:'.length))}` : who)
  /** Those whose right this person can use: their own, and those of whoever delegated theirs to them. */
  const holdersFor = ({ by }: Given): readonly string[] =>
    [by, ...delegations.filter(({ to }) => samePerson(to, by, hub)).map(({ from }) => from)]
      .filter((holder) => !samePerson(holder, requester, hub))
      .map((holder) => hub.identityOf(holder))
  const holds = (holder: string, group: Group): boolean => {
    const roles = hub.rolesOf(holder, tenant)
    return roles !== undefined && isOneOf({ id: holder, roles }, [...group, ...escalatedTo].map(named))
  }
  const answered = (given: readonly Given[], needed: readonly Group[]): number => {
    if (given.some((each) => mayForThemselves({ id: each.by, channel: each.channel }, requester, hub))) return needed.length
    const others = given.filter(({ by }) => !samePerson(by, requester, hub))
    return mostAnswered(needed, others.map(holdersFor), holds)
  }
  const good: Granted[] = []
  for (const each of granted) {
    if (each.standing !== undefined && !(await standingLeft(tenant, each.standing, hub))) continue
    if (hub.rolesOf(each.by, tenant) === undefined || good.some(({ by }) => samePerson(by, each.by, hub))) continue
    good.push(each)
  }
  return {
    granted: good,
    covers: (needed) => needed.length > 0 && answered(good, needed) === needed.length,
    wants: (by, needed) => answered([...good, by], needed) > answered(good, needed),
  }
}

type Given = Pick<Granted, 'by' | 'channel'>

/** More ways than this to share out the groups are not tried: what is not found by then is not there. */
const stepsMax = 20_000

/**
 * How many of the groups can be answered for, each by another yes and by the right of another person: whoever says yes for
 * somebody who has said yes themselves adds nothing.
 */
function mostAnswered(
  needed: readonly Group[],
  given: readonly (readonly string[])[],
  holds: (holder: string, group: Group) => boolean,
): number {
  let steps = 0
  const most = (at: number, left: readonly (readonly string[])[], used: ReadonlySet<string>): number => {
    const group = needed[at]
    if (group === undefined || steps++ > stepsMax) return 0
    let best = 0
    for (const holders of left) {
      for (const holder of holders) {
        if (used.has(holder) || !holds(holder, group)) continue
        best = Math.max(
          best,
          1 +
            most(
              at + 1,
              left.filter((other) => other !== holders),
              new Set([...used, holder]),
            ),
        )
        if (best === needed.length - at) return best
      }
    }
    return Math.max(best, most(at + 1, left, used))
  }
  return most(0, given, new Set())
}

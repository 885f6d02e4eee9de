// Standing grants: a person's yes in advance, to so many calls of a kind until a time.
import { HubError } from '../kit/error.ts'
import { glob } from '../kit/glob.ts'
import type { JsonObject } from '../kit/json.ts'
import type { Document } from '../kit/record.ts'
import { checkApprover } from './approver.ts'
import type { Approver, Channel } from './approver.ts'
import { entry } from './audit.ts'
import type { Services } from './call.ts'
import { endOf } from './delegation.ts'

export const standingKind = 'standing'
const kind = standingKind
export const listMax = 1000
const countMax = 10_000

export interface Standing {
  readonly id: string
  /** A wire name, or a pattern of them. */
  readonly tool: string
  /** Whose calls; everybody's where left out. */
  readonly principal: string | undefined
  /** Only calls whose every effect lives inside: `{ 'jira.project': ['OPS'] }`. */
  readonly where: Readonly<Record<string, readonly string[]>>
  readonly count: number
  readonly left: number
  readonly until: string
  readonly grantedBy: string
  readonly channel: Channel
  readonly reason: string | undefined
  readonly createdAt: string
  readonly revokedBy: string | undefined
  readonly revokedAt: string | undefined
  readonly state: 'active' | 'used up' | 'over' | 'revoked'
}

export interface StandingGrant {
  readonly tool: string
  readonly principal?: string | undefined
  readonly where?: Readonly<Record<string, readonly string[]>> | undefined
  readonly count: number
  /** RFC 3339. */
  readonly until: string
  readonly reason?: string | undefined
}

export async function listStanding(tenant: string, hub: Services): Promise<readonly Standing[]> {
  return (await hub.store.documents({ tenant, kind, limit: listMax })).map((document) => standingOf(document, hub))
}

/** @throws HubError `invalid_input` for what would cover nothing or everything */
export async function grantStanding(approver: Approver, grant: StandingGrant, hub: Services): Promise<Standing> {
  checkApprover(approver, hub)
  const { tenant } = approver
  const { tool, principal, where = {}, count, reason } = grant
  const covered = [...hub.current().offers.keys()].some((name) => glob(name, tool))
  if (!/^[a-z0-9_*]{1,60}$/.test(tool) || !covered || /^\*+$/.test(tool))
    throw new HubError(
      'invalid_input',
      `No tool is called ${JSON.stringify(tool.slice(0, 60))}. Name one, or a pattern such as jira_comment_*.`,
    )
  if (!Number.isInteger(count) || count < 1 || count > countMax)
    throw new HubError('invalid_input', `It is for 1 to ${countMax} calls.`)
  if (principal !== undefined && hub.rolesOf(principal, tenant) === undefined)
    throw new HubError('invalid_input', `The configuration knows nobody called ${principal}.`)
  const at = hub.now().toISOString()
  const id = hub.id('std')
  const value: JsonObject = {
    tool,
    ...(principal !== undefined && { principal }),
    where: Object.fromEntries(Object.entries(where).map(([name, ids]) => [name, [...ids]])),
    count,
    left: count,
    until: endOf(grant.until, hub),
    grantedBy: approver.id,
    channel: approver.channel,
    ...(reason !== undefined && { reason }),
  }
  await hub.store.put(
    [{ tenant, kind, id, value, version: 0, at }],
    entry(hub, tenant, 'standing.granted', undefined, { standing: id, ...value }),
  )
  return standingOf({ tenant, kind, id, value, version: 1, dueAt: undefined, createdAt: at, updatedAt: at }, hub)
}

/** Anybody who may decide may take it back: that only ever asks more. */
export async function revokeStanding(id: string, approver: Approver, hub: Services): Promise<void> {
  checkApprover(approver, hub)
  const { tenant } = approver
  const found = await hub.store.document(tenant, kind, id)
  if (!found) throw new HubError('not_found', `There is no standing grant ${id}.`)
  const at = hub.now().toISOString()
  const value = { ...found.value, revokedBy: approver.id, revokedAt: at }
  const put = { tenant, kind, id, version: found.version, value, at }
  const told = entry(hub, tenant, 'standing.revoked', undefined, { standing: id, by: approver.id })
  if (!(await hub.store.put([put], told))) throw new HubError('conflict', 'It was used meanwhile. Look at it again.')
}

/** Whether it still stands; that it is used up does not matter to a call that has taken its part. */
export async function standingLeft(tenant: string, id: string, hub: Services): Promise<boolean> {
  const found = await hub.store.document(tenant, kind, id)
  const state = found && standingOf(found, hub).state
  return state === 'active' || state === 'used up'
}

export function standingOf({ id, value, createdAt }: Document, hub: Services): Standing {
  const { tool, principal, where, count, left, until, grantedBy, channel, reason, revokedBy, revokedAt } =
    value as unknown as Omit<Standing, 'id' | 'createdAt' | 'state'>
  const over = !(Date.parse(until) > hub.latest().getTime())
  const state = revokedAt !== undefined ? 'revoked' : over ? 'over' : left > 0 ? 'active' : 'used up'
  return {
    id,
    tool,
    principal,
    where,
    count,
    left,
    until,
    grantedBy,
    channel,
    reason,
    createdAt,
    revokedBy,
    revokedAt,
    state,
  }
}

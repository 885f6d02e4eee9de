// Somebody lets another person decide in their place until a time.
import { HubError } from '../kit/error.ts'
import type { Document } from '../kit/record.ts'
import { checkApprover, samePerson } from './approver.ts'
import type { Approver } from './approver.ts'
import { entry } from './audit.ts'
import type { Services } from './call.ts'

const kind = 'delegation'
const listMax = 1000

export interface Delegation {
  readonly id: string
  readonly from: string
  readonly to: string
  readonly until: string
  readonly reason: string | undefined
  readonly createdAt: string
  readonly state: 'active' | 'over' | 'revoked'
}

export interface Delegating {
  readonly to: string
  /** RFC 3339. */
  readonly until: string
  readonly reason?: string | undefined
}

/** Those that count now. */
export async function delegationsOf(tenant: string, hub: Services): Promise<readonly Delegation[]> {
  return (await listDelegations(tenant, hub)).filter(({ state }) => state === 'active')
}

export async function listDelegations(tenant: string, hub: Services): Promise<readonly Delegation[]> {
  return (await hub.store.documents({ tenant, kind, limit: listMax })).map((document) => delegationOf(document, hub))
}

/** @throws HubError `invalid_input` for somebody unknown, oneself, or a time that is no time to come */
export async function delegate(approver: Approver, { to, until, reason }: Delegating, hub: Services): Promise<Delegation> {
  checkApprover(approver, hub)
  const { tenant, id: from } = approver
  if (hub.rolesOf(to, tenant) === undefined)
    throw new HubError('invalid_input', `The configuration knows nobody called ${to}.`)
  if (samePerson(from, to, hub))
    throw new HubError('invalid_input', 'Nobody can delegate to themselves, under whatever name.')
  const end = endOf(until, hub)
  const at = hub.now().toISOString()
  const id = hub.id('dlg')
  const value = { from, to, until: end, ...(reason !== undefined && { reason }) }
  const told = entry(hub, tenant, 'delegation.granted', undefined, { delegation: id, ...value, channel: approver.channel })
  await hub.store.put([{ tenant, kind, id, value, version: 0, at }], told)
  return { id, from, to, until: end, reason, createdAt: at, state: 'active' }
}

/** @throws HubError `not_found`, also for somebody else's */
export async function endDelegation(id: string, approver: Approver, hub: Services): Promise<void> {
  checkApprover(approver, hub)
  const { tenant } = approver
  const found = await hub.store.document(tenant, kind, id)
  if (!found || !samePerson(delegationOf(found, hub).from, approver.id, hub))
    throw new HubError('not_found', `You have delegated nothing as ${id}.`)
  const at = hub.now().toISOString()
  const told = entry(hub, tenant, 'delegation.revoked', undefined, { delegation: id, by: approver.id })
  const put = { tenant, kind, id, version: found.version, value: { ...found.value, revokedAt: at }, at }
  if (!(await hub.store.put([put], told))) throw new HubError('conflict', 'It was changed meanwhile. Look at it again.')
}

/** @throws HubError `invalid_input` unless it is a time to come, within a year */
export function endOf(until: string, hub: Services): string {
  const time = /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/.test(until) ? Date.parse(until) : Number.NaN
  const now = hub.latest().getTime()
  if (time > now && time <= now + 366 * 24 * 3_600_000) return new Date(time).toISOString()
  throw new HubError('invalid_input', 'The end must be a time to come, within a year, such as 2026-05-31T18:00:00Z.')
}

function delegationOf({ id, value, createdAt }: Document, hub: Services): Delegation {
  const { from, to, until, reason, revokedAt } = value as {
    from: string
    to: string
    until: string
    reason?: string
    revokedAt?: string
  }
  const over = !(Date.parse(until) > hub.latest().getTime())
  return { id, from, to, until, reason, createdAt, state: revokedAt === undefined ? (over ? 'over' : 'active') : 'revoked' }
}

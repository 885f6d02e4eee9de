// People who signed in: one-time links, and the sessions that they open. Only hashes of either are kept.
import { createHash, randomBytes } from 'node:crypto'
import { HubError } from '../kit/error.ts'
import type { JsonObject } from '../kit/json.ts'
import type { Document, Put } from '../kit/record.ts'
import type { Approver } from './approver.ts'
import { entry } from './audit.ts'
import type { Services, SignedInBy } from './call.ts'

/** How long a link waits, how long a session lasts, and how long without being used. */
export const linkMs = 10 * 60_000
export const sessionMs = 12 * 60 * 60_000
export const idleMs = 30 * 60_000
/** A session's last use is written down this often. */
const touchMs = 60_000

const links = 'session-link'
const sessions = 'session'

export interface SessionView {
  /** SHA-256 of the token: what may be logged. */
  readonly id: string
  readonly approver: Approver
  /** As the configuration in force gives them. */
  readonly roles: readonly string[]
  readonly endsAt: string
  /** What a page sends back with every change. */
  readonly csrf: string
}

/**
 * A code that opens one session for this person. Whoever holds it is taken for that person, so it goes to nobody else.
 *
 * @throws HubError `not_found` for somebody that the configuration does not know
 */
export async function makeLink(
  tenant: string,
  person: string,
  hub: Services,
): Promise<{ readonly code: string; readonly expiresAt: string }> {
  if (hub.rolesOf(person, tenant) === undefined)
    throw new HubError('not_found', `The configuration knows nobody called ${person}.`)
  const code = randomBytes(32).toString('base64url')
  const at = hub.now().toISOString()
  const endsAt = new Date(hub.latest().getTime() + linkMs).toISOString()
  const put = { tenant, kind: links, id: hashOf(code), value: { person, endsAt }, version: 0, dueAt: endsAt, at }
  await hub.store.put([put], entry(hub, tenant, 'session.link', undefined, { person }))
  return { code, expiresAt: endsAt }
}

/** Uses the code up; of two at once, one gets the session. Undefined for a code that is used, lapsed or made up. */
export async function redeemLink(
  tenant: string,
  code: string,
  channel: 'browser' | 'terminal',
  hub: Services,
): Promise<{ readonly token: string; readonly session: SessionView } | undefined> {
  const found = await hub.store.document(tenant, links, hashOf(code))
  if (!found || isOver(found, hub)) return undefined
  const { person } = found.value as { person: string }
  const used = { tenant, kind: links, id: found.id, value: undefined, version: found.version, at: hub.now().toISOString() }
  return await open(tenant, { person, channel }, [used], hub)
}

/**
 * A session for somebody who has shown who they are elsewhere. Its token is new, whatever the browser brought.
 *
 * @returns undefined for somebody whom neither the configuration nor what the provider said of them gives any right
 */
export async function openSession(
  tenant: string,
  person: string,
  channel: 'browser',
  hub: Services,
  by: SignedInBy,
): Promise<{ readonly token: string; readonly session: SessionView } | undefined> {
  const endsAt = new Date(hub.latest().getTime() + sessionMs).toISOString()
  hub.welcome?.(person, by, endsAt)
  if (hub.rolesOf(person, tenant) === undefined) return undefined
  return await open(tenant, { person, channel, by: { ...by, groups: [...by.groups] } }, [], hub)
}

async function open(
  tenant: string,
  whose: JsonObject,
  also: readonly Put[],
  hub: Services,
): Promise<{ readonly token: string; readonly session: SessionView } | undefined> {
  const token = randomBytes(32).toString('base64url')
  const at = hub.now().toISOString()
  const endsAt = new Date(hub.latest().getTime() + sessionMs).toISOString()
  const value = { ...whose, endsAt, usedAt: hub.latest().toISOString() }
  const opened = { tenant, kind: sessions, id: hashOf(token), value, version: 0, dueAt: endsAt, at }
  const told = entry(hub, tenant, 'session.opened', undefined, { ...whose, session: opened.id.slice(0, 16) })
  if (!(await hub.store.put([...also, opened], told))) return undefined
  await forgetLapsed(tenant, hub)
  const session = await sessionOf(tenant, token, hub)
  return session && { token, session }
}

/** Undefined for a session that ended, idled or was never opened, or whose person left the configuration. */
export async function sessionOf(
  tenant: string,
  token: string,
  hub: Services,
  how: 'use' | 'look' = 'use',
): Promise<SessionView | undefined> {
  const found = await hub.store.document(tenant, sessions, hashOf(token))
  if (!found || isOver(found, hub)) return undefined
  const { person, channel, endsAt, usedAt, by } = found.value as unknown as {
    by?: SignedInBy
    person: string
    channel: Approver['channel']
    endsAt: string
    usedAt: string
  }
  if (by) hub.welcome?.(person, by, endsAt)
  const idle = hub.latest().getTime() - Date.parse(usedAt)
  const roles = hub.rolesOf(person, tenant)
  if (roles === undefined || !(idle <= idleMs)) return undefined
  if (how === 'use' && idle > touchMs) {
    const at = hub.now().toISOString()
    const value = { ...found.value, usedAt: hub.latest().toISOString() }
    // Somebody else touched it at the same time: that does as well.
    await hub.store.put([{ tenant, kind: sessions, id: found.id, value, version: found.version, dueAt: endsAt, at }])
  }
  const csrf = createHash('sha256').update(`csrf ${token}`).digest('base64url')
  return { id: found.id, approver: { tenant, id: person, channel }, roles, endsAt, csrf }
}

export async function endSession(tenant: string, token: string, hub: Services): Promise<void> {
  const found = await hub.store.document(tenant, sessions, hashOf(token))
  if (!found) return
  const at = hub.now().toISOString()
  const told = entry(hub, tenant, 'session.ended', undefined, {
    person: found.value['person'] ?? null,
    session: found.id.slice(0, 16),
  })
  await hub.store.put([{ tenant, kind: sessions, id: found.id, value: undefined, at }], told)
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}

function isOver({ value: { endsAt } }: Document, hub: Services): boolean {
  return typeof endsAt !== 'string' || !(Date.parse(endsAt) > hub.latest().getTime())
}

/** Each sign-in takes away a few that have lapsed, so that they do not pile up. */
async function forgetLapsed(tenant: string, hub: Services): Promise<void> {
  const at = hub.now().toISOString()
  for (const kind of [links, sessions]) {
    const lapsed = await hub.store.documents({ tenant, kind, dueBy: at, limit: 50 })
    if (lapsed.length > 0) await hub.store.put(lapsed.map(({ id }) => ({ tenant, kind, id, value: undefined, at })))
  }
}

// The switch: nothing in its scope is sent any more, by any process, until somebody lets it go on.
import { HubError } from '../kit/error.ts'
import type { JsonObject } from '../kit/json.ts'
import type { Principal } from '../kit/policy.ts'
import type { Document, Put } from '../kit/record.ts'
import { checkApprover, samePerson } from './approver.ts'
import type { Approver } from './approver.ts'
import { entry } from './audit.ts'
import type { Answer, Offer, Services } from './call.ts'
import { callOf } from './details.ts'
import { finish } from './ledger.ts'
import { newsOf } from './news.ts'

const kind = 'switch'
/** A stop is of the whole hub, whoever its callers work for; no tenant can be called this. */
const everywhere = '*'
const listMax = 1000

export type Scope = { readonly kind: 'all' } | { readonly kind: 'principal' | 'connector' | 'tool'; readonly id: string }

export interface Stop {
  readonly scope: Scope
  readonly by: string
  readonly channel: string
  readonly reason: string
  readonly at: string
  /** Who stopped everything and wants to go on: a second person must say so too. */
  readonly resumeAskedBy: string | undefined
}

type Target = Pick<Offer, 'instance' | 'name'> & { readonly facts: Pick<Offer['facts'], 'write' | 'connector'> }

/**
 * Read from the store each time, which takes microseconds: a stop by another process counts for the very next send.
 *
 * @throws HubError `unavailable` with who stopped it and why
 */
export async function refuseStopped(principal: Principal, target: Target, hub: Services): Promise<void> {
  // How something ended can still be asked.
  if (target.facts.connector === 'hub' && !target.facts.write) return
  const found = await stopOf(principal, target, hub)
  if (!found) return
  throw new HubError(
    'unavailable',
    `${wordsOf(found.scope)} was stopped by ${found.by}, so nothing is sent. The reason given: ${found.reason}`,
  )
}

export async function listStops(hub: Services): Promise<readonly Stop[]> {
  return (await hub.store.documents({ tenant: everywhere, kind, limit: listMax })).map(stopIn)
}

/** Also ends what waits for people, or was approved and not sent. */
export async function stop(
  tenant: string,
  scope: Scope,
  by: { readonly id: string; readonly channel: string },
  reason: string,
  hub: Services,
): Promise<Stop & { readonly cancelled: number }> {
  const at = hub.now().toISOString()
  checkScope(scope, hub)
  const value = { scope: { ...scope }, by: by.id, channel: by.channel, reason: reason.trim().slice(0, 1000) || 'none', at }
  const news = newsOf(hub, tenant, 'switch.changed', { switch: 'stopped', ...value })
  const put: Put = { tenant: everywhere, kind, id: idOf(scope, hub), value, at }
  await hub.store.put([put, ...news.puts], entry(hub, tenant, 'switch.stopped', undefined, value))
  hub.tell(news.event)
  const cancelled = await cancelHeld(scope, value, hub)
  return { ...value, scope, resumeAskedBy: undefined, cancelled }
}

/**
 * Who stopped everything cannot alone let it go on.
 *
 * @throws HubError `not_found` when nothing of the kind is stopped, `forbidden` for the person who was stopped
 */
export async function resume(
  scope: Scope,
  approver: Approver,
  reason: string,
  hub: Services,
): Promise<{ readonly resumed: boolean; readonly was: Stop }> {
  checkApprover(approver, hub)
  const { tenant } = approver
  const found = await hub.store.document(everywhere, kind, idOf(scope, hub))
  if (!found) throw new HubError('not_found', `${wordsOf(scope)} is not stopped.`)
  const was = stopIn(found)
  if (scope.kind === 'principal' && samePerson(scope.id, approver.id, hub) && !isPersonal(approver, hub))
    throw new HubError('forbidden', 'Whoever was stopped cannot let themselves go on; somebody else must.')
  const at = hub.now().toISOString()
  const second = was.resumeAskedBy !== undefined && !samePerson(was.resumeAskedBy, approver.id, hub)
  const alone = scope.kind === 'all' && samePerson(was.by, approver.id, hub) && !second
  const told: JsonObject = {
    scope: { ...scope },
    by: approver.id,
    channel: approver.channel,
    reason,
    stopped_by: was.by,
    why: was.reason,
  }
  if (alone && !isPersonal(approver, hub)) {
    const value = { ...found.value, resumeAskedBy: approver.id }
    const asked = entry(hub, tenant, 'switch.resume-asked', undefined, { ...told, break_glass: true })
    await changeStop({ tenant: everywhere, kind, id: found.id, value, version: found.version, at }, [], asked, hub)
    return { resumed: false, was: { ...was, resumeAskedBy: approver.id } }
  }
  const news = newsOf(hub, tenant, 'switch.changed', { switch: 'resumed', ...told })
  const resumed = entry(hub, tenant, 'switch.resumed', undefined, {
    ...told,
    ...((alone || second) && { break_glass: true }),
  })
  await changeStop(
    { tenant: everywhere, kind, id: found.id, value: undefined, version: found.version, at },
    news.puts,
    resumed,
    hub,
  )
  hub.tell(news.event)
  return { resumed: true, was }
}

async function changeStop(put: Put, puts: readonly Put[], told: ReturnType<typeof entry>, hub: Services): Promise<void> {
  if (await hub.store.put([put, ...puts], told)) return
  throw new HubError('conflict', 'The switch was changed meanwhile. Look at it again.')
}

/** There is nobody else on a personal machine; it is recorded as what it is. */
function isPersonal({ id, channel }: Approver, hub: Services): boolean {
  const { personal } = hub.current().settings.approvals
  return personal !== undefined && channel === 'browser' && samePerson(personal, id, hub)
}

async function stopOf(principal: Principal, target: Target, hub: Services): Promise<Stop | undefined> {
  const scopes: readonly Scope[] = [
    { kind: 'all' },
    { kind: 'principal', id: principal.id },
    { kind: 'connector', id: target.instance },
    { kind: 'tool', id: target.name },
  ]
  // Each by itself: however many stops there are, none of these is overlooked.
  for (const scope of scopes) {
    const found = await hub.store.document(everywhere, kind, idOf(scope, hub))
    if (found) return stopIn(found)
  }
  return undefined
}

function covers(
  scope: Scope,
  held: { readonly principal: string; readonly instance: string; readonly name: string },
  hub: Services,
): boolean {
  if (scope.kind === 'all') return true
  if (scope.kind === 'principal') return samePerson(scope.id, held.principal, hub)
  return scope.id === (scope.kind === 'connector' ? held.instance : held.name)
}

async function cancelHeld(
  scope: Scope,
  by: { readonly by: string; readonly reason: string },
  hub: Services,
): Promise<number> {
  let cancelled = 0
  const message = `It was stopped by ${by.by} before anything was sent. The reason given: ${by.reason}`
  const tenants = await hub.store.tenants()
  const held = await Promise.all(tenants.map((tenant) => hub.store.operations({ tenant, states: ['held'], limit: 10_000 })))
  for (const operation of held.flat()) {
    if (!covers(scope, { ...operation, name: operation.tool }, hub)) continue
    const answer: Answer = {
      status: 'failed',
      message,
      operation_id: operation.id,
      error: { code: 'refused', retry: 'later' },
    }
    const details = { ...operation.details, ended: 'stopped' }
    if (await finish(operation, 'failed', answer, { id: callOf(operation) }, hub, { stopped_by: by.by }, details))
      cancelled += 1
  }
  return cancelled
}

function checkScope(scope: Scope, hub: Services): void {
  if (scope.kind === 'all') return
  const offers = [...hub.current().offers.values()]
  const known =
    scope.kind === 'principal'
      ? /^\S{1,200}$/.test(scope.id)
      : offers.some(({ name, instance }) => scope.id === (scope.kind === 'tool' ? name : instance))
  if (!known) throw new HubError('invalid_input', `There is no ${scope.kind} called ${JSON.stringify(scope.id)}.`)
}

/** A person has one, whatever name was used. */
function idOf(scope: Scope, hub: Services): string {
  if (scope.kind === 'all') return 'all'
  return `${scope.kind}:${scope.kind === 'principal' ? hub.identityOf(scope.id).toLowerCase() : scope.id}`
}

function wordsOf(scope: Scope): string {
  return scope.kind === 'all' ? 'Everything' : `The ${scope.kind} ${scope.id}`
}

function stopIn({ value }: Document): Stop {
  const { scope, by, channel, reason, at, resumeAskedBy } = value as unknown as Stop
  return { scope, by, channel, reason, at, resumeAskedBy }
}

// Yeses in advance and deputies: who gave what to whom, until when, and how it is taken back.
import { HubError } from '../kit/error.ts'
import type { Operation } from '../kit/record.ts'
import type { Plan } from '../kit/tool.ts'
import type { AdminHub } from './hub.ts'
import type { Asked, Route } from './routes.ts'
import type { Alike, DelegationsView, StandingView } from './wire.ts'

export const grants: readonly Route[] = [
  { method: 'GET', path: /^\/admin\/api\/standing$/, role: 'viewer', run: listStanding },
  { method: 'POST', path: /^\/admin\/api\/approvals\/([\w-]+)\/standing$/, role: 'approver', run: grantAlike },
  { method: 'POST', path: /^\/admin\/api\/standing\/([\w-]+)\/revoke$/, role: 'approver', run: revokeStanding },
  { method: 'GET', path: /^\/admin\/api\/delegations$/, role: 'viewer', run: listDelegations },
  { method: 'POST', path: /^\/admin\/api\/delegations$/, role: 'approver', run: delegate },
  { method: 'POST', path: /^\/admin\/api\/delegations\/([\w-]+)\/revoke$/, role: 'approver', run: revokeDelegation },
]

async function listStanding({ hub }: Asked): Promise<readonly StandingView[]> {
  return await hub.standing.list()
}

/** From a request, and no wider than it: this tool, this requester, these places. Only for whoever may decide on it. */
async function grantAlike({ hub, visitor, id, body }: Asked): Promise<StandingView> {
  const view = await hub.approvals.view(id, visitor.approver)
  if (!view.mayDecide)
    throw new HubError('forbidden', view.blocked ?? 'Whoever may not decide on this cannot say yes to more of it.')
  const alike = await alikeOf(hub, id)
  if (!alike) throw new HubError('refused', 'This is looked at each time, and nobody can say yes to it in advance.')
  const { count, until } = body
  if (typeof count !== 'number') throw new HubError('invalid_input', 'Say how many calls it is for.')
  return await hub.standing.grant(visitor.approver, { ...alike, count, until: textOf(until), ...reasonOf(body) })
}

async function revokeStanding({ hub, visitor, id }: Asked): Promise<object> {
  await hub.standing.revoke(id, visitor.approver)
  return {}
}

async function listDelegations({ hub, visitor }: Asked): Promise<DelegationsView> {
  return {
    delegations: await hub.delegations.list(),
    people: hub.people().flatMap(({ id, name }) => (id === visitor.person.id ? [] : [{ id, name: name ?? id }])),
  }
}

/** Nobody gives away but their own. */
async function delegate({ hub, visitor, body }: Asked): Promise<object> {
  const delegating = { to: textOf(body['to']), until: textOf(body['until']), ...reasonOf(body) }
  return await hub.delegations.grant(visitor.approver, delegating)
}

async function revokeDelegation({ hub, visitor, id }: Asked): Promise<object> {
  await hub.delegations.revoke(id, visitor.approver)
  return {}
}

/** What a yes in advance to calls like this one would cover; undefined where there can be none. */
export async function alikeOf(hub: AdminHub, id: string): Promise<Alike | undefined> {
  const operation = await hub.store.operation(id)
  const plan = operation?.tenant === hub.tenant ? planOf(operation) : undefined
  if (!operation || !plan || plan.audience.external || plan.audience.massMention) return undefined
  const places = plan.effects.map(({ resources }) => resources)
  const names = Object.keys(places[0] ?? {}).filter((name) => places.every((each) => each[name] !== undefined))
  // Without a place that all of it has in common, it would be a yes to anywhere.
  if (names.length === 0) return undefined
  const where = Object.fromEntries(
    names.map((name) => [name, [...new Set(places.flatMap((each) => [each[name] ?? []].flat()))]] as const),
  )
  return { tool: operation.tool, principal: operation.principal, where }
}

function planOf({ plan }: Operation): Plan | undefined {
  return 'effects' in plan ? (plan as unknown as Plan) : undefined
}

function reasonOf({ reason }: Asked['body']): { readonly reason?: string } {
  if (reason === undefined || reason === '') return {}
  if (typeof reason === 'string' && reason.length <= 1000) return { reason: reason.trim() }
  throw new HubError('invalid_input', 'The reason has at most 1000 characters.')
}

function textOf(value: unknown): string {
  if (typeof value === 'string' && value.length <= 200) return value
  throw new HubError('invalid_input', 'A value is missing, or is no text.')
}

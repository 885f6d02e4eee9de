// The sentences in force, what they would say of a call, and whether their scenarios hold.
import { HubError } from '../kit/error.ts'
import type { JsonObject } from '../kit/json.ts'
import type { Asked, Route } from './routes.ts'
import type { PoliciesView, ScenarioView, Tried } from './wire.ts'

export const policies: readonly Route[] = [
  { method: 'GET', path: /^\/admin\/api\/policies$/, role: 'viewer', run: read },
  { method: 'POST', path: /^\/admin\/api\/policies\/try$/, role: 'operator', run: attempt },
  { method: 'POST', path: /^\/admin\/api\/policies\/scenarios$/, role: 'operator', run: scenarios },
]

async function read({ hub }: Asked): Promise<PoliciesView> {
  return {
    files: await hub.policies(),
    people: hub.people().map(({ id, roles }) => ({ id, roles })),
    tools: [...hub.current().offers.values()]
      .filter(({ state }) => state === 'on')
      .map(({ name, tool }) => ({ name, example: tool.example as JsonObject })),
  }
}

/** Asks as somebody else, so it is noted who did; what was found is not shown, only what the rules say. */
async function attempt({ hub, visitor, body }: Asked): Promise<Tried> {
  const { who, tool, arguments: given } = body
  const person = hub.people().find(({ id }) => id === who)
  if (!person) throw new HubError('not_found', `The configuration knows no person called ${JSON.stringify(who)}.`)
  if (typeof tool !== 'string') throw new HubError('invalid_input', 'Name a tool.')
  const principal = { tenant: hub.tenant, id: person.id, roles: person.roles }
  const at = hub.now().toISOString()
  const payload = { by: visitor.principal.id, as: person.id, tool: tool.slice(0, 128) }
  await hub.store.append({ tenant: hub.tenant, id: hub.id('ae'), at, kind: 'admin.tried', call: undefined, payload })
  const { answer, decision } = await hub.explain({ door: 'admin', principal, tool, arguments: given ?? {} })
  return {
    status: answer.status,
    message: answer.message,
    decision,
    plan: visitor.principal.id === person.id ? (answer.plan as unknown as JsonObject | undefined) : undefined,
  }
}

async function scenarios({ hub }: Asked): Promise<readonly ScenarioView[]> {
  return await hub.scenarios()
}

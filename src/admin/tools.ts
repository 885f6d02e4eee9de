// Every tool with its state and how it fares; and turning one on or off, shown before it is done.
import { HubError } from '../kit/error.ts'
import { textHash } from '../kit/chain.ts'
import { saveConfiguration } from './configuration.ts'
import type { AdminHub, Person } from './hub.ts'
import type { Asked, Route } from './routes.ts'
import type { ToolChange, ToolView } from './wire.ts'

export const tools: readonly Route[] = [
  { method: 'GET', path: /^\/admin\/api\/tools$/, role: 'viewer', run: list },
  { method: 'GET', path: /^\/admin\/api\/tools\/(\w+)\/change$/, role: 'viewer', run: preview },
  { method: 'POST', path: /^\/admin\/api\/tools\/(\w+)\/change$/, role: 'admin', run: save },
]

const usageHours = 7 * 24

async function list({ hub }: Asked): Promise<readonly ToolView[]> {
  const used = await hub.usage({ hours: usageHours, by: 'tool' })
  const byName = new Map(used.rows.map((row) => [row.name, row]))
  const { offers, readOnly } = hub.current()
  return [...offers.values()].map((offer): ToolView => {
    const row = byName.get(offer.name)
    return {
      name: offer.name,
      title: offer.tool.title,
      description: offer.tool.description,
      class: offer.facts.class,
      instance: offer.instance,
      connector: offer.facts.connector,
      state: offer.state,
      why: offer.why,
      readOnly: offer.facts.write ? readOnly.get(offer.instance) : undefined,
      scopes: offer.tool.scopes,
      switchable: hub.isSwitchable(offer),
      calls: row?.calls ?? 0,
      failures: row?.failed ?? 0,
      lastUsedAt: row?.lastAt,
    }
  })
}

async function preview({ hub, id, query }: Asked): Promise<ToolChange> {
  return (await planned(hub, id, query.get('on') === 'true')).change
}

async function save({ hub, visitor, id, body }: Asked): Promise<ToolChange> {
  if (typeof body['on'] !== 'boolean') throw new HubError('invalid_input', 'Say whether it is to be on: true or false.')
  const { change, text } = await planned(hub, id, body['on'])
  if (body['base'] !== change.base)
    throw new HubError('conflict', 'Somebody else has changed the configuration since you looked. Look at the change again.')
  if (change.changed.length === 0) return change
  await saveConfiguration(hub, visitor, {
    text,
    base: change.base,
    what: `${id} turned ${change.on ? 'on' : 'off'}`,
    changed: change.changed,
  })
  return change
}

async function planned(
  hub: AdminHub,
  tool: string,
  on: boolean,
): Promise<{ readonly change: ToolChange; readonly text: string }> {
  const offer = hub.current().offers.get(tool)
  if (!offer || !hub.isSwitchable(offer))
    throw new HubError('not_found', `There is no tool ${tool} that can be turned on or off.`)
  const { text: now, digest: base } = await hub.configuration.read()
  const { text, changed } = await hub.configuration.withTool(tool, on)
  if (textHash(now) !== base) throw new HubError('conflict', 'The configuration is being changed. Try again.')
  const reached = hub.people().filter((person) => maySee(hub, person, tool))
  const names = reached.map(({ id }) => id)
  const others = hub
    .people()
    .filter((person) => !reached.includes(person))
    .map(({ id }) => id)
  const change = {
    tool,
    on,
    file: hub.configuration.file,
    base,
    changed,
    gains: on ? names : [],
    loses: on ? [] : names,
    unaffected: others,
  }
  return { change: changed.length === 0 ? { ...change, gains: [], loses: [] } : change, text }
}

/** Whether the policies let this person use the tool at all, were it on. */
function maySee(hub: AdminHub, { id, roles }: Person, tool: string): boolean {
  const { offers, policy } = hub.current()
  const offer = offers.get(tool)
  if (!offer) return false
  return policy.refuses({ principal: { tenant: hub.tenant, id, roles }, tool: offer.facts, now: hub.now() }) === undefined
}

// How much is used, and how the vendors are.
import type { Asked, Route } from './routes.ts'
import type { ConnectionView, LimitView, UsageView } from './wire.ts'

export const insights: readonly Route[] = [
  { method: 'GET', path: /^\/admin\/api\/usage$/, role: 'viewer', run: usage },
  { method: 'GET', path: /^\/admin\/api\/limits$/, role: 'viewer', run: limits },
  { method: 'GET', path: /^\/admin\/api\/connections$/, role: 'viewer', run: connections },
]

const hoursMax = 31 * 24

async function usage({ hub, query }: Asked): Promise<UsageView> {
  const hours = Math.min(hoursMax, Math.max(1, Math.trunc(Number(query.get('hours') ?? 24)) || 24))
  const by = query.get('by')
  return await hub.usage({ hours, by: by === 'principal' || by === 'instance' ? by : 'tool' })
}

async function limits({ hub }: Asked): Promise<readonly LimitView[]> {
  return await hub.limits()
}

async function connections({ hub }: Asked): Promise<readonly ConnectionView[]> {
  return await hub.connections()
}

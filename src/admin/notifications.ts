// What was told to whom by webhooks, how that went, and sending it once more.
import type { Asked, Route } from './routes.ts'
import type { NotificationView } from './wire.ts'

export const notifications: readonly Route[] = [
  { method: 'GET', path: /^\/admin\/api\/notifications$/, role: 'viewer', run: list },
  { method: 'POST', path: /^\/admin\/api\/notifications\/([\w-]+)\/replay$/, role: 'operator', run: replay },
]

const shown = 200

async function list({ hub }: Asked): Promise<readonly NotificationView[]> {
  return await hub.notifications.list({ limit: shown })
}

/** The same body again, under the same id: whoever receives it can tell that they have had it. */
async function replay({ hub, visitor, id }: Asked): Promise<object> {
  await hub.notifications.replay(id)
  const at = hub.now().toISOString()
  const payload = { by: visitor.principal.id, notification: id }
  await hub.store.append({
    tenant: hub.tenant,
    id: hub.id('ae'),
    at,
    kind: 'notification.replayed',
    call: undefined,
    payload,
  })
  return {}
}

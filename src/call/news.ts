// What happened that others want to hear of: told in this process, and put into the outbox in the transaction that made it so.
import type { JsonObject } from '../kit/json.ts'
import type { Put } from '../kit/record.ts'
import type { Services } from './call.ts'

export const newsKinds = [
  'approval.requested',
  'approval.decided',
  'approval.reminded',
  'call.failed',
  'switch.changed',
  'connection.failed',
] as const
export type NewsKind = (typeof newsKinds)[number]

/** The kind of the documents that wait to be delivered, or were. */
export const outbox = 'outbox'

export interface HubEvent {
  readonly kind: NewsKind
  readonly at: string
  readonly body: JsonObject
}

export interface News {
  readonly event: HubEvent
  /** Go into the transaction of the change; when it is committed, `hub.tell(event)`. */
  readonly puts: readonly Put[]
}

export function newsOf(hub: Services, tenant: string, kind: NewsKind, body: JsonObject): News {
  const at = hub.now().toISOString()
  const event: HubEvent = { kind, at, body: hub.scrub(body) }
  const targets = hub.current().settings.notify.filter(({ events }) => events.includes(kind))
  const puts = targets.map(({ url }): Put => {
    const id = hub.id('ntf')
    const value = {
      event: kind,
      url,
      state: 'pending',
      attempts: 0,
      body: { id, event: kind, at, tenant, data: event.body },
    }
    return { tenant, kind: outbox, id, version: 0, value, dueAt: at, at }
  })
  return { event, puts }
}

// Signed webhooks: what the outbox holds is delivered, tried again with growing waits, and kept as a log.
import { createHmac } from 'node:crypto'
import type { Services } from '../call/call.ts'
import { outbox } from '../call/news.ts'
import { HubError } from '../kit/error.ts'
import { canonical } from '../kit/json.ts'
import type { Document, Put } from '../kit/record.ts'

export interface Notification {
  readonly id: string
  readonly event: string
  readonly url: string
  readonly state: 'pending' | 'delivered' | 'given up'
  readonly attempts: number
  readonly lastStatus: number | undefined
  readonly lastError: string | undefined
  readonly at: string
  readonly nextAt: string | undefined
}

export interface NotificationsOptions {
  readonly services: () => Services
  readonly tenant: () => string
  /** The key for what goes to this address; undefined where nothing goes there any more. */
  readonly secretFor: (url: string) => Promise<string | undefined>
  /** At least 0, less than 1. */
  readonly random: () => number
}

export interface Notifications {
  /** Newest first. */
  list(limit: number): Promise<readonly Notification[]>
  /** Sends it once more, whatever became of it. @throws HubError `not_found` */
  replay(id: string): Promise<void>
  /** Delivers what is due now; how many were tried. Of several processes, one tries each. */
  deliverDue(): Promise<number>
}

const timeoutMs = 10_000
/** Nobody else tries it meanwhile. */
const leaseMs = 60_000
const attemptsMax = 10
const firstWaitMs = 5_000
const longestWaitMs = 3_600_000
const keptMs = 7 * 24 * 3_600_000

interface Entry {
  readonly event: string
  readonly url: string
  readonly state: Notification['state']
  readonly attempts: number
  readonly body: Readonly<Record<string, never>>
  readonly lastStatus?: number
  readonly lastError?: string
}

export function makeNotifications({ services, tenant, secretFor, random }: NotificationsOptions): Notifications {
  const putOf = ({ id, version }: Pick<Document, 'id' | 'version'>, value: Entry | undefined, dueAt?: string): Put => {
    const at = services().now().toISOString()
    const kept = value as unknown as Put['value']
    return { tenant: tenant(), kind: outbox, id, version, value: kept, ...(dueAt !== undefined && { dueAt }), at }
  }
  const later = (ms: number) => new Date(services().now().getTime() + ms).toISOString()

  async function attempt(document: Document): Promise<void> {
    const { store } = services()
    const entry = document.value as unknown as Entry
    if (entry.state !== 'pending') return void (await store.put([putOf(document, undefined)]))
    const taken = { ...entry, attempts: entry.attempts + 1 }
    if (!(await store.put([putOf(document, taken, later(leaseMs))]))) return
    const { status, error } = await deliver(document.id, entry)
    const told = {
      ...taken,
      ...(status !== undefined && { lastStatus: status }),
      ...(error !== undefined && { lastError: error }),
    }
    const done = { ...document, version: document.version + 1 }
    if (status !== undefined && status >= 200 && status < 300)
      return void (await store.put([putOf(done, { ...told, state: 'delivered' }, later(keptMs))]))
    if (taken.attempts >= attemptsMax)
      return void (await store.put([putOf(done, { ...told, state: 'given up' }, later(keptMs))]))
    const wait = Math.min(firstWaitMs * 2 ** entry.attempts, longestWaitMs)
    await store.put([putOf(done, told, later(wait * (0.5 + random())))])
  }

  async function deliver(id: string, { url, event, body }: Entry): Promise<{ status?: number; error?: string }> {
    try {
      const secret = await secretFor(url)
      if (secret === undefined) return { error: 'The configuration sends nothing there any more.' }
      const text = canonical(body)
      const timestamp = Math.floor(services().now().getTime() / 1000).toString()
      const { origin, pathname, protocol } = new URL(url)
      const { guardedFetch } = await import('../egress/fetch.ts')
      const { fetch } = guardedFetch({
        base: origin,
        reads: [],
        writes: [`POST ${pathname}`],
        // The configuration names this machine itself, or a public address; no name leads from one to the other.
        loopback: protocol === 'http:',
        signal: AbortSignal.timeout(timeoutMs),
        now: () => services().now(),
        random,
        timeoutMs,
        maxBytes: 64 * 1024,
      })
      const answer = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'toolgate-id': id,
          'toolgate-event': event,
          'toolgate-timestamp': timestamp,
          'toolgate-signature': `v1=${createHmac('sha256', secret).update(`${timestamp}.${text}`).digest('hex')}`,
        },
        body: text,
      })
      return { status: answer.status }
    } catch (error) {
      return { error: error instanceof HubError ? error.message : 'It could not be sent.' }
    }
  }

  return {
    async list(limit) {
      return (await services().store.documents({ tenant: tenant(), kind: outbox, limit })).map(
        ({ id, value, createdAt, dueAt }) => {
          const { event, url, state, attempts, lastStatus, lastError } = value as unknown as Entry
          return {
            id,
            event,
            url,
            state,
            attempts,
            lastStatus,
            lastError,
            at: createdAt,
            nextAt: state === 'pending' ? dueAt : undefined,
          }
        },
      )
    },
    async replay(id) {
      const hub = services()
      const found = await hub.store.document(tenant(), outbox, id)
      if (!found) throw new HubError('not_found', `There is no notification ${id}.`)
      const entry = { ...(found.value as unknown as Entry), state: 'pending' as const, attempts: 0 }
      if (!(await hub.store.put([putOf(found, entry, hub.now().toISOString())])))
        throw new HubError('conflict', 'It is being sent right now.')
    },
    async deliverDue() {
      const hub = services()
      const due = await hub.store.documents({ tenant: tenant(), kind: outbox, dueBy: hub.now().toISOString(), limit: 100 })
      await Promise.all(due.map(attempt))
      return due.length
    },
  }
}

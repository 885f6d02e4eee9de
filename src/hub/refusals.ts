// What was refused before anybody was known: counted by its reason, and told in at most one entry of the audit per minute.
import type { JsonObject } from '../kit/json.ts'
import type { Store } from '../kit/record.ts'
import type { RefusalReason } from '../serve/dispatcher.ts'

export interface RefusalsOptions {
  readonly store: Store
  readonly tenant: string
  readonly now: () => Date
  readonly id: (prefix: string) => string
}

export interface Refusals {
  /** Costs nothing and writes nothing: whoever is refused must not be able to fill the disk. */
  readonly count: (reason: RefusalReason) => void
  /** Records what was counted, when a minute has passed since it did so last. With `now`, whatever there is. */
  record(when?: 'now'): Promise<void>
}

export interface RefusedSoFar {
  /** Since this record began, by reason. */
  readonly total: Readonly<Record<string, number>>
  /** When it was recorded last; undefined when nothing was ever refused. */
  readonly at: string | undefined
}

const kind = 'door'
const document = 'refused'
const everyMs = 60_000
/** Other processes of the same hub count into the same document. */
const attemptsMax = 5

export function makeRefusals({ store, tenant, now, id }: RefusalsOptions): Refusals {
  const counts = new Map<RefusalReason, number>()
  let since: Date | undefined
  let recordedAt = -Infinity

  async function record(when?: 'now'): Promise<void> {
    const ms = now().getTime()
    const due = when === 'now' || ms - recordedAt >= everyMs || ms < recordedAt
    if (counts.size === 0 || !due || store.broken() !== undefined) return
    recordedAt = ms
    const counted = Object.fromEntries(counts)
    const from = since
    if (!(await written(counted, from))) return
    // More may have come in meanwhile.
    for (const [reason, count] of Object.entries(counted) as [RefusalReason, number][]) {
      const rest = (counts.get(reason) ?? 0) - count
      if (rest > 0) counts.set(reason, rest)
      else counts.delete(reason)
    }
    since = counts.size > 0 ? now() : undefined
  }

  async function written(counted: JsonObject, from: Date | undefined): Promise<boolean> {
    for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
      const at = now().toISOString()
      const before = await store.document(tenant, kind, document)
      const value = { total: added(totalOf(before?.value), counted) }
      const put = { tenant, kind, id: document, value, version: before?.version ?? 0, at }
      const payload = { counts: counted, since: (from ?? now()).toISOString() }
      const draft = { tenant, id: id('ae'), at, kind: 'door.refused', call: undefined, payload }
      if (await store.put([put], draft)) return true
    }
    return false
  }

  return {
    count(reason) {
      since ??= now()
      counts.set(reason, (counts.get(reason) ?? 0) + 1)
    },
    record,
  }
}

/** What every process of this hub has recorded. */
export async function refusedSoFar(store: Store, tenant: string): Promise<RefusedSoFar> {
  const found = await store.document(tenant, kind, document)
  return { total: totalOf(found?.value), at: found?.updatedAt }
}

function totalOf(value: JsonObject | undefined): Readonly<Record<string, number>> {
  return (value?.['total'] ?? {}) as Readonly<Record<string, number>>
}

function added(total: Readonly<Record<string, number>>, counted: JsonObject): Record<string, number> {
  const sum = { ...total }
  for (const [reason, count] of Object.entries(counted)) sum[reason] = (sum[reason] ?? 0) + Number(count)
  return sum
}

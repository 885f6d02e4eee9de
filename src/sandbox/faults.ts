// Ways to break a sandbox on purpose; each is used up by the requests that it hits.
import type { DatabaseSync } from 'node:sqlite'
import { glob } from '../kit/glob.ts'

/**
 * `drop`: done, then the connection is cut without an answer. `500-after`: done, then 500. `500`, `429`: nothing is done.
 * `slow`: done, answered late.
 */
export const faultModes = ['drop', '429', '500', 'slow', '500-after'] as const
export type FaultMode = (typeof faultModes)[number]

export interface Fault {
  readonly mode: FaultMode
  /** How many requests it hits; 1 where left out. */
  readonly times?: number | undefined
  /** `METHOD /path`, `*` for any run of characters: `POST /rest/api/3/issue/*`. Every request where left out. */
  readonly route?: string | undefined
  /** For 429, in seconds. */
  readonly retryAfter?: number | undefined
  /** For slow, in milliseconds; 1000 where left out. */
  readonly ms?: number | undefined
}

export interface PendingFault extends Fault {
  readonly id: number
  readonly instance: string
  readonly times: number
}

export function addFault(database: DatabaseSync, instance: string, fault: Fault): void {
  const { mode, times = 1, route, retryAfter, ms } = fault
  database
    .prepare('INSERT INTO faults (instance, mode, times, route, retry_after, ms) VALUES (?, ?, ?, ?, ?, ?)')
    .run(instance, mode, times, route ?? null, retryAfter ?? null, ms ?? null)
}

export function listFaults(database: DatabaseSync, instance?: string): readonly PendingFault[] {
  const rows =
    instance === undefined
      ? database.prepare('SELECT * FROM faults ORDER BY id').all()
      : database.prepare('SELECT * FROM faults WHERE instance = ? ORDER BY id').all(instance)
  return rows.map((row) => ({
    id: Number(row['id']),
    instance: String(row['instance']),
    mode: faultModes.find((mode) => mode === row['mode']) ?? '500',
    times: Number(row['times']),
    route: row['route'] === null ? undefined : String(row['route']),
    retryAfter: row['retry_after'] === null ? undefined : Number(row['retry_after']),
    ms: row['ms'] === null ? undefined : Number(row['ms']),
  }))
}

/** The oldest fault that fits this request, one time of it used up. Call it inside a transaction. */
export function takeFault(database: DatabaseSync, instance: string, request: string): PendingFault | undefined {
  const fault = listFaults(database, instance).find(({ route }) => route === undefined || glob(request, route))
  if (fault === undefined) return undefined
  if (fault.times > 1) database.prepare('UPDATE faults SET times = times - 1 WHERE id = ?').run(fault.id)
  else database.prepare('DELETE FROM faults WHERE id = ?').run(fault.id)
  return fault
}

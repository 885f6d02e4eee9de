// Erases contents that are too old, or that belong to a person who must be forgotten; the chain still proves what was there.
import { textHash } from '../kit/chain.ts'
import type { JsonObject } from '../kit/json.ts'
import type { AuditEntry, Operation, Store } from '../kit/record.ts'

const batchMax = 500
const cursorKind = 'erased'

export interface Erased {
  readonly entries: number
  readonly operations: number
}

export interface ErasingOptions {
  readonly store: Store
  readonly tenant: string
  readonly now: () => Date
  readonly id: (prefix: string) => string
}

/** Contents of entries and ended operations that are older than this. Goes on where it ended last time. */
export async function eraseOlder(before: Date, options: ErasingOptions): Promise<Erased> {
  const { store, tenant, now } = options
  const cursor = await store.document(tenant, cursorKind, 'retention')
  const limit = before.toISOString()
  const because = { why: 'retention', before: limit }
  let last = Number(cursor?.value['seq'] ?? 0)
  const from = last
  const old = async function* () {
    for await (const entry of store.entries(tenant, from + 1)) {
      if (entry.at >= limit) return
      last = entry.seq
      yield entry
    }
  }
  const entries = await eraseEntries(old(), because, options)
  const operations = await eraseOperations({ changedBefore: limit }, because, options)
  if (last > from)
    await store.put([{ tenant, kind: cursorKind, id: 'retention', value: { seq: last }, at: now().toISOString() }])
  return { entries, operations }
}

/** All that a person did, asked for or decided. What is still under way or unknown stays until it has ended. */
export async function erasePerson(principal: string, options: ErasingOptions): Promise<Erased> {
  const { store, tenant, now } = options
  // The record says that somebody was forgotten, and not who.
  const because = { why: 'a person', principal_digest: textHash(principal) }
  const calls = new Set<string>()
  const theirs = async function* () {
    for await (const entry of store.entries(tenant)) {
      const own = Object.values(entry.payload).includes(principal)
      if (own && entry.call !== undefined) calls.add(entry.call)
      if (own || (entry.call !== undefined && calls.has(entry.call))) yield entry
    }
  }
  const entries = await eraseEntries(theirs(), because, options)
  const later = new Date(now().getTime() + 1000).toISOString()
  return { entries, operations: await eraseOperations({ principal, changedBefore: later }, because, options) }
}

async function eraseEntries(
  found: AsyncIterable<AuditEntry>,
  because: JsonObject,
  options: ErasingOptions,
): Promise<number> {
  const { store, tenant, now, id } = options
  let batch: number[] = []
  let count = 0
  const flush = async () => {
    if (batch.length === 0) return
    const runs = runsOf(batch)
    const at = now().toISOString()
    const payload = { ...because, entries: runs }
    await store.erase(
      { tenant, entries: runs, operations: [], at },
      { tenant, id: id('ae'), at, kind: 'audit.erased', call: undefined, payload },
    )
    count += batch.length
    batch = []
  }
  for await (const { seq, kind, erased } of found) {
    // What says that something was erased must stay.
    if (erased || kind === 'audit.erased') continue
    batch.push(seq)
    if (batch.length >= batchMax) await flush()
  }
  await flush()
  return count
}

async function eraseOperations(
  filter: { readonly principal?: string; readonly changedBefore: string },
  because: JsonObject,
  { store, tenant, now, id }: ErasingOptions,
): Promise<number> {
  let count = 0
  for (;;) {
    const found: readonly Operation[] = await store.operations({ tenant, ...filter, limit: batchMax })
    if (found.length === 0) return count
    const at = now().toISOString()
    const operations = found.map((operation) => operation.id)
    const payload = { ...because, entries: [], operations }
    await store.erase(
      { tenant, entries: [], operations, at },
      { tenant, id: id('ae'), at, kind: 'audit.erased', call: undefined, payload },
    )
    count += found.length
  }
}

function runsOf(sorted: readonly number[]): [number, number][] {
  const runs: [number, number][] = []
  for (const seq of sorted) {
    const last = runs.at(-1)
    if (last && last[1] === seq - 1) last[1] = seq
    else runs.push([seq, seq])
  }
  return runs
}

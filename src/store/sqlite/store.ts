// The store on SQLite: every change through the one writer, every reading on a connection of its own.
import { setImmediate } from 'node:timers/promises'
import { textHash } from '../../kit/chain.ts'
import { HubError } from '../../kit/error.ts'
import { canonical } from '../../kit/json.ts'
import type { AuditDraft, AuditEntry, Store } from '../../kit/record.ts'
import { prepareFile } from './files.ts'
import type { Draft, Place, PutReply, Stored, Taken } from './messages.ts'
import { openReader } from './reader.ts'
import type { Reader } from './reader.ts'
import { toOperation } from './rows.ts'
import { notRecordable, WriterQueue } from './writer-queue.ts'

const pageEntries = 500

type Read = <T>(step: (reader: Reader) => T) => T

/** @throws Error with a sentence for whoever runs the hub */
export async function openSqlite(file: string, makeId: (prefix: string) => string, ballastBytes = 0): Promise<Store> {
  await prepareFile(file)
  const seed = Number.parseInt(textHash(`${process.pid} ${makeId('store')}`).slice(0, 8), 16)
  let reader: Reader | undefined
  let closed = false
  const closeReader = () => {
    reader?.close()
    reader = undefined
  }
  const read: Read = (step) => {
    try {
      if (closed) throw new Error('The store was closed.')
      reader ??= openReader(file)
      return step(reader)
    } catch (error) {
      throw new HubError('internal', 'The database of the hub cannot be read here: it is damaged, closed or gone.', {
        cause: error,
      })
    } finally {
      // What is opened on a disk that is read-only now makes SQLite treat it so in this whole process, as long as it is open.
      if (!closed && writer.broken() !== undefined) closeReader()
    }
  }
  // Once the writer has opened the database again, the file may be another one than before.
  const writer = await WriterQueue.open({ file, seed, ballastBytes }, closeReader)
  let last: Promise<unknown> = Promise.resolve()
  async function append(entry: AuditDraft, when: 'now' | 'soon' = 'now'): Promise<AuditEntry> {
    const asked = (last = writer.ask<Place>({ do: 'append', entry: draftOf(entry) }, when))
    return placed(entry, await asked)
  }
  /** What was appended here before is there to be read, or failed. */
  const recorded = async () => {
    writer.hurry()
    await last.catch(() => undefined)
  }
  return {
    append,
    async begin(operation, entry, also = []) {
      const { fresh, row } = await writer.ask<Stored>({ do: 'begin', operation, entry: draftOf(entry), also })
      if (!fresh && !row) throw new HubError('conflict', 'Something that it rests on was changed meanwhile. Try again.')
      return { fresh, operation: row ? toOperation(row) : operation }
    },
    async move(change, entry, also = []) {
      const { row } = await writer.ask<Stored>({ do: 'move', change, entry: draftOf(entry), also })
      return row && toOperation(row)
    },
    put: async (puts, entry) => (await writer.ask<PutReply>({ do: 'put', puts, entry: entry && draftOf(entry) })).put,
    async erase(erasure, entry) {
      await writer.ask({ do: 'erase', erasure, entry: draftOf(entry) })
    },
    document: async (tenant, kind, id) => read((open) => open.document(tenant, kind, id)),
    documents: async (filter) => read((open) => open.documents(filter)),
    take: (key, atMost, windowMs, now) => writer.ask<Taken>({ do: 'take', key, atMost, windowMs, now: now.getTime() }),
    operation: async (id) => read((open) => open.operation(id)),
    byKey: async (identity) => read((open) => open.byKey(identity)),
    latest: async (identity, argsDigest) => read((open) => open.latest(identity, argsDigest)),
    operations: async (filter) => read((open) => open.operations(filter)),
    async *entries(tenant, from = 1) {
      await recorded()
      yield* pages(read, tenant, from)
    },
    async entriesOf(call) {
      await recorded()
      return read((open) => open.entriesOf(call))
    },
    async recent(tenant, limit) {
      await recorded()
      return read((open) => open.recent(tenant, limit))
    },
    async tenants() {
      await recorded()
      return read((open) => open.tenants())
    },
    broken: () => writer.broken(),
    close: () =>
      writer.close(() => {
        closed = true
        closeReader()
      }),
  }
}

/** @throws HubError for a payload that is not JSON */
function draftOf({ tenant, id, at, kind, call, payload }: AuditDraft): Draft {
  try {
    return [tenant, id, at, kind, call, canonical(payload)]
  } catch (error) {
    throw notRecordable(error instanceof Error ? error.message : String(error))
  }
}

function placed({ tenant, id, at, kind, call, payload }: AuditDraft, { seq, prev, payload_hash, hash }: Place): AuditEntry {
  return { tenant, seq, prev, id, at, kind, call, payload_hash, hash, payload }
}

/** Page by page, so that a slow reader holds up neither the writer's clean-up nor this thread. */
async function* pages(read: Read, tenant: string, from: number): AsyncIterable<AuditEntry> {
  let size = pageEntries
  for (let next = from; ;) {
    try {
      const page = read((open) => open.page(tenant, next, size))
      yield* page
      if (page.length < size) return
      next = page.at(-1)!.seq + 1
    } catch (error) {
      // Where a page cannot be read, every entry before the damage still can.
      if (size === 1) throw error
      size = 1
    }
    await setImmediate()
  }
}

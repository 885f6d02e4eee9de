// A database as it lies there, read without changing anything: to verify a copy of it, also one that nobody may write.
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Worker } from 'node:worker_threads'
import { chainStart, joined } from '../../kit/chain.ts'
import type { ChainHead, Stretch } from '../../kit/chain.ts'
import type { AuditEntry, Document } from '../../kit/record.ts'
import { addressOf, checkRange } from './check-range.ts'
import type { Range } from './check-range.ts'
import { toDocument, toEntry } from './rows.ts'
import type { DocumentRow, EntryRow } from './rows.ts'

export interface Copy {
  tenants(): readonly string[]
  entries(tenant: string, from?: number): AsyncIterable<AuditEntry>
  /** In the order in which they were first put. */
  documents(tenant: string, kind: string): readonly Document[]
  /**
   * Checks the whole chain with several threads at once. Only `whole` or not: what is wrong is for a closer look.
   *
   * @param counts places whose hashes are wanted
   */
  check(tenant: string, counts: readonly number[]): Promise<CheckedChain>
  close(): void
}

export interface CheckedChain {
  readonly whole: boolean
  readonly head: ChainHead
  readonly heads: ReadonlyMap<number, string>
}

const pageEntries = 500
/** Below this a thread costs more than it brings. */
const rangeEntriesMin = 20_000

/** @throws the error of SQLite when it is no database */
export function openCopy(file: string): Copy {
  const { database, immutable } = openReadOnly(file)
  const tenants = database.prepare('select distinct tenant from audit order by tenant')
  const page = database.prepare('select * from audit where tenant = ? and seq >= ? order by seq limit ?')
  const documents = database.prepare('select * from document where tenant = ? and kind = ? order by n')
  const newest = database.prepare('select seq, hash from audit where tenant = ? order by seq desc limit 1')
  return {
    tenants: () => tenants.all().map((row) => String(row['tenant'])),
    async *entries(tenant, from = 1) {
      for (let next = from; ;) {
        const rows = page.all(tenant, next, pageEntries) as unknown as EntryRow[]
        for (const row of rows) yield toEntry(row)
        if (rows.length < pageEntries) return
        next = rows.at(-1)!.seq + 1
      }
    },
    documents: (tenant, kind) => documents.all(tenant, kind).map((row) => toDocument(row as unknown as DocumentRow)),
    async check(tenant, counts) {
      const head = (newest.get(tenant) as unknown as ChainHead | undefined) ?? chainStart
      const ranges = split(head.seq).map(([from, to]): Range => ({ file, immutable, tenant, from, to, counts }))
      // A thread takes longer to start than a short chain to check.
      const parts = ranges.length === 1 ? ranges.map(checkRange) : await Promise.all(ranges.map(checkedBeside))
      const chain = joined(parts)
      return { ...chain, whole: chain.whole && chain.head.hash === head.hash, head }
    },
    close: () => database.close(),
  }
}

/** A copy whose folder nobody may write has to be read as it is, without the log of recent changes beside it. */
function openReadOnly(file: string): { readonly database: DatabaseSync; readonly immutable: boolean } {
  for (const immutable of [false, true]) {
    const database = new DatabaseSync(addressOf(file, immutable), { readOnly: true, timeout: 1000 })
    try {
      database.prepare('select 1 from audit limit 1').get()
      return { database, immutable }
    } catch (error) {
      database.close()
      if (immutable) throw error
    }
  }
  throw new TypeError('There are two ways only.')
}

function split(count: number): (readonly [number, number])[] {
  const parts = Math.max(1, Math.min(availableParallelism(), 8, Math.floor(count / rangeEntriesMin)))
  const size = Math.ceil(count / parts)
  return Array.from({ length: parts }, (_, part) => [part * size + 1, Math.min(count, (part + 1) * size)] as const)
}

async function checkedBeside(range: Range): Promise<Stretch> {
  const worker = new Worker(new URL(`./range-worker${path.extname(import.meta.url)}`, import.meta.url), {
    workerData: range,
    env: {},
    name: 'toolgate-verify',
  })
  return await new Promise((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })
}

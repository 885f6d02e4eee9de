// Everything that is read, on a connection that cannot write. Each answer takes microseconds, so it is read right here.
import { DatabaseSync } from 'node:sqlite'
import type {
  AuditEntry,
  Document,
  DocumentFilter,
  Operation,
  OperationFilter,
  OperationIdentity,
} from '../../kit/record.ts'
import { toDocument, toEntry, toOperation } from './rows.ts'
import type { DocumentRow, EntryRow, OperationRow } from './rows.ts'

/** A place after every row. */
const newest = Number.MAX_SAFE_INTEGER

/** No list is longer than this, whatever was asked for. */
const listMax = 10_000

export interface Reader {
  operation(id: string): Operation | undefined
  byKey(identity: OperationIdentity): Operation | undefined
  latest(identity: Omit<OperationIdentity, 'key'>, argsDigest: string): Operation | undefined
  operations(filter: OperationFilter): Operation[]
  /** The next entries from this place on, in order. */
  page(tenant: string, from: number, limit: number): AuditEntry[]
  entriesOf(call: string): AuditEntry[]
  recent(tenant: string, limit: number): AuditEntry[]
  tenants(): string[]
  document(tenant: string, kind: string, id: string): Document | undefined
  documents(filter: DocumentFilter): Document[]
  close(): void
}

export function openReader(file: string): Reader {
  const database = new DatabaseSync(file, { readOnly: true, timeout: 1000 })
  const operation = database.prepare('select * from operation where id = ?')
  const byKey = database.prepare(
    'select * from operation where tenant = ? and principal = ? and instance = ? and tool = ? and key = ?',
  )
  const latest = database.prepare(
    'select * from operation where tenant = ? and principal = ? and instance = ? and tool = ? and args_digest = ? order by n desc limit 1',
  )
  const placeOf = database.prepare('select n from operation where id = ?')
  const anyone = database.prepare('select * from operation where tenant = ? and n < ? order by n desc limit ?')
  const someone = database.prepare(
    'select * from operation where tenant = ? and principal = ? and n < ? order by n desc limit ?',
  )
  const inState = database.prepare(
    'select * from operation where tenant = ? and state = ? and principal = coalesce(?, principal) and n < ? order by n desc limit ?',
  )
  const settled = database.prepare(`
    select * from operation where tenant = ? and principal = coalesce(?, principal) and updated_at < ?
      and state in ('succeeded', 'failed', 'reconciled', 'undone') and json_extract(details, '$.erased') is null
    order by n limit ?`)
  const page = database.prepare('select * from audit where tenant = ? and seq >= ? order by seq limit ?')
  const entriesOf = database.prepare('select * from audit where call = ? order by tenant, seq limit ?')
  const recent = database.prepare('select * from audit where tenant = ? order by seq desc limit ?')
  const tenants = database.prepare(tenantsSql)
  const document = database.prepare('select * from document where tenant = ? and kind = ? and id = ?')
  const placeOfDocument = database.prepare('select n from document where tenant = ? and kind = ? and id = ?')
  const documents = database.prepare(
    'select * from document where tenant = ? and kind = ? and n < ? order by n desc limit ?',
  )
  const due = database.prepare(
    'select * from document where tenant = ? and kind = ? and due_at <= ? order by due_at, n limit ?',
  )

  function listed({ tenant, kind, dueBy, before, limit }: DocumentFilter): readonly unknown[] {
    if (dueBy !== undefined) return due.all(tenant, kind, dueBy, bounded(limit))
    const place = before === undefined ? newest : Number(placeOfDocument.get(tenant, kind, before)?.['n'] ?? 0)
    return documents.all(tenant, kind, place, bounded(limit))
  }

  function inStates({ tenant, principal, states = [] }: OperationFilter, before: number, limit: number): OperationRow[] {
    const rows = [...new Set(states)].flatMap((state) => inState.all(tenant, state, principal ?? null, before, limit))
    return (rows as unknown as OperationRow[]).sort((left, right) => right.n - left.n).slice(0, limit)
  }

  function changedBefore({ tenant, principal, limit }: OperationFilter, time: string): OperationRow[] {
    return settled.all(tenant, principal ?? null, time, bounded(limit)) as unknown as OperationRow[]
  }

  function operations(filter: OperationFilter): Operation[] {
    const limit = bounded(filter.limit)
    const before = filter.before === undefined ? newest : Number(placeOf.get(filter.before)?.['n'] ?? 0)
    if (filter.changedBefore !== undefined) return changedBefore(filter, filter.changedBefore).map(toOperation)
    if (filter.states) return inStates(filter, before, limit).map(toOperation)
    const rows =
      filter.principal === undefined
        ? anyone.all(filter.tenant, before, limit)
        : someone.all(filter.tenant, filter.principal, before, limit)
    return (rows as unknown as OperationRow[]).map(toOperation)
  }

  return {
    operation: (id) => oneOperation(operation.get(id)),
    byKey: ({ tenant, principal, instance, tool, key }) => oneOperation(byKey.get(tenant, principal, instance, tool, key)),
    latest: ({ tenant, principal, instance, tool }, argsDigest) =>
      oneOperation(latest.get(tenant, principal, instance, tool, argsDigest)),
    operations,
    page: (tenant, from, limit) => entries(page.all(tenant, from, limit)),
    entriesOf: (call) => entries(entriesOf.all(call, listMax)),
    recent: (tenant, limit) => entries(recent.all(tenant, bounded(limit))),
    document(tenant, kind, id) {
      const row = document.get(tenant, kind, id)
      return row === undefined ? undefined : toDocument(row as unknown as DocumentRow)
    },
    documents: (filter) => (listed(filter) as readonly DocumentRow[]).map(toDocument),
    tenants: () => tenants.all().map((row) => String(row['tenant'])),
    close: () => database.close(),
  }
}

// Jumps from one tenant to the next in the index, where `distinct` would read every entry.
const tenantsSql = `
  with recursive found(tenant) as (
    select min(tenant) from audit
    union all
    select (select min(tenant) from audit where tenant > found.tenant) from found where found.tenant is not null
  )
  select tenant from found where tenant is not null`

function bounded(limit: number): number {
  return Math.max(0, Math.min(Math.trunc(limit), listMax))
}

function oneOperation(row: unknown): Operation | undefined {
  return row === undefined ? undefined : toOperation(row as OperationRow)
}

function entries(rows: readonly unknown[]): AuditEntry[] {
  return (rows as readonly EntryRow[]).map(toEntry)
}

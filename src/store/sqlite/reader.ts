// Everything that is read, on a connection that cannot write. Each answer takes microseconds, so it is read right here.
import { DatabaseSync } from 'node:sqlite'
import type { AuditEntry, Operation, OperationFilter, OperationIdentity } from '../../kit/record.ts'
import { toEntry, toOperation } from './rows.ts'
import type { EntryRow, OperationRow } from './rows.ts'

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
  const anyone = database.prepare('select * from operation where tenant = ? order by n desc limit ?')
  const someone = database.prepare('select * from operation where tenant = ? and principal = ? order by n desc limit ?')
  const inState = database.prepare(
    'select * from operation where tenant = ? and state = ? and principal = coalesce(?, principal) order by n desc limit ?',
  )
  const page = database.prepare('select * from audit where tenant = ? and seq >= ? order by seq limit ?')
  const entriesOf = database.prepare('select * from audit where call = ? order by tenant, seq limit ?')
  const recent = database.prepare('select * from audit where tenant = ? order by seq desc limit ?')
  const tenants = database.prepare(tenantsSql)

  function inStates({ tenant, principal, states = [] }: OperationFilter, limit: number): OperationRow[] {
    const rows = [...new Set(states)].flatMap((state) => inState.all(tenant, state, principal ?? null, limit))
    return (rows as unknown as OperationRow[]).sort((left, right) => right.n - left.n).slice(0, limit)
  }

  function operations(filter: OperationFilter): Operation[] {
    const limit = bounded(filter.limit)
    if (filter.states) return inStates(filter, limit).map(toOperation)
    const rows =
      filter.principal === undefined ? anyone.all(filter.tenant, limit) : someone.all(filter.tenant, filter.principal, limit)
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

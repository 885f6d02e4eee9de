// Every version of the schema, in the order in which they are applied. Loaded only when something must change.
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

// A migration speaks of tables as they were at its time, so no type of today fits it.
// oxlint-disable-next-line typescript/no-explicit-any
type Database = Kysely<any>

/** Names sort by version; the version is the number that they begin with. */
export const migrations: Readonly<Record<string, Migration>> = {
  '001-audit-and-operations': { up: auditAndOperations },
  '002-documents': { up: documentTable },
}

async function auditAndOperations(database: Database): Promise<void> {
  await auditTable(database)
  await operationTable(database)
  await takenTable(database)
  await probeTable(database)
}

async function auditTable(database: Database): Promise<void> {
  await database.schema
    .createTable('audit')
    .addColumn('tenant', 'text', (column) => column.notNull())
    .addColumn('seq', 'integer', (column) => column.notNull())
    .addColumn('prev', 'text', (column) => column.notNull())
    .addColumn('id', 'text', (column) => column.notNull())
    .addColumn('at', 'text', (column) => column.notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('call', 'text')
    .addColumn('payload_hash', 'text', (column) => column.notNull())
    .addColumn('hash', 'text', (column) => column.notNull())
    // Canonical JSON; may be empty, so that a payload can be erased and the chain still stands.
    .addColumn('payload', 'text')
    .addPrimaryKeyConstraint('audit_place', ['tenant', 'seq'])
    .execute()
  await database.schema.createIndex('audit_call').on('audit').column('call').where(sql.ref('call'), 'is not', null).execute()
}

async function operationTable(database: Database): Promise<void> {
  await database.schema
    .createTable('operation')
    // Counts up with every insert: the order of "newest first", whatever the clock did.
    .addColumn('n', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('id', 'text', (column) => column.notNull().unique())
    .addColumn('tenant', 'text', (column) => column.notNull())
    .addColumn('principal', 'text', (column) => column.notNull())
    .addColumn('instance', 'text', (column) => column.notNull())
    .addColumn('tool', 'text', (column) => column.notNull())
    .addColumn('key', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('fence', 'integer', (column) => column.notNull())
    .addColumn('args_digest', 'text', (column) => column.notNull())
    .addColumn('plan_digest', 'text', (column) => column.notNull())
    .addColumn('args', 'text', (column) => column.notNull())
    .addColumn('plan', 'text', (column) => column.notNull())
    .addColumn('details', 'text', (column) => column.notNull())
    .addColumn('answer', 'text')
    .addColumn('read_at', 'text')
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addColumn('updated_at', 'text', (column) => column.notNull())
    .addColumn('deadline_at', 'text', (column) => column.notNull())
    .addColumn('history', 'text', (column) => column.notNull())
    .addUniqueConstraint('operation_identity', ['tenant', 'principal', 'instance', 'tool', 'key'])
    .execute()
  const latest = ['tenant', 'principal', 'instance', 'tool', 'args_digest']
  await database.schema.createIndex('operation_latest').on('operation').columns(latest).execute()
  await database.schema.createIndex('operation_state').on('operation').columns(['tenant', 'state']).execute()
  await database.schema.createIndex('operation_principal').on('operation').columns(['tenant', 'principal']).execute()
}

/** One row for each thing taken of a limit, until it counts no more. Times are milliseconds since 1970. */
async function takenTable(database: Database): Promise<void> {
  await database.schema
    .createTable('taken')
    .addColumn('key', 'text', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('until', 'bigint', (column) => column.notNull())
    .execute()
  await database.schema.createIndex('taken_key').on('taken').columns(['key', 'at']).execute()
  await database.schema.createIndex('taken_until').on('taken').column('until').execute()
}

/** Everything that needs no table of its own. */
async function documentTable(database: Database): Promise<void> {
  await database.schema
    .createTable('document')
    // Counts up with every insert: the order of "newest first", whatever the clock did.
    .addColumn('n', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('tenant', 'text', (column) => column.notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('id', 'text', (column) => column.notNull())
    .addColumn('version', 'integer', (column) => column.notNull())
    .addColumn('value', 'text', (column) => column.notNull())
    .addColumn('due_at', 'text')
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addColumn('updated_at', 'text', (column) => column.notNull())
    .addUniqueConstraint('document_identity', ['tenant', 'kind', 'id'])
    .execute()
  await database.schema.createIndex('document_kind').on('document').columns(['tenant', 'kind', 'n']).execute()
  await database.schema
    .createIndex('document_due')
    .on('document')
    .columns(['tenant', 'kind', 'due_at'])
    .where(sql.ref('due_at'), 'is not', null)
    .execute()
}

/** One row that is written to learn whether the database takes writes again. */
async function probeTable(database: Database): Promise<void> {
  await database.schema
    .createTable('probe')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('filling', 'text', (column) => column.notNull())
    .execute()
  await sql`insert into probe (id, filling) values (1, '')`.execute(database)
}

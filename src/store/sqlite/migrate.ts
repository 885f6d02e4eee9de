// Brings a SQLite database to the newest schema with Kysely. Loaded only when it is behind: the import is slow.
import { Kysely, SqliteAdapter, SqliteDialect, sql } from 'kysely'
import { Migrator } from 'kysely/migration'
import type { Migration } from 'kysely/migration'
import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import { migrations } from '../migrations.ts'

/** All or nothing: a process that dies on the way leaves the database as it was. */
export async function migrate(database: DatabaseSync): Promise<void> {
  const kysely = new Kysely<unknown>({ dialect: dialectOver(database) })
  const provider = { getMigrations: async () => stamped(migrations) }
  const { error } = await new Migrator({ db: kysely, provider }).migrateToLatest()
  if (error !== undefined) throw error
}

/** Each migration also writes its number where every start looks first. */
function stamped(all: Readonly<Record<string, Migration>>): Record<string, Migration> {
  const entries = Object.entries(all).map(([name, migration]): [string, Migration] => {
    const version = sql.raw(String(Number.parseInt(name, 10)))
    return [
      name,
      {
        async up(database) {
          await migration.up(database)
          await sql`pragma user_version = ${version}`.execute(database)
        },
      },
    ]
  })
  return Object.fromEntries(entries)
}

function dialectOver(database: DatabaseSync): SqliteDialect {
  const dialect = new SqliteDialect({
    database: {
      // The connection belongs to whoever opened it.
      close: () => undefined,
      prepare: (text) => {
        const statement = database.prepare(text)
        const values = (parameters: readonly unknown[]) => parameters as readonly SQLInputValue[]
        return {
          reader: statement.columns().length > 0,
          all: (parameters) => statement.all(...values(parameters)),
          run: (parameters) => statement.run(...values(parameters)),
          iterate: (parameters) => statement.iterate(...values(parameters)),
        }
      },
    },
  })
  dialect.createAdapter = () => new TransactionalAdapter()
  return dialect
}

// SQLite can roll back a change of schema; Kysely's own adapter does not use it.
class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true
  }
}

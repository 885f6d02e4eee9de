// Changes of documents, each made only on the version that it was decided on.
import type { DatabaseSync } from 'node:sqlite'
import { canonical } from '../../kit/json.ts'
import type { Put } from '../../kit/record.ts'

/** Runs inside the transaction; false when the document was not at its version. */
export type Step = () => boolean

/** What can be wrong with a change alone is found before the database is locked. @throws TypeError for what is not JSON */
export function documentPutter(database: DatabaseSync): (put: Put) => Step {
  const insert = database.prepare(`${insertSql} on conflict (tenant, kind, id) do nothing`)
  const upsert = database.prepare(`${insertSql}
    on conflict (tenant, kind, id) do update set
      version = version + 1, value = excluded.value, due_at = excluded.due_at, updated_at = excluded.updated_at`)
  const update = database.prepare(`
    update document set version = version + 1, value = :value, due_at = :due, updated_at = :at
    where tenant = :tenant and kind = :kind and id = :id and version = :version`)
  const remove = database.prepare(`
    delete from document where tenant = :tenant and kind = :kind and id = :id and version = coalesce(:version, version)`)

  return ({ tenant, kind, id, value, version, dueAt, at }) => {
    const where = { tenant, kind, id }
    if (value === undefined) {
      const given = { ...where, version: version ?? null }
      return () => remove.run(given).changes === 1 || version === undefined || version === 0
    }
    const values = { ...where, value: canonical(value), due: dueAt ?? null, at }
    if (version === undefined) return () => upsert.run(values).changes === 1
    if (version === 0) return () => insert.run(values).changes === 1
    return () => update.run({ ...values, version }).changes === 1
  }
}

const insertSql = `
  insert into document (tenant, kind, id, version, value, due_at, created_at, updated_at)
  values (:tenant, :kind, :id, 1, :value, :due, :at, :at)`

// What a connector's sandbox sees of the file: the documents of its own instance.
import type { DatabaseSync } from 'node:sqlite'
import type { JsonObject } from '../kit/json.ts'
import type { SandboxState } from '../kit/sandbox.ts'

export interface InstanceState extends SandboxState {
  /** Whether any document is different from what it was when this view was made. */
  changed(): boolean
}

/** Use it inside one transaction. */
export function instanceState(database: DatabaseSync, instance: string): InstanceState {
  let changes = 0
  const one = database.prepare('SELECT value FROM docs WHERE instance = ? AND kind = ? AND id = ?')
  const all = database.prepare('SELECT id, value FROM docs WHERE instance = ? AND kind = ? ORDER BY ord')
  const last = database.prepare('SELECT coalesce(max(ord), 0) AS ord FROM docs WHERE instance = ? AND kind = ?')
  const insert = database.prepare('INSERT INTO docs (value, instance, kind, id, ord) VALUES (?, ?, ?, ?, ?)')
  const update = database.prepare('UPDATE docs SET value = ? WHERE instance = ? AND kind = ? AND id = ?')
  const remove = database.prepare('DELETE FROM docs WHERE instance = ? AND kind = ? AND id = ?')
  const count = database.prepare(
    'INSERT INTO counters VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET value = value + 1 RETURNING value',
  )

  return {
    get(kind, id) {
      const row = one.get(instance, kind, id)
      return row === undefined ? undefined : parse(row['value'])
    },
    list(kind) {
      return all.all(instance, kind).map((row) => ({ id: String(row['id']), value: parse(row['value']) }))
    },
    put(kind, id, value) {
      const text = JSON.stringify(value)
      const row = one.get(instance, kind, id)
      if (row?.['value'] === text) return
      changes += 1
      if (row === undefined) insert.run(text, instance, kind, id, Number(last.get(instance, kind)?.['ord']) + 1)
      else update.run(text, instance, kind, id)
    },
    delete(kind, id) {
      changes += Number(remove.run(instance, kind, id).changes)
    },
    next(counter) {
      return Number(count.get(instance, counter)?.['value'])
    },
    changed: () => changes > 0,
  }
}

function parse(text: unknown): JsonObject {
  return JSON.parse(String(text)) as JsonObject
}

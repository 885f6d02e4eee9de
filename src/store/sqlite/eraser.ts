// Takes contents away and leaves what proves that they were there: hashes of entries, identity and digests of operations.
import type { DatabaseSync } from 'node:sqlite'
import type { Erasure } from '../../kit/record.ts'

/** Runs inside the transaction. */
export function eraser(database: DatabaseSync): (erasure: Erasure) => void {
  const erasePayload = database.prepare('update audit set payload = null where tenant = ? and seq between ? and ?')
  const eraseOperation = database.prepare(`
    update operation set
      fence = fence + 1, args = '{}', plan = '{}', answer = null,
      details = json_object('call', json_extract(details, '$.call'), 'erased', :at)
    where id = :id and tenant = :tenant and state in ('succeeded', 'failed', 'reconciled', 'undone')`)

  return ({ tenant, entries, operations, at }) => {
    for (const [from, to] of entries) erasePayload.run(tenant, from, to)
    for (const id of operations) eraseOperation.run({ id, tenant, at })
  }
}

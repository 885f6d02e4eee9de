// What a person can do to the sandboxes from outside: look, break, mend, start over.
import type { DatabaseSync } from 'node:sqlite'
import { openSandboxFile, transaction } from './database.ts'
import { addFault, listFaults } from './faults.ts'
import type { Fault, PendingFault } from './faults.ts'
import { listRequests } from './ledger.ts'
import type { RecordedRequest } from './ledger.ts'

/** Forgets documents, counters, faults and recorded requests. The next request finds the company as seeded. */
export function resetSandbox(file: string, instance?: string): void {
  within(file, (database) => {
    for (const table of ['docs', 'counters', 'requests', 'faults', 'instances']) forget(database, table, instance)
  })
}

/** The newest `limit` requests, oldest first. */
export function sandboxRequests(
  file: string,
  { instance, limit = 100 }: { readonly instance?: string | undefined; readonly limit?: number | undefined } = {},
): readonly RecordedRequest[] {
  return within(file, (database) => listRequests(database, limit, instance))
}

export function breakSandbox(file: string, instance: string, fault: Fault): void {
  within(file, (database) => addFault(database, instance, fault))
}

/** Faults that have not been used up. */
export function sandboxFaults(file: string, instance?: string): readonly PendingFault[] {
  return within(file, (database) => listFaults(database, instance))
}

/** Takes back every fault; says how many there were. */
export function mendSandbox(file: string, instance?: string): number {
  return within(file, (database) => forget(database, 'faults', instance))
}

function within<Result>(file: string, work: (database: DatabaseSync) => Result): Result {
  const database = openSandboxFile(file)
  try {
    return transaction(database, () => work(database))
  } finally {
    database.close()
  }
}

function forget(database: DatabaseSync, table: string, instance: string | undefined): number {
  const { changes } =
    instance === undefined
      ? database.prepare(`DELETE FROM ${table}`).run()
      : database.prepare(`DELETE FROM ${table} WHERE instance = ?`).run(instance)
  return Number(changes)
}

// The file in which every sandbox lives: documents, faults and the requests that were made, shared by all processes.
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

const schema = `
  CREATE TABLE IF NOT EXISTS instances (instance TEXT PRIMARY KEY, seeded_at TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS docs (
    instance TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, ord INTEGER NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (instance, kind, id)
  ) STRICT;
  CREATE INDEX IF NOT EXISTS docs_in_order ON docs (instance, kind, ord);
  CREATE TABLE IF NOT EXISTS counters (
    instance TEXT NOT NULL, name TEXT NOT NULL, value INTEGER NOT NULL, PRIMARY KEY (instance, name)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS requests (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, instance TEXT NOT NULL, at TEXT NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL,
    query TEXT NOT NULL, status INTEGER, changed INTEGER NOT NULL, fault TEXT, body_bytes INTEGER NOT NULL,
    body_sha256 TEXT NOT NULL, body TEXT NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS faults (
    id INTEGER PRIMARY KEY AUTOINCREMENT, instance TEXT NOT NULL, mode TEXT NOT NULL, times INTEGER NOT NULL,
    route TEXT, retry_after INTEGER, ms INTEGER
  ) STRICT;
`

const busyTimeoutMs = 5_000

/** Opens the file, and makes it where there is none. */
export function openSandboxFile(file: string): DatabaseSync {
  mkdirSync(dirname(file), { recursive: true })
  const database = new DatabaseSync(file, { timeout: busyTimeoutMs })
  patiently(() => database.exec('PRAGMA journal_mode = WAL'))
  // Losing the last requests in a power cut is fine: it is a stand-in.
  database.exec('PRAGMA synchronous = NORMAL')
  patiently(() => database.exec(`BEGIN IMMEDIATE; ${schema} COMMIT`))
  return database
}

/** One transaction that no other process can come between. */
export function transaction<Result>(database: DatabaseSync, work: () => Result): Result {
  database.exec('BEGIN IMMEDIATE')
  try {
    const result = work()
    database.exec('COMMIT')
    return result
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

/** Changing the journal mode does not wait for other processes by itself (sqlite.org/wal.html), so it is asked again. */
function patiently(work: () => void): void {
  const sleeper = new Int32Array(new SharedArrayBuffer(4))
  for (let attempt = 1; ; attempt += 1) {
    try {
      return work()
    } catch (error) {
      if (attempt === 100 || !isBusy(error)) throw error
      Atomics.wait(sleeper, 0, 0, 20)
    }
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && /locked|busy/i.test(error.message)
}

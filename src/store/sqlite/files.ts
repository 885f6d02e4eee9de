// The files of a SQLite database: made for their owner only, brought to the newest schema by one process at a time.
import { closeSync, mkdirSync, openSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { isBusy } from './failure.ts'
import { refuseNetwork } from './place.ts'

/** The schema that this version of the hub reads and writes: the number of the last migration. */
export const schemaVersion = 2

/** How long a start waits for another one that is at the same work. */
const migrationWaitMs = 15_000

/**
 * Makes the file when it is not there, and brings it to the newest schema.
 *
 * @throws Error with a sentence when it would lie on another machine or is of a newer schema (nothing is changed then), or
 *   cannot be prepared
 */
export async function prepareFile(file: string): Promise<void> {
  try {
    await prepare(file)
  } catch (error) {
    if (!isOfSystem(error)) throw error
    const message = `The database ${file} cannot be prepared: ${error.message}. Check the path, its rights and its disk, or restore the file.`
    throw new Error(message, { cause: error })
  }
}

async function prepare(file: string): Promise<void> {
  refuseNetwork(file)
  makeForOwner(file)
  if (versionOf(file) === schemaVersion) return
  const lock = await lockBeside(file)
  try {
    // Another process may have been here while this one waited.
    if (versionOf(file) !== schemaVersion) await bringUp(file)
  } finally {
    lock.close()
  }
}

async function bringUp(file: string): Promise<void> {
  const { migrate } = await import('./migrate.ts')
  const database = new DatabaseSync(file, { timeout: migrationWaitMs })
  try {
    database.exec('pragma journal_mode = wal')
    database.exec('pragma synchronous = full')
    await migrate(database)
  } finally {
    database.close()
  }
}

/**
 * A lock that the operating system lets go of when its process dies, however it dies: an exclusive transaction on an
 * empty database of its own. The file stays; removing it would let two processes hold two locks of one name.
 */
async function lockBeside(file: string): Promise<DatabaseSync> {
  const name = `${file}-migration-lock`
  makeForOwner(name)
  const lock = new DatabaseSync(name, { timeout: 0 })
  const patience = AbortSignal.timeout(migrationWaitMs)
  for (;;) {
    try {
      lock.exec('begin exclusive')
      return lock
    } catch (error) {
      if (!isBusy(error) || patience.aborted) {
        lock.close()
        throw new Error(lockRefusal(name, error), { cause: error })
      }
    }
    await sleep(20)
  }
}

function lockRefusal(name: string, error: unknown): string {
  if (!isBusy(error)) return `The lock ${name} cannot be taken: ${String(error)}`
  return `Another process has been preparing the database for ${migrationWaitMs / 1000} s (it holds ${name}). Wait for it or stop it, then start again.`
}

function versionOf(file: string): number {
  const database = new DatabaseSync(file, { timeout: migrationWaitMs })
  try {
    const version = Number(database.prepare('pragma user_version').get()?.['user_version'])
    if (version <= schemaVersion) return version
    throw new Error(
      `The database ${file} is of schema ${version}, and this version of Toolgate knows schemas up to ${schemaVersion}. ` +
        'Nothing was changed. Start the newer version again, or set `store` to another file.',
    )
  } finally {
    database.close()
  }
}

function makeForOwner(file: string): void {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 })
  closeSync(openSync(file, 'a', 0o600))
}

/** From SQLite or the file system, and so without a sentence of ours. */
function isOfSystem(error: unknown): error is Error {
  return error instanceof Error && 'code' in error
}

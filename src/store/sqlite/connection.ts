// The writer's connection: opened on the very file that was there before, and only where it still holds what was promised.
import { statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import type { ChainHead } from '../../kit/chain.ts'
import { openBatches } from './batch.ts'
import type { Batches } from './batch.ts'
import { schemaVersion } from './files.ts'
import { lost, Unusable } from './failure.ts'
import { takeTurns } from './turns.ts'
import type { Turns } from './turns.ts'

/** Room that must be free before the database counts as well again. */
const probeBytes = 32 * 1024
const openWaitMs = 1000

export interface Connection extends Batches {
  readonly turns: Turns
  /** Which file it is, whatever its name. */
  readonly identity: string
  /** @throws Unusable when the file was removed or replaced under the hub's feet */
  check(): void
  /** Writes something, durably. @throws the error of SQLite */
  probe(): void
  close(): void
}

/** What a connection must find: the same file as before, with all that was acknowledged. */
export interface Promised {
  /** Undefined for the first connection. */
  readonly identity: string | undefined
  readonly heads: ReadonlyMap<string, ChainHead>
}

/** @throws Unusable, or the error of SQLite */
export function openConnection(file: string, seed: number, promised: Promised): Connection {
  // Before SQLite touches it: it would make an empty database where there is none, and throw away the log of recent
  // changes that lies beside the file when that is not the file it belongs to.
  const identity = identityOf(file)
  if (promised.identity !== undefined && identity !== promised.identity) throw new Unusable(replaced)
  const database = new DatabaseSync(file, { timeout: openWaitMs })
  try {
    database.exec('pragma journal_mode = wal')
    // In WAL mode only FULL writes to the disk with every commit; fullfsync is what that takes on macOS.
    database.exec('pragma synchronous = full; pragma fullfsync = on; pragma checkpoint_fullfsync = on')
    database.exec('pragma journal_size_limit = 67108864; pragma trusted_schema = off; pragma cell_size_check = on')
    // What was given up is overwritten, so that what is erased one day does not lie about in older places.
    database.exec('pragma secure_delete = on')
    refuseOtherSchema(database)
    refuseLoss(database, promised.heads)
    // From here on, waiting is done in turns.
    database.exec('pragma busy_timeout = 0')
    const turns = takeTurns(database, seed)
    return {
      ...openBatches(database, turns),
      turns,
      identity,
      check() {
        if (identityOf(file) !== identity) throw new Unusable(replaced)
      },
      probe: () => probe(database, turns),
      close: () => database.close(),
    }
  } catch (error) {
    database.close()
    throw error
  }
}

const replaced =
  'The hub cannot record anything now: the file of its database was replaced while the hub was running. Put it back; the hub then goes on by itself.'
const missing =
  'The hub cannot record anything now: the file of its database is gone. Put it back; the hub then goes on by itself.'
const otherSchema =
  'The hub cannot record anything now: its database was changed by another version of Toolgate. Start the hub again.'

function identityOf(file: string): string {
  const found = statSync(file, { throwIfNoEntry: false })
  if (!found) throw new Unusable(missing)
  return `${found.dev}:${found.ino}`
}

function refuseOtherSchema(database: DatabaseSync): void {
  if (database.prepare('pragma user_version').get()?.['user_version'] !== schemaVersion) throw new Unusable(otherSchema)
}

function refuseLoss(database: DatabaseSync, heads: ReadonlyMap<string, ChainHead>): void {
  const select = database.prepare('select hash from audit where tenant = ? and seq = ?')
  for (const [tenant, { seq, hash }] of heads) {
    if (select.get(tenant, seq)?.['hash'] !== hash) throw new Unusable(lost)
  }
}

/** On a full disk an update in place may still succeed, so that it asks for room and gives it back. */
function probe(database: DatabaseSync, turns: Turns): void {
  const fill = database.prepare('update probe set filling = ? where id = 1')
  for (const filling of [' '.repeat(probeBytes), '']) {
    turns.begin()
    try {
      fill.run(filling)
      database.exec('commit')
    } catch (error) {
      if (database.isTransaction) database.exec('rollback')
      throw error
    } finally {
      turns.ended()
    }
  }
}

// Rate limits as an exact sliding window: one row for each thing taken, as long as it counts.
import type { DatabaseSync } from 'node:sqlite'
import type { Take, Taken } from './messages.ts'

/** Rows of keys that nobody asks for any more go in small portions, this often at most. */
const sweepEveryMs = 60_000
const sweepRows = 5000
/** Processes read their clocks at slightly different moments; a row further in the future is of a clock set back since. */
const clockToleranceMs = 1000

/** Must run inside the writer's transaction. */
export function limitTaker(database: DatabaseSync): (take: Take) => Taken {
  const pullBack = database.prepare('update taken set at = ?, until = ? where key = ? and at > ?')
  const drop = database.prepare('delete from taken where key = ? and until <= ?')
  // The row that must leave the window before one more fits in.
  const standingInTheWay = database.prepare(
    'select at from taken where key = ? and at > ? order by at desc limit 1 offset ?',
  )
  const insert = database.prepare('insert into taken (key, at, until) values (?, ?, ?)')
  const sweep = database.prepare('delete from taken where rowid in (select rowid from taken where until <= ? limit ?)')
  let sweptAt = 0

  return ({ key, atMost, windowMs, now }) => {
    if (Math.abs(now - sweptAt) > sweepEveryMs) {
      sweep.run(now, sweepRows)
      sweptAt = now
    }
    // A clock that was set back must neither free what was taken nor hold it longer than one window.
    pullBack.run(now, now + windowMs, key, now + clockToleranceMs)
    drop.run(key, now)
    if (atMost < 1) return { taken: false, retryAfterMs: windowMs }
    const oldest = standingInTheWay.get(key, now - windowMs, atMost - 1)
    if (oldest) return { taken: false, retryAfterMs: Math.max(1, Number(oldest['at']) + windowMs - now) }
    insert.run(key, now, now + windowMs)
    return { taken: true, retryAfterMs: 0 }
  }
}

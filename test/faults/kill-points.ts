// Loaded before everything else in a process that is to die (`--import`): kills it right before or right after its nth
// durable write, or stops it there with `signal=SIGSTOP`, or only counts them. What to do is in the query of its address, since the store's own thread gets no
// environment: `?at=before:3`, `?count=FILE`.
import { appendFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

const { searchParams } = new URL(import.meta.url)
const [when, nth] = (searchParams.get('at') ?? '').split(':')
const counted = searchParams.get('count')
const signal = searchParams.get('signal') ?? 'SIGKILL'
let commits = 0

/** A commit with `synchronous=full` is one durable write. Each thread counts its own: the store has one writer. */
const prepare = DatabaseSync.prototype.prepare
DatabaseSync.prototype.prepare = function prepared(this: DatabaseSync, ...given: Parameters<typeof prepare>) {
  const statement = prepare.apply(this, given)
  if (given[0].trim().toLowerCase() !== 'commit') return statement
  const run = statement.run.bind(statement)
  statement.run = () => {
    commits += 1
    if (counted !== null) appendFileSync(counted, '.')
    if (when === 'before' && commits === Number(nth)) process.kill(process.pid, signal)
    const result = run()
    if (when === 'after' && commits === Number(nth)) process.kill(process.pid, signal)
    return result
  }
  return statement
}

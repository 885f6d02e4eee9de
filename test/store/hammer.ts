// A process of its own that opens the store, appends as fast as it can, and says what became of it.
// Arguments: file, how long in milliseconds, how many at once. On stdout: the id of each acknowledged entry on a line
// of its own, and at the end one line of JSON.
import { writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { openStore } from '../../src/store/open.ts'
import { draft, newId } from './records.ts'

const [file, ms, atOnce] = process.argv.slice(2)
const startedAt = performance.now()
const store = await openStore({ url: `sqlite:${file}`, now: () => new Date(), id: newId })
const openMs = performance.now() - startedAt
say('open')

let appended = 0
let longestMs = 0
let refusedMs = 0
const refusals = new Set<string>()
const until = performance.now() + Number(ms)

async function append(): Promise<void> {
  while (performance.now() < until) {
    const askedAt = performance.now()
    try {
      const { id } = await store.append(draft())
      longestMs = Math.max(longestMs, performance.now() - askedAt)
      appended++
      say(id)
    } catch (error) {
      refusedMs = Math.max(refusedMs, performance.now() - askedAt)
      refusals.add(error instanceof Error ? error.message : String(error))
      await sleep(20)
    }
  }
}

await Promise.all(Array.from({ length: Number(atOnce) }, append))
await store.close()
say(JSON.stringify({ appended, openMs, longestMs, refusedMs, refusals: [...refusals] }))

/** At once, because the process may be killed; again where whoever reads is slower than the store. */
function say(line: string): void {
  for (;;) {
    try {
      return void writeSync(1, `${line}\n`)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
    }
  }
}

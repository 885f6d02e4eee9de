// A process of its own on the small disk in the folder of its argument, which becomes read-only while the store runs, and
// writable again. As on a real machine an error comes first: a file system cannot be remounted while it is written to.
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { verifyChain } from '../../src/call/verify.ts'
import { openStore } from '../../src/store/open.ts'
import { draft, newId } from './records.ts'
import { fillDisk } from './fill-disk.ts'

const folder = process.argv[2]!
const file = path.join(folder, 'toolgate.db')
const open = () => openStore({ url: `sqlite:${file}`, now: () => new Date(), id: newId })
const store = await open()
let appended = 0
for (; appended < 20; appended += 1) await store.append(draft())
const filling = path.join(folder, 'filling')
fillDisk(filling)
while ((await attempt()).message === undefined) appended += 1

const remountedMs = await until(() => remount('ro'))
const noticedMs = await until(() => store.broken()?.includes('read-only') === true)
const refused = await attempt()
const start = await timed(open)
const readable = (await store.recent('acme', 10)).length
remount('rw')
rmSync(filling)
const recoveredMs = await until(() => store.broken() === undefined)
const after = await attempt()
const verified = await verifyChain(store, 'acme')
await store.close()
process.stdout.write(
  JSON.stringify({ appended, remountedMs, noticedMs, refused, start, readable, recoveredMs, after, verified }),
)

function remount(how: 'ro' | 'rw'): boolean {
  return spawnSync('mount', ['-o', `remount,${how}`, folder]).status === 0
}

async function until(done: () => boolean): Promise<number> {
  const from = performance.now()
  while (!done() && performance.now() - from < 10_000) await sleep(5)
  return performance.now() - from
}

async function attempt() {
  return await timed(() => store.append(draft({ payload: { filling: 'x'.repeat(20_000) } })))
}

async function timed(work: () => Promise<unknown>): Promise<{ message: string | undefined; ms: number }> {
  const from = performance.now()
  const message = await work().then(
    () => undefined,
    (error: Error) => error.message,
  )
  return { message, ms: performance.now() - from }
}

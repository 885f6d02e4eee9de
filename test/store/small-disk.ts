// A process of its own that fills the small disk in the folder of its argument, makes room again, and says what happened.
import { rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { verifyChain } from '../../src/call/verify.ts'
import { openStore } from '../../src/store/open.ts'
import { draft, newId } from './records.ts'

const folder = process.argv[2]!
const ballast = path.join(folder, 'ballast')
// More than the log of recent changes grows to: its contents must fit into the database before it starts over.
writeFileSync(ballast, Buffer.alloc(6 * 1024 * 1024, 1))
const store = await openStore({ url: `sqlite:${path.join(folder, 'toolgate.db')}`, now: () => new Date(), id: newId })

let appended = 0
const first = await fill()
const second = await refusal()
const readable = (await store.recent('acme', 10)).length
await sleep(600)
const stillBroken = store.broken()

rmSync(ballast)
const freedAt = performance.now()
while (store.broken() !== undefined && performance.now() - freedAt < 5000) await sleep(10)
const recoveredMs = performance.now() - freedAt
await store.append(draft())
appended++
const verified = await verifyChain(store, 'acme')
await store.close()
process.stdout.write(JSON.stringify({ first, second, readable, stillBroken, recoveredMs, appended, verified }))

async function fill() {
  for (;;) {
    const refused = await refusal()
    if (refused) return refused
    appended++
  }
}

async function refusal() {
  const askedAt = performance.now()
  try {
    await store.append(draft({ payload: { filling: 'x'.repeat(20_000) } }))
    return undefined
  } catch (error) {
    return { message: (error as Error).message, ms: performance.now() - askedAt }
  }
}

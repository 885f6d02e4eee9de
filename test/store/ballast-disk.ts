// A process of its own on the small disk in the folder of its argument: fills it, ends what has begun, makes room, says what happened.
import { existsSync, rmSync, statSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { verifyChain } from '../../src/call/verify.ts'
import type { Operation } from '../../src/kit/record.ts'
import { openStore } from '../../src/store/open.ts'
import { fillDisk } from './fill-disk.ts'
import { draft, newId, operation } from './records.ts'

const folder = process.argv[2]!
const file = path.join(folder, 'toolgate.db')
const ballast = `${file}-ballast`
const ballastBytes = 8 * 1024 * 1024
const store = await openStore({ url: `sqlite:${file}`, now: () => new Date(), id: newId, ballastBytes })
const begun: Operation[] = []
for (let n = 0; n < 20; n += 1) begun.push((await store.begin(operation(), draft())).operation)
while (!existsSync(ballast) || statSync(ballast).size < ballastBytes) await sleep(50)

fillDisk(path.join(folder, 'filling'))
let appended = 0
const refused = await untilRefused()
const ended = await Promise.allSettled(begun.map((each) => move(each, 'succeeded')))
const closed = await outcome(store.append(draft({ kind: 'call.closed' })))
const anew = await outcome(store.begin(operation(), draft()))
const stillBroken = store.broken()
rmSync(path.join(folder, 'filling'))
const freedAt = performance.now()
while (store.broken() !== undefined && performance.now() - freedAt < 5000) await sleep(10)
const recoveredMs = performance.now() - freedAt
const after = await outcome(store.begin(operation(), draft()))
const verified = await verifyChain(store, 'acme')
const heldAgain = statSync(ballast).size
await store.close()
const succeeded = ended.filter((each) => each.status === 'fulfilled' && each.value?.state === 'succeeded').length
process.stdout.write(
  JSON.stringify({ refused, succeeded, closed, anew, stillBroken, recoveredMs, after, heldAgain, verified }),
)

async function untilRefused() {
  for (;;) {
    const askedAt = performance.now()
    const refusal = await outcome(store.append(draft({ kind: 'call.opened', payload: { filling: 'x'.repeat(20_000) } })))
    if (refusal !== 'done') return { message: refusal, ms: performance.now() - askedAt }
    appended += 1
  }
}

function move({ id, fence }: Operation, to: 'succeeded') {
  const answer = { status: 'done', text: 'y'.repeat(2000) }
  return store.move(
    { id, fence, from: ['intent'], to, at: '2026-11-22T10:00:09.000Z', answer },
    draft({ kind: 'operation.succeeded' }),
  )
}

function outcome(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'done',
    (error: Error) => error.message,
  )
}

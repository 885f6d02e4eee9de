// A process of its own that writes to the database of its argument every few milliseconds, until its standard input ends, and
// says then what it was told: what was durable, what was refused and how fast, and whether all of it is there.
import { setTimeout as sleep } from 'node:timers/promises'
import { verifyChain } from '../../src/call/verify.ts'
import { errorKinds } from '../../src/kit/error.ts'
import type { HubError } from '../../src/kit/error.ts'
import { openStore } from '../../src/store/open.ts'
import { draft, newId, operation } from './records.ts'

const file = process.argv[2]!
const store = await openStore({ url: `sqlite:${file}`, now: () => new Date(), id: newId })
const durable: string[] = []
const refusals = new Map<string, { times: number; slowestMs: number; retryable: boolean }>()
let slowestMs = 0
const stopped = new AbortController()
process.stdin.on('end', () => stopped.abort()).resume()
let said = 'well'
process.stdout.write('well\n')
while (!stopped.signal.aborted) {
  await write()
  const now = store.broken() === undefined ? 'well' : 'broken'
  if (now !== said) process.stdout.write(`${(said = now)}\n`)
  await sleep(5)
}
const found = await Promise.all(durable.map((id) => store.operation(id)))
const verified = await verifyChain(store, 'acme')
await store.close()
const lost = found.filter((each) => each === undefined).length
process.stdout.write(
  `${JSON.stringify({ durable: durable.length, lost, slowestMs, refusals: [...refusals].map(([message, told]) => ({ message, ...told })), verified })}\n`,
)

async function write(): Promise<void> {
  const one = operation()
  const askedAt = performance.now()
  try {
    await store.begin(one, draft({ payload: { operation: one.id } }))
    durable.push(one.id)
  } catch (error) {
    const ms = performance.now() - askedAt
    const { message, code } = error as HubError
    const told = refusals.get(message) ?? { times: 0, slowestMs: 0, retryable: errorKinds[code]?.retry === 'later' }
    refusals.set(message, { ...told, times: told.times + 1, slowestMs: Math.max(told.slowestMs, ms) })
  }
  slowestMs = Math.max(slowestMs, performance.now() - askedAt)
}

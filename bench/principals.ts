// `npm run bench:principals -- [PEOPLE]`: the memory of a hub whose callers all have accounts of their own, round after round.
// They are connected by another process, through the vendor's own pages; the sandbox vendor runs in the measured one.
import { spawnSync } from 'node:child_process'
import { loadavg } from 'node:os'
import { performance } from 'node:perf_hooks'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { house } from '../test/connect/house.ts'
import type { House } from '../test/connect/house.ts'
import { configFolder } from '../test/hub.ts'

const [given = '1000', folderOfAll] = process.argv.slice(2)
const people = Array.from({ length: Number(given) }, (_, index) => `person-${index}`)
const rounds = 4
const atOnce = 10
const own = { sandbox: true, actsAs: 'user-or-refuse' as const }
const options = { connectors: { jira: own }, actsAs: 'user-or-refuse' as const, port: 48_100 }

if (folderOfAll !== undefined) await connectAll(folderOfAll)
else await measure()

async function connectAll(folder: string): Promise<void> {
  await using at = await house({ ...options, folder })
  await each(async (person) => void (await at.connected('jira', person, 'maya')))
}

async function measure(): Promise<void> {
  const folder = configFolder({ ...options, config: { serve: { http: { port: options.port } } } })
  const startedAt = performance.now()
  const connected = spawnSync(process.execPath, [fileURLToPath(import.meta.url), given, folder], { stdio: 'inherit' })
  if (connected.status !== 0) throw new Error('Not everybody could connect.')
  console.log(`${people.length} people connected in ${((performance.now() - startedAt) / 1000).toFixed(0)} s`)
  const clock = { ms: 0 }
  await using at = await house({ ...options, folder, clock })
  console.log(`before the first call: ${memory()}`)
  for (let round = 1; round <= rounds; round += 1) {
    // Everybody's access has ended since the round before, and is renewed.
    clock.ms += 2 * 60 * 60_000
    const began = performance.now()
    await each(async (person) => await call(at, person))
    const perCall = (performance.now() - began) / people.length
    console.log(`round ${round}: ${memory()}, ${perCall.toFixed(1)} ms for a renewal and a call`)
  }
  console.log(`load average ${loadavg()[0]!.toFixed(1)}`)
}

async function call(at: House, person: string): Promise<void> {
  const { status, message } = await at.as(person)('jira_issue_get', { key: 'OPS-42' })
  if (status !== 'done') throw new Error(message)
}

async function each(work: (person: string) => Promise<void>): Promise<void> {
  const left = [...people]
  const one = async () => {
    for (let person = left.pop(); person !== undefined; person = left.pop()) await work(person)
  }
  await Promise.all(Array.from({ length: atOnce }, one))
}

function memory(): string {
  globalThis.gc?.()
  const { rss, heapUsed } = process.memoryUsage()
  return `${(rss / 2 ** 20).toFixed(0)} MiB resident, ${(heapUsed / 2 ** 20).toFixed(0)} MiB of live heap`
}

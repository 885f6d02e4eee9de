// `node bench/writes.ts [SECONDS]`: durable governed writes at a concurrency of 50, and the same where the disk makes none wait.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { openHub } from '../src/hub.ts'

const seconds = Number(process.argv[2] ?? 4)
const atOnce = 50
const rounds = 3
const desk = fileURLToPath(new URL('../test/desk', import.meta.url))
/** A file system in memory: what is written there is never waited for. */
const memory = '/dev/shm'

const rates: Record<'durable' | 'memory', number[]> = { durable: [], memory: [] }
// Round by round, so that whatever else the machine does falls on both alike.
for (let round = 0; round < rounds; round += 1) {
  rates.memory.push(await writes(memory))
  rates.durable.push(await writes(tmpdir()))
}
const median = (all: readonly number[]) => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)]!
const [durable, unsynced] = [median(rates.durable), median(rates.memory)]
console.log(`governed writes at ${atOnce} at once, median of ${rounds} rounds of ${seconds} s`)
console.log(`  every step durable on disk: ${Math.round(durable)} writes/s`)
console.log(`  with nothing to wait for:   ${Math.round(unsynced)} writes/s`)
console.log(`  ratio: ${((durable / unsynced) * 100).toFixed(0)} %`)

async function writes(where: string): Promise<number> {
  const folder = mkdtempSync(path.join(where, 'toolgate-bench-'))
  try {
    writeFileSync(path.join(folder, 'policy.yaml'), 'rules:\n  - allow: "*"\n    who: role:member\n')
    const configPath = path.join(folder, 'mcp.config.json')
    const config = {
      connectors: { desk: { uses: desk, sandbox: true } },
      policies: ['policy.yaml'],
      people: { local: { id: 'maya', roles: ['member'] } },
      store: 'sqlite:data/toolgate.db',
    }
    writeFileSync(configPath, JSON.stringify(config))
    const hub = await openHub({ configPath })
    let done = 0
    let number = 0
    const principal = hub.person()
    const until = performance.now() + seconds * 1000
    const one = async () => {
      while (performance.now() < until) {
        number += 1
        const given = { desk: 'front', text: `note ${number}` }
        const { status, message } = await hub.call({ door: 'test', principal, tool: 'desk_note_send', arguments: given })
        if (status !== 'done') throw new Error(message)
        done += 1
      }
    }
    const startedAt = performance.now()
    await Promise.all(Array.from({ length: atOnce }, one))
    const rate = (done / (performance.now() - startedAt)) * 1000
    await hub.close()
    return rate
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

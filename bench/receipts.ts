// `node bench/receipts.ts [CALLS]`: what a receipt adds to a governed read, in processor time of the whole process.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { openHub } from '../src/hub.ts'

const calls = Number(process.argv[2] ?? 8000)
const atOnce = 32
const rounds = 5
const desk = fileURLToPath(new URL('../test/desk', import.meta.url))
const modes = ['off', 'writes', 'all'] as const
const figures = Object.fromEntries(modes.map((mode) => [mode, [] as number[]])) as Record<(typeof modes)[number], number[]>

console.log(
  `load average ${loadavg()
    .map((load) => load.toFixed(1))
    .join(' ')}`,
)
// Round by round, so that whatever else the machine does falls on all alike; the first one warms up.
for (let round = 0; round <= rounds; round += 1) {
  for (const mode of modes) {
    const us = await measure(mode)
    if (round > 0) figures[mode].push(us)
  }
}
const median = (all: readonly number[]) => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)]!
for (const mode of modes)
  console.log(`receipts ${mode.padEnd(6)} ${median(figures[mode]).toFixed(0)} µs of processor time a read`)
console.log(`a receipt of a read: ${(median(figures.all) - median(figures.off)).toFixed(0)} µs`)

async function measure(receipts: (typeof modes)[number]): Promise<number> {
  const folder = mkdtempSync(path.join(tmpdir(), 'toolgate-bench-'))
  try {
    writeFileSync(path.join(folder, 'policy.yaml'), 'rules:\n  - allow: "*"\n    who: role:member\n')
    const configPath = path.join(folder, 'mcp.config.json')
    const config = {
      connectors: { desk: { uses: desk, sandbox: true } },
      policies: ['policy.yaml'],
      people: { local: { id: 'maya', roles: ['member'] } },
      store: 'sqlite:data/toolgate.db',
      audit: { receipts },
    }
    writeFileSync(configPath, JSON.stringify(config))
    const hub = await openHub({ configPath })
    const request = { door: 'test', principal: hub.person(), tool: 'desk_note_echo', arguments: { text: 'hello' } } as const
    let left = calls
    const one = async () => {
      while (left-- > 0) {
        const { answer } = await hub.answered(request)
        if (answer.status !== 'done') throw new Error(answer.message)
      }
    }
    await hub.answered(request)
    const before = process.cpuUsage()
    await Promise.all(Array.from({ length: atOnce }, one))
    const { user, system } = process.cpuUsage(before)
    await hub.close()
    return (user + system) / calls
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

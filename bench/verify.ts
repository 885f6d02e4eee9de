// `node bench/verify.ts [ENTRIES]`: how fast a record is verified and a hub with it starts again; prints entries per second.
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import path from 'node:path'
import { performance } from 'node:perf_hooks'
import { DatabaseSync } from 'node:sqlite'
import { finished } from 'node:stream/promises'
import { verifyDatabase, verifyExport } from '../src/hub/verifying.ts'
import { lineOf } from '../src/evidence/formats.ts'
import { chainStart, entryHash, textHash } from '../src/kit/chain.ts'
import { canonical } from '../src/kit/json.ts'
import { openStore } from '../src/store/open.ts'

const count = Number(process.argv[2] ?? 1_000_000)
console.log(
  `${availableParallelism()} cores, load average ${loadavg()
    .map((load) => load.toFixed(1))
    .join(' ')}`,
)
const folder = mkdtempSync(path.join(tmpdir(), 'toolgate-bench-'))
const file = path.join(folder, 'toolgate.db')
try {
  await (await openStore({ url: `sqlite:${file}`, now: () => new Date(), id: (prefix) => `${prefix}_1` })).close()
  console.error(`… recording ${count} entries`)
  fill()
  for (const round of [1, 2, 3])
    await timed(`verify the database, round ${round}`, () => verifyDatabase(file, { anchors: [], keys: [] }))
  const exported = path.join(folder, 'export.jsonl')
  await exportTo(exported)
  for (const round of [1, 2, 3])
    await timed(`verify the export, round ${round}`, async () => [
      await verifyExport(exported, { anchors: [], keys: undefined }),
    ])
  await restart()
} finally {
  rmSync(folder, { recursive: true, force: true })
}

async function timed(what: string, work: () => Promise<readonly { ok: boolean; entries: number }[]>): Promise<void> {
  const startedAt = performance.now()
  const before = process.cpuUsage()
  const [result] = await work()
  const seconds = (performance.now() - startedAt) / 1000
  const { user, system } = process.cpuUsage(before)
  const processorSeconds = (user + system) / 1e6
  if (result?.ok !== true || result.entries !== count) throw new Error(`${what}: ${JSON.stringify(result)}`)
  console.log(
    `${what}: ${Math.round(count / seconds)} entries/s (${seconds.toFixed(2)} s), ${Math.round(count / processorSeconds)} a second of processor time`,
  )
}

/** What a call leaves behind, about 600 bytes an entry. */
function fill(): void {
  const database = new DatabaseSync(file)
  database.exec('pragma synchronous = off; begin')
  const insert = database.prepare(
    'insert into audit (tenant, seq, prev, id, at, kind, call, payload_hash, hash, payload) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
  )
  let prev = chainStart.hash
  for (let seq = 1; seq <= count; seq += 1) {
    const at = new Date(1_790_000_000_000 + seq).toISOString()
    const payload = canonical({
      args: { issue: `OPS-${seq}`, limit: 20 },
      effect: 'allow',
      ms: 12,
      principal: 'maya',
      rule: 'support.yaml#1',
      rules: [{ effect: 'allow', outcome: 'speaks', rule: 'support.yaml#1' }],
      status: 'done',
      tool: 'jira_issue_get',
      vendor: [
        { method: 'GET', ms: 11, path: `/rest/api/3/issue/OPS-${seq}`, route: 'GET /rest/api/3/issue/{key}', status: 200 },
      ],
    })
    const said = {
      tenant: 'local',
      seq,
      prev,
      id: `ae_${seq}`,
      at,
      kind: 'call.closed',
      call: `call_${seq}`,
      payload_hash: textHash(payload),
    }
    const hash = entryHash(said)
    insert.run('local', seq, prev, said.id, at, said.kind, said.call, said.payload_hash, hash, payload)
    prev = hash
  }
  database.exec('commit')
  database.close()
}

async function restart(): Promise<void> {
  const configPath = path.join(folder, 'mcp.config.json')
  writeFileSync(path.join(folder, 'policy.yaml'), 'rules:\n  - allow: "*"\n    who: role:member\n')
  writeFileSync(
    configPath,
    JSON.stringify({
      tenant: 'local',
      connectors: { jira: { sandbox: true } },
      policies: ['policy.yaml'],
      people: { local: { id: 'maya', roles: ['member'] } },
      store: `sqlite:${file}`,
    }),
  )
  const { openHub } = await import('../src/hub.ts')
  const startedAt = performance.now()
  const hub = await openHub({ configPath })
  console.log(`ready again with ${count} entries after ${((performance.now() - startedAt) / 1000).toFixed(2)} s`)
  await hub.close()
}

async function exportTo(target: string): Promise<void> {
  const { createWriteStream } = await import('node:fs')
  const store = await openStore({ url: `sqlite:${file}`, now: () => new Date(), id: (prefix) => `${prefix}_1` })
  const stream = createWriteStream(target)
  for await (const entry of store.entries('local'))
    if (!stream.write(`${lineOf(entry, 'jsonl')}\n`)) await once(stream, 'drain')
  stream.end()
  await finished(stream)
  await store.close()
}

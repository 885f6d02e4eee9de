// How fast the admin app's server answers with 1,000 calls in the queue and 1,000,000 entries in the audit, over HTTP.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { openHub } from '../src/hub.ts'
import { mountAdmin } from '../src/hub/admin.ts'
import { serveHttp } from '../src/serve/http.ts'

const entries = Number(process.env['ENTRIES'] ?? 1_000_000)
const pending = Number(process.env['PENDING'] ?? 1000)
const rounds = 40
const log = pino({ level: 'silent' })

const folder = mkdtempSync(path.join(tmpdir(), 'toolgate-bench-'))
const config = {
  connectors: { desk: { uses: fileURLToPath(new URL('../test/desk', import.meta.url)), sandbox: true } },
  policies: ['policy.yaml'],
  people: { local: { id: 'maya', roles: ['member'] }, directory: { jonas: { roles: ['lead'], admin: 'admin' } } },
  approvals: { pendingMax: pending + 1 },
}
writeFileSync(path.join(folder, 'policy.yaml'), "rules:\n  - ask: '*_set'\n    who: role:member\n    approvers: role:lead\n")
writeFileSync(path.join(folder, 'mcp.config.json'), JSON.stringify(config))

const hub = await openHub({ configPath: path.join(folder, 'mcp.config.json'), log })
const admin = mountAdmin({ hub, log, secure: false })
const door = await serveHttp({
  dispatcher: hub.dispatcher,
  principalOf: () => Promise.resolve(hub.person()),
  admin,
  host: '127.0.0.1',
  port: 0,
  sessionIdleMs: 60_000,
  maxSessions: 10,
  log,
  now: () => new Date(),
})
const { origin } = new URL(door.url)

try {
  await fill()
  const cookie = await signIn()
  const queue = (await ask('approvals', cookie)) as { items: { id: string }[]; next?: string }
  const pages: readonly (readonly [string, string])[] = [
    ['queue', 'approvals'],
    ['queue, second page', `approvals?before=${queue.next ?? ''}`],
    ['one request', `approvals/${queue.items[0]?.id ?? ''}`],
    ['calls', 'calls'],
    ['calls, in the middle', `calls?before=${Math.floor(entries / 2)}`],
    ['calls that were denied', 'calls?status=denied'],
    ['calls of a tool that was used once, long ago', 'calls?tool=desk_note_rare'],
    ['calls with a word that is not there', 'calls?text=nowhere'],
  ]
  console.log(`${pending} calls wait, ${entries} entries in the audit; milliseconds over ${rounds} requests each`)
  for (const [name, at] of pages) {
    const times: number[] = []
    for (let round = 0; round < rounds; round += 1) {
      const began = performance.now()
      await ask(at, cookie)
      times.push(performance.now() - began)
    }
    times.sort((left, right) => left - right)
    const of = (part: number) => (times[Math.min(rounds - 1, Math.floor(rounds * part))] ?? 0).toFixed(1)
    console.log(`${name.padEnd(46)} half ${of(0.5).padStart(7)}   95 % ${of(0.95).padStart(7)}   most ${of(1).padStart(7)}`)
  }
} finally {
  await door.close()
  await admin.close()
  await hub.close()
  rmSync(folder, { recursive: true, force: true })
}

async function fill(): Promise<void> {
  const statuses = ['done', 'done', 'done', 'done', 'previewed', 'failed', 'denied']
  let last: Promise<unknown> = Promise.resolve()
  for (let index = 0; index < entries / 2; index += 1) {
    const at = new Date(Date.now() - (entries / 2 - index) * 1000).toISOString()
    const call = `call_${index}`
    const tool = index === 100 ? 'desk_note_rare' : `desk_note_${index % 20}`
    const closed = {
      status: statuses[index % statuses.length] ?? '',
      tool,
      principal: `person${index % 50}`,
      ms: index % 300,
      rule: 'policy.yaml#1',
      vendor: [{ method: 'GET', route: 'GET /notes', path: '/notes', status: 200, ms: 3 }],
    }
    void hub.store.append(
      {
        tenant: 'local',
        id: `ae_o${index}`,
        at,
        kind: 'call.opened',
        call,
        payload: { tool, door: 'http', principal: closed.principal },
      },
      'soon',
    )
    last = hub.store.append({ tenant: 'local', id: `ae_c${index}`, at, kind: 'call.closed', call, payload: closed }, 'soon')
    if (index % 1000 === 999) await last
  }
  await last
  for (let index = 0; index < pending; index += 1) {
    const { status, message } = await hub.call({
      door: 'http',
      principal: hub.person(),
      tool: 'desk_note_set',
      arguments: { id: 'n1', text: `Text ${index}` },
    })
    if (status !== 'held') throw new Error(message)
  }
}

async function signIn(): Promise<string> {
  const { code } = await hub.sessions.link('jonas')
  const headers = { origin, 'content-type': 'application/json' }
  const response = await fetch(`${origin}/admin/api/session`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ link: code }),
  })
  return response.headers.get('set-cookie')?.split(';', 1)[0] ?? ''
}

async function ask(at: string, cookie: string): Promise<unknown> {
  const response = await fetch(`${origin}/admin/api/${at}`, { headers: { cookie } })
  if (!response.ok) throw new Error(`${at}: ${response.status}`)
  return await response.json()
}

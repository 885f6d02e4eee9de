// Requests of nobody: however many there are, they fill neither the record nor the log.
import { request } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { cli } from '../doors.ts'
import { modernRequest } from '../serve/fixture.ts'
import { gatedHub } from './door.ts'
import type { GatedHub } from './door.ts'
import { standInIssuer } from './issuer.ts'
import type { StandInIssuer } from './issuer.ts'

let issuer: StandInIssuer
let gated: GatedHub
let clock = Date.now()

beforeAll(async () => {
  issuer = await standInIssuer(() => gated.door.url)
  gated = await gatedHub({
    now: () => new Date(clock),
    watch: true,
    config: { people: { local: { id: 'maya', roles: [] }, apiKeys: true, issuers: [{ issuer: issuer.url }] } },
  })
})
afterAll(async () => {
  await gated.close()
  await issuer.close()
})

// AUD-13
test('10,000 refused requests leave a few entries, and every one of them is counted', { timeout: 120_000 }, async () => {
  const before = (await entries()).length
  const kinds = [
    { authorization: 'Bearer not.a.token' },
    { authorization: `Bearer tg_local_${'0'.repeat(12)}_${'0'.repeat(52)}` },
    {},
    { authorization: 'Basic bWF5YTpwYXNz' },
    { host: 'evil.example' },
    { origin: 'https://evil.example' },
  ]
  const total = 10_000
  const statuses = new Set<number>()
  for (let at = 0; at < total; at += 20) {
    const batch = Array.from({ length: 20 }, (_, one) => knock(kinds[(at + one) % kinds.length]!))
    for (const status of await Promise.all(batch)) statuses.add(status)
  }
  expect([...statuses].toSorted((one, two) => one - two)).toEqual([401, 403])
  // Two minutes later, what came after the first look is told as well.
  clock += 120_000
  await expect.poll(counted, { timeout: 5000 }).toBe(total)
  const written = (await entries()).slice(before).filter(({ kind }) => kind !== 'audit.checkpoint')
  process.stdout.write(`noise: ${total} refused requests, ${written.length} entries\n`)
  expect(written.map(({ kind }) => kind)).toEqual(written.map(() => 'door.refused'))
  expect(written.length).toBeLessThanOrEqual(4)
  expect(gated.logged().split('\n').length).toBeLessThan(20)
  const [told] = written.map(({ payload }) => Object.keys(payload['counts'] as object))
  expect(told).toEqual(expect.arrayContaining(['credential not accepted', 'no credential', 'foreign host']))
})

test('`toolgate audit status` says how many were refused, and why', async () => {
  const { stdout } = await cli(['audit', 'status', '--config', gated.hub.configPath])
  expect(stdout).toMatch(/Refused at the door so far, up to \S+: .*foreign host \d{4}/)
})

async function entries() {
  return await Array.fromAsync(gated.hub.hub.store.entries('local'))
}

async function counted(): Promise<number> {
  const told = (await entries()).filter(({ kind }) => kind === 'door.refused')
  const counts = told.flatMap(({ payload }) => Object.values(payload['counts'] as Record<string, number>))
  return counts.reduce((sum, count) => sum + count, 0)
}

function knock(more: Record<string, string>): Promise<number> {
  const { headers, body } = modernRequest('tools/list', {})
  return new Promise((resolve, reject) => {
    const sent = request(gated.door.url, { method: 'POST', headers: { ...headers, ...more } }, (response) => {
      response.resume()
      response.once('end', () => resolve(response.statusCode ?? 0))
    })
    sent.once('error', reject)
    sent.end(JSON.stringify(body))
  })
}

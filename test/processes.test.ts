// Several processes on one data directory: two editors over stdio, and commands in between.
import { rmSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { verifyChain } from '../src/call/verify.ts'
import { cli, connect } from './doors.ts'
import { configFolder, shipped, testHub } from './hub.ts'

let folder: string
let configPath: string
beforeEach(() => {
  folder = configFolder({ ...shipped, policies: ['policy.yaml'] })
  configPath = path.join(folder, 'mcp.config.json')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('two first starts at once both come up', async () => {
  const started = await Promise.all(
    ['one', 'two'].map(async () => await cli(['call', 'jira_issue_get', '{"key":"SUP-1"}', '--config', configPath])),
  )
  expect(started.map(({ code, stderr }) => [code, stderr])).toEqual([
    [0, ''],
    [0, ''],
  ])
}, 30_000)

// IDEM-18: several processes on one file are meant to be.
test('four processes at once never wait over a second for the store, and leave one chain', async () => {
  const clients = await Promise.all(Array.from({ length: 4 }, async () => await connect('v2 legacy', { configPath })))
  const waits: number[] = []
  const work = async (client: (typeof clients)[number], who: number) => {
    for (let index = 0; index < 15; index += 1) {
      const began = performance.now()
      const result = await client.callTool({
        name: 'slack_message_send',
        arguments: { channel: '#support', text: `Process ${who}, message ${index}` },
      })
      waits.push(performance.now() - began)
      expect(result['structuredContent']).toMatchObject({ status: 'done' })
    }
  }
  // The first call of each loads an SDK; what is measured is the store.
  await Promise.all(clients.map(async (client) => await client.callTool({ name: 'slack_channel_list', arguments: {} })))
  await Promise.all(clients.map(work))
  await Promise.all(clients.map(async (client) => await client.close()))
  expect(Math.max(...waits)).toBeLessThan(1000)
  await using hub = await testHub({ folder })
  expect(await verifyChain(hub.hub.store, 'local')).toMatchObject({ ok: true })
  expect(hub.writes()).toHaveLength(60)
}, 60_000)

test('the audit verifies after a day’s work, and names the first entry that was changed afterwards', async () => {
  for (const [tool, args] of [
    ['jira_comment_add', { key: 'SUP-1', body: 'Found the needle' }],
    ['jira_issue_get', { key: 'SUP-1' }],
  ] as const) {
    expect((await cli(['call', tool, JSON.stringify(args), '--config', configPath])).code).toBe(0)
  }
  const good = await cli(['audit', 'verify', '--config', configPath, '--json'])
  expect([good.code, JSON.parse(good.stdout)]).toMatchObject([0, expect.anything()])
  const database = new DatabaseSync(path.join(folder, 'data/toolgate.db'))
  const table = tableWithPayload(database)
  const { seq } = database.prepare(`SELECT seq FROM ${table} WHERE payload LIKE '%needle%' ORDER BY seq LIMIT 1`).get() as {
    seq: number
  }
  database.exec(`UPDATE ${table} SET payload = replace(payload, 'needle', 'noodle') WHERE seq = ${seq}`)
  database.close()
  const bad = await cli(['audit', 'verify', '--config', configPath])
  expect(bad.code).not.toBe(0)
  expect(bad.stdout + bad.stderr).toContain(String(seq))
  expect(bad.stdout + bad.stderr).toMatch(/altered|changed/)
}, 40_000)

function tableWithPayload(database: DatabaseSync): string {
  const tables = database.prepare(`SELECT name, sql FROM sqlite_master WHERE type = 'table'`).all() as {
    name: string
    sql: string
  }[]
  const found = tables.find(({ sql }) => sql.includes('payload') && sql.includes('seq'))
  if (!found) throw new Error('The store has no table of entries.')
  return found.name
}

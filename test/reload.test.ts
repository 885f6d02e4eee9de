// A change of the configuration on disk while clients are connected.
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { Client as ModernClient, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as OldHttp } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { cli, serve } from './doors.ts'
import type { AnyClient, Served } from './doors.ts'
import { configFolder, shipped, testHub } from './hub.ts'

let folder: string
let configPath: string
let served: Served | undefined
beforeEach(async () => {
  folder = configFolder(shipped)
  configPath = path.join(folder, 'mcp.config.json')
  served = await serve(configPath)
}, 30_000)
afterEach(async () => {
  await served?.stop()
  rmSync(folder, { recursive: true, force: true })
})

const call = { name: 'jira_comment_add', arguments: { key: 'SUP-1', body: 'Hello' } }
const info = { name: 'test', version: '1' }

/** A client of each era that listens for changes of the list. */
async function listeners(): Promise<{ client: AnyClient; changes: () => number }[]> {
  const url = new URL(String(served?.url))
  let heardByOld = 0
  let heardByModern = 0
  const options = (onChanged: () => void) => ({ listChanged: { tools: { onChanged, autoRefresh: false, debounceMs: 0 } } })
  const old = new OldClient(
    info,
    options(() => (heardByOld += 1)),
  )
  await old.connect(new OldHttp(url))
  const modern = new ModernClient(info, { ...options(() => (heardByModern += 1)), versionNegotiation: { mode: 'auto' } })
  await modern.connect(new StreamableHTTPClientTransport(url))
  return [
    { client: old, changes: () => heardByOld },
    { client: modern, changes: () => heardByModern },
  ]
}

async function names(client: AnyClient): Promise<string[]> {
  return (await client.listTools()).tools.map(({ name }) => name)
}

test('a tool that is disabled is gone from the list and refused within a second, and clients that listen are told', async () => {
  const connected = await listeners()
  for (const { client } of connected) expect(await names(client)).toContain(call.name)
  const edited = await cli(['tools', 'disable', call.name, '--config', configPath])
  expect(edited.code).toBe(0)
  const since = Date.now()
  const [first] = connected
  await expect
    .poll(async () => await names(first?.client as AnyClient), { timeout: 3000, interval: 50 })
    .not.toContain(call.name)
  expect(Date.now() - since).toBeLessThan(1000)
  for (const { client, changes } of connected) {
    const refused = (await client.callTool(call))['structuredContent'] as { status: string; message: string }
    expect([refused.status, refused.message]).toEqual(['failed', expect.stringContaining('switched off')])
    await expect.poll(changes, { timeout: 2000 }).toBeGreaterThan(0)
    expect(await names(client)).not.toContain(call.name)
    await client.close()
  }
}, 40_000)

test('a broken edit changes nothing and says where it is broken', async () => {
  await using hub = await testHub({ folder })
  const good = readFileSync(configPath, 'utf8')
  const version = hub.hub.current()
  for (const [broken, place] of [
    [good.replace('"policies"', '"polcies"'), 'mcp.config.json:'],
    [good.slice(0, -20), 'mcp.config.json:'],
    ['', 'mcp.config.json'],
    [good.replace('"sandbox": true', '"sandbox": true, "tools": { "jira_isue_get": false }'), 'jira_isue_get'],
  ] as const) {
    writeFileSync(configPath, broken)
    const event = await hub.hub.reload()
    expect(event).toMatchObject({ ok: false, problems: [expect.stringContaining(place)] })
    expect(hub.hub.current()).toBe(version)
    expect(await hub.call('jira_issue_get', { key: 'SUP-1' })).toMatchObject({ status: 'done' })
  }
  writeFileSync(configPath, good)
  expect(await hub.hub.reload()).toMatchObject({ ok: true })
})

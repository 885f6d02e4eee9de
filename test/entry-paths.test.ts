// Every tool of every connector, through every door, passes through the one function and leaves its entries.
import { rmSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { cli, clientKinds, connect, serve } from './doors.ts'
import { configFolder, shipped, stranger, testHub } from './hub.ts'
import type { TestHub } from './hub.ts'

const everything = { ...shipped, policies: ['policy.yaml'], policy: 'rules:\n  - allow: "*"\n    who: role:member\n' }

let folder: string
let hub: TestHub
/** By wire name: arguments that are good, and only shown where they would write. */
let calls: readonly (readonly [string, Record<string, unknown>])[]

beforeAll(async () => {
  folder = configFolder(everything)
  hub = await testHub({ ...everything, folder })
  calls = [...hub.hub.current().offers.values()]
    .filter(({ state }) => state === 'on')
    .map(({ name, tool }) => [name, { ...(tool.example as object), ...(tool.kind === 'write' && { dry_run: true }) }])
}, 30_000)
afterAll(async () => {
  await hub.close()
  rmSync(folder, { recursive: true, force: true })
})

/** What the audit says of the calls through one door since then, as `tool: kinds`. */
async function entriesSince(seq: number, door: string): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  const opened = new Map<string, string>()
  for await (const entry of hub.hub.store.entries('local', seq + 1)) {
    const { kind, payload, call } = entry
    if (kind === 'call.opened' && payload['door'] === door) opened.set(String(call), JSON.stringify(payload['tool']))
    const tool = opened.get(String(call))
    if (tool !== undefined) found.set(tool, [found.get(tool), kind].filter(Boolean).join(' '))
  }
  return found
}

async function latest(): Promise<number> {
  return (await hub.hub.store.recent('local', 1))[0]?.seq ?? 0
}

async function expectAll(seq: number, door: string): Promise<void> {
  const expected = new Map(calls.map(([name]) => [JSON.stringify(name), 'call.opened call.closed']))
  // A read's entries are durable with the next batch: its answer does not wait for them.
  await expect.poll(async () => await entriesSince(seq, door), { timeout: 5000 }).toEqual(expected)
}

for (const kind of clientKinds) {
  for (const door of ['stdio', 'http'] as const) {
    // AUD-17
    test(`the ${kind} client over ${door}`, async () => {
      const seq = await latest()
      const configPath = path.join(folder, 'mcp.config.json')
      await using served = door === 'http' ? await serve(configPath) : undefined
      const client = await connect(kind, served ?? { configPath })
      expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(calls.map(([name]) => name))
      for (const [name, args] of calls) await client.callTool({ name, arguments: args })
      await client.close()
      await expectAll(seq, door)
    }, 60_000)
  }
}

// AUD-17
test('the command line', async () => {
  const seq = await latest()
  const configPath = path.join(folder, 'mcp.config.json')
  const waiting = [...calls]
  const run = async () => {
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      await cli(['call', next[0], JSON.stringify(next[1]), '--config', configPath, '--json'])
    }
  }
  await Promise.all([run(), run()])
  await expectAll(seq, 'cli')
}, 120_000)

test('a person whom no policy covers causes no vendor request with any of them', async () => {
  const before = hub.requests().length
  for (const [name, args] of calls) expect([name, (await hub.call(name, args, stranger)).status]).toEqual([name, 'denied'])
  expect(hub.requests()).toHaveLength(before)
})

// The official clients, over both doors: each lists the tools and sees a call done, shown, held and denied.
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { clientKinds, connect, launcher, root, serve } from './doors.ts'
import type { AnyClient, ClientKind, Served } from './doors.ts'
import { configFolder, shipped } from './hub.ts'

/** On the shipped policies; the text makes each run's comment a new one. */
const acts = (who: string) =>
  [
    ['done', 'jira_issue_get', { key: 'SUP-1' }],
    ['previewed', 'jira_issue_transition', { key: 'SUP-2', to_status: 'Done', dry_run: true }],
    ['done', 'jira_comment_add', { key: 'SUP-1', body: `Looked at by ${who}.` }],
    ['held', 'jira_issue_transition', { key: 'SUP-2', to_status: 'Done' }],
    ['denied', 'slack_message_send', { channel: '#partner-brightwater', text: `Hello from ${who}` }],
  ] as const

let folder: string
let configPath: string
let served: Served | undefined
beforeAll(async () => {
  folder = configFolder(shipped)
  configPath = path.join(folder, 'mcp.config.json')
  served = await serve(configPath)
}, 30_000)
afterAll(async () => {
  await served?.stop()
  rmSync(folder, { recursive: true, force: true })
})

for (const kind of clientKinds) {
  for (const door of ['stdio', 'http'] as const) {
    test(`the ${kind} client over ${door}`, async () => await tour(kind, door), 30_000)
  }
}

async function tour(kind: ClientKind, door: 'stdio' | 'http'): Promise<void> {
  const client: AnyClient = await connect(kind, door === 'http' ? { url: String(served?.url) } : { configPath })
  const { tools } = await client.listTools()
  const names = tools.map(({ name }) => name)
  expect(names).toEqual(names.toSorted())
  expect(names).toContain('jira_issue_get')
  expect(names).not.toContain('jira_issue_delete')
  for (const [status, name, args] of acts(`${kind} over ${door}`)) {
    const result = await client.callTool({ name, arguments: args })
    const structured = result['structuredContent'] as { status: string; message: string }
    expect([name, structured.status, structured.message]).toEqual([name, status, expect.any(String)])
    const [content] = result['content'] as { type: string; text: string }[]
    expect(content?.text).toContain(structured.message)
    expect(result['isError'] ?? false).toBe(status === 'denied')
  }
  await client.close()
}

describe('the Inspector on the command line', () => {
  const inspector = path.join(root, 'node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js')

  function inspect(door: 'stdio' | 'http', method: readonly string[]): { code: number | null; text: string } {
    const target = door === 'http' ? ['--cli', String(served?.url), '--transport', 'http'] : ['--cli']
    const command = door === 'stdio' ? ['--', process.execPath, launcher, 'stdio', '--config', configPath] : []
    const env = { ...process.env, MCP_CATALOG_PATH: path.join(folder, 'catalog.json') }
    const { status, stdout, stderr } = spawnSync(process.execPath, [inspector, ...target, ...method, ...command], {
      encoding: 'utf8',
      env,
    })
    return { code: status, text: stdout + stderr }
  }

  for (const door of ['stdio', 'http'] as const) {
    test(`over ${door}`, () => {
      const listed = inspect(door, ['--method', 'tools/list', '--strict'])
      expect(listed.text).toContain('jira_issue_get')
      expect(listed.code).toBe(0)
      for (const [status, name, args] of acts(`the Inspector over ${door}`)) {
        const given = Object.entries(args).flatMap(([key, value]) => ['--tool-arg', `${key}=${String(value)}`])
        const { text } = inspect(door, ['--method', 'tools/call', '--tool-name', name, ...given])
        expect(text).toContain(`"status": "${status}"`)
      }
    }, 120_000)
  }
})

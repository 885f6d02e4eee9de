// Group SSRF of the attack catalogue on the whole hub: what the tests of egress do not send.
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { rmSync } from 'node:fs'
import { createServer as createTcpServer } from 'node:net'
import type { AddressInfo, Server as TcpServer } from 'node:net'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { account } from '../../connectors/salesforce/sandbox/sign-in.ts'
import { toolgate } from '../cli/toolgate.ts'
import { browser } from '../connect/browser.ts'
import { house } from '../connect/house.ts'
import { configFolder, testHub } from '../hub.ts'
import { gatedHub } from '../identity/door.ts'
import { modernRequest } from '../serve/fixture.ts'

let trap: TcpServer
/** Connections to an address at which nothing may ever arrive. */
let trapped = 0
beforeAll(async () => {
  trap = createTcpServer((socket) => {
    trapped += 1
    socket.destroy()
  })
  await once(trap.listen(0, '127.0.0.1'), 'listening')
})
beforeEach(() => void (trapped = 0))
afterAll(() => void trap.close())
const trapUrl = () => `http://127.0.0.1:${(trap.address() as AddressInfo).port}`

test('SSRF-05: no header of a caller says where a vendor is, or with what to sign in there', async () => {
  await using gated = await gatedHub({ connectors: { jira: { sandbox: true }, slack: { sandbox: true } } })
  const names = ['x-atlassian-jira-url', 'x-jira-url', 'x-base-url', 'x-target-url', 'x-forwarded-host', 'x-original-url']
  const more = { 'x-atlassian-jira-personal-token': 'stolen', 'x-jira-token': 'stolen', 'x-slack-token': 'stolen' }
  const all = { ...Object.fromEntries(names.map((name) => [name, trapUrl()])), ...more, forwarded: `host=${trapUrl()}` }
  for (const [tool, args] of [
    ['jira_issue_get', { key: 'OPS-42' }],
    ['jira_comment_add', { key: 'OPS-42', body: 'hello' }],
    ['slack_channel_get', { channel: 'C0SUPPORT01' }],
  ] as const) {
    const { headers, body } = modernRequest('tools/call', { name: tool, arguments: args })
    const sent = { method: 'POST', headers: { ...headers, ...all }, body: JSON.stringify(body) }
    expect(await (await fetch(gated.door.url, sent)).text()).toContain('"status":"done"')
  }
  expect(trapped).toBe(0)
  expect(gated.hub.requests().length).toBeGreaterThan(3)
})

describe('SSRF-05: a token answer of Salesforce that names another address', () => {
  const others = (): readonly string[] => [
    trapUrl(),
    'https://evil.example',
    `${account.instance}.evil.example`,
    `${account.instance}@evil.example`,
    account.instance.replace('https:', 'http:'),
    `${account.instance}:8443`,
    account.instance.replace('larkfield', 'other'),
    'https://169.254.169.254',
    'javascript:alert(1)',
  ]
  let played: Server
  let instanceUrl = ''
  let asked: string[] = []
  beforeAll(async () => {
    played = createServer((request, response) => {
      asked.push(`${request.method} ${request.url?.split('?')[0]}`)
      const id = 'https://login.salesforce.com/id/00DQy00000ABCDEMA1/005Qy000001HUBAIA4'
      const token = { access_token: 'token-of-the-test', refresh_token: 'refresh-of-the-test', id, scope: 'api' }
      const found = request.url === '/services/oauth2/token'
      response.writeHead(found ? 200 : 404, { 'content-type': 'application/json' })
      response.end(found ? JSON.stringify({ ...token, instance_url: instanceUrl }) : '[]')
    })
    await once(played.listen(0, '127.0.0.1'), 'listening')
  })
  beforeEach(() => void (asked = []))
  afterAll(() => {
    played.close()
    played.closeAllConnections()
  })
  const base = () => `http://127.0.0.1:${(played.address() as AddressInfo).port}`
  const afterwards = () => asked.filter((line) => !/^POST \S+\/(token|revoke)$|^GET \/services\/data$/.test(line))

  test('is not used: the session is dropped, and nothing is asked with it', async () => {
    for (instanceUrl of others()) {
      await using hub = await testHub({ connectors: { salesforce: { sandbox: true } }, sandboxBase: base })
      expect([instanceUrl, (await hub.call('sf_object_list')).status]).toEqual([instanceUrl, 'failed'])
      expect(asked).toContain('POST /services/oauth2/token')
      expect([instanceUrl, afterwards()]).toEqual([instanceUrl, []])
    }
    expect(trapped).toBe(0)
    // The configured one is.
    instanceUrl = account.instance
    await using hub = await testHub({ connectors: { salesforce: { sandbox: true } }, sandboxBase: base })
    await hub.call('sf_object_list')
    expect(afterwards().length).toBeGreaterThan(0)
  }, 60_000)

  test('connects no account of a person', async () => {
    const connectors = { salesforce: { sandbox: true, actsAs: 'user-or-refuse' } }
    for (instanceUrl of others()) {
      await using at = await house({ connectors, sandboxBase: base })
      const by = browser()
      const { url } = await at.connections.link({ tenant: 'local', person: 'maya', instance: 'salesforce' })
      const vendor = new URL(await by.toVendor(url))
      const back = `${at.address}/connect/callback?code=any&state=${vendor.searchParams.get('state')}`
      expect((await by.ask(back)).status).toBeGreaterThanOrEqual(400)
      expect(asked).toContain('POST /services/oauth2/token')
      expect([instanceUrl, afterwards()]).toEqual([instanceUrl, []])
      expect(await at.connections.all('local')).toEqual([])
    }
    expect(trapped).toBe(0)
  }, 60_000)
})

test('SSRF-07: a process that is started with proxies in its environment goes round them', { timeout: 60_000 }, async () => {
  const proxies = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy']
  const named = Object.fromEntries(proxies.map((name) => [name, trapUrl()]))
  const env = { ...named, NO_PROXY: '', no_proxy: '', NODE_USE_ENV_PROXY: '1' }
  const folder = configFolder({ connectors: { slack: { sandbox: true }, jira: { sandbox: true } } })
  const file = path.join(folder, 'mcp.config.json')
  for (const words of [
    ['call', 'slack_channel_get', '{"channel":"C0SUPPORT01"}'],
    ['call', 'jira_comment_add', '{"key":"OPS-42","body":"hello"}'],
  ])
    expect((await toolgate([...words, '--config', file], { env })).code).toBe(0)
  expect(trapped).toBe(0)
  // The environment is one that Node itself would follow.
  const plain = `await fetch('http://vendor.invalid/').catch(() => undefined)`
  const run = promisify(execFile)
  await run(process.execPath, ['--input-type=module', '--eval', plain], { env: { ...process.env, ...env } })
  expect(trapped).toBeGreaterThan(0)
  rmSync(folder, { recursive: true, force: true })
})

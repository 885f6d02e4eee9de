// Group TEN of the attack catalogue on the whole hub: what the tests of two tenants do not send.
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { toolgate } from '../cli/toolgate.ts'
import { cli } from '../doors.ts'
import { configFolder, deskFolder, openPolicy, testHub } from '../hub.ts'
import { gatedHub } from '../identity/door.ts'
import type { GatedHub } from '../identity/door.ts'
import { standInIssuer } from '../identity/issuer.ts'
import type { StandInIssuer } from '../identity/issuer.ts'
import { modernRequest } from '../serve/fixture.ts'

let issuer: StandInIssuer
let gated: GatedHub
const both = { uses: deskFolder, sandbox: true, tenants: ['larkfield', 'hollow'] }
const policy = `${openPolicy}  - ask: "*_note_set"\n    who: role:member\n    approvers: role:lead\n    because: Look first.\n`

beforeAll(async () => {
  issuer = await standInIssuer(() => gated.door.url)
  const tenants = { org1: 'larkfield', org2: 'hollow' }
  const from = { issuer: issuer.url, claims: { roles: 'roles', tenant: 'org' }, tenants }
  gated = await gatedHub({
    connectors: { desk: both, mine: { uses: deskFolder, sandbox: true, tenants: ['larkfield'] } },
    policy,
    config: { tenant: 'larkfield', people: { local: { id: 'maya', roles: ['member'] }, apiKeys: true, issuers: [from] } },
  })
})
afterAll(async () => {
  await gated.close()
  await issuer.close()
})

async function ask(authorization: string, method: string, params: Record<string, unknown> = {}): Promise<string> {
  const { headers, body } = modernRequest(method, params)
  const sent = { method: 'POST', headers: { ...headers, authorization }, body: JSON.stringify(body) }
  return await (await fetch(gated.door.url, sent)).text()
}
const tokenOf = async (org: string) => `Bearer ${await issuer.sign({ org })}`
const call = async (org: string, name: string, args: object) =>
  await ask(await tokenOf(org), 'tools/call', { name, arguments: args })

describe('TEN-02: an account that is configured in part', () => {
  const site = 'https://acme.atlassian.net'
  /** What others take when nothing is configured. */
  const usual = ['JIRA_CREDENTIAL', 'JIRA_API_TOKEN', 'JIRA_TOKEN', 'ATLASSIAN_API_TOKEN', 'API_TOKEN']
  const around = Object.fromEntries(usual.map((name) => [name, 'canary-of-the-operator']))
  test.each([
    ['an address and no credential', { site, email: 'a@b.example' }, 1, /has no credential/],
    ['an empty credential', { site, email: 'a@b.example', credential: '' }, 1, /credential/],
    ['a credential and no address', { email: 'a@b.example', credential: 'env:JIRA_CREDENTIAL_B' }, 1, /site/],
    [
      'a credential that is not there',
      { site, email: 'a@b.example', credential: 'env:JIRA_CREDENTIAL_B' },
      4,
      /JIRA_CREDENTIAL_B is not set/,
    ],
    [
      'one that is there, and empty',
      { site, email: 'a@b.example', credential: 'env:JIRA_EMPTY' },
      4,
      /JIRA_EMPTY is not set or empty/,
    ],
  ])(
    '%s: is refused, and nothing of the environment takes its place',
    { timeout: 30_000 },
    async (_what, jira, code, says) => {
      const folder = configFolder({ connectors: { jira } })
      const words = ['call', 'jira_issue_get', '{"key":"OPS-42"}', '--config', path.join(folder, 'mcp.config.json')]
      const ran = await toolgate(words, { env: { ...around, JIRA_EMPTY: '' } })
      const said = ran.out + ran.err
      expect([ran.code, said]).toEqual([code, expect.stringMatching(says)])
      expect(said).not.toContain('canary')
      // Refused before anything left: an address that is asked would be one that does not answer, or says no.
      expect(said).not.toMatch(/did not answer|could not be reached|status 401/)
      rmSync(folder, { recursive: true, force: true })
    },
  )
})

test('TEN-06: what belongs to another tenant is answered as what is not there, in every word', async () => {
  const held = await call('org1', 'desk_note_set', { id: 'n1', text: 'held' })
  const done = await call('org1', 'desk_note_send', { desk: 'front', text: 'hello' })
  expect(held).toContain('"status":"held"')
  const [waiting, finished] = [held, done].map((text) => /"operation_id":"(op_\w+)"/.exec(text)?.[1] ?? 'none')
  const none = 'op_01AAAAAAAAAAAAAAAAAAAAAAAA'
  const told = async (tool: string, id: string) => {
    const { result } = JSON.parse(await call('org2', tool, { id })) as { result: Record<string, unknown> }
    return JSON.stringify([result['content'], result['structuredContent']]).replaceAll(id, none)
  }
  for (const tool of ['operation_get', 'operation_undo']) {
    const unknown = await told(tool, none)
    expect(unknown).toContain('not_found')
    for (const id of [waiting, finished]) expect([tool, await told(tool, id!)]).toEqual([tool, unknown])
  }
  expect(await call('org1', 'operation_get', { id: finished })).toContain('"status":"done"')
  // Neither do the tools of an account of theirs show.
  const listed = await ask(await tokenOf('org2'), 'tools/list')
  expect(listed).toContain('desk_note_list')
  expect(listed).not.toContain('mine_')
})

test('TEN-06: the numbers of the record of one tenant say nothing of how much another does', async () => {
  const seqs = async () => (await Array.fromAsync(gated.hub.hub.store.entries('hollow'))).map(({ seq }) => seq)
  await call('org2', 'desk_note_send', { desk: 'front', text: 'one' })
  const before = await seqs()
  for (let n = 0; n < 5; n += 1) await call('org1', 'desk_note_send', { desk: 'front', text: `busy ${n}` })
  await call('org2', 'desk_note_send', { desk: 'front', text: 'two' })
  const after = await seqs()
  expect(after).toEqual(Array.from({ length: after.length }, (_, index) => index + 1))
  // A write leaves five entries.
  expect(after.length).toBe(before.length + 5)
})

test('TEN-07: the keys and tokens of a tenant that no account is for any more reach nothing', async () => {
  const wanted = { tenant: 'hollow', principal: 'nightly', roles: ['member'], tools: ['*'], by: 'test' }
  const keys = await gated.hub.hub.keys()
  const { key } = await keys.create({ ...wanted, expiresAt: new Date(Date.now() + 3_600_000) })
  const echo = { name: 'desk_note_echo', arguments: { text: 'x' } }
  const all = async () => [
    await ask(`Bearer ${key}`, 'tools/call', echo),
    await ask(await tokenOf('org2'), 'tools/call', echo),
  ]
  for (const text of await all()) expect(text).toContain('"status":"done"')
  const config = readFileSync(gated.hub.configPath, 'utf8')
  const without = JSON.parse(config) as {
    connectors: Record<string, { tenants: string[] }>
    people: { issuers: { tenants: Record<string, string> }[] }
  }
  without.connectors['desk']!.tenants = ['larkfield']
  delete without.people.issuers[0]!.tenants['org2']
  writeFileSync(gated.hub.configPath, JSON.stringify(without))
  expect(await gated.hub.hub.reload()).toMatchObject({ ok: true })
  const [byKey, byToken] = await all()
  expect(byKey).toContain('"status":"denied"')
  expect(byToken).toContain('does not serve')
  expect(await ask(`Bearer ${key}`, 'tools/list')).not.toContain('desk_')
  writeFileSync(gated.hub.configPath, config)
  expect(await gated.hub.hub.reload()).toMatchObject({ ok: true })
})

test('TEN-10: what is exported of one tenant, listed or checked holds nothing of another', { timeout: 60_000 }, async () => {
  const folder = configFolder({ connectors: { desk: both }, config: { tenant: 'larkfield' } })
  const canary = 'canary-of-hollow-9c4'
  {
    const hub = await testHub({ folder })
    const as = (tenant: string) => ({ tenant, id: 'lena', roles: ['member'] })
    for (let n = 0; n < 5; n += 1) {
      await hub.call('desk_note_send', { desk: 'front', text: `of larkfield ${n}` }, as('larkfield'))
      await hub.call('desk_note_send', { desk: 'front', text: `${canary} ${n}` }, as('hollow'))
    }
    expect(JSON.stringify(await hub.hub.store.recent('hollow', 100))).toContain(canary)
    await hub.close()
  }
  const config = ['--config', path.join(folder, 'mcp.config.json')]
  for (const format of ['jsonl', 'ocsf']) {
    const { code, stdout } = await cli(['audit', 'export', '--format', format, ...config])
    expect([format, code]).toEqual([format, 0])
    expect(stdout).toContain('of larkfield 4')
    expect(stdout).not.toMatch(/hollow/)
  }
  expect((await cli(['audit', '--limit', '100', '--json', ...config])).stdout).not.toMatch(/hollow/)
  expect((await cli(['operations', '--json', ...config])).stdout).not.toMatch(/hollow/)
  const checked = await cli(['audit', 'verify', ...config])
  expect([checked.code, checked.stdout]).toEqual([0, expect.stringContaining('larkfield: 25 entries, the chain is whole')])
  expect(checked.stdout).not.toContain(canary)
  rmSync(folder, { recursive: true, force: true })
})

test('TEN-10: the receipt of a call is found in the record of its own tenant, and names no other', async () => {
  for (const [org, tenant] of [
    ['org1', 'larkfield'],
    ['org2', 'hollow'],
  ] as const) {
    const text = await call(org, 'desk_note_send', { desk: 'front', text: `with a receipt for ${org}` })
    const { result } = JSON.parse(text) as { result: { _meta: Record<string, unknown> } }
    expect(result._meta['toolgate/receipt']).toMatchObject({ tenant })
    const file = path.join(gated.hub.folder, `${org}.json`)
    writeFileSync(file, JSON.stringify(result))
    const checked = await cli(['audit', 'receipt', file, '--config', gated.hub.configPath])
    expect([checked.code, checked.stdout]).toEqual([0, expect.stringContaining('The hub gave this receipt')])
  }
})

test('TEN-11: a vendor that slows one tenant down slows no other', { timeout: 60_000 }, async () => {
  const slack = (tenant: string) => ({ uses: 'slack', sandbox: true, tenants: [tenant] })
  await using hub = await testHub({ connectors: { aslack: slack('larkfield'), bslack: slack('hollow') } })
  const as = (tenant: string, prefix: string) =>
    hub.call(`${prefix}_channel_get`, { channel: 'C0SUPPORT01' }, { tenant, id: 'lena', roles: ['member'] })
  // Opened and known, so that only the waiting differs.
  expect((await as('larkfield', 'aslack')).status).toBe('done')
  expect((await as('hollow', 'bslack')).status).toBe('done')
  hub.break('aslack', '429', 1000)
  let slowed = true
  const slow = Promise.all(Array.from({ length: 20 }, () => as('larkfield', 'aslack'))).then((answers) => {
    slowed = false
    return answers
  })
  for (let n = 0; n < 5; n += 1) expect((await as('hollow', 'bslack')).status).toBe('done')
  expect(slowed).toBe(true)
  expect(new Set((await slow).map(({ status }) => status))).toEqual(new Set(['failed']))
})

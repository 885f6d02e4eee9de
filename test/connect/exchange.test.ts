// Callers act as themselves at a vendor because their own issuer vouches for them: their token goes back to that issuer, and what
// comes of it to the vendor. Salesforce's side is the sandbox's, with a handler as its documentation's example.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { instanceState } from '../../src/sandbox/state.ts'
import { openSandboxFile, transaction } from '../../src/sandbox/database.ts'
import { gatedHub } from '../identity/door.ts'
import type { GatedHub } from '../identity/door.ts'
import { standInIssuer } from '../identity/issuer.ts'
import type { StandInIssuer } from '../identity/issuer.ts'
import { modernRequest } from '../serve/fixture.ts'

const audience = 'https://larkfield.my.salesforce.com'
const grant = 'urn:ietf:params:oauth:grant-type:token-exchange'
const accessToken = 'urn:ietf:params:oauth:token-type:access_token'
const jag = 'urn:ietf:params:oauth:token-type:id-jag'

interface Asked {
  readonly form: URLSearchParams
  readonly authorization: string
}

let issuer: StandInIssuer
let gated: GatedHub
let asked: Asked[]
let seconds: number
const opened: GatedHub[] = []

beforeEach(async () => {
  process.env['EXCHANGE_SECRET'] = 'exchange-secret-5c1a'
  issuer = await standInIssuer(() => gated.door.url)
  asked = []
  seconds = 0
  issuer.exchanged = async (form, authorization) => {
    asked.push({ form, authorization })
    const { sub } = JSON.parse(Buffer.from(form.get('subject_token')!.split('.')[1]!, 'base64url').toString()) as {
      sub: string
    }
    const token = await issuer.sign({ aud: form.get('audience')!, sub, scope: undefined, roles: undefined })
    return {
      status: 200,
      body: { access_token: token, issued_token_type: form.get('requested_token_type'), token_type: 'N_A' },
    }
  }
  gated = await house()
})
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close()
  await issuer.close()
  delete process.env['EXCHANGE_SECRET']
})

async function house(more: object = {}, trusted = true): Promise<GatedHub> {
  const exchange = {
    issuer: issuer.url,
    client_id: 'toolgate',
    client_secret: 'env:EXCHANGE_SECRET',
    audience,
    ...more,
  }
  const made = await gatedHub({
    connectors: { salesforce: { sandbox: true, actsAs: 'user-or-refuse', exchange } },
    config: {
      people: { local: { id: 'maya', roles: ['member'] }, issuers: [{ issuer: issuer.url, claims: { roles: 'roles' } }] },
      serve: { http: { port: 48_110 } },
    },
    now: () => new Date(Date.now() + seconds * 1000),
  })
  opened.push(made)
  if (trusted) {
    const database = openSandboxFile(made.hub.hub.sandboxFile)
    const key = issuer.keys.find(({ kid }) => kid === 'rsa')!
    transaction(database, () => instanceState(database, 'salesforce').put('oauth', 'handler', { issuer: issuer.url, key }))
    database.close()
  }
  return made
}

async function called(token: string, tool: string, args: object = {}): Promise<Record<string, unknown>> {
  const { headers, body } = modernRequest('tools/call', { name: tool, arguments: args })
  const response = await fetch(gated.door.url, {
    method: 'POST',
    headers: { ...headers, authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  })
  const text = await response.text()
  const line = text.startsWith('{') ? text : (/^data: (.*)$/m.exec(text)?.[1] ?? '{}')
  const { result } = JSON.parse(line) as { result?: { structuredContent?: Record<string, unknown> } }
  return result?.structuredContent ?? { raw: text }
}

const cases = ['sf_record_find', { object: 'Case', fields: ['Id', 'Subject'], limit: 2 }] as const

test.each([
  ['access_token', accessToken],
  ['id-jag', jag],
] as const)('by %s: read and written in the caller’s own name, with one exchange', async (requests, type) => {
  gated = await house({ requests, scope: 'salesforce' })
  const token = await issuer.sign({ sub: 'maya' })
  const found = await called(token, ...cases)
  expect(found).toMatchObject({ status: 'done' })
  const id = /"(500\w{12,15})"/.exec(JSON.stringify(found))?.[1]
  const made = await called(token, 'sf_casecomment_add', { case_id: id, text: 'As myself' })
  expect(made).toMatchObject({ status: 'done' })
  expect(JSON.stringify(await gated.hub.hub.store.recent('local', 20))).toContain('Maya')
  expect(asked.map(({ form }) => Object.fromEntries(form))).toEqual([
    {
      grant_type: grant,
      subject_token: token,
      subject_token_type: accessToken,
      requested_token_type: type,
      audience,
      scope: 'salesforce',
    },
  ])
  expect(Buffer.from(asked[0]!.authorization.slice(6), 'base64').toString()).toBe('toolgate:exchange-secret-5c1a')
  // Neither the token nor what it was exchanged for is kept or said anywhere, and Salesforce never saw the caller's.
  expect(gated.kept().includes(token.split('.')[2]!) || gated.logged().includes(token.split('.')[2]!)).toBe(false)
  expect(gated.kept().toString('latin1')).not.toContain('exchange-secret')
})

test('a client of the 2025 era acts as itself too, within its session', async () => {
  const headers = { authorization: `Bearer ${await issuer.sign({ sub: 'maya' })}` }
  const client = new Client({ name: 'test', version: '1' })
  await client.connect(new StreamableHTTPClientTransport(new URL(gated.door.url), { requestInit: { headers } }))
  const [name, given] = cases
  const { structuredContent } = await client.callTool({ name, arguments: given })
  expect(structuredContent).toMatchObject({ status: 'done' })
  await client.close()
  expect(asked).toHaveLength(1)
})

test('two people are two users, and what one may not see the other’s token does not show', async () => {
  const leads = ['sf_record_find', { object: 'Lead', fields: ['Id'], limit: 1 }] as const
  expect(await called(await issuer.sign({ sub: 'noor' }), ...leads)).toMatchObject({ status: 'done' })
  expect(await called(await issuer.sign({ sub: 'maya' }), ...leads)).toMatchObject({ status: 'failed' })
  expect(asked).toHaveLength(2)
})

test('five hundred calls that wait make one exchange', async () => {
  const token = await issuer.sign({ sub: 'maya' })
  const all = await Promise.all(Array.from({ length: 500 }, async () => await called(token, ...cases)))
  const counts = Map.groupBy(all, ({ status }) => status)
  expect([...counts.keys()]).toEqual(['done'])
  expect(asked).toHaveLength(1)
}, 60_000)

test('what it was exchanged for ends with the caller’s token, and is exchanged again for the next', async () => {
  expect(await called(await issuer.sign({ sub: 'maya' }), ...cases)).toMatchObject({ status: 'done' })
  seconds = 290
  const now = Math.floor(Date.now() / 1000) + seconds
  expect(await called(await issuer.sign({ sub: 'maya', iat: now, exp: now + 300 }), ...cases)).toMatchObject({
    status: 'done',
  })
  expect(asked).toHaveLength(2)
})

test('whom nobody vouches for is refused, and nothing is sent', async () => {
  const before = () => gated.hub.requests().filter((line) => !line.startsWith('GET /services/data ')).length
  const said = async (answer: () => Promise<{ status: number; body: unknown }>, sub = 'maya') => {
    issuer.exchanged = answer
    return await called(await issuer.sign({ sub }), ...cases)
  }
  const at = before()
  expect(await said(async () => ({ status: 400, body: { error: 'invalid_target' } }))).toMatchObject({
    status: 'failed',
    message: expect.stringMatching(
      /^Nothing was sent: 127.0.0.1:\d+ gives the hub no access to Salesforce in your name \(invalid_target\)/,
    ),
  })
  expect(await said(async () => ({ status: 400, body: { error: '<script>' } }))).toMatchObject({
    message: expect.not.stringContaining('script'),
  })
  for (const body of [{}, { access_token: 'x' }, { access_token: '', issued_token_type: accessToken }, 'text'])
    expect(await said(async () => ({ status: 200, body }))).toMatchObject({
      message: expect.stringContaining('cannot exchange your token now'),
    })
  expect(await said(async () => ({ status: 500, body: {} }))).toMatchObject({ error: { code: 'unavailable' } })
  expect(await said(async () => ({ status: 200, body: { access_token: 'x', issued_token_type: jag } }))).toMatchObject({
    message: expect.stringContaining('another kind of token'),
  })
  // An issuer that hands back the very token would have the hub forward it.
  issuer.exchanged = async (form) => ({
    status: 200,
    body: { access_token: form.get('subject_token'), issued_token_type: accessToken },
  })
  expect(await called(await issuer.sign({ sub: 'maya' }), ...cases)).toMatchObject({
    message: expect.stringContaining('exchanged the token for itself'),
  })
  expect(before()).toBe(at)
})

test('a token for another org, and an org that trusts nobody, give no access', async () => {
  issuer.exchanged = async () => ({
    status: 200,
    body: {
      access_token: await issuer.sign({ aud: 'https://other.my.salesforce.com', sub: 'maya' }),
      issued_token_type: accessToken,
    },
  })
  const refused = { status: 'failed', message: expect.stringContaining('does not take the word of your identity provider') }
  expect(await called(await issuer.sign({ sub: 'maya' }), ...cases)).toMatchObject(refused)
  gated = await house({}, false)
  expect(await called(await issuer.sign({ sub: 'maya' }), ...cases)).toMatchObject(refused)
  expect(gated.hub.requests().filter((line) => line.includes('/query'))).toEqual([])
})

test('who came without a token, such as a call that goes on after a yes, is asked to connect an account', async () => {
  const answer = await gated.hub.call('sf_object_list', {}, { tenant: 'local', id: 'maya', roles: ['member'] })
  expect(answer).toMatchObject({ status: 'failed', connect: { instance: 'salesforce' } })
  expect(asked).toEqual([])
})

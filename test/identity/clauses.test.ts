// Each clause of the 2026-07-28 authorization page that binds a resource server, asked on the wire:
// https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization
import { afterAll, beforeAll, expect, test } from 'vitest'
import { initialize, legacyHeaders, modernRequest } from '../serve/fixture.ts'
import { gatedHub } from './door.ts'
import type { GatedHub } from './door.ts'
import { standInIssuer } from './issuer.ts'
import type { StandInIssuer } from './issuer.ts'

let issuer: StandInIssuer
let gated: GatedHub
beforeAll(async () => {
  issuer = await standInIssuer(() => gated.door.url)
  const from = { issuer: issuer.url, claims: { roles: 'roles' } }
  gated = await gatedHub({ config: { people: { local: { id: 'maya', roles: [] }, issuers: [from] } } })
})
afterAll(async () => {
  await gated.close()
  await issuer.close()
})

const read = ['desk_note_list', {}] as const
const write = ['desk_note_send', { desk: 'front', text: 'hello' }] as const

async function ask(more: Record<string, string>, [name, args]: readonly [string, object] = read, query = '') {
  const { headers, body } = modernRequest('tools/call', { name, arguments: args })
  const sent = { method: 'POST', headers: { ...headers, ...more }, body: JSON.stringify(body) }
  const response = await fetch(`${gated.door.url}${query}`, sent)
  const challenge = response.headers.get('www-authenticate') ?? ''
  return { status: response.status, challenge, text: await response.text() }
}
const bearer = async (claims: object = {}) => ({ authorization: `Bearer ${await issuer.sign(claims as never)}` })
const parameter = (challenge: string, name: string) => new RegExp(`${name}="([^"]*)"`).exec(challenge)?.[1]

test('MUST implement protected resource metadata (RFC 9728) that names at least one authorization server', async () => {
  const response = await fetch(new URL('/.well-known/oauth-protected-resource/mcp', gated.door.url))
  expect([response.status, response.headers.get('content-type')]).toEqual([200, expect.stringContaining('application/json')])
  const metadata = (await response.json()) as Record<string, unknown>
  expect(metadata).toMatchObject({ resource: gated.door.url, authorization_servers: [issuer.url] })
})

test('MUST lead to it: WWW-Authenticate with resource_metadata on 401, and the well-known address with the path', async () => {
  const { status, challenge } = await ask({})
  expect([status, challenge.startsWith('Bearer ')]).toEqual([401, true])
  const described = await fetch(parameter(challenge, 'resource_metadata')!)
  expect(await described.json()).toMatchObject({ resource: gated.door.url })
})

test('SHOULD name the scopes that are needed in the challenge', async () => {
  expect(parameter((await ask({})).challenge, 'scope')).toBe('tools:read')
})

// AUTH-01
test('MUST take the token from the Authorization header only: neither the address, nor the body, nor a cookie', async () => {
  const token = await issuer.sign()
  expect((await ask({}, read, `?access_token=${token}`)).status).toBe(400)
  expect((await ask({ cookie: `access_token=${token}` })).status).toBe(401)
  expect((await ask({}, ['desk_note_echo', { text: 'x', access_token: token }])).status).toBe(401)
})

test('MUST be authorized on every request, also within a session that a good token has opened', async () => {
  const open = { ...legacyHeaders, ...(await bearer()) }
  const first = await fetch(gated.door.url, { method: 'POST', headers: open, body: JSON.stringify(initialize()) })
  const session = first.headers.get('mcp-session-id')!
  await first.text()
  const list = JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'tools/list', params: {} })
  for (const method of ['POST', 'GET', 'DELETE']) {
    const headers = { ...legacyHeaders, 'mcp-session-id': session }
    const answer = await fetch(gated.door.url, { method, headers, ...(method === 'POST' && { body: list }) })
    await answer.text()
    expect([method, answer.status]).toEqual([method, 401])
  }
})

test('MUST validate the token, and MUST refuse one that was not issued for this server (RFC 8707)', async () => {
  for (const aud of ['https://other.example/mcp', `${gated.door.url}/more`, new URL(gated.door.url).origin, [], undefined]) {
    const { status, challenge } = await ask(await bearer({ aud }))
    expect([aud, status, parameter(challenge, 'error')]).toEqual([aud, 401, 'invalid_token'])
  }
  expect((await ask(await bearer({ aud: ['https://other.example', gated.door.url] }))).status).toBe(200)
})

test('invalid or ended tokens MUST get 401', async () => {
  const ended = await bearer({ exp: Math.floor(Date.now() / 1000) - 120 })
  for (const headers of [ended, { authorization: 'Bearer nonsense' }, { authorization: 'Bearer ' }])
    expect((await ask(headers)).status).toBe(401)
})

// AUTH-11
test('insufficient scope: 403, insufficient_scope, and all scopes of the operation in one challenge', async () => {
  const { status, challenge } = await ask(await bearer({ scope: 'tools:read' }), write)
  expect([status, parameter(challenge, 'error')]).toEqual([403, 'insufficient_scope'])
  expect(parameter(challenge, 'scope')?.split(' ').toSorted()).toEqual(['tools:read', 'tools:write'])
  expect(parameter(challenge, 'resource_metadata')).toContain('/.well-known/oauth-protected-resource')
  expect(parameter(challenge, 'error_description')).toContain('tools:write')
  expect((await ask(await bearer(), write)).status).toBe(200)
})

test('SHOULD NOT ask for offline_access, in no challenge and not in the metadata', async () => {
  const metadata = await (await fetch(new URL('/.well-known/oauth-protected-resource', gated.door.url))).text()
  const challenges = [await ask({}), await ask(await bearer({ scope: '' }), write)].map(({ challenge }) => challenge)
  for (const text of [metadata, ...challenges]) expect(text).not.toContain('offline_access')
})

// AUTH-14
test('MUST NOT pass the token on: what reaches the vendor and what is kept holds nothing of it', async () => {
  const { authorization } = await bearer({ jti: 'passed-on' })
  expect((await ask({ authorization }, read)).status).toBe(200)
  const signature = authorization.split('.').at(-1)!
  expect(gated.hub.requests().length).toBeGreaterThan(0)
  expect([gated.kept().includes(signature), gated.logged().includes(signature)]).toEqual([false, false])
})

test('a session is no authentication: with the token of somebody else it is not found', async () => {
  const open = { ...legacyHeaders, ...(await bearer()) }
  const first = await fetch(gated.door.url, { method: 'POST', headers: open, body: JSON.stringify(initialize()) })
  const session = first.headers.get('mcp-session-id')!
  await first.text()
  const theirs = { ...legacyHeaders, ...(await bearer({ sub: 'omar' })), 'mcp-session-id': session }
  const list = JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'tools/list', params: {} })
  const answer = await fetch(gated.door.url, { method: 'POST', headers: theirs, body: list })
  await answer.text()
  expect(answer.status).toBe(404)
})

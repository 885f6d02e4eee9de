// Nobody but a person in their own browser, on a page of the hub, changes anything.
import { readFile } from 'node:fs/promises'
import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openHouse } from './house.ts'
import type { House } from './house.ts'

const policy = `rules:
  - allow: '*'
    who: role:member
    when: '!tool.write'
  - ask: '*_set'
    who: role:member
    approvers: role:lead
`
let house: House
let held: string
let session: { cookie: string; csrf: string }
beforeAll(async () => {
  house = await openHouse({ policy })
  const answer = await house.call('desk_note_set', { id: 'n1', text: 'Guarded' })
  held = String(answer.operation_id)
  session = await house.session('jonas')
})
afterAll(async () => await house.close())

const state = async () => (await house.hub.store.operation(held))?.state
const digest = async () => String((await house.api(session, 'GET', `approvals/${held}`)).json['digest'])

/** Headers and path exactly as given: fetch would mend them. */
async function raw(
  method: string,
  path: string,
  headers: Record<string, string>,
  body = '',
): Promise<{ status: number; headers: Record<string, unknown> }> {
  return await new Promise((resolve, reject) => {
    const sent = request(
      `${house.origin}/`,
      { method, path, headers: { ...headers, ...(body !== '' && { 'content-length': Buffer.byteLength(body) }) } },
      (response) => {
        response.resume()
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers }))
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })
}

describe('a change from elsewhere', () => {
  const cases: readonly (readonly [string, Record<string, string>])[] = [
    ['without an origin', { origin: '' }],
    ['of another origin', { origin: 'https://evil.example' }],
    ['of another port', { origin: 'http://127.0.0.1:1' }],
    ['of a null origin', { origin: 'null' }],
    ['that a browser calls cross-site', { 'sec-fetch-site': 'cross-site' }],
    ['that a browser calls same-site', { 'sec-fetch-site': 'same-site' }],
    ['that a browser calls typed', { 'sec-fetch-site': 'none' }],
    ['without the token', { 'x-csrf-token': '' }],
    ['with a made-up token', { 'x-csrf-token': 'x'.repeat(43) }],
    ['as a form', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['as plain text', { 'content-type': 'text/plain' }],
    ['without the cookie', { cookie: '' }],
    ['with an agent’s key for a cookie', { cookie: '', authorization: 'Bearer tgk_live_anything' }],
    ['under a foreign host name', { host: 'evil.example' }],
  ]
  // APR-18, UI-02
  test.each(cases)('%s is refused and changes nothing', async (_name, changed) => {
    const good = {
      origin: house.origin,
      cookie: session.cookie,
      'x-csrf-token': session.csrf,
      'content-type': 'application/json',
    }
    const headers = Object.fromEntries(Object.entries({ ...good, ...changed }).filter(([, value]) => value !== ''))
    const body = JSON.stringify({ digest: await digest() })
    const answer = await raw('POST', `/admin/api/approvals/${held}/approve`, headers, body)
    expect([401, 403, 415]).toContain(answer.status)
    expect([await state(), house.writes()]).toEqual(['held', []])
  })
})

// APR-18, UI-05
test('no GET, HEAD or overridden method changes anything', async () => {
  const { cookie, csrf } = session
  const before = JSON.stringify(await house.hub.store.operation(held))
  const config = await readFile(house.configPath, 'utf8')
  const changing = [
    `approvals/${held}/approve`,
    `approvals/${held}/deny`,
    `approvals/${held}/change`,
    `approvals/${held}/standing`,
    'standing/std_1/revoke',
    'delegations',
    'delegations/dlg_1/revoke',
    'notifications/n_1/replay',
    'stops',
    'stops/resume',
    'tools/desk_note_set/change',
    'policies/scenarios',
    'policies/try',
    `operations/${held}/undo`,
    `operations/${held}/reconcile`,
    'configuration/cv_1/restore',
  ]
  for (const at of changing) {
    for (const method of ['GET', 'HEAD']) {
      const answer = await raw(method, `/admin/api/${at}`, {
        cookie,
        'x-csrf-token': csrf,
        'x-http-method-override': 'POST',
      })
      // Three of them also have something to look at.
      expect(['stops', 'delegations', 'tools/desk_note_set/change'].includes(at) ? [200, 405] : [405]).toContain(
        answer.status,
      )
    }
    for (const method of ['PUT', 'PATCH', 'DELETE']) {
      expect(
        (
          await raw(
            method,
            `/admin/api/${at}`,
            { cookie, 'x-csrf-token': csrf, origin: house.origin, 'content-type': 'application/json' },
            '{}',
          )
        ).status,
      ).toBe(405)
    }
  }
  expect(JSON.stringify(await house.hub.store.operation(held))).toBe(before)
  expect(await readFile(house.configPath, 'utf8')).toBe(config)
})

// UI-03
test('every answer forbids frames, inline script and guessing of types', async () => {
  for (const at of [
    '/admin',
    '/admin/approvals',
    '/admin/approvals/op_1',
    '/admin/nothing',
    '/admin/api/approvals',
    '/admin/api/session',
    '/admin/assets/none.js',
  ]) {
    const { headers } = await raw('GET', at, {})
    const csp = String(headers['content-security-policy'])
    expect(csp).toContain("default-src 'none'")
    expect(csp).toContain("script-src 'self'")
    expect(csp).toContain("frame-ancestors 'none'")
    expect(csp).toContain("require-trusted-types-for 'script'")
    expect(csp).not.toContain('unsafe')
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
    })
  }
  const page = await (await fetch(`${house.origin}/admin`)).text()
  expect(page).not.toMatch(/<script>|<style|\sstyle=|\son\w+=/)
})

test('the cookie is out of reach of scripts and of other sites', async () => {
  const { code } = await house.hub.sessions.link('jonas')
  const response = await fetch(`${house.origin}/admin/api/session`, {
    method: 'POST',
    headers: { origin: house.origin, 'content-type': 'application/json' },
    body: JSON.stringify({ link: code }),
  })
  const cookie = response.headers.get('set-cookie') ?? ''
  expect(cookie).toMatch(/HttpOnly/)
  expect(cookie).toMatch(/SameSite=Strict/)
  const again = await fetch(`${house.origin}/admin/api/session`, {
    method: 'POST',
    headers: { origin: house.origin, 'content-type': 'application/json' },
    body: JSON.stringify({ link: code }),
  })
  expect(again.status).toBe(401)
})

// UI-10
test('addresses that are nearly one of the app lead nowhere', async () => {
  const odd = [
    '//admin',
    '/Admin',
    '/admin;x',
    '/admin/../mcp',
    '/admin/%2e%2e/',
    '/admin/assets/..%5cindex.html',
    '/admin/assets/../index.html',
    '/admin/assets/%2e%2e/index.html',
    '/admin/.git',
    '/admin/assets/index.js.map',
    '/admin/api',
    '/admin/api/',
    '/admin/api//approvals',
    '/adminx',
    '/admin/approvals/../api/approvals',
    `/admin/approvals/${'x'.repeat(200)}`,
  ]
  for (const at of odd) expect([at, (await raw('GET', at, { cookie: session.cookie })).status]).toEqual([at, 404])
})

test('each role may do its own and no more; the server says so for every request', async () => {
  const sessions = Object.fromEntries(
    await Promise.all(
      ['vera', 'jonas', 'otto', 'maya'].map(async (person) => [person, await house.session(person)] as const),
    ),
  )
  const may = async (person: string, at: string, body: object = {}) =>
    (await house.api(sessions[person]!, 'POST', at, body)).status !== 403
  const table = await Promise.all(
    ['vera', 'jonas', 'otto', 'maya'].map(async (person) => [
      person,
      await may(person, 'approvals/op_none/approve'),
      await may(person, 'policies/try', { who: 'maya', tool: 'desk_note_get', arguments: { id: 'n1' } }),
      await may(person, 'tools/desk_note_get/change', { on: false, base: 'old' }),
    ]),
  )
  expect(table).toEqual([
    ['vera', false, false, false],
    ['jonas', true, false, false],
    ['otto', true, true, false],
    ['maya', true, true, true],
  ])
  for (const at of ['approvals', 'tools', 'calls', 'policies', 'usage', 'connections', 'configuration', 'stops'])
    expect((await house.api(sessions['vera']!, 'GET', at)).status).toBe(200)
})

// UI-15
test('somebody without a role, and a session of a terminal, get nothing at all', async () => {
  const nora = await house.session('nora')
  expect((await house.api(nora, 'GET', 'approvals')).status).toBeGreaterThanOrEqual(401)
  const { code } = await house.hub.sessions.link('jonas')
  const redeemed = await house.hub.sessions.redeem(code, 'terminal')
  const cookie = `${session.cookie.split('=')[0]}=${redeemed?.token}`
  expect((await house.api({ cookie, csrf: redeemed?.session.csrf ?? '' }, 'GET', 'approvals')).status).toBe(401)
})

test('a session ends when it is signed out, and a change of rights counts at once', async () => {
  const otto = await house.session('otto')
  expect((await house.api(otto, 'DELETE', 'session')).status).toBe(200)
  expect((await house.api(otto, 'GET', 'approvals')).status).toBe(401)
})

// APR-05, APR-22
test('whoever asked cannot approve it, and a yes to something else than what was shown is none', async () => {
  const maya = await house.session('maya')
  const own = await house.api(maya, 'POST', `approvals/${held}/approve`, { digest: await digest() })
  expect(own.status).toBeGreaterThanOrEqual(400)
  const other = await house.api(session, 'POST', `approvals/${held}/approve`, { digest: '0'.repeat(64) })
  expect(other.status).toBe(409)
  expect([await state(), house.writes()]).toEqual(['held', []])
})

// UI-09
test('a hundred guesses of a link are refused, and soon not even looked at', async () => {
  const guess = async () =>
    (
      await fetch(`${house.origin}/admin/api/session`, {
        method: 'POST',
        headers: { origin: house.origin, 'content-type': 'application/json' },
        body: JSON.stringify({ link: 'guess' }),
      })
    ).status
  const statuses = await Promise.all(Array.from({ length: 100 }, guess))
  expect(new Set(statuses)).toEqual(new Set([401, 429]))
  expect(statuses.filter((status) => status === 401).length).toBeLessThanOrEqual(20)
})

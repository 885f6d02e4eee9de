// People sign in at the company's identity provider; nothing forged, replayed or begun elsewhere opens a session.
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Provider } from 'oidc-provider'
import type { Configuration } from 'oidc-provider'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hasBrowser, openBrowser, openHouse } from './house.ts'
import type { House } from './house.ts'
import { openIssuer } from './issuer.ts'
import type { TestIssuer } from './issuer.ts'

const clientId = 'toolgate-admin'
const policy = `rules:
  - ask: '*_set'
    who: role:support
    approvers: role:lead
`

function oidcOf(issuer: string) {
  return {
    issuer,
    client_id: clientId,
    client_secret: 'env:TEST_OIDC_SECRET',
    scopes: ['openid', 'groups'],
    claims: { roles: 'groups' },
    roleMap: { 'hub-leads': ['lead'] },
    admin: { 'hub-leads': 'approver', 'hub-watchers': 'viewer' },
  }
}

interface Tab {
  cookies: Map<string, string>
}

/** As the page asks; keeps cookies as a browser would. */
async function ask(house: House, tab: Tab, method: string, at: string, body?: object, headers: Record<string, string> = {}) {
  const cookie = [...tab.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const response = await fetch(`${house.origin}/admin/api/${at}`, {
    method,
    headers: { cookie, ...(body && { origin: house.origin, 'content-type': 'application/json' }), ...headers },
    ...(body && { body: JSON.stringify(body) }),
  })
  for (const line of response.headers.getSetCookie()) {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
    if (value === '') tab.cookies.delete(name)
    else tab.cookies.set(name, value)
  }
  return {
    status: response.status,
    json: (await response.json()) as Record<string, unknown>,
    set: response.headers.getSetCookie(),
  }
}

const opened = async (house: House) =>
  (await house.hub.store.recent('local', 500)).filter(({ kind }) => kind === 'session.opened').length

describe('an issuer that says what it likes', () => {
  let issuer: TestIssuer
  let house: House
  let minutes = 0
  beforeAll(async () => {
    process.env['TEST_OIDC_SECRET'] = 'a-client-secret'
    issuer = await openIssuer(clientId)
    house = await openHouse({
      policy,
      config: { serve: { admin: { oidc: oidcOf(issuer.issuer) } } },
      // Sign-ins are counted by the minute.
      now: () => new Date(Date.now() + minutes * 60_000),
    })
  })
  afterAll(async () => {
    issuer.close()
    await house.close()
  })

  async function away(): Promise<{ tab: Tab; query: URLSearchParams }> {
    minutes += 1
    const tab = { cookies: new Map<string, string>() }
    const { json, set } = await ask(house, tab, 'POST', 'sign-in', {})
    expect(set.join()).toMatch(/HttpOnly; SameSite=Strict/)
    return { tab, query: new URL(String(json['location'])).searchParams }
  }
  const answerTo = (query: URLSearchParams, more = {}) =>
    `?${new URLSearchParams({ code: 'c', state: query.get('state') ?? '', iss: issuer.issuer, ...more }).toString()}`

  test('who it names comes in, with PKCE, state and nonce, and the rights of the configuration', async () => {
    const { tab, query } = await away()
    expect(Object.fromEntries(query)).toMatchObject({
      client_id: clientId,
      redirect_uri: `${house.origin}/admin/sign-in`,
      response_type: 'code',
      code_challenge_method: 'S256',
      scope: 'openid groups',
    })
    issuer.says({ claims: { nonce: query.get('nonce'), groups: ['hub-watchers'] } })
    // Somebody has put a session of theirs into this browser: it is not the one that is used.
    const name = `toolgate-${new URL(house.origin).port}`
    tab.cookies.set(name, 'x'.repeat(43))
    const { status, json } = await ask(house, tab, 'POST', 'sign-in/finish', { answer: answerTo(query) })
    // Jonas stands in the configuration: his rights are from it, whatever groups the token names.
    expect([status, json]).toMatchObject([200, { person: 'jonas', role: 'approver' }])
    expect(tab.cookies.get(name)).toMatch(/^[\w-]{43}$/)
    expect(tab.cookies.get(name)).not.toBe('x'.repeat(43))
    expect(issuer.exchanged.at(-1)?.get('code_verifier')).toMatch(/^[\w-]{43}$/)
    const headers = { 'x-csrf-token': String(json['csrf']) }
    expect((await ask(house, tab, 'GET', 'approvals')).status).toBe(200)
    expect((await ask(house, { cookies: new Map(tab.cookies) }, 'DELETE', 'session', {}, headers)).status).toBe(200)
    expect((await ask(house, tab, 'GET', 'approvals')).status).toBe(401)
  })

  test('somebody whom only the issuer knows has the rights of their groups, and loses them with the configuration', async () => {
    const { tab, query } = await away()
    issuer.says({ claims: { nonce: query.get('nonce'), sub: 'lena', name: 'Lena Roth', groups: ['hub-leads', 'others'] } })
    const { json } = await ask(house, tab, 'POST', 'sign-in/finish', { answer: answerTo(query) })
    expect(json).toMatchObject({ person: 'lena', name: 'Lena Roth', role: 'approver' })
    const held = await house.call('desk_note_set', { id: 'n1', text: 'For Lena' })
    const at = `approvals/${held.operation_id}`
    const { digest, mayDecide } = (await ask(house, tab, 'GET', at)).json
    expect(mayDecide).toBe(true)
    const headers = { 'x-csrf-token': String(json['csrf']) }
    expect((await ask(house, tab, 'POST', `${at}/approve`, { digest }, headers)).json).toMatchObject({ status: 'done' })
    const [{ granted }] = [await house.hub.approvals.view(String(held.operation_id))]
    expect(granted).toMatchObject([{ by: 'lena', channel: 'browser' }])
    const text = await readFile(house.configPath, 'utf8')
    await writeFile(house.configPath, text.replace('"hub-leads": "approver"', '"hub-heads": "approver"'))
    expect(await house.hub.reload()).toMatchObject({ ok: true })
    expect((await ask(house, tab, 'GET', 'approvals')).status).toBe(403)
    await writeFile(house.configPath, text)
    await house.hub.reload()
  })

  // UI-09
  test.each([
    ['of another issuer', { iss: 'https://evil.example' }],
    ['for another client', { aud: 'another-client' }],
    ['for several clients, and presented by another', { aud: [clientId, 'other'], azp: 'other' }],
    ['of another sign-in', { nonce: 'n'.repeat(43) }],
    ['without a nonce', { nonce: undefined }],
    ['that has lapsed', { exp: Math.floor(Date.now() / 1000) - 3600 }],
    ['without a person', { sub: undefined }],
    ['of somebody whose groups mean nothing', { sub: 'mallory', groups: ['others'] }],
    ['of somebody without groups', { sub: 'mallory', groups: undefined }],
    ['of a name that nobody can have', { sub: 'a b\u202e', groups: ['hub-leads'] }],
    ['of a client and no person', { sub: 'client:robot', groups: ['hub-leads'] }],
  ])('an ID token %s opens nothing', async (_what, claims) => {
    const before = await opened(house)
    const { tab, query } = await away()
    issuer.says({ claims: { nonce: query.get('nonce'), groups: ['hub-leads'], ...claims } })
    const { status } = await ask(house, tab, 'POST', 'sign-in/finish', { answer: answerTo(query) })
    expect([status, await opened(house)]).toEqual([403, before])
    expect((await ask(house, tab, 'GET', 'approvals')).status).toBe(401)
  })

  test.each([
    ['signed by another key', { otherKey: true }],
    ['not signed', { idToken: `${Buffer.from('{"alg":"none"}').toString('base64url')}.e30.` }],
    ['that is none', { idToken: 'x' }],
    ['left out', { idToken: '' }],
  ])('an ID token %s opens nothing', async (_what, said) => {
    const before = await opened(house)
    const { tab, query } = await away()
    issuer.says({ claims: { nonce: query.get('nonce') }, ...said })
    const { status } = await ask(house, tab, 'POST', 'sign-in/finish', { answer: answerTo(query) })
    expect([status, await opened(house)]).toEqual([403, before])
  })

  // UI-09
  test('an answer is taken once, in time, from the same browser and the same issuer', async () => {
    const good = async () => {
      const one = await away()
      issuer.says({ claims: { nonce: one.query.get('nonce') } })
      return one
    }
    const finish = async (tab: Tab, answer: string) => (await ask(house, tab, 'POST', 'sign-in/finish', { answer })).status
    const [first, second] = [await good(), await good()]
    const exchanges = issuer.exchanged.length
    // Somebody else's answer in this browser: they would be working under a foreign name without knowing.
    expect(await finish(second.tab, answerTo(first.query))).toBe(403)
    expect(await finish({ cookies: new Map() }, answerTo(first.query))).toBe(403)
    expect(await finish(first.tab, '')).toBe(403)
    expect(await finish(first.tab, answerTo(first.query, { state: 's'.repeat(43) }))).toBe(403)
    expect(issuer.exchanged).toHaveLength(exchanges)
    expect(await finish((await good()).tab, answerTo((await good()).query))).toBe(403)
    const mixed = await good()
    expect(await finish(mixed.tab, answerTo(mixed.query, { iss: 'https://evil.example' }))).toBe(403)
    const denied = await good()
    expect(await finish(denied.tab, `?error=access_denied&state=${denied.query.get('state')}&iss=${issuer.issuer}`)).toBe(
      403,
    )
    const twice = await good()
    const jar = new Map(twice.tab.cookies)
    const both = await Promise.all([1, 2].map(() => finish({ cookies: new Map(jar) }, answerTo(twice.query))))
    expect(both.toSorted((one, other) => one - other)).toEqual([200, 403])
    const late = await good()
    minutes += 11
    expect(await finish(late.tab, answerTo(late.query))).toBe(403)
  })
})

describe.skipIf(!hasBrowser)('in a browser, at a real identity provider', () => {
  test('a person signs in there, is who the configuration says, and signs out', async () => {
    process.env['TEST_OIDC_SECRET'] = 'a-client-secret'
    let handle: ReturnType<Provider['callback']> | undefined
    const server = createServer((request, response) => void handle?.(request, response)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const browser = await openBrowser()
    try {
      await using house = await openHouse({ policy, config: { serve: { admin: { oidc: oidcOf(issuer) } } } })
      handle = providerFor(issuer, house.origin).callback()
      const page = await (await browser.newContext()).newPage()
      const problems: string[] = []
      page.on('pageerror', (error) => problems.push(String(error)))
      await page.goto(`${house.origin}/admin/approvals`)
      await page.getByRole('button', { name: `Sign in with ${new URL(issuer).host}` }).click()
      await page.waitForURL(`${issuer}/**`)
      await page.locator('[name=login]').fill('jonas')
      await page.locator('[name=password]').fill('any')
      await page.locator('[type=submit]').click()
      await page.locator('form [type=submit]').click()
      await page.waitForURL(`${house.origin}/admin/approvals`)
      await page.getByText('Jonas Lindqvist').waitFor()
      expect(page.url()).not.toContain('code')
      await page.getByRole('button', { name: 'Sign out' }).click()
      await page.getByRole('heading', { name: 'Sign in to Toolgate' }).waitFor()
      await page.reload()
      await page.getByRole('heading', { name: 'Sign in to Toolgate' }).waitFor()
      expect(problems).toEqual([])
    } finally {
      await browser.close()
      server.closeAllConnections()
      server.close()
    }
  }, 60_000)
})

function providerFor(issuer: string, origin: string): Provider {
  return new Provider(issuer, {
    clients: [
      {
        client_id: clientId,
        client_secret: 'a-client-secret',
        redirect_uris: [`${origin}/admin/sign-in`],
        application_type: 'native',
      },
    ],
    scopes: ['openid', 'groups'],
    claims: { groups: ['groups'] },
    conformIdTokenClaims: false,
    findAccount: (_context: unknown, id: string) => ({ accountId: id, claims: () => ({ sub: id, groups: ['hub-leads'] }) }),
    pkce: { required: () => true },
    cookies: { keys: ['only for this test'] },
  } as unknown as Configuration)
}

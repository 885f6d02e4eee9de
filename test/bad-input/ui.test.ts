// Group UI of the attack catalogue, where no other test has the row: pages from elsewhere, hostile texts, foreign ids and keys.
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import type { AddressInfo } from 'node:net'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mountAdmin } from '../../src/hub/admin.ts'
import type { AdminMount } from '../../src/hub/admin.ts'
import { hasBrowser, openBrowser, openHouse, visit } from '../admin/house.ts'
import type { House } from '../admin/house.ts'
import { deskFolder, silentLog } from '../hub.ts'
import { gatedHub } from '../identity/door.ts'
import { modernRequest } from '../serve/fixture.ts'
import { expectUnharmed } from './unharmed.ts'

const policy = `rules:
  - allow: '*'
    who: role:member
    when: '!tool.write'
  - ask: ['*_set', '*_send']
    who: role:member
    approvers: role:lead
`

/** Headers and path exactly as given; the body is not waited for. */
async function raw(origin: string, method: string, at: string, headers: Readonly<Record<string, string>>) {
  const sent = request(`${origin}/`, { method, path: at, headers })
  sent.end()
  const [response] = (await Promise.race([
    once(sent, 'response'),
    once(sent, 'upgrade').then(([upgraded, socket]) => (socket as { destroy(): void }).destroy() ?? [upgraded]),
  ])) as [IncomingMessage]
  sent.destroy()
  return { status: response.statusCode ?? 0, headers: response.headers }
}

describe('over HTTP', () => {
  let house: House
  let jonas: { cookie: string; csrf: string }
  beforeAll(async () => {
    house = await openHouse({ policy })
    jonas = await house.session('jonas')
  })
  afterAll(async () => await house.close())

  test('UI-06: the stream of events is for pages of the hub, and there is no socket', async () => {
    const live = async (headers: Readonly<Record<string, string>>) =>
      (await raw(house.origin, 'GET', '/admin/api/live', { cookie: jonas.cookie, ...headers })).status
    expect(await live({ 'sec-fetch-site': 'same-origin' })).toBe(200)
    for (const headers of [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: house.origin.replace('127.0.0.1', '127.0.0.2') },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { host: 'evil.example' },
    ])
      expect([headers, await live(headers)]).toEqual([headers, 403])
    expect(await live({ cookie: '' })).toBe(401)
    const socket = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
    }
    expect(await live({ ...socket, origin: 'https://evil.example' })).toBe(403)
    for (const at of ['/admin', '/admin/api/live', '/admin/api/approvals', '/mcp', '/'])
      expect([
        at,
        (await raw(house.origin, 'GET', at, { ...socket, cookie: jonas.cookie, origin: house.origin })).status,
      ]).not.toEqual([at, 101])
  })

  test('UI-09: whoever guesses a link learns nothing: unknown, used, lapsed and malformed ones are answered alike', async () => {
    const { code } = await house.hub.sessions.link('jonas')
    await house.hub.sessions.redeem(code, 'browser')
    const said = []
    for (const link of [
      code,
      `${code.slice(0, -1)}A`,
      'x'.repeat(43),
      '',
      'jonas',
      'nobody',
      'x'.repeat(5000),
      ['x'],
      { $gt: '' },
      null,
    ]) {
      const headers = { origin: house.origin, 'content-type': 'application/json' }
      const answer = await fetch(`${house.origin}/admin/api/session`, {
        method: 'POST',
        headers,
        body: JSON.stringify({ link }),
      })
      said.push(`${answer.status} ${await answer.text()} ${answer.headers.get('set-cookie')}`)
    }
    expect(new Set(said).size).toBe(1)
    expect(said[0]).toMatch(/^401 .*null$/)
  })

  test('UI-11: nothing in an address becomes a header or leads elsewhere', async () => {
    for (const at of [
      '/admin/sign-in?next=//evil.example',
      '/admin?next=https://evil.example',
      '/admin/approvals/x%0d%0aset-cookie:%20owned=1',
      '/admin/api/calls?text=%0d%0aset-cookie:%20owned=1',
      '/admin/assets/a%0d%0alocation:%20https:%2f%2fevil.example.js',
      '//evil.example/admin',
      '/admin//evil.example',
      '/\\evil.example/admin',
    ]) {
      const { status, headers } = await raw(house.origin, 'GET', at, { cookie: jonas.cookie })
      expect([at, status]).toEqual([at, expect.toBeOneOf([200, 404])])
      expect([at, headers['location'], headers['set-cookie'], headers['refresh']]).toEqual([
        at,
        undefined,
        undefined,
        undefined,
      ])
    }
  })
})

test('UI-07: what another tenant did is in no list, no search and no story', async () => {
  await using house = await openHouse({
    policy,
    connectors: { desk: { uses: deskFolder, sandbox: true, tenants: ['larkfield', 'hollow'] } },
    config: { tenant: 'larkfield' },
  })
  const lena = { tenant: 'hollow', id: 'lena', roles: ['member'] }
  await house.call('desk_note_get', { id: 'n1' }, lena)
  await house.call('desk_note_set', { id: 'n1', text: 'canary-of-hollow' }, lena)
  await house.call('desk_note_get', { id: 'n1' })
  const foreign = await house.hub.store.recent('hollow', 10)
  const maya = await house.session('maya')
  expect(foreign.length).toBeGreaterThan(2)
  for (const { call } of foreign) {
    const answer = await house.api(maya, 'GET', `calls/${call}`)
    expect(answer).toEqual({ status: 404, json: { ...answer.json, error: `There is no call ${call}.` } })
  }
  for (const at of [
    'calls',
    'calls?principal=lena',
    'calls?text=canary-of-hollow',
    'approvals',
    'usage',
    'usage?by=principal',
    'notifications',
    'standing',
    'connections',
    'configuration',
  ]) {
    const answer = await house.api(maya, 'GET', at)
    expect([at, answer.status]).toEqual([at, 200])
    expect(JSON.stringify(answer.json)).not.toMatch(/lena|hollow(?!")|canary/)
  }
  expect((await house.api(maya, 'GET', 'calls')).json['calls']).toHaveLength(1)
  await expectUnharmed(house, '')
})

test('UI-13: a hundred thousand requests are listed page by page, at once, and what is searched for is a text and no pattern', async () => {
  await using house = await openHouse({ policy })
  const held = String((await house.call('desk_note_set', { id: 'n1', text: 'one of many' })).operation_id)
  const database = new DatabaseSync(path.join(house.folder, 'data/toolgate.db'))
  const copied: Readonly<Record<string, string>> = {
    n: 'n + nth',
    id: "printf('op_0000000%06d', nth)",
    key: "'many ' || nth",
  }
  const columns = database
    .prepare("select name from pragma_table_info('operation')")
    .all()
    .map(({ name }) => String(name))
  database.exec(`
    with recursive many(nth) as (select 1 union all select nth + 1 from many where nth < 100000)
    insert into operation (${columns.join(', ')})
    select ${columns.map((name) => copied[name] ?? name).join(', ')} from operation, many where id = '${held}'`)
  database.close()
  const jonas = await house.session('jonas')
  const timed = async (at: string) => {
    const began = performance.now()
    const { status, json } = await house.api(jonas, 'GET', at)
    expect([at, status, performance.now() - began < 2000]).toEqual([at, 200, true])
    return json
  }
  const seen = new Set<unknown>()
  let place = ''
  for (let page = 0; page < 5; page += 1) {
    const { items, next } = (await timed(`approvals${place}`)) as { items: { id: string }[]; next: string }
    expect(items).toHaveLength(100)
    for (const { id } of items) seen.add(id)
    place = `?before=${next}`
  }
  expect(seen.size).toBe(500)
  await timed(`approvals/${held}`)
  for (let index = 0; index < 200; index += 1) await house.call('desk_note_echo', { text: `${'a'.repeat(900)}!` })
  expect((await timed('calls?text=desk_note_echo'))['calls']).toHaveLength(50)
  const patterns = [
    '(a+)+$',
    '.*',
    'desk.note.echo',
    'desk%echo',
    'desk_note_ech_',

    '" OR 1=1 --',
    '(?<=a)*',
  ]
  for (const pattern of patterns)
    expect([pattern, (await timed(`calls?text=${encodeURIComponent(pattern)}`))['calls']]).toEqual([pattern, []])
  await expectUnharmed(house, '')
}, 120_000)

test('UI-15: the key of an agent opens nothing of the app, and the session of a person nothing of the agents’', async () => {
  let admin: AdminMount | undefined
  const people = { local: { id: 'maya', roles: ['member', 'lead'], admin: 'admin' }, apiKeys: true }
  const mounted = { handle: async (...both: Parameters<AdminMount['handle']>) => await admin?.handle(...both) }
  await using gated = await gatedHub({ policy, config: { people } }, { admin: mounted })
  const { hub } = gated.hub
  admin = mountAdmin({ hub, log: silentLog, secure: false })
  const { origin, port } = new URL(gated.door.url)
  const { key } = await (
    await hub.keys()
  ).create({
    tenant: 'local',
    principal: 'nightly',
    roles: ['member'],
    tools: ['*'],
    by: 'test',
    expiresAt: new Date(Date.now() + 3_600_000),
  })
  const { token = '', session } = (await hub.sessions.redeem((await hub.sessions.link('maya')).code, 'browser')) ?? {}
  const name = `toolgate-${port}`
  const call = async (headers: Readonly<Record<string, string>>) => {
    const { headers: own, body } = modernRequest('tools/call', { name: 'desk_note_echo', arguments: { text: 'x' } })
    return (await fetch(gated.door.url, { method: 'POST', headers: { ...own, ...headers }, body: JSON.stringify(body) }))
      .status
  }
  const look = async (headers: Readonly<Record<string, string>>, method = 'GET') =>
    (
      await fetch(`${origin}/admin/api/${method === 'GET' ? 'approvals' : 'stops'}`, {
        method,
        headers: {
          ...headers,
          ...(method === 'POST' && { origin, 'content-type': 'application/json', 'x-csrf-token': session?.csrf ?? '' }),
        },
        ...(method === 'POST' && { body: JSON.stringify({ scope: { kind: 'all' }, reason: 'Mine.' }) }),
      })
    ).status
  expect([await call({ authorization: `Bearer ${key}` }), await look({ cookie: `${name}=${token}` })]).toEqual([200, 200])
  for (const headers of [
    { authorization: `Bearer ${token}` },
    { cookie: `${name}=${token}` },
    { cookie: `${name}=${token}`, authorization: `Bearer ${token}` },
  ])
    expect(await call(headers)).toBe(401)
  for (const headers of [
    { authorization: `Bearer ${key}` },
    { cookie: `${name}=${key}` },
    { cookie: `${name}=${key}`, authorization: `Bearer ${key}` },
  ])
    for (const method of ['GET', 'POST']) expect(await look(headers, method)).toBe(401)
  expect(await hub.switch.list()).toEqual([])
  await admin.close()
})

const root = fileURLToPath(new URL('../..', import.meta.url))

describe.skipIf(!hasBrowser)('in a browser', () => {
  let browser: Browser
  beforeAll(async () => void (browser = await openBrowser()))
  afterAll(async () => await browser.close())

  const hostile = [
    '<img src=x onerror="globalThis.owned=1">',
    '</script><script>globalThis.owned=1</script>',
    '</title><svg onload=globalThis.owned=1>',
    '{{constructor.constructor("globalThis.owned=1")()}}',
    'javascript:globalThis.owned=1',
    '"><style>*{background:url(https://evil.example/x)}</style><a href="javascript:globalThis.owned=1">x</a>',
  ]

  test('UI-01: no page runs or loads anything of a title, a file name, a reason, an error or a rule', async () => {
    const all = hostile.join(' ')
    const because = `${policy}    because: ${JSON.stringify(all)}\n`
    const connectors = {
      desk: { uses: deskFolder, sandbox: true },
      wall: { uses: path.join(root, 'test/admin/wall'), sandbox: true },
      slack: { sandbox: true, tools: { slack_file_upload: true } },
    }
    const open = `${because}  - ask: slack_file_upload\n    who: role:member\n    approvers: role:lead\n`
    await using house = await openHouse({ policy: open, connectors, config: { approvals: { pendingMax: 100 } } })
    const asked = []
    for (const text of hostile) asked.push(await house.call('desk_note_set', { id: 'n1', text }))
    asked.push(await house.call('wall_text_set', { text: all }))
    // A file has no such name, and a call no such argument; their stories have both all the same.
    const upload = { channel: '#support', name: `${hostile[0]}.txt`, text: all }
    expect(await house.call('slack_file_upload', upload)).toMatchObject({ status: 'failed' })
    expect(await house.call('desk_note_set', { id: 'n1', text: 'x', [all]: all })).toMatchObject({ status: 'failed' })
    const ids = asked.map((answer) => {
      expect(answer).toMatchObject({ status: 'held' })
      return String(answer.operation_id)
    })
    await house.deny(ids[0], 'jonas', all)
    const wanted: string[] = []
    const { page, problems } = await visit(browser, house, 'maya')
    page.on('request', (each) => wanted.push(each.url()))
    page.on('dialog', (dialog) => void dialog.dismiss())
    const stories = [...new Set((await house.hub.store.recent('local', 200)).map(({ call }) => call))]
    for (const at of [
      'approvals',
      ...ids.map((id) => `approvals/${id}`),
      'calls',
      `calls?text=${encodeURIComponent(all)}`,
      ...stories.map((call) => `calls/${call}`),
      'policies',
      'tools',
      'usage',
      'connections',
      'grants',
      'notifications',
      `approvals/${encodeURIComponent(hostile[0]!)}`,
    ]) {
      await page.goto(`${house.origin}/admin/${at}`)
      await page.waitForLoadState('networkidle').catch(() => undefined)
      const made = await page.evaluate<string[]>(
        `[...document.querySelectorAll('body :is(img, iframe, object, embed, style, base, form[action], [onerror], [onload], a[href^="javascript:" i])')].map((each) => each.outerHTML)`,
      )
      expect([at, made]).toEqual([at, []])
    }
    // What went wrong is shown too, with the words that were wrong.
    await page.goto(`${house.origin}/admin/approvals/${ids[1]}`)
    const jonas = await visit(browser, house, 'jonas')
    await jonas.page.goto(`${house.origin}/admin/approvals/${ids[1]}`)
    await jonas.page.getByRole('button', { name: 'Change …' }).click()
    const dialog = jonas.page.getByRole('dialog')
    await dialog.getByRole('textbox').fill(JSON.stringify({ id: 'n1', text: 'x', [all]: 1 }))
    await dialog.getByRole('button', { name: 'Plan anew' }).click()
    await dialog.getByText('onerror').last().waitFor()
    expect(await jonas.page.locator('dialog :is(img, script, svg, style, a)').count()).toBe(0)
    for (const each of [page, jonas.page]) expect(await each.evaluate('globalThis.owned')).toBeUndefined()
    expect([problems, jonas.problems]).toEqual([[], []])
    expect(wanted.filter((url) => !url.startsWith(`${house.origin}/`))).toEqual([])
  }, 120_000)

  test('UI-03: a foreign page can neither frame the app nor hold on to a window of it', async () => {
    await using house = await openHouse({ policy })
    const server = createServer((_incoming, response) =>
      response
        .writeHead(200, { 'content-type': 'text/html' })
        .end(`<!doctype html><iframe src="${house.origin}/admin/approvals"></iframe>`),
    ).listen(0, '127.0.0.1')
    await once(server, 'listening')
    try {
      const { context } = await visit(browser, house, 'jonas')
      const evil = await context.newPage()
      await evil.goto(`http://localhost:${(server.address() as AddressInfo).port}/`)
      await expect.poll(() => evil.frames().map((frame) => frame.url())[1]).toMatch(/^chrome-error:/)
      const opening = context.waitForEvent('page')
      await evil.evaluate(`globalThis.held = open('${house.origin}/admin/approvals'); undefined`)
      const opened = await opening
      await opened.locator('h1').waitFor()
      // To whoever opened it the window is gone, and it knows nobody who did.
      expect(await evil.evaluate('held.closed')).toBe(true)
      expect(await opened.evaluate('opener')).toBeNull()
    } finally {
      server.closeAllConnections()
      server.close()
    }
  }, 60_000)

  test('UI-11: signing in leads to the app, whatever else the address says', async () => {
    await using house = await openHouse({ policy })
    for (const more of [
      '?next=//evil.example',
      '?returnTo=https://evil.example',
      '?redirect_uri=javascript:globalThis.owned=1',
    ]) {
      const context = await browser.newContext()
      const page = await context.newPage()
      const wanted: string[] = []
      page.on('request', (each) => wanted.push(each.url()))
      const link = new URL(await house.link('jonas'))
      await page.goto(`${link.origin}${link.pathname}${more}${link.hash}`)
      await page.waitForURL(`${house.origin}/admin/approvals`)
      expect(wanted.filter((url) => !url.startsWith(`${house.origin}/`))).toEqual([])
      // Neither the link nor what stood beside it is kept in the history.
      expect(await page.evaluate('location.href')).toBe(`${house.origin}/admin/approvals`)
      await context.close()
    }
  }, 60_000)
})

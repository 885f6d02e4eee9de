// Group WH of the attack catalogue: clicks that Slack did not send, and receivers of the hub's own webhooks that misbehave.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { createServer, request } from 'node:http'
import type { IncomingMessage, RequestListener } from 'node:http'
import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sign } from '../../src/hub/slack/clicks.ts'
import { breakSandbox, sandboxRequests } from '../../src/sandbox/admin.ts'
import { serveHttp } from '../../src/serve/http.ts'
import type { HttpDoor, HttpDoorOptions } from '../../src/serve/http.ts'
import { asking, askingDesk, held, people } from '../approvals/desk.ts'
import { launcher } from '../doors.ts'
import { configFolder, deskFolder, silentLog } from '../hub.ts'
import type { TestHub, TestHubOptions } from '../hub.ts'
import { expectUnharmed } from './unharmed.ts'

const secret = randomBytes(16).toString('hex')
const otherSecret = 'a-key-that-is-long-enough'
process.env['TEST_WH_SIGNING'] = secret
process.env['TEST_WH_NOTIFY'] = otherSecret
const jonas = 'U0JONASLIND'

const slack = {
  sandbox: 'slack',
  channel: 'C0SUPPORT01',
  signingSecret: 'env:TEST_WH_SIGNING',
  people: { [jonas]: 'jonas' },
}
const withSlack: TestHubOptions = {
  connectors: { desk: { uses: deskFolder, sandbox: true }, slack: { sandbox: true } },
  config: { approvals: { slack } },
}

async function doorOf({ hub }: TestHub, more: Partial<HttpDoorOptions> = {}): Promise<HttpDoor> {
  return await serveHttp({
    dispatcher: hub.dispatcher,
    slack: hub.slack,
    principalOf: () => Promise.resolve(hub.person()),
    host: '127.0.0.1',
    port: 0,
    sessionIdleMs: 60_000,
    maxSessions: 10,
    log: silentLog,
    now: () => new Date(),
    drainMs: 100,
    ...more,
  })
}

const closing = (opened: HttpDoor) => ({ door: opened, [Symbol.asyncDispose]: async () => await opened.close() })

let desk: TestHub
let door: HttpDoor
let waiting: string
let shown: string
beforeAll(async () => {
  desk = await askingDesk(withSlack)
  door = await doorOf(desk)
  waiting = await held(desk)
  shown = JSON.stringify({ digest: (await desk.hub.approvals.view(waiting)).digest, id: waiting })
})
afterAll(async () => {
  await door.close()
  await desk.close()
})

const seconds = (later = 0) => String(Math.floor(Date.now() / 1000) + later)
/** The same moment for all who are given it, so that equal clicks have equal signatures. */
const at: Headers = { 'x-slack-request-timestamp': seconds() }
const pressed = (more: object = {}, value = shown) => ({
  type: 'block_actions',
  user: { id: jonas },
  trigger_id: randomBytes(8).toString('hex'),
  actions: [{ action_id: 'toolgate_approve', value }],
  ...more,
})
const form = (payload: unknown) => new URLSearchParams({ payload: JSON.stringify(payload) }).toString()

type Headers = Readonly<Record<string, string | string[] | undefined>>

/** What Slack would send with this body; what is given instead counts. */
async function post(
  body: string | Buffer,
  headers: Headers = {},
  url = door.url,
): Promise<{ status: number; text: string }> {
  const sentAt = typeof headers['x-slack-request-timestamp'] === 'string' ? headers['x-slack-request-timestamp'] : seconds()
  const all: Headers = {
    'content-type': 'application/x-www-form-urlencoded',
    'content-length': String(Buffer.byteLength(body)),
    'x-slack-request-timestamp': sentAt,
    'x-slack-signature': sign(secret, sentAt, body),
    ...headers,
  }
  const given = Object.fromEntries(
    Object.entries(all).filter((entry): entry is [string, string | string[]] => entry[1] !== undefined),
  )
  const sent = request(new URL('/slack/interactions', url), { method: 'POST', headers: given })
  // What is refused unread may be cut off while it is still being sent.
  sent.on('error', () => undefined)
  sent.end(body)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  let text = ''
  for await (const part of response.setEncoding('utf8')) text += String(part)
  return { status: response.statusCode ?? 0, text }
}

const messagesOf = ({ hub }: TestHub) => sandboxRequests(hub.sandboxFile, { instance: 'slack', limit: 1000 })

async function expectUndecided(said: unknown): Promise<void> {
  expect(await desk.hub.approvals.view(waiting)).toMatchObject({ state: 'waiting', granted: [] })
  // Nothing was looked up, opened or told either.
  expect(messagesOf(desk)).toEqual([])
  await expectUnharmed(desk, said)
}

const good = (): string => form(pressed())
const signedNow = (body: string) => sign(secret, seconds(), body)

type Forged = readonly [id: string, what: string, headers: (body: string) => Headers]

const forged: readonly Forged[] = [
  ['WH-01', 'no signature', () => ({ 'x-slack-signature': undefined })],
  ['WH-01', 'an empty signature', () => ({ 'x-slack-signature': '' })],
  ['WH-01', 'a version and no signature', () => ({ 'x-slack-signature': 'v0=' })],
  ['WH-01', 'a signature that is no hex', () => ({ 'x-slack-signature': `v0=${'g'.repeat(64)}` })],
  ['WH-01', 'half a signature', (body) => ({ 'x-slack-signature': signedNow(body).slice(0, 35) })],
  ['WH-01', 'a longer signature', (body) => ({ 'x-slack-signature': `${signedNow(body)}0` })],
  ['WH-01', 'another algorithm', (body) => ({ 'x-slack-signature': signedNow(body).replace('v0=', 'sha1=') })],
  ['WH-01', 'capitals', (body) => ({ 'x-slack-signature': signedNow(body).toUpperCase() })],
  ['WH-01', 'two signatures', (body) => ({ 'x-slack-signature': [signedNow(body), `v0=${'0'.repeat(64)}`] })],
  ['WH-01', 'one signature twice', (body) => ({ 'x-slack-signature': [signedNow(body), signedNow(body)] })],
  ['WH-05', 'another secret of the hub', (body) => ({ 'x-slack-signature': sign(otherSecret, seconds(), body) })],
  ['WH-06', 'an empty key', (body) => ({ 'x-slack-signature': sign('', seconds(), body) })],
  ['WH-03', 'no time', () => ({ 'x-slack-request-timestamp': undefined })],
  ...['1e99', 'NOW.5', '-NOW', '+NOW', '0xNOW', 'NaN', '0', 'NOW000'].map((sentAt): Forged => [
    'WH-03',
    `the time ${sentAt}`,
    () => ({ 'x-slack-request-timestamp': sentAt.replace('NOW', seconds()) }),
  ]),
  ['WH-03', 'a time that is 301 seconds old', () => ({ 'x-slack-request-timestamp': seconds(-301) })],
  ['WH-03', 'a time that is half an hour old', () => ({ 'x-slack-request-timestamp': seconds(-1800) })],
  ['WH-03', 'a time to come', () => ({ 'x-slack-request-timestamp': seconds(302) })],
]

test.each(forged)('%s: a click with %s is refused before its body is looked at', async (_id, _what, headers) => {
  // What is no click at all is told the same: nobody unsigned learns what would be one.
  for (const body of [
    good(),
    'payload=%7B',
    form(pressed({ team: { id: 'T0OTHER' }, tenant: 'other', secret: 'env:TEST_WH_NOTIFY' })),
  ]) {
    const answer = await post(body, headers(body))
    expect(answer.status).toBe(401)
    await expectUndecided(answer)
  }
})

test('WH-02: the signature is of the bytes as they came, and of no text that only means the same', async () => {
  const payload = pressed()
  const reordered = form(Object.fromEntries(Object.entries(payload).toReversed()))
  const escaped = new URLSearchParams({ payload: JSON.stringify(payload).replace('a', '\\u0061') }).toString()
  const signed = Buffer.from(`${form(payload)}&note=\ufffd`)
  // Decoding makes this the very text that was signed.
  const undecodable = Buffer.concat([Buffer.from(`${form(payload)}&note=`), Buffer.from([0xff])])
  const cases: readonly (readonly [string | Buffer, string | Buffer])[] = [
    [form(payload), reordered],
    [form(payload), escaped],
    [form(payload), form(payload).replaceAll('%22', '"')],
    [form(payload), `${form(payload)}\n`],
    [signed, undecodable],
  ]
  for (const [text, sent] of cases) {
    const answer = await post(sent, { 'x-slack-signature': sign(secret, seconds(), text) })
    expect(answer.status).toBe(401)
    await expectUndecided(answer)
  }
})

const gzipped = () => gzipSync(Buffer.alloc(1024 * 1024))

type Refused = readonly [id: string, what: string, body: () => string | Buffer, headers: Headers, status: number]

const refused: readonly Refused[] = [
  ['WH-07', 'a body of ten megabytes', () => 'payload='.padEnd(10 * 1024 * 1024, 'x'), {}, 413],
  [
    'WH-07',
    'a body of ten megabytes and no said length',
    () => 'payload='.padEnd(10 * 1024 * 1024, 'x'),
    { 'content-length': undefined, 'transfer-encoding': 'chunked' },
    413,
  ],
  ['WH-07', 'a body that is compressed', gzipped, { 'content-encoding': 'gzip' }, 415],
  ['WH-07', 'a body of 50,000 levels', () => `payload=${'['.repeat(50_000)}${']'.repeat(50_000)}`, {}, 400],
  ['WH-11', 'a slash command', () => 'command=%2Fapprove&text=all&user_id=U0JONASLIND', {}, 400],
  [
    'WH-11',
    'a message that says approve',
    () => JSON.stringify({ type: 'event_callback', event: { type: 'message', text: `approve ${waiting}`, user: jonas } }),
    { 'content-type': 'application/json' },
    415,
  ],
  [
    'WH-11',
    'the same as a payload',
    () => form({ type: 'message', text: `approve ${waiting}`, user: { id: jonas } }),
    {},
    400,
  ],
  [
    'WH-11',
    'an action of another name',
    () => form(pressed({ actions: [{ action_id: 'approve', value: shown }] })),
    {},
    400,
  ],
  ['WH-15', 'a body of JSON', () => JSON.stringify(pressed()), { 'content-type': 'application/json' }, 415],
  ['WH-15', 'a body of plain text', good, { 'content-type': 'text/plain' }, 415],
  ['WH-15', 'a body of no type', good, { 'content-type': undefined }, 415],
  [
    'WH-15',
    'a body in parts',
    () => `--x\r\ncontent-disposition: form-data; name="payload"\r\n\r\n${JSON.stringify(pressed())}\r\n--x--`,
    { 'content-type': 'multipart/form-data; boundary=x' },
    415,
  ],
  ['WH-15', 'a body of two payloads', () => `${good()}&payload=%7B%7D`, {}, 400],
  ['WH-15', 'a body of two payloads, the better one last', () => `payload=%7B%7D&${good()}`, {}, 400],
  ['WH-15', 'a payload that is no UTF-8', () => Buffer.concat([Buffer.from(good()), Buffer.from([0xff])]), {}, 400],
]

test.each(refused)('%s: %s is refused with a sentence, whoever signed it', async (_id, _what, body, headers, status) => {
  const began = performance.now()
  const answer = await post(body(), headers)
  expect([answer.status, answer.text.length > 20]).toEqual([status, true])
  expect(performance.now() - began).toBeLessThan(3000)
  await expectUndecided(answer)
})

test('WH-07: a body that comes byte by byte is not waited for', async () => {
  await using quick = closing(await doorOf(desk, { headersTimeoutMs: 200, bodyTimeoutMs: 400 }))
  const { port, host } = new URL(quick.door.url)
  const socket = connect(Number(port), '127.0.0.1')
  socket.on('error', () => undefined)
  const head = ['POST /slack/interactions HTTP/1.1', `host: ${host}`, 'content-type: application/x-www-form-urlencoded']
  socket.write(`${[...head, 'content-length: 1000'].join('\r\n')}\r\n\r\n`)
  const drip = setInterval(() => socket.write('x'), 50)
  let text = ''
  socket.setEncoding('utf8').on('data', (part: string) => (text += part))
  await once(socket, 'close')
  clearInterval(drip)
  expect(text).toMatch(/^HTTP\/1\.1 408 /)
  await expectUndecided(text)
})

test('WH-06: without a secret there is no address for clicks, and none that cannot be read is taken for an empty one', async () => {
  await using without = await askingDesk()
  await using nowhere = closing(await doorOf(without))
  expect((await post(good(), {}, nowhere.door.url)).status).toBe(404)
  for (const value of [undefined, '', '   ']) {
    if (value === undefined) delete process.env['TEST_WH_EMPTY']
    else process.env['TEST_WH_EMPTY'] = value
    const lacking = { ...slack, signingSecret: 'env:TEST_WH_EMPTY' }
    await using hub = await askingDesk({ ...withSlack, config: { approvals: { slack: lacking } } })
    await using open = closing(await doorOf(hub))
    const answer = await post(good(), { 'x-slack-signature': sign(value ?? '', seconds(), good()) }, open.door.url)
    expect([value, answer.status]).toEqual([value, 500])
    await expectUnharmed(hub, answer)
  }
})

test('WH-06: a secret that was replaced counts from the next reading of the configuration, and the one before no more', async () => {
  process.env['TEST_WH_ROTATED'] = 'the-old-signing-secret'
  const rotated = { ...slack, signingSecret: 'env:TEST_WH_ROTATED' }
  await using hub = await askingDesk({ ...withSlack, config: { approvals: { slack: rotated } } })
  await using open = closing(await doorOf(hub))
  const by = async (key: string) => {
    const body = form(pressed({ actions: [{ action_id: 'toolgate_open', value: randomBytes(4).toString('hex') }] }))
    return (await post(body, { 'x-slack-signature': sign(key, seconds(), body) }, open.door.url)).status
  }
  expect([await by('the-old-signing-secret'), await by('the-new-signing-secret')]).toEqual([200, 401])
  process.env['TEST_WH_ROTATED'] = 'the-new-signing-secret'
  await hub.hub.reload()
  expect([await by('the-old-signing-secret'), await by('the-new-signing-secret')]).toEqual([401, 200])
})

test('WH-09: of a burst of clicks each is answered in time, one decides, and the hub goes on', async () => {
  await using hub = await askingDesk(withSlack)
  await using open = closing(await doorOf(hub))
  const id = await held(hub)
  const value = JSON.stringify({ digest: (await hub.hub.approvals.view(id)).digest, id })
  const slowest = { ms: 0 }
  const timed = async (body: string, headers: Headers = {}) => {
    const began = performance.now()
    const { status } = await post(body, headers, open.door.url)
    slowest.ms = Math.max(slowest.ms, performance.now() - began)
    return status
  }
  const bodies = Array.from({ length: 30 }, () => form(pressed({}, value)))
  const [statuses, unsigned] = await Promise.all([
    // Each three times, and in no order.
    Promise.all([...bodies, ...bodies.toReversed(), ...bodies].map(async (body) => await timed(body, at))),
    Promise.all(Array.from({ length: 300 }, () => timed(good(), { 'x-slack-signature': `v0=${'0'.repeat(64)}` }))),
  ])
  expect(statuses.filter((status) => status === 200)).toHaveLength(30)
  expect(statuses.filter((status) => status === 409)).toHaveLength(60)
  expect(new Set(unsigned)).toEqual(new Set([401]))
  expect(slowest.ms).toBeLessThan(3000)
  await expect.poll(async () => (await hub.hub.approvals.view(id)).state).toBe('done')
  await expect
    .poll(() => messagesOf(hub).filter(({ path }) => path.endsWith('postEphemeral')).length, { timeout: 20_000 })
    .toBe(29)
  expect(notesWritten(hub)).toHaveLength(1)
  expect(await hub.call('desk_note_get', { id: 'n1' })).toMatchObject({ status: 'done' })
}, 60_000)

const bomb = gzipSync(Buffer.alloc(100 * 1024 * 1024))

async function receiver(answer: RequestListener) {
  const got: string[] = []
  const server = createServer((incoming, response) => {
    got.push(`${String(incoming.headers['toolgate-id'])} ${String(incoming.headers['toolgate-timestamp'])}`)
    answer(incoming, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    got,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}

test('WH-13: an address inside a click is never asked', async () => {
  await using inside = await receiver((_incoming, response) => response.end())
  await using hub = await askingDesk(withSlack)
  await using open = closing(await doorOf(hub))
  const id = await held(hub)
  const value = JSON.stringify({ digest: (await hub.hub.approvals.view(id)).digest, id })
  const leading = {
    response_url: inside.url,
    response_urls: [{ response_url: inside.url }],
    message: { attachments: [{ image_url: inside.url }] },
  }
  expect((await post(form(pressed(leading, value)), {}, open.door.url)).status).toBe(200)
  await expect.poll(async () => (await hub.hub.approvals.view(id)).state).toBe('done')
  await hub.hub.tend()
  expect(inside.got).toEqual([])
})

const told = (url: string) => ({ notify: [{ url, secret: 'env:TEST_WH_NOTIFY', events: ['approval.requested'] }] })

test.each([
  ['ten megabytes', (_: IncomingMessage, response) => response.end(Buffer.alloc(10 * 1024 * 1024))],
  [
    'a body that unpacks to a hundred megabytes',
    (_: IncomingMessage, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb),
  ],
  ['no HTTP', (incoming: IncomingMessage) => incoming.socket.end('SSH-2.0-OpenSSH\r\n')],
  [
    'a place inside',
    (_: IncomingMessage, response) => response.writeHead(307, { location: 'http://169.254.169.254/' }).end(),
  ],
] as readonly (readonly [string, RequestListener])[])(
  'WH-07: a receiver that answers with %s costs the hub nothing but another try',
  async (_what, answer) => {
    await using hook = await receiver(answer)
    let now = Date.now()
    await using hub = await askingDesk({ now: () => new Date(now), config: told(hook.url) })
    await held(hub)
    await hub.hub.tend()
    // Its answer was not read to the end, or was none.
    expect(await hub.hub.notifications.list({ limit: 10 })).toMatchObject([{ state: 'pending', attempts: 1 }])
    now += 60_000
    await hub.hub.tend()
    expect(await hub.call('desk_note_get', { id: 'n1' })).toMatchObject({ status: 'done' })
    expect(hub.writes()).toEqual([])
  },
)

test('WH-09: what is told twice has the same id and a time of its own, and is given up after ten tries', async () => {
  await using hook = await receiver((_incoming, response) => response.writeHead(503).end())
  let now = Date.now()
  await using hub = await askingDesk({ now: () => new Date(now), config: told(hook.url) })
  await held(hub)
  for (let turn = 0; turn < 20; turn += 1) {
    await hub.hub.tend()
    now += 2 * 3_600_000
  }
  expect(hook.got).toHaveLength(10)
  expect(new Set(hook.got.map((line) => line.split(' ')[0])).size).toBe(1)
  expect(new Set(hook.got).size).toBe(10)
  expect(await hub.hub.notifications.list({ limit: 10 })).toMatchObject([
    { state: 'given up', attempts: 10, lastStatus: 503 },
  ])
})

test('WH-10: a process that dies after it has answered loses no yes and sends nothing twice; what it did not do can be clicked again', async () => {
  await using hub = await askingDesk(withSlack)
  const id = await held(hub)
  const value = JSON.stringify({ digest: (await hub.hub.approvals.view(id)).digest, id })
  const untilAsked = async (path: string, before: number) =>
    await expect.poll(() => asked(hub, path), { timeout: 20_000 }).toBeGreaterThan(before)

  const first = await served(hub)
  const body = form(pressed({ actions: [{ action_id: 'toolgate_deny', value }] }))
  breakSandbox(hub.hub.sandboxFile, 'slack', { mode: 'slow', route: 'POST /api/views.open', ms: 30_000 })
  expect((await post(body, at, first.url)).status).toBe(200)
  await untilAsked('/api/views.open', 0)
  await first.die()
  expect(await hub.hub.approvals.view(id)).toMatchObject({ state: 'waiting', granted: [] })

  const second = await served(hub)
  expect((await post(body, at, second.url)).status).toBe(409)
  const before = asked(hub, '/notes/n1')
  breakSandbox(hub.hub.sandboxFile, 'desk', { mode: 'slow', route: 'GET /notes/n1', ms: 30_000 })
  expect((await post(form(pressed({}, value)), {}, second.url)).status).toBe(200)
  await untilAsked('/notes/n1', before)
  await second.die()
  hub.mend()
  expect(await hub.hub.approvals.view(id)).toMatchObject({ state: 'approved', granted: [{ by: 'jonas', channel: 'slack' }] })
  expect(notesWritten(hub)).toEqual([])

  const call = { id: 'n1', text: 'new' }
  expect(await hub.call('desk_note_set', call)).toMatchObject({ status: 'done', operation_id: id })
  expect(await hub.call('desk_note_set', call)).toMatchObject({ status: 'done', replayed: true })
  expect(notesWritten(hub)).toHaveLength(1)
}, 60_000)

test('WH-10: what was to be told when a process ended is told by the next one', async () => {
  await using hook = await receiver((_incoming, response) => response.writeHead(204).end())
  const folder = configFolder({ policy: asking, config: { people, ...told(hook.url) } })
  try {
    const before = await askingDesk({ folder })
    await held(before)
    await before.hub.close()
    expect(hook.got).toEqual([])
    await using after = await askingDesk({ folder })
    await after.hub.tend()
    await after.hub.tend()
    expect(hook.got).toHaveLength(1)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

const notesWritten = (hub: TestHub) => hub.writes().filter((line) => line.includes('/notes'))

function asked({ hub }: TestHub, path: string): number {
  return sandboxRequests(hub.sandboxFile, { limit: 1000 }).filter((each) => each.path === path).length
}

/** The same hub in a process of its own, as `toolgate serve` opens it. */
async function served({ configPath }: TestHub): Promise<{ readonly url: string; die(): Promise<void> }> {
  const words = [launcher, 'serve', '--port', '0', '--json', '--log-level', 'fatal', '--config', configPath]
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  for await (const part of child.stdout.setEncoding('utf8')) {
    text += String(part)
    if (text.includes('\n')) break
  }
  return {
    url: (JSON.parse(text) as { url: string }).url,
    async die() {
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

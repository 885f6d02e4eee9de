// The server that plays the vendors: one request is one transaction, faults hit what they should, processes share the file.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { breakSandbox, mendSandbox, resetSandbox, sandboxFaults, sandboxRequests } from '../../src/sandbox/admin.ts'
import { startSandbox } from '../../src/sandbox/server.ts'
import type { SandboxServer } from '../../src/sandbox/server.ts'
import { notes } from './notes.ts'

let directory: string
let file: string
let server: SandboxServer
const now = (): Date => new Date('2026-03-02T09:00:00Z')
const instances = { notes: { connector: notes }, eunotes: { connector: notes } }

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'toolgate-sandbox-'))
  file = join(directory, 'data', 'sandbox.db')
  server = await startSandbox({ file, instances, now })
})
afterEach(async () => {
  await server.close()
  rmSync(directory, { recursive: true, force: true })
})

function ask(method: string, path: string, body?: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(server.base('notes') + path, { method, headers, ...(body === undefined ? {} : { body }) })
}
async function list(instance = 'notes'): Promise<unknown> {
  return (await fetch(`${server.base(instance)}/notes`)).json()
}
const last = () => sandboxRequests(file).at(-1)

test('it listens on loopback only, and each instance has its own address and documents', async () => {
  expect(server.base('notes')).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/notes$/)
  expect(() => server.base('absent')).toThrow(/No sandbox is called absent/)
  await ask('POST', '/notes', 'mine')
  expect(await list('notes')).toEqual(['seeded', 'mine'])
  expect(await list('eunotes')).toEqual(['seeded'])
  expect((await fetch(server.base('notes').replace('/notes', '/absent/notes'))).status).toBe(404)
})

test('the connector sees the decoded path below its base, the query, the headers and the body', async () => {
  const echo = await ask('POST', '/echo/%C3%85%20b?q=a%26b&q=2', '{"é":1}', { 'X-One': '1' })
  expect(await echo.json()).toEqual({
    path: '/echo/Å b',
    query: [
      ['q', 'a&b'],
      ['q', '2'],
    ],
    one: '1',
    body: '{"é":1}',
  })
  expect((await ask('GET', '/%zz')).status).toBe(404)
})

test('answers are JSON, text with a type of its own, or nothing', async () => {
  const json = await ask('GET', '/notes')
  expect(json.headers.get('content-type')).toBe('application/json;charset=UTF-8')
  const text = await ask('GET', '/text')
  expect([text.headers.get('content-type'), await text.text()]).toEqual(['text/csv', 'a,b'])
  const nothing = await ask('GET', '/nothing')
  expect([nothing.status, nothing.headers.get('content-type'), await nothing.text()]).toEqual([204, null, ''])
})

test('what a broken answer had begun is taken back, and the 500 is on record', async () => {
  const broken = await ask('POST', '/break-after-writing', 'half')
  expect(broken.status).toBe(500)
  expect(await list()).toEqual(['seeded'])
  expect(sandboxRequests(file).map(({ path, status, changed }) => [path, status, changed])).toEqual([
    ['/break-after-writing', 500, false],
    ['/notes', 200, false],
  ])
  // Its counter was taken back too: the next note is number 1.
  expect(await (await ask('POST', '/notes', 'whole')).json()).toEqual({ id: 1 })
})

test('documents keep the order in which they were first put; counters count by name', async () => {
  for (const text of ['a', 'b', 'c']) await ask('POST', '/notes', text)
  await ask('PUT', '/notes/1', 'a2')
  await ask('DELETE', '/notes/2')
  expect(await list()).toEqual(['seeded', 'a2', 'c'])
})

describe('the record of requests', () => {
  test('says what was asked, and whether anything changed', async () => {
    await ask('POST', '/notes?x=1', 'hello')
    await ask('PUT', '/notes/1', 'hello')
    await ask('PUT', '/notes/1', 'world')
    const requests = sandboxRequests(file)
    expect(requests.map(({ method, changed }) => [method, changed])).toEqual([
      ['POST', true],
      ['PUT', false],
      ['PUT', true],
    ])
    expect(requests[0]).toEqual({
      seq: 1,
      instance: 'notes',
      at: '2026-03-02T09:00:00.000Z',
      method: 'POST',
      path: '/notes',
      query: 'x=1',
      status: 200,
      changed: true,
      fault: undefined,
      bodyBytes: 5,
      bodySha256: '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824',
      body: 'hello',
    })
    expect(sandboxRequests(file, { limit: 1 }).map(({ seq }) => seq)).toEqual([3])
    expect(sandboxRequests(file, { instance: 'eunotes' })).toEqual([])
  })
  test.each([
    'token=xoxb-canary-1&channel=C1',
    'grant_type=x&client_secret=canary-1',
    '{"password": "canary-1 with words", "a": 1}',
    '{"access_token":"canary-1"}',
    'note with the notes-credential/== in it',
    `encoded ${encodeURIComponent('notes-credential/==')}`,
  ])('holds no credential: %s', async (body) => {
    await ask('POST', `/notes?token=canary-1&c=${encodeURIComponent('notes-credential/==')}`, body, {
      authorization: 'Bearer canary-1',
    })
    expect(JSON.stringify(last())).not.toMatch(/canary-1|notes-credential/)
    expect(last()?.bodyBytes).toBe(Buffer.byteLength(body))
  })
  test('keeps the beginning of a long body', async () => {
    await ask('POST', '/notes', 'x'.repeat(100_000))
    expect([last()?.body.length, last()?.bodyBytes]).toEqual([4_000, 100_000])
  })
})

describe('faults', () => {
  test('drop: done, then the connection is cut without an answer; once', async () => {
    breakSandbox(file, 'notes', { mode: 'drop' })
    await expect(ask('POST', '/notes', 'a')).rejects.toThrow(/fetch failed/)
    expect(last()).toMatchObject({ changed: true, status: undefined, fault: 'drop' })
    expect(await list()).toEqual(['seeded', 'a'])
  })
  test('500-after: done, then 500', async () => {
    breakSandbox(file, 'notes', { mode: '500-after' })
    expect((await ask('POST', '/notes', 'a')).status).toBe(500)
    expect(last()).toMatchObject({ changed: true, status: 500, fault: '500-after' })
    expect(await list()).toEqual(['seeded', 'a'])
  })
  test('500 and 429: nothing is done', async () => {
    breakSandbox(file, 'notes', { mode: '500' })
    breakSandbox(file, 'notes', { mode: '429', retryAfter: 7 })
    expect((await ask('POST', '/notes', 'a')).status).toBe(500)
    const limited = await ask('POST', '/notes', 'a')
    expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '7'])
    expect(sandboxRequests(file).map(({ changed }) => changed)).toEqual([false, false])
    expect(await list()).toEqual(['seeded'])
  })
  test('429 without Retry-After has none', async () => {
    breakSandbox(file, 'notes', { mode: '429' })
    expect((await ask('GET', '/notes')).headers.has('retry-after')).toBe(false)
  })
  test('slow: done at once, answered late, and nobody else waits', async () => {
    breakSandbox(file, 'notes', { mode: 'slow', ms: 400 })
    const startedAt = performance.now()
    const slow = ask('POST', '/notes', 'a')
    while (last() === undefined) await new Promise((resolve) => setTimeout(resolve, 5))
    expect(await list()).toEqual(['seeded', 'a'])
    expect(performance.now() - startedAt).toBeLessThan(350)
    expect((await slow).status).toBe(200)
    expect(performance.now() - startedAt).toBeGreaterThan(390)
  })
  test('it hits its instance, its route and as many requests as it says', async () => {
    breakSandbox(file, 'eunotes', { mode: '500' })
    breakSandbox(file, 'notes', { mode: '500', times: 2, route: 'PUT /notes/*' })
    expect((await ask('POST', '/notes', 'a')).status).toBe(200)
    expect((await ask('GET', '/notes/1')).status).toBe(200)
    const statuses: number[] = []
    for (let count = 0; count < 3; count += 1) statuses.push((await ask('PUT', '/notes/1', 'b')).status)
    expect(statuses).toEqual([500, 500, 200])
    expect(sandboxFaults(file).map(({ instance }) => instance)).toEqual(['eunotes'])
  })
  test('mend takes them back', async () => {
    breakSandbox(file, 'notes', { mode: '500', times: 9 })
    expect(sandboxFaults(file)).toMatchObject([{ instance: 'notes', mode: '500', times: 9 }])
    expect(mendSandbox(file)).toBe(1)
    expect((await ask('GET', '/notes')).status).toBe(200)
  })
})

test('reset, while the server runs: the next request finds it as seeded', async () => {
  await ask('POST', '/notes', 'a')
  await fetch(`${server.base('eunotes')}/notes`, { method: 'POST', body: 'b' })
  resetSandbox(file, 'notes')
  expect(await list('notes')).toEqual(['seeded'])
  expect(await list('eunotes')).toEqual(['seeded', 'b'])
  resetSandbox(file)
  expect(sandboxRequests(file)).toEqual([])
  expect(await list('eunotes')).toEqual(['seeded'])
})

test('what was there is there after a restart, and is not seeded again', async () => {
  await ask('POST', '/notes', 'a')
  await server.close()
  server = await startSandbox({ file, instances, now })
  expect(await list()).toEqual(['seeded', 'a'])
})

test(
  'four processes start at once on no file at all: seeded once, no note lost, no number given twice',
  { timeout: 30_000 },
  async () => {
    const shared = join(directory, 'fresh', 'sandbox.db')
    const notesEach = 40
    const processes = Array.from({ length: 4 }, (_, index) =>
      fork(join(import.meta.dirname, 'many-notes.ts'), [shared, String(notesEach), `p${index}`], { execArgv: [] }),
    )
    const codes = await Promise.all(processes.map(async (child) => (await once(child, 'exit'))[0] as number))
    expect(codes).toEqual([0, 0, 0, 0])
    const own = await startSandbox({ file: shared, instances, now })
    const texts = (await (await fetch(`${own.base('notes')}/notes`)).json()) as string[]
    await own.close()
    expect(texts.filter((text) => text === 'seeded')).toHaveLength(1)
    expect(new Set(texts).size).toBe(1 + 4 * notesEach)
    expect(sandboxRequests(shared, { limit: 1_000 }).filter(({ changed }) => changed)).toHaveLength(4 * notesEach)
  },
)

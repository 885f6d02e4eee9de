// Sessions of 2025-era clients: whose they are, how many, how long; and what happens to calls when the door closes.
import { createServer } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { httpDoor, initialize, legacyHeaders, modernRequest, openSession, until } from './fixture.ts'
import type { OpenDoor } from './fixture.ts'

const doors: OpenDoor[] = []
async function opened(options: Parameters<typeof httpDoor>[0] = {}): Promise<OpenDoor> {
  const door = await httpDoor(options)
  doors.push(door)
  return door
}
afterEach(async () => {
  await Promise.all(doors.splice(0).map((door) => door.close()))
})

const list = { jsonrpc: '2.0', id: 1, method: 'tools/list' }
const wait = { jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'book_wait' } }

function inSession(
  url: string,
  session: string,
  body: object | undefined,
  more: Record<string, string> = {},
  method = 'POST',
) {
  const headers = { ...legacyHeaders, 'mcp-session-id': session, ...more }
  return fetch(url, { method, headers, ...(body && { body: JSON.stringify(body) }) })
}

describe('a session', () => {
  test('belongs to who opened it: for others it does not exist', async () => {
    const { url } = await opened()
    const session = await openSession(url, 'maya')
    expect((await inSession(url, session, list, { 'x-person': 'maya' })).status).toBe(200)
    const [foreign, unknown] = [
      await inSession(url, session, list, { 'x-person': 'jonas' }),
      await inSession(url, 'made-up', list),
    ]
    expect(foreign.status).toBe(404)
    expect(await foreign.text()).toBe(await unknown.text())
    expect((await inSession(url, session, undefined, { 'x-person': 'jonas' }, 'DELETE')).status).toBe(404)
    expect((await inSession(url, session, list, { 'x-person': 'maya' })).status).toBe(200)
  })

  test('can be ended by its owner', async () => {
    const { url } = await opened()
    const session = await openSession(url)
    expect((await inSession(url, session, undefined, {}, 'DELETE')).status).toBe(200)
    expect((await inSession(url, session, list)).status).toBe(404)
  })

  test('is forgotten when it was idle for too long, and not before', async () => {
    let now = Date.now()
    const { url } = await opened({ sessionIdleMs: 1000, now: () => new Date(now) })
    const session = await openSession(url)
    now += 900
    await new Promise((resolve) => setTimeout(resolve, 600))
    expect((await inSession(url, session, list)).status).toBe(200)
    now += 1100
    await new Promise((resolve) => setTimeout(resolve, 600))
    expect((await inSession(url, session, list)).status).toBe(404)
  })

  test('is not idle while a call of it runs or its stream is open', async () => {
    let now = Date.now()
    const { url, dispatcher } = await opened({ sessionIdleMs: 50, now: () => new Date(now) })
    const [calling, listening] = [await openSession(url), await openSession(url)]
    const call = inSession(url, calling, wait)
    const stream = new AbortController()
    await fetch(url, { headers: { ...legacyHeaders, 'mcp-session-id': listening }, signal: stream.signal })
    await until(() => dispatcher.seen.includes('book_wait'))
    now += 10_000
    await new Promise((resolve) => setTimeout(resolve, 100))
    dispatcher.release()
    expect(await (await call).text()).toContain('maya')
    expect((await inSession(url, listening, list)).status).toBe(200)
    stream.abort()
  })

  test('goes on with its call when the client goes away: in this era that cancels nothing', async () => {
    const { url, dispatcher } = await opened()
    const session = await openSession(url)
    const away = new AbortController()
    const headers = { ...legacyHeaders, 'mcp-session-id': session }
    const call = fetch(url, { method: 'POST', headers, body: JSON.stringify(wait), signal: away.signal })
    await until(() => dispatcher.seen.includes('book_wait'))
    away.abort()
    await call.then((response) => response.text()).catch(() => undefined)
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(dispatcher.cancelled()).toBe(0)
    dispatcher.release()
  })
})

describe('when there are as many sessions as the hub keeps', () => {
  test('a new one takes the place of the same person longest idle', async () => {
    let now = Date.now()
    const { url } = await opened({ maxSessionsPerPrincipal: 2, now: () => new Date((now += 10)) })
    const [first, second, third] = [await openSession(url), await openSession(url), await openSession(url)]
    expect((await inSession(url, first, list)).status).toBe(404)
    expect((await inSession(url, second, list)).status).toBe(200)
    expect((await inSession(url, third, list)).status).toBe(200)
  })

  test('nobody takes the place of someone else, nor of a call that runs', async () => {
    const { url, dispatcher } = await opened({ maxSessions: 1 })
    const session = await openSession(url, 'maya')
    expect(await openSession(url, 'jonas')).toBe('none, but 503')
    const call = inSession(url, session, wait)
    await until(() => dispatcher.seen.includes('book_wait'))
    expect(await openSession(url, 'maya')).toBe('none, but 503')
    dispatcher.release()
    expect((await call).status).toBe(200)
  })
})

describe('in the 2026 era', () => {
  test('a client that goes away cancels its call', async () => {
    const { url, dispatcher } = await opened()
    const { headers, body } = modernRequest('tools/call', { name: 'book_wait' })
    const away = new AbortController()
    const call = fetch(url, { method: 'POST', headers, body: JSON.stringify(body), signal: away.signal }).catch(() => 'away')
    await until(() => dispatcher.seen.includes('book_wait'))
    away.abort()
    expect(await call).toBe('away')
    await until(() => dispatcher.cancelled() === 1)
  })

  test('more messages at once than the hub takes are told to come back', async () => {
    const { url, dispatcher } = await opened({ maxConcurrent: 2 })
    const send = (name: string) => {
      const { headers, body } = modernRequest('tools/call', { name })
      return fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
    }
    const waiting = [send('book_wait'), send('book_wait')]
    await until(() => dispatcher.seen.length === 2)
    const refused = await send('book_find')
    expect(refused.status).toBe(503)
    expect(refused.headers.get('retry-after')).toBe('1')
    dispatcher.release()
    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([200, 200])
    expect((await send('book_find')).status).toBe(200)
  })
})

describe('closing the door', () => {
  test.each(['2025', '2026'])('lets a call of the %s era finish, takes no new ones, and frees the port', async (era) => {
    const door = await opened()
    const { url, dispatcher } = door
    const session = era === '2025' ? await openSession(url) : ''
    const { headers, body } = modernRequest('tools/call', { name: 'book_wait' })
    const call =
      era === '2025' ? inSession(url, session, wait) : fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
    await until(() => dispatcher.seen.includes('book_wait'))
    const closed = door.close()
    const late = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) }).catch(() => undefined)
    expect(late?.status ?? 503).toBe(503)
    dispatcher.release()
    expect(await (await call).text()).toContain('maya')
    await closed
    await expect(fetch(url)).rejects.toThrow('fetch failed')
    expect(dispatcher.cancelled()).toBe(0)
  })

  test('waits for a call whose client went away: in the 2025 era it still counts', async () => {
    const door = await opened()
    const session = await openSession(door.url)
    const away = new AbortController()
    const headers = { ...legacyHeaders, 'mcp-session-id': session }
    const call = fetch(door.url, { method: 'POST', headers, body: JSON.stringify(wait), signal: away.signal })
    await until(() => door.dispatcher.seen.includes('book_wait'))
    away.abort()
    await call.then((response) => response.text()).catch(() => undefined)
    const closed = door.close()
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(door.dispatcher.cancelled()).toBe(0)
    door.dispatcher.release()
    await closed
    expect(door.dispatcher.cancelled()).toBe(0)
  })

  test('waits for no call for ever', async () => {
    const door = await opened({ drainMs: 100 })
    const session = await openSession(door.url)
    const call = inSession(door.url, session, wait)
      .then((response) => response.text())
      .catch(() => 'cut')
    await until(() => door.dispatcher.seen.includes('book_wait'))
    await door.close()
    await call
    expect(door.dispatcher.cancelled()).toBe(1)
    expect(door.logged.map(({ message }) => message)).toContain('Calls were still running when the HTTP door closed')
  })

  test('ends streams that are open', async () => {
    const door = await opened()
    const { headers, body } = modernRequest('subscriptions/listen', { notifications: { toolsListChanged: true } })
    const response = await fetch(door.url, { method: 'POST', headers, body: JSON.stringify(body) })
    const reading = response.text()
    door.dispatcher.changeTools()
    await door.close()
    expect(await reading).toMatch(/acknowledged[^]*tools\/list_changed[^]*"resultType":"complete"/)
  })
})

describe('opening the door', () => {
  test.each(['0.0.0.0', '::', '192.168.1.10', 'hub.acme.dev', ''])(
    'is refused on %j, which is not this machine alone',
    async (host) => {
      await expect(httpDoor({ host })).rejects.toThrow(/no authentication configured.*127\.0\.0\.1/)
    },
  )

  test('is possible on the names of this machine', async () => {
    for (const host of ['127.0.0.1', 'localhost']) {
      const { url } = await opened({ host })
      const response = await fetch(url, { method: 'POST', headers: legacyHeaders, body: JSON.stringify(initialize()) })
      expect(response.status).toBe(200)
    }
  })

  test('says so when the port is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await until(() => other.listening)
    const { port } = other.address() as { port: number }
    await expect(httpDoor({ port })).rejects.toThrow(`Port ${port} on 127.0.0.1 is in use. Stop what listens there`)
    other.close()
  })
})

// Requests that two readers could understand differently, or that would cost too much, are refused before anything acts on them.
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { badRequests, call, good, nested } from './bad-requests.ts'
import type { Sent } from './bad-requests.ts'
import { httpDoor, initialize, legacyHeaders, modernRequest, openSession } from './fixture.ts'
import type { OpenDoor } from './fixture.ts'

let door: OpenDoor
const rejections: unknown[] = []
const remember = (reason: unknown) => void rejections.push(reason)
beforeAll(async () => {
  process.on('unhandledRejection', remember)
  door = await httpDoor({ headersTimeoutMs: 400, bodyTimeoutMs: 600, maxConnections: 300, drainMs: 200 })
})
afterAll(async () => {
  await door.close()
  process.off('unhandledRejection', remember)
})

describe('over HTTP', () => {
  test.each(badRequests)('$id: $what is refused with $status', async ({ status, code, says, ...sent }) => {
    const answer = await refused(() => send(sent))
    const body = JSON.parse(answer.body || '{}') as { id?: unknown; error?: { code: number; message: string } }
    expect({ status: answer.status, code: code && body.error?.code, id: code === -32700 && body.id }).toEqual({
      status,
      code,
      id: code === -32700 && undefined,
    })
    expect(body.error?.message ?? '').toMatch(says ?? /(?:)/)
  })

  const head = () => `POST /mcp HTTP/1.1\r\nHost: ${new URL(door.url).host}\r\nContent-Type: application/json\r\n`
  test.each([
    ['PROTO-09', 'a length of 50 GB', () => `${head()}Content-Length: 50000000000\r\n\r\n{`, /^HTTP\/1.1 413 /],
    ['PROTO-09', 'two lengths', () => `${head()}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`, /^HTTP\/1.1 400 /],
    [
      'PROTO-09',
      'a length and chunks',
      () => `${head()}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      /^HTTP\/1.1 400 /,
    ],
    [
      'PROTO-09',
      'a length shorter than the body',
      () => `${head()}Content-Length: 2\r\n\r\n{}{"jsonrpc":"2.0"}\r\n\r\n`,
      /HTTP\/1.1 400 /,
    ],
    [
      'PROTO-09',
      'chunks without end',
      () => `${head()}Transfer-Encoding: chunked\r\n\r\n${`10000\r\n${'x'.repeat(0x10000)}\r\n`.repeat(65)}`,
      /^HTTP\/1.1 413 /,
    ],
    ['PROTO-13', 'headers that never end', () => `${head()}X-Slow: `, /^HTTP\/1.1 408 /],
    ['PROTO-13', 'a body that never comes', () => `${head()}Content-Length: 20\r\n\r\n{`, /^HTTP\/1.1 408 /],
    [
      'PROTO-22',
      'two hosts',
      () => `POST /mcp HTTP/1.1\r\nHost: ${new URL(door.url).host}\r\nHost: evil.com\r\n\r\n`,
      /^HTTP\/1.1 400 /,
    ],
    ['PROTO-22', 'an empty host', () => `POST /mcp HTTP/1.1\r\nHost: \r\nContent-Length: 0\r\n\r\n`, /^HTTP\/1.1 4(00|03) /],
    ['PROTO-22', 'no host', () => `POST /mcp HTTP/1.1\r\n\r\n`, /^HTTP\/1.1 400 /],
    [
      'PROTO-21',
      'two origins',
      () => `${head()}Origin: ${new URL(door.url).origin}\r\nOrigin: http://evil.com\r\nContent-Length: 0\r\n\r\n`,
      /^HTTP\/1.1 4(00|03) /,
    ],
  ])('%s: %s is refused, and the connection is closed', async (_id, _what, text, expected) => {
    expect(await refused(() => raw(text()))).toMatch(expected)
  })
})

test('PROTO-07: 32 levels of nesting, an emoji and the largest safe number go through', async () => {
  const args = `{"title":"\\ud83d\\ude00","n":9007199254740991,"deep":${nested(31)}}`
  const { status, body } = await send({ body: call(args) })
  expect(status).toBe(200)
  expect(body).toContain('9007199254740991')
})

test('PROTO-17: names of headers in other cases are accepted', async () => {
  const headers = Object.fromEntries(Object.entries(good.headers).map(([name, value]) => [name.toUpperCase(), value]))
  expect((await send({ headers })).status).toBe(200)
})

test('PROTO-21: the own origin of the hub is accepted', async () => {
  expect((await send({ headers: { ...good.headers, origin: new URL(door.url).origin } })).status).toBe(200)
})

test('PROTO-23: the 2026 era ignores a session id and never echoes it', async () => {
  const answer = await send({ headers: { ...good.headers, 'mcp-session-id': 'made-up', 'last-event-id': '9' } })
  expect(answer.status).toBe(200)
  expect(answer.headers['mcp-session-id']).toBeUndefined()
})

test('PROTO-13: half-open connections do not keep others out', async () => {
  const sockets = Array.from({ length: 200 }, () => connect(Number(new URL(door.url).port), '127.0.0.1'))
  for (const socket of sockets)
    socket
      .on('error', () => undefined)
      .resume()
      .write('POST /mcp HTTP/1.1\r\nHost: ')
  expect((await send({})).status).toBe(200)
  await new Promise((resolve) => setTimeout(resolve, 1500))
  expect(sockets.filter((socket) => !socket.destroyed && !socket.readableEnded && socket.readyState === 'open').length).toBe(
    0,
  )
  for (const socket of sockets) socket.destroy()
})

test('PROTO-13: a reader of notifications who stops reading is cut off', async () => {
  const session = await openSession(door.url)
  const headers = { ...legacyHeaders, 'mcp-session-id': session }
  await send({ headers, body: { jsonrpc: '2.0', method: 'notifications/initialized' } })
  const { host, port } = new URL(door.url)
  const socket = connect(Number(port), '127.0.0.1').pause()
  socket.on('error', () => undefined)
  socket.write(`GET /mcp HTTP/1.1\r\nHost: ${host}\r\nAccept: text/event-stream\r\nMcp-Session-Id: ${session}\r\n\r\n`)
  for (let round = 0; round < 500 && !socket.destroyed; round += 1) {
    for (let change = 0; change < 400; change += 1) door.dispatcher.changeTools()
    await new Promise((resolve) => setTimeout(resolve, 5))
    if (round > 300) socket.resume()
  }
  expect(socket.destroyed).toBe(true)
  expect((await send({})).status).toBe(200)
})

test('PROTO-14: ten thousand pipelined requests are answered or turned away, and nothing falls over', async () => {
  const body = JSON.stringify(good.body)
  const headers = Object.entries(good.headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')
  const one = `POST /mcp HTTP/1.1\r\nHost: ${new URL(door.url).host}\r\n${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  await raw(one.repeat(10_000), 1500)
  expect((await send({})).status).toBe(200)
})

test('PROTO-27: people who use the same id at the same time get their own answers', async () => {
  const people = ['maya', 'jonas', 'priya', 'wei']
  const [session, other] = [await openSession(door.url, 'maya'), await openSession(door.url, 'jonas')]
  for (let round = 0; round < 100; round += 1) {
    const answers = await Promise.all([
      ...people.map((person) => send({ headers: { ...good.headers, 'x-person': person } })),
      ...[
        ['maya', session],
        ['jonas', other],
      ].map(([person, id]) =>
        send({
          headers: { ...legacyHeaders, 'x-person': person, 'mcp-session-id': id },
          body: { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'book_find' } },
        }),
      ),
    ])
    for (const [index, person] of [...people, 'maya', 'jonas'].entries())
      expect(answers[index]?.body).toContain(`\\"as\\":\\"${person}\\"`)
  }
})

test('PROTO-27: one session cannot have two running requests of one id', async () => {
  const session = await openSession(door.url)
  const headers = { ...legacyHeaders, 'mcp-session-id': session }
  const body = { jsonrpc: '2.0', id: 'same', method: 'tools/call', params: { name: 'book_wait' } }
  const first = send({ headers, body })
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect((await send({ headers, body })).status).toBe(400)
  door.dispatcher.release()
  expect((await first).status).toBe(200)
})

test('PROTO-30: the list is never for a shared cache, and says so', async () => {
  const { body } = await send({ headers: modernRequest('tools/list').headers, body: modernRequest('tools/list').body })
  expect(JSON.parse(body)).toMatchObject({ result: { cacheScope: 'private', ttlMs: 10_000 } })
})

test('a handshake that is malformed opens no session', async () => {
  const answer = await send({ headers: legacyHeaders, body: { ...initialize(), params: { protocolVersion: 5 } } })
  expect(answer.headers['mcp-session-id']).toBeUndefined()
})

test('the health of the hub can be asked for', async () => {
  expect(await send({ method: 'GET', path: '/healthz' })).toMatchObject({ status: 200, body: '{"alive":true}' })
  expect(await send({ method: 'GET', path: '/readyz' })).toMatchObject({ status: 200, body: '{"ready":true}' })
  expect((await send({ method: 'POST', path: '/healthz' })).status).toBe(405)
})

/** What every refusal leaves behind: a dispatcher that saw nothing, and a door that works as before. */
async function refused<T>(act: () => Promise<T>): Promise<T> {
  const before = door.dispatcher.seen.length
  const answer = await act()
  const reached = door.dispatcher.seen.length - before
  const { status, body } = await send({})
  const polluted = ({} as { polluted?: unknown }).polluted
  const after = { reached, status, answered: body.includes('maya'), rejections, polluted }
  if (reached !== 0 || status !== 200 || !after.answered || rejections.length > 0 || polluted !== undefined) {
    throw new Error(`The refusal left something behind: ${JSON.stringify(after)}`)
  }
  return answer
}

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}

/** With node:http and not with fetch, which would not let a test say these things. */
function send({ method = 'POST', path = '/mcp', headers = good.headers, body = good.body }: Sent): Promise<Answer> {
  const { port } = new URL(door.url)
  const payload =
    typeof body === 'string' || Buffer.isBuffer(body) ? Buffer.from(body as string) : Buffer.from(JSON.stringify(body))
  const defined = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined)) as Record<
    string,
    string | string[]
  >
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      host: '127.0.0.1',
      port,
      method,
      path,
      headers: { ...defined, ...(method === 'POST' && { 'content-length': payload.length }) },
    })
    request.on('response', (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => (text += chunk.toString()))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }))
      response.on('error', reject)
    })
    request.on('error', reject)
    request.end(method === 'POST' ? payload : undefined)
  })
}

/** What comes back for these bytes until the server closes the connection, at most so long. */
function raw(text: string, withinMs = 4000): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(door.url).port), '127.0.0.1')
    let answer = ''
    const finish = () => {
      clearTimeout(timer)
      socket.destroy()
      resolve(answer)
    }
    const timer = setTimeout(finish, withinMs)
    socket.on('data', (chunk) => (answer += chunk.toString('latin1')))
    socket.on('close', finish)
    socket.on('error', () => undefined)
    socket.write(text)
  })
}

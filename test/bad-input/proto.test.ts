// Group PROTO of the attack catalogue against the whole hub: real doors, real store, a sandbox that counts what it is sent.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { breakSandbox } from '../../src/sandbox/admin.ts'
import { serveHttp } from '../../src/serve/http.ts'
import type { HttpDoor } from '../../src/serve/http.ts'
import { cli, launcher } from '../doors.ts'
import { configFolder, testHub } from '../hub.ts'
import type { TestHub } from '../hub.ts'
import { badRequests } from '../serve/bad-requests.ts'
import type { Row, Sent } from '../serve/bad-requests.ts'
import { modernRequest, until } from '../serve/fixture.ts'
import { expectUnharmed } from './unharmed.ts'

const folder = configFolder({})
const configPath = path.join(folder, 'mcp.config.json')
let hub: TestHub
let door: HttpDoor
let logged: unknown[] = []

beforeAll(async () => {
  hub = await testHub({ folder })
  const keep = (fields: object, message: string) => void logged.push({ fields, message })
  door = await serveHttp({
    dispatcher: hub.hub.dispatcher,
    principalOf: () => Promise.resolve(hub.hub.person()),
    host: '127.0.0.1',
    port: 0,
    sessionIdleMs: 60_000,
    maxSessions: 20,
    log: { warn: keep, error: keep },
    now: () => new Date(),
    drainMs: 2000,
  })
})
beforeEach(() => void (logged = []))
afterAll(async () => {
  await door.close()
  await hub.close()
  rmSync(folder, { recursive: true, force: true })
})

/** A write that nothing is wrong with. */
const write = (text: string, id: unknown = 1) =>
  modernRequest('tools/call', { name: 'desk_note_send', arguments: { desk: 'front', text } }, id)
const good = write('never sent')
const list = modernRequest('tools/list', {}, 'list')

/** The rows of the door's own tests, turned into writes of this hub. Those of its fixture's people do not apply. */
const rows: readonly Row[] = badRequests
  .filter(({ id }) => id !== 'people')
  .map((row) => ({ headers: good.headers, body: good.body, ...turned(row) }))

function turned({ body, headers, ...row }: Row): Row {
  const renamed = <Value>(value: Value): Value =>
    JSON.parse(JSON.stringify(value).replaceAll('book_find', 'desk_note_send')) as Value
  return {
    ...row,
    ...(headers && { headers: renamed(headers) }),
    ...(body !== undefined && { body: Buffer.isBuffer(body) ? body : renamed(body) }),
  }
}

describe('over HTTP', () => {
  test.each(rows)(
    '$id: $what is refused with $status, and nothing else happens',
    async ({ status, code, says, ...sent }) => {
      const answer = await send(sent)
      expect(answer.status).toBe(status)
      if (code !== undefined) expect(JSON.parse(answer.body)).toMatchObject({ error: { code } })
      if (says !== undefined) expect(answer.body.replaceAll('\\"', '"')).toMatch(says)
      // A status that HTTP itself gives says enough by its number; every other refusal is told.
      if (![431].includes(status)) expect(answer.body.length).toBeGreaterThan(10)
      expect(answer.body).not.toContain(folder)
      await expectUnharmed(hub, [answer, logged])
      expect((await send(list)).body).toContain('desk_note_send')
    },
  )
})

describe('PROTO-25: a client that goes away', () => {
  test('before anything was sent: nothing is, and its audit says that the call ended', async () => {
    breakSandbox(hub.hub.sandboxFile, 'desk', { mode: 'slow', route: 'GET /notes/n1', ms: 600 })
    const { headers, body } = modernRequest('tools/call', { name: 'desk_note_set', arguments: { id: 'n1', text: 'late' } })
    const before = hub.requests().length
    const gone = goAway({ headers, body })
    await until(() => hub.requests().length > before)
    gone()
    await expect.poll(lastClosed, { timeout: 5000 }).toMatchObject({ status: 'failed', tool: 'desk_note_set' })
    await expectUnharmed(hub, logged)
  })

  test('after it was sent: it runs to its outcome, and asking again under a new id gives that outcome', async () => {
    const { headers, body } = write('cut off')
    breakSandbox(hub.hub.sandboxFile, 'desk', { mode: 'slow', route: 'POST /notes', ms: 600 })
    const gone = goAway({ headers, body })
    await until(() => hub.writes().length > 0)
    gone()
    await expect.poll(lastClosed, { timeout: 5000 }).toMatchObject({ status: 'done' })
    const again = await send(write('cut off', 'another'))
    expect(again.body).toContain('"replayed":true')
    await expectUnharmed(hub, [again, logged], ['POST /notes 201'])
  })
})

const lines: readonly (readonly [string, string, string, number])[] = [
  ['PROTO-01', 'JSON that is cut off', '{"jsonrpc":"2.0","id":1,', -32700],
  ['PROTO-02', 'JSON-RPC 1.0', JSON.stringify({ ...good.body, jsonrpc: '1.0' }), -32600],
  ['PROTO-02', 'params that are a list', JSON.stringify({ ...good.body, params: ['desk_note_send'] }), -32600],
  ['PROTO-03', 'a batch of writes', JSON.stringify([good.body, good.body]), -32600],
  ['PROTO-05', 'dry_run twice', line('"text":"x","dry_run":true,"dry_run":false'), -32600],
  ['PROTO-06', '"Arguments" for arguments', line('"text":"x"').replace('"arguments"', '"Arguments"'), -32600],
  ['PROTO-07', 'a thousand levels', line(`"text":${'{"a":'.repeat(1000)}1${'}'.repeat(1000)}`), -32600],
  ['PROTO-11', 'a lone surrogate', line('"text":"\\ud800"'), -32600],
  ['PROTO-26', 'a NUL in the line', line('"text":"a\u0000b"'), -32700],
  ['POL-G02', '__proto__', line('"text":"x","__proto__":{"polluted":true}'), -32600],
]

test('over stdio: every bad line is answered with its place in the protocol, and the process goes on', async () => {
  const before = hub.writes()
  const child = spawn(process.execPath, [launcher, 'stdio', '--config', configPath], { stdio: ['pipe', 'pipe', 'pipe'] })
  let out = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  const frames = () =>
    out
      .split('\n')
      .filter(Boolean)
      .map((text) => JSON.parse(text) as { error?: { code: number; message: string } })
  for (const [, , text] of lines) child.stdin.write(`${text}\n`)
  child.stdin.write(`${JSON.stringify(list.body)}\n`)
  await until(() => frames().length === lines.length + 1, 15_000)
  expect(
    frames()
      .slice(0, -1)
      .map(({ error }) => error?.code),
  ).toEqual(lines.map(([, , , code]) => code))
  expect(frames().every(({ error }) => error === undefined || error.message.length > 20)).toBe(true)
  expect(JSON.stringify(frames().at(-1))).toContain('desk_note_send')
  child.stdin.end()
  expect((await once(child, 'close'))[0]).toBe(0)
  await expectUnharmed(hub, [out, err], before)
}, 20_000)

test('from the command line: what is no JSON object, or not wholesome, is refused with a sentence and no stack', async () => {
  const before = hub.writes()
  const bad = [
    ['{"desk":"front",', /not JSON/],
    ['[{"desk":"front"}]', /JSON object/],
    ['null', /JSON object/],
    ['{"desk":"front","text":"\\udfff"}', /surrogate/],
    ['{"desk":"front","text":1e999}', /number without a value/],
    ['{"desk":"front","text":"x","__proto__":{"dry_run":false}}', /__proto__/],
    [`{"desk":"front","text":${'['.repeat(40)}${']'.repeat(40)}}`, /(deeper|more) than 32/],
    [`@${folder}`, /no file/],
  ] as const
  const ran = await Promise.all(bad.map(([text]) => cli(['call', 'desk_note_send', text, '--config', configPath])))
  for (const [index, { code, stdout, stderr }] of ran.entries()) {
    expect([bad[index]![0], code]).toEqual([bad[index]![0], code === 1 ? 1 : 4])
    expect(stdout + stderr).toMatch(bad[index]![1])
  }
  await expectUnharmed(hub, ran, before)
}, 30_000)

function line(args: string): string {
  return JSON.stringify(good.body).replace(/"arguments":\{[^}]*\}/, () => `"arguments":{"desk":"front",${args}}`)
}

async function lastClosed(): Promise<unknown> {
  const newest = await hub.hub.store.recent('local', 1)
  return newest[0]?.kind === 'call.closed' ? newest[0].payload : undefined
}

interface Answer {
  readonly status: number
  readonly body: string
}

/** With node:http and not with fetch, which would not let a test say these things. */
function send(sent: Sent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { request, payload } = requestOf(sent)
    request.on('response', (response) => {
      let body = ''
      response.on('data', (chunk: Buffer) => (body += chunk.toString()))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
      response.on('error', reject)
    })
    request.on('error', reject)
    request.end(payload)
  })
}

/** Sends it, and gives what closes the connection under it. */
function goAway(sent: Sent): () => void {
  const { request, payload } = requestOf(sent)
  request.on('error', () => undefined)
  request.end(payload)
  return () => void request.destroy()
}

function requestOf({ method = 'POST', path: target = '/mcp', headers = good.headers, body = good.body }: Sent) {
  const payload =
    typeof body === 'string' || Buffer.isBuffer(body) ? Buffer.from(body as string) : Buffer.from(JSON.stringify(body))
  const given = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined)) as Record<
    string,
    string
  >
  const sized = method === 'POST' ? { ...given, 'content-length': payload.length } : given
  const request = httpRequest({ host: '127.0.0.1', port: new URL(door.url).port, method, path: target, headers: sized })
  return { request, payload: method === 'POST' ? payload : undefined }
}

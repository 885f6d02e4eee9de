// Copies for a SIEM: every entry, in order, in every shape; a sink that fails gets all of it later, and the copy verifies.
import { once } from 'node:events'
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { exportTo } from '../../src/evidence/exporting.ts'
import type { ExportSettings } from '../../src/evidence/settings.ts'
import { openSink } from '../../src/evidence/sink.ts'
import { verifyExport } from '../../src/hub/verifying.ts'
import type { Store } from '../../src/kit/record.ts'
import { draft } from '../store/records.ts'
import { open, quiet } from './tampering.ts'

let folder: string
let store: Store
const outside = { now: () => new Date(), fetch, secret: (reference: string) => Promise.resolve(`secret of ${reference}`) }
beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'toolgate-export-'))
  store = await open(path.join(folder, 'toolgate.db'))
})
afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

let status = 200
let answer: (body: string) => string = () => ''
const bodies: string[] = []
let headers: Record<string, unknown> = {}
const server = createServer((request, response) => {
  let body = ''
  request.on('data', (chunk) => (body += chunk))
  request.on('end', () => {
    headers = request.headers
    if (status === 200) bodies.push(body)
    response.writeHead(status).end(answer(body))
  })
})
let url: string
beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
})
afterAll(() => void server.close())
beforeEach(() => {
  status = 200
  bodies.length = 0
  answer = () => ''
})

async function start(settings: ExportSettings) {
  const sink = await openSink(settings, outside)
  return exportTo(sink, { store, tenant: 'acme', now: () => new Date(), mine: () => Promise.resolve(true), log: quiet })
}

async function append(count: number): Promise<void> {
  await Promise.all(
    Array.from({ length: count }, () =>
      store.append(draft({ payload: { text: 'a\u2028b \u001b[2J "q"', status: 'done', tool: 't' } })),
    ),
  )
}

async function until(seq: number, running: Awaited<ReturnType<typeof start>>): Promise<void> {
  for (let wait = 0; (await running.state()).seq !== seq; wait += 1) {
    if (wait > 200) throw new Error(JSON.stringify(await running.state()))
    await sleep(50)
  }
}

// AUD-19
test.for(['jsonl', 'ocsf'] as const)(
  'a file of %s gets every entry once, through restarts and a line cut off, and verifies',
  async (format) => {
    const file = path.join(folder, 'copy.jsonl')
    const settings = { name: 'copy', to: 'file', path: file, format } as const
    await append(700)
    const first = await start(settings)
    await until(700, first)
    await first.stop()
    // Written, and the process died before it was noted how far it had come; the last line only in part.
    const text = readFileSync(file, 'utf8')
    await store.put([{ tenant: 'acme', kind: 'export', id: 'copy', value: { seq: 500 }, at: new Date().toISOString() }])
    writeFileSync(file, text.slice(0, -40))
    await append(100)
    const second = await start(settings)
    await until(800, second)
    await second.stop()
    expect(readFileSync(file, 'utf8').trimEnd().split('\n')).toHaveLength(800)
    for (const raw of ['\u2028', '\u001b']) expect(readFileSync(file, 'utf8')).not.toContain(raw)
    expect(await verifyExport(file, { anchors: [], keys: undefined })).toMatchObject({ ok: true, entries: 800 })
  },
)

test.each([
  ['call.closed', { principal: 'maya' }, 'maya'],
  ['approval.granted', { principal: 'maya', approver: 'ines' }, 'ines'],
  ['switch.stopped', { by: 'omar' }, 'omar'],
  ['session.opened', { person: 'jonas' }, 'jonas'],
])('the actor of %s, told in OCSF, is whoever did it', async (kind, payload, actor) => {
  const file = path.join(folder, 'copy.jsonl')
  await store.append(draft({ kind, payload }))
  const running = await start({ name: 'copy', to: 'file', path: file, format: 'ocsf' })
  await until(1, running)
  await running.stop()
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ activity_name: kind, actor: { user: { uid: actor } } })
})

test.for([
  ['splunk', { authorization: 'Splunk secret of env:T' }],
  ['elastic', { authorization: 'ApiKey secret of env:T' }],
  ['datadog', { 'dd-api-key': 'secret of env:T' }],
  ['lines', { authorization: 'Bearer secret of env:T' }],
] as const)(
  'a sink of shape %s that fails for a while gets everything, in order, when it comes back',
  async ([shape, expected]) => {
    answer = (body) =>
      shape === 'elastic'
        ? JSON.stringify({
            errors: false,
            items: body
              .split('\n')
              .filter((line) => line.startsWith('{"create"'))
              .map(() => ({ create: { status: 201 } })),
          })
        : '{}'
    status = 503
    await append(20)
    const running = await start({ name: 'siem', to: 'http', url, shape, format: 'jsonl', credential: 'env:T' })
    await sleep(300)
    expect(await running.state()).toMatchObject({ seq: 0, problem: 'It answered with status 503.' })
    await append(600)
    status = 200
    await until(620, running)
    await running.stop()
    expect(headers).toMatchObject(expected)
    const copy = path.join(folder, 'received.jsonl')
    for (const body of bodies)
      appendFileSync(
        copy,
        received(shape, body)
          .map((line) => `${line}\n`)
          .join(''),
      )
    expect(await verifyExport(copy, { anchors: [], keys: undefined })).toMatchObject({ ok: true, entries: 620 })
  },
)

/** The entries in a body, as lines. */
function received(shape: string, body: string): string[] {
  if (shape === 'datadog') return (JSON.parse(body) as { message: string }[]).map(({ message }) => message)
  const lines = body.split('\n').filter((line) => line !== '')
  if (shape === 'elastic') return lines.filter((_, index) => index % 2 === 1)
  if (shape === 'splunk') return lines.map((line) => JSON.stringify((JSON.parse(line) as { event: object }).event))
  return lines
}

test('a bulk answer that refuses one entry is a failure, and one that has it already is none', async () => {
  const items = (second: number) =>
    JSON.stringify({ errors: true, items: [{ create: { status: 201 } }, { create: { status: second } }] })
  await append(2)
  answer = () => items(400)
  const running = await start({ name: 'siem', to: 'http', url, shape: 'elastic', format: 'ocsf' })
  await sleep(300)
  expect(await running.state()).toMatchObject({ seq: 0, problem: 'It refused an entry with status 400.' })
  answer = () => items(409)
  await until(2, running)
  await running.stop()
})

test('OTLP logs carry the place and hash of each entry, and a partial success is a failure', async () => {
  await append(3)
  answer = () => '{"partialSuccess":{"rejectedLogRecords":"1"}}'
  const running = await start({ name: 'otlp', to: 'otlp', url })
  await sleep(300)
  expect(await running.state()).toMatchObject({ seq: 0, problem: 'It refused 1 of 3 entries.' })
  bodies.length = 0
  answer = () => '{}'
  await until(3, running)
  await running.stop()
  const { resourceLogs } = JSON.parse(bodies[0]!) as {
    resourceLogs: { scopeLogs: { logRecords: { body: { stringValue: string }; attributes: object[] }[] }[] }[]
  }
  const records = resourceLogs[0]!.scopeLogs[0]!.logRecords
  expect(records[2]!.attributes).toContainEqual({ key: 'toolgate.seq', value: { intValue: '3' } })
  const copy = path.join(folder, 'otlp.jsonl')
  writeFileSync(copy, records.map(({ body }) => `${body.stringValue}\n`).join(''))
  expect(existsSync(copy) && (await verifyExport(copy, { anchors: [], keys: undefined }))).toMatchObject({
    ok: true,
    entries: 3,
  })
})

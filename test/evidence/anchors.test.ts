// Checkpoints reach every kind of anchor, an anchor that hangs keeps nobody waiting, and its lag is known and can stop writes.
import { execFileSync } from 'node:child_process'
import { createHash, createHmac } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, test } from 'vitest'
import { authorize, signedHeaders } from '../../src/evidence/anchors/signature-v4.ts'
import { readCheckpoint } from '../../src/evidence/checkpoint.ts'
import { verifyDatabase } from '../../src/hub/verifying.ts'
import type { AnchorSettings } from '../../src/evidence/settings.ts'
import type { Store } from '../../src/kit/record.ts'
import { draft } from '../store/records.ts'
import { evidenceOf, open } from './tampering.ts'

let folder: string
let store: Store
const database = () => path.join(folder, 'toolgate.db')
beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'toolgate-anchor-'))
  store = await open(database())
  await store.append(draft())
})
afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

async function pushed(anchor: AnchorSettings) {
  const evidence = evidenceOf(store, folder, { anchors: [anchor] })
  const checkpoint = await evidence.checkpoint()
  await evidence.push(5000)
  const { anchors } = await evidence.status()
  return { checkpoint: checkpoint!, state: anchors[0]!, evidence }
}

test('a file gets each checkpoint as a line, also behind one that was cut off, and nobody else may read it', async () => {
  const file = path.join(folder, 'anchor.jsonl')
  writeFileSync(file, '{"toolgate":"checkpoint","v":1,"ten', { mode: 0o600 })
  const { checkpoint, state } = await pushed({ name: 'mount', to: 'file', path: file })
  expect(state).toMatchObject({ count: 1, behind: 0, problem: undefined, conflict: undefined })
  expect(readCheckpoint(readFileSync(file, 'utf8').trimEnd().split('\n').at(-1)!)).toEqual(checkpoint)
  expect(statSync(path.join(folder, 'audit.key')).mode & 0o777).toBe(0o600)
})

test('a git repository gets a commit, and its remote a push', async () => {
  const [work, remote] = [path.join(folder, 'work'), path.join(folder, 'remote.git')]
  execFileSync('git', ['init', '--quiet', '--bare', '-b', 'main', remote])
  execFileSync('git', ['init', '--quiet', '-b', 'main', work])
  execFileSync('git', ['-C', work, 'remote', 'add', 'origin', remote])
  execFileSync('git', ['-C', work, 'config', 'push.autoSetupRemote', 'true'])
  const { checkpoint, state } = await pushed({ name: 'git', to: 'git', folder: work, push: true })
  expect(state).toMatchObject({ count: 1, problem: undefined })
  const there = execFileSync('git', ['-C', remote, 'show', 'main:checkpoints.jsonl'], { encoding: 'utf8' })
  expect(readCheckpoint(there.trim())).toEqual(checkpoint)
})

test.for(['udp', 'tcp'] as const)('a syslog server gets it over %s, as RFC 5424 says', async (protocol) => {
  const got: string[] = []
  const udp = createSocket('udp4').on('message', (message) => got.push(message.toString()))
  const tcp = createTcpServer((socket) =>
    socket.on('data', (data) => got.push(data.toString().replace(/^\d+ /, ''))).on('end', () => socket.end()),
  )
  if (protocol === 'udp') udp.bind(0, '127.0.0.1')
  else tcp.listen(0, '127.0.0.1')
  await once(protocol === 'udp' ? udp : tcp, 'listening')
  const { port } = (protocol === 'udp' ? udp.address() : tcp.address()) as AddressInfo
  const { checkpoint } = await pushed({ name: 'syslog', to: 'syslog', host: '127.0.0.1', port, protocol })
  await sleep(50)
  const line = got.join('')
  expect(line).toMatch(/^<109>1 \d{4}-\d\d-\d\dT[\d:.]+Z \S+ toolgate \d+ checkpoint - \ufeff\{/)
  expect(readCheckpoint(line.slice(line.indexOf('{')))).toEqual(checkpoint)
  udp.close()
  tcp.close()
})

describe('over HTTP', () => {
  let respond: (request: IncomingMessage, body: string, response: ServerResponse) => void
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => (body += chunk)).on('end', () => respond(request, body, response))
  })
  let base: string
  beforeAll(async () => {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })

  test('a webhook gets it with an HMAC over time and body', async () => {
    let good = false
    respond = ({ headers }, body, response) => {
      const mac = createHmac('sha256', 'secret of env:HOOK')
        .update(`${String(headers['x-toolgate-time'])}.${body}`)
        .digest('hex')
      good = headers['x-toolgate-signature'] === `sha256=${mac}` && readCheckpoint(body.trim()).count === 1
      response.writeHead(good ? 204 : 401).end()
    }
    const { state } = await pushed({ name: 'hook', to: 'webhook', url: base, credential: 'env:HOOK' })
    expect({ good, count: state.count }).toEqual({ good: true, count: 1 })
  })

  // AUD-07
  test('a bucket gets an object under lock, whose signature a stand-in checks; another one of that number is a conflict', async () => {
    const objects = new Map<string, string>()
    const credential = { id: 'AKID', secret: 'very:secret', region: 'eu-central-1', service: 's3' }
    respond = (request, body, response) => {
      const sent = request.headers as Record<string, string>
      const names = /SignedHeaders=([^,]+)/.exec(sent['authorization'] ?? '')?.[1]?.split(';') ?? []
      const headers = Object.fromEntries(names.map((name) => [name, sent[name] ?? '']))
      const bodyHash = createHash('sha256').update(body).digest('hex')
      const url = new URL(request.url ?? '', base)
      const expected = authorize(request.method ?? '', url, headers, bodyHash, sent['x-amz-date'] ?? '', credential)
      const lock = names.includes('x-amz-object-lock-mode') && sent['x-amz-object-lock-mode'] === 'COMPLIANCE'
      const signed = sent['authorization'] === expected.authorization && bodyHash === sent['x-amz-content-sha256']
      if (!signed) response.writeHead(403).end()
      else if (request.method === 'GET') response.end(objects.get(url.pathname))
      else if (objects.has(url.pathname)) response.writeHead(412).end()
      else if (!lock) response.writeHead(400).end()
      else {
        objects.set(url.pathname, body)
        response.end()
      }
    }
    const settings: AnchorSettings = {
      name: 'bucket',
      to: 's3',
      bucket: 'evidence',
      region: 'eu-central-1',
      endpoint: base,
      credential: 'env:S3',
      prefix: 'hub one/',
      retainDays: 365,
    }
    const evidence = evidenceOf(store, folder, { anchors: [settings] })
    await evidence.checkpoint()
    // The stand-in's secret is what the reference resolves to.
    Object.assign(credential, { id: 'secret of env', secret: 'S3' })
    await evidence.push(5000)
    expect((await evidence.status()).anchors[0]).toMatchObject({ count: 1, problem: undefined })
    expect([...objects.keys()]).toEqual(['/evidence/hub%20one/acme/000000000001.json'])
    objects.set('/evidence/hub%20one/acme/000000000001.json', '{}')
    await store.put([{ tenant: 'acme', kind: 'anchor', id: 'bucket', value: undefined, at: new Date().toISOString() }])
    await evidence.push(5000)
    expect((await evidence.status()).anchors[0]).toMatchObject({
      count: 0,
      problem: 'Another checkpoint is there under the same number.',
    })
  })

  test('the signature of version 4 is that of the published example', () => {
    // https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html (GET object)
    const { authorization } = signedHeaders({
      method: 'GET',
      url: new URL('https://examplebucket.s3.amazonaws.com/test.txt'),
      headers: { range: 'bytes=0-9' },
      body: '',
      now: new Date('2013-05-24T00:00:00.000Z'),
      credential: {
        id: 'AKIAIOSFODNN7EXAMPLE',
        secret: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
        region: 'us-east-1',
        service: 's3',
      },
    })
    expect(authorization).toContain('Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41')
  })

  // AUD-07
  test('one that hangs keeps nobody waiting; its lag is known, stops writes where that is wanted, and ends by itself', async () => {
    const held: ServerResponse[] = []
    respond = (_request, _body, response) => void held.push(response)
    let ahead = 0
    // Just after the entries' own time.
    const now = () => new Date(Date.parse(draft().at) + 1000 + ahead)
    const hook: AnchorSettings = { name: 'hook', to: 'webhook', url: base, credential: 'env:HOOK' }
    const evidence = evidenceOf(store, folder, { anchors: [hook], lag: { seconds: 60, writes: 'refuse' } }, now)
    await evidence.checkpoint()
    const startedAt = performance.now()
    await evidence.push(50)
    await Promise.all(Array.from({ length: 100 }, () => store.append(draft())))
    expect(performance.now() - startedAt).toBeLessThan(2000)
    await evidence.status()
    expect(evidence.late()).toBeUndefined()
    ahead = 61_000
    expect(await evidence.status()).toMatchObject({
      anchors: [{ count: 0, behind: 101 }],
      refusing: expect.stringContaining('No anchor outside'),
    })
    expect(evidence.late()).toContain('Try again later')
    respond = (_request, _body, response) => void response.end()
    for (const response of held) response.end()
    await evidence.push(5000)
    await evidence.checkpoint()
    await evidence.push(5000)
    expect(await evidence.status()).toMatchObject({ lagSeconds: 0, refusing: undefined, anchors: [{ behind: 0 }] })
    expect(evidence.late()).toBeUndefined()
  })
})

// AUD-10
test('of several anchors one that works is enough, and a named pipe without a reader is an error, not a wait', async () => {
  const pipe = path.join(folder, 'pipe')
  execFileSync('mkfifo', [pipe])
  const good = path.join(folder, 'good.jsonl')
  const anchors: AnchorSettings[] = [
    { name: 'pipe', to: 'file', path: pipe },
    { name: 'good', to: 'file', path: good },
  ]
  const evidence = evidenceOf(
    store,
    folder,
    { anchors, lag: { seconds: 5, writes: 'refuse' } },
    () => new Date(Date.now() + 60_000),
  )
  await evidence.checkpoint()
  await evidence.push(2000)
  expect(await evidence.status()).toMatchObject({
    lagSeconds: 0,
    anchors: [{ name: 'pipe', count: 0, problem: expect.any(String) }, { count: 1 }],
  })
  expect(evidence.late()).toBeUndefined()
})

// AUD-06
test('a record that was rolled back under a running hub is an incident: it says so and writes stop', async () => {
  const file = path.join(folder, 'anchor.jsonl')
  const settings = {
    anchors: [{ name: 'mount', to: 'file', path: file }] as const,
    lag: { seconds: 60, writes: 'refuse' } as const,
  }
  await store.append(draft())
  const first = evidenceOf(store, folder, settings)
  await first.checkpoint()
  await first.push(5000)
  await store.close()
  rmSync(database())
  store = await open(database())
  await store.append(draft())
  const second = evidenceOf(store, folder, settings)
  await second.push(5000)
  expect((await second.status()).anchors[0]?.conflict).toContain('knows of 2 entries')
  expect(second.late()).toContain('contradict each other')
})

test('by itself it makes a checkpoint after so many entries or seconds, of two processes one, and a last one at the end', async () => {
  const file = path.join(folder, 'anchor.jsonl')
  const settings = {
    anchors: [{ name: 'mount', to: 'file', path: file }] as const,
    checkpoint: { entries: 5, seconds: 3600 },
  }
  const [one, two] = [evidenceOf(store, folder, settings), evidenceOf(store, folder, settings)]
  one.start()
  two.start()
  for (let wait = 0; wait < 50 && !existsSync(file); wait += 1) await sleep(100)
  await Promise.all(Array.from({ length: 6 }, () => store.append(draft())))
  for (let wait = 0; wait < 50 && (await one.status()).checkpoint?.count !== 7; wait += 1) await sleep(100)
  await store.append(draft())
  await one.close()
  await two.close()
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
  expect(lines.map((line) => readCheckpoint(line).count)).toEqual([1, 7, 8])
  const [judgement] = await verifyDatabase(database(), { anchors: [file], keys: [(await one.key()).publicKey] })
  expect(judgement).toMatchObject({ ok: true, anchoredTo: 8 })
})

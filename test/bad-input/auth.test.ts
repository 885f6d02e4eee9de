// Group AUTH of the attack catalogue at the door of the whole hub: what the tests of identity and of connections do not send.
import { spawn } from 'node:child_process'
import { createHash, generateKeyPairSync, sign as cryptoSign } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import type { Server, ServerResponse } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { exportJWK } from 'jose'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { house } from '../connect/house.ts'
import { launcher } from '../doors.ts'
import { configFolder, deskFolder } from '../hub.ts'
import { gatedHub } from '../identity/door.ts'
import type { GatedHub } from '../identity/door.ts'
import { standInIssuer } from '../identity/issuer.ts'
import type { StandInIssuer } from '../identity/issuer.ts'
import { initialize, legacyHeaders, modernRequest, until } from '../serve/fixture.ts'

let issuer: StandInIssuer
let gated: GatedHub
let clock = Date.now()
beforeEach(async () => {
  clock = Date.now()
  issuer = await standInIssuer(() => gated.door.url)
})
afterEach(async () => {
  await gated.close()
  await issuer.close()
})

/** Opens the hub that trusts the issuer; `from` says more of it. */
async function open(from: object = {}, people: object = {}): Promise<void> {
  gated = await gatedHub({
    now: () => new Date(clock),
    config: {
      people: {
        local: { id: 'maya', roles: [] },
        issuers: [{ issuer: issuer.url, claims: { roles: 'roles' }, ...from }],
        ...people,
      },
    },
  })
}

const read = ['desk_note_echo', { text: 'let in' }] as const
const write = ['desk_note_send', { desk: 'front', text: 'hello' }] as const

interface Heard {
  readonly status: number
  readonly challenge: string
  readonly text: string
}

/** By hand, so that a header can be sent twice. */
function send(
  headers: Readonly<Record<string, string | readonly string[]>>,
  [name, args]: readonly [string, object] = read,
  query = '',
): Promise<Heard> {
  const { headers: usual, body } = modernRequest('tools/call', { name, arguments: args })
  return new Promise((resolve, reject) => {
    const sent = request(`${gated.door.url}${query}`, { method: 'POST', agent: false }, (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => (text += chunk.toString()))
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, challenge: response.headers['www-authenticate'] ?? '', text }),
      )
    })
    sent.on('error', reject)
    for (const [header, value] of Object.entries({ ...usual, ...headers })) sent.setHeader(header, value)
    sent.end(JSON.stringify(body))
  })
}

const bearer = async (...signed: Parameters<StandInIssuer['sign']>) => ({
  authorization: `Bearer ${await issuer.sign(...signed)}`,
})

test('AUTH-01: each way to bring no credential, or the wrong way to bring one, has its status and leads to the metadata', async () => {
  await open()
  const token = await issuer.sign()
  const basic = { authorization: `Basic ${Buffer.from('maya:pass').toString('base64')}` }
  for (const headers of [{}, basic]) {
    const { status, challenge } = await send(headers)
    expect([headers, status, challenge]).toEqual([headers, 401, expect.stringContaining('resource_metadata="http')])
  }
  expect((await send({ authorization: `bearer ${token}` })).text).toContain('let in')
  expect((await send({ authorization: `Bearer ${token}` }, read, `?access_token=${token}`)).status).toBe(400)
  for (const two of [
    [`Bearer ${token}`, `Bearer ${token}`],
    [`Bearer ${token}`, 'Basic eA=='],
  ])
    expect((await send({ authorization: two })).status).toBe(400)
})

describe('AUTH-03: a key with which anybody can sign is not used, though the issuer itself publishes it', () => {
  test('RSA with the exponent 1: the signature is the padded digest itself', async () => {
    await open()
    const { n } = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' })
    issuer.keys.push({ kty: 'RSA', n: n!, e: 'AQ', kid: 'one', alg: 'RS256', use: 'sig' })
    const start = await startOf({ alg: 'RS256', kid: 'one', typ: 'at+jwt' })
    // RFC 8017, 9.2: 00 01 FF … FF 00, which hash it is, and the hash.
    const kind = Buffer.from('3031300d060960864801650304020105000420', 'hex')
    const hash = createHash('sha256').update(start).digest()
    const filling = Buffer.alloc(256 - 3 - kind.length - hash.length, 0xff)
    const padded = Buffer.concat([Buffer.from([0, 1]), filling, Buffer.from([0]), kind, hash])
    expect((await send({ authorization: `Bearer ${start}.${padded.toString('base64url')}` })).status).toBe(401)
    expect((await send(await bearer())).status).toBe(200)
  })

  test('RSA of 512 and of 1024 bits', async () => {
    await open()
    for (const bits of [512, 1024]) {
      const pair = generateKeyPairSync('rsa', { modulusLength: bits })
      issuer.keys.push({ ...(await exportJWK(pair.publicKey)), kid: `of ${bits}`, alg: 'RS256', use: 'sig' })
    }
    for (const [index, kid] of ['of 512', 'of 1024'].entries()) {
      const start = await startOf({ alg: 'RS256', kid, typ: 'at+jwt' })
      const { privateKey } = generateKeyPairSync('rsa', { modulusLength: index === 0 ? 512 : 1024 })
      const signature = cryptoSign('sha256', Buffer.from(start), privateKey).toString('base64url')
      expect([kid, (await send({ authorization: `Bearer ${start}.${signature}` })).status]).toEqual([kid, 401])
    }
    expect((await send(await bearer())).status).toBe(200)
  })

  /** A header, and the claims of a good token. */
  async function startOf(header: object): Promise<string> {
    const [, claims = ''] = (await issuer.sign()).split('.')
    return `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${claims}`
  }
})

describe('AUTH-09: an issuer that is asked about every token', () => {
  const introspection = { clientId: 'hub', credential: 'env:AUTH_09', always: true, cacheSeconds: 1 }
  const active = () => ({
    active: true,
    iss: issuer.url,
    aud: gated.door.url,
    sub: 'lena',
    client_id: 'agent',
    exp: Math.floor(clock / 1000) + 300,
  })
  beforeEach(() => void vi.stubEnv('AUTH_09', 'the-secret-of-the-hub'))
  afterEach(() => void vi.unstubAllEnvs())

  test('has a signed one refused as soon as it has taken it back, and believed again never', async () => {
    await open({ introspection })
    const headers = await bearer()
    issuer.said = active
    expect((await send(headers)).status).toBe(200)
    issuer.said = () => ({ active: false })
    clock += 2000
    expect((await send(headers)).status).toBe(401)
    // What it says of another service's token is no yes for this one.
    issuer.said = () => ({ ...active(), aud: 'https://other.example' })
    clock += 2000
    expect((await send(headers)).status).toBe(401)
  })

  test.each([
    ['answers with 500', (response: ServerResponse) => response.writeHead(500).end('{"active":true}')],
    ['answers no JSON', (response: ServerResponse) => response.writeHead(200).end('<html>active: true</html>')],
    ['sends it elsewhere', (response: ServerResponse) => response.writeHead(307, { location: '/yes' }).end()],
    ['never answers', () => undefined],
  ])(
    'and %s has nobody let in: 503, not skipped',
    async (_how, answer) => {
      const { url, server } = await serving((asked, response) =>
        asked === '/yes' ? response.writeHead(200).end(JSON.stringify(active())) : answer(response),
      )
      await open({ introspection: { ...introspection, endpoint: url } })
      expect((await send(await bearer())).status).toBe(503)
      ended(server)
    },
    15_000,
  )
})

describe('AUTH-10: keys that cannot be fetched as they should', () => {
  const odd: readonly (readonly [string, (response: ServerResponse, trap: string) => void])[] = [
    ['are ten megabytes long', (response) => response.writeHead(200).end(`{"keys":[],"x":"${'x'.repeat(10_000_000)}"}`)],
    ['lead elsewhere', (response, trap) => response.writeHead(302, { location: `${trap}/keys` }).end()],
    ['are a page', (response) => response.writeHead(200).end('<html></html>')],
    ['are not there', (response) => response.writeHead(500).end()],
  ]

  test.each(odd)('when they %s: nobody is let in, and nothing else is asked', async (_how, answer) => {
    const trap = await trapped()
    const { url, server } = await serving((_asked, response) => answer(response, trap.url))
    await open({ jwksUri: `${url}/keys` })
    expect((await send(await bearer())).status).toBe(503)
    expect(trap.connections()).toBe(0)
    ended(server)
    trap.close()
  })

  test.each(odd)('when they %s later: those that are known serve on', async (_how, answer) => {
    const trap = await trapped()
    let good = true
    let asked = 0
    const { url, server } = await serving((_asked, response) => {
      asked += 1
      if (good) response.writeHead(200).end(JSON.stringify({ keys: issuer.keys }))
      else answer(response, trap.url)
    })
    await open({ jwksUri: `${url}/keys` })
    expect((await send(await bearer())).status).toBe(200)
    good = false
    clock += 11 * 60_000
    const later = Math.floor(clock / 1000)
    const times = { iat: later, exp: later + 300 }
    expect((await send(await bearer(times))).status).toBe(200)
    await until(() => asked === 2)
    for (let at = 0; at < 20; at += 1) expect((await send(await bearer(times, { kid: `k${at}` }))).status).toBe(401)
    expect((await send(await bearer(times))).status).toBe(200)
    expect([asked, trap.connections()]).toEqual([2, 0])
    ended(server)
    trap.close()
  })
})

test('AUTH-11: a scope counts by its whole name alone: no pattern, no other case, no other space', async () => {
  await open()
  const near = [
    'tools:read tools:*',
    'tools:read *',
    'tools:read desk:*',
    'tools:read tools:writes',
    'tools:read TOOLS:WRITE',
    'tools:read\u00a0tools:write tools:read',
    'tools:read tools:read\u2003tools:write',
    'tools:read\ttools:write tools:read',
    'tools:read,tools:write tools:read',
    'tools:read tools:read tools:read',
    'tools:read tools:wr\u0131te',
  ]
  for (const scope of near) {
    const { status, challenge } = await send(await bearer({ scope }), write)
    expect([scope, status]).toEqual([scope, 403])
    expect(challenge).toMatch(/error="insufficient_scope".*scope="tools:read tools:write"/)
    expect((await send(await bearer({ scope }))).status).toBe(200)
  }
  for (const scope of ['tools:*', '*', '', 'tools:write'])
    expect([scope, (await send(await bearer({ scope }))).status]).toEqual([scope, 403])
  expect((await send(await bearer({ scope: 'tools:write tools:read tools:read' }), write)).status).toBe(200)
  expect(gated.hub.writes()).toHaveLength(1)
})

test('AUTH-13: where an issuer must bind its tokens, one that anybody could replay is refused', async () => {
  await open({ dpop: 'required' })
  expect((await send(await bearer())).status).toBe(401)
  const described = await fetch(new URL('/.well-known/oauth-protected-resource', gated.door.url))
  expect(await described.json()).toMatchObject({ dpop_bound_access_tokens_required: true })
})

test('AUTH-15: a key that is padded, in the address, or only known as the hub keeps it, lets nobody in', async () => {
  await open({}, { apiKeys: true })
  const wanted = { tenant: 'local', principal: 'nightly', roles: ['member'], tools: ['*'], by: 'test' }
  const { key } = await (await gated.hub.hub.keys()).create({ ...wanted, expiresAt: new Date(clock + 60_000) })
  const hash = createHash('sha256').update(key).digest('hex')
  expect(gated.kept().includes(hash)).toBe(true)
  const cut = key.length - 20
  const others = [
    `${key.slice(0, cut)} ${key.slice(cut)}`,
    `${key}\tx`,
    `${key}\u00a0`,
    `${key},${key}`,
    `"${key}"`,
    hash,
    `${key.slice(0, key.lastIndexOf('_'))}_${hash.slice(0, 52)}`,
  ]
  for (const other of others) expect((await send({ authorization: `Bearer ${other}` })).status).toBe(401)
  for (const query of [`?api_key=${key}`, `?key=${key}`, `?authorization=Bearer%20${key}`])
    expect((await send({}, read, query)).status).toBe(401)
  for (const query of [`?access_token=${key}`, `?x=1&ACCESS_TOKEN=${key}`])
    expect((await send({}, read, query)).status).toBe(400)
  expect((await send({ 'x-api-key': key })).status).toBe(401)
  expect((await send({ authorization: `Bearer ${key}` })).status).toBe(200)
})

describe('AUTH-17: a stream ends with the access of whoever opened it', () => {
  const introspection = { clientId: 'hub', credential: 'env:AUTH_17', cacheSeconds: 1 }
  const said = (more: object) => () => ({
    active: true,
    iss: issuer.url,
    aud: gated.door.url,
    sub: 'lena',
    client_id: 'agent',
    exp: Math.floor(clock / 1000) + 3000,
    scope: 'tools:read tools:write',
    roles: ['member'],
    ...more,
  })
  const ends: readonly (readonly [what: string, token: () => Promise<string>, end: () => unknown])[] = [
    ['its token expires', () => issuer.sign(), () => (clock += 301_000)],
    ['its issuer has taken it back', async () => 'opaque-1', () => (issuer.said = () => ({ active: false }))],
    ['its person has fewer roles', async () => 'opaque-2', () => (issuer.said = said({ roles: [] }))],
    ['its issuer says nothing any more', async () => 'opaque-3', () => (issuer.down = true)],
  ]
  beforeEach(() => void vi.stubEnv('AUTH_17', 'the-secret-of-the-hub'))
  afterEach(() => void vi.unstubAllEnvs())

  describe.each(['2025', '2026'])('of the %s era', (era) => {
    test.each(ends)('when %s', async (_what, tokenOf, end) => {
      await open({ introspection })
      issuer.said = said({})
      const authorization = `Bearer ${await tokenOf()}`
      const stream = era === '2025' ? await inSession(authorization) : await listening(authorization)
      await new Promise((resolve) => setTimeout(resolve, 1500))
      expect(stream.over()).toBe(false)
      end()
      clock += 1500
      await until(stream.over, 5000)
    })
  })

  interface Stream {
    readonly over: () => boolean
  }

  async function listening(authorization: string): Promise<Stream> {
    const { headers, body } = modernRequest('subscriptions/listen', { notifications: { toolsListChanged: true } })
    return watched(
      await fetch(gated.door.url, { method: 'POST', headers: { ...headers, authorization }, body: JSON.stringify(body) }),
    )
  }

  async function inSession(authorization: string): Promise<Stream> {
    const headers = { ...legacyHeaders, authorization }
    const opened = await fetch(gated.door.url, { method: 'POST', headers, body: JSON.stringify(initialize()) })
    await opened.text()
    const session = opened.headers.get('mcp-session-id') ?? ''
    const more = { accept: 'text/event-stream', authorization, 'mcp-session-id': session }
    return watched(await fetch(gated.door.url, { headers: more }))
  }

  function watched(response: Response): Stream {
    expect(response.status).toBe(200)
    let over = false
    const end = () => void (over = true)
    void response.text().then(end, end)
    return { over: () => over }
  }
})

describe('AUTH-18: an issuer whose description leads elsewhere', () => {
  type Description = (own: string, trap: string) => object
  const keysOf = (url: string) => `${url}/keys`
  const descriptions: readonly (readonly [what: string, description: Description])[] = [
    ['is of another issuer', (own) => ({ issuer: 'https://evil.example', jwks_uri: keysOf(own) })],
    ['is of one whose name has a slash more', (own) => ({ issuer: `${own}/`, jwks_uri: keysOf(own) })],
    ['is of nobody', (own) => ({ jwks_uri: keysOf(own) })],
    ['has its keys at another port', (own, trap) => ({ issuer: own, jwks_uri: keysOf(trap) })],
    ['has its keys with the metadata of a cloud', (own) => ({ issuer: own, jwks_uri: 'http://169.254.169.254/keys' })],
    ['has its keys in a private network', (own) => ({ issuer: own, jwks_uri: 'https://10.0.0.1/keys' })],
    ['has a script for keys', (own) => ({ issuer: own, jwks_uri: 'javascript:alert(1)' })],
    ['has a file for keys', (own) => ({ issuer: own, jwks_uri: 'file:///etc/passwd' })],
  ]

  test.each(descriptions)('because it %s: nobody is let in, and nothing is asked there', async (_what, description) => {
    const trap = await trapped()
    const { url, server } = await serving((asked, response) => {
      const told = asked === '/keys' ? { keys: issuer.keys } : description(url, trap.url)
      response.writeHead(200).end(JSON.stringify(told))
    })
    await open({ issuer: url })
    expect((await send(await bearer({ iss: url }))).status).toBe(503)
    expect(trap.connections()).toBe(0)
    ended(server)
    trap.close()
  })

  test('a description that is as it should be has its people let in', async () => {
    const { url, server } = await serving((asked, response) =>
      response
        .writeHead(200)
        .end(JSON.stringify(asked === '/keys' ? { keys: issuer.keys } : { issuer: url, jwks_uri: keysOf(url) })),
    )
    await open({ issuer: url })
    expect((await send(await bearer({ iss: url }))).status).toBe(200)
    ended(server)
  })

  test.each(['javascript:alert(1)', 'http://10.0.0.1', 'https://user:pass@idp.example', 'file:///etc/passwd', '/idp'])(
    '%s is refused as an issuer before the hub starts',
    async (named) => {
      await expect(open({ issuer: named })).rejects.toThrow(/issuer/)
      await open()
    },
  )
})

test('AUTH-22: what a vendor gave for one address and app is sent to no other that the configuration names later', async () => {
  await open()
  const clock22 = { ms: 0 }
  const before = await house({ clock: clock22 })
  await before.connected('jira', 'maya')
  const trap = await trapped()
  const config = JSON.parse(readFileSync(before.configPath, 'utf8')) as Record<string, unknown>
  const moved = {
    site: 'https://evil.atlassian.net',
    email: 'a@b.example',
    credential: 'env:AUTH_22',
    actsAs: 'user-or-refuse',
    oauth: { client_id: 'another-app', client_secret: 'env:AUTH_22' },
  }
  vi.stubEnv('AUTH_22', 'the-secret-of-another-app')
  await before.door.close()
  await before.hub.close()
  writeFileSync(before.configPath, JSON.stringify({ ...config, connectors: { jira: moved }, egress: { proxy: trap.url } }))
  {
    await using after = await house({ folder: before.folder, clock: clock22 })
    clock22.ms += 24 * 60 * 60_000
    const answer = await after.as('maya')('jira_issue_get', { key: 'OPS-42' })
    expect(answer).toMatchObject({ status: 'failed', connect: { instance: 'jira' } })
    expect(await after.connections.tend()).toBe(0)
    expect(await after.connections.all('local')).toMatchObject([
      { state: 'broken', why: expect.stringContaining('was changed') as string },
    ])
    const removed = await after.connections.remove({ tenant: 'local', person: 'maya', instance: 'jira' }, 'test')
    expect(removed).toContain('Take the access back yourself')
  }
  expect(trap.connections()).toBe(0)
  vi.unstubAllEnvs()
  trap.close()
  rmSync(before.folder, { recursive: true, force: true })
})

test.skipIf(process.platform !== 'linux')(
  'AUTH-23: over stdio nobody else on the machine can read what the hub keeps, hear it on a socket, or see a secret in its arguments',
  async () => {
    await open()
    // A sandbox listens on this machine, and has nothing of anybody; a real account is where it is.
    const desk = { uses: deskFolder, site: 'https://desk.invalid', credential: 'env:AUTH_23' }
    const folder = configFolder({ connectors: { desk } })
    const file = path.join(folder, 'mcp.config.json')
    const child = spawn(process.execPath, [launcher, 'stdio', '--config', file], {
      env: { ...process.env, AUTH_23: 'a-secret-that-nobody-may-see' },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    let out = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
    child.stdin.write(
      `${JSON.stringify(modernRequest('tools/call', { name: 'desk_note_echo', arguments: { text: 'x' } }).body)}\n`,
    )
    await until(() => out.includes('"status":"done"'), 15_000)
    expect(listeningSockets(child.pid!)).toEqual([])
    // What is in a folder of its owner's alone is its owner's alone.
    const data = path.join(folder, 'data')
    expect(statSync(data).mode & 0o077).toBe(0)
    expect(readdirSync(data)).toContain('toolgate.db')
    expect(statSync(path.join(data, 'toolgate.db')).mode & 0o077).toBe(0)
    expect(readFileSync(`/proc/${child.pid}/cmdline`, 'utf8').split('\0').filter(Boolean).slice(1)).toEqual([
      launcher,
      'stdio',
      '--config',
      file,
    ])
    child.stdin.end()
    await once(child, 'close')
    rmSync(folder, { recursive: true, force: true })
  },
  20_000,
)

/** The sockets on which this process waits for others: of TCP, and of the machine's own. */
function listeningSockets(pid: number): readonly string[] {
  const own = new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? []
      } catch {
        return []
      }
    }),
  )
  const rows = (name: string) =>
    readFileSync(`/proc/net/${name}`, 'utf8')
      .split('\n')
      .slice(1)
      .map((row) => row.trim().split(/\s+/))
  return [
    ...['tcp', 'tcp6'].flatMap((name) =>
      rows(name).filter(([, , , state, , , , , , inode]) => state === '0A' && own.has(inode ?? '')),
    ),
    ...rows('unix').filter(([, , , flags, , , inode]) => flags === '00010000' && own.has(inode ?? '')),
  ].map((row) => row.join(' '))
}

async function serving(
  answer: (path: string, response: ServerResponse) => unknown,
): Promise<{ url: string; server: Server }> {
  const server = createServer((asked, response) => {
    asked.resume()
    asked.on('end', () => void answer(asked.url ?? '', response))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server }
}

function ended(server: Server): void {
  server.close()
  server.closeAllConnections()
}

/** An address at which nothing may ever arrive. */
async function trapped(): Promise<{ url: string; connections: () => number; close: () => void }> {
  let connections = 0
  const server = createTcpServer((socket) => {
    connections += 1
    socket.destroy()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: () => connections,
    close: () => void server.close(),
  }
}

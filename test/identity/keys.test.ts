// Keys of service agents: shown once, scoped, ended at once, and worth nothing to whoever reads the database.
import { connect as tlsConnect } from 'node:tls'
import { chmodSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import { serveHttp } from '../../src/serve/http.ts'
import { certificateFor } from './certificates.ts'
import { cli } from '../doors.ts'
import { configFolder } from '../hub.ts'
import { initialize, legacyHeaders, modernRequest, until } from '../serve/fixture.ts'
import { gatedHub } from './door.ts'
import type { GatedHub } from './door.ts'

const people = { local: { id: 'maya', roles: ['member'] }, apiKeys: true }
const dayMs = 86_400_000
let gated: GatedHub
let clock = Date.now()

beforeAll(async () => {
  gated = await gatedHub({ config: { people }, now: () => new Date(clock) })
})
afterAll(() => gated.close())

const wanted = { tenant: 'local', principal: 'nightly', roles: ['member'], tools: ['*'], by: 'test' }
const make = async (more: Partial<typeof wanted> = {}, days = 1) =>
  await (await gated.hub.hub.keys()).create({ ...wanted, ...more, expiresAt: new Date(clock + days * dayMs) })

async function call(key: string, name = 'desk_note_echo', args: object = { text: 'hello' }) {
  const { headers, body } = modernRequest('tools/call', { name, arguments: args })
  const response = await fetch(gated.door.url, {
    method: 'POST',
    headers: { ...headers, authorization: `Bearer ${key}` },
    body: JSON.stringify(body),
  })
  return { status: response.status, text: await response.text() }
}

// AUTH-15
test('a key lets its principal in, and nothing of it is kept or logged', async () => {
  const { key, made } = await make()
  expect((await call(key)).text).toContain('"status":"done"')
  const secret = key.split('_').at(-1)!
  const kept = gated.kept()
  expect(kept.includes(secret) || gated.logged().includes(secret)).toBe(false)
  expect(kept.includes(made.id)).toBe(true)
  const entries = await Array.fromAsync(gated.hub.hub.store.entries('local'))
  expect(entries.filter(({ kind }) => kind === 'key.created').at(-1)?.payload).toMatchObject({ key: made.id, by: 'test' })
})

// AUTH-15
test('any other text is refused: wrong by a character, cut, padded, of another tenant', async () => {
  const { key } = await make()
  const last = key.at(-1) === '0' ? '1' : '0'
  const variants = [
    key.slice(0, -1) + last,
    key.slice(0, -1),
    `${key}0`,
    key.replace('tg_local_', 'tg_other_'),
    key.replace('tg_local_', 'tg_'),
    key.toUpperCase(),
    key.replace('tg_', ''),
    ...Array.from({ length: 52 }, (_, at) => {
      const place = key.length - 52 + at
      return key.slice(0, place) + (key[place] === 'z' ? 'y' : 'z') + key.slice(place + 1)
    }),
  ]
  for (const variant of variants) expect((await call(variant)).status).toBe(401)
  expect((await call(key)).status).toBe(200)
})

test('its tools are all that it reaches, by whatever way', async () => {
  const { key } = await make({ tools: ['desk_note_get', '*_list'] })
  expect((await call(key)).text).toContain('"status":"denied"')
  expect((await call(key, 'desk_note_get', { id: 'n1' })).text).toContain('"status":"done"')
  expect((await call(key, 'desk_note_set', { id: 'n1', text: 'x', dry_run: true })).text).toContain('"status":"denied"')
  const { headers, body } = modernRequest('tools/list')
  const listed = await fetch(gated.door.url, {
    method: 'POST',
    headers: { ...headers, authorization: `Bearer ${key}` },
    body: JSON.stringify(body),
  })
  const { result } = (await listed.json()) as { result: { tools: { name: string }[] } }
  expect(result.tools.map(({ name }) => name).sort()).toEqual(['desk_note_get', 'desk_note_list', 'operation_get'])
})

// AUTH-15, AUTH-17
test('revoked or expired, it ends at once, and so does the stream that it opened', async () => {
  const { key, made } = await make()
  const authorization = `Bearer ${key}`
  const opened = await fetch(gated.door.url, {
    method: 'POST',
    headers: { ...legacyHeaders, authorization },
    body: JSON.stringify(initialize()),
  })
  await opened.text()
  const session = opened.headers.get('mcp-session-id')!
  const stream = await fetch(gated.door.url, {
    headers: { accept: 'text/event-stream', authorization, 'mcp-session-id': session },
  })
  expect(stream.status).toBe(200)
  let ended = false
  void stream.text().then(
    () => (ended = true),
    () => (ended = true),
  )
  await (await gated.hub.hub.keys()).revoke('local', made.id, 'test')
  expect((await call(key)).status).toBe(401)
  await until(() => ended, 5000)
  const { key: brief } = await make({}, 1)
  expect((await call(brief)).status).toBe(200)
  clock += dayMs + 1
  expect((await call(brief)).status).toBe(401)
})

test("a session is its owner's alone, also among keys", async () => {
  const [one, other] = [await make(), await make({ principal: 'weekly' })]
  const opened = await fetch(gated.door.url, {
    method: 'POST',
    headers: { ...legacyHeaders, authorization: `Bearer ${one.key}` },
    body: JSON.stringify(initialize()),
  })
  await opened.text()
  const session = opened.headers.get('mcp-session-id')!
  const list = { method: 'POST', body: '{"jsonrpc":"2.0","id":7,"method":"tools/list"}' }
  const as = async (key: string) =>
    (
      await fetch(gated.door.url, {
        ...list,
        headers: {
          ...legacyHeaders,
          authorization: `Bearer ${key}`,
          'mcp-session-id': session,
          'mcp-protocol-version': '2025-11-25',
        },
      })
    ).status
  expect([await as(one.key), await as(other.key)]).toEqual([200, 404])
})

test('the command line makes a key that is shown once, lists it without it, and ends it', { timeout: 30_000 }, async () => {
  const folder = configFolder({ config: { people } })
  const config = ['--config', path.join(folder, 'mcp.config.json')]
  const made = await cli(['key', 'create', '--principal', 'bot', '--roles', 'member', '--expires', '30d', ...config])
  const key = /^tg_local_\w{12}_\w{52}$/m.exec(made.stdout)?.[0]
  expect(made.stderr).toBe('')
  const id = key!.split('_')[2]!
  const listed = await cli(['key', 'list', ...config])
  expect(listed.stdout).toContain(id)
  expect(listed.stdout).not.toContain(key!.split('_')[3])
  expect((await cli(['key', 'revoke', id, ...config])).stdout).toContain('lets nobody in any more')
  expect((await cli(['key', 'list', ...config])).stdout).toContain('revoked')
  expect((await cli(['key', 'create', '--principal', 'maya', ...config])).stderr).toContain('is a person')
  rmSync(folder, { recursive: true })
})

describe('off this machine', () => {
  const problems = async (config: Record<string, unknown>) => {
    const folder = configFolder({ config })
    const loaded = await loadConfig(path.join(folder, 'mcp.config.json'))
    rmSync(folder, { recursive: true })
    return loaded.ok ? [] : loaded.problems.map(({ message, hint }) => `${message} ${hint ?? ''}`)
  }
  const host = '0.0.0.0'
  const publicUrl = 'https://hub.example/mcp'
  const tls = { certificate: 'c.pem', key: 'k.pem' }
  const local = { id: 'maya', roles: [] }

  test('what is missing is named, line by line', async () => {
    expect((await problems({ serve: { http: { host } } })).join('\n')).toMatch(/"apiKeys"[^]*"tls"/)
    expect((await problems({ serve: { http: { host, tls, publicUrl } } })).join('\n')).toMatch(
      /^.*Add "issuers" or "apiKeys"[^\n]*$/,
    )
    expect((await problems({ people, serve: { http: { host, publicUrl } } })).join('\n')).toMatch(/^.*Add "tls"[^\n]*$/)
    expect((await problems({ people, serve: { http: { host, tls } } })).join('\n')).toMatch(/^.*Add "publicUrl"[^\n]*$/)
    expect(
      (await problems({ serve: { http: { publicUrl, behindProxy: { trusted: ['10.0.0.0/8'] } } } })).join('\n'),
    ).toContain('the local person')
    expect(await problems({ people, serve: { http: { host, tls, publicUrl } } })).toEqual([])
    expect(
      await problems({ people, serve: { http: { host, publicUrl, behindProxy: { trusted: ['10.0.0.0/8'] } } } }),
    ).toEqual([])
  })
  // AUTH-18
  test('and of the issuers what would mix people up', async () => {
    const issuer = { issuer: 'https://a.example' }
    const one = async (...issuers: object[]) => (await problems({ people: { local, issuers } })).join('\n')
    expect(await one(issuer, issuer)).toContain('there twice')
    expect(await one(issuer, { issuer: 'https://b.example' })).toContain('"prefix"')
    expect(await one(issuer, { issuer: 'https://b.example', prefix: 'b:' })).toBe('')
    expect(await one({ issuer: 'http://a.example' })).toContain('https://')
    expect(await one({ issuer: 'https://a.example', algorithms: ['HS256'] })).not.toBe('')
    expect(await one({ issuer: 'https://a.example', claims: { tenant: 'org' } })).toContain('"tenants"')
    expect(
      await one({ issuer: 'https://a.example', introspection: { clientId: 'x', credential: 'hunter2-hunter2' } }),
    ).toMatch(/plain text/)
  })
  test('the door itself refuses too, whatever it was told', async () => {
    const options = {
      dispatcher: gated.hub.hub.dispatcher,
      host: '0.0.0.0',
      port: 0,
      sessionIdleMs: 1000,
      maxSessions: 1,
      log: { warn() {}, error() {} },
      now: () => new Date(),
    }
    await expect(serveHttp({ ...options, principalOf: async () => undefined })).rejects.toThrow(/no authentication/)
    const gate = await gated.hub.hub.gate(() => 'https://hub.example/mcp')
    await expect(serveHttp({ ...options, gate })).rejects.toThrow(/neither "serve.http.tls" nor/)
  })
})

test('https, with a certificate that is read again when it changes', { timeout: 20_000 }, async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'toolgate-tls-'))
  const files = { certificate: path.join(folder, 'cert.pem'), key: path.join(folder, 'key.pem') }
  const write = (name: string) => {
    const { cert, key } = certificateFor(name)
    writeFileSync(files.certificate, cert)
    writeFileSync(files.key, key, { mode: 0o600 })
    utimesSync(files.key, new Date(), new Date(Date.now() + Math.random() * 1e6))
  }
  write('first.example')
  chmodSync(files.key, 0o644)
  const config = { people, serve: { http: { port: 0, tls: files, publicUrl: 'https://localhost/mcp' } } }
  await expect(gatedHub({ config })).rejects.toThrow('chmod 600')
  chmodSync(files.key, 0o600)
  const secure = await gatedHub({ config })
  const { port, hostname } = new URL(secure.door.url)
  const subject = () =>
    new Promise<string>((resolve) => {
      const socket = tlsConnect({ host: hostname, port: Number(port), rejectUnauthorized: false }, () => {
        resolve(String(socket.getPeerCertificate().subject.CN))
        socket.destroy()
      })
    })
  expect(await subject()).toBe('first.example')
  const status = await new Promise((resolve) =>
    request({ host: hostname, port, path: '/mcp', method: 'POST', rejectUnauthorized: false }, ({ statusCode }) =>
      resolve(statusCode),
    ).end(),
  )
  expect(status).toBe(401)
  await new Promise((resolve) => setTimeout(resolve, 2200))
  write('second.example')
  for (let at = 0; at < 50 && (await subject()) !== 'second.example'; at += 1)
    await new Promise((resolve) => setTimeout(resolve, 100))
  expect(await subject()).toBe('second.example')
  await secure.close()
  rmSync(folder, { recursive: true })
})

test('behind a proxy nobody else is heard, and nothing that came unencrypted', async () => {
  const behind = async (trusted: string) =>
    await gatedHub({
      config: { people, serve: { http: { publicUrl: 'https://hub.example/mcp', behindProxy: { trusted: [trusted] } } } },
    })
  const near = await behind('127.0.0.0/8')
  const status = async (url: string, headers: Record<string, string>) =>
    (await fetch(url, { method: 'POST', headers, body: '{}' })).status
  expect(await status(near.door.url, {})).toBe(403)
  expect(await status(near.door.url, { 'x-forwarded-proto': 'http' })).toBe(403)
  expect(await status(near.door.url, { 'x-forwarded-proto': 'https' })).toBe(401)
  await near.close()
  const far = await behind('10.1.0.0/16')
  expect(await status(far.door.url, { 'x-forwarded-proto': 'https' })).toBe(403)
  await far.close()
})

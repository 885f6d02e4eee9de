// Vendors behind a company's proxy and certificate authority: a tunnel, of which the proxy sees a name and nothing else.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { guardedFetch } from '../../src/egress/fetch.ts'
import type { GuardOptions } from '../../src/egress/fetch.ts'
import { certificateFor } from '../identity/certificates.ts'

const name = 'vendor.example.com'
const token = 'token-that-the-proxy-must-not-see'
const folder = mkdtempSync(path.join(tmpdir(), 'toolgate-proxy-'))
const ca = path.join(folder, 'ca.pem')
const asked: string[] = []
const tunnels: string[] = []
let passed = ''
let mode: 'open' | 'refuse' | 'cut' | 'silent' = 'open'
let vendor: Server
let proxy: Server
let proxyUrl: string
const sockets = new Set<Socket>()

beforeAll(async () => {
  const { cert, key } = certificateFor(name)
  writeFileSync(ca, cert)
  vendor = createTlsServer({ cert, key }, (request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers.authorization}`)
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}')
  })
  await once(vendor.listen(0, '127.0.0.1'), 'listening')
  proxy = createServer().on('connect', ({ url }, client: Socket) => {
    tunnels.push(url ?? '')
    sockets.add(client)
    client.on('error', () => undefined)
    if (mode === 'refuse') client.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')
    if (mode === 'cut') client.destroy()
    if (mode !== 'open') return
    const far = connect((vendor.address() as AddressInfo).port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n')
      client.on('data', (chunk: Buffer) => (passed += chunk.toString('latin1')))
      client.pipe(far).pipe(client)
    })
    far.on('error', () => client.destroy())
  })
  await once(proxy.listen(0, '127.0.0.1'), 'listening')
  proxyUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
})
afterAll(() => {
  for (const socket of sockets) socket.destroy()
  proxy.close()
  vendor.close()
  vendor.closeAllConnections()
  rmSync(folder, { recursive: true, force: true })
})
beforeEach(() => {
  asked.length = 0
  tunnels.length = 0
  passed = ''
  mode = 'open'
})

const nowhere: GuardOptions['lookup'] = (_host, _options, callback) =>
  callback(new Error('Nobody may ask the resolver.'), [])

function guard(more: Partial<GuardOptions> = {}) {
  return guardedFetch({
    base: `https://${name}`,
    reads: ['GET /things/{id}'],
    writes: ['POST /things'],
    loopback: false,
    signal: new AbortController().signal,
    now: () => new Date(),
    random: () => 0,
    timeoutMs: 3000,
    lookup: nowhere,
    way: { proxy: proxyUrl, ca },
    ...more,
  })
}
const headers = { authorization: `Bearer ${token}` }
const read = (made = guard()) => made.fetch(`https://${name}/things/1`, { headers })
const write = (made = guard()) => made.fetch(`https://${name}/things`, { method: 'POST', headers, body: '{}' })

test('reads and writes go through the tunnel, and the proxy sees the name and no credential', async () => {
  expect(await (await read()).json()).toEqual({ ok: true })
  const made = guard()
  expect((await write(made)).status).toBe(200)
  expect(made.touched()).toBe('accepted')
  expect(asked).toEqual([`GET /things/1 Bearer ${token}`, `POST /things Bearer ${token}`])
  expect(new Set(tunnels)).toEqual(new Set([`${name}:443`]))
  expect(passed.length).toBeGreaterThan(200)
  expect(passed).not.toContain(token)
})

test('what the proxy refuses, cuts or leaves unanswered never touched the vendor, and there is no way round it', async () => {
  for (const each of ['refuse', 'cut', 'silent'] as const) {
    mode = each
    const made = guard({ timeoutMs: 500 })
    await expect(write(made)).rejects.toMatchObject({ code: 'unavailable' })
    expect([each, made.touched()]).toEqual([each, 'untouched'])
  }
  const gone = guard({ way: { proxy: 'http://127.0.0.1:9', ca } })
  await expect(write(gone)).rejects.toMatchObject({ code: 'unavailable' })
  expect([gone.touched(), asked]).toEqual(['untouched', []])
})

test('without the authority of the company its certificate is nothing, and a name that is another one is refused', async () => {
  const made = guard({ way: { proxy: proxyUrl } })
  await expect(write(made)).rejects.toMatchObject({ code: 'unavailable' })
  const other = guard({ base: 'https://other.example.com' })
  await expect(other.fetch('https://other.example.com/things/1')).rejects.toMatchObject({ code: 'unavailable' })
  expect([made.touched(), asked]).toEqual(['untouched', []])
})

test('an address that is forbidden is forbidden through a proxy too, and a sandbox is never reached through one', async () => {
  const inside = guard({ base: 'https://169.254.169.254' })
  await expect(inside.fetch('https://169.254.169.254/things/1')).rejects.toMatchObject({ code: 'forbidden' })
  const local = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
  const sandbox = guard({ base: local, loopback: true, timeoutMs: 500 })
  await sandbox.fetch(`${local}/things/1`).catch(() => undefined)
  expect(tunnels).toEqual([])
})

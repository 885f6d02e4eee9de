// `toolgate admin` prints a link that works once: into the hub that runs, or into the app that it serves itself.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { expect, test } from 'vitest'
import { cli, launcher, serve } from '../doors.ts'
import { announceDoor, findDoor } from '../../src/admin/doors.ts'
import { configFolder, testHub } from '../hub.ts'
import { certificateFor } from '../identity/certificates.ts'

const people = {
  local: { id: 'maya', roles: ['member'], admin: 'admin' },
  directory: { jonas: { roles: ['lead'], admin: 'approver' }, nora: { roles: [] } },
}

async function signIn(link: string): Promise<{ status: number; person: unknown }> {
  const { origin, hash, pathname } = new URL(link)
  expect(pathname).toBe('/admin/sign-in')
  const response = await fetch(`${origin}/admin/api/session`, {
    method: 'POST',
    headers: { origin, 'content-type': 'application/json' },
    body: JSON.stringify({ link: hash.slice(1) }),
  })
  return { status: response.status, person: ((await response.json()) as { person?: unknown }).person }
}

// UI-14: there is no page that makes the first person; who comes in is in the configuration, by a link that is printed here.
test('with a running hub, the link leads to it, as the person that was asked for, once', async () => {
  const folder = configFolder({ config: { people } })
  const configPath = path.join(folder, 'mcp.config.json')
  try {
    await using served = await serve(configPath)
    const { code, stdout } = await cli(['admin', '--person', 'jonas', '--json', '--config', configPath])
    const { link } = JSON.parse(stdout) as { link: string }
    expect([code, new URL(link).origin]).toEqual([0, new URL(served.url).origin])
    expect(await signIn(link)).toEqual({ status: 200, person: 'jonas' })
    expect(await signIn(link)).toMatchObject({ status: 401 })
    const refused = await cli(['admin', '--person', 'nora', '--config', configPath])
    expect([refused.code, refused.stdout, refused.stderr.includes('no role in the admin app')]).toEqual([1, '', true])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}, 30_000)

test('without one, it serves the app itself and nothing else', async () => {
  const folder = configFolder({ config: { people } })
  const child = spawn(process.execPath, [launcher, 'admin', '--json', '--config', path.join(folder, 'mcp.config.json')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const [text] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string]
    const { link } = JSON.parse(text) as { link: string }
    expect(await signIn(link)).toEqual({ status: 200, person: 'maya' })
    const mcp = await fetch(`${new URL(link).origin}/mcp`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    })
    expect(mcp.status).toBe(401)
  } finally {
    child.kill('SIGTERM')
    await once(child, 'exit')
    rmSync(folder, { recursive: true, force: true })
  }
}, 30_000)

test('a hub with a certificate of its own is found by that certificate, and the link has its public address', async () => {
  const folder = configFolder({ config: { people } })
  const configPath = path.join(folder, 'mcp.config.json')
  const { cert, key } = certificateFor('hub.acme.example')
  writeFileSync(path.join(folder, 'cert.pem'), cert)
  writeFileSync(path.join(folder, 'key.pem'), key, { mode: 0o600 })
  const http = { publicUrl: 'https://hub.acme.example/mcp', tls: { certificate: 'cert.pem', key: 'key.pem' } }
  const written = JSON.parse(readFileSync(configPath, 'utf8')) as object
  writeFileSync(configPath, JSON.stringify({ ...written, serve: { http } }))
  try {
    await using served = await serve(configPath)
    expect(served.url).toMatch(/^https:/)
    const { code, stdout } = await cli(['admin', '--json', '--config', configPath])
    const { link } = JSON.parse(stdout) as { link: string }
    expect([code, new URL(link).origin]).toEqual([0, 'https://hub.acme.example'])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}, 30_000)

test('another certificate than the configured one is not believed, whatever it answers', async () => {
  await using made = await testHub()
  const { store } = made.hub
  const [own, other] = [certificateFor('hub.acme.example'), certificateFor('hub.acme.example')]
  const server = createServer(other, (_request, response) => response.end('{"door":"door_1"}')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  const hub = { tenant: 'local', store, now: () => new Date() }
  await announceDoor(hub, 'door_1', url)
  expect(await findDoor(hub, { certificate: own.cert })).toBeUndefined()
  expect(await findDoor(hub, {})).toBeUndefined()
  // It did not say that it is another one, so its note stays.
  expect(await findDoor(hub, { certificate: other.cert })).toBe(url)
  server.close()
  server.closeAllConnections()
  expect(await findDoor(hub, { certificate: other.cert })).toBeUndefined()
  expect(await store.documents({ tenant: 'local', kind: 'admin.door', limit: 5 })).toEqual([])
})

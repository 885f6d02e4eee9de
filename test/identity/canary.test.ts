// Canaries in every slot, through whole calls, with a vendor that says back every credential it hears: nothing else holds one.
import { once } from 'node:events'
import { createServer, request as httpRequest } from 'node:http'
import type { IncomingHttpHeaders, Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { lineOf } from '../../src/evidence/formats.ts'
import { deskFolder } from '../hub.ts'
import { modernRequest } from '../serve/fixture.ts'
import { searchAll } from '../canaries/spellings.ts'
import { certificateFor } from './certificates.ts'
import { gatedHub } from './door.ts'
import type { GatedHub } from './door.ts'
import { standInIssuer } from './issuer.ts'
import type { StandInIssuer } from './issuer.ts'

const site = 'acme.atlassian.net'
const secrets: Record<string, string> = {
  'vendor token': 'ATATT3canary-vendor-0a1b2c3d4e5f',
  'webhook secret': 'canary-webhook-secret-6f7a8b9c0d',
  'introspection secret': 'canary-introspection-1e2f3a4b5c',
  cookie: 'canary-cookie-6d7e8f9a0b1c2d3e',
  'OAuth code': 'canary-oauth-code-4f5a6b7c8d9e',
  'opaque token': 'canary-opaque-token-0f1a2b3c4d5e',
  'token in the address': 'canary-in-the-address-6f7a8b9c',
  'basic password': 'canary-basic-password-0d1e2f3a',
  'vendor cookie': 'canary-vendor-cookie-4b5c6d7e8f',
}
const answered: string[] = []
const outbound: string[] = []
/** What the vendor was shown as credential; it must be its own. */
const shownToVendor = new Set<string | undefined>()
const hooked: string[] = []
let folder: string
let issuer: StandInIssuer
let gated: GatedHub
let vendor: Server
let proxy: Server
let hook: Server
const sockets = new Set<Socket>()
const portOf = (server: Server) => (server.address() as AddressInfo).port

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'toolgate-canary-'))
  const { cert, key } = certificateFor(site)
  writeFileSync(path.join(folder, 'ca.pem'), cert)
  process.env['CANARY_VENDOR'] = secrets['vendor token']
  process.env['CANARY_WEBHOOK'] = secrets['webhook secret']
  process.env['CANARY_INTROSPECTION'] = secrets['introspection secret']
  let asked = 0
  vendor = createTlsServer({ cert, key }, ({ url, headers }, response) => {
    outbound.push(`${url} ${JSON.stringify({ ...headers, authorization: undefined })}`)
    shownToVendor.add(headers.authorization)
    const told = echoOf(headers)
    const greeting = greetingOf(new URL(url ?? '/', `https://${site}`), told)
    if (greeting) {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(greeting))
      return
    }
    const status = [400, 404, 200, 409, 422, 403, 302, 500][(asked += 1) % 8]!
    const cookie = `session=${secrets['vendor cookie']}`
    if (status === 302 || status === 500) {
      response.writeHead(status, { 'content-type': 'text/html', location: `/login?token=${told[0]}` })
      response.end(`<html><title>${told[0]}</title><body>${told.join('<br>')}</body></html>`)
      return
    }
    response.writeHead(status, { 'content-type': 'application/json', 'set-cookie': cookie, 'x-echo': told.join(' ') })
    response.end(
      JSON.stringify({ errorMessages: told, errors: { summary: told.join(' ') }, [told[0]!]: told, key: told[0] }),
    )
  })
  // The issuer of this test is asked by http, which a proxy passes on by itself.
  proxy = createServer((incoming, outgoing) => {
    const { method, headers, url = '' } = incoming
    const sent = httpRequest(url, { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
    })
    incoming.pipe(sent)
  }).on('connect', ({ url = '' }, client: Socket) => {
    sockets.add(client)
    const port = url.startsWith(site) ? portOf(vendor) : Number(url.split(':').at(-1))
    const far = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n')
      client.pipe(far).pipe(client)
    })
    for (const socket of [client, far]) socket.on('error', () => socket.destroy())
  })
  hook = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      hooked.push(`${JSON.stringify(request.headers)} ${body}`)
      response.writeHead(500).end(secrets['webhook secret'])
    })
  })
  for (const server of [vendor, proxy, hook]) await once(server.listen(0, '127.0.0.1'), 'listening')
  issuer = await standInIssuer(() => gated.door.url)
  const introspection = { clientId: 'hub', credential: 'env:CANARY_INTROSPECTION', cacheSeconds: 1 }
  gated = await gatedHub({
    connectors: {
      desk: { uses: deskFolder, sandbox: true },
      jira: { site: `https://${site}`, email: 'hub@acme.dev', credential: 'env:CANARY_VENDOR' },
    },
    policy:
      'rules:\n  - allow: "*"\n    who: role:member\n  - ask: desk_note_set\n    who: role:member\n    approvers: role:lead\n    because: Look first.\n',
    config: {
      people: {
        local: { id: 'maya', roles: ['member'] },
        directory: { jonas: { roles: ['lead'] } },
        apiKeys: true,
        issuers: [{ issuer: issuer.url, claims: { roles: 'roles' }, introspection }],
      },
      egress: { proxy: `http://127.0.0.1:${portOf(proxy)}`, ca: path.join(folder, 'ca.pem') },
      notify: [{ url: `http://127.0.0.1:${portOf(hook)}/hook`, secret: 'env:CANARY_WEBHOOK' }],
    },
  })
})
afterAll(async () => {
  await gated.close()
  await issuer.close()
  for (const socket of sockets) socket.destroy()
  for (const server of [vendor, proxy, hook]) {
    server.closeAllConnections()
    server.close()
  }
  rmSync(folder, { recursive: true, force: true })
})

/** Whatever came as a credential, as a careless vendor would put it into its errors. */
function echoOf({ authorization = '' }: IncomingHttpHeaders): readonly string[] {
  const [, text = ''] = authorization.split(' ')
  const token = Buffer.from(text, 'base64').toString().split(':').at(-1) ?? ''
  const bytes = Buffer.from(token)
  return [token, text, authorization, bytes.toString('hex'), bytes.toString('base64'), encodeURIComponent(token)]
}

/** What the hub asks before it offers the tools: who it is there, and what it may do. */
function greetingOf({ pathname, searchParams }: URL, told: readonly string[]): object | undefined {
  if (pathname.endsWith('/myself')) return { accountId: '5b10a2844c20165700ede21g', displayName: told[0], active: true }
  if (!pathname.endsWith('/mypermissions')) return undefined
  const asked = (searchParams.get('permissions') ?? '').split(',')
  return { permissions: Object.fromEntries(asked.map((key) => [key, { key, name: told[0], havePermission: true }])) }
}

async function knock(authorization: string, tool: string, args: object, more: Record<string, string> = {}, query = '') {
  const { headers, body } = modernRequest('tools/call', { name: tool, arguments: args })
  const response = await fetch(`${gated.door.url}${query}`, {
    method: 'POST',
    headers: { ...headers, authorization, cookie: `session=${secrets['cookie']}`, ...more },
    body: JSON.stringify(body),
  })
  const text = await response.text()
  answered.push(`${JSON.stringify([...response.headers])} ${text}`)
  return text
}

// AUTH-14, SEC-01, SEC-02
test('hits of any secret in any spelling in any sink: 0', { timeout: 120_000 }, async () => {
  const keys = await gated.hub.hub.keys()
  const wanted = { tenant: 'local', principal: 'nightly', roles: ['member'], tools: ['*'], by: 'test' }
  const expiresAt = new Date(Date.now() + 86_400_000)
  const { key: good } = await keys.create({ ...wanted, expiresAt })
  const { key: ended, made } = await keys.create({ ...wanted, expiresAt })
  await keys.revoke('local', made.id, 'test')
  secrets['API key'] = good.split('_').at(-1)!
  secrets['revoked API key'] = ended.split('_').at(-1)!
  const tokens = {
    'access token': await issuer.sign({ jti: 'canary-1' }),
    'token for somebody else': await issuer.sign({ aud: 'https://other.example' }),
    'ended token': await issuer.sign({ exp: 1000 }),
    'token without a scope': await issuer.sign({ scope: 'tools:read' }),
  }
  Object.assign(secrets, tokens)
  issuer.said = (token) => ({
    active: token === secrets['opaque token'],
    iss: issuer.url,
    aud: gated.door.url,
    sub: 'omar',
    client_id: 'agent',
    exp: Math.floor(Date.now() / 1000) + 300,
    scope: 'tools:read tools:write',
    roles: ['member'],
  })
  const callers = [...Object.values(tokens), good, ended, secrets['opaque token']!, `${good.slice(0, -1)}x`]
  const calls: readonly (readonly [string, object])[] = [
    ['desk_note_echo', { text: 'hello' }],
    ['desk_note_list', {}],
    ['desk_note_send', { desk: 'front', text: 'hello' }],
    ['desk_note_set', { id: 'n1', text: 'held' }],
    ['jira_issue_get', { key: 'OPS-42' }],
    ['jira_issue_search', { projects: ['OPS'] }],
    ['jira_issue_get', { key: 'not a key' }],
    ['no_such_tool', {}],
  ]
  for (const caller of callers) for (const [tool, args] of calls) await knock(`Bearer ${caller}`, tool, args)
  for (let n = 0; n < 14; n += 1) await knock(`Bearer ${tokens['access token']}`, 'jira_issue_get', { key: `OPS-${n + 1}` })
  await knock(`Bearer ${good}`, 'desk_note_list', {}, {}, `?code=${secrets['OAuth code']}&state=x`)
  await knock('', 'desk_note_list', {}, {}, `?access_token=${secrets['token in the address']}`)
  await knock(`Basic ${Buffer.from(`maya:${secrets['basic password']}`).toString('base64')}`, 'desk_note_list', {})
  await knock(`Bearer ${good}`, 'desk_note_list', {}, { dpop: tokens['ended token'] })
  gated.hub.break('desk', '500', 2)
  await knock(`Bearer ${good}`, 'desk_note_list', {})
  gated.hub.mend()
  const held = (await gated.hub.hub.store.operations({ tenant: 'local', states: ['held'], limit: 100 }))[0]
  await gated.hub.approve(held!.id)
  await gated.hub.hub.tend()

  expect(outbound.length).toBeGreaterThan(10)
  const own = Buffer.from(`hub@acme.dev:${secrets['vendor token']}`).toString('base64')
  expect([...shownToVendor]).toEqual([`Basic ${own}`])
  expect(hooked.length).toBeGreaterThan(0)
  expect(answered.filter((text) => text.includes('"status":"done"')).length).toBeGreaterThan(10)
  const entries = await Array.fromAsync(gated.hub.hub.store.entries('local'))
  const sinks = {
    answers: answered.join('\n'),
    log: gated.logged(),
    files: gated.kept().toString('latin1'),
    'to the vendor': outbound.join('\n'),
    'to the webhook': hooked.join('\n'),
    'asked of the issuer': issuer.asked.join('\n'),
    export: entries.map((entry) => lineOf(entry, 'jsonl')).join('\n'),
    'OCSF export': entries.map((entry) => lineOf(entry, 'ocsf')).join('\n'),
    status: JSON.stringify([
      await gated.hub.hub.proof.status(),
      await gated.hub.hub.notifications.list({ limit: 100 }),
      gated.hub.hub.grants.report(),
    ]),
  }
  const { searched, hits } = searchAll(sinks, secrets)
  const sizes = Object.entries(sinks).map(([sink, text]) => `${sink} ${Math.ceil(text.length / 1024)} KiB`)
  process.stdout.write(
    `canaries: ${Object.keys(secrets).length} secrets, ${searched} searches, hits ${hits.length} (${sizes.join(', ')})\n`,
  )
  expect(hits).toEqual([])
  // The search itself can find.
  expect(
    searchAll({ sink: Buffer.from(`xx${secrets['cookie']}yy`).toString('base64') }, secrets).hits.length,
  ).toBeGreaterThan(0)
})

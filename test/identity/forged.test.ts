// Forged, broken, expired and misdirected tokens at the door, in both eras: none is let in, and every good one is.
import { createHmac, createPublicKey, generateKeyPairSync, sign as cryptoSign } from 'node:crypto'
import { request } from 'node:http'
import { CompactEncrypt, exportJWK, generateKeyPair } from 'jose'
import type { CryptoKey, JWK } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { initialize, legacyHeaders, modernRequest } from '../serve/fixture.ts'
import { gatedHub } from './door.ts'
import type { GatedHub } from './door.ts'
import { standInIssuer } from './issuer.ts'
import type { StandInIssuer } from './issuer.ts'

let issuer: StandInIssuer
let stranger: StandInIssuer
let gated: GatedHub

beforeAll(async () => {
  issuer = await standInIssuer(() => gated.door.url)
  stranger = await standInIssuer(() => gated.door.url)
  const people = { local: { id: 'maya', roles: ['member'] }, issuers: [{ issuer: issuer.url, claims: { roles: 'roles' } }] }
  gated = await gatedHub({ config: { people } })
})
afterAll(async () => {
  await gated.close()
  await issuer.close()
  await stranger.close()
})

type Named = readonly [name: string, authorization: string | readonly string[], path?: string]

const base64 = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

async function forged(): Promise<Named[]> {
  const good = await issuer.sign()
  const [head = '', body = '', signature = ''] = good.split('.')
  const now = Math.floor(Date.now() / 1000)
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as Record<string, unknown>
  const publicPem = createPublicKey({ key: issuer.keys[0] as never, format: 'jwk' }).export({ type: 'spki', format: 'pem' })
  const url = gated.door.url
  const attacker = await generateKeyPair('RS256', { extractable: true })
  const bearer = (name: string, token: string): Named => [name, `Bearer ${token}`]
  const found: Named[] = []

  // Signatures that are none.
  for (const alg of [
    'none',
    'None',
    'NONE',
    'nOnE',
    '',
    'HS256',
    'HS384',
    'HS512',
    'RS255',
    'A128KW',
    'dir',
    null,
    0,
    ['RS256'],
  ])
    for (const tail of ['', signature, 'AA', base64('x')])
      found.push(
        bearer(
          `alg ${JSON.stringify(alg)} with ${tail.length} characters`,
          `${base64({ alg, typ: 'at+jwt', kid: 'rsa' })}.${body}.${tail}`,
        ),
      )
  for (const secret of [publicPem, Buffer.from(JSON.stringify(issuer.keys[0])), issuer.keys[0]!.n!, 'secret', ''])
    for (const alg of ['HS256', 'HS512']) {
      const start = `${base64({ alg, typ: 'at+jwt', kid: 'rsa' })}.${body}`
      const mac = createHmac(alg === 'HS256' ? 'sha256' : 'sha512', secret)
        .update(start)
        .digest('base64url')
      found.push(bearer(`the public key as a ${alg} secret`, `${start}.${mac}`))
    }
  for (const rs of [
    Buffer.alloc(64),
    Buffer.concat([Buffer.alloc(32), Buffer.alloc(32, 1)]),
    Buffer.alloc(0),
    Buffer.alloc(63, 1),
  ])
    found.push(
      bearer(
        'an ES256 signature of zeros',
        `${base64({ alg: 'ES256', typ: 'at+jwt', kid: 'ec' })}.${body}.${rs.toString('base64url')}`,
      ),
    )
  for (let at = 0; at < 24; at += 1) {
    const bytes = Buffer.from(signature, 'base64url')
    bytes[at * 10] = bytes[at * 10]! ^ (1 << (at % 8))
    found.push(bearer(`one bit of the signature at ${at}`, `${head}.${body}.${bytes.toString('base64url')}`))
    const changed = Buffer.from(body, 'base64url')
    changed[at * 3] = changed[at * 3]! ^ 1
    found.push(bearer(`one bit of the claims at ${at}`, `${head}.${changed.toString('base64url')}.${signature}`))
  }

  // Shapes.
  const encrypted = await new CompactEncrypt(Buffer.from(JSON.stringify(claims)))
    .setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A256GCM' })
    .encrypt(createPublicKey({ key: issuer.keys[0] as never, format: 'jwk' }))
  const shapes = [
    `${head}.${body}`,
    `${head}.${body}.`,
    `.${body}.${signature}`,
    `${head}..${signature}`,
    '..',
    '...',
    '.',
    'x',
    'null',
    encrypted,
    `${good}.x`,
    `${good}.${good}`,
    good.slice(0, -1),
    good.slice(1),
    `${good}A`,
    base64(good),
    'A'.repeat(8000),
  ]
  for (const shape of shapes) found.push(bearer(`the shape ${shape.slice(0, 12)}… (${shape.split('.').length})`, shape))

  // Keys that the token brings along.
  const own = { ...(await exportJWK(attacker.publicKey)), kid: 'own' } as JWK
  const brought: Record<string, unknown>[] = [
    { jwk: own },
    { jku: `${stranger.url}/keys` },
    { x5u: `${stranger.url}/x` },
    { jku: 'http://169.254.169.254/latest' },
    { jwk: own, jku: `${stranger.url}/keys` },
    { x5c: ['AAAA'] },
    { kid: '../../etc/passwd' },
    { kid: "' OR 1=1" },
    { kid: `${stranger.url}/keys` },
    { kid: '' },
  ]
  for (const header of brought)
    for (const kid of ['rsa', 'own'])
      found.push(
        bearer(
          `signed by a key of its own: ${JSON.stringify(header).slice(0, 40)} ${kid}`,
          await issuer.sign({}, { kid, ...header }, attacker.privateKey),
        ),
      )
  found.push(
    bearer(
      'crit that nobody knows',
      await issuer
        .sign({}, { crit: ['x'], x: 1 })
        .catch(() => `${base64({ alg: 'RS256', crit: ['x'], x: 1, typ: 'at+jwt' })}.${body}.${signature}`),
    ),
  )
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 })
  const weakStart = `${base64({ alg: 'RS256', typ: 'at+jwt', kid: 'rsa' })}.${body}`
  found.push(
    bearer(
      'a short RSA key',
      `${weakStart}.${cryptoSign('sha256', Buffer.from(weakStart), weak.privateKey).toString('base64url')}`,
    ),
  )

  // Types.
  for (const typ of [
    'JWT',
    'id_token',
    'dpop+jwt',
    'oauth-id-jag+jwt',
    'logout+jwt',
    'at+jwt ',
    'at +jwt',
    'application/jwt',
    '',
    'secevent+jwt',
    'token-introspection+jwt',
  ])
    found.push(bearer(`the type ${typ}`, await issuer.sign({}, { typ })))
  found.push(bearer('no type', await issuer.sign({}, { typ: undefined })))

  // Claims.
  const port = new URL(issuer.url).port
  const issuers = [
    stranger.url,
    `${issuer.url}/`,
    issuer.url.toUpperCase(),
    `${issuer.url}@evil.example`,
    `https://evil.example/${issuer.url}`,
    `https://127.0.0.1:${port}`,
    `http://localhost:${port}`,
    `${issuer.url}/x`,
    `${issuer.url}#`,
    ` ${issuer.url}`,
    '',
    undefined,
    [issuer.url],
    { iss: issuer.url },
    null,
    1,
  ]
  for (const iss of issuers) found.push(bearer(`iss ${JSON.stringify(iss)}`, await issuer.sign({ iss: iss as string })))
  const audiences = [
    'https://other.example/mcp',
    `${url}/`,
    url.toUpperCase(),
    url.replace('/mcp', ''),
    `${url}?x`,
    `${url}#x`,
    url.replace('127.0.0.1', 'localhost'),
    ['https://other.example'],
    Array.from({ length: 50 }, (_, at) => `https://${at}.example`),
    [],
    [[url]],
    { aud: url },
    null,
    '',
    undefined,
    1,
    true,
    `${url} https://other.example`,
  ]
  for (const aud of audiences)
    found.push(bearer(`aud ${JSON.stringify(aud)?.slice(0, 50)}`, await issuer.sign({ aud: aud as string })))
  found.push(bearer('ours in azp alone', await issuer.sign({ aud: 'https://other.example', azp: url })))
  const times: Record<string, unknown>[] = [
    { exp: now - 31 },
    { exp: now - 86_400 },
    { exp: 0 },
    { exp: -1 },
    { exp: undefined },
    { exp: String(now + 300) },
    { exp: null },
    { nbf: now + 40 },
    { nbf: now + 86_400 },
    { nbf: String(now) },
    { nbf: null },
    { iat: now + 40 },
    { iat: now + 86_400 },
    { iat: 'now' },
    { exp: now - 31, nbf: now + 40 },
  ]
  for (const time of times) found.push(bearer(`the times ${JSON.stringify(time)}`, await issuer.sign(time)))
  const subjects: Record<string, unknown>[] = [
    { sub: '' },
    { sub: 1 },
    { sub: null },
    { sub: ['lena'] },
    { sub: { toString: 'lena' } },
    { sub: 'client:agent' },
    { sub: ' lena' },
    { sub: 'le\u0000na' },
    { sub: 'lena\n' },
    { sub: 'lenа' },
    { sub: '\u202elena' },
    { sub: 'x'.repeat(200) },
    { sub: undefined, client_id: undefined },
  ]
  for (const subject of subjects)
    found.push(bearer(`the subject ${JSON.stringify(subject).slice(0, 40)}`, await issuer.sign(subject)))
  for (const use of ['id', 'refresh', 'refresh_token'])
    found.push(bearer(`the use ${use}`, await issuer.sign({ token_use: use })))
  for (const cnf of [{ jkt: 'x' }, { 'x5t#S256': 'x' }, {}, 'x', { jkt: 1 }, { jwk: own }, []])
    found.push(bearer(`bound: ${JSON.stringify(cnf).slice(0, 20)}`, await issuer.sign({ cnf })))
  found.push(bearer('another issuer altogether', await stranger.sign()))
  found.push(bearer('another issuer under our name', await stranger.sign({ iss: issuer.url })))

  // Headers.
  for (const header of [
    '',
    'Bearer',
    'Bearer ',
    `Basic ${base64('a:b')}`,
    good,
    `Token ${good}`,
    `Bearer${good}`,
    `Bearer ${good} x`,
    `Bearer ${good},${good}`,
    `Bearer "${good}"`,
    `Bearer token=${good}`,
    `DPoP ${good}`,
    `Bearer\u00a0${good}`,
    `Negotiate ${good}`,
    `Bearer ${encodeURIComponent(`${good}=`)}%`,
  ])
    found.push([`the header ${header.slice(0, 12)}`, header])
  found.push(
    ['two headers', [`Bearer ${good}`, `Bearer ${good}`]],
    ['a good one after a bad one', ['Bearer x', `Bearer ${good}`]],
  )
  found.push(
    ['in the address', '', `?access_token=${good}`],
    ['in the address beside the header', `Bearer ${good}`, `?access_token=${good}`],
  )
  for (const key of ['tg_', 'tg_local', `tg_local_${'0'.repeat(12)}_${'0'.repeat(52)}`, `tg_${'a'.repeat(300)}`])
    found.push(bearer('an API key where none is accepted', key))
  return found
}

interface Heard {
  readonly status: number
  readonly challenge: string | undefined
  readonly body: string
}

/** By hand, so that a header can be sent twice or wrong. */
function send(
  headers: Record<string, string>,
  body: object,
  authorization: string | readonly string[],
  query = '',
): Promise<Heard> {
  const { hostname, port, pathname } = new URL(gated.door.url)
  return new Promise((resolve, reject) => {
    const text = JSON.stringify(body)
    const outgoing = request({ hostname, port, path: pathname + query, method: 'POST', agent: false }, (response) => {
      let answer = ''
      response.on('data', (chunk: Buffer) => (answer += chunk.toString()))
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, challenge: response.headers['www-authenticate'], body: answer }),
      )
    })
    outgoing.on('error', reject)
    for (const [name, value] of Object.entries(headers)) outgoing.setHeader(name, value)
    if (authorization !== '') outgoing.setHeader('authorization', authorization)
    outgoing.end(text)
  })
}

function eras() {
  const modern = modernRequest('tools/call', { name: 'desk_note_echo', arguments: { text: 'let in' } })
  return [
    { era: '2025', headers: legacyHeaders, body: initialize() },
    { era: '2026', headers: modern.headers, body: modern.body },
  ]
}

// AUTH-02, AUTH-03, AUTH-05, AUTH-06, AUTH-07: other types, issuers, audiences, keys and shapes.
test('no forged token is accepted in either era, and none of them reaches a sink', { timeout: 120_000 }, async () => {
  const corpus = await forged()
  const accepted: string[] = []
  const bare: string[] = []
  const statuses = new Set<number>()
  for (const { era, headers, body } of eras()) {
    for (const [name, authorization, query] of corpus) {
      const heard = await send(headers, body, authorization, query).catch(() => ({
        status: 400,
        challenge: undefined,
        body: '',
      }))
      statuses.add(heard.status)
      if (heard.status < 400) accepted.push(`${era} ${name}`)
      if (heard.status === 401 && !/^(Bearer|DPoP) .*resource_metadata="http/.test(heard.challenge ?? ''))
        bare.push(`${era} ${name}`)
    }
  }
  process.stdout.write(`forged tokens: ${corpus.length} × 2 eras, accepted ${accepted.length}\n`)
  expect(corpus.length).toBeGreaterThanOrEqual(200)
  expect(accepted).toEqual([])
  // Refused, and nothing has failed.
  expect([...statuses].toSorted((one, two) => one - two)).toEqual([400, 401])
  expect(bare).toEqual([])
  expect(stranger.asked).toEqual([])
  const sinks = gated.logged() + gated.kept().toString('latin1')
  const leaked = corpus.filter(([, authorization]) => {
    const token = [authorization].flat().at(-1)?.split(' ').at(-1) ?? ''
    return token.length > 200 && (sinks.includes(token) || sinks.includes(token.slice(-100)))
  })
  expect(leaked.map(([name]) => name)).toEqual([])
})

// AUTH-01, AUTH-07: `bearer` in small letters, and ours among fifty audiences.
test('every valid token is let in, in both eras', { timeout: 60_000 }, async () => {
  const now = Math.floor(Date.now() / 1000)
  const url = gated.door.url
  const pairs: [Record<string, unknown>, Record<string, unknown>?, CryptoKey?][] = [
    [{}],
    [{}, { alg: 'ES256', kid: 'ec' }, issuer.ec],
    [{}, { typ: 'application/at+jwt' }],
    [{}, { typ: 'AT+JWT' }],
    [{ aud: [url] }],
    [{ aud: ['https://other.example', url] }],
    [{ aud: [...Array.from({ length: 50 }, (_, at) => `https://${at}.example`), url] }],
    [{ exp: now - 20 }],
    [{ nbf: now + 20 }],
    [{ iat: now + 20 }],
    [{ sub: 'auth0|65f1c' }],
    [{ sub: 'lena@acme.example' }],
    [{ sub: '00u1a2b3c4D5e6F7g8' }],
    [{ scope: undefined, scp: ['tools:read', 'tools:write'] }],
    [{ scope: 'openid tools:read tools:write tools:read' }],
    [{ jti: undefined }],
    [{ roles: 'member other' }],
    [{}, { jku: 'http://169.254.169.254/keys' }],
  ]
  const refused: string[] = []
  let sent = 0
  for (const { era, headers, body } of eras()) {
    for (const [claims, header, key] of pairs) {
      for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
        sent += 1
        const heard = await send(headers, body, `${scheme} ${await issuer.sign(claims, header, key)}`)
        if (heard.status !== 200 || (era === '2026' && !heard.body.includes('let in')))
          refused.push(`${era} ${JSON.stringify(claims).slice(0, 60)} ${heard.status} ${heard.body}`)
      }
    }
  }
  process.stdout.write(`valid tokens: ${sent}, refused ${refused.length}\n`)
  expect(refused).toEqual([])
})

// AUTH-10
test('a flood of unknown keys asks the issuer once, and its outage changes nothing for known keys', async () => {
  const { headers, body } = eras()[1]!
  const before = issuer.asked.filter((path) => path === '/keys').length
  for (let at = 0; at < 200; at += 1)
    expect((await send(headers, body, `Bearer ${await issuer.sign({}, { kid: `k${at}` })}`)).status).toBe(401)
  expect(issuer.asked.filter((path) => path === '/keys').length - before).toBeLessThanOrEqual(1)
  issuer.down = true
  expect((await send(headers, body, `Bearer ${await issuer.sign()}`)).status).toBe(200)
  issuer.down = false
})

// Tokens that only their issuer can read, tokens that are bound to a key, and tokens that an issuer has taken back.
import { createHash, randomUUID } from 'node:crypto'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose'
import type { CryptoKey, JWK } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { modernRequest } from '../serve/fixture.ts'
import { gatedHub } from './door.ts'
import type { GatedHub } from './door.ts'
import { standInIssuer } from './issuer.ts'
import type { StandInIssuer } from './issuer.ts'

let issuer: StandInIssuer
let gated: GatedHub
let clock = Date.now()

beforeAll(async () => {
  process.env['TEST_INTROSPECTION'] = 'the-secret-of-the-hub'
  issuer = await standInIssuer(() => gated.door.url)
  const from = {
    issuer: issuer.url,
    claims: { roles: 'roles' },
    introspection: { clientId: 'hub', credential: 'env:TEST_INTROSPECTION', cacheSeconds: 10 },
  }
  gated = await gatedHub({
    now: () => new Date(clock),
    config: { people: { local: { id: 'maya', roles: [] }, issuers: [from] } },
  })
})
afterAll(async () => {
  await gated.close()
  await issuer.close()
})

async function status(authorization: string, proof?: string): Promise<number> {
  const { headers, body } = modernRequest('tools/call', { name: 'desk_note_echo', arguments: { text: 'x' } })
  const all = { ...headers, authorization, ...(proof !== undefined && { dpop: proof }) }
  const response = await fetch(gated.door.url, { method: 'POST', headers: all, body: JSON.stringify(body) })
  await response.text()
  return response.status
}

describe('an opaque token (RFC 7662)', () => {
  const active = (more: object = {}) => ({
    active: true,
    iss: issuer.url,
    aud: gated.door.url,
    sub: 'lena',
    client_id: 'agent',
    exp: Math.floor(clock / 1000) + 300,
    scope: 'tools:read',
    roles: ['member'],
    ...more,
  })
  const introspections = () => issuer.asked.filter((path) => path === '/introspect').length

  // AUTH-09
  test('is asked about, believed for seconds, and refused as soon as the issuer says so', async () => {
    issuer.said = () => active()
    const before = introspections()
    for (let at = 0; at < 20; at += 1) expect(await status('Bearer opaque-1')).toBe(200)
    expect(introspections() - before).toBe(1)
    issuer.said = () => ({ active: false })
    clock += 11_000
    expect(await status('Bearer opaque-1')).toBe(401)
  })
  // AUTH-09
  test('an answer that lacks what makes it ours is not taken, and no answer is no yes', async () => {
    const bad: object[] = [
      { aud: undefined },
      { iss: undefined },
      { aud: 'https://other.example' },
      { iss: 'https://other.example' },
      { exp: undefined },
      { exp: Math.floor(clock / 1000) - 60 },
      { sub: '' },
      { token_type: 'refresh_token' },
    ]
    for (const [at, more] of bad.entries()) {
      issuer.said = () => active(more)
      expect([more, await status(`Bearer opaque-bad-${at}`)]).toEqual([more, 401])
    }
    for (const [at, said] of [undefined, 'true', { active: 'true' }, { active: 1 }, []].entries()) {
      issuer.said = () => said
      expect(await status(`Bearer opaque-odd-${at}`)).toBe(503)
    }
    issuer.down = true
    expect(await status('Bearer opaque-down')).toBe(503)
    issuer.down = false
    expect(gated.logged()).not.toContain('opaque-')
    expect(gated.logged()).not.toContain('the-secret-of-the-hub')
  })
})

describe('a token that is bound to a key (RFC 9449)', () => {
  let key: CryptoKey
  let jwk: JWK
  let token: string
  beforeAll(async () => {
    const pair = await generateKeyPair('ES256', { extractable: true })
    key = pair.privateKey
    jwk = await exportJWK(pair.publicKey)
    const at = Math.floor(clock / 1000)
    token = await issuer.sign({ cnf: { jkt: await calculateJwkThumbprint(jwk, 'sha256') }, iat: at, exp: at + 3000 })
  })
  const prove = async (claims: object = {}, header: object = {}, by: CryptoKey = key) =>
    await new SignJWT({
      htm: 'POST',
      htu: gated.door.url,
      jti: randomUUID(),
      iat: Math.floor(clock / 1000),
      ath: createHash('sha256').update(token).digest('base64url'),
      ...claims,
    })
      .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk, ...header })
      .sign(by)

  // AUTH-13: the hub gives out no nonces, which RFC 9449 leaves to the server.
  test('comes in with a proof, once for each', async () => {
    const proof = await prove()
    expect(await status(`DPoP ${token}`, proof)).toBe(200)
    expect(await status(`DPoP ${token}`, proof)).toBe(401)
    expect(await status(`DPoP ${token}`, await prove())).toBe(200)
  })
  // AUTH-13
  test('is worth nothing to whoever lacks the key', async () => {
    const thief = await generateKeyPair('ES256', { extractable: true })
    const own = await exportJWK(thief.publicKey)
    const now = Math.floor(clock / 1000)
    expect(await status(`Bearer ${token}`)).toBe(401)
    expect(await status(`DPoP ${token}`)).toBe(401)
    const proofs = [
      await prove({}, { jwk: own }, thief.privateKey),
      await prove({}, {}, thief.privateKey),
      await prove({ htm: 'GET' }),
      await prove({ htu: 'https://other.example/mcp' }),
      await prove({ htu: `${gated.door.url}/x` }),
      await prove({ ath: 'x' }),
      await prove({ ath: undefined }),
      await prove({ iat: now - 61 }),
      await prove({ iat: now + 61 }),
      await prove({ iat: undefined }),
      await prove({ jti: undefined }),
      await prove({}, { typ: 'jwt' }),
      await prove({}, { jwk: { ...jwk, d: (await exportJWK(key)).d } }),
      'x',
      token,
    ]
    for (const proof of proofs) expect(await status(`DPoP ${token}`, proof)).toBe(401)
  })
})

// An issuer whose every answer a test decides: its description, its keys, what it says of a token, and when it is down.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import type { CryptoKey, JWK, JWTPayload } from 'jose'

export interface StandInIssuer {
  readonly url: string
  readonly keys: JWK[]
  /** Paths that were asked for, in order. */
  readonly asked: string[]
  readonly rsa: CryptoKey
  readonly ec: CryptoKey
  down: boolean
  /** What introspection says of this token. */
  said: (token: string) => unknown
  /** How tokens are exchanged: its status and what it says. */
  exchanged: (form: URLSearchParams, authorization: string) => Promise<{ readonly status: number; readonly body: unknown }>
  sign(claims?: JWTPayload, header?: Record<string, unknown>, key?: CryptoKey | Uint8Array): Promise<string>
  close(): Promise<void>
}

export async function standInIssuer(audience: () => string): Promise<StandInIssuer> {
  const rsa = await generateKeyPair('RS256', { extractable: true })
  const ec = await generateKeyPair('ES256', { extractable: true })
  const keys: JWK[] = [
    { ...(await exportJWK(rsa.publicKey)), kid: 'rsa', alg: 'RS256', use: 'sig' },
    { ...(await exportJWK(ec.publicKey)), kid: 'ec', alg: 'ES256', use: 'sig' },
  ]
  const asked: string[] = []
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    asked.push(path)
    if (issuer.down) {
      request.socket.destroy()
      return
    }
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    const ended = async () => {
      const said =
        path === '/token'
          ? await issuer.exchanged(new URLSearchParams(body), request.headers.authorization ?? '')
          : { status: 200, body: answerOf(path, body) }
      response
        .writeHead(said.body === undefined ? 404 : said.status, { 'content-type': 'application/json' })
        .end(JSON.stringify(said.body ?? {}))
    }
    request.on('end', () => void ended())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const answerOf = (path: string, body: string): unknown => {
    if (path === '/.well-known/openid-configuration')
      return {
        issuer: url,
        jwks_uri: `${url}/keys`,
        introspection_endpoint: `${url}/introspect`,
        token_endpoint: `${url}/token`,
      }
    if (path === '/keys') return { keys }
    if (path === '/introspect') return issuer.said(new URLSearchParams(body).get('token') ?? '')
    return undefined
  }
  const issuer: StandInIssuer = {
    url,
    keys,
    asked,
    rsa: rsa.privateKey,
    ec: ec.privateKey,
    down: false,
    said: () => ({ active: false }),
    exchanged: async () => ({ status: 400, body: { error: 'unsupported_grant_type' } }),
    async sign(claims = {}, header = {}, key = rsa.privateKey) {
      const now = Math.floor(Date.now() / 1000)
      const all = {
        iss: url,
        aud: audience(),
        sub: 'lena',
        client_id: 'agent',
        iat: now,
        exp: now + 300,
        jti: `t${now}`,
        scope: 'tools:read tools:write',
        roles: ['member'],
        ...claims,
      }
      const present = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
      return await new SignJWT(present).setProtectedHeader({ alg: 'RS256', kid: 'rsa', typ: 'at+jwt', ...header }).sign(key)
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return issuer
}

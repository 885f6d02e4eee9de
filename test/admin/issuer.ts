// An issuer that signs whatever a test says, and keeps what it was asked.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'

export interface Said {
  readonly claims?: Readonly<Record<string, unknown>>
  /** Signed by a key that is not in its set. */
  readonly otherKey?: boolean
  /** Takes the place of the ID token. */
  readonly idToken?: string
}

export interface TestIssuer {
  readonly issuer: string
  /** The forms that came to the token endpoint. */
  readonly exchanged: URLSearchParams[]
  /** What the next token says; `nonce` of the sign-in where the claims have none. */
  says(said: Said): void
  close(): void
}

export async function openIssuer(clientId: string): Promise<TestIssuer> {
  const [own, other] = await Promise.all([generateKeyPair('RS256'), generateKeyPair('RS256')])
  const jwk = { ...(await exportJWK(own.publicKey)), kid: 'own', alg: 'RS256', use: 'sig' }
  const exchanged: URLSearchParams[] = []
  let next: Said = {}
  const server = createServer((request, response) => {
    void answer(request.url ?? '', request).then(
      (value) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value)),
      () => response.writeHead(404).end(),
    )
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  async function answer(url: string, request: AsyncIterable<Buffer>): Promise<object> {
    if (url === '/.well-known/openid-configuration')
      return {
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/keys`,
        response_types_supported: ['code'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['RS256'],
        authorization_response_iss_parameter_supported: true,
      }
    if (url === '/keys') return { keys: [jwk] }
    if (url !== '/token') throw new Error('There is nothing here.')
    let body = ''
    for await (const part of request) body += part.toString()
    exchanged.push(new URLSearchParams(body))
    const now = Math.floor(Date.now() / 1000)
    const claims = { iss: issuer, aud: clientId, sub: 'jonas', iat: now, exp: now + 60, ...next.claims }
    const idToken =
      next.idToken ??
      (await new SignJWT(claims)
        .setProtectedHeader({ alg: 'RS256', kid: 'own' })
        .sign(next.otherKey ? other.privateKey : own.privateKey))
    return { access_token: 'none', token_type: 'Bearer', ...(idToken !== '' && { id_token: idToken }) }
  }

  return {
    issuer,
    exchanged,
    says: (said) => (next = said),
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

// From knowing only the hub's address to a call: the official client, a real authorization server, and a person who consents.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import type { OAuthClientProvider } from '@modelcontextprotocol/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startDevIdp } from '../../scripts/dev-idp.ts'
import type { DevIdp } from '../../scripts/dev-idp.ts'
import { signIn } from '../../scripts/dev-sign-in.ts'
import { gatedHub } from './door.ts'
import type { GatedHub } from './door.ts'

let idp: DevIdp
let gated: GatedHub
let other: GatedHub

beforeAll(async () => {
  idp = await startDevIdp({ rolesOf: (name) => (name === 'olga' ? [] : ['member']) })
  const people = { local: { id: 'maya', roles: ['member'] }, issuers: [{ issuer: idp.issuer, claims: { roles: 'roles' } }] }
  gated = await gatedHub({ config: { people } })
  other = await gatedHub({ config: { people } })
}, 30_000)
afterAll(async () => {
  await gated.close()
  await other.close()
  await idp.close()
})

interface Person extends OAuthClientProvider {
  readonly asked: string[]
  /** Everything secret that it was given. */
  readonly secrets: string[]
  callback: URL | undefined
}

function person(name: string): Person {
  let client: Awaited<ReturnType<OAuthClientProvider['clientInformation']>>
  let tokens: Awaited<ReturnType<OAuthClientProvider['tokens']>>
  let verifier = ''
  const asked: string[] = []
  const secrets: string[] = []
  const self: Person = {
    asked,
    secrets,
    callback: undefined,
    redirectUrl: 'http://127.0.0.1:9/callback',
    clientMetadata: {
      client_name: 'an agent',
      redirect_uris: ['http://127.0.0.1:9/callback'],
      grant_types: ['authorization_code'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      application_type: 'native',
    },
    clientInformation: () => client,
    saveClientInformation: (known) => void (client = known),
    tokens: () => tokens,
    saveTokens(given) {
      tokens = given
      secrets.push(given.access_token)
    },
    saveCodeVerifier: (text) => void (verifier = text),
    codeVerifier: () => verifier,
    async redirectToAuthorization(url) {
      asked.push(url.searchParams.get('scope') ?? '')
      self.callback = await signIn(url, name)
    },
  }
  return self
}

async function connected(url: string, who: Person, modern: boolean): Promise<Client> {
  const options = modern ? { versionNegotiation: { mode: 'auto' as const } } : {}
  const first = new StreamableHTTPClientTransport(new URL(url), { authProvider: who })
  await new Client({ name: 'test', version: '1' }, options).connect(first).catch(() => undefined)
  if (who.callback) await first.finishAuth(who.callback.searchParams)
  who.callback = undefined
  const client = new Client({ name: 'test', version: '1' }, options)
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { authProvider: who }))
  return client
}

describe.each([
  ['2025', false],
  ['2026', true],
])('a client of the %s era', (_era, modern) => {
  test('discovers, authorises with PKCE, calls a tool, is stepped up for a write, and is refused elsewhere', async () => {
    const who = person('lena')
    const client = await connected(gated.door.url, who, modern)
    expect(who.asked).toEqual(['tools:read'])
    const told = await client.callTool({ name: 'desk_note_echo', arguments: { text: 'hello' } })
    expect(told.structuredContent).toMatchObject({ status: 'done', result: { text: 'hello' } })

    // A write needs more: the client is told what, and the person is asked again.
    const write = { name: 'desk_note_set', arguments: { id: 'n1', text: 'written' } }
    await expect(client.callTool(write)).rejects.toThrow(/[Uu]nauthorized|scope/)
    expect(who.asked).toHaveLength(2)
    expect(new Set(who.asked[1]?.split(' '))).toEqual(new Set(['tools:read', 'tools:write']))
    const transport = client.transport as StreamableHTTPClientTransport
    await transport.finishAuth(who.callback!.searchParams)
    const written = await client.callTool(write)
    expect(written.structuredContent).toMatchObject({ status: 'done' })

    // The same token at another hub of the same issuer.
    const token = who.secrets.at(-1)!
    const elsewhere = await fetch(other.door.url, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
      },
      body: '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}',
    })
    expect(elsewhere.status).toBe(401)
    expect(elsewhere.headers.get('www-authenticate')).toMatch(/^Bearer error="invalid_token".*resource_metadata="/)
    await client.close()

    const sinks = { log: gated.logged() + other.logged(), store: gated.kept(), requests: gated.hub.requests().join() }
    for (const secret of who.secrets) {
      const signature = secret.split('.')[2]!
      const spellings = [
        secret,
        signature,
        Buffer.from(secret).toString('base64').slice(0, 64),
        Buffer.from(secret).toString('hex').slice(0, 64),
      ]
      const leaks = Object.entries(sinks).filter(([, text]) => spellings.some((one) => text.includes(one)))
      expect(leaks.map(([sink]) => sink)).toEqual([])
    }
    const opened = await Array.fromAsync(gated.hub.hub.store.entries('local'))
    expect(opened.some(({ payload }) => payload['principal'] === 'lena')).toBe(true)
  }, 30_000)
})

test('whom the issuer gives no role gets no tool, and whom it does not know gets nothing', async () => {
  const client = await connected(gated.door.url, person('olga'), true)
  expect((await client.listTools()).tools.map(({ name }) => name)).not.toContain('desk_note_set')
  const refused = await client.callTool({ name: 'desk_note_echo', arguments: { text: 'hello' } })
  expect(refused.structuredContent).toMatchObject({ status: 'denied' })
  await client.close()
})

test('the metadata names the resource, the servers and the scopes, at both addresses (RFC 9728)', async () => {
  for (const place of ['', '/mcp']) {
    const response = await fetch(new URL(`/.well-known/oauth-protected-resource${place}`, gated.door.url))
    expect(await response.json()).toMatchObject({
      resource: gated.door.url,
      authorization_servers: [idp.issuer],
      scopes_supported: ['tools:read', 'tools:write'],
      bearer_methods_supported: ['header'],
    })
  }
})

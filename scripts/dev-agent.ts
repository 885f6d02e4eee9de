// A remote agent for trying the hub out: finds the authorization server, has somebody sign in, and calls one tool.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parseArgs } from 'node:util'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import type { OAuthClientProvider } from '@modelcontextprotocol/client'
import { signIn } from './dev-sign-in.ts'

const { values, positionals } = parseArgs({ allowPositionals: true, options: { as: { type: 'string' } } })
const [url, tool, json = '{}'] = positionals
if (url === undefined) throw new Error('Usage: dev-agent.ts URL [TOOL [ARGUMENTS]] [--as PERSON]')

const say = (text: string) => void process.stdout.write(`${text}\n`)
let arrived: (callback: URL) => void = () => undefined
const server = createServer((request, response) => {
  response.end('Signed in. You can close this page.')
  arrived(new URL(request.url ?? '', 'http://127.0.0.1'))
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
const redirectUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/callback`

let client: Awaited<ReturnType<OAuthClientProvider['clientInformation']>>
let tokens: Awaited<ReturnType<OAuthClientProvider['tokens']>>
let found: Awaited<ReturnType<NonNullable<OAuthClientProvider['discoveryState']>>>
let verifier = ''
let callback: Promise<URL> | undefined
const authProvider: OAuthClientProvider = {
  redirectUrl,
  clientMetadata: {
    client_name: 'Toolgate dev agent',
    redirect_uris: [redirectUrl],
    grant_types: ['authorization_code'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
    application_type: 'native',
  },
  clientInformation: () => client,
  saveClientInformation: (known) => void (client = known),
  discoveryState: () => found,
  saveDiscoveryState: (state) => void (found = state),
  tokens: () => tokens,
  saveTokens: (given) => void (tokens = given),
  saveCodeVerifier: (text) => void (verifier = text),
  codeVerifier: () => verifier,
  redirectToAuthorization(address) {
    say(`${address.origin} is asked for: ${address.searchParams.get('scope')}`)
    callback = new Promise((resolve) => (arrived = resolve))
    if (values.as === undefined) say(`Open this in a browser:\n  ${address.href}`)
    else callback = signIn(address, values.as)
  },
}

const transport = () => new StreamableHTTPClientTransport(new URL(url), { authProvider })
const connect = async (over: StreamableHTTPClientTransport) => {
  const agent = new Client({ name: 'dev-agent', version: '1' }, { versionNegotiation: { mode: 'auto' } })
  await agent.connect(over)
  return agent
}
const first = transport()
const agent = await connect(first).catch(async (error: unknown) => {
  if (!callback) throw error
  await first.finishAuth((await callback).searchParams)
  return await connect(transport())
})
if (tool === undefined) {
  const { tools } = await agent.listTools()
  say(tools.map(({ name }) => name).join('\n'))
} else {
  const call = { name: tool, arguments: JSON.parse(json) as Record<string, unknown> }
  callback = undefined
  const answer = await agent.callTool(call).catch(async (error: unknown) => {
    if (!callback) throw error
    await (agent.transport as StreamableHTTPClientTransport).finishAuth((await callback).searchParams)
    return await agent.callTool(call)
  })
  say(JSON.stringify(answer.structuredContent, undefined, 2))
}
await agent.close()
server.close()

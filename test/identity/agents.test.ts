// Agents that others wrote come in with a token of a real authorization server: LangChain's adapters and OpenAI's Agents SDK.
import { MultiServerMCPClient } from '@langchain/mcp-adapters'
import { Agent, MCPServerStreamableHttp, run, setTracingDisabled } from '@openai/agents'
import type { Model, ModelRequest, ModelResponse } from '@openai/agents'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startDevIdp } from '../../scripts/dev-idp.ts'
import type { DevIdp } from '../../scripts/dev-idp.ts'
import { gatedHub } from './door.ts'
import type { GatedHub } from './door.ts'

let idp: DevIdp
let gated: GatedHub
const client = {
  client_id: 'nightly',
  client_secret: 'a-secret-of-a-test-client-only',
  grant_types: ['client_credentials'],
  redirect_uris: [],
  response_types: [] as never[],
}

beforeAll(async () => {
  idp = await startDevIdp({ clients: [client] })
  const issuer = { issuer: idp.issuer, clients: true, roles: ['member'] }
  gated = await gatedHub({ config: { people: { local: { id: 'maya', roles: [] }, issuers: [issuer] } } })
}, 30_000)
afterAll(async () => {
  await gated.close()
  await idp.close()
})

/** Client credentials (RFC 6749, 4.4): an agent without a person. */
async function tokenFor(scope: string): Promise<string> {
  const response = await fetch(`${idp.issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${client.client_id}:${client.client_secret}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope, resource: gated.door.url }),
  })
  return ((await response.json()) as { access_token: string }).access_token
}

async function whoCalled(): Promise<unknown[]> {
  const entries = await Array.fromAsync(gated.hub.hub.store.entries('local'))
  return entries.filter(({ kind }) => kind === 'call.opened').map(({ payload }) => payload['principal'])
}

test('LangChain: lists and calls tools as the client that it is, and is refused without a token', async () => {
  const connect = (headers: Record<string, string>) =>
    new MultiServerMCPClient({
      mcpServers: { hub: { transport: 'http' as const, url: gated.door.url, headers } },
      useStandardContentBlocks: true,
    })
  const adapters = connect({ authorization: `Bearer ${await tokenFor('tools:read tools:write')}` })
  const tools = await adapters.getTools()
  const echo = tools.find(({ name }) => name.endsWith('desk_note_echo'))
  const set = tools.find(({ name }) => name.endsWith('desk_note_set'))
  expect(JSON.stringify(await echo?.invoke({ text: 'from LangChain' }))).toContain('from LangChain')
  expect(JSON.stringify(await set?.invoke({ id: 'n1', text: 'by LangChain' }))).toContain('by LangChain')
  await adapters.close()
  expect(new Set(await whoCalled())).toEqual(new Set(['client:nightly']))
  await expect(connect({}).getTools()).rejects.toThrow(/401|hub/i)
})

/** A model that calls a tool once and repeats what it heard: what agents do, without one. */
function scripted(tool: string, args: object): Model {
  let turn = 0
  const usage = {
    requests: 1,
    inputTokens: 0,
    outputTokens: 0,
    totalTokens: 0,
    inputTokensDetails: [],
    outputTokensDetails: [],
  }
  return {
    async getResponse({ input }: ModelRequest): Promise<ModelResponse> {
      turn += 1
      if (turn === 1)
        return {
          usage,
          output: [
            { type: 'function_call', callId: 'c1', name: tool, arguments: JSON.stringify(args), status: 'completed' },
          ],
        } as unknown as ModelResponse
      return {
        usage,
        output: [
          {
            type: 'message',
            role: 'assistant',
            status: 'completed',
            content: [{ type: 'output_text', text: JSON.stringify(input).slice(-2000) }],
          },
        ],
      } as unknown as ModelResponse
    },
    getStreamedResponse: () => {
      throw new Error('Nothing here is streamed.')
    },
  }
}

test('OpenAI Agents: an agent with a scripted model reads and writes with a bearer token', async () => {
  setTracingDisabled(true)
  const server = new MCPServerStreamableHttp({
    url: gated.door.url,
    name: 'hub',
    requestInit: { headers: { authorization: `Bearer ${await tokenFor('tools:read tools:write')}` } },
  })
  await server.connect()
  const agent = (tool: string, args: object) =>
    new Agent({ name: 'clerk', instructions: 'Do it.', mcpServers: [server], model: scripted(tool, args) })
  expect((await run(agent('desk_note_echo', { text: 'from an agent' }), 'Say it.')).finalOutput).toContain('from an agent')
  expect((await run(agent('desk_note_set', { id: 'n2', text: 'by an agent' }), 'Write it.')).finalOutput).toContain(
    'by an agent',
  )
  await server.close()
})

test('a client without a person is refused where the issuer is not configured for it', async () => {
  const people = { local: { id: 'maya', roles: [] }, issuers: [{ issuer: idp.issuer, audience: gated.door.url }] }
  await using strict = await gatedHub({ config: { people } })
  const headers = {
    authorization: `Bearer ${await tokenFor('tools:read')}`,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
  }
  expect((await fetch(strict.door.url, { method: 'POST', headers, body: '{}' })).status).toBe(403)
})

// In the middle of a call: clients that open addresses are asked to, others read the link.
import { expect, test } from 'vitest'
import { house } from './house.ts'
import type { House } from './house.ts'

async function call(at: House, capabilities: object, more: object = {}): Promise<Readonly<Record<string, unknown>>> {
  const response = await fetch(`${at.address}/mcp`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': 'jira_issue_get',
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: {
        name: 'jira_issue_get',
        arguments: { key: 'OPS-42' },
        _meta: {
          'io.modelcontextprotocol/protocolVersion': '2026-07-28',
          'io.modelcontextprotocol/clientCapabilities': capabilities,
          'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
        },
        ...more,
      },
    }),
  })
  const text = await response.text()
  const json = text.startsWith('{') ? text : (/^data: (.+)$/m.exec(text)?.[1] ?? '')
  return (JSON.parse(json) as { readonly result: Readonly<Record<string, unknown>> }).result
}

test('a client that opens addresses is given one, and goes on when its user was there', async () => {
  await using at = await house()
  const asked = await call(at, { elicitation: { url: {} } })
  const url = `${at.address}/connect/to/jira`
  expect(asked).toMatchObject({
    resultType: 'input_required',
    inputRequests: { connect: { method: 'elicitation/create', params: { mode: 'url', url } } },
  })
  // Its user only looked: no second question, and the reason.
  const answered = { inputResponses: { connect: { action: 'accept' } } }
  const still = await call(at, { elicitation: { url: {} } }, answered)
  expect(still).toMatchObject({ isError: true, structuredContent: { status: 'failed', connect: { instance: 'jira', url } } })
  await at.connected('jira', 'maya')
  const done = await call(at, { elicitation: { url: {} } }, answered)
  expect(done).toMatchObject({ structuredContent: { status: 'done' } })
})

test.each([{}, { elicitation: {} }, { elicitation: { form: {} } }])(
  'a client that says %j reads the link',
  async (capabilities) => {
    await using at = await house()
    const told = await call(at, capabilities)
    expect(told).toMatchObject({ isError: true, structuredContent: { status: 'failed', connect: { instance: 'jira' } } })
    expect(JSON.stringify(told['content'])).toContain(`${at.address}/connect/to/jira`)
  },
)

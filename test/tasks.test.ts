// Tasks, as a remote agent of the 2026 era meets them: a held call is asked for again, and taken back.
import { expect, test } from 'vitest'
import { serveHttp } from '../src/serve/http.ts'
import type { Principal } from '../src/kit/policy.ts'
import { silentLog, testHub } from './hub.ts'
import type { TestHub } from './hub.ts'

const asking = `
rules:
  - allow: "*"
    who: role:member
  - ask: desk_note_send
    who: role:member
    approvers: role:lead
    because: A lead looks at what goes out.
`
const tool = 'desk_note_send'
const input = { desk: 'front', text: 'hello' }
const maya: Principal = { tenant: 'local', id: 'maya', roles: ['member'] }
const jonas = { tenant: 'local', id: 'jonas', channel: 'browser' } as const

/** As JSON-RPC answers. */
interface Reply {
  readonly result?: Readonly<Record<string, unknown>>
  readonly error?: Readonly<Record<string, unknown>>
}

interface Client {
  ask(method: string, params: object, tasks?: boolean): Promise<Reply>
}

test('a held call is a task: it works until a person decides, and then has the result of the call', async () => {
  await using hub = await testHub({ policy: asking })
  await using agent = await client(hub)
  const { result: task } = await agent.ask('tools/call', { name: tool, arguments: input })
  expect(task).toMatchObject({ resultType: 'task', status: 'working', taskId: expect.stringMatching(/^op_/) })
  const { taskId } = task as { taskId: string }
  const get = async () => (await agent.ask('tasks/get', { taskId })).result
  expect(await get()).toMatchObject({ status: 'working', statusMessage: expect.stringContaining('role:lead') })
  expect(hub.writes()).toEqual([])
  const { digest } = await hub.hub.approvals.view(taskId, jonas)
  await hub.hub.approvals.approve(taskId, jonas, { digest })
  expect(await get()).toMatchObject({ status: 'completed', result: { structuredContent: { status: 'done' } } })
  expect(hub.writes()).toHaveLength(1)
})

test('a task that is cancelled cancels the hold: nobody can approve it any more', async () => {
  await using hub = await testHub({ policy: asking })
  await using agent = await client(hub)
  const { taskId } = (await agent.ask('tools/call', { name: tool, arguments: input })).result as { taskId: string }
  const { digest } = await hub.hub.approvals.view(taskId, jonas)
  expect((await agent.ask('tasks/cancel', { taskId })).result).toMatchObject({ resultType: 'complete' })
  expect((await agent.ask('tasks/get', { taskId })).result).toMatchObject({ status: 'cancelled' })
  expect((await agent.ask('tasks/cancel', { taskId })).result).toMatchObject({ resultType: 'complete' })
  await expect(hub.hub.approvals.approve(taskId, jonas, { digest })).rejects.toThrow(/./)
  expect(hub.writes()).toEqual([])
})

test('a denied call is a completed task that says so', async () => {
  await using hub = await testHub({ policy: asking })
  await using agent = await client(hub)
  const { taskId } = (await agent.ask('tools/call', { name: tool, arguments: input })).result as { taskId: string }
  await hub.hub.approvals.deny(taskId, jonas, 'Not today.')
  const { result } = await agent.ask('tasks/get', { taskId })
  expect(result).toMatchObject({ status: 'completed', result: { isError: true, structuredContent: { status: 'denied' } } })
})

test('somebody else’s task is none, and so is one that never was', async () => {
  await using hub = await testHub({ policy: asking })
  await using agent = await client(hub)
  await using other = await client(hub, { ...maya, id: 'jonas' })
  const { taskId } = (await agent.ask('tools/call', { name: tool, arguments: input })).result as { taskId: string }
  for (const method of ['tasks/get', 'tasks/cancel', 'tasks/update']) {
    expect((await other.ask(method, { taskId })).error).toMatchObject({ code: -32602 })
    expect((await agent.ask(method, { taskId: 'op_00000000000000000000000000' })).error).toMatchObject({ code: -32602 })
  }
  expect((await agent.ask('tasks/get', { taskId })).result).toMatchObject({ status: 'working' })
})

test('a client that did not say so gets an answer and no task, and cannot ask for one', async () => {
  await using hub = await testHub({ policy: asking })
  await using agent = await client(hub)
  const { result } = await agent.ask('tools/call', { name: tool, arguments: input }, false)
  expect(result).toMatchObject({ structuredContent: { status: 'held' } })
  expect((await agent.ask('tasks/get', { taskId: operationOf(result) }, false)).error).toMatchObject({
    code: -32021,
  })
})

function operationOf(result: Reply['result']): string {
  const { operation_id: id = '' } = (result?.['structuredContent'] ?? {}) as { readonly operation_id?: string }
  return id
}

async function client(hub: TestHub, principal = maya): Promise<Client & AsyncDisposable> {
  const door = await serveHttp({
    dispatcher: hub.hub.dispatcher,
    principalOf: () => Promise.resolve(principal),
    host: '127.0.0.1',
    port: 0,
    sessionIdleMs: 60_000,
    maxSessions: 10,
    log: silentLog,
    now: () => new Date(),
    drainMs: 100,
  })
  let id = 0
  return {
    async ask(method, params, tasks = true) {
      const named = params as { readonly name?: string; readonly taskId?: string }
      const capabilities = tasks ? { extensions: { 'io.modelcontextprotocol/tasks': {} } } : {}
      const response = await fetch(door.url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          'mcp-protocol-version': '2026-07-28',
          'mcp-method': method,
          'mcp-name': named.name ?? named.taskId ?? '',
        },
        body: JSON.stringify({
          jsonrpc: '2.0',
          id: ++id,
          method,
          params: {
            ...params,
            _meta: {
              'io.modelcontextprotocol/protocolVersion': '2026-07-28',
              'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
              'io.modelcontextprotocol/clientCapabilities': capabilities,
            },
          },
        }),
      })
      const text = await response.text()
      const line = /^data: (.*)$/m.exec(text)?.[1] ?? text
      return JSON.parse(line) as Reply
    },
    [Symbol.asyncDispose]: () => door.close(),
  }
}

// The official clients of both generations speak with both doors: they list, call, cancel, and hear of changes.
import { fileURLToPath } from 'node:url'
import { Client as ClientV2, StreamableHTTPClientTransport as HttpV2 } from '@modelcontextprotocol/client'
import { StdioClientTransport as StdioV2 } from '@modelcontextprotocol/client/stdio'
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport as StdioV1 } from '@modelcontextprotocol/sdk/client/stdio.js'
import { StreamableHTTPClientTransport as HttpV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterEach, describe, expect, test } from 'vitest'
import { httpDoor, until } from './fixture.ts'

/** What the tests do with a connected client, whichever it is. */
interface Caller {
  list(): Promise<readonly string[]>
  call(
    name: string,
    args?: Record<string, unknown>,
    signal?: AbortSignal,
  ): Promise<{ readonly isError: boolean; readonly text: string }>
}

/** The far side: the dispatcher in this process, or in a child. */
interface Far {
  changeTools(): void
  started(tool: string): boolean
  cancelled(): boolean
}

interface Connected {
  readonly caller: Caller
  readonly far: Far
  readonly changes: () => number
}

const generations = ['v1', 'v2 legacy', 'v2 auto'] as const
type Generation = (typeof generations)[number]
const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
})

describe.each(generations)('the %s client', (generation) => {
  describe.each(['stdio', 'http'] as const)('over %s', (door) => {
    const connected = () => (door === 'stdio' ? overStdio(generation) : overHttp(generation))

    test('lists the tools in their order', async () => {
      const { caller } = await connected()
      expect(await caller.list()).toEqual(['book_borrow', 'book_explode', 'book_find', 'book_shout', 'book_wait'])
    })

    test('calls, and a refusal is an answer that leaves the connection as it was', async () => {
      const { caller } = await connected()
      const found = await caller.call('book_find', { title: 'Emma' })
      expect(JSON.parse(found.text)).toMatchObject({ args: { title: 'Emma' } })
      expect(await caller.call('book_borrow')).toEqual({ isError: true, text: 'Not lent out on Sundays.' })
      await expect(caller.call('book_explode')).rejects.toThrow(/finds the cause in its log/)
      expect((await caller.call('book_find')).isError).toBe(false)
    })

    test('a failure inside tells the client nothing of its cause', async () => {
      const { caller } = await connected()
      await expect(caller.call('book_explode')).rejects.not.toThrow(/secret|ENOENT/)
    })

    test('cancelling reaches the call', async () => {
      const { caller, far } = await connected()
      const giveUp = new AbortController()
      const call = caller.call('book_wait', undefined, giveUp.signal)
      const settled = call.catch(() => 'gave up')
      await until(() => far.started('book_wait'))
      giveUp.abort('no longer needed')
      expect(await settled).toBe('gave up')
      await until(() => far.cancelled())
    })

    test('hears that the list changed', async () => {
      const { caller, far, changes } = await connected()
      await caller.list()
      // The stream for notifications opens after the handshake, and the change must not come before it.
      await until(() => {
        if (changes() === 0) far.changeTools()
        return changes() > 0
      })
      expect(changes()).toBeGreaterThan(0)
    })
  })
})

async function overHttp(generation: Generation): Promise<Connected> {
  const door = await httpDoor()
  cleanups.push(() => door.close())
  const { dispatcher } = door
  const client = await connect(generation, {
    v1: () => new HttpV1(new URL(door.url)),
    v2: () => new HttpV2(new URL(door.url)),
  })
  const far = {
    changeTools: () => dispatcher.changeTools(),
    started: (tool: string) => dispatcher.seen.includes(tool),
    cancelled: () => dispatcher.cancelled() > 0,
  }
  return { ...client, far }
}

async function overStdio(generation: Generation): Promise<Connected> {
  const params = {
    command: process.execPath,
    args: [fileURLToPath(new URL('stdio-child.ts', import.meta.url))],
    stderr: 'pipe' as const,
  }
  let told = ''
  let child: StdioV1 | StdioV2 | undefined
  const watched = <T extends StdioV1 | StdioV2>(transport: T) => {
    child = transport
    transport.stderr?.on('data', (chunk: Buffer) => {
      told += chunk.toString()
    })
    return transport
  }
  const client = await connect(generation, {
    v1: () => watched(new StdioV1(params)),
    v2: () => watched(new StdioV2(params)),
  })
  const far = {
    changeTools: () => void process.kill(child!.pid!, 'SIGUSR2'),
    started: (tool: string) => told.includes(`called ${tool}`),
    cancelled: () => told.includes('aborted'),
  }
  return { ...client, far }
}

interface Transports {
  readonly v1: () => HttpV1 | StdioV1
  readonly v2: () => HttpV2 | StdioV2
}

async function connect(generation: Generation, transports: Transports): Promise<Omit<Connected, 'far'>> {
  let heard = 0
  const onChanged = () => {
    heard += 1
  }
  const listChanged = { tools: { onChanged, autoRefresh: false, debounceMs: 0 } }
  const info = { name: 'test', version: '1.0.0' }
  if (generation === 'v1') {
    const client = new ClientV1(info, { listChanged })
    await client.connect(transports.v1())
    cleanups.push(() => client.close())
    return { caller: callerOf(client), changes: () => heard }
  }
  const client = new ClientV2(info, {
    listChanged,
    ...(generation === 'v2 auto' && { versionNegotiation: { mode: 'auto' } }),
  })
  await client.connect(transports.v2())
  cleanups.push(() => client.close())
  expect(client.getNegotiatedProtocolVersion()).toBe(generation === 'v2 auto' ? '2026-07-28' : '2025-11-25')
  return { caller: callerOf(client), changes: () => heard }
}

function callerOf(client: ClientV1 | ClientV2): Caller {
  return {
    async list() {
      const { tools } = await client.listTools()
      return tools.map(({ name }) => name)
    },
    async call(name, args, signal) {
      const params = { name, ...(args && { arguments: args }) }
      const options = signal ? { signal } : {}
      const result =
        client instanceof ClientV1
          ? await client.callTool(params, undefined, options)
          : await client.callTool(params, options)
      const [first] = result.content as { text: string }[]
      return { isError: result.isError === true, text: first?.text ?? '' }
    },
  }
}

// The stdio door in a process of its own: only frames on standard output, bad lines answered, nothing lost at the end.
import { spawn } from 'node:child_process'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { initialize, modernRequest, until } from './fixture.ts'

interface Child {
  readonly process: ChildProcessWithoutNullStreams
  readonly frames: () => readonly Frame[]
  readonly told: () => string
  readonly exited: Promise<number | null>
  write(...lines: readonly (object | string | Buffer)[]): void
}

interface Frame {
  readonly id?: unknown
  readonly result?: unknown
  readonly error?: { readonly code: number; readonly message: string }
}

const children: Child[] = []
afterEach(() => {
  for (const { process } of children.splice(0)) process.kill('SIGKILL')
})

const list = modernRequest('tools/list', {}, 'list').body
const find = (id: number) => modernRequest('tools/call', { name: 'book_find' }, id).body

test('PROTO-01: a line that is cut off is answered with an error line, and the next line is read', async () => {
  const child = await started()
  child.write('{"jsonrpc":"2.0","id":1,', list)
  await until(() => child.frames().length === 2)
  expect(child.frames()[0]).toMatchObject({ error: { code: -32700 } })
  expect(child.frames()[0]).not.toHaveProperty('id')
  expect(child.frames()[1]).toMatchObject({ id: 'list', result: { tools: expect.any(Array) } })
})

test.each([
  ['a batch', [list], -32600],
  [
    'a property twice',
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"book_find","arguments":{"a":1,"a":2}}}',
    -32600,
  ],
  [
    '__proto__',
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"book_find","arguments":{"__proto__":{}}}}',
    -32600,
  ],
  [
    'a lone surrogate',
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"book_find","arguments":{"a":"\\udfff"}}}',
    -32600,
  ],
  [
    '100 000 levels',
    `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`,
    -32600,
  ],
  ['a byte that is not UTF-8', Buffer.from([0x7b, 0xff, 0x7d, 0x0a]), -32700],
  ['a NUL', '{"jsonrpc":"2.0",\0"id":1}', -32700],
  ['a line of 11 MB', 'x'.repeat(11 * 1024 * 1024), -32600],
])('PROTO-26: %s is refused, reaches nothing, and the stream goes on', async (_what, line, code) => {
  const child = await started()
  child.write(line, find(9))
  await until(() => child.frames().length === 2)
  expect(child.frames()).toMatchObject([{ error: { code } }, { id: 9, result: {} }])
  expect(child.told().match(/called/g)).toHaveLength(1)
})

test('PROTO-26: lines may end in CRLF, be split anywhere, and the last may lack its end', async () => {
  const child = await started()
  const text = `${JSON.stringify(list)}\r\n\r\n${JSON.stringify(find(2))}`
  for (const part of text.match(/[^]{1,50}/g) ?? []) {
    child.process.stdin.write(part)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  child.process.stdin.end()
  expect(await child.exited).toBe(0)
  expect(child.frames()).toMatchObject([{ id: 'list' }, { id: 2 }])
})

test('PROTO-26: what a library prints to standard output lands on standard error', async () => {
  const child = await started()
  child.write(modernRequest('tools/call', { name: 'book_shout' }, 1).body)
  await until(() => child.frames().length === 1)
  expect(child.told()).toContain('SHOUTING ON STANDARD OUTPUT')
  expect(child.frames()).toMatchObject([{ id: 1, result: {} }])
})

test('PROTO-26: a reader that goes away ends the process without a crash', async () => {
  const child = await started()
  child.process.stdout.destroy()
  child.write(list, list)
  expect(await child.exited).toBe(0)
  expect(child.told()).toContain('closed')
  expect(child.told()).not.toMatch(/EPIPE|Error/)
})

test('two running requests cannot have one id', async () => {
  const child = await started()
  const wait = modernRequest('tools/call', { name: 'book_wait', arguments: {} }, 5).body
  child.write(wait, wait)
  await until(() => child.frames().length === 2)
  expect(child.frames()).toMatchObject([{ error: { message: expect.stringContaining('in use') } }, { id: 5, result: {} }])
  expect(child.told().match(/called/g)).toHaveLength(1)
})

test.each([
  ['the input ends', (child: Child) => void child.process.stdin.end()],
  ['it is told to terminate', (child: Child) => void child.process.kill('SIGTERM')],
])('calls that run when %s are answered', async (_what, stop) => {
  const child = await started()
  // Given arguments, the child lets it finish after a moment.
  child.write(modernRequest('tools/call', { name: 'book_wait', arguments: {} }, 1).body, find(2))
  await until(() => child.frames().length === 1)
  stop(child)
  expect(await child.exited).toBe(0)
  expect(child.frames()).toMatchObject([{ id: 2 }, { id: 1, result: {} }])
})

test('no call is waited for for ever', async () => {
  const child = await started()
  child.write(modernRequest('tools/call', { name: 'book_wait' }, 1).body)
  await until(() => child.told().includes('called'))
  child.process.stdin.end()
  expect(await child.exited).toBe(0)
  expect(child.told()).toMatch(/warn Requests were still unanswered[^]*aborted[^]*closed/)
})

test('a client that probes the 2026 era and then shakes hands in the 2025 one is served', async () => {
  const child = await started()
  child.write(
    modernRequest('server/discover', {}, 1).body,
    initialize(2),
    { jsonrpc: '2.0', method: 'notifications/initialized' },
    { jsonrpc: '2.0', id: 3, method: 'tools/list' },
  )
  await until(() => child.frames().length === 3)
  expect(child.frames()).toMatchObject([
    { id: 1 },
    { id: 2, result: { protocolVersion: '2025-11-25', serverInfo: { name: 'toolgate' } } },
    { id: 3 },
  ])
})

async function started(): Promise<Child> {
  const script = fileURLToPath(new URL('stdio-child.ts', import.meta.url))
  const process_ = spawn(process.execPath, [script], { stdio: 'pipe' })
  let [out, told] = ['', '']
  process_.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  process_.stderr.on('data', (chunk: Buffer) => (told += chunk.toString()))
  process_.stdin.on('error', () => undefined)
  const child: Child = {
    process: process_,
    // Every line must parse: standard output carries frames and nothing else.
    frames: () =>
      out
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Frame),
    told: () => told,
    exited: new Promise((resolve) => process_.on('close', resolve)),
    write(...lines) {
      for (const line of lines)
        process_.stdin.write(Buffer.isBuffer(line) ? line : `${typeof line === 'string' ? line : JSON.stringify(line)}\n`)
    },
  }
  children.push(child)
  await until(() => told.includes('open'))
  return child
}

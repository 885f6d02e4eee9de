// Requests that must be refused, and how: rows of the attack catalogue, each sent over HTTP by `protocol.test.ts`.
import { legacyHeaders, modernRequest } from './fixture.ts'

export interface Sent {
  readonly method?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string | string[] | undefined>>
  readonly body?: string | Buffer | object
}

export interface Row extends Sent {
  readonly id: string
  readonly what: string
  readonly status: number
  /** Of the JSON-RPC error. */
  readonly code?: number
  readonly says?: RegExp
}

/** A call of `book_find` with these arguments, as text. */
export const call = (args: string, id = '7') => {
  const meta = JSON.stringify(modernRequest('tools/call').body.params['_meta'])
  return `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"book_find","arguments":${args},"_meta":${meta}}}`
}
/** An object in an object, so many levels deep. */
export const nested = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`
/** A request that nothing is wrong with. */
export const good = modernRequest('tools/call', { name: 'book_find' })
const without = (header: string) => ({ ...good.headers, [header]: undefined })
const claim = (version: string) => ({
  ...good.body,
  params: {
    ...good.body.params,
    _meta: { ...(good.body.params['_meta'] as object), 'io.modelcontextprotocol/protocolVersion': version },
  },
})

export const badRequests: readonly Row[] = [
  { id: 'PROTO-01', what: 'JSON that is cut off', body: '{"jsonrpc":"2.0","id":1,', status: 400, code: -32700 },
  { id: 'PROTO-01', what: 'an empty body', body: '', status: 400, code: -32700 },
  { id: 'PROTO-02', what: 'JSON-RPC 1.0', body: { ...good.body, jsonrpc: '1.0' }, status: 400, code: -32600 },
  { id: 'PROTO-02', what: 'no method', body: { jsonrpc: '2.0', id: 1, params: {} }, status: 400, code: -32600 },
  { id: 'PROTO-02', what: 'a method that is a number', body: { ...good.body, method: 42 }, status: 400, code: -32600 },
  { id: 'PROTO-02', what: 'params that are a list', body: { ...good.body, params: ['x'] }, status: 400, code: -32600 },
  { id: 'PROTO-02', what: 'the id null', body: { ...good.body, id: null }, status: 400, code: -32600 },
  { id: 'PROTO-02', what: 'the id 1.5', body: { ...good.body, id: 1.5 }, status: 400, code: -32600 },
  { id: 'PROTO-02', what: 'an object as id', body: { ...good.body, id: {} }, status: 400, code: -32600 },
  { id: 'PROTO-02', what: 'a text instead of an object', body: '"tools/call"', status: 400, code: -32600 },
  ...[1, 100, 10_000].map((size) => ({
    id: 'PROTO-03',
    what: `a batch of ${size}`,
    body: Array.from({ length: size }, () => good.body),
    status: 400,
    code: -32600,
    says: /batch/,
  })),
  {
    id: 'PROTO-05',
    what: 'a property twice',
    body: call('{"project":"OK","project":"SECRET"}'),
    status: 400,
    code: -32600,
    says: /"project" twice/,
  },
  {
    id: 'PROTO-05',
    what: 'a property twice, spelled differently',
    body: call('{"a":1,"\\u0061":2}'),
    status: 400,
    code: -32600,
    says: /"a" twice/,
  },
  {
    id: 'PROTO-05',
    what: 'the method twice',
    body: call('{}').replace('"id"', '"method":"tools/list","id"'),
    status: 400,
    code: -32600,
    says: /"method" twice/,
  },
  {
    id: 'PROTO-05',
    what: 'a property twice around 2 MB of text',
    body: call(`{"a":"${'x\\"'.repeat(700_000)}","a":2}`),
    status: 400,
    code: -32600,
    says: /"a" twice/,
  },
  {
    id: 'PROTO-06',
    what: '"Method" for method',
    body: call('{}').replace('"method"', '"Method"'),
    status: 400,
    code: -32600,
    says: /"Method"/,
  },
  {
    id: 'PROTO-06',
    what: '"PARAMS" for params',
    body: call('{}').replace('"params"', '"PARAMS"'),
    status: 400,
    code: -32600,
    says: /"PARAMS"/,
  },
  {
    id: 'PROTO-06',
    what: '"Arguments" for arguments',
    body: call('{}').replace('"arguments"', '"Arguments"'),
    status: 400,
    code: -32600,
    says: /"Arguments"/,
  },
  ...[33, 64, 1000, 100_000].map((levels) => ({
    id: 'PROTO-07',
    what: `${levels} levels of nesting`,
    body: call(nested(levels)),
    status: 400,
    code: -32600,
    says: /32 levels/,
  })),
  {
    id: 'PROTO-07',
    what: 'a million elements',
    body: call(`{"list":[${'0,'.repeat(1_000_000)}0]}`),
    status: 400,
    code: -32600,
    says: /10000 elements/,
  },
  { id: 'PROTO-09', what: 'more than 4 MiB', body: call(`{"a":"${'x'.repeat(5 * 1024 * 1024)}"}`), status: 413 },
  {
    id: 'PROTO-10',
    what: 'the byte 0xff',
    body: Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff]), Buffer.from('"}')]),
    status: 400,
    code: -32700,
    says: /UTF-8/,
  },
  {
    id: 'PROTO-10',
    what: 'an overlong slash',
    body: Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xc0, 0xaf]), Buffer.from('"}')]),
    status: 400,
    code: -32700,
    says: /UTF-8/,
  },
  {
    id: 'PROTO-10',
    what: 'a cut off sequence',
    body: Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xe2, 0x82]), Buffer.from('"}')]),
    status: 400,
    code: -32700,
    says: /UTF-8/,
  },
  {
    id: 'PROTO-10',
    what: 'surrogates as bytes',
    body: Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from('"}')]),
    status: 400,
    code: -32700,
    says: /UTF-8/,
  },
  { id: 'PROTO-10', what: 'UTF-16', body: Buffer.from(call('{}'), 'utf16le'), status: 400, code: -32700 },
  {
    id: 'PROTO-10',
    what: 'a byte order mark',
    body: `\uFEFF${call('{}')}`,
    status: 400,
    code: -32700,
    says: /byte order mark/,
  },
  {
    id: 'PROTO-11',
    what: 'a lone surrogate in a value',
    body: call('{"title":"\\ud800"}'),
    status: 400,
    code: -32600,
    says: /surrogate/,
  },
  {
    id: 'PROTO-11',
    what: 'a lone surrogate in a key',
    body: call('{"\\uDFFF":1}'),
    status: 400,
    code: -32600,
    says: /surrogate/,
  },
  {
    id: 'POL-G02',
    what: '__proto__ in arguments',
    body: call('{"__proto__":{"dry_run":false}}'),
    status: 400,
    code: -32600,
    says: /__proto__/,
  },
  {
    id: 'POL-G02',
    what: '__proto__ spelled with an escape, deep in a list',
    body: call('{"a":[{"\\u005f_proto__":1}]}'),
    status: 400,
    code: -32600,
    says: /__proto__/,
  },
  {
    id: 'POL-G02',
    what: 'constructor.prototype',
    body: call('{"constructor":{"prototype":{}}}'),
    status: 400,
    code: -32600,
    says: /constructor/,
  },
  {
    id: 'numbers',
    what: 'a number beyond all measure',
    body: call('{"amount":1e999}'),
    status: 400,
    code: -32600,
    says: /too large/,
  },
  {
    id: 'numbers',
    what: 'a whole number that loses digits',
    body: call('{"amount":9007199254740993}'),
    status: 400,
    code: -32600,
    says: /lose digits/,
  },
  { id: 'PROTO-14', what: 'a header of 20 KiB', headers: { ...good.headers, 'x-long': 'x'.repeat(20 * 1024) }, status: 431 },
  {
    id: 'PROTO-14',
    what: '1500 headers',
    headers: { ...good.headers, ...Object.fromEntries(Array.from({ length: 1500 }, (_, index) => [`h${index}`, ''])) },
    status: 431,
  },
  {
    id: 'PROTO-15',
    what: 'Mcp-Method that disagrees',
    headers: { ...good.headers, 'mcp-method': 'tools/list' },
    status: 400,
    code: -32020,
  },
  {
    id: 'PROTO-15',
    what: 'Mcp-Name that disagrees',
    headers: { ...good.headers, 'mcp-name': 'book_borrow' },
    status: 400,
    code: -32020,
  },
  { id: 'PROTO-15', what: 'no Mcp-Method', headers: without('mcp-method'), status: 400, code: -32020 },
  {
    id: 'PROTO-17',
    what: 'Mcp-Method twice',
    headers: { ...good.headers, 'mcp-method': ['tools/list', 'tools/call'] },
    status: 400,
    says: /twice/,
  },
  {
    id: 'PROTO-17',
    what: 'Mcp-Method in capitals',
    headers: { ...good.headers, 'mcp-method': 'TOOLS/CALL' },
    status: 400,
    code: -32020,
  },
  { id: 'PROTO-19', what: 'no MCP-Protocol-Version', headers: without('mcp-protocol-version'), status: 400, code: -32020 },
  {
    id: 'PROTO-19',
    what: 'a version of the future',
    headers: { ...good.headers, 'mcp-protocol-version': '2099-01-01' },
    body: claim('2099-01-01'),
    status: 400,
    code: -32022,
    says: /2026-07-28|Unsupported/,
  },
  {
    id: 'PROTO-19',
    what: 'a version that disagrees with the message',
    headers: { ...good.headers, 'mcp-protocol-version': '2099-01-01' },
    status: 400,
    code: -32020,
  },
  {
    id: 'PROTO-19',
    what: 'an old version without a session',
    headers: { ...legacyHeaders, 'mcp-protocol-version': '2025-03-26' },
    body: { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'book_find' } },
    status: 400,
    code: -32600,
    says: /initialize/,
  },
  ...[
    'http://evil.com',
    'null',
    'http://127.0.0.1.evil.com',
    'http://localhost:9999',
    'http://localhost',
    'HTTP://LOCALHOST',
  ].map((origin) => ({ id: 'PROTO-21', what: `the origin ${origin}`, headers: { ...good.headers, origin }, status: 403 })),
  ...['evil.com', '127.0.0.1@evil', 'localhost.', 'localhost.:80', '127.0.0.1.evil.com', '127.1', '[::1'].map((host) => ({
    id: 'PROTO-22',
    what: `the host "${host}"`,
    headers: { ...good.headers, host },
    status: 403,
  })),
  { id: 'PROTO-22', what: 'an absolute request target', path: 'http://internal/mcp', status: 400 },
  { id: 'PROTO-23', what: 'GET', method: 'GET', headers: { accept: 'text/event-stream' }, status: 405 },
  {
    id: 'PROTO-23',
    what: 'GET of the 2026 era with a session',
    method: 'GET',
    headers: { accept: 'text/event-stream', 'mcp-protocol-version': '2026-07-28', 'mcp-session-id': 'x' },
    status: 405,
  },
  { id: 'PROTO-23', what: 'DELETE', method: 'DELETE', status: 405 },
  { id: 'PROTO-23', what: 'PUT', method: 'PUT', status: 405 },
  { id: 'PROTO-23', what: 'OPTIONS', method: 'OPTIONS', status: 405 },
  {
    id: 'PROTO-23',
    what: 'a session that does not exist',
    headers: { ...legacyHeaders, 'mcp-session-id': 'made-up' },
    body: { jsonrpc: '2.0', id: 1, method: 'tools/list' },
    status: 404,
  },
  {
    id: 'PROTO-29',
    what: 'a forged cursor',
    headers: modernRequest('tools/list').headers,
    body: modernRequest('tools/list', { cursor: 'eyJwIjo5fQ' }).body,
    status: 200,
    code: -32602,
  },
  { id: 'types', what: 'text/plain', headers: { ...good.headers, 'content-type': 'text/plain' }, status: 415 },
  { id: 'types', what: 'no content type', headers: without('content-type'), status: 415 },
  { id: 'types', what: 'a compressed body', headers: { ...good.headers, 'content-encoding': 'gzip' }, status: 415 },
  {
    id: 'methods',
    what: 'a method that does not exist',
    headers: modernRequest('tools/destroy').headers,
    body: modernRequest('tools/destroy').body,
    status: 404,
    code: -32601,
  },
  { id: 'people', what: 'someone unknown', headers: { ...good.headers, 'x-person': 'nobody' }, status: 401 },
  { id: 'paths', what: 'another path', path: '/mcp/../admin', status: 404 },
]

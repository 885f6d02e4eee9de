// What leaves the hub: the declared routes of the configured host, and nothing else.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { GuardOptions } from '../../src/egress/fetch.ts'
import { answering, codeOf, rawVendor, response, testGuard } from './vendor.ts'
import type { RawVendor } from './vendor.ts'

let vendor: RawVendor

beforeAll(async () => {
  vendor = await rawVendor(answering(response(200, '{}')))
})
afterAll(() => vendor.close())

/** Routes as the Jira and Salesforce connectors declare them. */
const declared: Partial<GuardOptions> = {
  reads: [
    'GET /rest/api/3/issue/{key}',
    'GET /services/data/v64.0/sobjects/Account/{id}',
    'GET /services/data/v64.0/sobjects/Account/describe',
  ],
  writes: [
    'DELETE /rest/api/3/issue/{key}',
    'PUT /rest/api/3/issue/{key}',
    'POST /rest/api/3/issue/{key}/comment',
    'DELETE /rest/api/3/issue/{key}/comment/{id}',
    'PATCH /services/data/v64.0/sobjects/Account/{id}',
    'DELETE /services/data/v64.0/sobjects/Account/{id}',
    'PATCH /services/data/v64.0/sobjects/Account/Ext__c/{value}',
  ],
}

const issue = '/rest/api/3/issue'
const account = '/services/data/v64.0/sobjects/Account'

// What SDKs that do not encode path parameters make of hostile ids.
const hostile: readonly (readonly [method: string, path: string])[] = [
  ['GET', `${account}/../Contact/003x`],
  ['PATCH', `${account}/../User/005x`],
  ['DELETE', `${account}/../Opportunity/006x`],
  ['DELETE', `${account}/../../jobs/query/750x`],
  ['DELETE', `${account}/%2e%2e/Contact/..`],
  ['PATCH', `${account}/Ext__c/../../Contact/Ext__c/9`],
  ['PATCH', `${account}/Ext__c/a/b`],
  ['PATCH', `${account}/Ext__c/a%2Fb`],
  ['GET', `${account}/../Contact/describe`],
  ['DELETE', `${issue}/../project/SECRET`],
  ['PUT', `${issue}/../project/SECRET`],
  ['POST', `${issue}/../issue/SECRET-1/comment`],
  ['GET', `${issue}/../../../../secure/x`],
  ['GET', `${issue}/A-1?expand=changelog&x=?fields=summary`],
  ['GET', `${issue}/A-1?expand=changelog&x=/comment`],
  ['DELETE', `${issue}/A-1#/comment/10`],
  ['DELETE', `${issue}/A-1?x=/comment/10`],
  ['DELETE', `${issue}/A-1;x=1`],
  ['DELETE', `${issue}/A-1/`],
  ['DELETE', `${issue}//A-1`],
  ['DELETE', `/${issue}/A-1`],
  ['DELETE', `${issue}/.`],
  ['DELETE', `${issue}/..`],
  ['DELETE', `${issue}/%2e%2e`],
  ['DELETE', `${issue}/%2E%2E%2Fproject%2FSECRET`],
  ['DELETE', `${issue}/%252e%252e`],
  ['DELETE', `${issue}/..%5cproject`],
  ['DELETE', `${issue}/..\\project\\SECRET`],
  ['DELETE', `${issue}/A-1%00`],
  ['DELETE', `${issue}/A-1%0d%0aX: y`],
  ['DELETE', `${issue}/A-1\r\nX: y`],
  ['DELETE', `${issue}/A\t-1`],
  ['DELETE', `${issue}/A-1 `],
  ['DELETE', `${issue}/Ä-1`],
  ['DELETE', `${issue}/A-1．．`],
  ['DELETE', `${issue}/A-1*`],
  ['delete', `${issue}/A-1/comment`],
  ['DELETE', issue],
  ['DELETE', `${issue.toUpperCase()}/A-1`],
  ['POST', `${issue}/A-1`],
  ['PATCH', `${issue}/A-1`],
  ['HEAD', `${issue}/A-1`],
  ['OPTIONS', `${issue}/A-1`],
  ['GET', '/'],
]

// SSRF-06
describe('a path that is not declared never leaves', () => {
  test.each(hostile)('%s %s', async (method, path) => {
    const guard = testGuard(vendor.base, declared)
    expect(await codeOf(guard.fetch(vendor.base + path, { method }))).toBe('forbidden')
    // SDKs also build URL objects, which have already swallowed the `..`. Where that leaves a plain declared path, there
    // is nothing left to see: the connector's check of the id is what holds.
    const swallowed = /SECRET-1|A\t|A-1 $/.test(path)
    const url = swallowed ? null : URL.parse(vendor.base + path)
    expect(url === null ? 'forbidden' : await codeOf(guard.fetch(url, { method }))).toBe('forbidden')
    expect(guard.requests).toEqual([])
    expect(guard.touched()).toBe('untouched')
    expect(vendor.connections()).toBe(0)
  })
})

// SSRF-06
describe('another host never hears of it', () => {
  const { host } = new URL('http://vendor.example')
  test.each([
    'http://evil.example/issue/A-1',
    'https://127.0.0.1/issue/A-1',
    'http://127.0.0.1:1/issue/A-1',
    'http://localhost:PORT/issue/A-1',
    'http://127.0.0.1:PORT@evil.example/issue/A-1',
    'http://evil@127.0.0.1:PORT/issue/A-1',
    'http:/\\evil.example/issue/A-1',
    '//evil.example/issue/A-1',
    '/issue/A-1',
    'file:///etc/passwd',
    'data:text/plain,x',
    'http://127。0。0。1.evil.example:PORT/issue/A-1',
    `http://${host}/issue/A-1`,
    'ht\ntp://evil.example/issue/A-1',
    '',
  ])('%s', async (target) => {
    const guard = testGuard(vendor.base)
    expect(await codeOf(guard.fetch(target.replace('PORT', String(vendor.port))))).toBe('forbidden')
    expect(vendor.connections()).toBe(0)
  })
})

describe('one method never stands for another', () => {
  test.each(['X-HTTP-Method-Override', 'x-http-method', 'X-Method-Override'])('header %s', async (name) => {
    const guard = testGuard(vendor.base)
    const refused = guard.fetch(`${vendor.base}/issue/A-1`, { headers: { [name]: 'DELETE' } })
    expect(await codeOf(refused)).toBe('forbidden')
  })
  test.each(['_HttpMethod=PATCH', '_httpmethod=DELETE', '%5fHttpMethod=PATCH', 'a=b&_HTTPMETHOD='])(
    'query %s',
    async (query) => {
      const guard = testGuard(vendor.base)
      expect(await codeOf(guard.fetch(`${vendor.base}/search?${query}`, { method: 'POST' }))).toBe('forbidden')
    },
  )
  test('the method is that of the final request, wherever it was said', async () => {
    const guard = testGuard(vendor.base, { writes: [] })
    const disguised = new Request(`${vendor.base}/issue/A-1`, { method: 'GET' })
    expect(await codeOf(guard.fetch(disguised, { method: 'DELETE' }))).toBe('forbidden')
    expect(await codeOf(guard.fetch(new Request(disguised, { method: 'PUT' })))).toBe('forbidden')
    expect(vendor.connections()).toBe(0)
  })
})

test('a plan cannot write: without writes, every route that changes something is refused', async () => {
  const guard = testGuard(vendor.base, { ...declared, writes: [] })
  for (const route of declared.writes ?? []) {
    const [method = '', path = ''] = route.replaceAll(/\{\w+\}/g, 'A-1').split(' ')
    expect(await codeOf(guard.fetch(vendor.base + path, { method }))).toBe('forbidden')
  }
  expect(vendor.connections()).toBe(0)
})

test('what is declared arrives: below the base path, with query, headers and body', async () => {
  const own = await rawVendor(answering(response(200, '{"ok":true}', ['content-type: application/json'])))
  const guard = testGuard(`${own.base}/ex/jira/`, declared)
  const answer = await guard.fetch(new URL(`${own.base}/ex/jira${issue}/A-1/comment?notify=a%2Fb`), {
    method: 'POST',
    headers: { authorization: 'Basic eA==', 'content-type': 'application/json', host: 'evil.example' },
    body: '{"a":1}',
  })
  expect(await answer.json()).toEqual({ ok: true })
  expect(answer.url).toBe(`${own.base}/ex/jira${issue}/A-1/comment?notify=a%2Fb`)
  expect(own.received()).toMatch(/^POST \/ex\/jira\/rest\/api\/3\/issue\/A-1\/comment\?notify=a%2Fb HTTP\/1.1\r\n/)
  expect(own.received()).toContain('authorization: Basic eA==')
  expect(own.received()).not.toContain('evil.example')
  expect(own.received().endsWith('\r\n\r\n{"a":1}')).toBe(true)
  expect(guard.requests).toEqual([
    {
      method: 'POST',
      route: 'POST /rest/api/3/issue/{key}/comment',
      path: `${issue}/A-1/comment`,
      status: 200,
      ms: expect.any(Number),
    },
  ])
  await own.close()
})

test('of two routes that fit, the more specific counts: a read by POST beside a write with a parameter', async () => {
  const own = await rawVendor(answering(response(200, '{}')))
  const guard = testGuard(own.base, { reads: ['POST /issue/bulkfetch'], writes: ['POST /issue/{key}'] })
  await guard.fetch(`${own.base}/issue/bulkfetch`, { method: 'POST' })
  expect(guard.touched()).toBe('untouched')
  await guard.fetch(`${own.base}/issue/A-1`, { method: 'POST' })
  expect(guard.touched()).toBe('accepted')
  await own.close()
})

test.each([[['GET /issue/{key}', 'GET /issue/picker']], [['GET /issue/picker', 'GET /issue/{key}']]])(
  'the order of the declarations %j does not matter: what is recorded is the more specific',
  async (reads) => {
    const own = await rawVendor(answering(response(200, '{}')))
    const guard = testGuard(own.base, { reads })
    await guard.fetch(`${own.base}/issue/picker`)
    expect(guard.requests.map(({ route }) => route)).toEqual(['GET /issue/picker'])
    await own.close()
  },
)

test('a route that declares a read and a write at once is taken for a write', async () => {
  const own = await rawVendor(answering(response(200, '{}')))
  const guard = testGuard(own.base, { reads: ['POST /issue/{key}'], writes: ['POST /issue/{key}'] })
  await guard.fetch(`${own.base}/issue/A-1`, { method: 'POST' })
  expect(guard.touched()).toBe('accepted')
  await own.close()
})

test.each([
  'GET',
  'get /x',
  'GET x',
  'GET /a/{b}c',
  'GET /a//b',
  'GET /a/../b',
  'GET /a/%2e',
  'GET /a?b',
  'TRACE /a',
  'GET /a /b',
  'GET /*',
])('the template "%s" is a mistake of its author', (template) => {
  expect(() => testGuard(vendor.base, { reads: [template] })).toThrow(TypeError)
})

test.each([
  'ftp://x.example',
  'http://x.example',
  'https://user:pw@x.example',
  'https://x.example/?a',
  'https://x.example/#a',
])('the base %s is refused', (base) => {
  expect(() => testGuard(base, { loopback: false })).toThrow(/Check the site/)
})

// A vendor with several addresses: each has its own routes, and nothing of one is reached through another.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { answering, codeOf, rawVendor, response, testGuard } from './vendor.ts'
import type { RawVendor } from './vendor.ts'

let main: RawVendor
let files: RawVendor

beforeAll(async () => {
  main = await rawVendor(answering(response(200, '{}')))
  files = await rawVendor(answering(response(200, 'content')))
})
afterAll(async () => {
  await main.close()
  await files.close()
})

const reads = ['GET /api/issue', 'GET files:/download/{id}']

test('each address takes its own routes only', async () => {
  const guard = testGuard(main.base, { reads, hosts: { files: files.base } })
  expect((await guard.fetch(`${main.base}/api/issue`)).status).toBe(200)
  expect(await (await guard.fetch(`${files.base}/download/F1`)).text()).toBe('content')
  expect(await codeOf(guard.fetch(`${main.base}/download/F1`))).toBe('forbidden')
  expect(await codeOf(guard.fetch(`${files.base}/api/issue`))).toBe('forbidden')
  expect(guard.requests.map(({ route, path }) => [route, path])).toEqual([
    ['GET /api/issue', '/api/issue'],
    ['GET files:/download/{id}', '/download/F1'],
  ])
})

test('on a sandbox the address is a path, which the routes of the base do not open', async () => {
  const base = `${main.base}/slack`
  const guard = testGuard(base, { reads: ['GET /{a}/{b}', 'GET files:/download/{id}'], hosts: { files: `${base}/~files` } })
  await guard.fetch(`${base}/~files/download/F1`)
  expect(await codeOf(guard.fetch(`${base}/~files/F1`))).toBe('forbidden')
  expect(guard.requests.map(({ route }) => route)).toEqual(['GET files:/download/{id}'])
})

test('an address that was not declared stays closed', async () => {
  const guard = testGuard(main.base, { reads })
  expect(await codeOf(guard.fetch(`${files.base}/download/F1`))).toBe('forbidden')
})

test('a route with something else than a name before its path is a mistake of its author', () => {
  for (const route of ['GET https://files.slack.com/x', 'GET Files:/x', 'GET :/x', 'GET files/x'])
    expect(() => testGuard(main.base, { reads: [route] })).toThrow(TypeError)
})

// What is no answer to what this browser asked, here and now, connects nothing.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { sandboxRequests } from '../../src/sandbox/admin.ts'
import { browser } from './browser.ts'
import { house } from './house.ts'
import type { House } from './house.ts'

let at: House
let refused = 0

beforeAll(async () => {
  at = await house()
})
beforeEach(async () => {
  for (const instance of ['jira', 'salesforce', 'slack'])
    for (const person of ['maya', 'jonas']) await at.connections.remove({ tenant: 'local', person, instance }, 'test')
})
afterAll(() => at.close())

/** Codes that the hub brought to the vendors. */
function exchanges(): number {
  const seen = sandboxRequests(at.hub.sandboxFile, { limit: 10_000 })
  const paths = ['/~auth/oauth/token', '/services/oauth2/token', '/api/oauth.v2.access']
  return seen.filter(({ path }) => paths.includes(path)).length
}

const link = async (instance: string, person = 'maya') =>
  (await at.connections.link({ tenant: 'local', person, instance })).url

async function expectRefused(work: Promise<{ readonly status: number; readonly text: string }>): Promise<void> {
  const page = await work
  expect(page.status).toBeGreaterThanOrEqual(400)
  expect(page.status).toBeLessThan(500)
  expect(await at.connections.all('local')).toEqual([])
  refused += 1
}

// AUTH-19: a state that is missing, old, used, of another browser or another person, and the code of another flow.
describe.each(['jira', 'salesforce', 'slack'])('%s', (instance) => {
  const agreed = async (by = browser()) => {
    const back = await by.agree(await by.toVendor(await link(instance)), 'maya')
    return { by, back }
  }

  test('the same answer a second time', async () => {
    const { by, back } = await agreed()
    const cookies = new Map(by.cookies)
    expect((await by.ask(back)).status).toBe(200)
    await at.connections.remove({ tenant: 'local', person: 'maya', instance }, 'test')
    for (const [name, value] of cookies) by.cookies.set(name, value)
    await expectRefused(by.ask(back))
  })

  test('of many at once, one', async () => {
    const { by, back } = await agreed()
    const cookies = new Map(by.cookies)
    const others = Array.from({ length: 10 }, () => {
      const other = browser()
      for (const [name, value] of cookies) other.cookies.set(name, value)
      return other
    })
    const before = exchanges()
    const pages = await Promise.all(others.map((other) => other.ask(back)))
    expect(exchanges()).toBe(before + 1)
    expect(pages.filter(({ status }) => status === 200)).toHaveLength(1)
    refused += 9
  })

  test('an answer in another browser, which spoils nothing for the one that began', async () => {
    const { by, back } = await agreed()
    await expectRefused(browser().ask(back))
    const other = browser()
    await other.toVendor(await link(instance, 'jonas'))
    await expectRefused(other.ask(back))
    expect((await by.ask(back)).status).toBe(200)
  })

  test('a state that was made up, changed, doubled or left out', async () => {
    const { by, back } = await agreed()
    const change = (edit: (url: URL) => void) => {
      const url = new URL(back)
      edit(url)
      return by.ask(url.href)
    }
    await expectRefused(change((url) => url.searchParams.set('state', 'A'.repeat(43))))
    await expectRefused(change((url) => url.searchParams.set('state', '')))
    await expectRefused(change((url) => url.searchParams.delete('state')))
    await expectRefused(change((url) => url.searchParams.append('state', 'B'.repeat(43))))
    await expectRefused(change((url) => url.searchParams.set('state', `${url.searchParams.get('state')}x`)))
    expect((await by.ask(back)).status).toBe(200)
  })

  test('a state with the code of somebody else', async () => {
    const mine = await agreed()
    const other = browser()
    const theirs = new URL(await other.agree(await other.toVendor(await link(instance, 'jonas')), 'noor'))
    const mixed = new URL(mine.back)
    // The verifier of one flow proves nothing for the code of another.
    mixed.searchParams.set('code', theirs.searchParams.get('code') ?? '')
    await expectRefused(mine.by.ask(mixed.href))
  })

  test('an answer that comes too late', async () => {
    const { by, back } = await agreed()
    at.later(10 * 60_000 + 1)
    await expectRefused(by.ask(back))
  })

  test('a person who says no at the vendor', async () => {
    const by = browser()
    await expectRefused(by.ask(await by.agree(await by.toVendor(await link(instance)), 'nobody')))
  })

  test('a ticket that was used, has lapsed, or is of another instance', async () => {
    const used = await link(instance)
    await browser().toVendor(used)
    await expectRefused(browser().ask(used))
    const other = instance === 'jira' ? 'slack' : 'jira'
    await expectRefused(browser().ask((await link(instance)).replace(`/to/${instance}`, `/to/${other}`)))
    const lapsed = await link(instance)
    at.later(10 * 60_000 + 1)
    await expectRefused(browser().ask(lapsed))
    await expectRefused(browser().ask(`${at.address}/connect/to/${instance}?ticket=${'A'.repeat(43)}`))
  })

  test('a form of another site', async () => {
    const form = { does: 'connect' }
    const url = `${at.address}/connect/to/${instance}`
    await expectRefused(browser().ask(url, { method: 'POST', form, origin: 'https://evil.example' }))
    await expectRefused(browser().ask(url, { method: 'POST', form, origin: 'null' }))
    // Every browser says where a form comes from.
    await expectRefused(browser().ask(url, { method: 'POST', form, origin: '' }))
  })
})

test('a code that goes to another callback than the one that was asked from', async () => {
  const by = browser()
  const page = new URL(await by.toVendor(await link('jira')))
  page.searchParams.set('redirect_uri', `${at.address}/connect/callback?x=1`)
  await expectRefused(by.ask(await by.agree(page.href, 'maya')))
})

test('a weaker challenge', async () => {
  const by = browser()
  const page = new URL(await by.toVendor(await link('jira')))
  expect(page.searchParams.get('code_challenge_method')).toBe('S256')
  expect(page.searchParams.get('code_challenge')).toMatch(/^[\w-]{43}$/)
  page.searchParams.set('code_challenge', 'A'.repeat(43))
  await expectRefused(by.ask(await by.agree(page.href, 'maya')))
})

// AUTH-19
test('where people say who they are, only a browser that is signed in begins, and for its own person', async () => {
  await using locked = await house({ adjust: (read) => ({ ...read, people: { ...read.people, apiKeys: true } }) })
  const url = `${locked.address}/connect/to/jira`
  expect((await browser().ask(url)).status).toBe(401)
  expect((await browser().ask(url, { method: 'POST', form: { does: 'connect' } })).status).toBe(401)
  const signedIn = async (person: string) => {
    const { code } = await locked.hub.sessions.link(person)
    const opened = await locked.hub.sessions.redeem(code, 'browser')
    const by = browser()
    by.cookies.set(`toolgate-${new URL(url).port}`, opened?.token ?? '')
    return by
  }
  const jonas = await signedIn('jonas')
  expect((await jonas.connect(url, 'jonas')).text).toContain('Jonas Lindqvist')
  expect(await locked.connections.all('local')).toMatchObject([{ person: 'jonas', account: 'Jonas Lindqvist' }])
  // A session that a terminal opened is no browser's.
  const { code } = await locked.hub.sessions.link('maya')
  const terminal = await locked.hub.sessions.redeem(code, 'terminal')
  const by = browser()
  by.cookies.set(`toolgate-${new URL(url).port}`, terminal?.token ?? '')
  expect((await by.ask(url)).status).toBe(401)
})

test('how many were refused', () => {
  expect(refused).toBeGreaterThanOrEqual(70)
})

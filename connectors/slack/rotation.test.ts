// Tokens that end: one renewal for all who wait, kept before it is used, and nothing lost without a word.
import type { Keep } from 'toolgate/kit'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { keptInMemory } from '../../test/keep.ts'
import { sandboxHarness } from '../../test/sandbox/harness.ts'
import type { Harness } from '../../test/sandbox/harness.ts'
import { slack } from './connector.ts'
import { installed } from './sandbox/rotation.ts'
import { botToken, channelIds, otherTokens } from './sandbox/seed.ts'
import { connect, contextOf } from './test/opened.ts'
import { refused, toolNamed } from './test/world.ts'

const credential = JSON.stringify({ client_secret: installed.clientSecret, refresh_token: installed.botRefreshToken })
const settings = { client_id: installed.clientId }
const support = channelIds['support'] ?? ''
const twelveHours = 12 * 60 * 60 * 1000

let harness: Harness
let now: Date
let keep: Keep
let cache: Map<string, unknown>

beforeAll(async () => {
  now = new Date()
  harness = await sandboxHarness(slack, { now: () => now })
})
beforeEach(() => {
  harness.mend()
  harness.reset()
  keep = keptInMemory()
  cache = new Map()
})
afterAll(() => harness.close())

const open = (more: object = {}) => connect(harness, { settings, credential, keep, cache, now: () => now, ...more })
const renewals = () => harness.requests().filter(({ path }) => path === '/api/oauth.v2.access').length
const asked = (method: string) => harness.requests().filter(({ path }) => path === `/api/${method}`).length
const later = () => {
  now = new Date(now.getTime() + twelveHours + 1000)
}

describe('a connection whose tokens rotate', () => {
  test('fetches its first token, keeps the new refresh token, and uses it until Slack says that it has ended', async () => {
    const { vendor } = await open()
    expect((await vendor.channel(support)).name).toBe('support')
    expect((await vendor.channel(support)).name).toBe('support')
    expect(renewals()).toBe(1)
    expect(await keep.read()).toContain('xoxe-1-sandbox-')
    expect(await keep.read()).not.toContain(installed.botRefreshToken)
  })

  // IDEM-21
  test('is renewed once when its token has ended, also under a write, which is then done once', async () => {
    const { vendor } = await open()
    await vendor.me()
    later()
    const send = toolNamed('message_send')
    if (send.kind !== 'write') throw new Error('It writes.')
    const plan = await send.plan(send.input.parse({ channel: support, text: 'after the night' }), contextOf(vendor, now))
    expect(renewals()).toBe(2)
    later()
    const writing = await open({ tool: 'message_send' })
    await send.apply(plan.request, { ...contextOf(writing.vendor, now), operationId: 'op_night' })
    expect(writing.guard.touched()).toBe('accepted')
    expect(renewals()).toBe(3)
    expect(harness.requests().filter(({ path, changed }) => path === '/api/chat.postMessage' && changed)).toHaveLength(1)
  })

  // IDEM-21
  test('renews once for all who wait, of one process', async () => {
    const { vendor } = await open()
    await vendor.me()
    later()
    const many = await Promise.all(Array.from({ length: 20 }, async () => (await open()).vendor.channel(support)))
    expect(many.every(({ id }) => id === support)).toBe(true)
    expect(renewals()).toBe(2)
  })

  test('starts again with what was kept, and asks for nothing new', async () => {
    await (await open()).vendor.me()
    cache = new Map()
    await (await open()).vendor.me()
    expect(renewals()).toBe(1)
  })

  test('takes over what another process was faster to keep', async () => {
    const { vendor } = await open()
    await vendor.me()
    later()
    const other = await connect(harness, { settings, credential, keep, cache: new Map(), now: () => now })
    expect((await other.vendor.channel(support)).id).toBe(support)
    expect((await vendor.channel(support)).id).toBe(support)
    expect(renewals()).toBe(2)
  })

  test('acts as a person where the token is one’s', async () => {
    const theirs = JSON.stringify({ client_secret: installed.clientSecret, refresh_token: installed.userRefreshToken })
    const { vendor } = await connect(harness, { settings: { ...settings, token: 'user' }, credential: theirs })
    expect((await vendor.me()).account).toBe('@maya in Larkfield')
    const { hits } = await vendor.search({ query: 'SUP-1', count: 5, page: 1 })
    expect(hits.length).toBeGreaterThan(0)
  })
})

describe('what goes wrong with it', () => {
  test('a new token that cannot be kept is not used; the next call keeps it, and nothing was lost', async () => {
    let broken = true
    const whole = keptInMemory()
    keep = {
      read: whole.read,
      replace: (before, secret) => (broken ? Promise.reject(new Error('disk full')) : whole.replace(before, secret)),
    }
    const { vendor } = await open()
    const error = await refused(vendor.channel(support), 'unavailable')
    expect(error.message).toMatch(/could not keep it.*repairs the store.*installed again/)
    expect(asked('conversations.info')).toBe(0)
    expect(renewals()).toBe(1)
    await refused(vendor.channel(support), 'unavailable')
    expect(renewals()).toBe(1)
    broken = false
    expect((await vendor.channel(support)).id).toBe(support)
    expect(renewals()).toBe(1)
    expect(asked('conversations.info')).toBe(1)
  })

  test('a hub that stopped before the new token was kept says what to do', async () => {
    const failing = { read: keep.read, replace: () => Promise.reject(new Error('killed')) }
    await refused((await connect(harness, { settings, credential, keep: failing })).vendor.me(), 'unavailable')
    const error = await refused((await open()).vendor.me(), 'unauthenticated')
    expect(error.message).toMatch(/refresh token.*installs the Slack app again and sets the credential anew/)
  })

  test('a refresh token that was used elsewhere says what to do, and is not tried with every request', async () => {
    const { vendor } = await open()
    await vendor.me()
    await (
      await connect(harness, { settings, credential: credential.replace('sandbox-bot', 'sandbox-none') })
    ).vendor
      .me()
      .catch(() => undefined)
    const error = await refused(
      (await connect(harness, { settings, credential: credential.replace('sandbox-bot', 'sandbox-none') })).vendor.me(),
      'unauthenticated',
    )
    expect(error.message).toContain('sets the credential anew')
    expect(error.message).not.toContain('sandbox-none')
  })

  test.each([
    ['a wrong secret', { client_secret: 'wrong', refresh_token: installed.botRefreshToken }, settings],
    ['no client id', { client_secret: installed.clientSecret, refresh_token: installed.botRefreshToken }, {}],
    ['parts of another kind', { bot: botToken, user: otherTokens.of('maya') }, settings],
    ['an unknown part', { client_secret: 'x', refresh_token: installed.botRefreshToken, access: 'y' }, settings],
  ])('%s is no credential, and its sentence holds nothing of it', async (_what, secret, chosen) => {
    const opened = connect(harness, { settings: chosen, credential: JSON.stringify(secret) })
    const error = await refused(
      opened.then(({ vendor }) => vendor.me()),
      'unauthenticated',
    )
    for (const part of Object.values(secret)) expect(error.message).not.toContain(part)
  })

  test.each([
    ['bot', otherTokens.of('maya')],
    ['user', botToken],
    ['both', '{"bot": "xoxb-1"'],
  ])('a connection for %s does not take another kind of token', async (token, text) => {
    expect.hasAssertions()
    await refused(connect(harness, { settings: { token }, credential: text }), 'unauthenticated')
  })

  test('a fault of Slack while it renews is passed on, and the next call renews', async () => {
    harness.break({ mode: '500', times: 3, route: 'POST /api/oauth.v2.access' })
    const { vendor } = await open()
    await refused(vendor.me(), 'bad_response')
    harness.mend()
    expect((await vendor.me()).userId).toBe('U0TOOLGATE')
  })

  test('the file that a download asks for is fetched with the token that is good now', async () => {
    const { vendor } = await open()
    const file = await vendor.file('F0ONCALLROTA')
    if (file === undefined) throw new Error('The sandbox has no such file.')
    expect(new TextDecoder().decode(await vendor.download(file))).toContain('Maya Okafor')
  })
})

describe('the stand-in', () => {
  const exchange = async (more: Record<string, string> = {}) => {
    const body = new URLSearchParams({
      client_id: installed.clientId,
      client_secret: installed.clientSecret,
      grant_type: 'refresh_token',
      refresh_token: installed.botRefreshToken,
      ...more,
    })
    const response = await fetch(`${harness.base}/api/oauth.v2.access`, { method: 'POST', body })
    return (await response.json()) as Record<string, string>
  }

  test('gives tokens for twelve hours, and a refresh token for one use', async () => {
    const first = await exchange()
    expect(first).toMatchObject({ ok: true, expires_in: 43_200, token_type: 'bot' })
    expect(first['access_token']).toMatch(/^xoxe\.xoxb-/)
    expect(await exchange()).toEqual({ ok: false, error: 'invalid_refresh_token' })
    expect(await exchange({ refresh_token: first['refresh_token'] ?? '' })).toMatchObject({ ok: true })
    const me = async () => {
      const headers = { authorization: `Bearer ${first['access_token'] ?? ''}` }
      const answer = await fetch(`${harness.base}/api/auth.test`, { method: 'POST', headers })
      return await answer.json()
    }
    expect(await me()).toMatchObject({ ok: true })
    later()
    expect(await me()).toEqual({ ok: false, error: 'token_expired' })
  })

  test.each([
    [{ client_id: '1.1' }, 'invalid_client_id'],
    [{ client_secret: 'x' }, 'bad_client_secret'],
    [{ grant_type: 'password' }, 'invalid_grant_type'],
  ])('%j says %s', async (more, error) => {
    expect(await exchange(more)).toEqual({ ok: false, error })
  })
})

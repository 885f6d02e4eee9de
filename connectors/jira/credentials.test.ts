// How the hub signs in, renews its access, and finds out what it was granted.
import { describe, expect, test } from 'vitest'
import type { Keep, Tool } from 'toolgate/kit'
import { keptInMemory } from '../../test/keep.ts'
import { sandboxHarness } from '../../test/sandbox/harness.ts'
import { jira } from './connector.ts'
import type { JiraReads } from './jira.ts'
import { app } from './sandbox/oauth.ts'
import { sandbox } from './sandbox/sandbox.ts'
import { openSite } from './test/site.ts'
import type { SiteOptions } from './test/site.ts'

const site = 'https://larkfield.atlassian.net'
const settings = { site, cloud_id: app.cloudId, client_id: app.clientId }
const credential = JSON.stringify({ client_secret: app.clientSecret, refresh_token: app.firstRefreshToken })
const token = 'POST /~auth/oauth/token'
const open = (options: SiteOptions = {}) => openSite({ settings, credential, ...options })
const renewals = (sent: readonly string[]) => sent.filter((each) => each === token).length

function clock() {
  let at = Date.parse('2026-11-18T09:30:00Z')
  return { now: () => new Date(at), later: (ms: number) => void (at += ms) }
}
const twoHours = 2 * 60 * 60_000

describe('access that the hub renews itself', () => {
  // IDEM-21
  test('calls that wait together take the token of one renewal', async () => {
    const { vendor, sent } = await open()
    await Promise.all(['SUP-1', 'SUP-2', 'OPS-42', 'OPS-40'].map((key) => vendor.issue(key)))
    expect(renewals(sent)).toBe(1)
    expect(sent).toHaveLength(5)
    await vendor.issue('SUP-1')
    expect(renewals(sent)).toBe(1)
  })

  test('the new refresh token is kept before anything is asked with what came with it', async () => {
    const order: string[] = []
    const kept = keptInMemory()
    const keep: Keep = {
      read: kept.read,
      async replace(before, secret) {
        order.push('kept')
        return await kept.replace(before, secret)
      },
    }
    const { vendor, sent } = await open({ keep })
    const asking = vendor.issue('SUP-1').then(() => order.push('asked'))
    await asking
    expect(order).toEqual(['kept', 'asked'])
    expect(sent).toEqual([token, 'GET /rest/api/3/issue/SUP-1'])
    expect(await kept.read()).toMatch(/^sandbox-refresh-token-1-/)
  })

  test('an hour later it is renewed once, and the write that found out goes out once more and is done once', async () => {
    const { now, later } = clock()
    const { vendor, sent, state } = await open({ now })
    await vendor.issue('SUP-1')
    later(twoHours)
    const before = state.list('comment').length
    const body = { version: 1, type: 'doc', content: [{ type: 'paragraph', content: [{ type: 'text', text: 'x' }] }] }
    await vendor.write.addComment('SUP-1', { body, visibility: null, internal: false }, 'op_1')
    expect(renewals(sent)).toBe(2)
    expect(sent.filter((each) => each.startsWith('POST /rest'))).toHaveLength(2)
    expect(state.list('comment')).toHaveLength(before + 1)
    later(twoHours)
    await Promise.all(['SUP-1', 'SUP-2', 'OPS-42'].map((key) => vendor.issue(key)))
    expect(renewals(sent)).toBe(3)
  })

  test('it goes on after a restart, and beside another process', async () => {
    const keep = keptInMemory()
    const first = await open({ keep })
    await first.vendor.issue('SUP-1')
    const { state } = first
    const [second, third] = [await open({ keep, state }), await open({ keep, state })]
    await Promise.all([second.vendor.issue('SUP-1'), third.vendor.issue('SUP-2')])
    expect((await second.vendor.issue('SUP-1')).key).toBe('SUP-1')
    // One of them came late with a token that was used up already, and took what the other had kept.
    expect(renewals(second.sent) + renewals(third.sent)).toBeGreaterThanOrEqual(2)
  })

  test('a refresh token that is used up is told to the operator', async () => {
    const { state, vendor } = await open()
    await vendor.issue('SUP-1')
    const lost = await open({ state })
    const failed = await lost.vendor.issue('SUP-1').catch((error: unknown) => error)
    expect(failed).toMatchObject({ code: 'unauthenticated' })
    expect(failed.message).toContain('connect the account again')
    expect(lost.sent).toEqual([token])
  })

  test.each([['an access token'], ['{"client_secret":"x"}'], ['{"client_secret":"x","refresh_token":"y","more":1}']])(
    'a credential of another shape is told before anything is sent: %s',
    async (text) => {
      const { vendor, sent } = await open({ credential: text })
      await expect(vendor.issue('SUP-1')).rejects.toMatchObject({ code: 'unauthenticated' })
      expect(sent).toEqual([])
    },
  )

  test('it works through the guarded fetch, by the route that only signs in', async () => {
    const harness = await sandboxHarness(jira)
    const { guard } = await harness.open('read')
    const opened: unknown = await jira.open({
      base: harness.base,
      hosts: { auth: `${harness.base}/~auth`, api: `${harness.base}/~api` },
      fetch: guard.fetch,
      settings: jira.settings.parse(settings),
      credential,
      keep: keptInMemory(),
      cache: new Map(),
    })
    const vendor = opened as JiraReads
    expect((await vendor.issue('SUP-1')).key).toBe('SUP-1')
    expect(await vendor.grantedScopes()).toContain('read:jira-work')
    expect(guard.touched()).toBe('untouched')
    await harness.close()
  })
})

describe('other credentials', () => {
  test('a token that nobody renews is asked with once', async () => {
    const { vendor, sent } = await open({ settings: { site, cloud_id: app.cloudId }, credential: 'old' })
    await expect(vendor.issue('SUP-1')).rejects.toMatchObject({ code: 'unauthenticated' })
    expect(sent).toEqual(['GET /rest/api/3/issue/SUP-1'])
  })

  test('who the account is, is forgotten when Jira refuses it something', async () => {
    const cache = new Map<string, unknown>()
    const { vendor, state } = await openSite({ cache })
    await vendor.me()
    expect(cache.size).toBe(1)
    state.put('permission', 'SUP', { granted: ['BROWSE_PROJECTS'] })
    await expect(
      vendor.write.edit('SUP-1', { fields: { summary: 'x' } }, { operationId: 'o', notify: true }),
    ).rejects.toMatchObject({
      code: 'forbidden',
    })
    expect(cache.size).toBe(0)
  })

  test.each([
    [{ site, client_id: app.clientId }],
    [{ site, client_id: app.clientId, cloud_id: app.cloudId, email: 'hub@acme.example' }],
    [{ site, client_id: 'x y', cloud_id: app.cloudId }],
  ])('settings that cannot work are refused: %j', (given) => {
    expect(jira.settings.safeParse(given).success).toBe(false)
  })
})

describe('what was granted', () => {
  const some = (...names: string[]): readonly Tool[] => jira.tools.filter(({ name }) => names.includes(name))
  // oxlint-disable-next-line typescript/no-explicit-any -- the connector's own client
  const asked = async (vendor: any, tools: readonly Tool[] = jira.tools) => await jira.grants?.(vendor, tools)

  test('to an API token is what its account may do', async () => {
    const { vendor, state } = await openSite()
    expect(await asked(vendor)).toEqual({
      account: `Toolgate in ${site}`,
      missing: {},
      extra: ['DELETE_ALL_COMMENTS', 'EDIT_ALL_COMMENTS'],
    })
    for (const project of ['SUP', 'OPS'])
      state.put('permission', project, { granted: ['BROWSE_PROJECTS', 'EDIT_ISSUES', 'DELETE_ISSUES', 'ADMINISTER'] })
    const tools = some('issue_get', 'issue_update', 'comment_add', 'issue_transition', 'issue_create')
    expect(await asked(vendor, tools)).toEqual({
      account: `Toolgate in ${site}`,
      // FIN lets it comment.
      missing: { issue_transition: ['TRANSITION_ISSUES'], issue_create: ['CREATE_ISSUES', 'ASSIGN_ISSUES'] },
      extra: ['ADMINISTER', 'DELETE_ISSUES'],
    })
  })

  test('to an app is what the person agreed to, in broad scopes or in granular ones', async () => {
    const { vendor, state } = await open()
    const board = some('sprint_move')[0]
    expect(await asked(vendor)).toMatchObject({
      missing: { sprint_move: board?.scopes.filter((scope) => scope.endsWith(':jira-software')) },
      extra: [],
    })
    state.put('oauth', 'consent', { scopes: ['read:jira-work', 'manage:jira-configuration'] })
    const answer = await asked(vendor)
    expect(Object.keys(answer?.missing ?? {}).toSorted()).toEqual(
      jira.tools
        .filter(({ kind, name }) => kind === 'write' || name === 'user_find')
        .map(({ name }) => name)
        .toSorted(),
    )
    expect(answer?.extra).toEqual(['manage:jira-configuration'])
    const tools = some('issue_get', 'comment_add')
    const wanted = [...new Set(tools.flatMap(({ scopes }) => scopes))]
    state.put('oauth', 'consent', { scopes: [...wanted, 'write:jira-work'] })
    expect(await asked(vendor, tools)).toMatchObject({ missing: {}, extra: ['write:jira-work'] })
    state.put('oauth', 'consent', { scopes: wanted.filter((scope) => scope !== 'write:comment:jira') })
    expect(await asked(vendor, tools)).toMatchObject({ missing: { comment_add: ['write:comment:jira'] }, extra: [] })
  })

  test('for another site is nothing', async () => {
    const { vendor } = await open({ settings: { ...settings, cloud_id: '00000000-8a4b-4c5d-9e6f-7a8b9c0d1e2f' } })
    await expect(asked(vendor)).rejects.toMatchObject({ code: 'forbidden' })
  })

  test('is not known where the credential is refused', async () => {
    const { vendor } = await openSite({ credential: `${sandbox.credential}-no` })
    await expect(asked(vendor)).rejects.toMatchObject({ code: 'unauthenticated' })
  })
})

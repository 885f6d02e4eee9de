// Access that ends: one renewal for all who wait, kept before it is used, and nothing lost without a word.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { sandboxRequests } from '../../src/sandbox/admin.ts'
import { freePort, house } from './house.ts'
import type { House } from './house.ts'

const dying = fileURLToPath(new URL('dying.ts', import.meta.url))
const hour = 60 * 60_000
const look = ['jira_issue_get', { key: 'OPS-42' }] as const

function renewals(at: House, path = '/~auth/oauth/token'): number {
  const seen = sandboxRequests(at.hub.sandboxFile, { limit: 10_000 })
  return seen.filter((request) => request.path === path && request.method === 'POST').length
}

async function kinds(at: House): Promise<readonly string[]> {
  return (await at.hub.store.recent('local', 200)).map(({ kind }) => kind).filter((kind) => kind.startsWith('connection.'))
}

test.each([
  ['jira', look, '/~auth/oauth/token', 2 * hour],
  ['salesforce', ['sf_object_list', {}] as const, '/services/oauth2/token', 3 * hour],
  ['slack', ['slack_channel_get', { channel: 'C0SUPPORT01' }] as const, '/api/oauth.v2.access', 13 * hour],
] as const)(
  '%s: renewed when it has ended, again and again, with a refresh token that is good once',
  async (instance, [tool, args], path, life) => {
    await using at = await house()
    await at.connected(instance, 'maya')
    const before = renewals(at, path)
    for (const round of [1, 2, 3]) {
      at.later(life)
      expect(await at.as('maya')(tool, args)).toMatchObject({ status: 'done' })
      expect(renewals(at, path)).toBe(before + round)
    }
  },
)

// IDEM-21
test('a write under which the access ends is done once', async () => {
  await using at = await house()
  await at.connected('salesforce', 'maya')
  const sent = () => at.writes().filter((line) => line.startsWith('POST /services/data') && line.endsWith(' 201'))
  at.later(3 * hour)
  const made = await at.as('maya')('sf_casecomment_add', { case_id: await aCase(at), text: 'late' })
  expect(made).toMatchObject({ status: 'done' })
  expect(sent()).toHaveLength(1)
})

async function aCase(at: House): Promise<string> {
  const found = await at.as('maya')('sf_record_find', { object: 'Case', fields: ['Id'], limit: 1 })
  return /"(500\w{12,15})"/.exec(JSON.stringify(found.result))?.[1] ?? ''
}

// IDEM-21
test('a thousand calls that wait make one renewal', async () => {
  await using at = await house()
  await at.connected('jira', 'maya')
  const before = renewals(at)
  at.later(2 * hour)
  const instance = {
    configured: at.hub.config().instances[0]!,
    connector: (await import('../../connectors/jira/connector.ts')).jira,
  }
  const acting = () => at.connections.acting(instance as never, { tenant: 'local', id: 'maya', roles: [] }, 'read')
  const all = await Promise.all(Array.from({ length: 1000 }, acting))
  expect(new Set(all.map((each) => each.as === 'person' && each.access)).size).toBe(1)
  expect(renewals(at)).toBe(before + 1)
})

test('two processes renew once', async () => {
  const port = await freePort()
  const clock = { ms: 0 }
  await using one = await house({ clock, port })
  await one.connected('jira', 'maya')
  await using other = await house({ clock, folder: one.folder })
  const before = renewals(one)
  clock.ms += 2 * hour
  const answers = await Promise.all([one, other, one, other].map(async (at) => await at.as('maya')(...look)))
  expect(answers.map(({ status }) => status)).toEqual(['done', 'done', 'done', 'done'])
  expect(renewals(one)).toBe(before + 1)
})

test.each([
  ['jira', look, '/~auth/oauth/token', 2 * hour],
  ['salesforce', ['sf_object_list', {}] as const, '/services/oauth2/token', 3 * hour],
  ['slack', ['slack_channel_get', { channel: 'C0SUPPORT01' }] as const, '/api/oauth.v2.access', 13 * hour],
] as const)(
  '%s: a hub that is killed between the answer and its save says so when it is back, and asks to connect again',
  async (instance, [tool, args], path, life) => {
    const clock = { ms: 0 }
    await using first = await house({ clock })
    await first.connected(instance, 'maya')
    clock.ms += life
    const before = renewals(first, path)
    const died = spawnSync(process.execPath, [dying, first.folder, String(clock.ms), tool, JSON.stringify(args)])
    expect([died.signal, died.stderr.toString()]).toEqual(['SIGKILL', ''])
    expect(renewals(first, path)).toBe(before + 1)

    await using second = await house({ clock, folder: first.folder })
    const heard: unknown[] = []
    second.hub.onEvent((event) => heard.push(event))
    clock.ms += 31_000
    const answer = await second.as('maya')(tool, args)
    expect(answer).toMatchObject({ status: 'failed', connect: { instance } })
    expect(answer.message).toContain('has ended')
    expect(heard).toMatchObject(
      [{ kind: 'connection.failed', body: { instance, person: 'maya', why: /lost/ } }].map(withText),
    )
    expect(await kinds(second)).toContain('connection.failed')
    const [view] = await second.connections.all('local')
    expect(view).toMatchObject({ state: 'broken', why: 'the answer to its last renewal was lost before it could be kept' })
    // Browsers come back to the address of the configuration, where the first one listens.
    await second.connected(instance, 'maya')
    expect(await second.as('maya')(tool, args)).toMatchObject({ status: 'done' })
  },
)

function withText<T extends { body: { why: RegExp } }>(told: T) {
  return { ...told, body: { ...told.body, why: expect.stringMatching(told.body.why) } }
}

test('what cannot be kept is not used, and is kept by the next call', async () => {
  await using at = await house()
  await at.connected('jira', 'maya')
  at.later(2 * hour)
  const put = at.hub.store.put.bind(at.hub.store)
  let full = true
  at.hub.store.put = async (puts, entry) => {
    const renewed = puts.some(
      ({ kind, value }) => kind === 'connection' && value !== undefined && value['renewing'] === undefined,
    )
    return full && renewed ? Promise.reject(new Error('disk full')) : await put(puts, entry)
  }
  const asked = () => at.requests().filter((line) => line.startsWith('GET /rest/api/3/issue/OPS-42')).length
  expect(await at.as('maya')(...look)).toMatchObject({ status: 'failed', error: { code: 'unavailable' } })
  expect(asked()).toBe(0)
  const before = renewals(at)
  full = false
  expect(await at.as('maya')(...look)).toMatchObject({ status: 'done' })
  expect(renewals(at)).toBe(before)
})

test('a grant that was taken back at the vendor is told once, and before anybody calls', async () => {
  await using at = await house()
  await at.connected('salesforce', 'maya')
  const maya = at.as('maya')
  at.later(13 * hour)
  // Somebody at Salesforce ends it: its refresh token is used by another.
  const { openSandboxFile } = await import('../../src/sandbox/database.ts')
  const database = openSandboxFile(at.hub.sandboxFile)
  database.prepare("DELETE FROM docs WHERE kind = 'person-refresh'").run()
  database.close()
  const heard: string[] = []
  at.hub.onEvent(({ kind }) => heard.push(kind))
  expect(await at.connections.tend()).toBe(1)
  expect(heard).toEqual(['connection.failed'])
  expect(await at.connections.tend()).toBe(0)
  expect(await maya('sf_object_list')).toMatchObject({ status: 'failed', connect: { instance: 'salesforce' } })
  expect(heard).toEqual(['connection.failed'])
})

test('an account that nobody uses is renewed all the same', async () => {
  await using at = await house()
  await at.connected('jira', 'maya')
  const before = renewals(at)
  expect(await at.connections.tend()).toBe(0)
  at.later(13 * hour)
  expect(await at.connections.tend()).toBe(1)
  expect(renewals(at)).toBe(before + 1)
  expect(await at.connections.tend()).toBe(0)
})

test('a vendor that is away for a moment ends nothing', async () => {
  await using at = await house()
  await at.connected('jira', 'maya')
  at.later(2 * hour)
  at.break('jira', '500', 3, 'POST /~auth/oauth/token')
  expect(await at.as('maya')(...look)).toMatchObject({ status: 'failed', error: { code: 'unavailable' } })
  at.mend()
  expect(await at.as('maya')(...look)).toMatchObject({ status: 'done' })
})

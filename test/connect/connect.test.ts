// Somebody connects their own account at each vendor, works as themselves, and takes it back.
import { expect, test } from 'vitest'
import { jira } from '../../connectors/jira/connector.ts'
import { connectionDigest } from '../../src/hub/place.ts'
import { sandboxRequests } from '../../src/sandbox/admin.ts'
import { browser } from './browser.ts'
import { house } from './house.ts'

const vendors = [
  {
    instance: 'jira',
    read: { tool: 'jira_issue_get', args: { key: 'OPS-42' } },
    account: /Maya Okafor/,
    revokes: false,
  },
  {
    instance: 'salesforce',
    read: { tool: 'sf_object_list', args: {} },
    account: /Maya|005/,
    revokes: true,
  },
  {
    instance: 'slack',
    read: { tool: 'slack_channel_get', args: { channel: 'C0SUPPORT01' } },
    account: /@maya in Larkfield/,
    revokes: true,
  },
] as const

test.each(vendors)('$instance: connected, used, disconnected', async ({ instance, read, account, revokes }) => {
  await using at = await house()
  const maya = at.as('maya')
  const before = await maya(read.tool, read.args)
  expect(before).toMatchObject({ status: 'failed', connect: { instance, url: `${at.address}/connect/to/${instance}` } })
  expect(before.message).toContain(`${at.address}/connect/to/${instance}`)

  expect(await at.connected(instance, 'maya')).toMatch(account)
  expect(await maya(read.tool, read.args)).toMatchObject({ status: 'done' })
  // Of the connection of one person, nothing is another's.
  expect(await at.as('jonas')(read.tool, read.args)).toMatchObject({ status: 'failed', connect: { instance } })

  const [view] = (await at.connections.of('local', 'maya')).filter((each) => each.instance === instance)
  expect(view).toMatchObject({ state: 'connected', person: 'maya', link: `${at.address}/connect/to/${instance}` })
  const told = await at.connections.remove({ tenant: 'local', person: 'maya', instance }, 'test')
  expect(told).toMatch(revokes ? /has taken the access back/ : /Take the access back yourself at https:/)
  expect(await maya(read.tool, read.args)).toMatchObject({ status: 'failed', connect: { instance } })
  expect(await at.connections.all('local')).toEqual([])
})

test('the vendor sees who it was, and two people never act as each other', async () => {
  await using at = await house()
  await at.connected('jira', 'maya')
  await at.connected('jira', 'jonas')
  for (const person of ['maya', 'jonas']) {
    const answer = await at.as(person)('jira_comment_add', { key: 'OPS-42', body: `I am ${person}` })
    expect(answer).toMatchObject({ status: 'done' })
  }
  const listed = await at.as('maya')('jira_comment_list', { key: 'OPS-42' })
  expect(listed.status).toBe('done')
  for (const [person, name] of [
    ['maya', 'Maya Okafor'],
    ['jonas', 'Jonas Lindqvist'],
  ]) {
    const comments = (listed.result?.['comments'] ?? []) as readonly Readonly<Record<string, unknown>>[]
    const theirs = comments.find((comment) => JSON.stringify(comment).includes(`I am ${person}`))
    expect(JSON.stringify(theirs)).toContain(name)
  }
})

test('who sends a message in Slack is the person, not the bot', async () => {
  await using at = await house()
  await at.connected('slack', 'maya')
  const sent = await at.as('maya')('slack_message_send', { channel: 'C0SUPPORT01', text: 'as myself' })
  expect(sent).toMatchObject({ status: 'done' })
  const history = await at.as('maya')('slack_history_read', { channel: 'C0SUPPORT01' })
  const messages = (history.result?.['messages'] ?? []) as readonly object[]
  const message = messages.find((each) => JSON.stringify(each).includes('as myself'))
  expect(message).toMatchObject({ from: { name: 'Maya Okafor' } })
})

test('a plan says whose account it is, and so does the audit', async () => {
  await using at = await house()
  await at.connected('jira', 'maya')
  const shown = await at.as('maya')('jira_comment_add', { key: 'OPS-42', body: 'x', dry_run: true })
  expect(shown.plan?.account).toMatch(/^Maya Okafor \(/)
  const closed = (await at.hub.store.recent('local', 20)).find(({ kind }) => kind === 'call.closed')
  expect(closed?.payload['account']).toMatch(/^Maya Okafor \(/)
})

test('the hub’s own account is used where the instance says so, and never silently', async () => {
  await using at = await house({ actsAs: 'user' })
  const read = await at.as('maya')('jira_issue_get', { key: 'OPS-42' })
  expect(read).toMatchObject({ status: 'done' })
  expect(read.notes?.join()).toContain(`because you have not connected yours: ${at.address}/connect/to/jira`)
  const write = await at.as('maya')('jira_comment_add', { key: 'OPS-42', body: 'x', dry_run: true })
  expect(write).toMatchObject({ status: 'failed', connect: { instance: 'jira' } })
  await at.connected('jira', 'maya')
  const own = await at.as('maya')('jira_issue_get', { key: 'OPS-42' })
  expect(own).toMatchObject({ status: 'done' })
  expect(own.notes?.join() ?? '').not.toContain('own')
  const service = sandboxRequests(at.hub.sandboxFile, { limit: 1 })
  expect(service).toHaveLength(1)
})

test('what was approved is done by the account that was shown, and no other', async () => {
  const policy =
    'rules:\n  - allow: "*"\n    who: role:member\n  - ask: jira_comment_add\n    who: role:member\n    approvers: role:lead\n'
  await using at = await house({ policy })
  await at.connected('jira', 'maya')
  const call = (again = {}) => at.as('maya')('jira_comment_add', { key: 'OPS-42', body: 'approve me', ...again })
  const held = await call()
  expect(held).toMatchObject({ status: 'held' })
  expect(held.plan?.account).toMatch(/^Maya Okafor/)
  // She connects another account meanwhile.
  await at.connected('jira', 'maya', 'priya')
  await expect(at.approve(held.operation_id)).rejects.toThrow(/void/)
  expect(at.writes().filter((line) => line.includes('/comment'))).toEqual([])
  const again = await call({ idempotency_key: 'once-more' })
  expect(again).toMatchObject({ status: 'held' })
  expect(again.plan?.account).toMatch(/^Priya Raman/)
  expect(await at.approve(again.operation_id)).toMatchObject({ status: 'done' })
})

test('the page of the browser: who it is for, the way there and back, and disconnecting', async () => {
  await using at = await house()
  const mine = browser()
  // Without authentication, whoever is at this machine is its person.
  const page = await mine.connect(`${at.address}/connect/to/jira`, 'maya')
  expect(page.text).toContain('Maya Okafor')
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
  const shown = await mine.ask(`${at.address}/connect/to/jira`)
  expect(shown.text).toContain('Connected as <b>Maya Okafor</b>')
  const gone = await mine.ask(`${at.address}/connect/to/jira`, { method: 'POST', form: { does: 'disconnect' } })
  expect(gone.text).toContain('disconnected')
  expect(await at.as('maya')('jira_issue_get', { key: 'OPS-42' })).toMatchObject({ status: 'failed' })
})

// TEN-03, TEN-05
test('two tenants with people of the same name share nothing', async () => {
  const own = { sandbox: true, actsAs: 'user-or-refuse', tenants: ['local', 'other'] }
  await using at = await house({ connectors: { jira: own } })
  const ask = (tenant: string) =>
    at.call('jira_comment_add', { key: 'OPS-42', body: tenant, dry_run: true }, { tenant, id: 'maya', roles: ['member'] })
  await at.connected('jira', 'maya')
  expect((await ask('local')).plan?.account).toMatch(/^Maya Okafor/)
  expect(await ask('other')).toMatchObject({ status: 'failed', connect: { instance: 'jira' } })
  const { url } = await at.connections.link({ tenant: 'other', person: 'maya', instance: 'jira' })
  await browser().connect(url, 'jonas')
  expect((await ask('other')).plan?.account).toMatch(/^Jonas Lindqvist/)
  expect((await ask('local')).plan?.account).toMatch(/^Maya Okafor/)
  await at.connections.remove({ tenant: 'other', person: 'maya', instance: 'jira' }, 'test')
  expect((await ask('local')).plan?.account).toMatch(/^Maya Okafor/)
})

// AUTH-22
test('what was granted belongs to its address and its app', () => {
  const at = (settings: object, clientId = 'app-one') =>
    connectionDigest({
      configured: { sandbox: false, oauth: { clientId, clientSecret: undefined } },
      connector: jira,
      settings: jira.settings.parse({ site: 'https://a.atlassian.net', email: 'a@b.example', ...settings }),
    } as never)
  expect(at({ raw_jql: 'on' })).toBe(at({}))
  expect(at({ site: 'https://b.atlassian.net' })).not.toBe(at({}))
  expect(at({}, 'app-two')).not.toBe(at({}))
})

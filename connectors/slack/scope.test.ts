// A person who may use one channel, and what they try beyond it: nothing is told of other places, and nothing goes there.
import type { JsonObject } from 'toolgate/kit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { testHub } from '../../test/hub.ts'
import type { TestHub } from '../../test/hub.ts'
import { slack } from './connector.ts'
import { channelIds } from './sandbox/seed.ts'

const id = (name: string) => channelIds[name] ?? ''
const support = id('support')
const ops = id('ops-incidents')
const inChannels = slack.tools.filter((tool) => tool.resolves?.includes('slack.channel')).map(({ name }) => `slack_${name}`)
const tools = Object.fromEntries(slack.tools.map(({ name }) => [`slack_${name}`, true]))
const policy = `
rules:
  - allow: [${inChannels.join(', ')}]
    who: role:member
    where: { slack.channel: [${support}] }
  - allow: slack_user_find
    who: role:member
`

let hub: TestHub
let elsewhere: JsonObject

beforeAll(async () => {
  hub = await testHub({ connectors: { slack: { sandbox: true, tools } }, policy })
  await using other = await testHub({ connectors: { slack: { sandbox: true, tools } } })
  const { result } = await other.call('slack_history_read', { channel: '#ops-incidents', limit: 5 })
  const { result: dm } = await other.call('slack_dm_read', { user: 'U0MAYAOKAFOR' })
  elsewhere = { ops: rowsOf(result, 'messages')[0] ?? {}, dm: rowsOf(dm, 'messages')[0] ?? {} }
})
afterAll(() => hub.close())

const ts = '1761555600.000100'
const tries: readonly (readonly [string, string, JsonObject])[] = [
  ['another channel by id', 'channel_get', { channel: ops }],
  ['another channel by name', 'channel_get', { channel: '#ops-incidents' }],
  ['messages of another channel', 'history_read', { channel: ops }],
  ['messages of a private channel', 'history_read', { channel: id('finance-private') }],
  ['messages of a shared channel', 'history_read', { channel: '#partner-brightwater' }],
  ['a thread of another channel', 'thread_read', { channel: ops, thread_ts: ts }],
  ['a message of another channel', 'message_get', { channel: ops, ts }],
  [
    'a message of another channel by its address',
    'message_get',
    { permalink: `https://larkfield.slack.com/archives/${ops}/p1761555600000100` },
  ],
  ['a direct conversation by person', 'dm_read', { user: 'U0MAYAOKAFOR' }],
  ['a direct conversation by id', 'dm_read', { conversation: id('dm-maya') }],
  ['a conversation of several', 'dm_read', { conversation: id('dm-support') }],
  ['a direct conversation as a channel', 'history_read', { channel: id('dm-support') }],
  ['a file by another channel', 'file_read', { channel: ops, file: 'F0ONCALLROTA' }],
  ['a file of another channel', 'file_read', { channel: support, file: 'F0FORECAST01' }],
  ['a file in a private channel', 'file_read', { channel: id('finance-private'), file: 'F0FORECAST01' }],
  ['writing elsewhere', 'message_send', { channel: ops, text: 'x' }],
  ['writing to people outside', 'message_send', { channel: '#partner-brightwater', text: 'x' }],
  ['a channel that the app is not in', 'message_send', { channel: '#random', text: 'x' }],
  ['a channel that is archived', 'message_send', { channel: '#launch-2025', text: 'x' }],
  ['a channel where few may write', 'message_send', { channel: '#announcements', text: 'x' }],
  ['writing there later', 'msg_schedule', { channel: ops, text: 'x', in_minutes: 5 }],
  ['writing there after a while', 'message_send', { channel: ops, text: 'x', hold_seconds: 600 }],
  ['a reply elsewhere', 'thread_reply', { channel: ops, thread_ts: ts, text: 'x' }],
  ['a reaction elsewhere', 'reaction_add', { channel: ops, ts, emoji: 'eyes' }],
  ['taking a reaction back elsewhere', 'reaction_remove', { channel: ops, ts, emoji: 'eyes' }],
  ['a change elsewhere', 'message_update', { channel: ops, ts, text: 'x' }],
  ['a deletion elsewhere', 'message_delete', { channel: ops, ts }],
  ['a deletion in a direct conversation', 'message_delete', { channel: id('dm-maya'), ts }],
  ['a direct message', 'dm_send', { users: ['U0MAYAOKAFOR'], text: 'x' }],
  ['a direct message to somebody new', 'dm_send', { users: ['U0WEIZHANG'], text: 'x' }],
  ['a direct message to somebody outside', 'dm_send', { users: ['U0HELENMARSH'], text: 'x' }],
  ['a new channel', 'channel_create', { name: 'mine' }],
  ['more people elsewhere', 'channel_invite', { channel: ops, users: ['U0INESDUARTE'] }],
  ['an archive elsewhere', 'channel_archive', { channel: ops }],
  ['a topic elsewhere', 'topic_set', { channel: ops, topic: 'x' }],
]

describe('somebody who may use #support only', () => {
  test.each(tries)('not %s', async (_what, tool, input) => {
    const before = hub.writes().length
    const answer = await hub.call(`slack_${tool}`, input)
    expect(['denied', 'failed']).toContain(answer.status)
    expect(answer.error?.code ?? 'not_found').toBe('not_found')
    expect(answer).not.toHaveProperty('result')
    expect(answer).not.toHaveProperty('plan')
    const told = JSON.stringify(answer)
    for (const place of Object.values(elsewhere) as JsonObject[]) expect(told).not.toContain(place['text'])
    for (const secret of [
      'Forecast',
      'rotating_light',
      'OPS-42',
      'Helen',
      'quarter',
      'invite',
      'archived',
      'only some people',
    ])
      expect(told).not.toContain(secret)
    expect(hub.writes()).toHaveLength(before)
  })

  test('a place that is not theirs and one that is not there sound the same', async () => {
    const theirs = await hub.call('slack_history_read', { channel: ops })
    const nobodys = await hub.call('slack_history_read', { channel: 'C0NOWHERE01' })
    expect(theirs.message).toBe(nobodys.message)
    expect([theirs.status, theirs.error]).toEqual([nobodys.status, nobodys.error])
  })

  test('sees their channel alone in the list', async () => {
    const { result } = await hub.call('slack_channel_list', { member_only: false, types: ['public', 'private'] })
    expect(rowsOf(result, 'channels').map((row) => row['id'])).toEqual([support])
  })

  test.each([
    ['channel_get', { channel: '#support' }],
    ['history_read', { channel: support }],
    ['thread_read', { channel: support, thread_ts: ts }],
    ['message_get', { channel: support, ts }],
    ['file_read', { channel: support, file: 'F0ONCALLROTA' }],
    ['message_send', { channel: support, text: 'hello' }],
    ['msg_schedule', { channel: support, text: 'hello', in_minutes: 5 }],
    ['thread_reply', { channel: support, thread_ts: ts, text: 'hello' }],
    ['reaction_add', { channel: support, ts, emoji: 'eyes' }],
    ['topic_set', { channel: support, topic: 'ours' }],
  ] as const)('may use it there: %s', async (tool, input) => {
    expect(await hub.call(`slack_${tool}`, input)).toMatchObject({ status: 'done' })
  })
})

describe('direct messages, named by policy', () => {
  const conversation = `
rules:
  - allow: [slack_dm_send, slack_dm_read]
    who: role:member
    where: { slack.channel: [${id('dm-maya')}] }
`
  const people = `
rules:
  - allow: slack_dm_send
    who: role:member
    where: { slack.user: [U0WEIZHANG] }
`

  test('a rule that names a conversation opens that one', async () => {
    await using narrow = await testHub({ connectors: { slack: { sandbox: true, tools } }, policy: conversation })
    expect(await narrow.call('slack_dm_send', { users: ['U0MAYAOKAFOR'], text: 'hi' })).toMatchObject({ status: 'done' })
    expect(await narrow.call('slack_dm_read', { user: 'U0MAYAOKAFOR' })).toMatchObject({ status: 'done' })
    const others = await narrow.call('slack_dm_send', { users: ['U0MAYAOKAFOR', 'U0JONASLIND'], text: 'hi' })
    expect(['denied', 'failed']).toContain(others.status)
  })

  test('a rule that names people opens writing to them, also for the first time, and to nobody besides', async () => {
    await using narrow = await testHub({ connectors: { slack: { sandbox: true, tools } }, policy: people })
    expect(await narrow.call('slack_dm_send', { users: ['U0WEIZHANG'], text: 'hi' })).toMatchObject({ status: 'done' })
    const both = await narrow.call('slack_dm_send', { users: ['U0WEIZHANG', 'U0MAYAOKAFOR'], text: 'hi' })
    expect(['denied', 'failed']).toContain(both.status)
  })

  test('writing to people outside says so, for rules to refuse it', async () => {
    await using open = await testHub({ connectors: { slack: { sandbox: true, tools } } })
    const { plan } = await open.call('slack_dm_send', { users: ['U0OWENPRICE'], text: 'hi', dry_run: true })
    expect(plan).toMatchObject({ audience: { external: true, people: 1 } })
    expect(plan?.warnings.join()).toContain('Owen Price')
  })

  test('the tools for private conversations and for files are off unless they are switched on', () => {
    const off = slack.tools.filter((tool) => tool.default === 'off').map(({ name }) => name)
    expect(off).toEqual(expect.arrayContaining(['dm_read', 'dm_send', 'file_read', 'message_delete', 'channel_create']))
  })
})

function rowsOf(result: JsonObject | undefined, name: string): readonly JsonObject[] {
  return (result?.[name] ?? []) as JsonObject[]
}

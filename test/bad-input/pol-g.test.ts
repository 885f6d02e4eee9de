// Group POL-G of the attack catalogue: arguments that try to be taken for something else, on the shipped connectors and policies.
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { breakSandbox } from '../../src/sandbox/admin.ts'
import { openPolicy, shipped, testHub } from '../hub.ts'
import type { TestHub } from '../hub.ts'
import { until } from '../serve/fixture.ts'
import { expectUnharmed } from './unharmed.ts'

let hub: TestHub
/** Everything is allowed here, so that only the arguments can be what stops a call. */
beforeAll(async () => void (hub = await testHub({ connectors: { ...shipped.connectors }, policy: openPolicy })))
afterAll(async () => await hub.close())

const send = { channel: '#support', text: 'x' }
const comment = { key: 'SUP-1', body: 'x' }
const move = { key: 'OPS-42', to_status: 'In Progress' }
const update = { object: 'Opportunity', id: '006Qy0000000001IAA', set: { NextStep: 'x' } }

type BadCall = readonly [id: string, what: string, tool: string, args: unknown, says: RegExp]

const bad: readonly BadCall[] = [
  ['POL-G01', 'a property too many', 'slack_message_send', { ...send, as_user: true }, /as_user/],
  ['POL-G01', 'raw blocks', 'slack_message_send', { ...send, blocks: [] }, /blocks/],
  [
    'POL-G01',
    'a property too many, deeper',
    'sf_record_find',
    { object: 'Account', filters: [{ field: 'Name', op: 'eq', value: 'x', raw: 1 }] },
    /raw/,
  ],
  ['POL-G01', 'a flag of the hub on a read', 'jira_issue_get', { key: 'SUP-1', dry_run: true }, /dry_run/],
  [
    'POL-G02',
    '__proto__',
    'jira_comment_add',
    JSON.parse('{"key":"SUP-1","body":"x","__proto__":{"dry_run":false}}'),
    /__proto__/,
  ],
  [
    'POL-G02',
    'constructor, deeper',
    'sf_record_update',
    { ...update, set: JSON.parse('{"constructor":{"prototype":{"polluted":1}}}') as object },
    /constructor/,
  ],
  [
    'POL-G02',
    '__proto__ in a list',
    'jira_issue_search',
    JSON.parse('{"projects":["SUP"],"labels":[{"__proto__":{"polluted":true}}]}'),
    /__proto__/,
  ],
  ...[['C1'], { toString: 1 }, 7, true, null, '', '   '].map((channel): BadCall => [
    'POL-G03',
    `${JSON.stringify(channel)} as a channel`,
    'slack_message_send',
    { ...send, channel },
    /channel/,
  ]),
  ...[['SUP-1'], 1, null, { key: 'SUP-1' }].map((key): BadCall => [
    'POL-G03',
    `${JSON.stringify(key)} as a key`,
    'jira_comment_add',
    { ...comment, key },
    /key/,
  ]),
  ['POL-G05', 'a Cyrillic project', 'jira_comment_add', { ...comment, key: 'S\u0423P-1' }, /key/],
  ['POL-G05', 'a fullwidth project', 'jira_issue_get', { key: '\uff33UP-1' }, /key/],
  ['POL-G05', 'a Cyrillic channel', 'slack_message_send', { ...send, channel: '#supp\u043ert' }, /channel/],
  ['POL-G05', 'a Kelvin sign in an object', 'sf_record_find', { object: 'Tas\u212a' }, /object/],
  ['POL-G05', 'a long s in a field', 'sf_record_update', { ...update, set: { Nextſtep: 'x' } }, /set/],
  ...['\u200b', '\u2060', '\u00ad', '\u{e0041}', '\ufe0f', '\u202e'].map((sign): BadCall => [
    'POL-G06',
    `U+${sign.codePointAt(0)?.toString(16)} in a key`,
    'jira_comment_add',
    { ...comment, key: `SUP${sign}-1` },
    /key/,
  ]),
  ['POL-G06', 'a bidi mark in a channel', 'slack_message_send', { ...send, channel: '#sup\u202eport' }, /channel/],
  [
    'POL-G06',
    'a zero-width space in a status',
    'jira_issue_transition',
    { ...move, to_status: 'In\u200b Progress' },
    /to_status/,
  ],
  ...[
    'SUP-1 ',
    'SUP-1.',
    'SUP-1/',
    'SUP-1\u0000',
    'SUP-1%00',
    '../SUP-1',
    'SUP-1/../FIN-1',
    'SUP-1%2f..%2fFIN-1',
    'sup-1',
    'SUP-01',
    'SUP-1?x=1',
    'SUP-1#',
    'SUP-99999999999',
  ].map((key): BadCall => ['POL-G07', JSON.stringify(key), 'jira_comment_add', { ...comment, key }, /key/]),
  ...['006Qy0000000001IAA ', '006Qy0000000001/..', '006Qy0000000001IAB', '006', '../Account/001Qy0000000001IAA'].map(
    (id): BadCall => ['POL-G07', JSON.stringify(id), 'sf_record_update', { ...update, id }, /id/],
  ),
  ...['C1/../C2', '#support ', '#../general', 'https://evil.example', '@maya'].map((channel): BadCall => [
    'POL-G07',
    JSON.stringify(channel),
    'slack_message_send',
    { ...send, channel },
    /channel|conversation/,
  ]),
  ...[
    'SLACK_MESSAGE_SEND',
    'slack_message_send ',
    'slack.message.send',
    'chat.postMessage',
    '__proto__',
    'constructor',
    '',
  ].map((tool): BadCall => ['POL-G11', JSON.stringify(tool), tool, send, /no tool called/]),
  ['POL-G11', 'a tool that is off', 'jira_issue_delete', { key: 'SUP-1' }, /switched off/],
  [
    'POL-G13',
    'a message of 40 001 characters',
    'slack_message_send',
    { ...send, text: 'x'.repeat(40_001) },
    /text|characters/,
  ],
  ['POL-G13', 'a comment of 32 768 characters', 'jira_comment_add', { ...comment, body: 'x'.repeat(32_768) }, /body/],
  [
    'POL-G13',
    'a field that is too long',
    'sf_record_update',
    { ...update, set: { NextStep: 'x'.repeat(256) } },
    /NextStep.*255/,
  ],
  ['POL-G13', 'arguments of 300 KB', 'sf_record_update', { ...update, set: { NextStep: 'x'.repeat(300_000) } }, /256 KB/],
  [
    'POL-G13',
    'arguments of 40 levels',
    'sf_record_update',
    { ...update, set: JSON.parse(`${'{"a":'.repeat(40)}1${'}'.repeat(40)}`) as object },
    /32 levels/,
  ],
  ...['true', 'false', 0, 1, null, [], {}].map((flag): BadCall => [
    'POL-G18',
    `dry_run ${JSON.stringify(flag)}`,
    'slack_message_send',
    { ...send, dry_run: flag },
    /dry_run/,
  ]),
  ['POL-G18', 'dry_run in _meta', 'slack_message_send', { ...send, _meta: { dry_run: true } }, /_meta/],
  ['POL-G18', 'a key with a space', 'slack_message_send', { ...send, idempotency_key: 'a b' }, /idempotency_key/],
  ['POL-G18', 'a key of the hub’s own', 'slack_message_send', { ...send, idempotency_key: 'auto:x' }, /idempotency_key/],
  ['POL-G18', 'an empty key', 'slack_message_send', { ...send, idempotency_key: '' }, /idempotency_key/],
]

test.each(bad)('%s: %s is refused and named', async (_id, _what, tool, args, says) => {
  const answer = await hub.call(tool, args)
  expect(answer.status).toBe('failed')
  expect(answer.error?.code).toMatch(/^(invalid_input|not_found)$/)
  expect(answer.message).toMatch(says)
  expect(answer.message.length).toBeLessThan(1000)
  await expectUnharmed(hub, answer)
})

test('after all of them, what is right is done', async () => {
  expect(await hub.call('jira_comment_add', { ...comment, body: 'Seen.', dry_run: true })).toMatchObject({
    status: 'previewed',
  })
})

test('POL-G06: what cannot be seen in a text is taken out or told, and never reaches an approver in silence', async () => {
  const hidden = 'Pay\u202e\u200b\u{e0041} the invoice'
  const { status, plan } = await hub.call('jira_comment_add', { key: 'SUP-1', body: hidden, dry_run: true })
  expect(status).toBe('previewed')
  expect(plan?.warnings.join(' ')).toMatch(/invisible|hidden/i)
  await expectUnharmed(hub, plan)
})

test('POL-G14: a text made to be slow for patterns is judged at once', async () => {
  const slow = `${'a'.repeat(3500)}!`
  const began = performance.now()
  const args = { channel: '#support', text: slow, dry_run: true }
  await hub.call('slack_message_send', args)
  await hub.call('jira_comment_add', { key: 'SUP-1', body: '*_[('.repeat(5000), dry_run: true })
  await hub.call('jira_issue_search', { text: `${'a '.repeat(99)}!` })
  expect(performance.now() - began).toBeLessThan(3000)
  await expectUnharmed(hub, [])
})

describe('POL-G09: an empty or unknown allowance is none', () => {
  test.each([
    ['a rule for a role that nobody has', 'rules:\n  - allow: "*"\n    who: role:nobody\n'],
    ['a rule for another tool', 'rules:\n  - allow: jira_nothing_here\n'],
    ['a rule that only forbids', 'rules:\n  - deny: sf_record_find\n'],
    [
      'a rule inside a place that does not exist',
      'rules:\n  - allow: jira_comment_add\n    where: { jira.project: [NONE] }\n',
    ],
  ])('%s', async (_what, policy) => {
    await using other = await testHub({ connectors: { jira: { sandbox: true } }, policy })
    const answers = [
      await other.call('jira_comment_add', comment),
      await other.call('jira_comment_add', { ...comment, dry_run: true }),
    ]
    // Inside a place, what is outside of it is as if it were not there.
    for (const { status } of answers) expect(['denied', 'failed']).toContain(status)
    await expectUnharmed(other, answers)
  })
})

test('POL-G17: no way around the rule about people outside: send, reply, react, edit, delete', async () => {
  await using other = await testHub({
    ...shipped,
    connectors: { slack: { sandbox: true } },
    policies: ['policy.yaml'],
    policy: stayInside,
  })
  const channel = '#partner-brightwater'
  const { result = {} } = await other.call('slack_history_read', { channel })
  const ts = (result['messages'] as { ts: string }[])[0]!.ts
  const ways: readonly (readonly [string, Record<string, unknown>])[] = [
    ['slack_message_send', { channel, text: 'x' }],
    ['slack_thread_reply', { channel, thread_ts: ts, text: 'x' }],
    ['slack_reaction_add', { channel, ts, emoji: 'eyes' }],
    ['slack_message_update', { channel, ts, text: 'x' }],
    ['slack_message_delete', { channel, ts }],
    ['slack_reaction_remove', { channel, ts, emoji: 'eyes' }],
    ['slack_msg_schedule', { channel, text: 'x', in_minutes: 90 }],
    ['slack_msg_unschedule', { channel, scheduled_message_id: 'Q0HOLIDAYS01' }],
    ['slack_dm_send', { users: ['U0HELENMARSH'], text: 'x' }],
    ['slack_file_upload', { channel, name: 'x.txt', text: 'x' }],
    ['slack_file_delete', { channel, file: 'F0RULESOFBOT' }],
    ['slack_channel_invite', { channel, users: ['U0INESDUARTE'] }],
    ['slack_channel_archive', { channel }],
    ['slack_topic_set', { channel, topic: 'x' }],
  ]
  const writes = [...other.hub.current().offers.values()]
    // A new channel has nobody outside in it yet.
    .filter(({ facts, name }) => facts.write && facts.connector === 'slack' && name !== 'slack_channel_create')
    .map(({ name }) => name)
  expect(writes.toSorted()).toEqual(ways.map(([tool]) => tool).toSorted())
  for (const [tool, args] of ways)
    for (const more of [{}, { dry_run: true }]) {
      const answer = await other.call(tool, { ...args, ...more })
      expect([tool, answer.status === 'denied' || answer.status === 'failed']).toEqual([tool, true])
      await expectUnharmed(other, answer)
    }
})

test('POL-G19: a policy that changes while a write is planned is heard before the send', async () => {
  await using other = await testHub({})
  await other.call('desk_note_get', { id: 'n1' })
  const seen = other.requests().length
  breakSandbox(other.hub.sandboxFile, 'desk', { mode: 'slow', route: 'GET /notes/n1', ms: 500 })
  const calling = other.call('desk_note_set', { id: 'n1', text: 'too late' })
  await until(() => other.requests().length > seen)
  writeFileSync(path.join(other.folder, 'policy.yaml'), 'rules:\n  - deny: desk_note_set\n')
  expect(await other.hub.reload()).toMatchObject({ ok: true })
  const answer = await calling
  expect(answer).toMatchObject({ status: 'failed', error: { code: 'refused' } })
  await expectUnharmed(other, answer)
})

test('POL-G19: nor does a tool that is switched off while a write is planned', async () => {
  await using other = await testHub({})
  await other.call('desk_note_get', { id: 'n1' })
  const seen = other.requests().length
  breakSandbox(other.hub.sandboxFile, 'desk', { mode: 'slow', route: 'GET /notes/n1', ms: 500 })
  const calling = other.call('desk_note_set', { id: 'n1', text: 'too late' })
  await until(() => other.requests().length > seen)
  const off = readFileSync(other.configPath, 'utf8').replace(
    '"sandbox": true',
    '"sandbox": true, "tools": { "desk_note_set": false }',
  )
  writeFileSync(other.configPath, off)
  expect(await other.hub.reload()).toMatchObject({ ok: true })
  const answer = await calling
  expect(answer).toMatchObject({ status: 'failed', error: { code: 'refused' } })
  await expectUnharmed(other, answer)
})

const stayInside = `rules:
  - allow: '*'
    who: role:member
  - deny: '*'
    when: tool.write && plan.audience.external
`

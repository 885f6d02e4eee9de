// Taking back and finding again, for every write, through the whole hub: as agents and people meet it.
import type { JsonObject } from 'toolgate/kit'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { testHub } from '../../test/hub.ts'
import type { TestHub } from '../../test/hub.ts'
import { breakSandbox, resetSandbox } from '../../src/sandbox/admin.ts'
import { openSandboxFile } from '../../src/sandbox/database.ts'
import { slack } from './connector.ts'
import { channelIds } from './sandbox/seed.ts'
import { settlesMs } from './traces.ts'

const support = channelIds['support'] ?? ''
const tools = Object.fromEntries(slack.tools.map(({ name }) => [`slack_${name}`, true]))
const all = { connectors: { slack: { sandbox: true, tools } } }

const hello = { channel: support, ts: '1761555900.000300' }
const rules = { channel: support, ts: '1761555600.000100' }
const question = { channel: support, ts: '1761555720.000200' }

interface Case {
  /** Of Slack, where it is not the first that the tool may write to. */
  readonly method?: string
  /** It opens a conversation first. */
  readonly opens?: boolean
  /** It sends bytes first, which nobody sees. */
  readonly stages?: boolean
  readonly tool: string
  readonly input: JsonObject
  /** What somebody else does then, with the result of the call. */
  readonly meddle?: (other: TestHub, result: JsonObject) => Promise<unknown>
  /** The call that takes it back; left out where nothing does. */
  readonly undo?: { readonly tool: string; readonly fidelity: string }
}

const cases: readonly Case[] = [
  {
    tool: 'message_send',
    input: { channel: '#support', text: 'a **new** message' },
    undo: { tool: 'message_delete', fidelity: 'partial' },
    meddle: (other, { ts }) => other.call('slack_message_update', { channel: support, ts: ts ?? '', text: 'theirs' }),
  },
  {
    tool: 'message_send',
    input: { channel: '#support', text: 'held for a while', hold_seconds: 600 },
    method: 'chat.scheduleMessage',
    undo: { tool: 'msg_unschedule', fidelity: 'exact' },
    meddle: (other, { scheduled_message_id }) =>
      other.call('slack_msg_unschedule', { channel: support, scheduled_message_id: scheduled_message_id ?? '' }),
  },
  {
    tool: 'msg_schedule',
    input: { channel: '#support', text: 'later', in_minutes: 90 },
    undo: { tool: 'msg_unschedule', fidelity: 'exact' },
    meddle: (other, { scheduled_message_id }) =>
      other.call('slack_msg_unschedule', { channel: support, scheduled_message_id: scheduled_message_id ?? '' }),
  },
  {
    tool: 'msg_unschedule',
    input: { channel: '#support', scheduled_message_id: 'Q0HOLIDAYS01' },
    undo: { tool: 'msg_schedule', fidelity: 'partial' },
  },
  {
    tool: 'thread_reply',
    input: { channel: '#support', thread_ts: rules.ts, text: 'a reply' },
    undo: { tool: 'message_delete', fidelity: 'partial' },
    meddle: (other, { ts }) => other.call('slack_message_update', { channel: support, ts: ts ?? '', text: 'theirs' }),
  },
  {
    tool: 'dm_send',
    input: { users: ['U0MAYAOKAFOR'], text: 'for you *alone*' },
    undo: { tool: 'message_delete', fidelity: 'partial' },
    meddle: (other, { channel_id, ts }) => other.call('slack_message_delete', { channel: channel_id ?? '', ts: ts ?? '' }),
  },
  {
    tool: 'dm_send',
    input: { users: ['U0MAYAOKAFOR', 'U0WEIZHANG'], text: 'for you two' },
    opens: true,
    undo: { tool: 'message_delete', fidelity: 'partial' },
  },
  {
    tool: 'message_update',
    input: { ...hello, text: 'I follow **other** rules.' },
    undo: { tool: 'message_update', fidelity: 'partial' },
    meddle: (other) => other.call('slack_message_update', { ...hello, text: 'theirs' }),
  },
  {
    tool: 'message_delete',
    input: hello,
    undo: { tool: 'message_send', fidelity: 'lossy' },
  },
  {
    tool: 'reaction_add',
    input: { ...rules, emoji: 'tada' },
    undo: { tool: 'reaction_remove', fidelity: 'exact' },
    meddle: (other) => other.call('slack_reaction_remove', { ...rules, emoji: 'tada' }),
  },
  {
    tool: 'reaction_remove',
    input: { ...question, emoji: 'eyes' },
    undo: { tool: 'reaction_add', fidelity: 'exact' },
    meddle: (other) => other.call('slack_reaction_add', { ...question, emoji: 'eyes' }),
  },
  {
    tool: 'channel_create',
    input: { name: 'war-room' },
    undo: { tool: 'channel_archive', fidelity: 'lossy' },
    meddle: (other) => other.call('slack_channel_invite', { channel: '#war-room', users: ['U0WEIZHANG'] }),
  },
  {
    tool: 'topic_set',
    input: { channel: '#support', topic: 'Phones & <tickets>' },
    undo: { tool: 'topic_set', fidelity: 'partial' },
    meddle: (other) => other.call('slack_topic_set', { channel: '#support', topic: 'theirs' }),
  },
  {
    tool: 'file_upload',
    input: { channel: '#support', name: 'sup-1.csv', text: 'clinic,bookings\nBristol,3\n' },
    stages: true,
    undo: { tool: 'file_delete', fidelity: 'partial' },
    meddle: (other, { file_id }) => other.call('slack_file_delete', { channel: support, file: file_id ?? '' }),
  },
  { tool: 'file_delete', input: { channel: '#support', file: 'F0RULESOFBOT' } },
  { tool: 'channel_invite', input: { channel: '#support', users: ['U0INESDUARTE', 'U0NOORHADDAD'] } },
  { tool: 'channel_archive', input: { channel: '#calder-rollout' } },
]

/** One hub for all: each test begins with the workspace as seeded, and with calls that nobody has made before. */
let hub: TestHub
let now = new Date()
let round = 0
const own = () => ({ idempotency_key: `round-${String(round).padStart(6, '0')}` })

beforeAll(async () => {
  hub = await testHub({ ...all, now: () => now })
})
beforeEach(() => {
  now = new Date(now.getTime() + 1000)
  round += 1
  resetSandbox(hub.hub.sandboxFile)
})
afterAll(() => hub.close())

test('every write is among them', () => {
  const writes = slack.tools.filter(({ kind }) => kind === 'write').map(({ name }) => name)
  expect(new Set(cases.map(({ tool }) => tool))).toEqual(new Set(writes))
})

const named = cases.map((each) => ({ ...each, what: `${each.tool} ${JSON.stringify(each.input)}` }))

describe.each(named)('$what', ({ tool, input, undo, meddle, opens = false, stages = false, method = methodOf(tool) }) => {
  const name = `slack_${tool}`

  test('said twice under one key, it is done once', async () => {
    const first = await hub.call(name, { ...input, ...own() })
    const second = await hub.call(name, { ...input, ...own() })
    expect([first.status, first.error]).toEqual(['done', undefined])
    expect(second).toMatchObject({ status: 'done', replayed: true, result: first.result })
    expect(effective()).toHaveLength(opens ? 2 : 1)
  })

  test('refused by a limit, it has failed for certain and may be sent again', async () => {
    breakOn(method, '429')
    const refused = await hub.call(name, { ...input, ...own() })
    // A conversation that was opened before is something: what became of the message is asked afterwards.
    expect(refused).toMatchObject(
      opens || stages ? { status: 'unknown' } : { status: 'failed', error: { code: 'rate_limited' } },
    )
    if (opens || stages) return
    expect(effective()).toEqual([])
    round += 1
    expect(await hub.call(name, { ...input, ...own() })).toMatchObject({ status: 'done' })
  })

  test('a lost answer is unknown, then found to have happened; nothing is sent again', async () => {
    breakOn(method, 'drop')
    const lost = await hub.call(name, { ...input, ...own() })
    expect(lost.status).toBe('unknown')
    const writes = effective()
    const asked = await hub.call('operation_get', { id: lost.operation_id ?? '' })
    expect(asked).toMatchObject({ result: { state: 'reconciled', answer: { status: 'done', result: expect.any(Object) } } })
    expect(await hub.call(name, { ...input, ...own() })).toMatchObject({ status: 'done', replayed: true })
    expect(effective()).toEqual(writes)
  })

  test('a 500 that did nothing is unknown until Slack has settled, then known not to have happened', async () => {
    breakOn(method, '500')
    const { status, operation_id: id = '' } = await hub.call(name, { ...input, ...own() })
    expect(status).toBe('unknown')
    expect(await hub.call('operation_get', { id })).toMatchObject({ result: { state: 'unknown' } })
    now = new Date(now.getTime() + settlesMs)
    expect(await hub.call('operation_get', { id })).toMatchObject({ result: { state: 'failed' } })
    expect(effective().filter((request) => !request.includes('conversations.open'))).toEqual([])
  })

  test.runIf(undo !== undefined)('it is taken back, and then it is as it was', async () => {
    await hub.call('slack_channel_get', { channel: '#support' })
    const before = look(undo?.fidelity)
    const { operation_id: id = '' } = await hub.call(name, { ...input, ...own() })
    expect(look(undo?.fidelity)).not.toEqual(before)
    const shown = await hub.call('operation_undo', { id, dry_run: true })
    expect([shown.status, shown.error]).toEqual(['previewed', undefined])
    const taken = await hub.call('operation_undo', { id })
    expect([taken.status, taken.error]).toEqual(['done', undefined])
    expect(taken.notes?.join(' ')).toContain(`: ${undo?.fidelity ?? ''}.`)
    const { tool: used } = (await hub.hub.store.operation(taken.operation_id ?? '')) ?? {}
    expect(used).toBe(`slack_${undo?.tool ?? ''}`)
    expect(look(undo?.fidelity)).toEqual(before)
    expect(await hub.call('operation_get', { id })).toMatchObject({ result: { state: 'undone' } })
  })

  test.runIf(undo !== undefined)('a lost answer does not keep it from being taken back', async () => {
    await hub.call('slack_channel_get', { channel: '#support' })
    const before = look(undo?.fidelity)
    breakOn(method, 'drop')
    const { operation_id: id = '' } = await hub.call(name, { ...input, ...own() })
    await hub.call('operation_get', { id })
    expect(await hub.call('operation_undo', { id })).toMatchObject({ status: 'done' })
    expect(look(undo?.fidelity)).toEqual(before)
  })

  test.runIf(meddle !== undefined)('what somebody else has done since then is not overwritten', async () => {
    const { operation_id: id = '', result = {} } = await hub.call(name, { ...input, ...own() })
    expect(await meddle?.(somebodyElse(), result)).toMatchObject({ status: 'done' })
    const theirs = look(undo?.fidelity)
    const writes = effective()
    const answer = await hub.call('operation_undo', { id })
    expect(answer).toMatchObject({ status: 'failed', error: { code: 'conflict' } })
    expect(answer.message).toMatch(/since then|by now/)
    expect(look(undo?.fidelity)).toEqual(theirs)
    expect(effective()).toEqual(writes)
  })

  test.runIf(undo === undefined)('it says beforehand that nothing takes it back', async () => {
    const { plan } = await hub.call(name, { ...input, dry_run: true })
    expect(plan?.undo).toBe('none')
    const { operation_id: id = '' } = await hub.call(name, { ...input, ...own() })
    expect(await hub.call('operation_undo', { id })).toMatchObject({ status: 'failed', error: { code: 'refused' } })
  })
})

describe('what is only sometimes so', () => {
  test('a reaction that the app had before is not taken back', async () => {
    const { operation_id: id = '', result } = await hub.call('slack_reaction_add', { ...question, emoji: 'eyes' })
    expect(result).toMatchObject({ note: expect.stringContaining('already') })
    expect(await hub.call('operation_undo', { id })).toMatchObject({ status: 'failed', error: { code: 'refused' } })
  })

  test('a file that somebody has shared elsewhere since then is not deleted', async () => {
    const input = { channel: '#support', name: 'minutes.txt', text: 'who does what' }
    const { operation_id: id = '', result } = await hub.call('slack_file_upload', { ...input, ...own() })
    const file = result?.['file_id'] as string
    setInSandbox('file', file, '$.channels', [support, channelIds['sales'] ?? ''])
    const answer = await hub.call('operation_undo', { id })
    expect(answer).toMatchObject({ status: 'failed', error: { code: 'conflict' } })
    expect(answer.message).toContain('shared this file elsewhere since then')
    setInSandbox('file', file, '$.channels', [support])
    setInSandbox('file', file, '$.size', 999)
    expect((await hub.call('operation_undo', { id })).message).toContain('changed this file since then')
  })

  test('a text with a mass mention is put back as plain text, and the plan and the undo say so', async () => {
    const sent = await hub.call('slack_message_send', { channel: '#support', text: 'all hands', mass_mention: 'here' })
    const place = { channel: support, ts: sent.result?.['ts'] ?? '' }
    const shown = await hub.call('slack_message_update', { ...place, text: 'never mind', dry_run: true })
    expect(shown.plan?.undo).toBe('lossy')
    const { operation_id: id = '' } = await hub.call('slack_message_update', { ...place, text: 'never mind' })
    const taken = await hub.call('operation_undo', { id })
    expect(taken.notes?.join(' ')).toMatch(/lossy.*Markdown has no words/)
    const { result } = await hub.call('slack_message_get', place)
    expect(result).toMatchObject({ message: { text: '@here all hands' } })
  })

  test('formatting, links and mentions are put back to the letter', async () => {
    const text =
      '**bold** _it_ ~~gone~~ `a < b`\n- [SUP-1](https://larkfield.atlassian.net/browse/SUP-1)\n> @[U0MAYAOKAFOR] in #[C0SUPPORT01]'
    const sent = await hub.call('slack_message_send', { channel: '#support', text })
    const place = { channel: support, ts: sent.result?.['ts'] ?? '' }
    const { operation_id: id = '', result } = await hub.call('slack_message_update', { ...place, text: 'other' })
    expect(result?.['rev']).not.toBe(sent.result?.['rev'])
    expect(await hub.call('operation_undo', { id })).toMatchObject({ status: 'done', result: { rev: sent.result?.['rev'] } })
  })

  test('a reply that was deleted is sent again to its thread', async () => {
    const reply = await hub.call('slack_thread_reply', { channel: '#support', thread_ts: rules.ts, text: 'again' })
    const { operation_id: id = '' } = await hub.call('slack_message_delete', {
      channel: support,
      ts: reply.result?.['ts'] ?? '',
    })
    expect(await hub.call('operation_undo', { id })).toMatchObject({ status: 'done', result: { thread_ts: rules.ts } })
  })

  test('a deleted message is not sent again while policy does not allow sending', async () => {
    const policy = 'rules:\n  - allow: [slack_message_delete, operation_undo]\n    who: role:member\n'
    await using narrow = await testHub({ ...all, policy })
    const { operation_id: id = '' } = await narrow.call('slack_message_delete', hello)
    expect(await narrow.call('operation_undo', { id })).toMatchObject({ status: 'denied' })
  })
})

describe('held and scheduled messages', () => {
  const held = { channel: '#support', text: 'held', hold_seconds: 600 }

  test('are not there before their time, and once they are, they are deleted like others', async () => {
    const { operation_id: id = '' } = await hub.call('slack_message_send', held)
    expect(await textsOf()).not.toContain('held')
    now = new Date(now.getTime() + 570_000)
    const late = await hub.call('operation_undo', { id })
    expect(late).toMatchObject({ status: 'failed', error: { code: 'conflict' } })
    expect(late.message).toContain('within the minute')
    now = new Date(now.getTime() + 60_000)
    expect(await textsOf()).toContain('held')
    const taken = await hub.call('operation_undo', { id })
    expect(taken.notes?.join(' ')).toContain('partial')
    expect(await textsOf()).not.toContain('held')
  })

  test('carry no mark, since Slack would never post them; so one of two that are alike is no evidence of the other', async () => {
    await hub.call('slack_message_send', { ...held, idempotency_key: 'first-of-two' })
    breakOn('chat.scheduleMessage', 'drop')
    const { operation_id: id = '', status } = await hub.call('slack_message_send', {
      ...held,
      idempotency_key: 'second-of-two',
    })
    expect(status).toBe('unknown')
    expect(await hub.call('operation_get', { id })).toMatchObject({ result: { state: 'unknown' } })
  })

  test('twice the same message for the same time is refused', async () => {
    const post_at = new Date(now.getTime() + 86_400_000).toISOString()
    const input = { channel: '#support', text: 'standup', post_at }
    expect(await hub.call('slack_msg_schedule', { ...input, idempotency_key: 'standup-one' })).toMatchObject({
      status: 'done',
    })
    const second = await hub.call('slack_msg_schedule', { ...input, idempotency_key: 'standup-two' })
    expect(second).toMatchObject({ status: 'failed', error: { code: 'conflict' } })
  })

  test.each([
    ['a time that has passed', { post_at: '2020-01-01T09:00:00Z' }],
    ['a time without a zone', { post_at: '2027-01-01T09:00:00' }],
    ['a time too far', { post_at: '2099-01-01T09:00:00Z' }],
    ['no time', {}],
    ['two times', { post_at: '2099-01-01T09:00:00Z', in_minutes: 5 }],
  ])('%s is refused', async (_what, time) => {
    const answer = await hub.call('slack_msg_schedule', { channel: '#support', text: 'x', ...time })
    expect(answer).toMatchObject({ status: 'failed', error: { code: 'invalid_input' } })
  })
})

/** The workspace as it is kept: what is said, scheduled and set where. Timestamps and the mark of an edit are no part of it. */
function look(fidelity = ''): readonly string[] {
  const database = openSandboxFile(hub.hub.sandboxFile)
  const kept = database.prepare("SELECT kind, value FROM docs WHERE kind = 'channel' OR kind LIKE 'message %'").all()
  database.close()
  return kept
    .map(({ kind, value }) => ({ kind: String(kind), doc: JSON.parse(String(value)) as JsonObject }))
    .flatMap(({ kind, doc }) => (kind === 'channel' ? channelSeen(doc) : messageSeen(kind, doc, fidelity)))
    .sort()
}

/** A channel that was made stays as an archived one, a conversation that was opened stays empty. */
function channelSeen({ name, topic, members, is_archived, is_im, is_mpim }: JsonObject): string[] {
  return is_archived === true || is_im === true || is_mpim === true ? [] : [JSON.stringify({ name, topic, members })]
}

function messageSeen(
  kind: string,
  { text, thread_ts, subtype, scheduled, ts, reactions, files }: JsonObject,
  fidelity: string,
): string[] {
  if (subtype === 'channel_topic') return []
  const time = scheduled === null ? {} : { post_at: (ts as string).slice(0, 10) }
  return [JSON.stringify({ kind, text, thread_ts, ...time, ...(fidelity === 'lossy' ? {} : { reactions, files }) })]
}

/** As somebody at Slack would have changed it, whom no method of ours stands for. */
function setInSandbox(kind: string, id: string, at: string, value: unknown): void {
  const database = openSandboxFile(hub.hub.sandboxFile)
  const update = 'UPDATE docs SET value = json_set(value, ?, json(?)) WHERE kind = ? AND id = ?'
  expect(database.prepare(update).run(at, JSON.stringify(value), kind, id).changes).toBe(1)
  database.close()
}

async function textsOf(): Promise<readonly unknown[]> {
  const { result } = await hub.call('slack_history_read', { channel: '#support', limit: 20 })
  return ((result?.['messages'] ?? []) as JsonObject[]).map(({ text }) => text)
}

/** Whose calls are none of those that were made before. */
function somebodyElse(): TestHub {
  const idempotency_key = `somebody-else-${round}`
  return { ...hub, call: (tool, args) => hub.call(tool, { ...(args as JsonObject), idempotency_key }) }
}

/** What changed something in Slack. */
function effective(): readonly string[] {
  return hub.writes().filter((request) => request.startsWith('POST /api/'))
}

function breakOn(method: string, mode: 'drop' | '429' | '500'): void {
  breakSandbox(hub.hub.sandboxFile, 'slack', { mode, times: 1, route: `POST /api/${method}` })
}

/** That says or changes something, where a tool asks for several. */
function methodOf(name: string): string {
  const tool = slack.tools.find((candidate) => candidate.name === name)
  const route = tool?.kind === 'write' ? tool.routes[0] : undefined
  return route?.replace('POST /api/', '') ?? ''
}

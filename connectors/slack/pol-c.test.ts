// What people and texts try with Slack, row by row, through the whole hub: what leaves for Slack is the witness.
import type { JsonObject } from 'toolgate/kit'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { resetSandbox, sandboxRequests } from '../../src/sandbox/admin.ts'
import { testHub } from '../../test/hub.ts'
import type { TestHub } from '../../test/hub.ts'
import { slack } from './connector.ts'
import { botToken, channelIds, userIds } from './sandbox/seed.ts'
import { verdict } from './errors.ts'
import { connect, contextOf } from './test/opened.ts'
import { refused, toolNamed } from './test/world.ts'
import { sandboxHarness } from '../../test/sandbox/harness.ts'

const id = (name: string) => channelIds[name] ?? ''
const support = id('support')
const tools = Object.fromEntries(slack.tools.map(({ name }) => [`slack_${name}`, true]))
const rule = `
rules:
  - allow: [slack_message_send, slack_msg_schedule, slack_thread_reply, slack_message_update, slack_file_upload]
    who: role:member
    where: { slack.channel: [${support}] }
  - allow: [slack_history_read, slack_thread_read, slack_message_get, slack_file_read, slack_search]
    who: role:member
    where: { slack.channel: [${support}] }
`

let hub: TestHub
let round = 0
beforeAll(async () => {
  hub = await testHub({ connectors: { slack: { sandbox: true, tools } }, policy: rule })
})
beforeEach(() => {
  round += 1
  resetSandbox(hub.hub.sandboxFile)
})
afterAll(() => hub.close())

const call = (tool: string, input: JsonObject) =>
  hub.call(`slack_${tool}`, { ...input, ...(toolNamed(tool).kind === 'write' && { idempotency_key: `row-${round}-row` }) })

/** What was said in Slack, as it left. */
function said(): readonly Record<string, string>[] {
  return sandboxRequests(hub.hub.sandboxFile, { limit: 100 })
    .filter(({ path }) => /\/(?:chat\.(?:postMessage|update|scheduleMessage)|files\.completeUploadExternal)$/.test(path))
    .map(({ body }) => Object.fromEntries(new URLSearchParams(body)))
}

async function refusedUnsent(tool: string, input: JsonObject): Promise<string> {
  const answer = await call(tool, input)
  expect(['denied', 'failed']).toContain(answer.status)
  expect(said()).toEqual([])
  return answer.message
}

describe('POL-C01: where', () => {
  test.each([
    ['a person', '@maya'],
    ['a person by id', userIds['maya'] ?? ''],
    ['a direct conversation', id('dm-maya')],
    ['a group conversation', id('dm-support')],
    ['a group conversation by name', '#mpdm-toolgate--maya--jonas-1'],
    ['another company', '#partner-brightwater'],
    ['another company by id', id('partner-brightwater')],
    ['an archive', '#launch-2025'],
    ['a channel of others', id('ops-incidents')],
    ['a look-alike', '#suppоrt'],
    ['a name in other letters', '#SUPPORT'],
    ['full width', '＃support'],
    ['with a way up', '../support'],
    ['with an end', `${support}%00`],
    ['several', `${support},${id('sales')}`],
  ])('not to %s', async (_what, channel) => {
    await refusedUnsent('message_send', { channel, text: 'x' })
    await refusedUnsent('file_upload', { channel, name: 'a.txt', text: 'x' })
    await refusedUnsent('msg_schedule', { channel, text: 'x', in_minutes: 5 })
  })

  test('a thread of another channel is no thread of this one', async () => {
    await refusedUnsent('thread_reply', { channel: support, thread_ts: '1700000000.000100', text: 'x' })
  })
})

describe('POL-C02: who is notified', () => {
  test.each([
    ['<!channel>', '&lt;!channel&gt;'],
    ['<!here>', '&lt;!here&gt;'],
    ['<!everyone>', '&lt;!everyone&gt;'],
    ['<!subteam^S0SUPPORT01>', '&lt;!subteam^S0SUPPORT01&gt;'],
    ['<!subteam^S0SUPPORT01|@support-team>', '&lt;!subteam^S0SUPPORT01|@support-team&gt;'],
    ['<@U0MAYAOKAFOR>', '&lt;@U0MAYAOKAFOR&gt;'],
    ['@channel @here @everyone', '@channel @here @everyone'],
    ['＠channel', '＠channel'],
    ['&lt;!channel&gt;', '&amp;lt;!channel&amp;gt;'],
    ['&#60;!channel&#62;', '&amp;#60;!channel&amp;#62;'],
    ['\\<!channel\\>', '&lt;!channel&gt;'],
    ['`<!channel>`', '`&lt;!channel&gt;`'],
    ['[x](<!channel>)', '[x](&lt;!channel&gt;)'],
    ['<\u200b!channel>', '&lt;!channel&gt;'],
    ['<!date^1392734382^{date}^https://evil.example|x>', '&lt;!date^1392734382^{date}^<https://evil.example/>|x&gt;'],
  ])('nobody by %j', async (text, sent) => {
    for (const [tool, more] of [
      ['message_send', {}],
      ['thread_reply', { thread_ts: '1761555600.000100' }],
      ['message_update', { ts: '1761555900.000300' }],
    ] as const) {
      const { status, plan } = await call(tool, { channel: support, text, ...more, dry_run: true })
      expect([status, plan?.audience.massMention]).toEqual(['previewed', false])
      expect(await call(tool, { channel: support, text, ...more })).toMatchObject({ status: 'done' })
    }
    for (const form of said()) {
      expect(form['text']).toBe(sent)
      expect(form['link_names'] ?? 'false').toBe('false')
      expect(form['parse'] ?? 'none').toBe('none')
    }
    expect(said()).toHaveLength(3)
  })

  test('everybody only by its own parameter, which a rule and the connection must both allow', async () => {
    const loud = { channel: support, text: 'all hands', mass_mention: 'channel' }
    expect(await call('message_send', { ...loud, dry_run: true })).toMatchObject({
      plan: { audience: { massMention: true } },
    })
    const quiet = `${rule}\n  - deny: slack_message_send\n    when: plan.audience.massMention\n    because: Nobody shouts.\n`
    await using other = await testHub({ connectors: { slack: { sandbox: true, tools } }, policy: quiet })
    expect(await other.call('slack_message_send', loud)).toMatchObject({ status: 'denied' })
    expect(await other.call('slack_message_send', { channel: support, text: 'all hands' })).toMatchObject({ status: 'done' })
  })
})

describe('POL-C03: where a text leads', () => {
  test.each([
    ['https://evil.example/?d=SECRET', ['evil.example']],
    ['see evil.example/?d=SECRET', ['evil.example']],
    ['evil。example', ['evil.example']],
    ['https://xn--vil-mna.example', ['xn--vil-mna.example']],
    ['[ok](https://evil.example)', ['evil.example']],
    ['[https://bank.example](https://evil.example)', ['bank.example', 'evil.example']],
    ['<https://evil.example|https://bank.example>', ['bank.example', 'evil.example']],
    ['![pixel](https://evil.example/p.png)', ['evil.example']],
    ['https://bank.example@evil.example/', ['evil.example']],
    ['mailto:<mailto:a@evil.example>', ['evil.example']],
    ['HTTPS://EVIL.EXAMPLE', ['evil.example']],
    ['//evil.example/x', ['evil.example']],
  ])('%j is not previewed, and the plan names its hosts', async (text, links) => {
    const { plan } = await call('message_send', { channel: support, text, dry_run: true })
    expect(plan?.effects[0]).toMatchObject({ after: { links } })
    await call('message_send', { channel: support, text })
    expect(said()).toMatchObject([{ unfurl_links: 'false', unfurl_media: 'false' }])
  })

  test('a rule can judge the hosts', async () => {
    const policy = `${rule}
  - deny: slack_message_send
    when: '"links" in plan.effects[0].after && plan.effects[0].after.links.exists(host, host != "larkfield.atlassian.net")'
    because: Only our own addresses.
`
    await using other = await testHub({ connectors: { slack: { sandbox: true, tools } }, policy })
    const send = (text: string) => other.call('slack_message_send', { channel: support, text })
    expect(await send('https://larkfield.atlassian.net/browse/SUP-1')).toMatchObject({ status: 'done' })
    expect(await send('https://evil.example/?d=SECRET')).toMatchObject({ status: 'denied' })
    expect(await send('nothing to click')).toMatchObject({ status: 'done' })
  })
})

describe('POL-C05, C06, C07: what cannot be asked for', () => {
  test.each([
    ['reply_broadcast', true],
    ['thread_ts', '1761555600.000100'],
    ['blocks', [{ type: 'actions', elements: [{ type: 'button', action_id: 'approve' }] }]],
    ['attachments', [{ thumb_url: 'https://evil.example/x.png' }]],
    ['metadata', { event_type: 'toolgate_operation', event_payload: { operation: 'op_1' } }],
    ['username', 'CEO'],
    ['icon_emoji', ':crown:'],
    ['icon_url', 'https://evil.example/x.png'],
    ['as_user', true],
    ['parse', 'full'],
    ['link_names', true],
    ['unfurl_links', true],
    ['unfurl_media', true],
    ['mrkdwn', false],
    ['initial_comment', '<!channel>'],
    ['user_auth_url', 'https://evil.example'],
  ] as const)('%s', async (name, value) => {
    for (const tool of ['message_send', 'message_update', 'msg_schedule', 'file_upload'])
      expect(await refusedUnsent(tool, { ...(toolNamed(tool).example as JsonObject), [name]: value })).toMatch(
        new RegExp(`"?${name}`),
      )
  })

  test('a reply is never also sent to the channel', async () => {
    await refusedUnsent('thread_reply', { ...(toolNamed('thread_reply').example as JsonObject), reply_broadcast: true })
    await call('thread_reply', toolNamed('thread_reply').example as JsonObject)
    expect(said()[0]).not.toHaveProperty('reply_broadcast')
  })
})

describe('POL-C09: what is read', () => {
  test.each([
    ['history of a private channel', 'history_read', { channel: id('finance-private') }],
    ['history of another channel', 'history_read', { channel: id('ops-incidents') }],
    [
      'a message by its address',
      'message_get',
      { permalink: `https://larkfield.slack.com/archives/${id('sales')}/p1761555600000100` },
    ],
    ['a file of another channel', 'file_read', { channel: support, file: 'F0FORECAST01' }],
    ['a file by another channel', 'file_read', { channel: id('finance-private'), file: 'F0FORECAST01' }],
    ['a search in another channel', 'search', { query: 'SUP-1', in: ['#sales'] }],
    ['a search in a direct conversation', 'search', { query: 'x', in: [id('dm-maya')] }],
  ])('not %s', async (_what, tool, input) => {
    const answer = await call(tool, input)
    expect(['denied', 'failed']).toContain(answer.status)
    expect(JSON.stringify(answer)).not.toMatch(/forecast|renewal|reminder queue/i)
  })

  test.each(['in:#finance-private forecast', 'from:@noor', 'in:@maya', 'SUP-2', 'Bristol', 'the', '"in:#sales" SUP-1'])(
    'a search for %j shows #support alone',
    async (query) => {
      const { status, result } = await call('search', { query, limit: 20 })
      expect(status).toBe('done')
      for (const hit of (result?.['hits'] ?? []) as JsonObject[]) expect(hit['channel_id']).toBe(support)
    },
  )
})

describe('POL-C10: what is too much', () => {
  test.each([
    ['4,001 characters', 'message_send', { text: 'x'.repeat(4001) }],
    ['40,001 characters', 'message_send', { text: 'x'.repeat(40_001) }],
    ['characters that grow when they are escaped', 'message_send', { text: '&'.repeat(801) }],
    ['a text of nothing to be seen', 'message_send', { text: '\u200b\u2060\u00ad' }],
    [
      '21 people',
      'message_send',
      { text: Array.from({ length: 21 }, (_, at) => `@[U0PERSON${String(at).padStart(4, '0')}]`).join(' ') },
    ],
    ['a file of 100,001 characters', 'file_upload', { name: 'a.txt', text: 'x'.repeat(100_001) }],
    ['a file that is no base64', 'file_upload', { name: 'a.bin', base64: 'not base64' }],
    ['a file of two kinds', 'file_upload', { name: 'a.bin', text: 'x', base64: 'eA==' }],
    ['a file of nothing', 'file_upload', { name: 'a.bin' }],
    ['a file with a way up', 'file_upload', { name: '../../etc/passwd', text: 'x' }],
    ['a file with a hidden end', 'file_upload', { name: 'report.txt\u202ecod.exe', text: 'x' }],
    ['a file that begins with a dot', 'file_upload', { name: '.bashrc', text: 'x' }],
  ])('not %s', async (_what, tool, input) => {
    await refusedUnsent(tool, { channel: support, ...input })
  })
})

describe('POL-C11: what an answer means', () => {
  const headers = (type: string) => new Headers({ 'content-type': type })
  test.each([
    ['a documented no', { ok: false, error: 'channel_not_found' }, 'application/json', 'refused'],
    ['a limit', { ok: false, error: 'ratelimited' }, 'application/json', 'refused'],
    ['half-way', { ok: false, error: 'fatal_error' }, 'application/json', 'unclear'],
    ['a page', undefined, 'text/html; charset=utf-8', 'unclear'],
    ['half an answer', undefined, 'application/json', 'unclear'],
    ['the bytes have arrived', undefined, 'text/plain; charset=utf-8', 'accepted'],
  ] as const)('%s', (_what, json, type, meaning) => {
    expect(verdict({ status: 200, headers: headers(type), json })).toBe(meaning)
  })
})

describe('what the settings of a connection keep out of every message', () => {
  const input = (text: string, more = {}) => ({ channel: support, text, ...more })
  const plan = async (settings: object, given: object, tool = 'message_send') => {
    const harness = await sandboxHarness(slack)
    const { vendor } = await connect(harness, { credential: botToken, settings: settings as JsonObject })
    const wanted = toolNamed(tool)
    if (wanted.kind !== 'write') throw new Error('It writes.')
    try {
      return await wanted.plan(wanted.input.parse(given), contextOf(vendor))
    } finally {
      await harness.close()
    }
  }

  test('mass mentions, unless they are switched on', async () => {
    const error = await refused(plan({}, input('x', { mass_mention: 'here' })), 'refused')
    expect(error.message).toContain('mass_mentions')
    expect((await plan({ mass_mentions: true }, input('x', { mass_mention: 'here' }))).audience.massMention).toBe(true)
  })

  test('addresses of other hosts, where there is a list of hosts', async () => {
    const settings = { link_hosts: ['atlassian.net', 'larkfield.example'] }
    await plan(settings, input('https://larkfield.atlassian.net/x and larkfield.example, no others'))
    for (const text of [
      'https://evil.example',
      'evil.example',
      'https://atlassian.net.evil.example',
      'https://evilatlassian.net',
      '[x](https://evil.example)',
      '<mailto:a@evil.example>',
      'https://larkfield.atlassian.net@evil.example/',
    ])
      expect((await refused(plan(settings, input(text)), 'refused')).message).toContain('evil')
    await refused(plan(settings, { channel: support, name: 'a.txt', text: 'evil.example' }, 'file_upload'), 'refused')
    await refused(plan({ link_hosts: [] }, input('https://larkfield.example')), 'refused')
  })

  test('previews, unless they are switched on: then the plan says so and it is what is sent', async () => {
    const { request, effects } = await plan({ previews: true }, input('https://larkfield.example'))
    expect(request).toMatchObject({ message: { unfurl_links: true, unfurl_media: true } })
    expect(effects[0]?.after).toMatchObject({ previews: true })
    const quiet = await plan({}, input('https://larkfield.example'))
    expect(quiet.request).toMatchObject({ message: { unfurl_links: false, unfurl_media: false } })
    expect(quiet.effects[0]?.after).not.toHaveProperty('previews')
  })
})

describe('reading and posting, each where its own rule says', () => {
  const [first, second] = [support, id('sales')]
  const policy = `
rules:
  - allow: [slack_history_read, slack_thread_read, slack_message_get, slack_search, slack_file_read]
    who: role:member
    where: { slack.channel: [${first}, ${second}] }
  - allow: [slack_message_send, slack_thread_reply, slack_msg_schedule, slack_file_upload]
    who: role:member
    where: { slack.channel: [${first}] }
`

  test('who reads two channels and posts in one does just that', async () => {
    await using narrow = await testHub({ connectors: { slack: { sandbox: true, tools } }, policy })
    for (const channel of [first, second])
      expect(await narrow.call('slack_history_read', { channel, limit: 1 })).toMatchObject({ status: 'done' })
    expect(await narrow.call('slack_history_read', { channel: id('ops-incidents') })).not.toMatchObject({ status: 'done' })
    const posts: readonly (readonly [string, JsonObject])[] = [
      ['message_send', { text: 'hello' }],
      ['msg_schedule', { text: 'later', in_minutes: 5 }],
      ['file_upload', { name: 'a.txt', text: 'a' }],
    ]
    for (const [tool, input] of posts) {
      expect(await narrow.call(`slack_${tool}`, { channel: first, ...input })).toMatchObject({ status: 'done' })
      const before = narrow.writes()
      expect(['denied', 'failed']).toContain((await narrow.call(`slack_${tool}`, { channel: second, ...input })).status)
      expect(narrow.writes()).toEqual(before)
    }
    const found = await narrow.call('slack_search', { query: 'SUP-1', limit: 20 })
    const where = new Set(((found.result?.['hits'] ?? []) as JsonObject[]).map((hit) => hit['channel_id']))
    expect(where).toEqual(new Set([first, second]))
  })

  test('a channel shared with another company is neither read nor written unless it is named', async () => {
    const harness = await sandboxHarness(slack)
    const shared = id('partner-brightwater')
    const { vendor } = await connect(harness, { credential: botToken })
    const read = toolNamed('history_read')
    const send = toolNamed('message_send')
    if (read.kind !== 'read' || send.kind !== 'write') throw new Error('One looks, the other writes.')
    const reading = (within?: readonly string[]) =>
      read.run(read.input.parse({ channel: shared }), contextOf(vendor, new Date(), within))
    const writing = (within?: readonly string[]) =>
      send.plan(send.input.parse({ channel: shared, text: 'x' }), contextOf(vendor, new Date(), within))
    expect((await refused(reading(), 'refused')).message).toContain(shared)
    await refused(writing(), 'refused')
    await refused(reading([support]), 'not_found')
    expect(await reading([shared])).toMatchObject({ messages: [expect.anything()] })
    expect((await writing([shared])).audience.external).toBe(true)
    const named = await connect(harness, { credential: botToken, settings: { external_channels: [shared] } })
    expect(await read.run(read.input.parse({ channel: shared }), contextOf(named.vendor))).toHaveProperty('messages')
    await harness.close()
  })

  test('a direct conversation is no channel, whatever a rule names', async () => {
    const dm = id('dm-support')
    const wide = `rules:\n  - allow: [slack_history_read, slack_message_send]\n    who: role:member\n    where: { slack.channel: [${dm}] }\n`
    await using named = await testHub({ connectors: { slack: { sandbox: true, tools } }, policy: wide })
    expect(await named.call('slack_history_read', { channel: dm })).toMatchObject({ status: 'failed' })
    expect(await named.call('slack_message_send', { channel: dm, text: 'x' })).toMatchObject({ status: 'failed' })
  })
})

describe('what is remembered', () => {
  test('is of one credential, bounded, and forgotten when rights are gone', async () => {
    const harness = await sandboxHarness(slack)
    const cache = new Map<string, unknown>()
    const { vendor } = await connect(harness, { credential: botToken, cache })
    await vendor.me()
    await vendor.person(userIds['maya'] ?? '', new Date())
    vendor.names.set('support', support)
    const remembered = () => [...cache.keys()].filter((key) => /^(?:me|searcher|person:|channel:)/.test(key))
    expect(remembered()).toHaveLength(3)
    await refused(vendor.history({ channel: id('random'), limit: 1 }), 'forbidden')
    expect(remembered()).toEqual([])

    for (let at = 0; at < 600; at += 1) vendor.names.set(`channel-${at}`, 'C000000000')
    expect(remembered()).toHaveLength(500)
    await connect(harness, { credential: 'xoxb-another', cache })
    expect(remembered()).toEqual([])
    await harness.close()
  })

  test('a name that another channel has by now is looked for again', async () => {
    const harness = await sandboxHarness(slack)
    const { vendor } = await connect(harness, { credential: botToken })
    vendor.names.set('support', id('sales'))
    const get = toolNamed('channel_get')
    if (get.kind !== 'read') throw new Error('It looks.')
    expect(await get.run(get.input.parse({ channel: '#support' }), contextOf(vendor))).toMatchObject({ id: support })
    expect(vendor.names.get('support')).toBe(support)
    const before = harness.requests().filter(({ path }) => path === '/api/conversations.list').length
    await get.run(get.input.parse({ channel: '#support' }), contextOf(vendor))
    expect(harness.requests().filter(({ path }) => path === '/api/conversations.list')).toHaveLength(before)
    await harness.close()
  })
})

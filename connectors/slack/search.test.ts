// Search: what is typed is only words, what comes back is only of channels that this person may see.
import { array, assert, asyncProperty, constantFrom, property } from 'fast-check'
import type { JsonObject } from 'toolgate/kit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sandboxHarness } from '../../test/sandbox/harness.ts'
import type { Harness } from '../../test/sandbox/harness.ts'
import { testHub } from '../../test/hub.ts'
import { slack } from './connector.ts'
import { botToken, channelIds, otherTokens } from './sandbox/seed.ts'
import { queryOf } from './searching.ts'
import { connect, contextOf } from './test/opened.ts'
import { refused, toolNamed } from './test/world.ts'

let harness: Harness
beforeAll(async () => {
  harness = await sandboxHarness(slack)
})
afterAll(() => harness.close())

const id = (name: string) => channelIds[name] ?? ''
const everyone = {
  words: '',
  channels: [],
  people: [],
  has: [],
  after: undefined,
  before: undefined,
}

/** As somebody whom rules keep to these channels, or to none in particular. */
async function hits(input: object, within?: readonly string[], who = 'maya', settings = {}): Promise<readonly JsonObject[]> {
  const { vendor } = await connect(harness, { settings: { token: 'user', ...settings }, credential: otherTokens.of(who) })
  const tool = toolNamed('search')
  if (tool.kind !== 'read') throw new Error('It looks.')
  const answer = (await tool.run(tool.input.parse(input), contextOf(vendor, new Date(), within))) as { hits: JsonObject[] }
  return (tool.output.parse(answer) as { hits: JsonObject[] }).hits
}
const places = (rows: readonly JsonObject[]) => [...new Set(rows.map((row) => row['channel'] as string))].sort()

describe('a query', () => {
  test.each([
    ['double bookings', 'double bookings'],
    ['"double bookings" -reminder', '"double bookings" -reminder'],
    ['-"weekly digest" queue', '-"weekly digest" queue'],
    ['book*', 'book*'],
    ['OPS-42 v1.2.3 snake_case', 'OPS-42 v1.2.3 snake_case'],
    ['O’Brien naïve 日本語', 'O’Brien naïve 日本語'],
    ['in:#finance-private', '"in:#finance-private"'],
    ['-in:support forecast', '"-in:support" forecast'],
    ['from:@noor from:me', '"from:@noor" "from:me"'],
    ['has:link is:dm to:me', '"has:link" "is:dm" "to:me"'],
    ['IN:secret', '"IN:secret"'],
    ['"in:#finance-private', '"in:#finance-private"'],
    ['a"in:secret"b', 'a "in:secret" b'],
    ['" in:secret', '"in:secret"'],
    ['“in:secret”', '"in:secret"'],
    ['in：secret ｉn:secret', '"in：secret" "ｉn:secret"'],
    ['https://example.com/?a=1&b=2', '"https://example.com/?a=1&b=2"'],
    ['error: timeout at 12:30', '"error:" timeout at "12:30"'],
    ['<@U0NOORHADDAD>', '"<@U0NOORHADDAD>"'],
    ['(a OR b)', '"(a" OR "b)"'],
    ['"', ''],
    ['!!! ???', ''],
  ])('%j becomes %j', (words, query) => {
    expect(queryOf({ ...everyone, words })).toBe(query)
  })

  test('has its modifiers from the parameters alone', () => {
    const filters = { channels: ['support'], people: ['U0MAYAOKAFOR'], has: ['link', ':eyes:'] }
    const query = queryOf({ words: 'in:secret queue', ...filters, after: '2026-11-01', before: '2026-11-22' })
    expect(query).toBe(
      '"in:secret" queue in:support from:<@U0MAYAOKAFOR> has:link has::eyes: after:2026-11-01 before:2026-11-22',
    )
  })

  test('whatever is typed, no modifier stands outside quotes (10,000 texts)', () => {
    const pieces = [
      'in:',
      'from:',
      'has:',
      '-',
      '"',
      '“',
      '#',
      '@',
      'secret',
      'support',
      ' ',
      ':',
      '\n',
      '\t',
      '\\',
      '<',
      '>',
      '*',
      "'",
      '：',
      'IN:',
      '(',
      ')',
    ]
    const text = array(constantFrom(...pieces), { maxLength: 24 }).map((parts) => parts.join(''))
    assert(
      property(text, (words) => {
        const query = queryOf({ ...everyone, words })
        const outside = query.replace(/-?"[^"]*"(?= |$)/g, '')
        expect(outside).not.toMatch(/[:"<>#@：]/)
      }),
      { numRuns: 10_000 },
    )
  })
})

describe('what comes back', () => {
  test('is of the channels of that person, and never of direct conversations', async () => {
    const rows = await hits({ has: ['reaction'], after: '2020-01-01', limit: 20 })
    expect(rows.length).toBeGreaterThan(3)
    expect(await hits({ query: 'SUP-2 tomorrow' })).toEqual([])
    expect(await hits({ query: 'remind' })).toEqual([])
    expect(places(await hits({ query: 'forecast' }))).toEqual([])
    expect(places(await hits({ query: 'forecast' }, undefined, 'noor'))).toEqual(['finance-private'])
  })

  test('is of a direct conversation only where a rule names it', async () => {
    const dm = id('dm-maya')
    expect(await hits({ query: 'remind' }, [dm])).toMatchObject([
      { channel_id: dm, text: 'Can you remind me of SUP-2 tomorrow?' },
    ])
    expect(await hits({ query: 'remind' }, [id('support')])).toEqual([])
  })

  test('is of a channel shared with another company only where it is named', async () => {
    const shared = id('partner-brightwater')
    expect(await hits({ query: 'Bristol' }, undefined, 'tomas')).toEqual([])
    expect(places(await hits({ query: 'Bristol' }, [shared], 'tomas'))).toEqual(['partner-brightwater'])
    expect(places(await hits({ query: 'Bristol' }, undefined, 'tomas', { external_channels: [shared] }))).toEqual([
      'partner-brightwater',
    ])
  })

  test.each([
    ['in', { query: 'SUP-1', in: ['#sales'] }, ['sales']],
    ['in, twice', { query: 'SUP-1', in: ['#sales', id('support')] }, ['sales', 'support']],
    ['in, a typed one', { query: 'in:#sales SUP-1' }, []],
    ['from', { query: 'SUP-1', from: ['U0TOMASHERR'] }, ['sales']],
    ['has link', { has: ['link'], in: ['#support'] }, ['support']],
    ['has an emoji', { has: ['rotating_light'] }, ['ops-incidents']],
    ['has a file', { has: ['file'] }, ['support']],
    ['before', { query: 'rules', before: '2026-01-01' }, ['support']],
    ['after', { query: 'rules', after: '2026-01-01' }, []],
    ['without', { query: 'SUP-1 -renewal', in: ['#sales'] }, []],
    ['any ending', { query: 'doub*' }, ['support']],
  ])('keeps to %s', async (_what, input, where) => {
    expect(places(await hits(input, undefined, 'tomas'))).toEqual(where)
  })

  test('goes on where the page before ended', async () => {
    const seen: string[] = []
    let cursor: string | undefined
    const { vendor } = await connect(harness, { settings: { token: 'user' }, credential: otherTokens.of('wei') })
    const tool = toolNamed('search')
    if (tool.kind !== 'read') throw new Error('It looks.')
    do {
      const input = tool.input.parse({ in: ['#support'], limit: 3, ...(cursor && { cursor }) })
      const page = (await tool.run(input, contextOf(vendor))) as { hits: { ts: string }[]; next_cursor?: string }
      seen.push(...page.hits.map(({ ts }) => ts))
      cursor = page.next_cursor
    } while (cursor !== undefined)
    expect(seen.length).toBeGreaterThan(10)
    expect(new Set(seen).size).toBe(seen.length)
    expect(seen).toEqual(seen.toSorted().toReversed())
  })

  test.each([[{}], [{ query: '!!!' }], [{ query: '""' }]])('%j is nothing to search for', async (input) => {
    expect.hasAssertions()
    await refused(hits(input), 'invalid_input')
  })

  test('whatever is typed, by whomever, nothing out of scope comes back (300 searches)', { timeout: 60_000 }, async () => {
    const pieces = [
      'in:',
      '#finance-private',
      'from:',
      '@noor',
      'has:',
      'link',
      '-',
      '"',
      ' ',
      'SUP-1',
      'the',
      'a*',
      's*',
      'o*',
      'OR',
    ]
    const text = array(constantFrom(...pieces), { minLength: 1, maxLength: 8 }).map((parts) => parts.join(''))
    const { vendor } = await connect(harness, { settings: { token: 'user' }, credential: otherTokens.of('noor') })
    const tool = toolNamed('search')
    if (tool.kind !== 'read') throw new Error('It looks.')
    let found = 0
    await assert(
      asyncProperty(text, async (query) => {
        const run = tool.run(tool.input.parse({ query, limit: 20 }), contextOf(vendor, new Date(), [id('general')]))
        const { hits: rows } = ((await run.catch(() => undefined)) ?? { hits: [] }) as { hits: JsonObject[] }
        found += rows.length
        for (const row of rows) expect(row['channel_id']).toBe(id('general'))
      }),
      { numRuns: 300 },
    )
    expect(found).toBeGreaterThan(0)
  })
})

describe('who can search', () => {
  test('no bot: the sentence says what to do', async () => {
    const { vendor } = await connect(harness, { credential: botToken })
    const tool = toolNamed('search')
    if (tool.kind !== 'read') throw new Error('It looks.')
    const error = await refused(tool.run(tool.input.parse({ query: 'x' }), contextOf(vendor)), 'forbidden')
    expect(error.message).toContain('"token": "user"')
    await refused(vendor.search({ query: 'x', count: 1, page: 1 }), 'forbidden')
    expect(await vendor.searcher()).toBeUndefined()
  })

  test('the tool is off unless it is switched on, and a rule has to allow it', async () => {
    expect(toolNamed('search')).toMatchObject({ default: 'off', class: 'RP' })
    const policy = `rules:\n  - allow: slack_search\n    who: role:member\n    where: { slack.channel: [${id('sales')}] }\n`
    await using hub = await testHub({ connectors: { slack: { sandbox: true, tools: { slack_search: true } } }, policy })
    const { status, result } = await hub.call('slack_search', { query: 'SUP-1' })
    expect([status, places((result?.['hits'] ?? []) as JsonObject[])]).toEqual(['done', ['sales']])
  })
})

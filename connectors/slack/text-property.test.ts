// Whatever is written: who is notified, what is previewed and what is linked is only what the plan says. Judged by a reader of
// mrkdwn that was written from Slack's pages and shares nothing with the writer.
import { array, assert, constantFrom, oneof, property, record, string } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { queryOf } from './searching.ts'
import { toMrkdwn } from './mrkdwn.ts'

const runs = 20_000
/** Two seconds of work, on a machine that may be busy. */
const timeout = 60_000

/** What Slack makes of a text that is sent without `parse`: docs.slack.dev/messaging/formatting-message-text */
interface Understood {
  readonly people: readonly string[]
  readonly channels: readonly string[]
  readonly hosts: readonly string[]
  /** Groups, everybody, dates, and whatever else stands in angle brackets. */
  readonly others: readonly string[]
}

function understand(mrkdwn: string): Understood {
  const people: string[] = []
  const channels: string[] = []
  const hosts: string[] = []
  const others: string[] = []
  const rest = mrkdwn.replace(/<([^<>]*)>/g, (_, inside: string) => {
    const target = inside.split('|')[0] ?? ''
    if (/^@[UW][A-Z0-9]+$/.test(target)) people.push(target.slice(1))
    else if (/^#[CG][A-Z0-9]+$/.test(target)) channels.push(target.slice(1))
    else if (/^(?:https?:\/\/|mailto:)/.test(target)) hosts.push(hostOf(target.replaceAll('&amp;', '&')))
    else others.push(inside)
    // The words of a link are shown, and nothing is made of them.
    return ' '
  })
  // Bare words that are an address become a link too. In code they do not.
  const outside = rest.replace(/```[\s\S]*?```/g, ' ').replace(/`[^`\n]+`/g, ' ')
  for (const [, host] of outside.replaceAll('。', '.').matchAll(/\bhttps?:\/\/([a-z0-9.-]*[a-z0-9])/gi))
    hosts.push((host ?? '').toLowerCase())
  const strayBracket = /[<>]/.exec(rest.replace(/^>+ ?/gm, ''))
  if (strayBracket !== null) others.push(strayBracket[0])
  return { people, channels, hosts, others }
}

function hostOf(address: string): string {
  if (address.startsWith('mailto:')) return address.split('@').at(-1)?.split('?')[0]?.toLowerCase() ?? ''
  return new URL(address).hostname
}

const fragments = constantFrom(
  '<',
  '>',
  '&',
  '|',
  '!',
  '@',
  '#',
  '[',
  ']',
  '(',
  ')',
  '*',
  '**',
  '_',
  '__',
  '~~',
  '`',
  '```',
  '\\',
  '\n',
  '\n\n',
  ' ',
  '\t',
  '<!channel>',
  '<!here>',
  '<!everyone>',
  '<!subteam^S0SUPPORT01>',
  '<!subteam^S0SUPPORT01|@team>',
  '<!date^1^{date}|x>',
  '<@U0MAYAOKAFOR>',
  '<@U0MAYAOKAFOR|maya>',
  '<#C0SALES0001>',
  '<#C0SALES0001|sales>',
  '@[U0MAYAOKAFOR]',
  '@[U0MAYAOKAFOR Maya]',
  '#[C0SUPPORT01]',
  '#[C0SUPPORT01 support]',
  '@channel',
  '@here',
  '＠channel',
  '&lt;',
  '&gt;',
  '&amp;',
  '&#60;',
  '&lt;!channel&gt;',
  'https://evil.example/?d=SECRET',
  'http://a.example',
  'HTTPS://B.EXAMPLE',
  'evil.example',
  'evil。example',
  'mailto:a@c.example',
  '<mailto:a@c.example>',
  'javascript:alert(1)',
  'slack://channel',
  'https://bank.example@evil.example',
  '[bank.example](https://evil.example)',
  '[x](https://evil.example)',
  '![x](https://evil.example/p.png)',
  '[x](<!channel>)',
  '<https://evil.example|x>',
  'https://',
  '://',
  'xn--bcher-kva.example',
  '\u200b',
  '\u202e',
  '\u{e0041}',
  '\u00ad',
  'word',
  'SUP-1',
  '1. ',
  '- ',
  '> ',
  '# ',
  '---',
  '"',
  "'",
  ':',
  ';',
  '^',
  '%3C',
  '%7C',
  '\u{1f389}',
  ':tada:',
)
const texts = oneof(
  array(fragments, { maxLength: 14 }).map((parts) => parts.join('')),
  record({
    before: array(fragments, { maxLength: 5 }),
    words: string({ maxLength: 30, unit: 'binary' }),
    after: array(fragments, { maxLength: 5 }),
  }).map(({ before, words, after }) => [...before, words, ...after].join('')),
)

describe('a message', () => {
  test(`mentions, pings and links nothing that its plan does not name (${runs} texts)`, { timeout }, () => {
    let mentions = 0
    let links = 0
    assert(
      property(texts, (markdown) => {
        const { text, people, channels, hosts } = toMrkdwn(markdown)
        const seen = understand(text)
        expect(seen.others).toEqual([])
        for (const id of seen.people) expect(people).toContain(id)
        for (const id of seen.channels) expect(channels).toContain(id)
        for (const host of seen.hosts) expect(hosts).toContain(host)
        mentions += seen.people.length + seen.channels.length
        links += seen.hosts.length
        // Nothing that nobody sees leaves either.
        expect(text).not.toMatch(/[\u200b\u202a-\u202e\u2066-\u2069\u00ad]|[\u{e0000}-\u{e007f}]/u)
      }),
      { numRuns: runs },
    )
    // The property is about something: many of these texts do mention and link.
    expect([mentions > runs / 10, links > runs / 10]).toEqual([true, true])
  })

  test.each([
    ['<!channel>', { others: ['!channel'] }],
    ['<!subteam^S1|@x>', { others: ['!subteam^S1|@x'] }],
    ['<@U0MAYAOKAFOR>', { people: ['U0MAYAOKAFOR'] }],
    ['see https://evil.example/x', { hosts: ['evil.example'] }],
    ['<https://evil.example/|bank>', { hosts: ['evil.example'] }],
    ['&lt;!channel&gt;', { others: [] }],
    ['a < b', { others: ['<'] }],
  ])('the reader sees what is in %j', (mrkdwn, expected) => {
    expect(understand(mrkdwn)).toMatchObject(expected)
  })
})

describe('a search query', () => {
  const parts = constantFrom(
    'in:',
    'from:',
    'to:',
    'has:',
    'is:',
    'before:',
    'after:',
    'on:',
    'during:',
    'with:',
    'creator:',
    'hasmy:',
    '-',
    '"',
    '“',
    '”',
    '«',
    "'",
    '#',
    '@',
    '<#C0FINANCE01>',
    '<@U0NOORHADDAD>',
    'finance-private',
    '#finance-private',
    'support',
    ' ',
    '\n',
    '\t',
    '\u00a0',
    '\u200b',
    ':',
    '：',
    '*',
    '\\',
    '\\"',
    '(',
    ')',
    'OR',
    'AND',
    'forecast',
    'IN:',
    'In:',
    'ｉn:',
    'in :',
    'in: ',
    'SUP-1',
    '日本語',
    'é',
  )

  test(`has no modifier but those of its parameters (${runs} texts)`, { timeout }, () => {
    let quoted = 0
    assert(
      property(array(parts, { maxLength: 12 }), (pieces) => {
        const query = queryOf({
          words: pieces.join(''),
          channels: ['support'],
          people: [],
          has: [],
          after: undefined,
          before: undefined,
        })
        expect(query.endsWith('in:support')).toBe(true)
        const typed = query.slice(0, -'in:support'.length)
        // Slack's own lexer: phrases in straight quotes, words between spaces.
        expect((typed.match(/"/g) ?? []).length % 2).toBe(0)
        const outside = typed.replace(/"[^"]*"/g, ' ')
        expect(outside).not.toMatch(/[:：<>#@"]/)
        if (typed.includes('"')) quoted += 1
      }),
      { numRuns: runs },
    )
    expect(quoted).toBeGreaterThan(runs / 10)
  })
})

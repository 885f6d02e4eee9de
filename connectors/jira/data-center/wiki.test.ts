// What wiki markup holds exactly goes both ways; what it does not is refused or kept as it is.
import { describe, expect, test } from 'vitest'
import type { JsonObject } from 'toolgate/kit'
import { toMarkdown } from '../adf.ts'
import { markdownWriter } from '../markdown.ts'
import { documentOf, wikiOf } from './wiki.ts'

const toAdf = await markdownWriter()

/** Markdown, and the markup as https://jira.atlassian.com/secure/WikiRendererHelpAction.jspa?section=all has it. */
const exact = [
  ['plain words, 2026-11-18 and snake_case', 'plain words, 2026-11-18 and snake_case'],
  ['**strong** and *emphasis* and ~~gone~~', '*strong* and _emphasis_ and -gone-'],
  ['**strong *and slanted***', '*strong _and slanted_*'],
  ['# One\n\nText.\n\n### Three', 'h1. One\n\nText.\n\nh3. Three'],
  ['- one\n  - below\n- two', '* one\n** below\n* two'],
  ['1. one\n2. two', '# one\n# two'],
  ['> quoted', '{quote}\nquoted\n{quote}'],
  ['```js\nconst a = [1]\n```', '{code:js}\nconst a = [1]\n{code}'],
  ['```\nC:\\x *as it is*\n```', '{noformat}\nC:\\x *as it is*\n{noformat}'],
  ['one\n\n---\n\ntwo', 'one\n\n----\n\ntwo'],
  ['[words](https://acme.example/a_b)', '[words|https://acme.example/a_b]'],
  ['run `npm test` now', 'run {{npm test}} now'],
  ['| a | b |\n| --- | --- |\n| **1** | 2 |', '||a||b||\n|*1*|2|'],
  ['Braces {x}, brackets [x], a bar | and !this!', String.raw`Braces \{x\}, brackets \[x\], a bar \| and \!this\!`],
  ['\\*not strong\\* and a - b', String.raw`\*not strong\* and a - b`],
] as const

test.each(exact)('%j is %j', (markdown, wiki) => {
  expect(wikiOf(toAdf(markdown))).toBe(wiki)
  expect(toMarkdown(documentOf(wiki)).markdown).toBe(toMarkdown(toAdf(markdown)).markdown)
})

describe('what wiki markup does not hold exactly', () => {
  test.each([
    ['a task', '- [ ] one'],
    ['a backslash', 'C:\\temp'],
    ['an entity', '&amp;amp; &#38;#124;'],
    ['a heading that is none', 'h1. not a heading'],
    ['a mark inside a word', 'in**si**de'],
    ['a list that begins with 3', '3. three'],
    ['a language that Jira does not know', '```brainfuck\n+\n```'],
    ['the end of a code block inside of one', '```\n{noformat}\n```'],
  ])('%s is refused in a sentence', (_, markdown) => {
    expect(() => wikiOf(toAdf(markdown))).toThrow(/wiki markup of Jira Data Center does not hold exactly/)
  })

  test.each([
    '{panel:title=Read this}\nFirst.\n{panel}',
    'Ask [~maya.okafor] about !screen.png!',
    'h2. A\n{color:red}red{color}',
    'a smiley :) and (x)',
    '|a|b|\n||c||d||\n * odd',
    '* one\n\n- two',
  ])('%j is shown as it is, and stays so', (wiki) => {
    const document = documentOf(wiki) as JsonObject
    expect(toMarkdown(document)).toMatchObject({ lossy: ['wikiMarkup'] })
    const more = toAdf('More.')['content'] as readonly JsonObject[]
    const kept = document['content'] as readonly JsonObject[]
    expect(wikiOf({ ...document, content: [...kept, ...more] })).toBe(`${wiki}\n\nMore.`)
  })
})

test('lines that end as Windows ends them, and blocks without a line between, are read', () => {
  expect(toMarkdown(documentOf('h2. Steps\r\n# one\r\n# two\r\nThen\r\nthis.\r\n'))).toEqual({
    markdown: '## Steps\n\n1. one\n2. two\n\nThen  \nthis.',
    lossy: [],
  })
})

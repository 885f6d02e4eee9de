// Documents that Markdown cannot hold: what is not touched stays as it is, to the byte.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Json, JsonObject } from 'toolgate/kit'
import { canonical } from 'toolgate/kit'
import { testHub } from '../../test/hub.ts'
import type { TestHub } from '../../test/hub.ts'
import { startSandbox } from '../../src/sandbox/server.ts'
import type { SandboxServer } from '../../src/sandbox/server.ts'
import { toMarkdown } from './adf.ts'
import { jira } from './connector.ts'
import { accountIdOf } from './sandbox/world.ts'

let hub: TestHub
let server: SandboxServer
// Jira takes so many writes of one issue in a while: each test has a while of its own.
let passed = 0
const now = () => new Date(Date.now() + passed)
beforeEach(() => void (passed += 60_000))
beforeAll(async () => {
  hub = await testHub({ connectors: { jira: { sandbox: true } }, now })
  server = await startSandbox({ file: hub.hub.sandboxFile, instances: { jira: { connector: jira } }, now })
})
afterAll(async () => {
  await server.close()
  await hub.close()
})

const words = (text: string) => ({ type: 'text', text })
const paragraph = (...content: JsonObject[]) => ({ type: 'paragraph', content })
const cell = (type: string, text: string) => ({ type, attrs: {}, content: [paragraph(words(text))] })

/** https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/ : each as the editor writes it. */
const rich: readonly JsonObject[] = [
  { type: 'panel', attrs: { panelType: 'warning' }, content: [paragraph(words('Do not restart the worker.'))] },
  paragraph(
    { type: 'mention', attrs: { id: accountIdOf('wei'), text: '@Wei Zhang', accessLevel: '' } },
    words(' knows more: '),
  ),
  paragraph({ type: 'inlineCard', attrs: { url: 'https://larkfield.atlassian.net/wiki/x/1' } }, words(' ')),
  {
    type: 'mediaSingle',
    attrs: { layout: 'center' },
    content: [{ type: 'media', attrs: { id: '6e7c', type: 'file', collection: '', width: 200, height: 80 } }],
  },
  { type: 'heading', attrs: { level: 2 }, content: [words('Steps')] },
  paragraph(words('Old steps.')),
  { type: 'heading', attrs: { level: 2 }, content: [words('More')] },
  { type: 'expand', attrs: { title: 'Log' }, content: [paragraph(words('01:30:00 slot 2292 taken'))] },
  {
    type: 'taskList',
    attrs: { localId: 'task-list-1' },
    content: [{ type: 'taskItem', attrs: { localId: 'task-2', state: 'DONE' }, content: [words('Ask the provider')] }],
  },
  {
    type: 'table',
    attrs: { isNumberColumnEnabled: true, layout: 'wide' },
    content: [
      { type: 'tableRow', content: [cell('tableHeader', 'Day'), cell('tableHeader', 'Messages')] },
      { type: 'tableRow', content: [cell('tableCell', 'Monday'), cell('tableCell', '40,000')] },
    ],
  },
]

const authorization = `Basic ${Buffer.from('maya.okafor@larkfield.example:sandbox-token-of-maya').toString('base64')}`
const address = () => `${server.base('jira')}/rest/api/3/issue/OPS-44`

async function stored(): Promise<readonly Json[]> {
  const response = await fetch(`${address()}?fields=description`, { headers: { authorization } })
  const { fields } = (await response.json()) as { fields: { description: { content: Json[] } } }
  return fields.description.content
}

async function begin(): Promise<void> {
  const body = JSON.stringify({ fields: { description: { version: 1, type: 'doc', content: rich } } })
  const { status } = await fetch(address(), { method: 'PUT', headers: { authorization }, body })
  expect(status).toBe(204)
}

const same = (nodes: readonly Json[]) => nodes.map(canonical)

test('an append leaves every other node as it is, and its undo takes away only what it added', async () => {
  await begin()
  const done = await hub.call('jira_issue_update', { key: 'OPS-44', append: '- [ ] Call back\n\nAdded by *the hub*.' })
  expect([done.status, done.error]).toEqual(['done', undefined])
  const after = await stored()
  expect(same(after.slice(0, rich.length))).toEqual(same(rich))
  expect(after).toHaveLength(rich.length + 2)
  // Each task keeps an id of its own.
  const ids = JSON.stringify(after).match(/"localId":"[^"]+"/g) ?? []
  expect(new Set(ids).size).toBe(4)
  const undone = await hub.call('operation_undo', { id: done.operation_id })
  expect([undone.status, undone.error]).toEqual(['done', undefined])
  expect(same(await stored())).toEqual(same(rich))
})

test('a whole replacement of it is refused, and says what would be lost', async () => {
  await begin()
  const before = hub.writes().length
  const refused = await hub.call('jira_issue_update', { key: 'OPS-44', description: 'Short.' })
  expect(refused).toMatchObject({ status: 'failed', error: { code: 'refused' } })
  for (const kind of [
    'expand',
    'inlineCard',
    'mediaSingle',
    'mention',
    'panel',
    'table with numbered rows',
    'table with a layout',
  ])
    expect(refused.message).toContain(kind)
  expect(hub.writes()).toHaveLength(before)
})

test('a section is replaced alone, and comes back; one that would lose something is refused', async () => {
  await begin()
  const section = { heading: 'Steps', body: '1. Stop\n2. Start' }
  const done = await hub.call('jira_issue_update', { key: 'OPS-44', section })
  expect([done.status, done.error]).toEqual(['done', undefined])
  const after = await stored()
  expect(same([...after.slice(0, 5), ...after.slice(6)])).toEqual(same([...rich.slice(0, 5), ...rich.slice(6)]))
  expect(toMarkdown({ type: 'doc', content: [after[5]] }).markdown).toBe('1. Stop\n2. Start')
  expect(await hub.call('operation_undo', { id: done.operation_id })).toMatchObject({ status: 'done' })
  expect(same(await stored())).toEqual(same(rich))
  const refused = await hub.call('jira_issue_update', { key: 'OPS-44', section: { heading: 'More', body: 'x' } })
  expect(refused.message).toMatch(/section "More" of OPS-44 has .*expand/)
  const missing = await hub.call('jira_issue_update', { key: 'OPS-44', section: { heading: 'Nowhere', body: 'x' } })
  expect(missing.message).toContain('It has: Steps; More.')
})

test('an append is not taken back once somebody has written after it', async () => {
  await begin()
  const done = await hub.call('jira_issue_update', { key: 'OPS-44', append: 'From the hub.' })
  const theirs = [...(await stored()), paragraph(words('From Maya.'))]
  const body = JSON.stringify({ fields: { description: { version: 1, type: 'doc', content: theirs } } })
  await fetch(address(), { method: 'PUT', headers: { authorization }, body })
  expect(await hub.call('operation_undo', { id: done.operation_id })).toMatchObject({
    status: 'failed',
    error: { code: 'conflict' },
  })
  expect(same(await stored())).toEqual(same(theirs))
})

test('an append is taken back although somebody has changed what stands before it', async () => {
  await begin()
  const done = await hub.call('jira_issue_update', { key: 'OPS-44', append: 'Once more from the hub.' })
  const theirs = [paragraph(words('From Maya.')), ...(await stored()).slice(1)]
  const body = JSON.stringify({ fields: { description: { version: 1, type: 'doc', content: theirs } } })
  await fetch(address(), { method: 'PUT', headers: { authorization }, body })
  expect(await hub.call('operation_undo', { id: done.operation_id })).toMatchObject({ status: 'done' })
  expect(same(await stored())).toEqual(same(theirs.slice(0, -1)))
})

test('a description is cleared, and comes back exactly where Markdown holds it', async () => {
  const { result: before } = await hub.call('jira_issue_get', { key: 'OPS-42' })
  const done = await hub.call('jira_issue_update', { key: 'OPS-42', description: '' })
  expect((await hub.call('jira_issue_get', { key: 'OPS-42' })).result?.['description']).toBeUndefined()
  const undone = await hub.call('operation_undo', { id: done.operation_id })
  expect(undone.notes?.join(' ')).toContain('partial')
  expect((await hub.call('jira_issue_get', { key: 'OPS-42' })).result?.['description']).toBe(before?.['description'])
})

test('of several fields, only those that nobody has changed since come back', async () => {
  const done = await hub.call('jira_issue_update', { key: 'SUP-9', summary: 'Ours', labels: ['ours'] })
  const body = JSON.stringify({ fields: { summary: 'Theirs' } })
  await fetch(address().replace('OPS-44', 'SUP-9'), { method: 'PUT', headers: { authorization }, body })
  const undone = await hub.call('operation_undo', { id: done.operation_id })
  expect(undone).toMatchObject({ status: 'done', result: { changed: ['labels'] } })
  expect(undone.notes?.join(' ')).toMatch(/lossy.*Not taken back.*summary/)
  expect((await hub.call('jira_issue_get', { key: 'SUP-9' })).result).toMatchObject({ summary: 'Theirs' })
})

test('an ending is taken away only where it stands', async () => {
  await begin()
  const before = hub.writes().length
  const answer = await hub.call('jira_issue_update', { key: 'OPS-44', remove_end: 'Nobody wrote this.' })
  expect(answer).toMatchObject({ status: 'failed', error: { code: 'conflict' } })
  expect(hub.writes()).toHaveLength(before)
})

describe('a document as it is', () => {
  const document = (...content: readonly Json[]) => ({ version: 1, type: 'doc', content })
  const read = async (body: string, more: object = {}) =>
    (await hub.call('jira_issue_get', { key: 'OPS-44', body, ...more })).result as Record<string, unknown>

  test('is read, changed in one place, written back, and taken back to the byte', async () => {
    await begin()
    const { description_adf: adf, description } = await read('adf', { max_chars: 20_000 })
    expect(description).toBeUndefined()
    expect(adf).toEqual(document(...rich))
    const changed = [...rich.slice(0, 5), paragraph(words('New steps.')), ...rich.slice(6)]
    const done = await hub.call('jira_issue_update', { key: 'OPS-44', description: document(...changed) })
    expect([done.status, done.message]).toEqual(['done', 'Done.'])
    expect(same(await stored())).toEqual(same(changed))
    expect(await hub.call('operation_undo', { id: done.operation_id })).toMatchObject({ status: 'done' })
    expect(same(await stored())).toEqual(same(rich))
  })

  test('is cut after whole nodes, and says so', async () => {
    await begin()
    const { description_adf: adf, truncated } = await read('adf', { max_chars: 400 })
    expect(truncated).toBe(true)
    expect(same((adf as { content: Json[] }).content)).toEqual(same(rich.slice(0, 2)))
    expect(await read('none')).not.toHaveProperty('description_adf')
  })

  test('without a mention that is there is refused; with only what the hub can send it may go', async () => {
    await begin()
    const without = rich.filter((node) => !JSON.stringify(node).includes('mention'))
    const refused = await hub.call('jira_issue_update', { key: 'OPS-44', description: document(...without) })
    expect(refused).toMatchObject({ status: 'failed', error: { code: 'refused' } })
    expect(refused.message).toContain('without mention')
    const unpanelled = await hub.call('jira_issue_update', { key: 'OPS-44', description: document(...rich.slice(1)) })
    expect([unpanelled.status, unpanelled.message]).toEqual(['done', 'Done.'])
    expect(await hub.call('operation_undo', { id: unpanelled.operation_id })).toMatchObject({ status: 'done' })
    expect(same(await stored())).toEqual(same(rich))
  })

  test('differs where Markdown would not: the preview shows the document', async () => {
    const panel = (panelType: string) => ({ type: 'panel', attrs: { panelType }, content: [paragraph(words('Careful.'))] })
    const created = await hub.call('jira_issue_create', {
      project: 'OPS',
      type: 'Task',
      summary: 'With a panel',
      description: document(panel('info')),
    })
    const key = (created.result as { key: string }).key
    const { plan } = await hub.call('jira_issue_update', { key, description: document(panel('error')), dry_run: true })
    expect(JSON.stringify(plan?.effects)).toMatch(/info.*error/)
    expect(plan?.warnings.join(' ')).toContain('panel')
  })

  let deep: JsonObject = paragraph(words('deep'))
  for (let level = 0; level < 20; level += 1) deep = { type: 'bulletList', content: [{ type: 'listItem', content: [deep] }] }
  const link = (href: string) => paragraph({ type: 'text', text: 'x', marks: [{ type: 'link', attrs: { href } }] })
  test.each<[string, unknown, string]>([
    ['a mention', document(paragraph({ type: 'mention', attrs: { id: accountIdOf('wei') } })), 'a mention'],
    ['media', document({ type: 'mediaSingle', content: [] }), 'a mediaSingle'],
    ['an extension', document({ type: 'extension', attrs: {} }), 'an? extension'],
    ['a kind of a prototype', document({ type: 'constructor' }), 'a constructor'],
    ['a script as a link', document(link('javascript:alert(1)')), 'neither http'],
    ['a mark of its own', document(paragraph({ type: 'text', text: 'x', marks: [{ type: 'annotation' }] })), 'a mark'],
    ['a cell in a paragraph', document(paragraph({ type: 'tableCell', content: [] })), 'where none can stand'],
    ['an attribute of its own', document({ ...paragraph(), attrs: { onclick: 'x' } }), 'attrs'],
    ['text without words', document(paragraph({ type: 'text', text: '' })), 'members'],
    ['an empty list', document({ type: 'bulletList', content: [] }), 'content'],
    ['too much text', document(paragraph(words('x'.repeat(33_000)))), 'more than 32767'],
    ['too many nodes', document(...Array.from({ length: 7_000 }, () => paragraph())), 'too large'],
    ['too deep a nest', document(deep), 'deep'],
    ['another version', { version: 2, type: 'doc', content: [] }, '"version": 1'],
    ['no document', { type: 'paragraph', content: [] }, 'must be'],
  ])('with %s is refused before anything is sent', async (_what, description, message) => {
    const before = hub.writes().length
    for (const [tool, more] of [
      ['jira_issue_create', { project: 'OPS', type: 'Task', summary: 'x' }],
      ['jira_issue_update', { key: 'OPS-42' }],
    ] as const) {
      const answer = await hub.call(tool, { ...more, description })
      expect(answer).toMatchObject({ status: 'failed', error: { code: 'invalid_input' } })
      expect(answer.message).toMatch(new RegExp(message))
    }
    expect(hub.writes()).toHaveLength(before)
  })
})

test.each([
  ['links that never end', '[a]('],
  ['links with an open address', '[a](<'],
])('a text of %s is refused at once', async (_what, mark) => {
  const { requireBounded } = await import('./markup-bounds.ts')
  const began = performance.now()
  expect(() => requireBounded(mark.repeat(7000))).toThrow('dozens of links')
  expect(performance.now() - began).toBeLessThan(1000)
  expect(() =>
    requireBounded('See [the guide](https://example.com/a) and [the notes](https://example.com/b).'),
  ).not.toThrow()
})

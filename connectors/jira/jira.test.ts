// What the contract of connectors cannot know of Jira, asked through the real SDK on the guarded fetch.
/* oxlint-disable vitest/valid-expect, vitest/no-conditional-expect -- vitest takes a message, and tables have both outcomes */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Client } from 'jira.js/core'
import type { JsonObject, SandboxState, Tool } from 'toolgate/kit'
import { z } from 'zod'
import { keptInMemory } from '../../test/keep.ts'
import { sandboxHarness } from '../../test/sandbox/harness.ts'
import type { Harness } from '../../test/sandbox/harness.ts'
import { toMarkdown } from './adf.ts'
import { jira } from './connector.ts'
import { buildJql, quoted } from './jql.ts'
import { markdownWriter } from './markdown.ts'
import { loadSdk } from './sdk.ts'
import { sandbox } from './sandbox/sandbox.ts'
import { accountIdOf } from './sandbox/world.ts'

let harness: Harness
let within: readonly string[] | undefined
beforeAll(async () => {
  harness = await sandboxHarness(jira)
})
beforeEach(() => {
  harness.mend()
  harness.reset()
  within = undefined
})
afterAll(() => harness.close())

type ReadTool = Extract<Tool, { kind: 'read' }>
type WriteTool = Extract<Tool, { kind: 'write' }>

function tool(name: string): Tool {
  const found = jira.tools.find((each) => each.name === name)
  if (found === undefined) throw new Error(`No tool ${name}`)
  return found
}
const readTools = jira.tools.filter((each): each is ReadTool => each.kind === 'read')
const writeTools = jira.tools.filter((each): each is WriteTool => each.kind === 'write')

const reads = (vendor: object) => ({
  vendor,
  now: new Date(),
  signal: new AbortController().signal,
  within: (kind: string) => (kind === 'jira.project' ? within : undefined),
  admit: () => undefined,
})

// oxlint-disable-next-line typescript/no-explicit-any -- the answers of a dozen tools, looked into by their tests
async function read(name: string, input: object): Promise<any> {
  const { vendor } = await harness.open('read')
  const found = tool(name) as ReadTool
  return found.output.parse(await found.run(found.input.parse(input), reads(vendor)))
}

async function plan(name: string, input: object) {
  const { vendor } = await harness.open('read')
  const found = tool(name) as WriteTool
  // As it is stored, approved and handed to apply.
  return JSON.parse(JSON.stringify(await found.plan(found.input.parse(input), reads(vendor)))) as Awaited<
    ReturnType<WriteTool['plan']>
  >
}

async function apply(name: string, request: unknown, operationId = 'op_test') {
  const found = tool(name) as WriteTool
  const { vendor, guard } = await harness.open(found)
  const send = async () => found.output.parse(await found.apply(request, { ...reads(vendor), operationId })) as JsonObject
  return { guard, send }
}

async function write(name: string, input: object) {
  const planned = await plan(name, input)
  const { send, guard } = await apply(name, planned.request)
  return { planned, result: await send(), guard }
}

const idOf = (result: JsonObject, name = 'id') => z.string().parse(result[name])
const written = () => harness.requests().filter(({ method, path }) => method !== 'GET' && !path.includes('/search/'))

async function ask(method: string, path: string, body?: unknown, credential = sandbox.credential) {
  const authorization = `Basic ${Buffer.from(`toolgate@larkfield.example:${credential}`).toString('base64')}`
  const response = await fetch(`${harness.base}/rest/api/3${path}`, {
    method,
    headers: { authorization },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, text, body: text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text }
}
const search = (jql: string) => ask('POST', '/search/jql', { jql, fields: ['project'], maxResults: 100 })

test('settings without an account and without a cloud id are refused: Atlassian would take no token with them', () => {
  const site = 'https://acme.atlassian.net'
  expect(jira.settings.safeParse({ site }).error?.issues).toMatchObject([{ path: ['email'] }])
  expect(jira.settings.safeParse({ site, email: 'hub@acme.example' }).success).toBe(true)
  expect(jira.settings.safeParse({ site, cloud_id: '6d3f2c1e-8a4b-4c5d-9e6f-7a8b9c0d1e2f' }).success).toBe(true)
})

describe('tools', () => {
  test.each(readTools)('the example of $name answers on the sandbox', async (found) => {
    const output = await read(found.name, found.example)
    // What has no words of others in it needs no mark.
    expect(output.content_trust).toBe(found.name === 'issue_count' ? undefined : 'untrusted')
    expect(written()).toEqual([])
  })

  test.each(writeTools)(
    'the example of $name is planned without a write, and applied by its own routes alone',
    async (found) => {
      const planned = await plan(found.name, found.example)
      expect(written()).toEqual([])
      expect(planned.fidelity).toBe('checked')
      for (const effect of planned.effects) {
        expect(effect.resources['jira.project']).toMatch(/^(SUP|OPS)$/)
        for (const name of [...Object.keys(effect.before), ...Object.keys(effect.after)])
          expect(found.changes).toContain(name)
      }
      const { guard, send } = await apply(found.name, planned.request)
      await send()
      expect(guard.touched()).toBe('accepted')
      const routes = guard.requests.map(({ route }) => route).filter((route) => !jira.reads.includes(route))
      expect(routes).toHaveLength(1)
      expect(found.routes).toEqual(expect.arrayContaining(routes))
      expect(written()).toHaveLength(1)
    },
  )

  test('the same call makes the same plan', async () => {
    const input = { key: 'SUP-1', body: '- [ ] one\n- [x] two\n\n![map](https://maps.example/a.png)' }
    expect(await plan('comment_add', input)).toEqual(await plan('comment_add', input))
  })

  const ids = [
    '../project/SECRET',
    'OPS-1/../HR-1',
    'OPS-1?x=',
    'ops-1',
    'OPS-01',
    'OPS-1 ',
    'OPS-1\n',
    'OPS%2d1',
    '..',
    'О PS-1',
    'ОPS-1',
    'OPS-1\u200b',
    '',
  ]
  test.each(jira.tools.filter(({ input }) => 'key' in input.shape))('$name refuses an id that is no issue key', (found) => {
    for (const key of ids) expect(found.input.safeParse({ ...found.example, key }).success, JSON.stringify(key)).toBe(false)
    for (const key of [['OPS-1'], 7, null, { toString: 'OPS-1' }])
      expect(found.input.safeParse({ ...found.example, key }).success).toBe(false)
    expect(found.input.safeParse({ ...found.example, as_admin: true }).success).toBe(false)
  })
})

describe('reads', () => {
  test('an issue that was moved is told under the project where it is now', async () => {
    expect(await read('issue_get', { key: 'SUP-15' })).toMatchObject({ key: 'OPS-39', project: 'OPS' })
    const planned = await plan('comment_add', { key: 'SUP-15', body: 'x' })
    expect(planned.effects[0]).toMatchObject({ target: 'jira:issue/OPS-39/comment', resources: { 'jira.project': 'OPS' } })
  })

  test('an issue that the account may not see is not found, in our words', async () => {
    for (const key of ['HR-1', 'SUP-18', 'OPS-999']) {
      await expect(read('issue_get', { key })).rejects.toMatchObject({
        code: 'not_found',
        message: `${key} does not exist, or the hub's account may not see it.`,
      })
    }
  })

  test('what Markdown cannot hold is named, and what it can is told', async () => {
    const issue = await read('issue_get', { key: 'SUP-5' })
    expect(issue.adf_lossy).toEqual(['mention', 'panel'])
    expect(issue.description).toContain('| Rooms | Seconds |\n| --- | --- |\n| 10 | 1.2 |')
    expect(issue.description).toContain('@Wei Zhang can you look')
    expect((await read('issue_get', { key: 'SUP-5', max_chars: 100 })).truncated).toBe(true)
  })

  test('a search goes on by its cursor and ends', async () => {
    const keys: string[] = []
    let cursor: string | undefined
    do {
      const page = await read('issue_search', {
        projects: ['SUP'],
        limit: 4,
        order: 'oldest',
        ...(cursor ? { cursor } : {}),
      })
      keys.push(...page.issues.map((issue: { key: string }) => issue.key))
      cursor = page.next_cursor
    } while (cursor !== undefined)
    expect(new Set(keys).size).toBe(15)
    expect(keys).toHaveLength(15)
  })

  test('filters hold together', async () => {
    const keys = async (filters: object) =>
      (await read('issue_search', { limit: 50, ...filters })).issues.map((issue: { key: string }) => issue.key).sort()
    expect(await keys({ text: 'Owen Price' })).toEqual(['SUP-2'])
    expect(await keys({ projects: ['OPS'], labels: ['reminders', 'queue'] })).toEqual(['OPS-42'])
    expect(await keys({ parent: 'OPS-30' })).toEqual(['OPS-37', 'OPS-41', 'OPS-42'])
    expect(await keys({ assignee: 'nobody', types: ['Bug'], statuses: ['Open'] })).toEqual(['SUP-11', 'SUP-9'])
    expect(await keys({ assignee: accountIdOf('noor'), projects: ['FIN'], statuses: ['in progress'] })).toEqual(['FIN-2'])
    const since = new Date(Date.now() - 36 * 3_600_000).toISOString()
    expect(await keys({ updated_after: since })).toEqual(['OPS-40', 'OPS-42', 'SUP-1', 'SUP-8'])
  })

  test('shows as much of each issue as is asked for, and the address once', async () => {
    const shown = async (fields?: string) => await read('issue_search', { projects: ['OPS'], text: 'queue falls', fields })
    const [brief, standard, full] = [await shown('brief'), await shown(), await shown('full')]
    expect(Object.keys(brief.issues[0])).toEqual(['key', 'project', 'summary', 'type', 'status'])
    expect(brief.url_base).toBeUndefined()
    expect(Object.keys(standard.issues[0])).toContain('updated')
    expect(standard.issues[0]).not.toHaveProperty('created')
    expect(standard.url_base + standard.issues[0].key).toBe('https://larkfield.atlassian.net/browse/OPS-42')
    expect(full.issues[0]).toMatchObject({ created: expect.any(String), reporter: expect.any(String) })
  })

  test('what policy narrows is asked of Jira, and nothing is asked where nothing is left', async () => {
    within = ['OPS', 'FIN']
    const found = await read('issue_search', { projects: ['OPS', 'SUP'], limit: 50 })
    expect(new Set(found.issues.map((issue: { project: string }) => issue.project))).toEqual(new Set(['OPS']))
    expect((await read('project_list', {})).projects.map((project: { key: string }) => project.key)).toEqual(['FIN', 'OPS'])
    const before = harness.requests().length
    within = []
    expect(await read('issue_search', { text: 'salary' })).toMatchObject({ issues: [] })
    expect(await read('project_list', {})).toMatchObject({ projects: [] })
    expect(harness.requests()).toHaveLength(before)
  })

  test('a search without bounds is refused before Jira is asked', async () => {
    await expect(read('issue_search', {})).rejects.toMatchObject({ code: 'invalid_input' })
    expect(harness.requests()).toEqual([])
  })

  const escapes = [
    'x" OR project = HR',
    'x") OR (project = HR',
    "x' OR project = HR",
    'x\\" OR project = HR OR text ~ \\"x',
    '\\',
    'x\\',
    'salary" ORDER BY key',
    '\\u0022 OR project = HR',
    'a OR project = HR) OR (summary is not EMPTY',
  ]
  test.each(escapes)('the filter value %j stays a value', async (value) => {
    for (const filter of [
      { text: value },
      { types: [value] },
      { statuses: [value] },
      { labels: [value.replaceAll(' ', '_')] },
    ]) {
      const found = await read('issue_search', { projects: ['SUP'], ...filter }).catch((error: unknown) => error)
      const projects = found instanceof Error ? [] : found.issues.map((issue: { project: string }) => issue.project)
      expect(projects.filter((project: string) => project !== 'SUP')).toEqual([])
      // Refused for a value that does not exist, never for broken syntax.
      if (found instanceof Error) expect((found.cause as Error).message).toMatch(/does not exist for the field/)
    }
  })

  test('every value of built JQL is quoted', () => {
    expect(quoted('a"b\\c\u202ed\ne')).toBe('"a\\"b\\\\cd e"')
    const jql = buildJql({ projects: ['OPS'], statuses: ['In "Review"'], assignee: 'me', order: 'newest' }, new Date())
    expect(jql).toBe(
      'project in ("OPS") AND status in ("In \\"Review\\"") AND assignee = currentUser() ORDER BY created DESC, key ASC',
    )
  })
})

describe('writes', () => {
  test('a transition does what its plan said, and is refused in words that help', async () => {
    const { planned } = await write('issue_transition', {
      key: 'OPS-42',
      to_status: 'done',
      fields: { resolution: "Won't Do" },
    })
    expect(planned.effects[0]).toMatchObject({
      before: { status: 'Open', resolution: 'none' },
      after: { status: 'Done', resolution: "Won't Do" },
    })
    expect(await read('issue_get', { key: 'OPS-42' })).toMatchObject({ status: 'Done', resolution: "Won't Do" })
    await expect(plan('issue_transition', { key: 'SUP-9', to_status: 'Shipped' })).rejects.toMatchObject({
      code: 'refused',
      message: 'SUP-9 is Open and cannot move to Shipped. It can move to: In Progress (by Start progress), Done (by Close).',
    })
    await expect(plan('issue_transition', { key: 'SUP-9', to_status: 'Open' })).rejects.toThrow('SUP-9 is already Open.')
    await expect(plan('issue_transition', { key: 'OPS-40', to_status: 'Done' })).rejects.toThrow('Root cause')
    await write('issue_transition', {
      key: 'OPS-40',
      transition: 'Close',
      fields: { 'Root cause': 'A *missing* SPF record.' },
    })
    expect(await read('issue_get', { key: 'OPS-40' })).toMatchObject({ status: 'Done', resolution: 'Done' })
  })

  test('a comment is there as it was approved, and names its operation', async () => {
    const body =
      '## Cause\n\n- **slot** key in `local` time\n- see [notes](https://wiki.example/a_(b))\n\n```ts\nconst a = "<b>"\n```\n\n<script>x</script> & done'
    const { planned, result } = await write('comment_add', { key: 'SUP-1', body })
    const [newest] = (await read('comment_list', { key: 'SUP-1', limit: 1 })).comments
    expect(newest.body).toBe(planned.effects[0]?.after['body'])
    expect(newest.body).toContain('<script>x</script> & done')
    const property = await ask('GET', `/comment/${idOf(result)}/properties/toolgate.operation`)
    expect(property.body).toEqual({ key: 'toolgate.operation', value: 'op_test' })
  })

  test('an issue is created as planned, and names its operation', async () => {
    const { planned, result } = await write('issue_create', {
      project: 'OPS',
      type: 'incident',
      summary: 'Text messages are sent twice',
      description: 'Since **08:10**.',
      labels: ['reminders'],
      priority: 'highest',
      assignee: accountIdOf('priya'),
      parent: 'OPS-30',
      fields: { severity: 'sev 2', 'Due date': '2030-01-31' },
    })
    const issue = await read('issue_get', { key: idOf(result, 'key') })
    const { assignee, assignee_name, fields = {}, ...after } = planned.effects[0]?.after ?? {}
    expect(issue).toMatchObject({
      ...after,
      assignee: { id: assignee, name: assignee_name },
      due: (fields as JsonObject)['Due date'] ?? 'not planned',
      status: 'Open',
    })
    expect(result['key']).toBe('OPS-45')
    expect((await ask('GET', `/issue/OPS-45/properties/toolgate.operation`)).body.value).toBe('op_test')
    const again = await plan('issue_create', { project: 'OPS', type: 'Task', summary: 'Text messages are sent twice' })
    expect(again.warnings).toEqual(['OPS-45 has the same summary and is less than two weeks old.'])
  })

  test('a creation that Jira would refuse is refused in the plan', async () => {
    const create = (input: object) => plan('issue_create', { project: 'OPS', type: 'Task', summary: 'x', ...input })
    await expect(create({ type: 'Incident' })).rejects.toThrow('also needs: Severity (one of Sev 1, Sev 2, Sev 3)')
    await expect(create({ type: 'Story' })).rejects.toThrow('has no issue type "Story"')
    await expect(create({ fields: { reporter: 'x' } })).rejects.toThrow('cannot be set here')
    await expect(create({ priority: 'Urgent' })).rejects.toThrow('There is no priority "Urgent"')
    await expect(create({ assignee: accountIdOf('toolgate') })).rejects.toThrow('cannot be assigned')
    await expect(create({ parent: 'SUP-1' })).rejects.toThrow('must be in the same project')
    await expect(create({ project: 'FIN' })).rejects.toMatchObject({ code: 'forbidden' })
    await expect(create({ project: 'HR' })).rejects.toMatchObject({ code: 'not_found' })
    expect(written()).toEqual([])
  })

  test('an update says what is so and does what it says', async () => {
    const before = await read('issue_get', { key: 'SUP-2' })
    const { planned } = await write('issue_update', {
      key: 'SUP-2',
      summary: 'Reminders are late',
      priority: 'high',
      labels: ['a', 'b'],
      description: 'New\n\n1. text',
    })
    expect(planned.effects[0]?.before).toMatchObject({ priority: 'Medium', labels: ['reminders'] })
    expect(planned.rev).toBe(before.rev)
    expect(await read('issue_get', { key: 'SUP-2' })).toMatchObject(planned.effects[0]?.after as object)
    await expect(plan('issue_update', { key: 'SUP-2', priority: 'High' })).rejects.toThrow('already is as the call wants it')
  })

  test('a description that Markdown cannot hold is not overwritten in passing', async () => {
    const change = { key: 'SUP-5', description: 'Short.' }
    await expect(plan('issue_update', change)).rejects.toThrow('has mention, panel, which Markdown cannot hold')
    expect(tool('issue_update').input.safeParse({ ...change, allow_lossy: true }).success).toBe(false)
    await expect(plan('issue_update', { key: 'SUP-5', append: 'Short.' })).resolves.toMatchObject({ undo: 'partial' })
  })

  test('an assignment names both people and can be taken back', async () => {
    const { planned } = await write('issue_assign', { key: 'SUP-2', assignee: accountIdOf('jonas') })
    expect(planned.effects[0]).toMatchObject({
      before: { assignee_name: 'Maya Okafor' },
      after: { assignee_name: 'Jonas Lindqvist' },
    })
    expect((await read('issue_get', { key: 'SUP-2' })).assignee.name).toBe('Jonas Lindqvist')
    await write('issue_assign', { key: 'SUP-2', assignee: 'nobody' })
    expect((await read('issue_get', { key: 'SUP-2' })).assignee).toBeUndefined()
  })

  test('a deletion shows the whole record and spares what has subtasks', async () => {
    const { planned } = await write('issue_delete', { key: 'SUP-1' })
    expect(planned.effects[0]?.before).toMatchObject({
      summary: expect.stringContaining('Brightwater'),
      comments_total: 3,
      reporter: 'Jonas Lindqvist',
    })
    expect(planned).toMatchObject({ undo: 'none' })
    await expect(read('issue_get', { key: 'SUP-1' })).rejects.toMatchObject({ code: 'not_found' })
    await expect(plan('issue_delete', { key: 'OPS-42' })).rejects.toThrow('subtasks')
  })

  test('what the account may not do is refused in the plan', async () => {
    const refused: readonly [string, object][] = [
      ['issue_assign', { key: 'FIN-2', assignee: 'nobody' }],
      ['issue_delete', { key: 'FIN-2' }],
      ['issue_transition', { key: 'FIN-2', to_status: 'Done' }],
      ['issue_update', { key: 'FIN-2', summary: 'x' }],
    ]
    for (const [name, input] of refused) await expect(plan(name, input), name).rejects.toMatchObject({ code: 'forbidden' })
    expect(written()).toEqual([])
  })

  test.each(['issue_assign', 'issue_delete', 'issue_transition', 'issue_update', 'label_edit'])(
    '%s does nothing when the issue has moved',
    async (name) => {
      const found = tool(name) as WriteTool
      const planned = await plan(name, found.example)
      const { key } = found.example as { key: string }
      await ask('POST', `/issue/${key}/comment`, {
        body: { version: 1, type: 'doc', content: [{ type: 'paragraph', content: [{ type: 'text', text: 'x' }] }] },
      })
      const { guard, send } = await apply(name, planned.request)
      await expect(send()).rejects.toMatchObject({ code: 'conflict' })
      expect(guard.touched()).toBe('untouched')
      expect(written()).toHaveLength(1)
    },
  )

  test.each(writeTools)('$name ends unclear and is done once when the answer is lost', async (found) => {
    const planned = await plan(found.name, found.example)
    harness.break({ mode: 'drop', route: found.routes[0]?.replace(/\{\w+\}/g, '*') })
    const { guard, send } = await apply(found.name, planned.request)
    await expect(send()).rejects.toBeInstanceOf(Error)
    expect(guard.touched()).toBe('unclear')
    expect(written().filter(({ changed }) => changed)).toHaveLength(1)
  })
})

describe('with a company of another kind', () => {
  test('what is written in a service project is seen outside', async () => {
    const { state, vendor } = await onState()
    state.put('project', 'SUP', { ...state.get('project', 'SUP'), type: 'service_desk' })
    for (const name of ['comment_add', 'issue_create', 'issue_update']) {
      const found = tool(name) as WriteTool
      const planned = await found.plan(found.input.parse(found.example), reads(vendor))
      expect(planned.audience.external, name).toBe(true)
    }
  })

  test('an internal comment stays with the agents, and one that is not is told to be seen outside', async () => {
    const { state, vendor } = await onState()
    state.put('project', 'SUP', { ...state.get('project', 'SUP'), type: 'service_desk' })
    const found = tool('comment_add') as WriteTool
    const [open, internal] = [false, true].map((flag) =>
      found.plan(found.input.parse({ key: 'SUP-1', body: 'x', internal: flag }), reads(vendor)),
    )
    expect(await open).toMatchObject({ audience: { external: true }, warnings: [expect.stringContaining('customer')] })
    const planned = await internal
    expect(planned).toMatchObject({ audience: { external: false }, effects: [{ after: { internal: true } }], warnings: [] })
    await found.apply(planned?.request, { ...reads(vendor), operationId: 'op_1' })
    const list = tool('comment_list') as ReadTool
    expect(await list.run(list.input.parse({ key: 'SUP-1', limit: 1 }), reads(vendor))).toMatchObject({
      comments: [{ body: 'x', internal: true }],
    })
  })

  test('whoever administers a project can change an issue without telling anybody', async () => {
    const { state, vendor, asked } = await onState()
    const { granted } = state.get('permission', 'SUP') ?? {}
    state.put('permission', 'SUP', { granted: [...(granted as string[]), 'ADMINISTER_PROJECTS'] })
    const found = tool('issue_update') as WriteTool
    const planned = await found.plan(found.input.parse({ key: 'SUP-1', summary: 'x', notify: false }), reads(vendor))
    expect(planned.audience).toMatchObject({ people: 0 })
    await found.apply(planned.request, { ...reads(vendor), operationId: 'op_1' })
    expect(asked.at(-1)).toMatch(/^PUT .*notifyUsers=false$/)
  })

  test('JQL is refused where the site has it switched off, which is how a site starts', async () => {
    const live = { site: 'https://acme.atlassian.net', email: 'hub@acme.example' }
    const { vendor, sent } = await onState(jira.settings.parse(live))
    const found = tool('issue_search') as ReadTool
    await expect(found.run(found.input.parse({ jql: 'status = Open' }), reads(vendor))).rejects.toMatchObject({
      code: 'invalid_input',
      message: 'JQL is switched off for this site. Use the filters of the tool.',
    })
    expect(sent).toEqual([])
  })

  test('a comment is not sent after an issue that went elsewhere', async () => {
    const { state, vendor, sent } = await onState()
    const found = tool('comment_add') as WriteTool
    const { request } = await found.plan({ key: 'SUP-1', body: 'x' }, reads(vendor))
    const id = idOf(state.get('key', 'SUP-1') ?? {})
    state.put('issue', id, { ...state.get('issue', id), key: 'FIN-9', project: 'FIN' })
    await expect(found.apply(request, { ...reads(vendor), operationId: 'op' })).rejects.toMatchObject({ code: 'conflict' })
    expect(sent.filter((method) => method !== 'GET')).toEqual([])
  })
})

/** The connector on a state that the test can change. */
async function onState(settings: unknown = jira.settings.parse(sandbox.settings)) {
  const kinds = new Map<string, Map<string, JsonObject>>()
  const counters = new Map<string, number>()
  const kind = (name: string) => {
    const documents = kinds.get(name) ?? new Map<string, JsonObject>()
    kinds.set(name, documents)
    return documents
  }
  const state: SandboxState = {
    get: (name, id) => kind(name).get(id),
    list: (name) => [...kind(name)].map(([id, value]) => ({ id, value })),
    put: (name, id, value) => void kind(name).set(id, value),
    delete: (name, id) => void kind(name).delete(id),
    next(counter) {
      const value = (counters.get(counter) ?? 0) + 1
      counters.set(counter, value)
      return value
    },
  }
  sandbox.seed(state, new Date())
  const sent: string[] = []
  const asked: string[] = []
  const vendor: object = await jira.open({
    base: 'https://jira.example',
    async fetch(input, init) {
      const request = new Request(input, init)
      const { pathname, searchParams } = new URL(request.url)
      sent.push(request.method)
      asked.push(`${request.method} ${request.url}`)
      const given = {
        method: request.method,
        path: pathname,
        query: searchParams,
        headers: request.headers,
        body: await request.text(),
      }
      const { status, body } = sandbox.respond(given, state, new Date())
      return new Response(body === undefined ? null : JSON.stringify(body), { status })
    },
    settings,
    credential: sandbox.credential,
    hosts: {},
    keep: keptInMemory(),
    cache: new Map(),
  })
  return { state, vendor, sent, asked }
}

describe('text', () => {
  test('what was hidden in a comment is left out, and said', async () => {
    const planned = await plan('comment_add', { key: 'SUP-1', body: 'fine\u202e evil\u200b' })
    expect(planned.effects[0]?.after['body']).toBe('fine evil')
    expect(planned.warnings).toHaveLength(1)
  })

  test.each([
    ['a link that runs', '[x](javascript:alert)'],
    ['a node of the converter', '<adf>\n{"type":"mention","attrs":{"id":"all"}}\n</adf>'],
    ['an image', '![x](https://evil.example/p.png)'],
    ['a deep nest', `${'> '.repeat(30)}x`],
  ])('%s never becomes a node', async (_, markdown) => {
    const toAdf = await markdownWriter()
    let text = ''
    try {
      text = JSON.stringify(toAdf(markdown))
    } catch (error) {
      expect(error).toMatchObject({ code: 'invalid_input' })
    }
    expect(text).not.toMatch(/"type":"(?:mention|media|mediaSingle)"|javascript:/)
  })

  test.each([
    'plain',
    '# Title\n\ntext **bold** *slanted* ~~gone~~ `code`',
    '- a\n- b\n  - c',
    '1. a\n2. b',
    '> quoted',
    '| a | b |\n| --- | --- |\n| 1 | 2 |',
    '```js\nx < 1\n```',
    'a [link](https://x.example/)',
    '- [ ] open\n- [x] done',
    'x\n\n---\n\ny',
  ])('%j is read back as it was written', async (markdown) => {
    const toAdf = await markdownWriter()
    expect(toMarkdown(toAdf(markdown))).toEqual({ markdown, lossy: [] })
  })
})

describe('the sandbox', () => {
  test.each([
    ['POL-J01', 'project = HR', 400],
    ['POL-J01', 'status = Open OR project = HR', 400],
    ['POL-J02', 'project = SUP) OR (summary is not EMPTY', 400],
    ['POL-J03', 'summary ~ "a ORDER BY b" OR project = HR)', 400],
    ['POL-J03', "summary ~ 'a ORDER BY b' AND project = SUP", 0],
    ['POL-J03', 'project = "\\u0053UP" AND key = SUP-1', 1],
    ['POL-J05', 'NOT project = SUP AND project != FIN', 15],
    ['POL-J05', 'project not in (SUP, OPS)', 4],
    ['POL-J05', 'project is EMPTY', 0],
    ['POL-J05', 'project was HR', 400],
    ['POL-J05', 'project changed', 400],
    ['POL-J06', '"Project" = HR', 400],
    ['POL-J06', 'PROJECT = sup', 15],
    ['POL-J06', 'prоject = HR', 400],
    ['POL-J06', 'cf[10010] = x', 400],
    ['POL-J06', '"Epic Link" = HR-1', 400],
    ['POL-J06', 'parent = HR-1', 400],
    ['POL-J07', 'issue in linkedIssues("HR-1")', 400],
    ['POL-J07', 'project in projectsLeadByUser()', 400],
    ['POL-J07', 'issue in issueHistory()', 400],
    ['POL-J07', 'filter = 10001', 400],
    ['POL-J09', 'project = SUP /* x */', 400],
    ['POL-J09', 'project = SUP -- x', 400],
    ['POL-J09', 'project = SUP; x', 400],
    ['POL-J09', 'project = SUP\u0000', 400],
    ['POL-J10', `project = SUP${' OR project = SUP'.repeat(5_000)}`, 400],
    ['POL-J10', `${'('.repeat(3_000)}project = SUP${')'.repeat(3_000)}`, 400],
    ['POL-J10', `${'NOT '.repeat(1_000)}project = SUP`, 400],
    ['unbounded', 'ORDER BY created', 400],
    ['unbounded', '', 400],
    ['seen only', 'summary is not EMPTY', 34],
    ['precedence', 'project = OPS AND status = Done OR project = FIN', 7],
    ['precedence', 'project = OPS AND (status = Done OR priority = Highest)', 3],
    ['empty', 'project = SUP AND assignee is EMPTY', 4],
    ['unequal leaves out the empty', `project = SUP AND NOT assignee = "${accountIdOf('maya')}"`, 7],
    ['category', 'project = OPS AND statusCategory = Done', 3],
    ['order of priorities', 'project = OPS AND priority > Medium', 6],
    ['time', 'project = OPS AND created >= -5d', 3],
    ['time', 'updated >= yesterday', 400],
    ['words', 'text ~ "calder dental"', 3],
    ['phrase', 'summary ~ "\\"week view\\""', 1],
    ['beginning', 'summary ~ "remind*"', 6],
    ['operators of text', 'text ~ "a OR b"', 400],
    ['wrong operator', 'project ~ SUP', 400],
    ['list', 'project in SUP', 400],
    ['sort', 'project = SUP ORDER BY text', 400],
  ])('%s: %s', async (_, jql, expected) => {
    const { status, body } = await search(jql)
    expect(status === 200 ? body.issues.length : status).toBe(expected)
    if (status !== 200) expect(body.errorMessages).toHaveLength(1)
    expect(JSON.stringify(body.issues ?? [])).not.toContain('"HR"')
  })

  test('refuses as Jira does', async () => {
    const cases: readonly [string, string, unknown, number][] = [
      ['GET', '/issue/HR-1', undefined, 404],
      ['GET', '/project/HR', undefined, 404],
      ['PUT', '/issue/FIN-1', { fields: { summary: 'x' } }, 403],
      ['DELETE', '/issue/FIN-1', undefined, 403],
      ['PUT', '/issue/FIN-1/assignee', { accountId: null }, 403],
      ['POST', '/issue/SUP-1/comment', { body: 'text' }, 400],
      ['POST', '/issue/SUP-1/comment', { body: { version: 1, type: 'doc', content: [{ type: 'text', text: 'x' }] } }, 400],
      ['PUT', '/issue/SUP-1', { fields: { description: 'text' } }, 400],
      ['PUT', '/issue/SUP-1', { fields: { project: { key: 'HR' } } }, 400],
      ['POST', '/issue', { fields: { project: { key: 'SUP' }, issuetype: { name: 'Bug' } } }, 400],
      ['POST', '/issue/SUP-1/transitions', { transition: { id: '41' } }, 400],
      ['DELETE', '/issue/SUP-5', undefined, 400],
      ['POST', '/search/jql', { jql: 'project = SUP', nextPageToken: 'x' }, 400],
      ['DELETE', '/project/SUP', undefined, 405],
      ['GET', '/serverInfo', undefined, 404],
    ]
    for (const [method, path, body, status] of cases)
      expect((await ask(method, path, body)).status, `${method} ${path}`).toBe(status)
    expect(harness.requests().filter(({ changed }) => changed)).toEqual([])
    expect((await ask('GET', '/myself', undefined, 'wrong')).status).toBe(401)
  })

  test('what Jira says of a failure never reaches the agent', async () => {
    harness.break({ mode: '429', retryAfter: 0, times: 9 })
    await expect(read('issue_get', { key: 'SUP-1' })).rejects.toMatchObject({
      code: 'rate_limited',
      message: 'Jira asks the hub to slow down. Try again later.',
    })
    harness.mend()
    const { vendor } = await harness.open(tool('issue_update'))
    const refused = await vendor.write
      .edit('SUP-1', { fields: { summary: 'x'.repeat(300), nonsense: 1 } }, { operationId: 'op_1', notify: true })
      .catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'refused', message: 'Jira refused the fields summary, nonsense.' })
    expect(refused.cause.message).toContain('Summary must be less than 255 characters.')
  })

  test('a wrong credential is told to the operator', async () => {
    const { vendor } = await harness.open('read', { credential: 'wrong' })
    await expect((tool('issue_get') as ReadTool).run({ key: 'SUP-1' }, reads(vendor))).rejects.toMatchObject({
      code: 'unauthenticated',
    })
  })

  test('answers in the shapes that jira.js took from the specification of Jira', async () => {
    const sdk = await loadSdk()
    const checked: string[] = []
    const client: Client = {
      async sendRequest<T>({
        url,
        method = 'GET',
        searchParams = {},
        body,
        schema,
      }: Parameters<Client['sendRequest']>[0]): Promise<T> {
        const given = Object.entries(searchParams).filter(
          ([, value]) => typeof value === 'string' || typeof value === 'number',
        )
        const query = new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)]))
        const path = url.startsWith('/rest/agile') ? `/../../agile${url.slice(11)}` : url.replace('/rest/api/3', '')
        const answer = await ask(method, `${path}?${query.toString()}`, body)
        expect(answer.status, `${method} ${url}: ${answer.text}`).toBeLessThan(300)
        const parsed = schema?.safeParse(answer.body)
        expect(parsed?.error?.issues ?? [], `${method} ${url}`).toEqual([])
        if (parsed !== undefined) checked.push(`${method} ${url}`)
        return answer.body as T
      },
    }
    const paragraph = { type: 'paragraph', content: [{ type: 'text', text: 'x' }] }
    await sdk.getIssue(client, { issueIdOrKey: 'SUP-5' })
    await sdk.getComments(client, { issueIdOrKey: 'SUP-1' })
    await sdk.getTransitions(client, { issueIdOrKey: 'OPS-40', expand: 'transitions.fields' })
    await sdk.getEditIssueMeta(client, { issueIdOrKey: 'OPS-40' })
    await sdk.getCreateIssueMetaIssueTypes(client, { projectIdOrKey: 'OPS' })
    await sdk.getCreateIssueMetaIssueTypeId(client, { projectIdOrKey: 'OPS', issueTypeId: '10103' })
    await sdk.getMyPermissions(client, { permissions: 'EDIT_ISSUES,ADD_COMMENTS', projectKey: 'FIN' })
    await sdk.searchProjects(client, { expand: 'lead' })
    await sdk.getProject(client, { projectIdOrKey: 'OPS' })
    await sdk.findUsers(client, { query: 'priya' })
    await sdk.findAssignableUsers(client, { query: 'w', project: 'SUP' })
    await sdk.searchAndReconsileIssuesUsingJqlPost(client, { jql: 'project = SUP', fields: ['*all'], maxResults: 5 })
    await sdk.createIssue(client, { fields: { project: { key: 'SUP' }, issuetype: { name: 'Task' }, summary: 'x' } })
    await sdk.addComment(client, { issueIdOrKey: 'SUP-5', body: { version: 1, type: 'doc', content: [paragraph] } })
    await sdk.getChangeLogs(client, { issueIdOrKey: 'SUP-1' })
    await sdk.countIssues(client, { jql: 'project = SUP' })
    await sdk.getIssueLinkTypes(client)
    await sdk.linkIssues(client, {
      type: { name: 'Blocks' },
      inwardIssue: { key: 'SUP-1' },
      outwardIssue: { key: 'OPS-42' },
    })
    await sdk.getIssue(client, { issueIdOrKey: 'SUP-1', fields: ['issuelinks', 'attachment', 'subtasks'] })
    const started = '2026-03-31T09:00:00.000+0000'
    await sdk.addWorklog(client, { issueIdOrKey: 'SUP-1', started, timeSpentSeconds: 600 })
    await sdk.getIssueWorklog(client, { issueIdOrKey: 'SUP-1' })
    await sdk.getComment(client, { issueIdOrKey: 'SUP-1', id: '20001' })
    await sdk.updateComment(client, {
      issueIdOrKey: 'SUP-4',
      id: '20006',
      body: { body: { version: 1, type: 'doc', content: [paragraph] } },
    })
    await sdk.getCurrentUser(client)
    await sdk.getSprint(client, { sprintId: 7 })
    await sdk.getSoftwareIssue(client, { issueIdOrKey: 'OPS-40' })
    expect(checked).toHaveLength(25)
  })

  test('knows the tickets that the other systems mention', async () => {
    for (const key of ['SUP-1', 'SUP-2', 'OPS-42']) expect((await ask('GET', `/issue/${key}`)).status).toBe(200)
    expect((await ask('GET', '/search/jql?jql=project%20in%20(SUP,OPS)&maxResults=1')).body).toMatchObject({
      issues: [{ id: expect.any(String) }],
      isLast: false,
    })
  })
})

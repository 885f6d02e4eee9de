// Every write through the whole hub: done once, taken back, not over somebody else's edit, and found out when its answer is lost.
import { afterEach, expect, test } from 'vitest'
import type { JsonObject } from 'toolgate/kit'
import { testHub } from '../../test/hub.ts'
import type { TestHub } from '../../test/hub.ts'
import { breakSandbox } from '../../src/sandbox/admin.ts'
import { startSandbox } from '../../src/sandbox/server.ts'
import { jira } from './connector.ts'
import { accountIdOf } from './sandbox/world.ts'

const tools = Object.fromEntries(jira.tools.map(({ name }) => [`jira_${name}`, true]))
let closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing) await close()
  closing = []
})

/** A hub with every tool on, and the same site as somebody else of the company uses it. */
async function site() {
  let at: number | undefined
  const hub = await testHub({
    connectors: { jira: { sandbox: true, tools } },
    now: () => new Date(at ?? Date.now()),
  })
  const file = hub.hub.sandboxFile
  const server = await startSandbox({
    file,
    instances: { jira: { connector: jira } },
    now: () => new Date(at ?? Date.now()),
  })
  closing.push(server.close, hub.close)
  const as = async (person: string, method: string, path: string, body?: unknown) => {
    const email = { maya: 'maya.okafor', jonas: 'jonas.lindqvist' }[person] ?? person
    const authorization = `Basic ${Buffer.from(`${email}@larkfield.example:sandbox-token-of-${person}`).toString('base64')}`
    const response = await fetch(`${server.base('jira')}/rest/api/3${path}`, {
      method,
      headers: { authorization, 'x-atlassian-token': 'no-check' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    expect(response.status, `${method} ${path}`).toBeLessThan(300)
    return response
  }
  const sent = (route: string) => hub.writes().filter((each) => each.startsWith(route))
  return {
    hub,
    as,
    sent,
    break: (mode: 'drop' | '429' | '500' | '500-after', route: string) =>
      breakSandbox(file, 'jira', { mode, route, retryAfter: 1 }),
    later: (ms: number) => void (at = (at ?? Date.now()) + ms),
  }
}

interface Write {
  readonly tool: string
  readonly input: JsonObject
  /** As the sandbox counts it. */
  readonly route: string
  /** What reads the state, and what of it. */
  readonly look: readonly [tool: string, input: JsonObject, property: string]
  /** Where there is no way back. */
  readonly undo?: 'none'
  /** Somebody else changes the same thing. */
  readonly theirs?: readonly [method: string, path: string, body: unknown]
  /** What is looked at tells of the undo as well. */
  readonly keepsHistory?: true
}

const text = (words: string) => ({
  version: 1,
  type: 'doc',
  content: [{ type: 'paragraph', content: [{ type: 'text', text: words }] }],
})

const panel = (words: string) => ({ type: 'panel', attrs: { panelType: 'note' }, content: text(words).content })

const writes: readonly Write[] = [
  {
    tool: 'jira_comment_add',
    input: { key: 'SUP-2', body: 'Seen, thank you.' },
    route: 'POST /rest/api/3/issue/SUP-2/comment',
    look: ['jira_comment_list', { key: 'SUP-2' }, 'total'],
    theirs: ['PUT', '/issue/SUP-2/comment/{id}', { body: text('Theirs.') }],
  },
  {
    tool: 'jira_issue_assign',
    input: { key: 'SUP-2', assignee: accountIdOf('wei') },
    route: 'PUT /rest/api/3/issue/SUP-2/assignee',
    look: ['jira_issue_get', { key: 'SUP-2' }, 'assignee'],
    theirs: ['PUT', '/issue/SUP-2/assignee', { accountId: accountIdOf('noor') }],
  },
  {
    tool: 'jira_issue_create',
    input: { project: 'SUP', type: 'Task', summary: 'Call Owen Price back' },
    route: 'POST /rest/api/3/issue',
    look: ['jira_issue_search', { text: 'Owen Price back' }, 'issues'],
    theirs: ['PUT', '/issue/{key}', { fields: { summary: 'Theirs' } }],
  },
  {
    tool: 'jira_issue_update',
    input: { key: 'SUP-2', priority: 'Low', labels: ['late'] },
    route: 'PUT /rest/api/3/issue/SUP-2',
    look: ['jira_issue_get', { key: 'SUP-2' }, 'priority'],
    theirs: ['PUT', '/issue/SUP-2', { fields: { priority: { name: 'Highest' }, labels: ['theirs'] } }],
  },
  {
    tool: 'jira_issue_transition',
    input: { key: 'SUP-2', to_status: 'In Progress' },
    route: 'POST /rest/api/3/issue/SUP-2/transitions',
    look: ['jira_issue_get', { key: 'SUP-2' }, 'status'],
    theirs: ['POST', '/issue/SUP-2/transitions', { transition: { id: '31' } }],
  },
  {
    tool: 'jira_issue_update',
    input: { key: 'SUP-2', fields: { 'Story points': 5, Platforms: ['iOS'] } },
    route: 'PUT /rest/api/3/issue/SUP-2',
    look: ['jira_issue_get', { key: 'SUP-2', include: ['custom'] }, 'custom'],
    theirs: ['PUT', '/issue/SUP-2', { fields: { customfield_10062: 8, customfield_10066: [{ value: 'Web' }] } }],
  },
  {
    tool: 'jira_issue_update',
    input: {
      key: 'OPS-42',
      add: { Components: ['Portal'], 'Fix versions': ['2026.10'], labels: ['late'] },
      remove: { components: ['reminders'] },
    },
    route: 'PUT /rest/api/3/issue/OPS-42',
    look: ['jira_issue_get', { key: 'OPS-42' }, 'labels'],
    theirs: [
      'PUT',
      '/issue/OPS-42',
      {
        fields: {
          components: [{ name: 'Reminders' }],
          fixVersions: [{ name: '2026.11' }],
          labels: ['theirs'],
        },
      },
    ],
  },
  {
    tool: 'jira_issue_update',
    input: { key: 'SUP-2', description: { version: 1, type: 'doc', content: [panel('Read this first.')] } },
    route: 'PUT /rest/api/3/issue/SUP-2',
    look: ['jira_issue_get', { key: 'SUP-2', body: 'adf' }, 'description_adf'],
    theirs: ['PUT', '/issue/SUP-2', { fields: { description: text('Theirs.') } }],
  },
  {
    tool: 'jira_issue_update',
    input: { key: 'SUP-2', append: 'One more thing.' },
    route: 'PUT /rest/api/3/issue/SUP-2',
    look: ['jira_issue_get', { key: 'SUP-2' }, 'description'],
    theirs: ['PUT', '/issue/SUP-2', { fields: { description: text('Theirs.') } }],
  },
  {
    tool: 'jira_issue_transition',
    input: { key: 'SUP-2', to_status: 'In Progress', comment: 'Started.' },
    route: 'POST /rest/api/3/issue/SUP-2/transitions',
    look: ['jira_issue_get', { key: 'SUP-2' }, 'status'],
    theirs: ['POST', '/issue/SUP-2/transitions', { transition: { id: '31' } }],
  },
  {
    tool: 'jira_comment_add',
    input: { key: 'SUP-2', body: 'For developers.', visibility: { type: 'role', name: 'Developers' } },
    route: 'POST /rest/api/3/issue/SUP-2/comment',
    look: ['jira_comment_list', { key: 'SUP-2' }, 'total'],
    theirs: ['PUT', '/issue/SUP-2/comment/{id}', { body: text('Theirs.') }],
  },
  {
    tool: 'jira_issue_delete',
    input: { key: 'SUP-3' },
    route: 'DELETE /rest/api/3/issue/SUP-3',
    look: ['jira_issue_search', { text: 'please ignore' }, 'issues'],
    undo: 'none',
  },
  {
    tool: 'jira_comment_update',
    input: { key: 'SUP-4', id: '20006', body: 'Released. **Please** check one invoice.' },
    route: 'PUT /rest/api/3/issue/SUP-4/comment/20006',
    look: ['jira_comment_list', { key: 'SUP-4', limit: 1 }, 'comments'],
    theirs: ['PUT', '/issue/SUP-4/comment/20006', { body: text('Theirs.') }],
  },
  {
    tool: 'jira_comment_delete',
    input: { key: 'SUP-1', id: '20001' },
    route: 'DELETE /rest/api/3/issue/SUP-1/comment/20001',
    look: ['jira_comment_list', { key: 'SUP-1' }, 'total'],
    undo: 'none',
  },
  {
    tool: 'jira_label_edit',
    input: { key: 'SUP-5', add: ['slow'], remove: ['calendar'] },
    route: 'PUT /rest/api/3/issue/SUP-5',
    look: ['jira_issue_search', { labels: ['slow'] }, 'issues'],
    theirs: ['PUT', '/issue/SUP-5', { fields: { labels: ['calendar', 'theirs'] } }],
  },
  {
    tool: 'jira_link_add',
    input: { from: 'SUP-5', type: 'is blocked by', to: 'OPS-42' },
    route: 'POST /rest/api/3/issueLink',
    look: ['jira_issue_get', { key: 'SUP-5', include: ['links'] }, 'links'],
    theirs: ['DELETE', '/issueLink/{id}', undefined],
  },
  {
    tool: 'jira_link_remove',
    input: { key: 'OPS-42', id: '40002' },
    route: 'DELETE /rest/api/3/issueLink/40002',
    look: ['jira_issue_get', { key: 'OPS-40', include: ['links'] }, 'links'],
    theirs: [
      'POST',
      '/issueLink',
      { type: { name: 'Blocks' }, inwardIssue: { key: 'OPS-40' }, outwardIssue: { key: 'OPS-42' } },
    ],
  },
  {
    tool: 'jira_sprint_move',
    input: { keys: ['OPS-42', 'OPS-44'], sprint: 8 },
    route: 'POST /rest/agile/1.0/sprint/8/issue',
    look: ['jira_issue_history', { key: 'OPS-44' }, 'changes'],
    keepsHistory: true,
    theirs: ['POST', '/../../agile/1.0/sprint/7/issue', { issues: ['OPS-42', 'OPS-44'] }],
  },
  {
    tool: 'jira_worklog_add',
    input: { key: 'OPS-40', minutes: 30, started: '2026-03-31T09:00:00+02:00', note: 'Asked the provider.' },
    route: 'POST /rest/api/3/issue/OPS-40/worklog',
    look: ['jira_issue_get', { key: 'OPS-40' }, 'rev'],
    undo: 'none',
  },
  {
    tool: 'jira_attachment_add',
    input: { key: 'OPS-42', name: 'peaks.csv', text: 'day,messages\nmonday,40000\n' },
    route: 'POST /rest/api/3/issue/OPS-42/attachments',
    look: ['jira_issue_get', { key: 'OPS-42', include: ['attachments'] }, 'attachments'],
    undo: 'none',
  },
]

async function seen(hub: TestHub, [tool, input, property]: Write['look']): Promise<unknown> {
  return (await hub.call(tool, input)).result?.[property]
}

function withoutIds(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value ?? null).replace(/"id":"4\d+"/g, '"id":"a link"'))
}

test('every write of this connector is in this table', () => {
  const all = jira.tools.filter(({ kind }) => kind === 'write').map(({ name }) => `jira_${name}`)
  expect([...new Set(writes.map(({ tool }) => tool))].toSorted()).toEqual(all.toSorted())
})

test.each(writes)('$tool is previewed, done once, and taken back', async (write) => {
  const { hub, sent } = await site()
  const before = await seen(hub, write.look)
  expect(await hub.call(write.tool, { ...write.input, dry_run: true })).toMatchObject({ status: 'previewed' })
  expect(hub.writes()).toEqual([])
  const done = await hub.call(write.tool, { ...write.input, idempotency_key: 'one-key' })
  expect([done.status, done.error]).toEqual(['done', undefined])
  expect(await hub.call(write.tool, { ...write.input, idempotency_key: 'one-key' })).toMatchObject({ replayed: true })
  expect(sent(write.route)).toHaveLength(1)
  expect(await seen(hub, write.look)).not.toEqual(before)
  const undone = await hub.call('operation_undo', { id: done.operation_id })
  if (write.undo === 'none') {
    expect(undone).toMatchObject({ status: 'failed', error: { code: 'refused' } })
    return
  }
  expect([undone.status, undone.message]).toEqual(['done', 'Done.'])
  // A link comes back under another id.
  if (write.keepsHistory === undefined) expect(withoutIds(await seen(hub, write.look))).toEqual(withoutIds(before))
  expect(await hub.call('operation_get', { id: done.operation_id })).toMatchObject({ result: { state: 'undone' } })
})

test.each(writes.filter(({ theirs }) => theirs !== undefined))(
  '$tool is not taken back over what somebody else has changed',
  async ({ tool, input, theirs }) => {
    const [method, path, body] = theirs ?? ['', '', undefined]
    const { hub, as } = await site()
    const done = await hub.call(tool, input)
    expect([done.status, done.error]).toEqual(['done', undefined])
    const { id = '', key = '' } = (done.result ?? {}) as { id?: string; key?: string }
    await as('maya', method, path.replace('{id}', id).replace('{key}', key), body)
    const before = hub.writes().length
    const undone = await hub.call('operation_undo', { id: done.operation_id })
    expect(undone).toMatchObject({ status: 'failed', error: { code: 'conflict' } })
    expect(undone.message).toMatch(/since/)
    expect(hub.writes()).toHaveLength(before)
  },
)

test.each(writes)('$tool is found to have happened when its answer is lost, and is sent once', async (write) => {
  const { hub, sent, break: breakOnce } = await site()
  breakOnce('drop', `${write.route}*`)
  const lost = await hub.call(write.tool, write.input)
  expect(lost.status).toBe('unknown')
  const { result } = await hub.call('operation_get', { id: lost.operation_id })
  expect(result).toMatchObject({ state: 'reconciled', answer: { status: 'done', result: expect.any(Object) } })
  expect(await hub.call(write.tool, write.input)).toMatchObject({ status: 'done', replayed: true })
  expect(sent(write.route)).toHaveLength(1)
  // What only a reconcile knows of can be taken back as well.
  if (write.undo === 'none') return
  expect(await hub.call('operation_undo', { id: lost.operation_id })).toMatchObject({ status: 'done' })
})

test.each(writes)('$tool that Jira never did is found absent, once it would be there', async (write) => {
  const { hub, sent, break: breakOnce, later } = await site()
  breakOnce('500', `${write.route}*`)
  const lost = await hub.call(write.tool, write.input)
  expect(lost.status).toBe('unknown')
  expect(await hub.call('operation_get', { id: lost.operation_id })).toMatchObject({ result: { state: 'unknown' } })
  later(11 * 60_000)
  expect(await hub.call('operation_get', { id: lost.operation_id })).toMatchObject({ result: { state: 'failed' } })
  expect(sent(write.route)).toEqual([])
})

test.each(writes)('$tool that Jira does not take is a definite failure', async (write) => {
  const { hub, sent, break: breakOnce } = await site()
  breakOnce('429', `${write.route}*`)
  expect(await hub.call(write.tool, write.input)).toMatchObject({ status: 'failed', error: { code: 'rate_limited' } })
  expect(sent(write.route)).toEqual([])
})

test.each(writes.filter(({ theirs }) => theirs !== undefined && !theirs[1].includes('{')))(
  '$tool that somebody else may have done as well stays unknown',
  async ({ tool, input, route, theirs }) => {
    const [method, path, body] = theirs ?? ['', '', undefined]
    const { hub, as, break: breakOnce } = await site()
    breakOnce('500', `${route}*`)
    const lost = await hub.call(tool, input)
    await as('maya', method, path, body)
    expect(await hub.call('operation_get', { id: lost.operation_id })).toMatchObject({ result: { state: 'unknown' } })
  },
)

test.each([
  [
    'jira_issue_assign',
    { key: 'SUP-2', assignee: accountIdOf('wei') },
    ['PUT', '/issue/SUP-2/assignee', { accountId: accountIdOf('wei') }],
  ],
  [
    'jira_issue_transition',
    { key: 'SUP-2', to_status: 'In Progress' },
    ['POST', '/issue/SUP-2/transitions', { transition: { id: '11' } }],
  ],
  ['jira_label_edit', { key: 'SUP-5', add: ['slow'] }, ['PUT', '/issue/SUP-5', { update: { labels: [{ add: 'slow' }] } }]],
  [
    'jira_link_add',
    { from: 'SUP-5', type: 'blocks', to: 'OPS-42' },
    ['POST', '/issueLink', { type: { name: 'Blocks' }, inwardIssue: { key: 'SUP-5' }, outwardIssue: { key: 'OPS-42' } }],
  ],
] as const)('%s that Jira never did, and somebody else did the same, is not taken for ours', async (tool, input, theirs) => {
  const { hub, as, break: breakOnce } = await site()
  breakOnce('500', `${theirs[0]} *`)
  const lost = await hub.call(tool, input)
  expect(lost.status).toBe('unknown')
  await as('maya', theirs[0], theirs[1], theirs[2])
  expect(await hub.call('operation_get', { id: lost.operation_id })).toMatchObject({ result: { state: 'unknown' } })
})

test('a comment of the hub with the same words, by another operation, is not taken for the lost one', async () => {
  const { hub, break: breakOnce, later } = await site()
  breakOnce('500', 'POST */comment')
  const lost = await hub.call('jira_comment_add', { key: 'SUP-2', body: 'Same words.', idempotency_key: 'first-one' })
  expect(lost.status).toBe('unknown')
  const other = await hub.call('jira_comment_add', { key: 'SUP-2', body: 'Same words.', idempotency_key: 'second-one' })
  expect(other.status).toBe('done')
  later(3 * 60_000)
  expect(await hub.call('operation_get', { id: lost.operation_id })).toMatchObject({ result: { state: 'failed' } })
})

test('the limit on changes of one issue is told as such, and holds for that issue alone', async () => {
  const { hub, as, later } = await site()
  // The clock stands still, however slow the machine is.
  later(0)
  for (let number = 0; number < 20; number += 1)
    await as('maya', 'POST', '/issue/SUP-2/comment', { body: text(`${number}`) })
  const answer = await hub.call('jira_comment_add', { key: 'SUP-2', body: 'One more.' })
  expect(answer).toMatchObject({ status: 'failed', error: { code: 'rate_limited' } })
  expect(answer.message).toContain('so many changes of one issue')
  expect(await hub.call('jira_comment_add', { key: 'SUP-5', body: 'Elsewhere.' })).toMatchObject({ status: 'done' })
})

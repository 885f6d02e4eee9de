// Jira Data Center through the whole hub: read, written, taken back, and found out when an answer is lost.
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'
import type { JsonObject } from 'toolgate/kit'
import { breakSandbox } from '../../../src/sandbox/admin.ts'
import { startSandbox } from '../../../src/sandbox/server.ts'
import { testHub } from '../../../test/hub.ts'
import { jira } from '../connector.ts'
import { accountIdOf as cloudId, people } from '../sandbox/world.ts'
import { accountIdOf } from './people.ts'

const uses = fileURLToPath(new URL('../test/data-center', import.meta.url))
const tools = Object.fromEntries(jira.tools.map(({ name }) => [`jira_${name}`, true]))
let closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing) await close()
  closing = []
})

async function site() {
  let at: number | undefined
  const now = () => new Date(at ?? Date.now())
  const hub = await testHub({ connectors: { jira: { uses, sandbox: true, tools } }, now })
  const file = hub.hub.sandboxFile
  const server = await startSandbox({ file, instances: { jira: { connector: jira } }, now })
  closing.push(server.close, hub.close)
  const as = async (person: string, method: string, path: string, body?: unknown) => {
    const email = { maya: 'maya.okafor', jonas: 'jonas.lindqvist' }[person] ?? person
    const authorization = `Basic ${Buffer.from(`${email}@larkfield.example:sandbox-token-of-${person}`).toString('base64')}`
    const response = await fetch(`${server.base('jira')}/rest/api/2${path}`, {
      method,
      headers: { authorization },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    expect(response.status, `${method} ${path}`).toBeLessThan(300)
    return (response.status === 204 ? {} : await response.json()) as JsonObject
  }
  return {
    hub,
    as,
    sent: (route: string) => hub.writes().filter((each) => each.startsWith(route)),
    break: (mode: 'drop' | '429' | '500', route: string) => breakSandbox(file, 'jira', { mode, route, retryAfter: 1 }),
    later: (ms: number) => void (at = (at ?? Date.now()) + ms),
  }
}

/** As Data Center knows them: keys of two ages, see the sandbox. */
function keyOf(person: string): string {
  const index = people.findIndex(({ accountId }) => accountId === cloudId(person))
  const name = people[index]?.email.replace(/@.*/, '') ?? ''
  return accountIdOf(index % 2 === 0 ? `JIRAUSER${10_100 + index}` : name)
}

describe('reading', () => {
  test('an issue, its comments, its history and its transitions, without one request to an address of Jira Cloud', async () => {
    const { hub, as } = await site()
    const description = 'h2. Seen\r\n* *twice*\r\n* at 9:00\r\n'
    await as('maya', 'PUT', '/issue/SUP-2', { fields: { description } })
    const issue = await hub.call('jira_issue_get', { key: 'SUP-2', include: ['links', 'attachments', 'custom'] })
    expect([issue.status, issue.error]).toEqual(['done', undefined])
    expect(issue.result).toMatchObject({ key: 'SUP-2', description: '## Seen\n\n- **twice**\n- at 9:00' })
    expect((await hub.call('jira_comment_list', { key: 'SUP-1' })).result?.['total']).toBeGreaterThan(0)
    expect((await hub.call('jira_transition_list', { key: 'SUP-2' })).status).toBe('done')
    const history = await hub.call('jira_issue_history', { key: 'SUP-2' })
    expect(JSON.stringify(history.result)).toContain('description')
    for (const [tool, input] of [
      ['jira_project_list', {}],
      ['jira_field_describe', { project: 'SUP', type: 'Bug' }],
      ['jira_user_find', { query: 'wei', project: 'SUP' }],
      ['jira_user_find', { query: 'wei' }],
    ] as const) {
      const { status, error } = await hub.call(tool, input)
      expect([tool, status, error]).toEqual([tool, 'done', undefined])
    }
    expect(hub.requests().filter((each) => each.includes('/rest/api/3'))).toEqual([])
  })

  test('a search goes on where it was, and a count is of the same', async () => {
    const { hub } = await site()
    const found: unknown[] = []
    for (let cursor: unknown = undefined, pages = 0; pages === 0 || (cursor !== undefined && pages < 50); pages += 1) {
      const page = await hub.call('jira_issue_search', {
        projects: ['OPS'],
        limit: 2,
        ...(cursor === undefined ? {} : { cursor }),
      })
      expect(page.status).toBe('done')
      found.push(...((page.result?.['issues'] ?? []) as { key: string }[]).map(({ key }) => key))
      cursor = page.result?.['next_cursor']
    }
    expect(new Set(found).size).toBe(found.length)
    const counted = await hub.call('jira_issue_count', { projects: ['OPS'] })
    expect(counted.result?.['count']).toBe(found.length)
    expect(found.length).toBeGreaterThan(2)
  })

  test('the issues of a person are found by the id that user_find gives', async () => {
    const { hub, as } = await site()
    for (const [person, name] of [
      ['wei', 'wei'],
      ['noor', 'noor'],
    ] as const) {
      const { result } = await hub.call('jira_user_find', { query: name, project: 'SUP' })
      const [user] = (result?.['users'] ?? []) as JsonObject[]
      expect(JSON.stringify(user)).toContain(keyOf(person))
      const username = people.find(({ accountId }) => accountId === cloudId(person))?.email.replace(/@.*/, '')
      await as('maya', 'PUT', '/issue/SUP-2/assignee', { name: username })
      const found = await hub.call('jira_issue_search', { projects: ['SUP'], assignee: keyOf(person) })
      expect(JSON.stringify(found.result)).toContain('SUP-2')
    }
  })
})

interface Write {
  readonly tool: string
  readonly input: JsonObject
  readonly route: string
  readonly look: readonly [tool: string, input: JsonObject, property: string]
  readonly theirs: readonly [method: string, path: string, body: unknown]
}

const writes: readonly Write[] = [
  {
    tool: 'jira_comment_add',
    input: { key: 'SUP-2', body: 'Seen, **thank you**.' },
    route: 'POST /rest/api/2/issue/SUP-2/comment',
    look: ['jira_comment_list', { key: 'SUP-2' }, 'total'],
    theirs: ['PUT', '/issue/SUP-2/comment/{id}', { body: 'Theirs.' }],
  },
  {
    tool: 'jira_issue_assign',
    input: { key: 'SUP-2', assignee: keyOf('wei') },
    route: 'PUT /rest/api/2/issue/SUP-2/assignee',
    look: ['jira_issue_get', { key: 'SUP-2' }, 'assignee'],
    theirs: ['PUT', '/issue/SUP-2/assignee', { name: null }],
  },
  {
    tool: 'jira_issue_create',
    input: {
      project: 'SUP',
      type: 'Task',
      summary: 'Call Owen Price back',
      description: '## Why\n\n- He *asked*.',
      assignee: keyOf('noor'),
    },
    route: 'POST /rest/api/2/issue',
    look: ['jira_issue_search', { text: 'Owen Price back' }, 'issues'],
    theirs: ['PUT', '/issue/{key}', { fields: { summary: 'Theirs' } }],
  },
  {
    tool: 'jira_issue_update',
    input: {
      key: 'SUP-2',
      priority: 'Low',
      labels: ['late'],
      fields: { Reviewer: keyOf('wei'), 'Release notes': 'Now **fixed**.' },
    },
    route: 'PUT /rest/api/2/issue/SUP-2',
    look: ['jira_issue_get', { key: 'SUP-2', include: ['custom'] }, 'custom'],
    theirs: [
      'PUT',
      '/issue/SUP-2',
      {
        fields: { priority: { name: 'Highest' }, labels: ['theirs'], customfield_10060: null, customfield_10064: 'Theirs.' },
      },
    ],
  },
  {
    tool: 'jira_issue_update',
    input: { key: 'SUP-2', append: 'One more thing.' },
    route: 'PUT /rest/api/2/issue/SUP-2',
    look: ['jira_issue_get', { key: 'SUP-2' }, 'description'],
    theirs: ['PUT', '/issue/SUP-2', { fields: { description: 'Theirs.' } }],
  },
  {
    tool: 'jira_issue_transition',
    input: { key: 'SUP-2', to_status: 'In Progress', comment: 'Started.' },
    route: 'POST /rest/api/2/issue/SUP-2/transitions',
    look: ['jira_issue_get', { key: 'SUP-2' }, 'status'],
    theirs: ['POST', '/issue/SUP-2/transitions', { transition: { id: '31' } }],
  },
]

describe.each(writes)('$tool $input', ({ tool, input, route, look, theirs }) => {
  const seen = async (hub: Awaited<ReturnType<typeof site>>['hub']) => (await hub.call(look[0], look[1])).result?.[look[2]]

  test('is previewed, done once, and taken back', async () => {
    const { hub, sent } = await site()
    const before = await seen(hub)
    expect(await hub.call(tool, { ...input, dry_run: true })).toMatchObject({ status: 'previewed' })
    expect(hub.writes()).toEqual([])
    const done = await hub.call(tool, { ...input, idempotency_key: 'one-key' })
    expect([done.status, done.error]).toEqual(['done', undefined])
    expect(await hub.call(tool, { ...input, idempotency_key: 'one-key' })).toMatchObject({ replayed: true })
    expect(sent(route)).toHaveLength(1)
    expect(await seen(hub)).not.toEqual(before)
    const undone = await hub.call('operation_undo', { id: done.operation_id })
    expect([undone.status, undone.message]).toEqual(['done', 'Done.'])
    expect(await seen(hub)).toEqual(before)
  })

  test('is not taken back over what somebody else has changed', async () => {
    const { hub, as } = await site()
    const done = await hub.call(tool, input)
    const { id = '', key = '' } = (done.result ?? {}) as { id?: string; key?: string }
    await as('maya', theirs[0], theirs[1].replace('{id}', id).replace('{key}', key), theirs[2])
    const before = hub.writes().length
    const undone = await hub.call('operation_undo', { id: done.operation_id })
    expect(undone).toMatchObject({ status: 'failed', error: { code: 'conflict' } })
    expect(hub.writes()).toHaveLength(before)
  })

  test('is found to have happened when its answer is lost, and absent when Jira never did it', async () => {
    const { hub, sent, break: breakOnce, later } = await site()
    breakOnce('500', `${route}*`)
    const failed = await hub.call(tool, { ...input, idempotency_key: 'one' })
    expect(failed.status).toBe('unknown')
    later(11 * 60_000)
    expect(await hub.call('operation_get', { id: failed.operation_id })).toMatchObject({ result: { state: 'failed' } })
    breakOnce('drop', `${route}*`)
    const lost = await hub.call(tool, { ...input, idempotency_key: 'two' })
    expect(lost.status).toBe('unknown')
    expect(await hub.call('operation_get', { id: lost.operation_id })).toMatchObject({ result: { state: 'reconciled' } })
    expect(await hub.call(tool, { ...input, idempotency_key: 'two' })).toMatchObject({ status: 'done', replayed: true })
    expect(sent(route)).toHaveLength(1)
  })

  test('that Jira does not take is a definite failure', async () => {
    const { hub, sent, break: breakOnce } = await site()
    breakOnce('429', `${route}*`)
    expect(await hub.call(tool, input)).toMatchObject({ status: 'failed', error: { code: 'rate_limited' } })
    expect(sent(route)).toEqual([])
  })
})

describe('markup that has no document', () => {
  const wiki = '{panel:title=First}\nRead *this*.\n{panel}'

  test('stays as it is when something is added, and is not replaced', async () => {
    const { hub, as } = await site()
    await as('maya', 'PUT', '/issue/SUP-2', { fields: { description: wiki } })
    const refused = await hub.call('jira_issue_update', { key: 'SUP-2', description: 'New.' })
    expect(refused.status).toBe('failed')
    expect(refused.message).toContain('wikiMarkup')
    expect(await hub.call('jira_issue_update', { key: 'SUP-2', append: 'More.' })).toMatchObject({ status: 'done' })
    const { fields } = await as('maya', 'GET', '/issue/SUP-2')
    expect((fields as JsonObject)['description']).toBe(`${wiki}\n\nMore.`)
  })

  test('of a caller is refused in the plan', async () => {
    const { hub } = await site()
    const answer = await hub.call('jira_comment_add', { key: 'SUP-2', body: '- [ ] a task', dry_run: true })
    expect(answer).toMatchObject({ status: 'failed', error: { code: 'invalid_input' } })
    expect(answer.message).toContain('wiki markup of Jira Data Center')
  })
})

test.each([
  ['jira_comment_update', { key: 'SUP-4', id: '20006', body: 'Released. **Please** check.' }, true],
  ['jira_comment_delete', { key: 'SUP-1', id: '20001' }, false],
  ['jira_label_edit', { key: 'SUP-5', add: ['slow'], remove: ['calendar'] }, true],
  ['jira_link_add', { from: 'SUP-5', type: 'is blocked by', to: 'OPS-42' }, true],
  ['jira_link_remove', { key: 'OPS-42', id: '40002' }, true],
  ['jira_sprint_move', { keys: ['OPS-42'], sprint: 8 }, true],
  ['jira_attachment_add', { key: 'OPS-42', name: 'peaks.csv', text: 'day' }, false],
  ['jira_issue_delete', { key: 'SUP-3' }, false],
])('%s is done, and taken back where there is a way', async (tool, input, hasWayBack) => {
  const { hub } = await site()
  const done = await hub.call(tool, input)
  expect([done.status, done.error]).toEqual(['done', undefined])
  const undone = await hub.call('operation_undo', { id: done.operation_id })
  expect(undone.status).toBe(hasWayBack ? 'done' : 'failed')
  expect(hub.requests().filter((each) => each.includes('/rest/api/3'))).toEqual([])
})

test('what was granted is what the account may do, without what Data Center does not have', async () => {
  const { hub } = await site()
  await hub.hub.grants.ask()
  const [report] = hub.hub.grants.report()
  expect(JSON.stringify(report)).toContain('worklog_add')
  expect(JSON.stringify(report)).not.toContain('comment_add')
})

test('a creation of the hub without any tag keeps a lost one unknown', async () => {
  const { hub, break: breakOnce, later } = await site()
  const input = { project: 'SUP', type: 'Task', summary: 'Whose is it' }
  breakOnce('500', 'POST */issue')
  const lost = await hub.call('jira_issue_create', input)
  expect(lost.status).toBe('unknown')
  const { sandbox } = jira
  const server = await startSandbox({
    file: hub.hub.sandboxFile,
    instances: { jira: { connector: jira } },
    now: () => new Date(),
  })
  closing.unshift(server.close)
  const made = await fetch(`${server.base('jira')}/rest/api/2/issue`, {
    method: 'POST',
    headers: { authorization: `Bearer ${sandbox.credential}` },
    body: JSON.stringify({ fields: { project: { key: 'SUP' }, issuetype: { name: 'Task' }, summary: 'Whose is it' } }),
  })
  expect(made.status).toBe(201)
  later(11 * 60_000)
  expect(await hub.call('operation_get', { id: lost.operation_id })).toMatchObject({ result: { state: 'unknown' } })
})

test.each([
  ['jira_worklog_add', { key: 'OPS-40', minutes: 30, started: '2026-03-31T09:00:00Z' }],
  ['jira_attachment_read', { key: 'SUP-1', id: '60001' }],
])('%s is refused in a sentence before anything is sent', async (tool, input) => {
  const { hub } = await site()
  const answer = await hub.call(tool, input)
  expect(answer).toMatchObject({ status: 'failed', error: { code: 'refused' } })
  expect(answer.message).toContain('Jira Data Center')
  expect(hub.writes()).toEqual([])
})

const address = 'https://jira.acme.example:8443/jira'
test.each([
  [{ site: address, deployment: 'data-center' }, true],
  [{ site: address, deployment: 'data-center', email: 'hub@acme.example' }, false],
  [{ site: address, deployment: 'data-center', cloud_id: '11111111-2222-4333-8444-555555555555' }, false],
  [{ site: address, email: 'hub@acme.example' }, false],
  [{ site: 'https://acme.atlassian.net' }, false],
])('settings %j: %s', (settings, isTaken) => {
  expect(jira.settings.safeParse(settings).success).toBe(isTaken)
})

// Policy narrows a person to one project: nothing outside of it is shown or written, whichever tool asks (POL-J).
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { JsonObject, Tool } from 'toolgate/kit'
import { testHub } from '../../test/hub.ts'
import type { TestHub } from '../../test/hub.ts'
import { jira } from './connector.ts'
import { accountIdOf } from './sandbox/world.ts'

const tools = Object.fromEntries(jira.tools.map(({ name }) => [`jira_${name}`, true]))
const policy = `
rules:
  - allow: "jira_*"
    who: role:member
    where: { jira.project: [OPS] }
`
/** Finds people and nothing else: it has no project to be narrowed to. */
const unscoped = ['user_find']
let hub: TestHub
beforeAll(async () => {
  const file = policy.replace('"jira_*"', JSON.stringify(jira.tools.filter(isScoped).map(({ name }) => `jira_${name}`)))
  hub = await testHub({ connectors: { jira: { sandbox: true, tools } }, policy: file })
})
afterAll(() => hub.close())

function isScoped({ name }: Tool): boolean {
  return !unscoped.includes(name)
}

/** The example of each tool, turned to a record outside of the project, and to its old key inside of it. */
const outside: Readonly<Record<string, JsonObject>> = {
  attachment_add: { key: 'SUP-1' },
  attachment_read: { key: 'SUP-1' },
  comment_add: { key: 'SUP-1' },
  comment_delete: { key: 'SUP-1' },
  comment_list: { key: 'SUP-1' },
  comment_update: { key: 'SUP-4' },
  field_describe: { project: 'SUP', type: 'Bug' },
  issue_assign: { key: 'SUP-2' },
  issue_count: { projects: ['OPS', 'SUP'] },
  issue_create: { project: 'SUP' },
  issue_delete: { key: 'SUP-3' },
  issue_get: { key: 'SUP-1' },
  issue_history: { key: 'SUP-1' },
  issue_search: { projects: ['SUP'] },
  issue_transition: { key: 'SUP-2' },
  issue_update: { key: 'SUP-2' },
  label_edit: { key: 'SUP-5' },
  link_add: { from: 'OPS-40', to: 'SUP-2' },
  link_remove: { key: 'OPS-42', id: '40001' },
  project_list: {},
  sprint_move: { keys: ['OPS-42', 'SUP-1'] },
  transition_list: { key: 'SUP-1' },
  worklog_add: { key: 'SUP-1' },
}

test('every tool that has a project is in the table', () => {
  const all = jira.tools.filter(isScoped).map(({ name }) => name)
  expect(Object.keys(outside)).toEqual(all.toSorted())
})

test.each(jira.tools.filter(isScoped))(
  'POL-J13, POL-J15: $name shows and changes nothing outside',
  async ({ name, example }) => {
    const answer = await hub.call(`jira_${name}`, { ...(example as object), ...outside[name] })
    if (name === 'issue_search' || name === 'project_list') {
      expect(answer.status).toBe('done')
      expect(JSON.stringify(answer.result)).not.toContain('SUP')
    } else {
      const said = answer.status === 'denied' ? 'denied' : answer.error?.code
      expect(['denied', 'not_found']).toContain(said)
      expect(answer.message).not.toMatch(/Brightwater|Calder|Kestrel/)
    }
    expect(hub.writes()).toEqual([])
  },
)

test.each([
  ['an issue that is not there', 'OPS-999'],
  ['one that policy does not allow', 'SUP-1'],
  ['one that the account may not see', 'HR-1'],
  ['one that has moved out', 'SUP-17'],
])('the same is said of %s', async (_, key) => {
  const answers = await Promise.all(
    ['jira_issue_get', 'jira_comment_list', 'jira_issue_history'].map((name) => hub.call(name, { key })),
  )
  for (const { message, error } of answers) {
    expect(error?.code).toBe('not_found')
    expect(message).toBe((await hub.call('jira_issue_get', { key: 'OPS-999' })).message)
  }
})

test.each([
  ['jira_issue_transition', { key: 'OPS-44', to_status: 'Shipped' }, 'OPS-44 is Open and cannot move to Shipped'],
  ['jira_label_edit', { key: 'OPS-44', remove: ['nothing-has-this'] }, 'already are so'],
  ['jira_issue_update', { key: 'OPS-44', priority: 'Urgent' }, 'There is no priority "Urgent" here'],
  ['jira_comment_update', { key: 'OPS-42', id: '20001', body: 'x' }, 'The comment 20001 of OPS-42 does not exist'],
])('what %s says of a record inside helps', async (name, input, words) => {
  const answer = await hub.call(name, input)
  expect(answer.status).toBe('failed')
  expect(answer.message).toContain(words)
})

test('an issue that has moved in is found by its old key', async () => {
  expect(await hub.call('jira_issue_get', { key: 'SUP-15' })).toMatchObject({ status: 'done', result: { key: 'OPS-39' } })
})

describe('POL-J11, POL-J14, POL-J15, POL-J19', () => {
  test.each([
    ['POL-J11', 'jira_issue_search', { projects: ['OPS OR project = SUP'] }],
    ['POL-J11', 'jira_issue_search', { projects: ['OPS") OR project in ("SUP'] }],
    ['POL-J11', 'jira_issue_search', { jql: 'project = SUP' }],
    ['POL-J11', 'jira_issue_count', { projects: [] }],
    ['POL-J11', 'jira_issue_count', { projects: ['OPS) OR (project=SUP'] }],
    ['POL-J13', 'jira_issue_get', { key: 'OPS-42', expand: '*' }],
    ['POL-J13', 'jira_issue_get', { key: 'OPS-42', fields: '*all,comment' }],
    ['POL-J13', 'jira_issue_get', { key: 'OPS-42', include: ['*'] }],
    ['POL-J13', 'jira_attachment_read', { key: 'OPS-42', id: '../60001' }],
    ['POL-J13', 'jira_comment_delete', { key: 'OPS-42', id: '20001/../../SUP-1' }],
    ['POL-J15', 'jira_issue_update', { key: 'OPS-42', project: 'SUP' }],
    ['POL-J15', 'jira_issue_update', { key: 'OPS-42', parent: 'SUP-1' }],
    ['POL-J15', 'jira_issue_create', { project: 'OPS', type: 'Task', summary: 'x', fields: { Project: 'SUP' } }],
    ['POL-J15', 'jira_issue_create', { project: 'OPS', type: 'Task', summary: 'x', parent: 'SUP-1' }],
    ['POL-J15', 'jira_issue_create', { project: 'OPS', type: 'Task', summary: 'x', fields: { issuelinks: 'SUP-1' } }],
    ['POL-J19', 'jira_comment_add', { key: 'OPS-42', body: 'x', properties: [{ key: 'toolgate.operation' }] }],
    ['POL-J19', 'jira_issue_create', { project: 'OPS', type: 'Task', summary: 'x', fields: { properties: 'x' } }],
  ])('%s: %s refuses %j', async (_, name, input) => {
    const answer = await hub.call(name, input)
    expect(answer.status).toBe('failed')
    expect(['invalid_input', 'not_found']).toContain(answer.error?.code)
    expect(hub.writes()).toEqual([])
  })

  test('an attachment and a comment are reached by their own issue alone', async () => {
    for (const [name, input] of [
      ['jira_attachment_read', { key: 'OPS-42', id: '60001' }],
      ['jira_attachment_read', { key: 'OPS-42', id: '60002' }],
      ['jira_comment_delete', { key: 'OPS-42', id: '20001' }],
      ['jira_link_remove', { key: 'OPS-42', id: '40003' }],
    ] as const)
      expect(await hub.call(name, input)).toMatchObject({ status: 'failed', error: { code: 'not_found' } })
    expect(hub.writes()).toEqual([])
  })

  test('POL-J14: of issues elsewhere only the key is told, and of those that the account cannot see nothing', async () => {
    const { result } = await hub.call('jira_issue_get', { key: 'OPS-42', include: ['links', 'subtasks', 'attachments'] })
    expect(result).toMatchObject({
      parent: 'OPS-30',
      subtasks: ['OPS-43'],
      links: [
        { id: '40001', says: 'relates to', key: 'SUP-2' },
        { id: '40002', says: 'is blocked by', key: 'OPS-40' },
      ],
    })
    expect(JSON.stringify(result)).not.toMatch(/reminders arrive an hour late|Salary/)
  })
})

describe('without that policy', () => {
  test('what one of the two ends denies is not linked', async () => {
    const rules = `${policy.replace('where: { jira.project: [OPS] }', 'where: { jira.project: [OPS, SUP] }')}
  - deny: jira_link_add
    where: { jira.project: SUP }
    because: Support is not tied to others
`.replace('"jira_*"', '[jira_link_add, jira_issue_get]')
    await using open = await testHub({ connectors: { jira: { sandbox: true } }, policy: rules })
    const denied = await open.call('jira_link_add', { from: 'OPS-40', type: 'relates to', to: 'SUP-2' })
    expect(denied.status).not.toBe('done')
    expect(open.writes()).toEqual([])
    expect(await open.call('jira_link_add', { from: 'OPS-44', type: 'blocks', to: 'OPS-42' })).toMatchObject({
      status: 'done',
      result: { says: 'blocks' },
    })
    const { result } = await open.call('jira_issue_get', { key: 'OPS-44', include: ['links'] })
    expect(result).toMatchObject({ links: [{ says: 'blocks', key: 'OPS-42' }] })
  })

  test("only the hub's own comments are changed", async () => {
    await using open = await testHub({ connectors: { jira: { sandbox: true } } })
    const answer = await open.call('jira_comment_update', { key: 'SUP-1', id: '20001', body: 'Mine now.' })
    expect(answer).toMatchObject({ status: 'failed', error: { code: 'refused' } })
    expect(open.writes()).toEqual([])
  })

  test('a file is read as it was attached, and history tells who did what', async () => {
    await using open = await testHub({ connectors: { jira: { sandbox: true } } })
    const text = 'ä,b\n1,"2"\n'
    const { result } = await open.call('jira_attachment_add', { key: 'OPS-42', name: 'table (1).csv', text })
    expect(await open.call('jira_attachment_read', { key: 'OPS-42', id: result?.['id'] })).toMatchObject({
      result: { text, name: 'table (1).csv', type: 'text/csv', bytes: Buffer.byteLength(text) },
    })
    await open.call('jira_issue_assign', { key: 'OPS-42', assignee: accountIdOf('wei') })
    const history = await open.call('jira_issue_history', { key: 'OPS-42', limit: 1 })
    expect(history.result).toMatchObject({
      changes: [{ who: 'Toolgate', field: 'assignee', from: 'Priya Raman', to: 'Wei Zhang' }],
      next_cursor: '1',
    })
    const older = await open.call('jira_issue_history', { key: 'OPS-42', limit: 1, cursor: '1' })
    expect(older.result).toMatchObject({ changes: [{ field: 'Attachment', to: 'table (1).csv' }] })
    expect(older.result?.['next_cursor']).toBeUndefined()
  })

  test('a count is the number of what a search finds, and fields are described with their values', async () => {
    await using open = await testHub({ connectors: { jira: { sandbox: true } } })
    const filters = { projects: ['OPS', 'SUP'], statuses: ['Open'] }
    const found = await open.call('jira_issue_search', { ...filters, limit: 50 })
    const count = ((found.result?.['issues'] ?? []) as JsonObject[]).length
    expect(count).toBeGreaterThan(5)
    expect(await open.call('jira_issue_count', filters)).toMatchObject({ result: { count, projects: ['OPS', 'SUP'] } })
    const severity = { project: 'OPS', type: 'incident', field: 'severity', option_query: '2' }
    expect((await open.call('jira_field_describe', severity)).result).toMatchObject({
      fields: [{ name: 'Severity', required: true, values: ['Sev 2'] }],
    })
    expect((await open.call('jira_field_describe', { key: 'OPS-40', limit: 2 })).result).toMatchObject({
      fields: expect.arrayContaining([expect.objectContaining({ name: 'Priority', more_values: 3 })]),
    })
  })
})

describe('what to grant', () => {
  test('is what the tools that are on need, each once, and less when one is off', async () => {
    await using open = await testHub({ connectors: { jira: { sandbox: true } } })
    const [all] = open.hub.permissions()
    expect(all?.text?.split('\n\n')[0]?.split('\n')).toEqual(all?.scopes)
    expect(all?.text).toContain('write:issue-link:jira')
    // Deletions are off.
    expect(all?.text).not.toMatch(/delete:issue:jira|delete:comment|Delete/)
    const off = { jira_link_add: false, jira_link_remove: false }
    await using fewer = await testHub({ connectors: { jira: { sandbox: true, tools: off } } })
    const [less] = fewer.hub.permissions()
    expect(less?.text).not.toMatch(/issue-link|Link Issues/)
    const gone = all?.scopes.filter((scope) => !less?.scopes.includes(scope))
    expect(gone).toEqual(['delete:issue-link:jira', 'read:issue-link-type:jira', 'write:issue-link:jira'])
  })

  test('nothing is asked for that no tool needs', () => {
    const reading = jira.tools.filter(({ name }) => name === 'user_find')
    expect(jira.permissions?.(reading).text).toBe(
      'read:user:jira\n\n# Permissions of its account in each project:\n# Browse Projects',
    )
    const writing = jira.tools.filter(({ kind }) => kind === 'read')
    expect(jira.permissions?.(writing).text).not.toMatch(/write:|delete:/)
  })
})

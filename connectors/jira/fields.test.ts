// Custom fields by the names that people know, restricted comments, and comments of a transition, through the whole hub.
/* oxlint-disable vitest/valid-expect -- vitest takes a message */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { JsonObject } from 'toolgate/kit'
import { z } from 'zod'
import { testHub } from '../../test/hub.ts'
import type { TestHub } from '../../test/hub.ts'
import { accountIdOf } from './sandbox/world.ts'

const connectors = { jira: { sandbox: true, tools: { jira_comment_delete: true, jira_issue_delete: true } } }
const wei = accountIdOf('wei')
const everyKind = {
  Reviewer: wei,
  'Affected area': ['Reminders', 'Mail'],
  'Story points': 3.5,
  'Go-live': '2026-12-01',
  'Release notes': '**Bold** move\n\n- one\n- two',
  'Customer reference': 'CD-1188',
  Platforms: ['Web', 'iOS'],
  'Started at': '2026-11-01T08:00:00Z',
}
const shown = { ...everyKind, Reviewer: `Wei Zhang (${wei})`, 'Affected area': 'Reminders > Mail' }

let hub: TestHub
beforeEach(async () => {
  hub = await testHub({ connectors })
})
afterEach(() => hub.close())

const done = async (tool: string, input: JsonObject) => {
  const answer = await hub.call(tool, input)
  expect([answer.status, answer.message]).toEqual(['done', 'Done.'])
  return answer
}
const textOf = (value: unknown) => z.string().parse(value)
const custom = async (key: string) => {
  const { result } = await done('jira_issue_get', { key, include: ['custom'] })
  return result?.['custom']
}

test('every kind of custom field is set at a creation and read by its display name', async () => {
  const { result } = await done('jira_issue_create', { project: 'OPS', type: 'Task', summary: 'New', fields: everyKind })
  expect(await custom(textOf(result?.['key']))).toEqual(shown)
})

test('an update shows before and after, and is taken back field by field', async () => {
  await done('jira_issue_update', { key: 'OPS-42', fields: everyKind })
  const change = { 'story points': 8, platforms: ['android'], 'Affected area': ['calendar', 'day view'], 'Go-live': null }
  const { plan } = await hub.call('jira_issue_update', { key: 'OPS-42', fields: change, dry_run: true })
  expect(plan?.effects).toMatchObject([
    {
      before: {
        fields: {
          'Story points': 3.5,
          Platforms: ['Web', 'iOS'],
          'Affected area': ['Reminders', 'Mail'],
          'Go-live': '2026-12-01',
        },
      },
      after: {
        fields: { 'Story points': 8, Platforms: ['Android'], 'Affected area': ['Calendar', 'Day view'], 'Go-live': null },
      },
    },
  ])
  const changed = await done('jira_issue_update', { key: 'OPS-42', fields: change })
  const { 'Go-live': _gone, ...left } = shown
  expect(await custom('OPS-42')).toEqual({
    ...left,
    'Story points': 8,
    Platforms: ['Android'],
    'Affected area': 'Calendar > Day view',
  })
  await done('operation_undo', { id: changed.operation_id ?? '' })
  expect(await custom('OPS-42')).toEqual(shown)
})

test('what somebody else has set since then is left alone', async () => {
  const first = await done('jira_issue_update', { key: 'OPS-42', fields: { 'Story points': 3, 'Customer reference': 'A' } })
  await done('jira_issue_update', { key: 'OPS-42', fields: { 'Story points': 5 }, idempotency_key: 'another-one' })
  const undone = await done('operation_undo', { id: first.operation_id ?? '' })
  expect(JSON.stringify(undone)).toContain('Story points')
  expect(await custom('OPS-42')).toEqual({ 'Story points': 5 })
  const second = await done('jira_issue_update', {
    key: 'OPS-42',
    fields: { 'Story points': 8 },
    idempotency_key: 'third-one',
  })
  await done('jira_issue_update', { key: 'OPS-42', fields: { 'Story points': 13 }, idempotency_key: 'fourth-one' })
  expect(await hub.call('operation_undo', { id: second.operation_id })).toMatchObject({ error: { code: 'conflict' } })
})

test.each<[JsonObject, string]>([
  [{ 'Story points': 'many' }, '"Story points" must be a number'],
  [{ Reviewer: 'Wei Zhang' }, '"Reviewer" must be an accountId'],
  [{ 'Affected area': ['Calendar', 'Mail'] }, 'must be [Calendar, one of Week view, Day view]'],
  [{ 'Affected area': ['Nowhere'] }, 'one of Calendar, Reminders'],
  [{ 'Affected area': ['Calendar', 'Week view', 'Monday'] }, 'must be [parent, child]'],
  [{ Platforms: ['Windows'] }, '"Platforms" must be one of Web, iOS, Android'],
  [{ 'Go-live': 'soon' }, '"Go-live" must be a date'],
  [{ 'Started at': '2026-11-01' }, '"Started at" must be a time'],
  [{ 'Customer reference': 'two\nlines' }, 'one line of text'],
  [{ 'Customer reference': ['a', 'b'] }, 'must be one value'],
  [{ Severity: 'Sev 1' }, 'The field "Severity" cannot be set here'],
  [{ Reporter: wei }, 'The field "Reporter" cannot be set here'],
  [{ customfield_99999: 'x' }, 'cannot be set here'],
])('%j is refused with what would be right', async (fields, words) => {
  const answer = await hub.call('jira_issue_update', { key: 'OPS-42', fields })
  expect(answer).toMatchObject({ status: 'failed', error: { code: 'invalid_input' } })
  expect(answer.message).toContain(words)
  expect(hub.writes()).toEqual([])
})

test('a required field is not cleared', async () => {
  const answer = await hub.call('jira_issue_update', { key: 'OPS-40', fields: { Severity: null } })
  expect(answer.message).toContain('it is required')
})

test('an option is told by the name that Jira has for it, so that a policy on it cannot be talked around', async () => {
  const input = { key: 'SUP-2', to_status: 'done', fields: { resolution: "WON'T DO" }, dry_run: true }
  const { plan } = await hub.call('jira_issue_transition', input)
  expect(plan?.effects).toMatchObject([{ after: { status: 'Done', resolution: "Won't Do" } }])
})

test('a transition brings its comment along, in one request', async () => {
  const before = hub.writes().length
  await done('jira_issue_transition', { key: 'SUP-2', to_status: 'In Progress', comment: 'Looking **now**.' })
  expect(hub.writes()).toHaveLength(before + 1)
  const { result } = await done('jira_comment_list', { key: 'SUP-2', limit: 1 })
  expect(result?.['comments']).toMatchObject([{ author: 'Toolgate', body: 'Looking **now**.' }])
})

test('nobody is kept from being told by an account that does not administer the project', async () => {
  const answer = await hub.call('jira_issue_update', { key: 'SUP-2', summary: 'Quiet', notify: false })
  expect(answer).toMatchObject({ status: 'failed', error: { code: 'forbidden' } })
  expect(answer.message).toContain('"Administer Projects"')
})

describe('a comment for a role', () => {
  const visibility = { type: 'role', name: 'Developers' }

  test('is seen by it alone, also after it was changed, and the plan says so', async () => {
    const input = { key: 'SUP-2', body: 'For developers.', visibility }
    const { plan } = await hub.call('jira_comment_add', { ...input, dry_run: true })
    expect(plan).toMatchObject({
      effects: [{ after: { visible_to: 'role Developers' } }],
      audience: { external: false, where: expect.stringContaining('Developers alone') },
    })
    const { result } = await done('jira_comment_add', input)
    await done('jira_comment_update', { key: 'SUP-2', id: textOf(result?.['id']), body: 'Still for developers.' })
    const list = await done('jira_comment_list', { key: 'SUP-2', limit: 1 })
    expect(list.result?.['comments']).toMatchObject([{ body: 'Still for developers.', visible_to: 'Developers' }])
  })

  test('that does not exist is definitely not made', async () => {
    const input = { key: 'SUP-2', body: 'x', visibility: { type: 'role', name: 'Nobody' } }
    expect(await hub.call('jira_comment_add', input)).toMatchObject({ status: 'failed', error: { code: 'refused' } })
    expect(hub.writes()).toEqual([])
  })

  test('nothing is internal where no customer looks', async () => {
    const answer = await hub.call('jira_comment_add', { key: 'SUP-2', body: 'x', internal: true })
    expect(answer).toMatchObject({ status: 'failed', error: { code: 'invalid_input' } })
  })
})

describe('a policy that names kinds of resource', () => {
  const open = async (rules: string) => {
    await hub.close()
    hub = await testHub({ connectors, policy: `rules:\n${rules}` })
  }

  test('jira.field: what is not named is not touched, whichever way it is asked for', async () => {
    await open(`
  - allow: [jira_issue_update, jira_label_edit, jira_issue_assign]
    who: role:member
    where: { jira.project: [OPS], jira.field: [summary, labels, customfield_10062] }
`)
    for (const [tool, input] of [
      ['jira_issue_update', { key: 'OPS-42', summary: 'Better', labels: ['queue'] }],
      ['jira_issue_update', { key: 'OPS-42', fields: { 'Story points': 2 } }],
      ['jira_label_edit', { key: 'OPS-42', add: ['new'] }],
      ['jira_issue_update', { key: 'OPS-42', add: { Labels: ['other'] } }],
    ] as const)
      expect((await hub.call(tool, input)).status, JSON.stringify(input)).toBe('done')
    const before = hub.writes().length
    for (const [tool, input] of [
      ['jira_issue_update', { key: 'OPS-42', fields: { Reporter: wei } }],
      ['jira_issue_update', { key: 'OPS-42', fields: { reporter: wei } }],
      ['jira_issue_update', { key: 'OPS-42', priority: 'Low' }],
      ['jira_issue_update', { key: 'OPS-42', add: { Components: ['Portal'] } }],
      ['jira_issue_update', { key: 'OPS-42', remove: { components: ['Reminders'] } }],
      ['jira_issue_update', { key: 'OPS-42', add: { labels: ['x'], Platforms: ['iOS'] } }],
      ['jira_issue_update', { key: 'OPS-42', summary: 'x', append: 'y' }],
      ['jira_issue_update', { key: 'OPS-42', summary: 'x', fields: { 'Go-live': '2026-12-01' } }],
      ['jira_issue_update', { key: 'SUP-2', summary: 'x' }],
      ['jira_issue_assign', { key: 'OPS-42', assignee: wei }],
    ] as const) {
      const answer = await hub.call(tool, input)
      expect(answer.status, JSON.stringify(input)).not.toBe('done')
      expect(answer.message).not.toContain('queue falls behind')
    }
    expect(hub.writes()).toHaveLength(before)
  })

  test('jira.issuetype and jira.transition: only bugs, and never to Done', async () => {
    await open(`
  - allow: [jira_issue_transition, jira_issue_create]
    who: role:member
    where: { jira.project: [SUP], jira.issuetype: [Bug] }
  - deny: jira_issue_transition
    who: role:member
    where: { jira.transition: [Done] }
    because: A lead closes issues.
  - allow: [jira_issue_search, jira_issue_get]
    who: role:member
    where: { jira.issuetype: [Bug, Incident] }
`)
    await done('jira_issue_transition', { key: 'SUP-2', to_status: 'In Progress' })
    await done('jira_issue_create', { project: 'SUP', type: 'bug', summary: 'One more' })
    const before = hub.writes().length
    for (const [tool, input] of [
      ['jira_issue_transition', { key: 'SUP-2', to_status: 'done' }],
      ['jira_issue_transition', { key: 'SUP-2', transition: '31' }],
      ['jira_issue_transition', { key: 'SUP-2', transition: 'close' }],
      ['jira_issue_transition', { key: 'SUP-8', to_status: 'In Review' }],
      ['jira_issue_create', { project: 'SUP', type: 'Task', summary: 'x' }],
      ['jira_issue_get', { key: 'SUP-8' }],
    ] as const)
      expect((await hub.call(tool, input)).status, JSON.stringify(input)).not.toBe('done')
    expect(hub.writes()).toHaveLength(before)
    const { result } = await done('jira_issue_search', { projects: ['SUP', 'OPS'], limit: 50 })
    const types = ((result?.['issues'] ?? []) as { type: string }[]).map(({ type }) => type)
    expect(new Set(types)).toEqual(new Set(['Bug', 'Incident']))
    expect(await hub.call('jira_issue_search', { types: ['Task'] })).toMatchObject({
      status: 'done',
      result: { issues: [] },
    })
  })
})

describe('raw JQL', () => {
  test('is denied where policy says so, and the filters still work', async () => {
    await hub.close()
    hub = await testHub({
      connectors,
      policy: `
rules:
  - allow: [jira_issue_search, jira_issue_count]
    who: role:member
  - deny: [jira_issue_search, jira_issue_count]
    when: has(args.jql)
    because: Only filters are used here.
`,
    })
    const denied = await hub.call('jira_issue_search', { jql: 'status = Open' })
    expect(denied).toMatchObject({ status: 'denied' })
    expect(denied.message).toContain('Only filters are used here')
    expect(await hub.call('jira_issue_count', { projects: ['OPS'], jql: 'status = Open' })).toMatchObject({
      status: 'denied',
    })
    await done('jira_issue_search', { statuses: ['Open'] })
  })

  test('counts what it finds, within the projects that are named', async () => {
    const jql = 'priority >= High OR labels is EMPTY'
    const { result } = await done('jira_issue_search', { projects: ['OPS'], jql, limit: 50 })
    const count = ((result?.['issues'] ?? []) as unknown[]).length
    expect(count).toBeGreaterThan(3)
    expect((await done('jira_issue_count', { projects: ['OPS'], jql })).result).toEqual({ count, projects: ['OPS'] })
    const outside = await hub.call('jira_issue_count', { projects: ['OPS'], jql: 'project = SUP' })
    expect(outside).toMatchObject({ status: 'failed', error: { code: 'invalid_input' } })
  })
})

describe('values that are added and taken away', () => {
  const change = {
    add: { components: ['Portal'], Platforms: ['android', 'iOS'], Labels: ['late'] },
    remove: { Components: ['Reminders'], platforms: ['Web'] },
  }

  test('every other value stays, and only the operations are sent', async () => {
    await done('jira_issue_update', { key: 'OPS-42', fields: { Platforms: ['Web', 'iOS'] } })
    const { plan } = await hub.call('jira_issue_update', { key: 'OPS-42', ...change, dry_run: true })
    const labels = z.array(z.string()).parse(plan?.effects[0]?.before['labels'])
    expect(plan?.effects).toMatchObject([
      {
        before: { fields: { Components: ['Reminders', 'Booking API'], Platforms: ['Web', 'iOS'] } },
        after: {
          labels: [...labels, 'late'],
          fields: { Components: ['Booking API', 'Portal'], Platforms: ['iOS', 'Android'] },
        },
      },
    ])
    const changed = await done('jira_issue_update', { key: 'OPS-42', ...change })
    expect(changed.result?.['changed']).toEqual(['components', 'customfield_10066', 'labels'])
    expect(await custom('OPS-42')).toMatchObject({ Platforms: ['iOS', 'Android'] })
    await done('operation_undo', { id: changed.operation_id ?? '' })
    expect(await custom('OPS-42')).toMatchObject({ Platforms: ['iOS', 'Web'] })
    const { plan: again } = await hub.call('jira_issue_update', { key: 'OPS-42', ...change, dry_run: true })
    expect(again?.effects[0]?.before).toMatchObject({ labels, fields: { Components: ['Reminders', 'Booking API'] } })
  })

  test('what somebody else did to a value since then stays, and is named', async () => {
    const changed = await done('jira_issue_update', { key: 'OPS-42', ...change })
    await done('jira_issue_update', { key: 'OPS-42', remove: { components: ['Portal'] }, idempotency_key: 'another-one' })
    const undone = await done('operation_undo', { id: changed.operation_id ?? '' })
    expect(JSON.stringify(undone.notes)).toContain('Components')
    const { plan } = await hub.call('jira_issue_update', {
      key: 'OPS-42',
      add: { components: ['Calendar'] },
      dry_run: true,
    })
    expect(plan?.effects[0]?.before).toEqual({ fields: { Components: ['Reminders', 'Booking API'] } })
  })

  test.each<[JsonObject, string]>([
    [{ add: { Components: ['Nowhere'] } }, '"Components" must be one of Calendar, Portal'],
    [{ add: { 'Story points': ['3'] } }, 'is no field here that values are added to. There are: '],
    [{ add: { Reporter: ['wei'] } }, 'is no field here'],
    [{ add: { labels: ['two words'] } }, '"Labels" must be labels'],
    [{ add: { labels: ['one'] }, remove: { Labels: ['one'] } }, 'cannot be both added'],
    [{ add: { labels: ['one'] }, labels: ['two'] }, 'Either set labels'],
    [{ add: { Platforms: ['iOS'] }, fields: { Platforms: ['Web'] } }, 'Either set Platforms'],
  ])('%j is refused with what would be right', async (given, words) => {
    const answer = await hub.call('jira_issue_update', { key: 'OPS-42', ...given })
    expect(answer).toMatchObject({ status: 'failed', error: { code: 'invalid_input' } })
    expect(answer.message).toContain(words)
    expect(hub.writes()).toEqual([])
  })

  test('what already is so is no change', async () => {
    const answer = await hub.call('jira_issue_update', { key: 'OPS-42', add: { components: ['Reminders'] } })
    expect(answer).toMatchObject({ status: 'failed', error: { code: 'refused' } })
  })
})

// Objects that the configuration adds, through the whole hub: read, found, written, and told apart by policy.
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { resetSandbox, sandboxRequests } from '../../src/sandbox/admin.ts'
import { testHub } from '../../test/hub.ts'
import type { TestHub } from '../../test/hub.ts'
import { salesforce } from './connector.ts'
import { told, written } from './objects.ts'
import { exampleIds } from './sandbox/examples.ts'
import { sandboxId } from './sandbox/ids.ts'
import { settings } from './settings.ts'

const hubs: TestHub[] = []
afterAll(async () => {
  for (const hub of hubs) await hub.close()
})

const tools = Object.fromEntries(salesforce.tools.map(({ name }) => [`sf_${name}`, true]))
const uses = fileURLToPath(new URL('./test/projects', import.meta.url))

async function under(rules: string): Promise<TestHub> {
  const hub = await testHub({ connectors: { salesforce: { uses, sandbox: true, tools } }, policy: `rules:\n${rules}` })
  hubs.push(hub)
  return hub
}

const { project, account } = exampleIds
const set = async (hub: TestHub, change: object) =>
  await hub.call('sf_record_update', { object: 'Project__c', id: project, set: change })
const made = async (hub: TestHub, fields: object) =>
  await hub.call('sf_record_create', { object: 'Project__c', fields: { Name: 'Vistula', ...fields } })
const sent = (hub: TestHub) => hub.writes().filter((one) => !one.includes('/oauth2/'))

describe('what an agent may do with them', () => {
  let hub: TestHub
  beforeAll(async () => {
    hub = await under('  - allow: "sf_*"\n    who: role:member\n')
  })

  test('they are described, read, found, searched, listed and queried like the others', async () => {
    const described = await hub.call('sf_object_describe', {
      object: 'Project__c',
      fields: ['Budget__c', 'OwnerId', 'MCP_Idem__c'],
    })
    expect(described.result).toMatchObject({
      id_prefix: 'a00',
      fields: [{ name: 'Budget__c', writable: 'both' }, { name: 'OwnerId' }, { name: 'MCP_Idem__c' }],
    })
    for (const closed of [1, 2])
      expect((described.result as { fields: object[] }).fields[closed]).not.toHaveProperty('writable')
    const fields = {
      Name: 'Brightwater: fourteen sites',
      Budget__c: 30_000,
      Stage__c: 'Running',
      'Owner.Name': 'Tomás Herrera',
    }
    const read = await hub.call('sf_record_get', { object: 'Project__c', id: project })
    expect(read.result).toMatchObject({ object: 'Project__c', fields, scope: { value: {}, band: {} } })
    for (const [tool, input] of [
      ['sf_record_find', { object: 'Project__c', filters: [{ field: 'budget__c', op: 'ge', value: 30_000 }] }],
      ['sf_text_search', { text: 'fourteen' }],
      ['sf_related_list', { id: account, relationship: 'Projects__r' }],
    ] as const)
      expect([tool, (await hub.call(tool, input)).result?.['rows']]).toMatchObject([
        tool,
        [{ id: project, fields: { Name: fields.Name, Budget__c: 30_000 } }],
      ])
    const soql = "SELECT Name, Account__r.Name, Owner.Name FROM project__c WHERE Account__r.Industry = 'Healthcare'"
    expect((await hub.call('sf_query_run', { soql })).result).toMatchObject({
      objects: ['Project__c', 'Account'],
      rows: [{ id: project, fields: { Account__r: { Name: 'Brightwater Clinics' } } }],
    })
  })

  test.each([
    ['an owner', { OwnerId: sandboxId('005', 2) }],
    ['a system field', { CreatedDate: '2026-01-01T00:00:00Z' }],
    ['the field of the hub’s own', { mcp_idem__c: 'op_1' }],
    ['a field that is not there', { Nothing__c: 1 }],
    ['a text for a number', { Budget__c: '1' }],
    ['a value that no list has', { Stage__c: 'Halfway' }],
    ['a lookup to another kind of record', { Account__c: sandboxId('003', 1) }],
    ['a text that is too long', { Code__c: 'x'.repeat(21) }],
  ])('%s is refused before anything is sent', async (_, change) => {
    expect(await set(hub, change)).toMatchObject({ status: 'failed', error: { code: 'invalid_input' } })
    expect(sent(hub)).toEqual([])
  })

  test('an id and an object that do not belong together are refused without asking for a record', async () => {
    const asked = () => sandboxRequests(hub.hub.sandboxFile, { limit: 10_000 }).filter(({ path }) => path.endsWith('/query'))
    const before = asked().length
    for (const [object, id] of [
      ['Project__c', account],
      ['Project__c', sandboxId('a01', 1)],
      ['Account', project],
    ])
      expect(await hub.call('sf_record_get', { object, id })).toMatchObject({ error: { code: 'invalid_input' } })
    expect(asked()).toHaveLength(before)
  })

  test('notes and tasks are put on standard records only', async () => {
    for (const [tool, input] of [
      ['sf_note_add', { record_id: project, title: 'x', text: 'y' }],
      ['sf_task_create', { subject: 'x', what_id: project }],
    ] as const)
      expect([tool, (await hub.call(tool, input)).error?.code]).toEqual([tool, 'invalid_input'])
    expect(sent(hub)).toEqual([])
  })

  test('the plan of a deletion of its account counts it, and what it links to has to be there', async () => {
    const deletion = await hub.call('sf_record_delete', { object: 'Account', id: account, dry_run: true })
    expect(deletion.plan?.warnings.join()).toContain('1 Project__c')
    expect(await made(hub, { Account__c: sandboxId('001', 77) })).toMatchObject({ error: { code: 'not_found' } })
  })
})

describe('what policy says of their fields', () => {
  const allowed = '  - allow: "sf_*"\n    who: role:member\n'

  test('a rule finds a field that no standard object has below Fields, in every tool that writes it', async () => {
    const hub = await under(
      `${allowed}    unless: plan.effects.exists(e, has(e.after.Fields) && has(e.after.Fields.Budget__c) && e.after.Fields.Budget__c > 50000)\n`,
    )
    const over = { Budget__c: 50_001 }
    const key = { object: 'Project__c', ext_field: 'Code__c', ext_value: 'P-1' }
    const batch = { op: 'update', object: 'Project__c', id: project, set: over }
    for (const answer of [
      await set(hub, over),
      await made(hub, over),
      await hub.call('sf_record_upsert', { ...key, fields: { Name: 'Vistula', ...over } }),
      await hub.call('sf_record_batch', { ops: [batch] }),
    ])
      expect(answer.status).toBe('denied')
    expect(sent(hub)).toEqual([])
    expect((await set(hub, { Budget__c: 50_000 })).status).toBe('done')
  })

  test('a rule on a field that a standard object has too holds for both', async () => {
    const hub = await under(`${allowed}  - deny: sf_record_update\n    when: plan.effects.exists(e, has(e.after.Name))\n`)
    expect((await set(hub, { Name: 'x' })).status).toBe('denied')
    expect((await hub.call('sf_record_update', { object: 'Account', id: account, set: { Name: 'x' } })).status).toBe(
      'denied',
    )
    expect((await set(hub, { Notes__c: 'x' })).status).toBe('done')
  })

  test('a rule that counts on a field which is not there denies', async () => {
    const hub = await under(
      `${allowed}    when: plan.effects.all(e, has(e.after.Fields) && e.after.Fields.Budget__c < 50000)\n`,
    )
    expect((await set(hub, { Notes__c: 'x' })).status).toBe('denied')
    expect((await set(hub, { Budget__c: 1 })).status).toBe('done')
  })

  test('what is masked is in no plan and no row', async () => {
    const hub = await under(`${allowed}    mask: [Budget__c]\n`)
    const shown = await hub.call('sf_record_update', {
      object: 'Project__c',
      id: project,
      set: { Budget__c: 1 },
      dry_run: true,
    })
    expect(shown.masked).toEqual(['Budget__c'])
    expect(
      JSON.stringify([shown.plan, await hub.call('sf_record_get', { object: 'Project__c', id: project })]),
    ).not.toContain('30000')
  })

  test('no field of any record goes untold', () => {
    const values = { Name: 'x', Budget__c: 1, Fields: 2, IsDeleted: true }
    expect(told(written, values)).toEqual({ Name: 'x', Fields: { Budget__c: 1, Fields: 2, IsDeleted: true } })
  })

  test('by object, by value, by band and by field, records are told apart', async () => {
    const hub = await under(
      '  - allow: [sf_record_find, sf_record_get, sf_record_update, sf_record_create]\n    who: role:member\n    where: { sf.object: [Project__c], sf.value: ["Project__c.Stage__c=Running"], sf.band: ["Project__c.Budget__c>10000"] }\n',
    )
    resetSandbox(hub.hub.sandboxFile)
    const found = async () => (await hub.call('sf_record_find', { object: 'Project__c' })).result?.['rows']
    expect(await found()).toHaveLength(1)
    for (const change of [{ Stage__c: 'Done' }, { Budget__c: 10_000 }, { Budget__c: null }])
      expect(['failed', 'denied']).toContain((await set(hub, change)).status)
    expect(['failed', 'denied']).toContain((await made(hub, { Stage__c: 'Running', Budget__c: 1 })).status)
    expect((await hub.call('sf_record_get', { object: 'Account', id: account })).status).toBe('failed')
    expect(sent(hub)).toEqual([])
    expect((await set(hub, { Budget__c: 10_001 })).status).toBe('done')
    const narrow = await under(
      '  - allow: [sf_record_find, sf_record_get, sf_record_update, sf_record_create]\n    who: role:member\n    where: { sf.object: [Project__c], sf.field: [Project__c.Stage__c] }\n',
    )
    expect((await set(narrow, { Budget__c: 1 })).error?.code).toBe('not_found')
    expect((await set(narrow, { Stage__c: 'Done' })).status).toBe('done')
  })
})

describe('what the configuration may name', () => {
  const given = salesforce.sandbox.settings
  const parsed = (more: object) => settings.safeParse({ ...given, ...more })

  test.each(['Asset', 'Project__c', 'acme__Site__c', 'Campaign', 'Document__c', 'Group_Booking__c'])('%s', (name) => {
    expect(parsed({ objects: [name] }).success).toBe(true)
  })

  test.each([
    'User',
    'Group',
    'PermissionSetAssignment',
    'AccountShare',
    'Project__Share',
    'Project__History',
    'Project__Feed',
    'Order__e',
    'Setting__mdt',
    'ContentVersion',
    'Attachment',
    'EntityDefinition',
    'ApexClass',
    'AuthSession',
    '../Account',
    'Account/x',
    'a__b__c__d',
    '1st__c',
    '',
  ])('never %j', (name) => {
    expect(parsed({ objects: [name] }).success).toBe(false)
  })

  test('what tells records apart has to be of objects that it works with', () => {
    expect(parsed({ objects: [], value_fields: { Project__c: 'Stage__c' } }).success).toBe(false)
    expect(parsed({ value_fields: { Acount: 'Industry' } }).error?.issues[0]).toMatchObject({
      path: ['value_fields', 'Acount'],
    })
    expect(parsed({ bands: { Acount: { field: 'X', up_to: [1] } } }).success).toBe(false)
    expect(parsed({ flows: { F: { leaves_on: 'Cas' } } }).success).toBe(false)
    expect(parsed({ value_fields: { Project__c: 'Stage__c' } }).success).toBe(true)
  })
})

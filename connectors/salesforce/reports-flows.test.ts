// Reports, flows, the recycle bin and locks, through the whole hub; and the rest of the POL-S rows.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { JsonObject } from 'toolgate/kit'
import { resetSandbox, sandboxRequests } from '../../src/sandbox/admin.ts'
import { openSandboxFile, transaction } from '../../src/sandbox/database.ts'
import { instanceState } from '../../src/sandbox/state.ts'
import { testHub } from '../../test/hub.ts'
import type { TestHub } from '../../test/hub.ts'
import { salesforce } from './connector.ts'
import { exampleIds } from './sandbox/examples.ts'
import { sandboxId } from './sandbox/ids.ts'
import { userId } from './sandbox/store.ts'

let hub: TestHub
const tools = Object.fromEntries(salesforce.tools.map(({ name }) => [`sf_${name}`, true]))
const connectors = { salesforce: { sandbox: true, tools } }

beforeAll(async () => {
  hub = await testHub({ connectors })
})
beforeEach(() => resetSandbox(hub.hub.sandboxFile))
afterAll(async () => await hub.close())

const sent = () => hub.writes().filter((one) => !/oauth2|analytics/.test(one))
const asked = () => sandboxRequests(hub.hub.sandboxFile, { limit: 10_000 })
let calls = 0
const call = (name: string, input: object) =>
  hub.call(
    `sf_${name}`,
    name.endsWith('run') && name !== 'flow_run' ? input : { ...input, idempotency_key: `call-${(calls += 1)}` },
  )

function inState<T>(run: (state: ReturnType<typeof instanceState>) => T): T {
  const database = openSandboxFile(hub.hub.sandboxFile)
  try {
    return transaction(database, () => run(instanceState(database, 'salesforce')))
  } finally {
    database.close()
  }
}

const seeded = async () => await hub.call('sf_record_find', { object: 'Account', limit: 1 })

describe('reports', () => {
  const report = { report_id: exampleIds.report }
  const filter = (column: string, operator: string, value: string) => ({ column, operator, value })

  test('rows come with their groups, named columns and totals', async () => {
    const { result } = await hub.call('sf_report_run', { ...report, limit: 2 })
    expect(result).toMatchObject({
      name: 'Open opportunities by stage',
      columns: [{ name: 'OPPORTUNITY_NAME', label: 'Opportunity Name' }, {}, {}, {}],
      rows: [
        { group: ['Needs Analysis'], fields: { ACCOUNT_NAME: 'Stellan Physio', AMOUNT: 6_200 } },
        { group: ['Negotiation/Review'], fields: { AMOUNT: 48_000 } },
      ],
      totals: { RowCount: 7 },
      truncated: true,
    })
  })

  test('a filter narrows the report and never takes its own filters away', async () => {
    const { result } = await hub.call('sf_report_run', { ...report, filters: [filter('AMOUNT', 'lessThan', '20000')] })
    const rows = (result as { rows: { fields: JsonObject }[] }).rows.map(({ fields }) => fields['OPPORTUNITY_NAME'])
    // Closed ones and those in prospecting stay out, as the report says.
    expect(rows).toEqual(expect.arrayContaining(["O'Brien Veterinary: renewal"]))
    expect(rows).not.toContain('Kestrel Eye Care: pilot')
    const body = asked().findLast(({ path, method }) => method === 'POST' && path.includes('/analytics/'))?.body
    expect(JSON.parse(String(body))).toMatchObject({
      reportMetadata: { reportFilters: [{ column: 'CLOSED' }, { column: 'STAGE_NAME' }, { column: 'AMOUNT' }] },
    })
    expect(sent()).toEqual([])
  })

  test.each([
    [{ report_id: sandboxId('00O', 2) }, 'not_found'],
    [{ report_id: sandboxId('001', 1) }, 'invalid_input'],
    [{ report_id: '../../sobjects/User' }, 'invalid_input'],
    [{ ...report, filters: [filter('SECRET', 'equals', '1')] }, 'invalid_input'],
    [{ ...report, filters: [filter('CLOSED") OR (1', 'equals', '1')] }, 'invalid_input'],
    [{ ...report, limit: 501 }, 'invalid_input'],
  ])('%j is refused with %s, and no report runs', async (input, code) => {
    expect(await hub.call('sf_report_run', input)).toMatchObject({ status: 'failed', error: { code } })
    expect(asked().filter(({ method, path }) => method === 'POST' && path.includes('/analytics/'))).toEqual([])
  })

  test('a rule on objects lets no report through; one on reports lets this one', async () => {
    const rule = (where: string) => `rules:\n  - allow: sf_report_run\n    who: role:member\n    where: { ${where} }\n`
    await using byObject = await testHub({ connectors, policy: rule('sf.object: [Opportunity]') })
    expect((await byObject.call('sf_report_run', report)).status).not.toBe('done')
    await using byReport = await testHub({ connectors, policy: rule(`sf.report: [${exampleIds.report}]`) })
    expect((await byReport.call('sf_report_run', report)).status).toBe('done')
  })
})

describe('flows', () => {
  const flow = (inputs: object, name = 'Open_Onboarding') => ({ flow: name, inputs })

  test('the plan shows the inputs, says that nobody knows more, and asks no flow', async () => {
    const { plan } = await hub.call('sf_flow_run', {
      ...flow({ accountId: exampleIds.account, urgent: true }),
      dry_run: true,
    })
    expect(plan).toMatchObject({
      fidelity: 'local',
      undo: 'none',
      audience: { external: true, people: 'unknown' },
      effects: [{ verb: 'run', after: { Flow: 'Open_Onboarding', Inputs: { urgent: true } } }],
    })
    expect(sent()).toEqual([])
    expect(await call('flow_run', flow({ accountId: exampleIds.account }))).toMatchObject({
      status: 'done',
      result: { outputs: { Flow__InterviewStatus: 'Finished', caseId: expect.stringMatching(/^500/) as string } },
    })
  })

  test.each([
    [flow({ accountId: exampleIds.account }, 'Delete_Everything'), 'not_found'],
    [flow({ accountId: exampleIds.account }, '../../sobjects/Account'), 'invalid_input'],
    [flow({}), 'invalid_input'],
    [flow({ accountId: exampleIds.account, nothing: 1 }), 'invalid_input'],
    [flow({ accountId: exampleIds.account, urgent: 'yes' }), 'invalid_input'],
    // The hub's own mark is not for callers.
    [flow({ accountId: exampleIds.account, operationId: 'op_1' }), 'invalid_input'],
  ])('%j is refused with %s before anything runs', async (input, code) => {
    expect(await call('flow_run', input)).toMatchObject({ status: 'failed', error: { code } })
    expect(sent()).toEqual([])
  })

  test('one that Salesforce refuses to run has not happened', async () => {
    expect(await call('flow_run', flow({ accountId: sandboxId('001', 77) }))).toMatchObject({ status: 'failed' })
  })
})

describe('the recycle bin', () => {
  test('a deletion is taken back with what went with it, and can be repeated', async () => {
    const opportunity = exampleIds.opportunity
    const tasks = async () =>
      (await hub.call('sf_related_list', { id: opportunity, relationship: 'Tasks' })).result?.['rows']
    const before = await tasks()
    const { operation_id } = await call('record_delete', { object: 'Opportunity', id: opportunity })
    expect((await hub.call('sf_record_get', { object: 'Opportunity', id: opportunity })).status).toBe('failed')
    expect(await hub.call('operation_undo', { id: operation_id })).toMatchObject({ status: 'done' })
    expect((await hub.call('sf_record_get', { object: 'Opportunity', id: opportunity })).status).toBe('done')
    expect(await tasks()).toEqual(before)
  })

  test('what is not in it, or belongs to others, is not restored', async () => {
    expect(await call('record_undelete', { object: 'Task', id: exampleIds.task })).toMatchObject({
      error: { code: 'invalid_input' },
    })
    expect(await call('record_undelete', { object: 'Task', id: sandboxId('00T', 99) })).toMatchObject({
      error: { code: 'not_found' },
    })
    expect(await call('record_undelete', { object: 'Account', id: exampleIds.deletedTask })).toMatchObject({
      error: { code: 'invalid_input' },
    })
    expect(sent()).toEqual([])
  })

  test('one that was emptied between plan and send is not said to be restored', async () => {
    await seeded()
    const answers = [await hub.call('sf_record_undelete', { object: 'Task', id: exampleIds.deletedTask, dry_run: true })]
    inState((state) => state.delete('Task', exampleIds.deletedTask))
    answers.push(await call('record_undelete', { object: 'Task', id: exampleIds.deletedTask }))
    expect(answers.map(({ status }) => status)).toEqual(['previewed', 'failed'])
  })

  test('the envelope carries one id and the session, and nothing of the caller', async () => {
    await call('record_undelete', { object: 'Task', id: exampleIds.deletedTask })
    const { body, path } = asked().findLast(({ method, path: at }) => method === 'POST' && at.includes('/Soap/')) ?? {}
    expect(path).toBe('/services/Soap/u/66.0')
    expect(String(body)).toContain(`<urn:undelete><urn:ids>${exampleIds.deletedTask}</urn:ids></urn:undelete>`)
  })
})

describe('locks and duplicates', () => {
  test('a locked record fails for the moment; nothing happened, and the same call goes through later', async () => {
    await seeded()
    inState((state) => state.put('lock', exampleIds.opportunity, { times: 1 }))
    const update = {
      object: 'Opportunity',
      id: exampleIds.opportunity,
      set: { NextStep: 'locked' },
      idempotency_key: 'locked',
    }
    const first = await hub.call('sf_record_update', update)
    expect(first).toMatchObject({ status: 'failed', error: { code: 'unavailable', retry: 'later' } })
    expect(await hub.call('sf_record_update', update)).toMatchObject({ status: 'done' })
  })

  test('a new child of a locked parent is refused likewise, and a batch with it', async () => {
    await seeded()
    inState((state) => state.put('lock', exampleIds.account, { times: 2 }))
    const contact = { object: 'Contact', fields: { LastName: 'Ferreira', AccountId: exampleIds.account } }
    expect(await call('record_create', contact)).toMatchObject({ status: 'failed', error: { code: 'unavailable' } })
    expect(await call('record_batch', { ops: [{ op: 'create', ...contact }] })).toMatchObject({
      status: 'failed',
      error: { code: 'unavailable' },
    })
    expect(sent().filter((one) => one.includes(' 201'))).toEqual([])
  })

  test.each([
    ['Account', { Name: 'BRIGHTWATER CLINICS' }],
    ['Contact', { LastName: 'Marsh', Email: 'Helen.Marsh@brightwater.example' }],
    ['Lead', { LastName: 'Weber', Company: 'x', Email: 'weber@praxis-am-park.example' }],
  ])('a second %s like %j is hinted at in the plan and refused by the org', async (object, fields) => {
    const { plan } = await hub.call('sf_record_create', { object, fields, dry_run: true })
    expect(plan?.warnings.join()).toContain(`already a record of ${object}`)
    expect(await call('record_create', { object, fields })).toMatchObject({
      status: 'failed',
      error: { code: 'refused' },
      message: expect.stringContaining('exists already') as string,
    })
  })
})

describe('custom objects', () => {
  test('they are listed as what they are, and no tool works with one that the configuration does not name', async () => {
    const { result } = await hub.call('sf_object_list', { custom: true })
    expect(result).toMatchObject({
      objects: [
        { name: 'Project__c', id_prefix: 'a00', supported: true },
        { name: 'Invoice__c', id_prefix: 'a01' },
      ],
    })
    expect(JSON.stringify(result).match(/supported/g)).toHaveLength(1)
    const before = asked().length
    const invoice = sandboxId('a01', 1)
    for (const [tool, input] of [
      ['sf_object_describe', { object: 'Invoice__c' }],
      ['sf_record_get', { object: 'Invoice__c', id: invoice }],
      ['sf_record_find', { object: 'Invoice__c' }],
      ['sf_text_search', { text: 'I-0001', objects: ['Invoice__c'] }],
      ['sf_record_update', { object: 'Invoice__c', id: invoice, set: { Total__c: 1 } }],
      ['sf_record_create', { object: 'Invoice__c', fields: { Account__c: exampleIds.account } }],
      ['sf_record_batch', { ops: [{ op: 'update', object: 'Invoice__c', id: invoice, set: { Total__c: 1 } }] }],
      ['sf_owner_change', { object: 'Invoice__c', id: invoice, owner: userId('ines') }],
      ['sf_record_delete', { object: 'Invoice__c', id: invoice }],
      ['sf_record_undelete', { object: 'Invoice__c', id: invoice }],
      ['sf_record_upsert', { object: 'Invoice__c', ext_field: 'Name', ext_value: 'I-0001', fields: { Total__c: 1 } }],
      ['sf_note_add', { record_id: invoice, title: 'x', text: 'y' }],
    ] as const)
      expect([tool, (await hub.call(tool, input)).error?.code]).toEqual([tool, 'invalid_input'])
    expect(
      asked()
        .slice(before)
        .filter(({ path }) => /Invoice|query|composite/.test(path)),
    ).toEqual([])
    expect(await hub.call('sf_query_run', { soql: 'SELECT Name FROM Invoice__c' })).toMatchObject({
      error: { code: 'invalid_input' },
    })
    expect(
      await hub.call('sf_query_run', { soql: 'SELECT Name, (SELECT Name FROM Invoices__r) FROM Account' }),
    ).toMatchObject({ error: { code: 'invalid_input' } })
    expect(await hub.call('sf_related_list', { id: exampleIds.account, relationship: 'Invoices__r' })).toMatchObject({
      error: { code: 'invalid_input' },
    })
  })

  test('a custom field is read and filtered by as any other', async () => {
    const found = await hub.call('sf_record_find', {
      object: 'Account',
      fields: ['Name', 'region__c'],
      filters: [{ field: 'Region__c', op: 'eq', value: 'UK' }],
    })
    expect(found.result?.['rows']).toMatchObject([
      { fields: { Name: 'Brightwater Clinics', Region__c: 'UK' } },
      { fields: { Name: 'Calder Dental Group' } },
    ])
  })
})

describe('searches (POL-S11)', () => {
  test.each([
    'x} RETURNING User(Id',
    'a* OR b',
    'br?ght',
    '"Brightwater" AND NOT x',
    'Bright~water',
    '{Brightwater}',
    'Brightwater^2',
    'FIND {x} IN ALL FIELDS',
    '& | ! [ ] + - \\ aa',
  ])('%j is words only', async (text) => {
    const answer = await hub.call('sf_text_search', { text })
    expect(answer.status).toBe('done')
    const query = new URLSearchParams(String(asked().findLast(({ path }) => path.endsWith('/parameterizedSearch'))?.query))
    expect(query.get('q')).not.toMatch(/[{}*?"~^&|![\]+\\()]/)
    expect(query.getAll('sobject')).toEqual(['Account', 'Contact', 'Opportunity', 'Case', 'Task', 'Lead', 'Project__c'])
  })
})

describe('pages and paths (POL-S13, POL-S17)', () => {
  test.each([
    '/services/data/v66.0/query/01gQy0000000001-200',
    'https://evil.example/x',
    '01gQy0000000001-200',
    '../../../apexrest/evil',
    '%2e%2e',
  ])('the cursor %j leads nowhere', async (cursor) => {
    const before = asked().length
    expect(await hub.call('sf_record_find', { object: 'Account', cursor })).toMatchObject({
      error: { code: 'invalid_input' },
    })
    expect(
      asked()
        .slice(before)
        .filter(({ path }) => !/describe$|sobjects$|token$/.test(path)),
    ).toEqual([])
  })

  test.each(['66.0/../../apexrest/evil', '61.0?_HttpMethod=DELETE', '//host', '66'])(
    'the version %j is none',
    (api_version) => {
      expect(salesforce.settings.safeParse({ ...salesforce.sandbox.settings, api_version }).success).toBe(false)
    },
  )
})

describe('what changes many (POL-S18) and owners in disguise (POL-S14)', () => {
  test('every record of a batch is in the plan by its id, and a condition is no way to name them', async () => {
    const ops = [1, 2, 3].map((n) => ({
      op: 'update',
      object: 'Opportunity',
      id: sandboxId('006', n),
      set: { NextStep: 'all' },
    }))
    const { plan } = await hub.call('sf_record_batch', { ops, dry_run: true })
    expect(plan?.effects.map(({ target }) => target)).toEqual(ops.map(({ id }) => `sf:Opportunity/${id}`))
    expect(
      await hub.call('sf_record_batch', { ops: [{ op: 'update', object: 'Opportunity', where: 'Amount > 0', set: {} }] }),
    ).toMatchObject({ error: { code: 'invalid_input' } })
  })

  test.each([
    'OwnerId',
    'ownerid',
    'RecordTypeId',
    'IsDeleted',
    'ProfileId',
    'MCP_Idem__c',
    'mcp_idem__C',
    'CreatedById',
    'SystemModstamp',
    'Id',
  ])('%s cannot be written by any tool for fields', async (field) => {
    const change = { object: 'Opportunity', id: exampleIds.opportunity, set: { [field]: sandboxId('005', 2) } }
    const fields = { Name: 'x', StageName: 'Prospecting', CloseDate: '2030-01-01', [field]: sandboxId('005', 2) }
    for (const answer of [
      await hub.call('sf_record_update', change),
      await hub.call('sf_record_create', { object: 'Opportunity', fields }),
      await hub.call('sf_record_upsert', { object: 'Opportunity', ext_field: 'MCP_Idem__c', ext_value: 'x', fields }),
      await hub.call('sf_record_batch', { ops: [{ op: 'update', ...change }] }),
    ])
      expect(answer).toMatchObject({ status: 'failed', error: { code: 'invalid_input' } })
    expect(sent()).toEqual([])
  })
})

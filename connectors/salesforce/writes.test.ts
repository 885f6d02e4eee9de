// Every write of Salesforce through the whole hub: done, said twice, lost, refused, taken back, and what others changed.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { JsonObject } from 'toolgate/kit'
import { z } from 'zod'
import { breakSandbox, mendSandbox, resetSandbox } from '../../src/sandbox/admin.ts'
import { openSandboxFile, transaction } from '../../src/sandbox/database.ts'
import { instanceState } from '../../src/sandbox/state.ts'
import { testHub } from '../../test/hub.ts'
import type { TestHub } from '../../test/hub.ts'
import { salesforce } from './connector.ts'
import { exampleIds } from './sandbox/examples.ts'
import { sandboxId } from './sandbox/ids.ts'
import { userId } from './sandbox/store.ts'

const minuteMs = 60_000
const start = new Date('2026-11-18T09:30:15.250Z').getTime()
let clock = start
let hub: TestHub

beforeAll(async () => {
  const tools = Object.fromEntries(salesforce.tools.map(({ name }) => [`sf_${name}`, true]))
  hub = await testHub({ connectors: { salesforce: { sandbox: true, tools } }, now: () => new Date(clock) })
})
beforeEach(() => {
  // A day of its own for each, so that no call repeats one of another test.
  clock += 24 * 60 * minuteMs
  mendSandbox(hub.hub.sandboxFile)
  resetSandbox(hub.hub.sandboxFile)
})
afterAll(async () => await hub.close())

const attempt = (name: string, input: object, key: string) => hub.call(`sf_${name}`, { ...input, idempotency_key: key })

async function records(object: string): Promise<readonly JsonObject[]> {
  await hub.call('sf_record_find', {
    object: 'Account',
    limit: 1,
    filters: [{ field: 'Name', op: 'eq', value: `${clock}` }],
  })
  return inState((state) => state.list(object).map(({ value }) => value))
}

/** Past the hub: as another person in Salesforce. */
async function somebodyElse(object: string, id: string, change: JsonObject): Promise<void> {
  await records(object)
  inState((state) => {
    const time = `${new Date(clock + minuteMs).toISOString().slice(0, 19)}.000+0000`
    const stamps = { SystemModstamp: time, LastModifiedDate: time, LastModifiedById: userId('tomas') }
    state.put(object, id, { ...state.get(object, id), ...stamps, ...change })
  })
}

function inState<T>(run: (state: ReturnType<typeof instanceState>) => T): T {
  const database = openSandboxFile(hub.hub.sandboxFile)
  try {
    return transaction(database, () => run(instanceState(database, 'salesforce')))
  } finally {
    database.close()
  }
}

interface Case {
  readonly tool: string
  readonly input: JsonObject
  /** Where what it changes is, and a change by somebody else that an undo must not overwrite. */
  readonly object: string
  readonly theirs: JsonObject
  /** What the refusal says of their change, where that is not its fields. */
  readonly named?: string
  /** Of the record it makes, where it makes one. */
  readonly id?: string
  readonly undo: 'partial' | 'none'
}

const account = exampleIds.account
const opportunity = exampleIds.opportunity

const { project, deletedProject } = exampleIds
/** An object of the org's own, which the configuration names. */
const custom: readonly Case[] = [
  {
    tool: 'record_create',
    input: { object: 'Project__c', fields: { Name: 'Vistula: first clinic', account__c: account, Budget__c: 8_000 } },
    object: 'Project__c',
    theirs: { Budget__c: 1 },
    undo: 'partial',
  },
  {
    tool: 'record_update',
    input: { object: 'Project__c', id: project, set: { Budget__c: 45_000, Notes__c: 'Two\nmore sites', Stage__c: 'Done' } },
    object: 'Project__c',
    id: project,
    theirs: { Budget__c: 1, Notes__c: 'Theirs', Stage__c: 'Planned' },
    undo: 'partial',
  },
  {
    tool: 'record_upsert',
    input: { object: 'Project__c', ext_field: 'Code__c', ext_value: 'P-7', fields: { Name: 'Vistula', Budget__c: 5 } },
    object: 'Project__c',
    theirs: { Budget__c: 6 },
    undo: 'partial',
  },
  {
    tool: 'owner_change',
    input: { object: 'Project__c', id: project, owner: userId('ines') },
    object: 'Project__c',
    id: project,
    theirs: { OwnerId: userId('wei') },
    undo: 'partial',
  },
  {
    tool: 'record_delete',
    input: { object: 'Project__c', id: project },
    object: 'Project__c',
    id: project,
    theirs: { IsDeleted: false },
    undo: 'partial',
  },
  {
    tool: 'record_undelete',
    input: { object: 'Project__c', id: deletedProject },
    object: 'Project__c',
    id: deletedProject,
    theirs: { Name: 'Theirs' },
    named: 'since it was restored',
    undo: 'partial',
  },
]

const cases: readonly Case[] = [
  ...custom,
  {
    tool: 'record_update',
    input: { object: 'Opportunity', id: opportunity, set: { NextStep: 'Call Helen', Amount: 50_000 } },
    object: 'Opportunity',
    id: opportunity,
    theirs: { NextStep: 'Theirs', Amount: 1 },
    undo: 'partial',
  },
  {
    tool: 'record_create',
    input: { object: 'Lead', fields: { LastName: 'Kowalska', Company: 'Vistula', Status: 'Open - Not Contacted' } },
    object: 'Lead',
    theirs: { Company: 'Theirs' },
    undo: 'partial',
  },
  {
    tool: 'record_create',
    // This object has no field for the operation's id.
    input: { object: 'Contact', fields: { LastName: 'Ferreira', FirstName: 'Rui', AccountId: account } },
    object: 'Contact',
    theirs: { FirstName: 'Theirs' },
    undo: 'partial',
  },
  {
    tool: 'task_create',
    input: { subject: 'Call Helen Marsh', description: 'About the\nrenewal', what_id: opportunity, due: '2030-01-15' },
    object: 'Task',
    theirs: { Status: 'Completed' },
    undo: 'partial',
  },
  {
    tool: 'owner_change',
    input: { object: 'Opportunity', id: opportunity, owner: userId('ines') },
    object: 'Opportunity',
    id: opportunity,
    theirs: { OwnerId: userId('wei') },
    undo: 'partial',
  },
  {
    tool: 'record_upsert',
    input: {
      object: 'Account',
      ext_field: 'customer_number__c',
      ext_value: 'C-2001',
      fields: { Name: 'Vistula', Industry: 'Healthcare' },
    },
    object: 'Account',
    theirs: { Industry: 'Other' },
    undo: 'partial',
  },
  {
    tool: 'record_batch',
    input: {
      ops: [
        { op: 'update', object: 'Opportunity', id: opportunity, set: { NextStep: 'Signed' } },
        { op: 'create', object: 'Case', fields: { Subject: 'Second site opens in May' } },
      ],
    },
    object: 'Opportunity',
    id: opportunity,
    theirs: { NextStep: 'Theirs' },
    undo: 'partial',
  },
  {
    tool: 'record_batch',
    input: {
      ops: [
        { op: 'create', object: 'Case', fields: { Subject: 'Printer is on fire' } },
        { op: 'create', object: 'Contact', fields: { LastName: 'Nowakowska', AccountId: account } },
      ],
    },
    object: 'Case',
    theirs: {},
    undo: 'none',
  },
  {
    tool: 'casecomment_add',
    input: { case_id: exampleIds.case, text: 'Fixed in <b>4.2</b> & later.\nPlease confirm.', public: true },
    object: 'CaseComment',
    theirs: {},
    undo: 'none',
  },
  {
    tool: 'note_add',
    input: { record_id: account, title: 'Call with Helen', text: 'Prices < 5 & > 3.\nShe decides on Friday.' },
    object: 'ContentNote',
    theirs: {},
    undo: 'none',
  },
  {
    tool: 'record_delete',
    input: { object: 'Task', id: exampleIds.task },
    object: 'Task',
    id: exampleIds.task,
    theirs: { IsDeleted: false },
    undo: 'partial',
  },
  {
    tool: 'record_undelete',
    input: { object: 'Task', id: exampleIds.deletedTask },
    object: 'Task',
    id: exampleIds.deletedTask,
    theirs: { Subject: 'Theirs' },
    named: 'since it was restored',
    undo: 'partial',
  },
  {
    tool: 'flow_run',
    input: { flow: 'Open_Onboarding', inputs: { accountId: account, note: 'First in May' } },
    object: 'Case',
    theirs: {},
    undo: 'none',
  },
]

describe.each(cases)('sf_$tool of $object', ({ tool, input, object, id, theirs, undo, named }) => {
  const changedRecord = async (before: readonly JsonObject[]) => {
    const made = (await records(object)).find((one) => !before.some(({ Id }) => Id === one['Id']))
    return id ?? z.string().parse(made?.['Id'])
  }

  test('the same key twice is one execution', async () => {
    const done = await attempt(tool, input, `twice-${clock}`)
    expect([done.status, done.message]).toEqual(['done', expect.any(String)])
    expect(done.plan?.undo ?? undo).toBe(undo)
    expect(await attempt(tool, input, `twice-${clock}`)).toMatchObject({ status: 'done', replayed: true })
    expect(sent()).toHaveLength(1)
  })

  test('cut off after it was carried out, it is unknown, then known to have happened, once', async () => {
    await records(object)
    loseAnswer('drop')
    const lost = await attempt(tool, input, `lost-${clock}`)
    expect(lost.status).toBe('unknown')
    const asked = await hub.call('operation_get', { id: lost.operation_id })
    expect(asked).toMatchObject({ result: { state: 'reconciled', answer: { status: 'done' } } })
    expect(await attempt(tool, input, `lost-${clock}`)).toMatchObject({ status: 'done', replayed: true })
    expect(sent()).toHaveLength(1)
    if (undo === 'none') return
    mendSandbox(hub.hub.sandboxFile)
    expect(await hub.call('operation_undo', { id: lost.operation_id })).toMatchObject({ status: 'done' })
  })

  test('never carried out, it stays unknown for the time that Salesforce could take, then failed', async () => {
    await records(object)
    loseAnswer('500')
    const lost = await attempt(tool, input, `never-${clock}`)
    expect(lost.status).toBe('unknown')
    clock += 10 * minuteMs
    expect(await hub.call('operation_get', { id: lost.operation_id })).toMatchObject({ result: { state: 'unknown' } })
    clock += 2 * minuteMs
    expect(await hub.call('operation_get', { id: lost.operation_id })).toMatchObject({ result: { state: 'failed' } })
  })

  test('refused for the moment, it failed and nothing happened', async () => {
    const before = await records(object)
    loseAnswer('429')
    expect(await attempt(tool, input, `busy-${clock}`)).toMatchObject({ status: 'failed', error: { retry: 'later' } })
    expect(await records(object)).toEqual(before)
  })

  test.runIf(undo !== 'none')('it is taken back, once', async () => {
    const before = live(await records(object))
    const { operation_id } = await attempt(tool, input, `undo-${clock}`)
    const shown = await hub.call('operation_undo', { id: operation_id, dry_run: true })
    expect(shown.status).toBe('previewed')
    expect(await hub.call('operation_undo', { id: operation_id })).toMatchObject({ status: 'done' })
    expect(live(await records(object))).toEqual(before)
    expect((await hub.call('operation_undo', { id: operation_id })).status).toBe('failed')
  })

  test.runIf(undo !== 'none')('what somebody else has changed since is not overwritten, and is named', async () => {
    const before = await records(object)
    const { operation_id } = await attempt(tool, input, `theirs-${clock}`)
    const target = await changedRecord(before)
    await somebodyElse(object, target, theirs)
    const now = await records(object)
    const answer = await hub.call('operation_undo', { id: operation_id })
    expect(answer).toMatchObject({ status: 'failed', error: { code: 'conflict' } })
    for (const name of Object.keys(theirs)) expect(answer.message).toContain(named ?? name)
    expect(await records(object)).toEqual(now)
  })

  test.runIf(undo === 'none')('it says that it cannot be taken back', async () => {
    const { plan } = await hub.call(`sf_${tool}`, { ...input, dry_run: true })
    expect(plan?.undo).toBe('none')
    const { operation_id } = await attempt(tool, input, `no-undo-${clock}`)
    expect(await hub.call('operation_undo', { id: operation_id })).toMatchObject({
      status: 'failed',
      error: { code: 'refused' },
    })
  })
})

test('a restoring that Salesforce refuses by SOAP failed, and is not unknown', async () => {
  await somebodyElse('Task', exampleIds.deletedTask, { OwnerId: userId('noor') })
  const input = { object: 'Task', id: exampleIds.deletedTask }
  expect(await attempt('record_undelete', input, `refused-${clock}`)).toMatchObject({
    status: 'failed',
    error: { code: 'forbidden' },
  })
  expect(hub.requests().filter((one) => one.includes('/Soap/'))).toHaveLength(1)
})

describe('several at once', () => {
  const second = sandboxId('006', 2)
  const set = (id: string, NextStep: string) => ({ op: 'update', object: 'Opportunity', id, set: { NextStep } })
  const steps = async () => {
    const found = await records('Opportunity')
    return [opportunity, second].map((id) => found.find((one) => one['Id'] === id)?.['NextStep'])
  }

  test('with one refused by Salesforce, none is carried out and nothing is unknown', async () => {
    const before = await records('Account')
    const fresh = (Name: string) => ({ op: 'create', object: 'Account', fields: { Name } })
    const answer = await attempt('record_batch', { ops: [fresh('Vistula'), fresh('Calder Dental Group')] }, `none-${clock}`)
    expect(answer).toMatchObject({ status: 'failed', error: { code: 'refused' } })
    expect(answer.message).toContain('Number 2')
    expect(await records('Account')).toEqual(before)
  })

  test('with one that moved between plan and send, none is carried out', async () => {
    const lost = await attempt(
      'record_batch',
      { ops: [set(opportunity, 'a'), set(second, 'b')], dry_run: true },
      `m-${clock}`,
    )
    expect(lost.plan?.effects).toHaveLength(2)
    await somebodyElse('Opportunity', second, { NextStep: 'theirs' })
    // The condition is on the time of the last change, so that this one is found out by Salesforce itself.
    const since = { LastModifiedDate: new Date(clock + 60 * minuteMs).toISOString().replace('Z', '+0000') }
    inState((state) => state.put('Opportunity', second, { ...state.get('Opportunity', second), ...since }))
    const answer = await attempt('record_batch', { ops: [set(opportunity, 'a'), set(second, 'b')] }, `moved-${clock}`)
    expect(answer).toMatchObject({ status: 'failed', error: { code: 'conflict' } })
    expect(await steps()).toEqual(['Quote for 14 sites', 'theirs'])
  })

  test('what nobody changed since is taken back; the rest is left and named', async () => {
    const { operation_id } = await attempt('record_batch', { ops: [set(opportunity, 'a'), set(second, 'b')] }, `p-${clock}`)
    await somebodyElse('Opportunity', second, { NextStep: 'theirs' })
    const answer = await hub.call('operation_undo', { id: operation_id })
    expect(answer).toMatchObject({ status: 'done' })
    expect(answer.notes?.join()).toContain('Somebody has changed NextStep')
    expect(await steps()).toEqual(['Quote for 14 sites', 'theirs'])
  })

  test('one record twice, or more than 25, is refused before anything is sent', async () => {
    const twice = [set(opportunity, 'a'), set(opportunity.slice(0, 15), 'b')]
    expect(await hub.call('sf_record_batch', { ops: twice })).toMatchObject({
      status: 'failed',
      error: { code: 'invalid_input' },
    })
    const many = Array.from({ length: 26 }, () => ({ op: 'create', object: 'Account', fields: { Name: 'x' } }))
    expect(await hub.call('sf_record_batch', { ops: many })).toMatchObject({
      status: 'failed',
      error: { code: 'invalid_input' },
    })
    expect(sent()).toEqual([])
  })
})

describe('by external id', () => {
  const upsert = (ext_value: string, fields: object, ext_field = 'Customer_Number__c') => ({
    object: 'Account',
    ext_field,
    ext_value,
    fields,
  })

  test('a record that is there is updated, with before and after, and can be taken back', async () => {
    await somebodyElse('Account', account, { Customer_Number__c: 'C-1001' })
    const shown = await hub.call('sf_record_upsert', { ...upsert('C-1001', { Industry: 'Other' }), dry_run: true })
    expect(shown.plan).toMatchObject({
      effects: [{ verb: 'update', before: { Industry: 'Healthcare' }, after: { Industry: 'Other' } }],
    })
    const done = await attempt('record_upsert', upsert('C-1001', { Industry: 'Other' }), `there-${clock}`)
    expect(done).toMatchObject({ status: 'done', result: { id: account, created: false } })
    expect(await hub.call('operation_undo', { id: done.operation_id })).toMatchObject({ status: 'done' })
    expect((await records('Account')).find(({ Id }) => Id === account)).toMatchObject({ Industry: 'Healthcare' })
  })

  test('two with the same are not guessed between (POL-S15)', async () => {
    await somebodyElse('Account', account, { Customer_Number__c: 'C-7' })
    await somebodyElse('Account', sandboxId('001', 2), { Customer_Number__c: 'C-7' })
    expect(await hub.call('sf_record_upsert', upsert('C-7', { Industry: 'Other' }))).toMatchObject({
      error: { code: 'conflict' },
    })
    expect(sent()).toEqual([])
  })

  test.each([
    ['C/../../Contact/x', 'Customer_Number__c'],
    ['..', 'Customer_Number__c'],
    ['a?b', 'Customer_Number__c'],
    ["x' OR Name LIKE '%", 'Customer_Number__c'],
    ['C-1', 'Id'],
    ['C-1', 'Name'],
    ['C-1', 'Nothing__c'],
    ['C-1', '../Contact'],
  ])('%s in %s is refused before anything is sent', async (value, field) => {
    expect(await hub.call('sf_record_upsert', upsert(value, { Name: 'x' }, field))).toMatchObject({
      status: 'failed',
      error: { code: 'invalid_input' },
    })
    expect(sent()).toEqual([])
  })

  test('the field that holds the hub’s operations is not for callers (POL-S14)', async () => {
    const input = { object: 'Lead', ext_field: 'mcp_idem__c', ext_value: 'op_1', fields: { LastName: 'x', Company: 'y' } }
    expect(await hub.call('sf_record_upsert', input)).toMatchObject({ status: 'failed', error: { code: 'invalid_input' } })
    const direct = { object: 'Lead', fields: { LastName: 'x', Company: 'y', MCP_Idem__c: 'op_1' } }
    expect(await hub.call('sf_record_create', direct)).toMatchObject({ status: 'failed', error: { code: 'invalid_input' } })
  })
})

describe('what is no proof', () => {
  const contact = { object: 'Contact', fields: { LastName: 'Ferreira', FirstName: 'Rui' } }

  test('the same record made twice by the hub since the send leaves it open', async () => {
    await attempt('record_create', contact, `first-${clock}`)
    loseAnswer('500')
    const { operation_id, status } = await attempt('record_create', contact, `second-${clock}`)
    expect(status).toBe('unknown')
    clock += 20 * minuteMs
    // One such record is there, made in the same second as the second was sent: whose is it?
    mendSandbox(hub.hub.sandboxFile)
    await attempt('record_create', contact, `third-${clock}`)
    expect(await hub.call('operation_get', { id: operation_id })).toMatchObject({ result: { state: 'unknown' } })
  })

  test('values put there by somebody else are not ours', async () => {
    await records('Opportunity')
    loseAnswer('500')
    const input = { object: 'Opportunity', id: opportunity, set: { NextStep: 'Same idea' } }
    const { operation_id } = await attempt('record_update', input, `idea-${clock}`)
    await somebodyElse('Opportunity', opportunity, { NextStep: 'Same idea' })
    clock += 20 * minuteMs
    expect(await hub.call('operation_get', { id: operation_id })).toMatchObject({ result: { state: 'unknown' } })
  })

  test('a record deleted by somebody else was not deleted by us', async () => {
    await records('Task')
    loseAnswer('500')
    const { operation_id } = await attempt('record_delete', { object: 'Task', id: exampleIds.task }, `gone-${clock}`)
    await somebodyElse('Task', exampleIds.task, { IsDeleted: true })
    clock += 20 * minuteMs
    expect(await hub.call('operation_get', { id: operation_id })).toMatchObject({ result: { state: 'unknown' } })
  })
})

/** The writes that reached Salesforce in this test. */
function sent(): readonly string[] {
  return hub.writes().filter((one) => !one.includes('/oauth2/token'))
}

function loseAnswer(mode: 'drop' | '500' | '429'): void {
  for (const route of ['POST /services/data/*', 'POST /services/Soap/*', 'PATCH *', 'DELETE *'])
    breakSandbox(hub.hub.sandboxFile, 'salesforce', { mode, route })
}

/** Without what every change moves. */
function live(found: readonly JsonObject[]): readonly JsonObject[] {
  return found
    .filter(({ IsDeleted }) => IsDeleted !== true)
    .map(({ SystemModstamp: _a, LastModifiedDate: _b, LastModifiedById: _c, ...rest }) => rest)
}

test('where policy lets somebody use accounts only, no write tells anything of other records', async () => {
  const tools = Object.fromEntries(salesforce.tools.map(({ name }) => [`sf_${name}`, true]))
  await using narrow = await testHub({
    connectors: { salesforce: { sandbox: true, tools } },
    policy: 'rules:\n  - allow: "sf_*"\n    who: role:member\n    where: { sf.object: [Account] }\n',
  })
  const unchanged = { object: 'Opportunity', id: opportunity, set: { NextStep: 'Quote for 14 sites' } }
  const calls: readonly (readonly [string, object])[] = [
    ['sf_record_update', unchanged],
    ['sf_owner_change', { object: 'Opportunity', id: opportunity, owner: userId('tomas') }],
    ['sf_record_batch', { ops: [{ op: 'update', ...unchanged }] }],
    ['sf_note_add', { record_id: opportunity, title: 'x', text: 'y' }],
    ['sf_casecomment_add', { case_id: exampleIds.case, text: 'y' }],
    ['sf_record_create', { object: 'Contact', fields: { FirstName: 'x' } }],
    ['sf_record_delete', { object: 'Opportunity', id: opportunity }],
  ]
  for (const [tool, input] of calls) {
    const answer = await narrow.call(tool, input)
    expect([tool, answer.status === 'done', answer.plan]).toEqual([tool, false, undefined])
    expect(answer.message).not.toMatch(/already|nothing to change|Brightwater|Tomás|also needs/)
  }
  expect(narrow.writes()).toEqual([])
  const allowed = { object: 'Account', id: account, set: { Industry: 'Healthcare' } }
  expect((await narrow.call('sf_record_update', allowed)).message).toContain('nothing to change')
})

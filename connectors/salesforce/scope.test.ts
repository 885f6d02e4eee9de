// Record predicates, value bounds and fields in policy, through the whole hub: exact for reads and for writes.
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import type { JsonObject } from 'toolgate/kit'
import { sandboxRequests } from '../../src/sandbox/admin.ts'
import { openSandboxFile, transaction } from '../../src/sandbox/database.ts'
import { instanceState } from '../../src/sandbox/state.ts'
import { testHub } from '../../test/hub.ts'
import type { TestHub } from '../../test/hub.ts'
import { sandboxHarness } from '../../test/sandbox/harness.ts'
import { salesforce } from './connector.ts'
import { exampleIds } from './sandbox/examples.ts'
import { sandboxId } from './sandbox/ids.ts'
import { bandEntry } from './scope.ts'
import { scoped } from './test/scoped/connector.ts'

const hubs: TestHub[] = []
afterAll(async () => {
  for (const hub of hubs) await hub.close()
})

const uses = fileURLToPath(new URL('./test/scoped', import.meta.url))
const tools = Object.fromEntries(salesforce.tools.map(({ name }) => [`sf_${name}`, true]))
const some =
  '[sf_record_get, sf_record_find, sf_query_run, sf_related_list, sf_text_search, sf_record_update, sf_record_create, sf_record_upsert, sf_record_batch, sf_owner_change, sf_task_create, sf_note_add, sf_casecomment_add, sf_record_delete, sf_record_undelete]'

async function under(...rules: readonly string[]): Promise<TestHub> {
  const policy = `rules:\n${rules.map((rule) => `  - allow: ${some}\n    who: role:member\n    ${rule}\n`).join('')}`
  const hub = await testHub({ connectors: { salesforce: { uses, sandbox: true, tools } }, policy })
  hubs.push(hub)
  return hub
}

interface Rows {
  readonly rows: readonly {
    readonly id: string
    readonly fields: Readonly<Record<string, unknown>>
    readonly about?: unknown
  }[]
  readonly count?: number
}

async function rows(hub: TestHub, tool: string, input: object): Promise<Rows> {
  const answer = await hub.call(tool, input)
  expect([answer.status, answer.message]).toEqual(['done', 'Done.'])
  return answer.result as unknown as Rows
}

const names = async (hub: TestHub, tool: string, input: object) =>
  (await rows(hub, tool, input)).rows.map(({ fields }) => fields['Name'])
const soql = async (hub: TestHub, query: string) => await names(hub, 'sf_query_run', { soql: query })
const sent = (hub: TestHub) => hub.writes().filter((one) => !one.includes('/oauth2/'))

const [brightwater, obrien] = [exampleIds.account, sandboxId('001', 4)]
const [renewal, rollOut] = [exampleIds.opportunity, sandboxId('006', 9)]
const healthcare = ['Brightwater Clinics', 'Calder Dental Group', 'Stellan Physio', 'Kestrel Eye Care']

describe('accounts of one value', () => {
  const rule = 'where: { sf.object: [Account], sf.value: ["Account.Industry=Healthcare"] }'

  test('reads give those and no others, and ask for no others', async () => {
    const hub = await under(rule)
    expect(await names(hub, 'sf_record_find', { object: 'Account' })).toEqual(healthcare)
    expect(
      await names(hub, 'sf_record_find', {
        object: 'Account',
        filters: [{ field: 'Name', op: 'starts_with', value: "O'B" }],
      }),
    ).toEqual([])
    expect(await names(hub, 'sf_text_search', { text: 'Veterinary', objects: ['Account'] })).toEqual([])
    expect(await soql(hub, 'SELECT Name FROM Account')).toEqual(healthcare)
    expect(await soql(hub, "SELECT Name FROM Account WHERE Name LIKE '%' OR Industry = 'Veterinary'")).toEqual(healthcare)
    expect(await rows(hub, 'sf_query_run', { soql: 'SELECT COUNT() FROM Account' })).toMatchObject({ count: 4 })
    const asked = sandboxRequests(hub.hub.sandboxFile, { limit: 1_000 }).flatMap(({ path, query }) =>
      path.endsWith('/query') ? [query] : [],
    )
    expect(asked.length).toBeGreaterThan(3)
    for (const query of asked) expect(decodeURIComponent(query).replaceAll('+', ' ')).toContain("Industry = 'Healthcare'")
  })

  test('a record of another value is as one that is not there', async () => {
    const hub = await under(rule)
    const theirs = await hub.call('sf_record_get', { object: 'Account', id: obrien })
    const none = await hub.call('sf_record_get', { object: 'Account', id: sandboxId('001', 77) })
    expect([theirs.status, theirs.error?.code]).toEqual(['failed', 'not_found'])
    expect(theirs.message).toBe(none.message)
    expect((await hub.call('sf_record_get', { object: 'Account', id: brightwater })).status).toBe('done')
  })

  test('writes stay inside before and after', async () => {
    const hub = await under(rule)
    const set = async (id: string, change: object) =>
      await hub.call('sf_record_update', { object: 'Account', id, set: change })
    const made = async (fields: object) => await hub.call('sf_record_create', { object: 'Account', fields })
    for (const answer of [
      await set(obrien, { Phone: '1' }),
      await set(obrien, { Industry: 'Healthcare' }),
      await set(brightwater, { Industry: 'Veterinary' }),
      await set(brightwater, { Industry: null }),
      await made({ Name: 'Vistula', Industry: 'Retail' }),
      await made({ Name: 'Vistula' }),
      await hub.call('sf_owner_change', { object: 'Account', id: obrien, owner: sandboxId('005', 6) }),
      await hub.call('sf_note_add', { record_id: obrien, title: 'x', text: 'y' }),
      await hub.call('sf_record_delete', { object: 'Account', id: obrien }),
      await hub.call('sf_record_batch', {
        ops: [
          { op: 'update', object: 'Account', id: brightwater, set: { Phone: '1' } },
          { op: 'update', object: 'Account', id: obrien, set: { Phone: '1' } },
        ],
      }),
      await hub.call('sf_record_upsert', {
        object: 'Account',
        ext_field: 'Customer_Number__c',
        ext_value: 'C-9',
        fields: { Name: 'Vistula', Industry: 'Other' },
      }),
    ]) {
      expect(['failed', 'denied']).toContain(answer.status)
      expect(answer.plan).toBeUndefined()
      expect(answer.message).not.toMatch(/Veterinary|O'Brien|already/)
    }
    expect(sent(hub)).toEqual([])
    expect(await set(brightwater, { Phone: '1' })).toMatchObject({ status: 'done' })
    expect((await made({ Name: 'Vistula', Industry: 'Healthcare' })).status).toBe('done')
    expect(sent(hub)).toHaveLength(2)
  })

  test('parents, related lists and inner queries are kept to it too', async () => {
    const hub = await under(
      'where: { sf.object: [Account, Opportunity, Contact], sf.value: ["Account.Industry=Healthcare", Opportunity, Contact] }',
    )
    expect(await soql(hub, "SELECT Name FROM Contact WHERE Account.Industry = 'Veterinary'")).toEqual([])
    expect(await soql(hub, "SELECT Name FROM Contact WHERE Account.Name LIKE 'O%'")).toEqual([])
    expect(await soql(hub, 'SELECT Name, Account.Name FROM Contact ORDER BY Account.Name')).toEqual(
      expect.not.arrayContaining(["Aoife O'Brien"]),
    )
    expect(
      await soql(hub, "SELECT Name FROM Contact WHERE AccountId IN (SELECT Id FROM Account WHERE Industry = 'Veterinary')"),
    ).toEqual([])
    const { rows: accounts } = await rows(hub, 'sf_query_run', {
      soql: 'SELECT Name, (SELECT Name FROM Contacts) FROM Account',
    })
    expect(accounts.map(({ fields }) => fields['Name'])).toEqual(healthcare)
    expect(await names(hub, 'sf_record_find', { object: 'Contact', limit: 50 })).not.toContain("Aoife O'Brien")
    // What shows nothing of an account is not in one.
    expect(await names(hub, 'sf_record_find', { object: 'Contact', fields: ['Name'], limit: 50 })).toContain("Aoife O'Brien")
    const linked = await hub.call('sf_record_create', {
      object: 'Contact',
      fields: { LastName: 'Byrne', AccountId: obrien },
    })
    expect(['failed', 'denied']).toContain(linked.status)
    const task = await hub.call('sf_task_create', { subject: 'Call', what_id: obrien })
    expect(['failed', 'denied']).toContain(task.status)
  })
})

describe('amounts up to a bound', () => {
  const upTo = 'where: { sf.object: [Opportunity], sf.band: ["Opportunity.Amount<=10000", "Opportunity.Amount<=50000"] }'

  test.each([
    [50_000, '<=50000'],
    [50_000.01, '>50000'],
    [10_000, '<=10000'],
    [10_000.01, '<=50000'],
    [-1, '<=10000'],
    [undefined, '='],
    [null, '='],
  ])('%j is in %s', (Amount, band) => {
    const bands = { Opportunity: { field: 'Amount', up_to: [10_000, 50_000] } }
    expect(bandEntry({ value_fields: {}, bands }, 'Opportunity', { Amount })).toBe(`Opportunity.Amount${band}`)
  })

  test('reads give those within, by any question', async () => {
    const hub = await under(upTo)
    const { rows: all } = await rows(hub, 'sf_record_find', { object: 'Opportunity', limit: 50 })
    expect(all).toHaveLength(9)
    for (const { fields } of all) expect(Number(fields['Amount'])).toBeLessThanOrEqual(50_000)
    expect(
      await rows(hub, 'sf_query_run', { soql: 'SELECT COUNT() FROM Opportunity WHERE Amount > 0 OR Amount = null' }),
    ).toMatchObject({ count: 9 })
    expect(await soql(hub, 'SELECT Name FROM Opportunity WHERE Amount > 50000')).toEqual([])
    expect((await hub.call('sf_record_get', { object: 'Opportunity', id: rollOut, fields: ['Name'] })).error?.code).toBe(
      'not_found',
    )
  })

  test('writes stay within before and after, to the cent', async () => {
    const hub = await under(upTo)
    const set = async (id: string, change: JsonObject) =>
      (await hub.call('sf_record_update', { object: 'Opportunity', id, set: change })).status
    expect(await set(rollOut, { NextStep: 'x' })).toBe('failed')
    expect(await set(rollOut, { Amount: 1 })).toBe('failed')
    for (const Amount of [50_000.01, 61_000, null]) expect(['failed', 'denied']).toContain(await set(renewal, { Amount }))
    expect(sent(hub)).toEqual([])
    expect(await set(renewal, { Amount: 50_000 })).toBe('done')
  })

  test('a `when` on the plan bounds what a write puts there, without any configuration', async () => {
    const hub = await under(
      'when: plan.effects.all(e, !has(e.after.Amount) || (e.after.Amount != null && e.after.Amount <= 50000))',
    )
    const set = async (id: string, change: JsonObject) =>
      (await hub.call('sf_record_update', { object: 'Opportunity', id, set: change })).status
    for (const Amount of [50_000.01, 1e9, null]) expect(await set(renewal, { Amount })).toBe('denied')
    expect(sent(hub)).toEqual([])
    expect(await set(renewal, { Amount: 50_000 })).toBe('done')
    // It speaks of what is written, not of what the record has.
    expect(await set(rollOut, { NextStep: 'x' })).toBe('done')
    const made = { Name: 'x', StageName: 'Prospecting', CloseDate: '2030-01-01' }
    expect((await hub.call('sf_record_create', { object: 'Opportunity', fields: { ...made, Amount: 50_001 } })).status).toBe(
      'denied',
    )
    const ops = [
      { op: 'update', object: 'Opportunity', id: renewal, set: { NextStep: 'y' } },
      { op: 'create', object: 'Opportunity', fields: { ...made, Amount: 50_001 } },
    ]
    expect((await hub.call('sf_record_batch', { ops })).status).toBe('denied')
  })
})

describe('fields', () => {
  const rule =
    'where: { sf.object: [Opportunity], sf.field: [Opportunity.Name, Opportunity.StageName, Opportunity.NextStep] }'
  const ask = { object: 'Opportunity', limit: 3 }

  test('reads show those by default, and no question can be asked of others', async () => {
    const hub = await under(rule)
    const { rows: found } = await rows(hub, 'sf_record_find', ask)
    expect([...new Set(found.flatMap(({ fields }) => Object.keys(fields)))].toSorted()).toEqual([
      'Name',
      'NextStep',
      'StageName',
    ])
    for (const [tool, input] of [
      ['sf_record_find', { ...ask, fields: ['Name', 'Amount'] }],
      ['sf_record_find', { ...ask, fields: ['Name'], filters: [{ field: 'Amount', op: 'gt', value: 1 }] }],
      ['sf_record_find', { ...ask, fields: ['Name'], order: { field: 'amount' } }],
      ['sf_record_find', { ...ask, fields: ['Name', 'Account.Name'] }],
      ['sf_record_get', { object: 'Opportunity', id: renewal, fields: ['Amount'] }],
      ['sf_query_run', { soql: 'SELECT Name FROM Opportunity WHERE Amount > 1' }],
      ['sf_query_run', { soql: 'SELECT Name FROM Opportunity ORDER BY Amount' }],
      ['sf_query_run', { soql: 'SELECT COUNT() FROM Opportunity WHERE Amount > 1' }],
      ['sf_related_list', { id: brightwater, relationship: 'Opportunities' }],
    ] as const) {
      const answer = await hub.call(tool, input)
      expect([tool, input, answer.status, answer.result]).toEqual([tool, input, 'failed', undefined])
    }
    expect(await names(hub, 'sf_text_search', { text: 'Brightwater', objects: ['Opportunity'] })).toEqual([])
    expect(await soql(hub, "SELECT Name FROM Opportunity WHERE StageName = 'Qualification'")).toEqual([
      'Brightwater Clinics: reminders add-on',
    ])
  })

  test('writes touch those only, and a plan names no other', async () => {
    const hub = await under('where: { sf.object: [Opportunity], sf.field: [Opportunity.NextStep] }')
    const set = async (change: JsonObject) =>
      await hub.call('sf_record_update', { object: 'Opportunity', id: renewal, set: change })
    expect((await set({ Amount: 1 })).error?.code).toBe('not_found')
    expect((await set({ NextStep: 'x', amount: 1 })).error?.code).toBe('not_found')
    expect((await hub.call('sf_record_delete', { object: 'Opportunity', id: renewal })).status).toBe('failed')
    const shown = await hub.call('sf_record_update', {
      object: 'Opportunity',
      id: renewal,
      set: { NextStep: 'x' },
      dry_run: true,
    })
    expect([shown.status, shown.plan?.summary]).toEqual(['previewed', 'Set NextStep of Opportunity.'])
    expect((await set({ NextStep: 'x' })).status).toBe('done')
  })

  test('of two rules, neither lends the other its fields', async () => {
    const hub = await under(
      'where: { sf.object: [Opportunity], sf.field: [Opportunity.Name] }',
      'where: { sf.object: [Opportunity], sf.field: [Opportunity.Name, Opportunity.Amount], sf.band: ["Opportunity.Amount<=10000"] }',
    )
    const found = await rows(hub, 'sf_record_find', {
      object: 'Opportunity',
      limit: 50,
      fields: ['Name'],
      filters: [{ field: 'Amount', op: 'gt', value: 5_000 }],
    })
    expect(found.rows.map(({ fields }) => fields['Name'])).toEqual([
      'Brightwater Clinics: reminders add-on',
      'Stellan Physio: online booking',
      'Stellan Physio: 100% paperless_intake',
    ])
    expect(await names(hub, 'sf_record_find', { object: 'Opportunity', limit: 50, fields: ['Name'] })).toHaveLength(11)
  })
})

describe('what is forbidden by value', () => {
  const policy = `rules:
  - allow: ${some}
    who: role:member
  - deny: ${some}
    where: { sf.value: ["Account.Industry=Veterinary"] }
`

  test('it is left out of reads and refused to writes, and all else goes on', async () => {
    const hub = await testHub({ connectors: { salesforce: { uses, sandbox: true, tools } }, policy })
    hubs.push(hub)
    expect(await names(hub, 'sf_record_find', { object: 'Account' })).toEqual(healthcare)
    expect(await names(hub, 'sf_record_find', { object: 'Lead' })).toHaveLength(2)
    expect((await hub.call('sf_record_get', { object: 'Account', id: obrien })).status).toBe('failed')
    const set = async (id: string, change: object) =>
      (await hub.call('sf_record_update', { object: 'Account', id, set: change })).status
    expect(await set(obrien, { Industry: 'Retail' })).not.toBe('done')
    expect(await set(brightwater, { Industry: 'Veterinary' })).not.toBe('done')
    expect(sent(hub)).toEqual([])
    expect(await set(brightwater, { Industry: 'Retail' })).toBe('done')
    // Whose values a query looks into is not known.
    expect((await hub.call('sf_query_run', { soql: 'SELECT Name FROM Account' })).status).not.toBe('done')
    expect((await hub.call('sf_query_run', { soql: 'SELECT Name FROM Lead' })).status).toBe('done')
  })
})

test('a record that left its place between plan and send, even within one second, is not touched', async () => {
  const harness = await sandboxHarness(scoped)
  try {
    const tool = scoped.tools.find(({ name }) => name === 'record_update')
    if (tool?.kind !== 'write') throw new Error('no tool')
    const context = {
      now: new Date(),
      signal: new AbortController().signal,
      within: () => undefined,
      admit: () => undefined,
    }
    const { vendor } = await harness.open('read')
    const input = tool.input.parse({ object: 'Account', id: brightwater, set: { Phone: '1' } })
    const { request } = await tool.plan(input, { ...context, vendor })
    const database = openSandboxFile(harness.file)
    transaction(database, () => {
      const state = instanceState(database, 'sf')
      state.put('Account', brightwater, { ...state.get('Account', brightwater), Industry: 'Veterinary' })
    })
    database.close()
    const opened = await harness.open(tool)
    const applied = tool.apply(request, { ...context, vendor: opened.vendor, operationId: 'op_1' })
    await expect(applied).rejects.toMatchObject({ code: 'conflict' })
    expect(opened.guard.touched()).toBe('untouched')
  } finally {
    await harness.close()
  }
})

test('a rule that no configuration gives a value to lets nothing through', async () => {
  const hub = await testHub({
    connectors: { salesforce: { sandbox: true } },
    policy: `rules:\n  - allow: [sf_record_find, sf_record_get]\n    who: role:member\n    where: { sf.value: ["Account.Industry=Healthcare"] }\n`,
  })
  hubs.push(hub)
  expect((await hub.call('sf_record_find', { object: 'Account' })).result?.['rows'] ?? []).toEqual([])
  expect((await hub.call('sf_record_get', { object: 'Account', id: brightwater })).error?.code).toBe('not_found')
})

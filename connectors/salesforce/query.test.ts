// Raw SOQL through the hub: what is asked for within bounds comes back, and nothing else is ever sent (POL-S).
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { testHub } from '../../test/hub.ts'
import type { TestHub } from '../../test/hub.ts'
import { hostile } from './test/hostile-soql.ts'

let hub: TestHub
let narrow: TestHub

const tools = { sf_query_run: true }
const connectors = { salesforce: { sandbox: true, tools } }

beforeAll(async () => {
  hub = await testHub({ connectors })
  narrow = await testHub({
    connectors,
    policy: `
rules:
  - allow: "sf_*"
    who: role:member
    where: { sf.object: [Account] }
`,
  })
})
afterAll(async () => {
  await hub.close()
  await narrow.close()
})

interface Result {
  readonly rows: readonly { readonly fields: Readonly<Record<string, unknown>> }[]
  readonly count?: number
  readonly next_cursor?: string
  readonly objects: readonly string[]
}

async function run(soql: string, more: object = {}): Promise<Result> {
  const answer = await hub.call('sf_query_run', { soql, ...more })
  expect([answer.status, answer.message]).toEqual(['done', 'Done.'])
  return answer.result as unknown as Result
}

const names = async (soql: string) => (await run(soql)).rows.map(({ fields }) => fields['Name'])
const asked = () => hub.requests().filter((one) => one.includes('/query')).length

describe('what may be asked', () => {
  test.each([
    [
      "select name from ACCOUNT where billingcity IN ('Leeds','Cork') order by NAME desc",
      ["O'Brien Veterinary", 'Calder Dental Group'],
    ],
    ["SELECT Name FROM Account WHERE Name = 'O\\'Brien Veterinary'", ["O'Brien Veterinary"]],
    ["SELECT Name FROM Account WHERE Name LIKE '_estrel%'", ['Kestrel Eye Care']],
    ["SELECT Name FROM Opportunity WHERE Name LIKE '%100\\% paperless\\_%'", ['Stellan Physio: 100% paperless_intake']],
    ["SELECT Name FROM Account WHERE NOT Industry = 'Healthcare'", ["O'Brien Veterinary"]],
    [
      "SELECT Name FROM Account WHERE (NOT (Name LIKE 'S%' OR Name LIKE 'C%')) AND Industry = 'Healthcare' ORDER BY Name LIMIT 1",
      ['Brightwater Clinics'],
    ],
    ['SELECT Name FROM Opportunity WHERE Amount > 48000.5', ['Kestrel Eye Care: roll-out to 9 clinics']],
    ['SELECT Name FROM Opportunity WHERE Amount = null', ["O'Brien Veterinary: large animal practice"]],
    ['SELECT Name FROM Opportunity WHERE IsWon = TRUE AND CloseDate = last_n_days:60', ['Kestrel Eye Care: pilot']],
    ["SELECT Name FROM Contact WHERE Account.Name = 'Stellan Physio'", ['Elin Berg']],
    ["SELECT Name FROM Contact WHERE Account.Industry = 'Veterinary'", ["Aoife O'Brien"]],
    ["SELECT Name FROM Account WHERE Owner.Name = 'Inês Duarte' ORDER BY Name", ['Kestrel Eye Care', 'Stellan Physio']],
    [
      "SELECT Name FROM Account WHERE Id IN (SELECT AccountId FROM Opportunity WHERE StageName = 'Closed Lost')",
      ['Stellan Physio'],
    ],
    [
      'SELECT Name FROM Account WHERE Id NOT IN (SELECT AccountId FROM Opportunity WHERE Amount > 10000) ORDER BY Name',
      ['Stellan Physio'],
    ],
  ])('%s', async (soql, expected) => {
    expect(await names(soql)).toEqual(expected)
  })

  test('parents and related lists come inside their rows, without attributes and empty fields', async () => {
    const { rows, objects } = await run(
      "SELECT Name, Owner.Name, (SELECT Name, Email FROM Contacts), (SELECT Name FROM Opportunities WHERE Amount < 10000) FROM Account WHERE Name LIKE 'Bright%'",
    )
    expect(rows).toEqual([
      {
        id: expect.stringMatching(/^001/),
        fields: {
          Name: 'Brightwater Clinics',
          Owner: { Name: 'Tomás Herrera' },
          Contacts: [{ Id: expect.stringMatching(/^003/), Name: 'Helen Marsh', Email: 'helen.marsh@brightwater.example' }],
          Opportunities: [{ Id: expect.stringMatching(/^006/), Name: 'Brightwater Clinics: reminders add-on' }],
        },
      },
    ])
    expect(objects).toEqual(['Account', 'Contact', 'Opportunity'])
  })

  test('rows are put together, under the names of the fields that they say something of', async () => {
    const { rows, objects } = await run(
      'SELECT StageName s, COUNT(Id) n, SUM(Amount), Account.Industry FROM Opportunity WHERE IsClosed = false GROUP BY StageName, Account.Industry HAVING COUNT(Id) > 1 AND SUM(Amount) >= 1 ORDER BY n DESC',
    )
    expect(rows).toEqual([
      {
        fields: {
          StageName: { group: 'Negotiation/Review' },
          Id: { count: 3 },
          Amount: { sum: 110_250 },
          Account: { Industry: { group: 'Healthcare' } },
        },
      },
    ])
    expect(objects).toEqual(['Opportunity', 'Account'])
    expect((await run('SELECT MAX(Amount), COUNT_DISTINCT(AccountId) FROM Opportunity')).rows).toEqual([
      { fields: { Amount: { max: 61_000 }, AccountId: { count_distinct: 5 } } },
    ])
    const cut = await run('SELECT Name FROM Opportunity GROUP BY Name', { limit: 4 })
    expect([cut.rows.length, (cut as { truncated?: boolean }).truncated]).toEqual([4, true])
  })

  test('what a task is on is shown by name and kind, and counts as looked into', async () => {
    const soql =
      "SELECT Subject, What.Name, What.Type, Who.Name FROM Task WHERE What.Name LIKE 'Bright%' AND Who.Type = 'Contact' LIMIT 1"
    const { rows, objects } = await run(soql)
    expect(rows).toMatchObject([
      { fields: { What: { Name: 'Brightwater Clinics: renewal', Type: 'Opportunity' }, Who: { Name: 'Helen Marsh' } } },
    ])
    expect(objects.toSorted()).toEqual(['Account', 'Case', 'Contact', 'Lead', 'Opportunity', 'Task'])
    expect((await narrow.call('sf_query_run', { soql })).status).not.toBe('done')
  })

  test('what a mask hides cannot be asked for, summed, filtered or sorted by', async () => {
    const masked = await testHub({
      connectors,
      policy: 'rules:\n  - allow: "sf_*"\n    who: role:member\n    mask: [Amount]\n',
    })
    for (const soql of [
      'SELECT Id, Amount FROM Opportunity',
      'SELECT SUM(Amount), COUNT(Id) FROM Opportunity',
      'SELECT Id FROM Opportunity WHERE Amount > 48000',
      'SELECT Id FROM Opportunity ORDER BY Amount',
    ])
      expect(await masked.call('sf_query_run', { soql })).toMatchObject({ status: 'failed', error: { code: 'forbidden' } })
    expect(await masked.call('sf_query_run', { soql: 'SELECT Id FROM Opportunity' })).toMatchObject({ status: 'done' })
    await masked.close()
  })

  test('counts count, and pages together are all rows, each once', async () => {
    const { count } = await run('SELECT COUNT() FROM Opportunity WHERE IsClosed = false')
    expect(count).toBe(8)
    for (const soql of ['SELECT Id FROM Opportunity', 'SELECT Id FROM Opportunity ORDER BY Account.Name DESC, Amount']) {
      const seen: unknown[] = []
      let from: string | undefined
      do {
        const page: Result = await run(soql, { limit: 4, ...(from !== undefined && { cursor: from }) })
        seen.push(...page.rows.map((row) => JSON.stringify(row)))
        from = page.next_cursor
      } while (from !== undefined)
      expect(new Set(seen).size).toBe(11)
      expect(seen).toHaveLength(11)
    }
  })
})

describe('what may not be asked is refused, and no query is sent', () => {
  test.each(hostile)('%s', async (soql) => {
    const before = asked()
    expect(await hub.call('sf_query_run', { soql })).toMatchObject({ status: 'failed', error: { code: 'invalid_input' } })
    expect(asked()).toBe(before)
  })

  test('what is long, deep or wide is refused before it is read (POL-S19)', async () => {
    const before = asked()
    const ids = Array.from({ length: 101 }, () => "'001Qy0000000001'").join(',')
    for (const soql of [
      `SELECT Id FROM Account WHERE Name = '${'x'.repeat(100_000)}'`,
      `SELECT Id FROM Account WHERE ${'('.repeat(500)}Name = 'x'${')'.repeat(500)}`,
      `SELECT Id FROM Account WHERE ${Array.from({ length: 40 }, () => 'Name = null').join(' OR ')}`,
      `SELECT Id FROM Account WHERE Id IN (${ids})`,
      `SELECT ${Array.from({ length: 41 }, () => 'Name').join(', ')} FROM Account`,
    ])
      expect(await hub.call('sf_query_run', { soql })).toMatchObject({ status: 'failed', error: { code: 'invalid_input' } })
    expect(asked()).toBe(before)
  })

  test.each([
    'SELECT Name, Account.Name FROM Contact',
    'SELECT Name FROM Account WHERE Id IN (SELECT AccountId FROM Opportunity WHERE Amount > 1)',
    'SELECT Name, (SELECT Name FROM Contacts) FROM Account',
    'SELECT COUNT() FROM Contact',
    'SELECT COUNT() FROM Account WHERE Id NOT IN (SELECT AccountId FROM Case)',
  ])('where policy lets somebody see accounts only, %s shows nothing', async (soql) => {
    const answer = await narrow.call('sf_query_run', { soql })
    expect(answer.status).not.toBe('done')
    expect(answer.result).toBeUndefined()
    expect(await narrow.call('sf_query_run', { soql: 'SELECT Name FROM Account' })).toMatchObject({ status: 'done' })
  })
})

// Raw SOQL through the hub: what is asked for within bounds comes back, and nothing else is ever sent (POL-S).
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { testHub } from '../../test/hub.ts'
import type { TestHub } from '../../test/hub.ts'

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
  test.each([
    // POL-S02: relationships
    'SELECT Owner.Email FROM Account',
    'SELECT Account.Parent.Owner.Profile.Name FROM Opportunity',
    'SELECT Account.Owner.Name FROM Opportunity',
    'SELECT CreatedBy.Username FROM Account',
    'SELECT CreatedBy.Name FROM Account',
    "SELECT Id FROM Account WHERE Owner.Email LIKE 'a%'",
    'SELECT Id FROM Account ORDER BY Owner.Email',
    'SELECT Owner.Id FROM Account',
    // POL-S03: related lists and what conditions look into
    'SELECT Id, (SELECT Body FROM Notes) FROM Account',
    'SELECT Id, (SELECT ContentDocumentId FROM ContentDocumentLinks) FROM Account',
    'SELECT Id, (SELECT CommentBody FROM CaseComments) FROM Case',
    'SELECT Id, (SELECT AnnualRevenue FROM Contacts) FROM Account',
    'SELECT Id, (SELECT Owner.Email FROM Contacts) FROM Account',
    'SELECT Id, (SELECT Id, (SELECT Id FROM Tasks) FROM Contacts) FROM Account',
    "SELECT Id FROM Account WHERE OwnerId IN (SELECT Id FROM User WHERE Email LIKE '%')",
    'SELECT Id FROM Contact WHERE AccountId IN (SELECT Id FROM Account WHERE AnnualRevenue > 10000000)',
    'SELECT Id FROM Contact WHERE AccountId IN (SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Case))',
    'SELECT Id FROM Account WHERE Name IN (SELECT Name FROM Contact)',
    // POL-S05: polymorphic
    'SELECT TYPEOF What WHEN Account THEN Phone ELSE Name END FROM Task',
    'SELECT What.Name FROM Task',
    'SELECT Who.Type FROM Task',
    // POL-S06: functions and aliases
    'SELECT FIELDS(ALL) FROM Account LIMIT 1',
    'SELECT FIELDS(CUSTOM) FROM Account LIMIT 1',
    'SELECT COUNT(Id) FROM Account',
    'SELECT COUNT(Id), Name FROM Account',
    'SELECT MIN(AnnualRevenue) FROM Account',
    'SELECT Industry FROM Account GROUP BY Industry',
    'SELECT Industry, COUNT(Id) FROM Account GROUP BY ROLLUP(Industry) HAVING COUNT(Id) > 1',
    'SELECT Name n FROM Account',
    'SELECT a.Name FROM Account a',
    'SELECT Id FROM Account WHERE CALENDAR_YEAR(CreatedDate) = 2026',
    'SELECT toLabel(Industry) FROM Account',
    // POL-S07: hidden fields in any clause
    'SELECT AnnualRevenue FROM Account',
    'SELECT Id FROM Account ORDER BY AnnualRevenue',
    'SELECT Id FROM Account WHERE AnnualRevenue > 1',
    'SELECT Id FROM Contact WHERE Account.AnnualRevenue > 1',
    'SELECT Id FROM Contact ORDER BY Account.AnnualRevenue',
    'SELECT COUNT() FROM Account WHERE annualrevenue > 1',
    'SELECT Account.AnnualRevenue FROM Opportunity',
    // POL-S09: spelling
    'SELECT Id FROM Account; SELECT Id FROM User',
    'SELECT Id FROM Account -- WHERE Name = 1',
    'SELECT Id /* x */ FROM Account',
    "SELECT Id FROM Account WHERE Name = 'x'\u00a0OR\u00a0Name LIKE '%'",
    'SELECT Id FROM Аccount',
    "SELECT Id FROM Account WHERE Name = 'a\\x'",
    "SELECT Id FROM Account WHERE Name = 'x",
    'SELECT Id FROM Account WHERE Name = :name',
    "SELECT Id FROM Account WHERE OR Name LIKE '%'",
    'SELECT Id FROM Opportunity WHERE (NOT ((NOT ((NOT (Amount > 0))))))',
    'FIND {x} IN ALL FIELDS RETURNING User(Id)',
    // POL-S10: other objects
    'select id from USER',
    'SELECT Id FROM Account__Share',
    'SELECT Id FROM AccountHistory',
    'SELECT Id FROM Account__ChangeEvent',
    'SELECT Id FROM EntityDefinition',
    'SELECT Id FROM ContentVersion',
    'SELECT Id FROM x__Account__c',
    'SELECT RecordId FROM UserRecordAccess',
    'SELECT Id FROM CaseComment',
    // Other clauses
    'SELECT Id FROM Account FOR UPDATE',
    'SELECT Id FROM Account FOR VIEW',
    'SELECT Id FROM Account ALL ROWS',
    'SELECT Id FROM Account USING SCOPE everything',
    'SELECT Id FROM Account WITH SECURITY_ENFORCED',
    'SELECT Id FROM Account WITH SYSTEM_MODE',
    'SELECT Id FROM Account UPDATE VIEWSTAT',
    'SELECT Id FROM Account LIMIT 101',
    'SELECT Id FROM Account LIMIT 5 OFFSET 2',
    // Values that are not of the field's kind
    "SELECT Id FROM Opportunity WHERE Amount = '5'",
    'SELECT Id FROM Opportunity WHERE Amount > 99999999999999999999',
    'SELECT Id FROM Opportunity WHERE Name = TODAY',
    "SELECT Id FROM Opportunity WHERE CloseDate = 'TODAY'",
    'SELECT Id FROM Opportunity WHERE CloseDate = LAST_N_FISCAL_YEARS:2',
    "SELECT Id FROM Account WHERE Description LIKE 'x%'",
    "SELECT Id FROM Account WHERE OwnerId = 'x'",
  ])('%s', async (soql) => {
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

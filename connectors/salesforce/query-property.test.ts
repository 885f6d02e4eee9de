// Thousands of generated queries: what comes through names nothing outside of bounds, and answers what was asked.
import * as fc from 'fast-check'
import { parseQuery } from '@jetstreamapp/soql-parser-js'
import { expect, test } from 'vitest'
import { z } from 'zod'
import type { FieldType, FunctionExp, Query, Subquery, WhereClause } from '@jetstreamapp/soql-parser-js'
import type { JsonObject, SandboxState } from 'toolgate/kit'
import type { Narrow } from './query/compile.ts'
import { rewritten, soqlOf } from './query/rewrite.ts'
import { standardNames } from './objects.ts'
import type { ObjectName } from './objects.ts'
import { flat } from './salesforce.ts'
import type { SalesforceReader } from './salesforce.ts'
import { describe as describeObject } from './sandbox/describe.ts'
import { runQuery } from './sandbox/query.ts'
import { objectCalled } from './sandbox/schema.ts'
import { seed } from './sandbox/seed.ts'
import { hubUser } from './sandbox/users.ts'
import { Describe, objectSchema } from './schema.ts'
import { pageQuery } from './page.ts'
import { userId } from './sandbox/store.ts'
import { narrowing } from './scope.ts'
import type { Scoping } from './scope.ts'
import { benignFinds, benignSoql } from './test/benign-soql.ts'
import { hostile } from './test/hostile-soql.ts'
import { recordFind } from './tools/record-find.ts'

const now = new Date('2026-11-18T09:30:15Z')
const state = memory()
seed(state, now)

const schemas = new Map<string, ReturnType<typeof objectSchema>>()
const vendor = {
  objectNames: standardNames,
  async describe(name: ObjectName) {
    const known = schemas.get(name)
    if (known) return known
    const object = objectCalled(name)
    if (!object) throw new Error(name)
    const made = objectSchema(Describe.parse(describeObject(object, '66.0', hubUser)))
    schemas.set(name, made)
    return made
  },
} as unknown as SalesforceReader

/** Numbers and texts of opportunities, with a way to ask for them and a way to find them without any SOQL. */
interface Wish {
  readonly soql: string
  readonly holds: (record: JsonObject) => boolean
}

const number = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined)
const text = (value: unknown): string => (typeof value === 'string' ? value.toLowerCase() : '')

const amounts = fc
  .tuple(
    fc.constantFrom('>', '<', '>=', '<=', '=', '!='),
    fc.oneof(fc.constantFrom(0, 1_250, 9_600, 12_400, 48_000, 60_000.5), fc.integer({ min: -10, max: 70_000 })),
  )
  .map(([operator, limit]): Wish => {
    const compare = (amount: number | undefined): boolean => {
      if (amount === undefined) return operator === '!='
      if (operator === '>') return amount > limit
      if (operator === '<') return amount < limit
      if (operator === '>=') return amount >= limit
      if (operator === '<=') return amount <= limit
      return (amount === limit) === (operator === '=')
    }
    return { soql: `Amount ${operator} ${limit}`, holds: (record) => compare(number(record['Amount'])) }
  })
const stages = fc
  .uniqueArray(fc.constantFrom('Prospecting', 'Qualification', 'Closed Won', 'Closed Lost', "O'Reilly"), {
    minLength: 1,
    maxLength: 3,
  })
  .map((values): Wish => ({
    soql: `StageName IN (${values.map((one) => `'${one.replaceAll("'", "\\'")}'`).join(', ')})`,
    holds: (record) => values.some((one) => one.toLowerCase() === text(record['StageName'])),
  }))
const words = fc.constantFrom('Renewal', 'clinic', "O'Brien", '100%', 'paperless_', 'zzz').map((word): Wish => ({
  soql: `Name LIKE '%${word.replaceAll("'", "\\'").replace(/[%_]/g, '\\$&')}%'`,
  holds: (record) => text(record['Name']).includes(word.toLowerCase()),
}))
const flags = fc
  .boolean()
  .map((value): Wish => ({ soql: `IsClosed = ${value}`, holds: (record) => record['IsClosed'] === value }))

const { wish } = fc.letrec<{ wish: Wish }>((tie) => ({
  wish: fc.oneof(
    { maxDepth: 3 },
    amounts,
    stages,
    words,
    flags,
    tie('wish').map((one): Wish => ({ soql: `(NOT (${one.soql}))`, holds: (record) => !one.holds(record) })),
    fc.tuple(tie('wish'), tie('wish'), fc.boolean()).map(([a, b, and]): Wish => ({
      soql: `(${a.soql} ${and ? 'AND' : 'OR'} ${b.soql})`,
      holds: (record) => (and ? a.holds(record) && b.holds(record) : a.holds(record) || b.holds(record)),
    })),
  ),
}))

test('6,000 queries within bounds: each that is taken finds what an evaluator without SOQL finds', async () => {
  const records = state.list('Opportunity').map(({ value }) => value)
  let taken = 0
  const seen = new Set<string>()
  await fc.assert(
    fc.asyncProperty(wish, async ({ soql, holds }) => {
      const compiled = await attempted(`SELECT Id FROM Opportunity WHERE ${soql}`)
      if (!compiled) return
      taken += 1
      seen.add(soql)
      const found = sentRows(compiled).map(({ Id }) => Id)
      expect(found).toEqual(records.filter(holds).map(({ Id }) => Id))
    }),
    { numRuns: 6_000, seed: 42 },
  )
  report(
    `in scope: 6000 generated, ${taken} accepted (${(taken / 60).toFixed(1)} %), ${seen.size} different, every answer equal to the evaluator’s; seed 42, ${bound(6_000)}`,
  )
  expect(taken / 6_000).toBeGreaterThan(0.98)
}, 60_000)

const good = fc.constantFrom('Id', 'Name', 'Owner.Name', 'CreatedDate', 'OwnerId', 'LastModifiedDate')
const bad = fc.constantFrom(
  'Amount',
  'StageName',
  'Account.Name',
  'Account.Industry',
  '(SELECT Id FROM Tasks)',
  '(SELECT Name FROM Contacts)',
  'AnnualRevenue',
  'Account.AnnualRevenue',
  'Owner.Email',
  'What.Name',
  'CreatedBy.Name',
  'COUNT()',
  'FIELDS(ALL)',
  'COUNT(Id)',
  'MAX(AnnualRevenue)',
  'MAX(Amount)',
  'What.Phone',
  'Account.Owner.Name',
  '(SELECT Body FROM Notes)',
  '(SELECT AnnualRevenue FROM Contacts)',
  '(SELECT Owner.Email FROM Contacts)',
  'TYPEOF What WHEN Account THEN Phone END',
  'Phone n',
)
const pieces = fc.oneof({ weight: 5, arbitrary: good }, { weight: 1, arbitrary: bad })
const froms = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom('Opportunity', 'opportunity') },
  {
    weight: 2,
    arbitrary: fc.constantFrom('Account', 'Contact', 'Task', 'Case', 'User', 'CaseComment', 'ContentNote', 'Lead l'),
  },
)
const wheres = fc.oneof(
  { weight: 3, arbitrary: wish.map(({ soql }) => soql) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'AnnualRevenue > 1',
      'Account.AnnualRevenue > 1',
      "Owner.Email LIKE '%'",
      'Id IN (SELECT AccountId FROM Contact)',
      'OwnerId IN (SELECT Id FROM User)',
      'AccountId IN (SELECT Id FROM Account WHERE AnnualRevenue > 1)',
      "Name = 'x' OR Name LIKE '%'",
      "Name = 'x\\' OR AnnualRevenue > 1 OR Name = \\'y'",
    ),
  },
)
const noise = fc.oneof(
  { weight: 6, arbitrary: fc.constant('') },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      ' LIMIT 5',
      ' FOR UPDATE',
      ' ALL ROWS',
      ' ORDER BY AnnualRevenue',
      ' ORDER BY Name',
      ' OFFSET 1',
      ' GROUP BY Name',
      ' GROUP BY StageName, Name HAVING COUNT(Id) > 0 ORDER BY COUNT(Id) DESC',
      ' GROUP BY Owner.Name, Account.Industry',
      ' GROUP BY AnnualRevenue',
      ' GROUP BY Name HAVING MAX(AnnualRevenue) > 1',
    ),
  },
)
const mutation = fc.oneof(
  { weight: 2, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: fc.tuple(fc.nat(), fc.constantFrom("'", '(', ')', '\\', ' OR ', '--', ',', '\u00a0', '%')) },
)
const assembled = fc
  .tuple(fc.array(pieces, { minLength: 1, maxLength: 4 }), froms, fc.option(wheres), noise)
  .map(
    ([fields, from, where, end]) =>
      `SELECT ${fields.join(', ')} FROM ${from}${where === null ? '' : ` WHERE ${where}`}${end}`,
  )
const crossed = fc
  .tuple(fc.constantFrom(...hostile), fc.constantFrom(...hostile, ...benignSoql), fc.double({ min: 0, max: 1, noNaN: true }))
  .map(([left, right, at]) => left.slice(0, Math.floor(left.length * at)) + right.slice(Math.floor(right.length * at)))
const sources = fc.oneof(
  { weight: 6, arbitrary: assembled },
  { weight: 2, arbitrary: fc.constantFrom(...hostile) },
  { weight: 1, arbitrary: fc.constantFrom(...benignSoql) },
  { weight: 1, arbitrary: crossed },
)
const wild = fc.tuple(sources, mutation).map(([soql, change]) => {
  if (change === null) return soql
  const at = change[0] % soql.length
  return soql.slice(0, at) + change[1] + soql.slice(at)
})

/** Policy narrows the person to these accounts, and to opportunities up to an amount. */
const scoping: Scoping = {
  value_fields: { Account: 'Industry' },
  bands: { Opportunity: { field: 'Amount', up_to: [20_000] } },
}
const entries: Readonly<Record<string, readonly string[]>> = {
  'sf.value': ['Account.Industry=Healthcare', 'Opportunity', 'Contact', 'Case', 'Task', 'Lead'],
  'sf.band': ['Opportunity.Amount<=20000', 'Account', 'Contact', 'Case', 'Task', 'Lead'],
}
const narrow: Narrow = (schema, object, path) =>
  narrowing({ within: (kind) => entries[kind] }, scoping, schema, object, path)

/** The same org, in which everything that is out of bounds has other contents. */
const other = memory()
seed(other, now)
for (const { id, value } of other.list('Account'))
  if (value['Industry'] !== 'Healthcare')
    other.put('Account', id, {
      ...value,
      Name: 'OUTSIDE',
      Phone: 'OUTSIDE',
      Website: 'OUTSIDE',
      BillingCity: 'OUTSIDE',
      OwnerId: userId('wei'),
      Customer_Number__c: 'OUTSIDE',
    })
for (const { id, value } of other.list('Opportunity'))
  if (!(typeof value['Amount'] === 'number' && value['Amount'] <= 20_000))
    other.put('Opportunity', id, {
      ...value,
      Name: 'OUTSIDE',
      NextStep: 'OUTSIDE',
      StageName: 'Closed Lost',
      IsClosed: true,
      OwnerId: userId('wei'),
    })

const measures = [
  'COUNT(Id)',
  'COUNT(Amount)',
  'SUM(Amount)',
  'AVG(Amount)',
  'MIN(Amount)',
  'MAX(CloseDate)',
  'COUNT_DISTINCT(StageName)',
]
const grouping = fc.record({
  by: fc.subarray(['StageName', 'IsClosed', 'AccountId', 'Account.Industry'], { minLength: 1, maxLength: 3 }),
  shown: fc.subarray(measures, { minLength: 1 }),
  where: fc.option(wish),
  least: fc.option(fc.constantFrom(1, 2, 3)),
})

/** The same without any SOQL. */
function groupsOf(records: readonly JsonObject[], by: readonly string[], shown: readonly string[], least: number): string[] {
  const valueOf = (record: JsonObject, path: string) =>
    path === 'Account.Industry'
      ? (state.get('Account', z.string().catch('').parse(record['AccountId']))?.['Industry'] ?? null)
      : (record[path] ?? null)
  const groups = Map.groupBy(records, (record) => JSON.stringify(by.map((path) => valueOf(record, path))))
  return [...groups]
    .filter(([, members]) => members.length >= least)
    .map(([key, members]) => {
      const numbers = members.flatMap(({ Amount }) => (typeof Amount === 'number' ? [Amount] : []))
      const total = numbers.reduce((sum, one) => sum + one, 0)
      const dates = members.map(({ CloseDate }) => z.string().parse(CloseDate)).toSorted()
      const all: Readonly<Record<string, unknown>> = {
        'COUNT(Id)': members.length,
        'COUNT(Amount)': numbers.length,
        'SUM(Amount)': numbers.length > 0 ? total : null,
        'AVG(Amount)': numbers.length > 0 ? total / numbers.length : null,
        'MIN(Amount)': numbers.length > 0 ? Math.min(...numbers) : null,
        'MAX(CloseDate)': dates.at(-1),
        'COUNT_DISTINCT(StageName)': new Set(members.map(({ StageName }) => StageName)).size,
      }
      return JSON.stringify([...(JSON.parse(key) as unknown[]), ...shown.map((one) => all[one])])
    })
    .toSorted()
}

test('2,000 queries with groups: each finds what an evaluator without SOQL finds', async () => {
  const records = state.list('Opportunity').map(({ value }) => value)
  let taken = 0
  await fc.assert(
    fc.asyncProperty(grouping, async ({ by, shown, where, least }) => {
      const soql = `SELECT ${[...by, ...shown].join(', ')} FROM Opportunity${where ? ` WHERE ${where.soql}` : ''} GROUP BY ${by.join(', ')}${least === null ? '' : ` HAVING COUNT(Id) >= ${least}`} ORDER BY COUNT(Id) DESC`
      const compiled = await attempted(soql)
      if (!compiled) return
      taken += 1
      const found = sentRows(compiled)
      const sizes = found.map((row) => JSON.stringify(Object.values(row).slice(1))).toSorted()
      expect(sizes).toEqual(groupsOf(where ? records.filter(where.holds) : records, by, shown, least ?? 1))
    }),
    { numRuns: 2_000, seed: 11 },
  )
  report(`with groups: 2000 generated, ${taken} accepted, every answer equal to the evaluator’s; seed 11, ${bound(2_000)}`)
  expect(taken / 2_000).toBeGreaterThan(0.98)
}, 60_000)

test('20,000 queries of all kinds: what is sent names no object and no field out of bounds', async () => {
  let [taken, shown] = [0, 0]
  await fc.assert(
    fc.asyncProperty(wild, async (soql) => {
      const compiled = await attempted(soql)
      if (!compiled) return
      taken += 1
      const sent = sentQuery(compiled)
      expect([...outside(parseQuery(sent), [])]).toEqual([])
      const rows = JSON.stringify(rowsOrRefusal(compiled))
      if (rows !== '[]') shown += 1
      expect(rows).not.toMatch(/AnnualRevenue|@larkfield/)
      const kept = await rewritten(soql, vendor, now, narrow)
      // What is out of bounds changes nothing in the answer, whether it is shown, counted, ordered by or looked into.
      const theirs = JSON.stringify(answerOn(other, kept))
      expect(theirs).toBe(JSON.stringify(answerOn(state, kept)))
      expect(theirs).not.toContain('OUTSIDE')
    }),
    { numRuns: 20_000, seed: 7 },
  )
  report(
    `all kinds: 20000 generated, ${taken} accepted, ${shown} with rows, out of scope returned: 0; seed 7, ${bound(20_000)}`,
  )
  expect(taken).toBeGreaterThan(1_000)
  expect(shown).toBeGreaterThan(500)
}, 120_000)

test('300 queries of a working day are not refused', async () => {
  const all = [...benignSoql]
  expect(new Set(all).size).toBe(all.length)
  expect(all.length).toBeGreaterThanOrEqual(300)
  const refused: string[] = []
  for (const soql of all) if (!(await attempted(soql))) refused.push(soql)
  report(
    `benign: ${all.length} queries, ${refused.length} refused (${((refused.length * 100) / all.length).toFixed(1)} %)${refused.map((one) => `\n    ${one}`).join('')}`,
  )
  expect(refused.length / all.length).toBeLessThan(0.02)
  const refusedFinds: string[] = []
  for (const find of benignFinds) if (!(await isTaken(find))) refusedFinds.push(JSON.stringify(find))
  report(`benign: ${benignFinds.length} structured finds, ${refusedFinds.length} refused ${refusedFinds.join(' ')}`)
  expect(refusedFinds).toEqual([])
  // Nor by the org: what is sent is evaluated.
  for (const soql of all.filter((one) => !refused.includes(one))) sentRows(await rewritten(soql, vendor, now))
})

/** As the tool asks the org. */
async function isTaken(find: object): Promise<boolean> {
  if (recordFind.kind !== 'read') return false
  const context = {
    vendor: asking,
    now,
    signal: new AbortController().signal,
    within: () => undefined,
    admit: () => undefined,
  }
  try {
    await recordFind.run(recordFind.input.parse(find), context)
    return true
  } catch {
    return false
  }
}

const asking = {
  ...vendor,
  scoping: { value_fields: {}, bands: {} },
  query: async (soql: string) =>
    runQuery(state, { soql, version: '66.0', now, deletedToo: false, user: hubUser }).records.map((record) => flat(record)),
}

/** None in n independent tries: the rate is below 3/n with 95 % confidence (the rule of three). */
function bound(tries: number): string {
  return `< ${((3 / tries) * 100).toFixed(3)} % (3/n)`
}

function report(said: string): void {
  process.stderr.write(`  soql, ${said}\n`)
}

function answerOn(
  org: SandboxState,
  compiled: Taken,
): { readonly totalSize: number; readonly records: readonly JsonObject[] } | string {
  try {
    return runQuery(org, { soql: sentQuery(compiled), version: '66.0', now, deletedToo: false, user: hubUser })
  } catch (error) {
    expect(error).toMatchObject({ response: { status: 400 } })
    return String(error)
  }
}

async function attempted(soql: string) {
  try {
    return await rewritten(soql, vendor, now)
  } catch (error) {
    expect(error).toMatchObject({ name: 'HubError', code: 'invalid_input' })
    return undefined
  }
}

type Taken = NonNullable<Awaited<ReturnType<typeof attempted>>>

function sentQuery(compiled: Taken): string {
  const { object, count, fields, where, orders, limit = 100 } = compiled
  const conditions = where === undefined ? [] : [where]
  if (compiled.groups) return soqlOf(compiled, compiled.groups.by.length === 0 ? undefined : limit)
  if (count) return `SELECT COUNT() FROM ${object}${where === undefined ? '' : ` WHERE ${where}`}`
  return pageQuery({ object, fields, conditions, orders }, limit, undefined)
}

function sentRows(compiled: Taken): readonly JsonObject[] {
  return runQuery(state, { soql: sentQuery(compiled), version: '66.0', now, deletedToo: false, user: hubUser }).records
}

/** What the org refuses shows nothing either. */
function rowsOrRefusal(compiled: Taken): readonly JsonObject[] {
  try {
    return sentRows(compiled)
  } catch (error) {
    expect(error).toMatchObject({ response: { status: 400 } })
    return []
  }
}

const allowed = new Set(['Account', 'Contact', 'Opportunity', 'Case', 'Task', 'Lead'])
const lists = new Set(['Contacts', 'Opportunities', 'Cases', 'Tasks'])

/** Every name of the query that may not be in it, found by walking the tree and nothing of ours. */
function outside(query: Query | Subquery, found: string[]): readonly string[] {
  if ('sObject' in query && !allowed.has(query.sObject ?? '')) found.push(query.sObject ?? '')
  if ('relationshipName' in query && !lists.has(query.relationshipName)) found.push(query.relationshipName)
  for (const field of query.fields ?? []) fieldOutside(field, found)
  const grouped = 'groupBy' in query ? [query.groupBy ?? []].flat() : []
  for (const clause of [...[query.orderBy ?? []].flat(), ...grouped])
    if ('field' in clause) pathOutside(clause.field, found)
    else calledOutside(clause.fn, found)
  const having = 'having' in query ? (query.having as WhereClause | undefined) : undefined
  for (let at = having; at; at = 'right' in at ? at.right : undefined) {
    if (at.left && 'field' in at.left) pathOutside(at.left.field, found)
    if (at.left && 'fn' in at.left) calledOutside(at.left.fn, found)
  }
  for (let at: WhereClause | undefined = query.where; at; at = 'right' in at ? at.right : undefined) {
    if (at.left && 'field' in at.left) pathOutside(at.left.field, found)
    if (at.left && 'valueQuery' in at.left) outside(at.left.valueQuery, found)
  }
  return found
}

function fieldOutside(field: FieldType, found: string[]): void {
  if (field.type === 'FieldSubquery') outside(field.subquery, found)
  else if (field.type === 'Field') pathOutside(field.field, found)
  else if (field.type === 'FieldRelationship') pathOutside([...field.relationships, field.field].join('.'), found)
  else if (field.type === 'FieldFunctionExpression') calledOutside(field, found)
  else found.push(field.type)
}

const computed = new Set(['COUNT', 'COUNT_DISTINCT', 'SUM', 'AVG', 'MIN', 'MAX'])

function calledOutside({ functionName = '', parameters = [] }: FunctionExp, found: string[]): void {
  if (!computed.has(functionName) || parameters.length > 1) found.push(functionName)
  for (const of of parameters) if (typeof of === 'string') pathOutside(of, found)
}

function pathOutside(path: string, found: string[]): void {
  const hops = path.split('.')
  const hidden = hops.at(-1)?.toLowerCase() === 'annualrevenue'
  const people =
    hops.length > 1 &&
    !['Account', 'Contact'].includes(hops[0] ?? '') &&
    !['Owner.Name', 'What.Name', 'What.Type', 'Who.Name', 'Who.Type'].includes(path)
  if (hidden || people || hops.length > 2) found.push(path)
}

/** A state as the sandbox has it, without a database. */
function memory(): SandboxState {
  const kept = new Map<string, Map<string, JsonObject>>()
  const counters = new Map<string, number>()
  const of = (kind: string) => kept.get(kind) ?? kept.set(kind, new Map()).get(kind)!
  return {
    get: (kind, id) => of(kind).get(id),
    list: (kind) => [...of(kind)].map(([id, value]) => ({ id, value })),
    put: (kind, id, value) => void of(kind).set(id, value),
    delete: (kind, id) => void of(kind).delete(id),
    next(counter) {
      const next = (counters.get(counter) ?? 0) + 1
      counters.set(counter, next)
      return next
    },
  }
}

// Thousands of generated queries: what comes through names nothing outside of bounds, and answers what was asked.
import * as fc from 'fast-check'
import { parseQuery } from '@jetstreamapp/soql-parser-js'
import { expect, test } from 'vitest'
import type { FieldType, Query, Subquery, WhereClause } from '@jetstreamapp/soql-parser-js'
import type { JsonObject, SandboxState } from 'toolgate/kit'
import { rewritten } from './query/rewrite.ts'
import type { ObjectName } from './objects.ts'
import type { SalesforceReader } from './salesforce.ts'
import { describe as describeObject } from './sandbox/describe.ts'
import { runQuery } from './sandbox/query.ts'
import { objectCalled } from './sandbox/schema.ts'
import { seed } from './sandbox/seed.ts'
import { Describe, objectSchema } from './schema.ts'
import { pageQuery } from './page.ts'

const now = new Date('2026-11-18T09:30:15Z')
const state = memory()
seed(state, now)

const schemas = new Map<string, ReturnType<typeof objectSchema>>()
const vendor = {
  async describe(name: ObjectName) {
    const known = schemas.get(name)
    if (known) return known
    const object = objectCalled(name)
    if (!object) throw new Error(name)
    const made = objectSchema(Describe.parse(describeObject(object, '66.0')))
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
  .tuple(fc.constantFrom('>', '<', '>=', '<=', '=', '!='), fc.constantFrom(0, 1_250, 9_600, 12_400, 48_000, 60_000.5))
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

test('5,000 queries within bounds: each that is taken finds what an evaluator without SOQL finds', async () => {
  const records = state.list('Opportunity').map(({ value }) => value)
  let taken = 0
  await fc.assert(
    fc.asyncProperty(wish, async ({ soql, holds }) => {
      const compiled = await attempted(`SELECT Id FROM Opportunity WHERE ${soql}`)
      if (!compiled) return
      taken += 1
      const found = sentRows(compiled).map(({ Id }) => Id)
      expect(found).toEqual(records.filter(holds).map(({ Id }) => Id))
    }),
    { numRuns: 5_000, seed: 42 },
  )
  expect(taken / 5_000).toBeGreaterThan(0.98)
})

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
    ),
  },
)
const mutation = fc.oneof(
  { weight: 2, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: fc.tuple(fc.nat(), fc.constantFrom("'", '(', ')', '\\', ' OR ', '--', ',', '\u00a0', '%')) },
)
const wild = fc
  .tuple(fc.array(pieces, { minLength: 1, maxLength: 4 }), froms, fc.option(wheres), noise, mutation)
  .map(([fields, from, where, end, change]) => {
    const soql = `SELECT ${fields.join(', ')} FROM ${from}${where === null ? '' : ` WHERE ${where}`}${end}`
    if (change === null) return soql
    const at = change[0] % soql.length
    return soql.slice(0, at) + change[1] + soql.slice(at)
  })

test('20,000 queries of all kinds: what is sent names no object and no field out of bounds', async () => {
  let taken = 0
  await fc.assert(
    fc.asyncProperty(wild, async (soql) => {
      const compiled = await attempted(soql)
      if (!compiled) return
      taken += 1
      const sent = sentQuery(compiled)
      expect([...outside(parseQuery(sent), [])]).toEqual([])
      expect(JSON.stringify(rowsOrRefusal(compiled))).not.toMatch(/AnnualRevenue|@larkfield/)
    }),
    { numRuns: 20_000, seed: 7 },
  )
  expect(taken).toBeGreaterThan(1_000)
}, 120_000)

async function attempted(soql: string) {
  try {
    return await rewritten(soql, vendor, now)
  } catch (error) {
    expect(error).toMatchObject({ name: 'HubError', code: 'invalid_input' })
    return undefined
  }
}

type Taken = NonNullable<Awaited<ReturnType<typeof attempted>>>

function sentQuery({ object, count, fields, where, orders, limit = 100 }: Taken): string {
  const conditions = where === undefined ? [] : [where]
  if (count) return `SELECT COUNT() FROM ${object}${where === undefined ? '' : ` WHERE ${where}`}`
  return pageQuery({ object, fields, conditions, orders }, limit, undefined)
}

function sentRows(compiled: Taken): readonly JsonObject[] {
  return runQuery(state, { soql: sentQuery(compiled), version: '66.0', now, deletedToo: false }).records
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
  for (const clause of [query.orderBy ?? []].flat()) if ('field' in clause) pathOutside(clause.field, found)
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
  else if (!(field.type === 'FieldFunctionExpression' && field.rawValue === 'COUNT()')) found.push(field.type)
}

function pathOutside(path: string, found: string[]): void {
  const hops = path.split('.')
  const hidden = hops.at(-1)?.toLowerCase() === 'annualrevenue'
  const people = hops.length > 1 && !['Account', 'Contact'].includes(hops[0] ?? '') && path !== 'Owner.Name'
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

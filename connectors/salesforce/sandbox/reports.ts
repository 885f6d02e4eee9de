// Saved reports of the org, run with their own filters or with those of the request.
// https://developer.salesforce.com/docs/atlas.en-us.api_analytics.meta/api_analytics/sforce_analytics_rest_api_getreportrundata.htm
import type { JsonObject, SandboxRequest, SandboxState } from 'toolgate/kit'
import { z } from 'zod'
import { columnAt, valueAt } from './fields.ts'
import { exampleIds } from './examples.ts'
import { Refusal } from './refusal.ts'
import { objectCalled } from './schema.ts'
import type { SandboxObject } from './schema.ts'
import { all } from './store.ts'
import type { SandboxRecord } from './store.ts'

const Filter = z.object({ column: z.string(), operator: z.string(), value: z.string() })
type Filter = z.output<typeof Filter>
const Body = z.object({
  reportMetadata: z.object({
    reportFilters: z.array(Filter).nullish(),
    reportBooleanFilter: z.string().nullish(),
  }),
})

/** As report types of Salesforce call the columns of opportunities. */
const columns: Readonly<Record<string, { readonly path: string; readonly label: string; readonly dataType: string }>> = {
  OPPORTUNITY_NAME: { path: 'Name', label: 'Opportunity Name', dataType: 'string' },
  ACCOUNT_NAME: { path: 'Account.Name', label: 'Account Name', dataType: 'string' },
  STAGE_NAME: { path: 'StageName', label: 'Stage', dataType: 'picklist' },
  AMOUNT: { path: 'Amount', label: 'Amount', dataType: 'currency' },
  CLOSE_DATE: { path: 'CloseDate', label: 'Close Date', dataType: 'date' },
  CLOSED: { path: 'IsClosed', label: 'Closed', dataType: 'boolean' },
}

const saved = {
  id: exampleIds.report,
  name: 'Open opportunities by stage',
  object: 'Opportunity',
  detailColumns: ['OPPORTUNITY_NAME', 'ACCOUNT_NAME', 'AMOUNT', 'CLOSE_DATE'],
  grouping: 'STAGE_NAME',
  filters: [
    { column: 'CLOSED', operator: 'equals', value: 'False' },
    { column: 'STAGE_NAME', operator: 'notEqual', value: 'Prospecting' },
  ],
} as const
const mostRows = 2_000

export function report(state: SandboxState, [id, verb, ...rest]: readonly string[], request: SandboxRequest): JsonObject {
  const object = objectCalled(saved.object)
  if (id?.slice(0, 15) !== saved.id.slice(0, 15) || rest.length > 0 || !object)
    throw new Refusal(404, 'NOT_FOUND', 'The requested resource does not exist')
  const own = metadata(saved.filters, null)
  if (verb === 'describe' && request.method === 'GET') return { ...own, reportTypeMetadata: typeMetadata() }
  if (verb !== undefined) throw new Refusal(404, 'NOT_FOUND', 'The requested resource does not exist')
  if (request.method === 'GET') return run(state, object, saved.filters, null, request)
  if (request.method !== 'POST') throw new Refusal(405, 'METHOD_NOT_ALLOWED', `HTTP Method '${request.method}' not allowed.`)
  const parsed = Body.safeParse(jsonOf(request.body))
  if (!parsed.success) throw new Refusal(400, 'JSON_PARSER_ERROR', 'The report metadata cannot be read.')
  // Filters of a run take the place of the saved ones.
  const { reportFilters, reportBooleanFilter } = parsed.data.reportMetadata
  return run(state, object, reportFilters ?? [], reportBooleanFilter ?? null, request)
}

function run(
  state: SandboxState,
  object: SandboxObject,
  filters: readonly Filter[],
  logic: string | null,
  { query }: SandboxRequest,
): JsonObject {
  if (filters.length > 20) throw new Refusal(400, 'BAD_REQUEST', 'A report can have up to 20 filters.')
  const tests = filters.map((filter) => testOf(state, object, filter))
  const fits = combined(tests, logic)
  const found = all(state, object).filter(fits).slice(0, mostRows)
  const groups = [...new Set(found.map((record) => String(record['StageName'])))].toSorted()
  const withRows = query.get('includeDetails') === 'true'
  const facts = (records: readonly SandboxRecord[], details: boolean): JsonObject => ({
    aggregates: [cell(records.reduce((sum, record) => sum + Number(record['Amount'] ?? 0), 0)), cell(records.length)],
    ...(details && {
      rows: records.map((record) => ({
        dataCells: saved.detailColumns.map((name) => cell(valueOf(state, object, record, name))),
      })),
    }),
  })
  const factMap = Object.fromEntries(
    groups.map((group, index) => [
      `${index}!T`,
      facts(
        found.filter((record) => record['StageName'] === group),
        withRows,
      ),
    ]),
  )
  return {
    attributes: {
      describeUrl: `/services/data/v66.0/analytics/reports/${saved.id}/describe`,
      reportId: saved.id,
      reportName: saved.name,
      type: 'Report',
    },
    allData: true,
    hasDetailRows: withRows,
    factMap: { ...factMap, 'T!T': facts(found, false) },
    groupingsDown: { groupings: groups.map((value, index) => ({ groupings: [], key: String(index), label: value, value })) },
    groupingsAcross: { groupings: [] },
    ...metadata(filters, logic),
  }
}

function valueOf(state: SandboxState, object: SandboxObject, record: SandboxRecord, name: string): SandboxRecord[string] {
  return valueAt(state, record, columnAt(object, columns[name]?.path ?? name))
}

function cell(value: string | number | boolean | null): JsonObject {
  return { label: value === null ? '-' : String(value), value }
}

/** `(1 OR 2) AND 3`; all of them where there is none. */
function combined(
  tests: readonly ((record: SandboxRecord) => boolean)[],
  logic: string | null,
): (record: SandboxRecord) => boolean {
  if (logic === null) return (record) => tests.every((test) => test(record))
  const tokens = logic.toUpperCase().match(/\d+|[()]|AND|OR|NOT/g) ?? []
  const used = new Set(tokens.filter((token) => /^\d+$/.test(token)))
  if (tests.some((_, index) => !used.has(String(index + 1))))
    throw new Refusal(400, 'BAD_REQUEST', 'The filter logic has to name every filter.')
  const test = anyOf(tokens, tests)
  if (tokens.length > 0) throw new Refusal(400, 'BAD_REQUEST', 'Invalid filter logic.')
  return test
}

type Test = (record: SandboxRecord) => boolean

function anyOf(tokens: string[], tests: readonly Test[]): Test {
  let test = allOf(tokens, tests)
  while (tokens[0] === 'OR') {
    tokens.shift()
    const [left, right] = [test, allOf(tokens, tests)]
    test = (record) => left(record) || right(record)
  }
  return test
}

function allOf(tokens: string[], tests: readonly Test[]): Test {
  let test = one(tokens, tests)
  while (tokens[0] === 'AND') {
    tokens.shift()
    const [left, right] = [test, one(tokens, tests)]
    test = (record) => left(record) && right(record)
  }
  return test
}

function one(tokens: string[], tests: readonly Test[]): Test {
  const token = tokens.shift() ?? ''
  if (token === 'NOT') {
    const inner = one(tokens, tests)
    return (record) => !inner(record)
  }
  if (token === '(') {
    const inner = anyOf(tokens, tests)
    if (tokens.shift() === ')') return inner
  }
  const test = tests[Number(token) - 1]
  if (test) return test
  throw new Refusal(400, 'BAD_REQUEST', 'Invalid filter logic.')
}

function testOf(state: SandboxState, object: SandboxObject, { column, operator, value }: Filter): Test {
  const known = columns[column]
  if (!known) throw new Refusal(400, 'BAD_REQUEST', `Invalid filter column: ${column}`)
  const numeric = known.dataType === 'currency'
  const wanted = numeric ? Number(value) : value.toLowerCase()
  if (numeric && Number.isNaN(wanted)) throw new Refusal(400, 'BAD_REQUEST', 'The filter value is not a number.')
  const compare = comparisons[operator]
  if (!compare) throw new Refusal(400, 'BAD_REQUEST', `This sandbox does not know the filter operator ${operator}.`)
  return (record) => {
    const found = valueOf(state, object, record, column)
    const kept = numeric ? (found === null ? Number.NaN : Number(found)) : String(found ?? '').toLowerCase()
    return compare(kept, wanted)
  }
}

type Operand = string | number
const comparisons: Readonly<Record<string, (kept: Operand, wanted: Operand) => boolean>> = {
  equals: (kept, wanted) => kept === wanted,
  notEqual: (kept, wanted) => kept !== wanted,
  lessThan: (kept, wanted) => kept < wanted,
  greaterThan: (kept, wanted) => kept > wanted,
  lessOrEqual: (kept, wanted) => kept <= wanted,
  greaterOrEqual: (kept, wanted) => kept >= wanted,
  contains: (kept, wanted) => String(kept).includes(String(wanted)),
  notContain: (kept, wanted) => !String(kept).includes(String(wanted)),
  startsWith: (kept, wanted) => String(kept).startsWith(String(wanted)),
}

function metadata(reportFilters: readonly Filter[], reportBooleanFilter: string | null): JsonObject {
  return {
    reportMetadata: {
      id: saved.id,
      name: saved.name,
      developerName: 'Open_opportunities_by_stage',
      reportFormat: 'SUMMARY',
      reportType: { type: 'Opportunity', label: 'Opportunities' },
      detailColumns: saved.detailColumns,
      aggregates: ['s!AMOUNT', 'RowCount'],
      groupingsDown: [{ name: saved.grouping, sortOrder: 'Asc', dateGranularity: 'None', sortAggregate: null }],
      groupingsAcross: [],
      reportFilters: reportFilters.map((filter) => ({ ...filter })),
      reportBooleanFilter,
      hasDetailRows: true,
      hasRecordCount: true,
      scope: 'organization',
    },
  }
}

function typeMetadata(): JsonObject {
  const described = Object.entries(columns).map(([name, { label, dataType }]) => [
    name,
    { label, dataType, filterable: true, filterValues: [] },
  ])
  return { categories: [{ label: 'Opportunity Information', columns: Object.fromEntries(described) as JsonObject }] }
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

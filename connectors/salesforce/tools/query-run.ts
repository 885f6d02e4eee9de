// A query in the caller's own SOQL, of which nothing is sent: what it asks for is written again by us.
import { HubError, cutText, readTool, visibleText } from 'toolgate/kit'
import type { JsonObject, Reads } from 'toolgate/kit'
import { z } from 'zod'
import { cursor, nextCursor, pageQuery } from '../page.ts'
import type { Question } from '../page.ts'
import { rewritten } from '../query/rewrite.ts'
import type { Salesforce } from '../salesforce.ts'
import { untrusted } from '../select.ts'

const longestText = 500
const rowsBudget = 48_000

export const queryRun = readTool({
  name: 'query_run',
  title: 'Salesforce: run SOQL',
  description:
    'Runs a SOQL query: SELECT fields, fields of one parent (Account.Industry) and related lists ((SELECT Name FROM Contacts)), WHERE with AND, OR, NOT and IN (SELECT …), ORDER BY, LIMIT up to 100; or SELECT COUNT(). No other functions, grouping or aliases.',
  class: 'R',
  default: 'off',
  scopes: ['api', 'Read on every object of the query', 'field-level Read'],
  resolves: ['sf.object'],
  input: z.strictObject({
    soql: z.string().min(10).max(4_000),
    limit: z.int().min(1).max(100).default(20).describe('Rows of a page, where the query has no LIMIT.'),
    cursor: cursor.optional(),
  }),
  output: z.strictObject({
    /** Every object that the query looks into: all of them have to be allowed. */
    objects: z.array(z.string()),
    rows: z.array(z.strictObject({ id: z.string(), fields: z.record(z.string(), z.json()) })),
    /** Of SELECT COUNT(). */
    count: z.int().optional(),
    next_cursor: z.string().optional(),
    truncated: z.boolean(),
    content_trust: untrusted,
  }),
  example: {
    soql: "SELECT Name, Amount, Account.Name FROM Opportunity WHERE StageName = 'Negotiation/Review' AND IsClosed = false ORDER BY Amount DESC",
  },
  resources: ({ objects }) => ({ 'sf.object': objects }),
  async run({ soql, limit, cursor: from }, context: Reads<Salesforce>) {
    const { vendor, now } = context
    const compiled = await rewritten(soql, vendor, now)
    const { objects, object, where, count } = compiled
    context.admit({ 'sf.object': objects })
    const conditions = where === undefined ? [] : [where]
    const nothing = { objects: [...objects], rows: [], truncated: false, content_trust: 'untrusted' as const }
    if (count) {
      const found = await vendor.count(`SELECT COUNT() FROM ${object}${where === undefined ? '' : ` WHERE ${where}`}`)
      return { ...nothing, count: found }
    }
    if (compiled.limit !== undefined && from !== undefined)
      throw new HubError('invalid_input', 'A query with a LIMIT has one page. Leave LIMIT out to go on by cursor.')
    const question: Question = { object, fields: compiled.fields, conditions, orders: compiled.orders }
    const asked = compiled.limit ?? limit
    const records = await vendor.queryNested(pageQuery(question, asked, from))
    const page = records.slice(0, asked).map(present)
    const rows = fitting(page)
    const more = compiled.limit === undefined ? records.length > rows.length : false
    return {
      ...nothing,
      rows: rows.map(({ row }) => row),
      ...(more && {
        next_cursor: nextCursor(
          question,
          from,
          rows.map(({ row }) => row),
        ),
      }),
      truncated: rows.length < page.length || rows.some(({ cut }) => cut),
    }
  },
})

interface Presented {
  readonly row: { readonly id: string; readonly fields: Record<string, z.core.util.JSONType> }
  readonly cut: boolean
}

/** Parents and related lists stay inside, so that a field that policy hides is found wherever it is. */
function present(record: Readonly<Record<string, unknown>>): Presented {
  const state = { cut: false }
  const { Id: id, ...rest } = record
  const fields = shown(rest, state) as JsonObject
  return { row: { id: String(id), fields: structuredClone(fields) as Presented['row']['fields'] }, cut: state.cut }
}

function shown(value: unknown, state: { cut: boolean }): JsonObject[string] {
  if (typeof value === 'string') {
    const text = cutText(visibleText(value), longestText)
    state.cut ||= text.cut
    return text.cut ? `${text.text}…` : text.text
  }
  if (Array.isArray(value)) return value.map((one) => shown(one, state))
  if (typeof value !== 'object' || value === null) return value as number | boolean | null
  if ('records' in value) return shown(value.records, state)
  const kept = Object.entries(value).filter(
    ([name, inner]) => name !== 'attributes' && inner !== null && inner !== undefined,
  )
  return Object.fromEntries(kept.map(([name, inner]) => [name, shown(inner, state)]))
}

function fitting(page: readonly Presented[]): readonly Presented[] {
  let size = 0
  const end = page.findIndex(({ row }, index) => {
    size += Buffer.byteLength(JSON.stringify(row))
    return index > 0 && size > rowsBudget
  })
  return end === -1 ? page : page.slice(0, end)
}

// A query in the caller's own SOQL, of which nothing is sent: what it asks for is written again by us.
import { HubError, cutText, readTool, visibleText } from 'toolgate/kit'
import type { JsonObject, Reads, Resources } from 'toolgate/kit'
import { z } from 'zod'
import { cursor, nextCursor, pageQuery } from '../page.ts'
import type { Question } from '../page.ts'
import type { Compiled } from '../query/compile.ts'
import type { Grouped } from '../query/grouped.ts'
import { rewritten, soqlOf } from '../query/rewrite.ts'
import type { Salesforce } from '../salesforce.ts'
import { kinds, narrowing } from '../scope.ts'
import type { Scoping } from '../scope.ts'
import { untrusted } from '../select.ts'

const longestText = 500
const rowsBudget = 48_000

export const queryRun = readTool({
  name: 'query_run',
  title: 'Salesforce: run SOQL',
  description:
    'Runs a SOQL query: SELECT fields, fields of one parent (Account.Industry) and related lists ((SELECT Name FROM Contacts)), WHERE with AND, OR, NOT and IN (SELECT …), ORDER BY, LIMIT up to 100; or SELECT COUNT(); GROUP BY fields with COUNT, SUM, AVG, MIN, MAX, HAVING. No other functions, no ROLLUP.',
  class: 'R',
  default: 'off',
  scopes: ['api', 'Read on every object of the query', 'field-level Read'],
  resolves: [...kinds],
  input: z.strictObject({
    soql: z.string().min(10).max(4_000),
    limit: z.int().min(1).max(100).default(20).describe('Rows of a page, where the query has no LIMIT.'),
    cursor: cursor.optional(),
  }),
  output: z.strictObject({
    /** Every object that the query looks into: all of them have to be allowed. */
    objects: z.array(z.string()),
    /** And every field that it names, where policy or the configuration looks at fields and values. */
    about: z.array(z.string()).optional(),
    /** The values and bands that it is kept to. */
    scope: z.strictObject({ value: z.array(z.string()), band: z.array(z.string()) }).optional(),
    rows: z.array(z.strictObject({ id: z.string().optional(), fields: z.record(z.string(), z.json()) })),
    /** Of SELECT COUNT(). */
    count: z.int().optional(),
    next_cursor: z.string().optional(),
    truncated: z.boolean(),
    content_trust: untrusted,
  }),
  example: {
    soql: "SELECT Name, Amount, Account.Name FROM Opportunity WHERE StageName = 'Negotiation/Review' AND IsClosed = false ORDER BY Amount DESC",
  },
  resources: queryResources,
  async run({ soql, limit, cursor: from }, context: Reads<Salesforce>) {
    const { vendor, now } = context
    const { scoping } = vendor
    const compiled = await rewritten(soql, vendor, now, (schema, object, path) =>
      narrowing(context, scoping, schema, object, path),
    )
    const { object, where, count } = compiled
    const place = placeOf(context, scoping, compiled)
    context.admit(queryResources(place))
    const conditions = where === undefined ? [] : [where]
    const nothing = { ...place, rows: [], truncated: false, content_trust: 'untrusted' as const }
    if (count) {
      const found = await vendor.count(`SELECT COUNT() FROM ${object}${where === undefined ? '' : ` WHERE ${where}`}`)
      return { ...nothing, count: found }
    }
    if (compiled.groups) {
      if (from !== undefined) throw new HubError('invalid_input', 'A query with groups has one page, of at most 100 rows.')
      const most = compiled.limit ?? limit
      const single = compiled.groups.by.length === 0
      const records = await vendor.queryNested(soqlOf(compiled, single ? undefined : most + 1))
      const page = records.slice(0, most).map((record) => group(compiled.groups!, record))
      const rows = fitting(page)
      const left = compiled.limit === undefined && records.length > most
      return {
        ...nothing,
        rows: rows.map(({ row }) => row),
        truncated: left || rows.length < page.length || rows.some(({ cut }) => cut),
      }
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
          rows.map(({ row }) => ({ id: row.id ?? '' })),
        ),
      }),
      truncated: rows.length < page.length || rows.some(({ cut }) => cut),
    }
  },
})

interface Place {
  readonly objects: string[]
  readonly about?: string[] | undefined
  readonly scope?: { readonly value: string[]; readonly band: string[] } | undefined
}

/** A query looks into all that it is kept to: what it counts, orders by and leaves out tells of every record there. */
function placeOf(context: Pick<Reads<Salesforce>, 'within'>, scoping: Scoping, { objects, named }: Compiled): Place {
  const keptTo = (kind: 'sf.value' | 'sf.band', fields: Readonly<Partial<Record<string, unknown>>>) => {
    const entries = context.within(kind)
    const known = objects.map((object) => {
      if (fields[object] === undefined) return [object]
      return entries?.filter((entry) => entry.startsWith(`${object}.`))
    })
    return known.every((each) => each !== undefined) ? [...new Set(known.flat())] : []
  }
  const narrowed = kinds.some((kind) => kind !== 'sf.object' && context.within(kind) !== undefined)
  const configured = [scoping.value_fields, scoping.bands].some((fields) => Object.keys(fields).length > 0)
  if (!narrowed && !configured) return { objects: [...objects] }
  return {
    objects: [...objects],
    about: named.length > 0 ? [...named] : objects.map((object) => `${object}.Id`),
    scope: { value: keptTo('sf.value', scoping.value_fields), band: keptTo('sf.band', scoping.bands) },
  }
}

function queryResources({ objects, about, scope }: Place): Resources {
  return {
    'sf.object': objects,
    ...(about && { 'sf.field': about }),
    // Where nothing is said, it is not known whose values it looks into.
    ...(scope && scope.value.length > 0 && { 'sf.value': scope.value }),
    ...(scope && scope.band.length > 0 && { 'sf.band': scope.band }),
  }
}

interface Presented {
  readonly row: { readonly id?: string; readonly fields: Record<string, z.core.util.JSONType> }
  readonly cut: boolean
}

/** Under the field's own name, so that a mask on the field finds what is counted and summed of it too. */
function group({ columns }: Grouped, record: Readonly<Record<string, unknown>>): Presented {
  const state = { cut: false }
  const fields: Record<string, JsonObject[string]> = {}
  for (const { alias, path, says } of columns) {
    const value = shown(record[alias] ?? null, state)
    const [name = '', below] = path.split('.')
    const at = below ?? name
    const into = below === undefined ? fields : ((fields[name] ??= {}) as typeof fields)
    into[at] = { ...(into[at] as JsonObject | undefined), [says]: value }
  }
  return { row: { fields: structuredClone(fields) as Presented['row']['fields'] }, cut: state.cut }
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

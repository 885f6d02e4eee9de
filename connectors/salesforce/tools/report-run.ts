// Runs a report of the org that the configuration allows, as it is saved, or narrowed by further filters.
import { HubError, cutText, readTool, visibleText } from 'toolgate/kit'
import type { JsonObject, Reads } from 'toolgate/kit'
import { z } from 'zod'
import type { ReportDefinition, ReportResult } from '../analytics.ts'
import { toLongId } from '../identifiers.ts'
import type { Salesforce } from '../salesforce.ts'
import { exampleIds } from '../sandbox/examples.ts'
import { untrusted } from '../select.ts'
import { reportId } from '../settings.ts'

const operators = [
  'equals',
  'notEqual',
  'lessThan',
  'greaterThan',
  'lessOrEqual',
  'greaterOrEqual',
  'contains',
  'notContain',
  'startsWith',
] as const
const [longestText, rowsBudget, mostFilters] = [500, 48_000, 20]

const filter = z.strictObject({
  column: z.string().regex(/^[A-Za-z][A-Za-z0-9_.$]{0,120}$/, 'Write a column as sf_report_run names it.'),
  operator: z.enum(operators),
  value: z.string().max(255),
})

const cells = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]))

export const reportRun = readTool({
  name: 'report_run',
  title: 'Salesforce: run report',
  description:
    'Runs a saved Salesforce report by its id, one of those that the configuration allows. Filters narrow it further: they are added to the report’s own. Gives detail rows with their groups, and the totals.',
  class: 'R',
  default: 'on',
  scopes: ['api', 'Run Reports', 'access to the report’s folder'],
  resolves: ['sf.report', 'sf.object'],
  input: z.strictObject({
    report_id: reportId,
    filters: z.array(filter).max(10).default([]),
    limit: z.int().min(1).max(500).default(100),
  }),
  output: z.strictObject({
    report_id: z.string(),
    name: z.string(),
    columns: z.array(z.strictObject({ name: z.string(), label: z.string() })),
    rows: z.array(z.strictObject({ group: z.array(z.string()).optional(), fields: cells })),
    totals: cells,
    /** Whether there is more than the rows show. */
    truncated: z.boolean(),
    content_trust: untrusted,
  }),
  example: { report_id: exampleIds.report, filters: [{ column: 'AMOUNT', operator: 'greaterThan', value: '10000' }] },
  // Which objects a report reads is decided in the org: a rule that speaks of objects lets no report through.
  resources: ({ report_id }) => ({ 'sf.report': report_id }),
  async run({ report_id, filters, limit }, context: Reads<Salesforce>) {
    const { vendor } = context
    const id = toLongId(report_id)
    context.admit({ 'sf.report': id })
    if (!vendor.allowsReport(id))
      throw new HubError(
        'not_found',
        'There is no such report, or the configuration does not allow it. Whoever runs the hub can add it to `reports`.',
      )
    const definition = await vendor.reportOf(id)
    const result = await vendor.report(id, narrowed(definition, filters))
    const { columns, rows } = rowsOf(definition, result)
    const shown = fitting(rows.slice(0, limit))
    return {
      report_id: id,
      name: visibleText(definition.reportMetadata.name),
      columns: columns.map(({ name, label }) => ({ name, label: visibleText(label) })),
      rows: shown.map(({ row }) => row),
      totals: totalsOf(result),
      truncated: !result.allData || shown.length < rows.length || shown.some(({ cut }) => cut),
      content_trust: 'untrusted' as const,
    }
  },
})

/**
 * The report's own filters and, with every one of them, the caller's. Filters of a run take the place of the saved ones, so
 * that a run with the caller's alone would show more than the report.
 */
function narrowed(
  { reportMetadata, reportTypeMetadata }: ReportDefinition,
  filters: readonly z.output<typeof filter>[],
): JsonObject {
  const { reportFormat, reportFilters, reportBooleanFilter } = reportMetadata
  if (reportFormat === 'MULTI_BLOCK')
    throw new HubError('refused', 'A joined report has several blocks and cannot be run here.')
  const known = Object.assign(
    {},
    ...reportTypeMetadata.categories.map(({ columns }) => columns),
  ) as ReportDefinition['reportTypeMetadata']['categories'][number]['columns']
  const stranger = filters.find(({ column }) => !Object.hasOwn(known, column) || !known[column]?.filterable)
  if (stranger)
    throw new HubError(
      'invalid_input',
      `This report cannot be filtered by ${stranger.column}. Its columns are: ${reportMetadata.detailColumns.join(', ')}.`,
    )
  const own = reportFilters ?? []
  if (own.length + filters.length > mostFilters)
    throw new HubError('invalid_input', `A report takes ${mostFilters} filters, its own ${own.length} among them.`)
  const further = filters.map((_, index) => String(own.length + index + 1))
  const logic =
    reportBooleanFilter && further.length > 0 ? [`(${reportBooleanFilter})`, ...further].join(' AND ') : reportBooleanFilter
  return {
    ...(reportMetadata as JsonObject),
    reportBooleanFilter: logic ?? null,
    reportFilters: [...own, ...filters] as JsonObject[],
  }
}

interface Presented {
  readonly row: { readonly group?: string[]; readonly fields: Record<string, string | number | boolean> }
  readonly cut: boolean
}

function rowsOf(
  { reportTypeMetadata }: ReportDefinition,
  { factMap, reportMetadata, groupingsDown, groupingsAcross }: ReportResult,
) {
  const labels = Object.assign({}, ...reportTypeMetadata.categories.map(({ columns }) => columns)) as Record<
    string,
    { readonly label: string }
  >
  const columns = reportMetadata.detailColumns.map((name) => ({ name, label: labels[name]?.label ?? name }))
  const groups = labelled(groupingsDown?.groupings)
  const across = labelled(groupingsAcross?.groupings)
  const rows = Object.entries(factMap).flatMap(([key, { rows: found }]) => {
    const [down = 'T', beside = 'T'] = key.split('!')
    const group = [...(groups.get(down) ?? []), ...(across.get(beside) ?? [])]
    return (found ?? []).map(({ dataCells }) => presented(columns, dataCells, group))
  })
  return { columns, rows }
}

/** The labels on the way to each group, by its key: `0_1`. */
function labelled(
  groupings: NonNullable<ReportResult['groupingsDown']>['groupings'] = [],
  above: readonly string[] = [],
): Map<string, readonly string[]> {
  const found = new Map<string, readonly string[]>()
  for (const { key, label, groupings: inner } of groupings) {
    const path = [...above, visibleText(label)]
    found.set(key, path)
    for (const [below, labels] of labelled([...(inner ?? [])], path)) found.set(below, labels)
  }
  return found
}

type Cells = readonly { readonly label: string; readonly value?: unknown }[]

function presented(columns: readonly { readonly name: string }[], dataCells: Cells, group: readonly string[]): Presented {
  let cut = false
  const fields: Record<string, string | number | boolean> = {}
  for (const [index, { name }] of columns.entries()) {
    const cell = dataCells[index]
    if (cell === undefined || cell.value === null) continue
    const text = cutText(visibleText(cell.label), longestText)
    cut ||= text.cut
    fields[name] =
      typeof cell.value === 'number' || typeof cell.value === 'boolean' ? cell.value : text.cut ? `${text.text}…` : text.text
  }
  return { row: { ...(group.length > 0 && { group: [...group] }), fields }, cut }
}

function totalsOf({ factMap, reportMetadata }: ReportResult): Record<string, string | number | boolean> {
  const cellsOfAll: Cells = factMap['T!T']?.aggregates ?? []
  return Object.fromEntries(
    reportMetadata.aggregates.flatMap((name, index) => {
      const value = cellsOfAll[index]?.value
      return typeof value === 'number' || typeof value === 'string' ? [[name, value]] : []
    }),
  )
}

function fitting(rows: readonly Presented[]): readonly Presented[] {
  let size = 0
  const end = rows.findIndex(({ row }, index) => {
    size += Buffer.byteLength(JSON.stringify(row))
    return index > 0 && size > rowsBudget
  })
  return end === -1 ? rows : rows.slice(0, end)
}

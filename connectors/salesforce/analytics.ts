// Reports of the org: what they are made of, and their rows.
// https://developer.salesforce.com/docs/atlas.en-us.api_analytics.meta/api_analytics/sforce_analytics_rest_api_getreportrundata.htm
import type { Connection } from '@jsforce/jsforce-node'
import { parseAnswer } from 'toolgate/kit'
import type { JsonObject } from 'toolgate/kit'
import { z } from 'zod'

const Filter = z.looseObject({ column: z.string(), operator: z.string(), value: z.string() })

/** Kept whole: what is left out of a run's metadata falls back to something else than the report says. */
const Metadata = z.looseObject({
  name: z.string(),
  reportFormat: z.enum(['TABULAR', 'SUMMARY', 'MATRIX', 'MULTI_BLOCK']),
  detailColumns: z.array(z.string()),
  aggregates: z.array(z.string()).catch([]),
  reportFilters: z.array(Filter).nullish(),
  reportBooleanFilter: z.string().nullish(),
})
const Column = z.object({ label: z.string(), dataType: z.string(), filterable: z.boolean().catch(true) })
const Definition = z.object({
  reportMetadata: Metadata,
  reportTypeMetadata: z.object({ categories: z.array(z.object({ columns: z.record(z.string(), Column) })) }),
})
export type ReportDefinition = z.output<typeof Definition>

const Cell = z.object({ label: z.string(), value: z.json().optional() })
interface Grouping {
  readonly key: string
  readonly label: string
  readonly groupings?: readonly Grouping[] | null | undefined
}
const Grouping: z.ZodType<Grouping> = z.object({
  key: z.string(),
  label: z.string(),
  groupings: z.lazy(() => z.array(Grouping)).nullish(),
})
const Groupings = z.object({ groupings: z.array(Grouping) }).nullish()
const Result = z.object({
  allData: z.boolean(),
  hasDetailRows: z.boolean(),
  reportMetadata: Metadata,
  factMap: z.record(
    z.string(),
    z.object({ rows: z.array(z.object({ dataCells: z.array(Cell) })).nullish(), aggregates: z.array(Cell).nullish() }),
  ),
  groupingsDown: Groupings,
  groupingsAcross: Groupings,
})
export type ReportResult = z.output<typeof Result>

const json = { 'content-type': 'application/json' }

/** @param look runs it in the hub's session */
export function analyticsOn(look: <T>(run: (connection: Connection) => Promise<T>) => Promise<T>) {
  return {
    async reportOf(id: string): Promise<ReportDefinition> {
      const answer = await look(async (to) => to.request(`/analytics/reports/${id}/describe`))
      return parseAnswer('Salesforce', Definition, answer)
    },
    async report(id: string, reportMetadata: JsonObject): Promise<ReportResult> {
      const url = `/analytics/reports/${id}?includeDetails=true`
      const body = JSON.stringify({ reportMetadata })
      return parseAnswer(
        'Salesforce',
        Result,
        await look(async (to) => to.request({ method: 'POST', url, body, headers: json })),
      )
    },
  }
}

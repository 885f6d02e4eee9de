// Query results in batches: the first page, and the later ones by their locator.
// https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_query_more_results.htm
import type { JsonObject, SandboxRequest, SandboxState } from 'toolgate/kit'
import { sandboxId } from './ids.ts'
import { runQuery } from './query.ts'
import { Refusal } from './refusal.ts'
import type { SandboxUser } from './users.ts'

interface Where {
  readonly state: SandboxState
  readonly version: string
  readonly now: Date
  readonly user: SandboxUser
}

const [smallest, largest] = [200, 2_000]

export function firstPage(
  { state, version, now, user }: Where,
  { query, headers }: SandboxRequest,
  deletedToo: boolean,
): JsonObject {
  const soql = query.get('q')
  if (soql === null) throw new Refusal(400, 'MALFORMED_QUERY', 'A query string has to be specified')
  const { totalSize, records } = runQuery(state, { soql, version, now, deletedToo, user })
  const asked = Number(/batchSize\s*=\s*(\d+)/i.exec(headers.get('sforce-query-options') ?? '')?.[1] ?? largest)
  const size = Math.min(Math.max(asked, smallest), largest)
  if (records.length <= size) return { totalSize, done: true, records }
  const locator = sandboxId('01g', state.next('01g'))
  state.put('locator', locator, { size, records })
  return page({ totalSize, size, records, locator, version }, 0)
}

export function laterPage({ state, version }: Where, name: string): JsonObject {
  const [, locator = '', start] = /^([A-Za-z0-9]+)-(\d+)$/.exec(name) ?? []
  const kept = state.get('locator', locator) as
    | { readonly size: number; readonly records: readonly JsonObject[] }
    | undefined
  if (!kept) throw new Refusal(400, 'INVALID_QUERY_LOCATOR', 'invalid query locator')
  return page({ totalSize: kept.records.length, ...kept, locator, version }, Number(start))
}

interface Result {
  readonly totalSize: number
  readonly size: number
  readonly records: readonly JsonObject[]
  readonly locator: string
  readonly version: string
}

function page({ totalSize, size, records, locator, version }: Result, start: number): JsonObject {
  const end = start + size
  const part = records.slice(start, end)
  if (end >= records.length) return { totalSize, done: true, records: part }
  return { totalSize, done: false, nextRecordsUrl: `/services/data/v${version}/query/${locator}-${end}`, records: part }
}

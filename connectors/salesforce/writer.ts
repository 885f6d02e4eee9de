// Everything that changes something in Salesforce: each is one request, sent once.
import type { Connection } from '@jsforce/jsforce-node'
import { HubError, parseAnswer } from 'toolgate/kit'
import type { JsonObject } from 'toolgate/kit'
import { z } from 'zod'
import { vendorErrorOf } from './errors.ts'
import type { SalesforceWriter } from './salesforce.ts'

const longId = z.string().regex(/^[a-zA-Z0-9]{18}$/)
const Created = z.object({ id: longId, success: z.literal(true) })
const Upserted = Created.extend({ created: z.boolean() })
const Together = z.object({
  compositeResponse: z.array(
    z.object({ httpStatusCode: z.int(), body: z.union([z.record(z.string(), z.json()), z.array(z.json()), z.null()]) }),
  ),
})

// Without it, a rule that only warns lets the duplicate in.
// https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/headers_duplicaterules.htm
const json = { 'content-type': 'application/json' }
export const noDuplicates = { 'Sforce-Duplicate-Rule-Header': 'allowSave=false' }

/** @param send runs it in the hub's session, and never a second time */
export function writerOn(
  send: <T>(run: (connection: Connection) => Promise<T>) => Promise<T>,
  version: string,
): SalesforceWriter {
  const root = `/services/data/v${version}`
  return {
    async create(object, values) {
      const created = await send((to) => to.sobject(object).create({ ...values }, { headers: noDuplicates }))
      return parseAnswer('Salesforce', Created, created).id
    },
    async upsert(object, { field, value }, values) {
      // Both were checked to be one segment: jsforce encodes neither.
      const url = `${root}/sobjects/${object}/${field}/${value}`
      return parseAnswer('Salesforce', Upserted, await send(async (to) => to.request(patch(url, values, noDuplicates))))
    },
    async update(object, id, values, unmodifiedSince) {
      const headers = { ...noDuplicates, 'If-Unmodified-Since': unmodifiedSince.toUTCString() }
      await send((to) => to.sobject(object).update({ ...values, Id: id }, { headers }))
    },
    async delete(object, id) {
      await send((to) => to.sobject(object).destroy(id))
    },
    async together(parts) {
      const compositeRequest = parts.map(({ method, path, values, headers }, index) => ({
        method,
        url: `${root}/${path}`,
        referenceId: `part${index}`,
        body: values,
        ...(headers && { httpHeaders: headers }),
      }))
      const body = JSON.stringify({ allOrNone: true, compositeRequest })
      const answer = await send(async (to) => to.request({ method: 'POST', url: `${root}/composite`, body, headers: json }))
      const results = parseAnswer('Salesforce', Together, answer).compositeResponse
      refuseWhereOneDid(results)
      return results.map(({ body: made }) => (made === null || Array.isArray(made) ? {} : (made as JsonObject)))
    },
  }
}

function patch(url: string, values: JsonObject, headers: Record<string, string>) {
  return {
    method: 'PATCH' as const,
    url,
    body: JSON.stringify(values),
    headers: { ...json, ...headers },
  }
}

/** With one refused, none was carried out: the others say PROCESSING_HALTED. */
function refuseWhereOneDid(results: z.output<typeof Together>['compositeResponse']): void {
  const errors = results.flatMap(({ httpStatusCode, body }, index) =>
    httpStatusCode < 400 ? [] : [{ index, error: vendorErrorOf(httpStatusCode, body) }],
  )
  const cause = errors.find(({ error }) => error !== 'halted')
  if (errors.length === 0) return
  if (!cause || cause.error === 'halted')
    throw new HubError('refused', 'Salesforce carried out none of these, without a reason.')
  throw new HubError(
    cause.error.code,
    `Nothing was changed. Number ${cause.index + 1} was refused: ${cause.error.message}`,
    {
      cause: cause.error.cause,
    },
  )
}

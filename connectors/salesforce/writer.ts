// Everything that changes something in Salesforce: each is one request, sent once.
import type { Connection } from '@jsforce/jsforce-node'
import { HubError, parseAnswer } from 'toolgate/kit'
import type { JsonObject } from 'toolgate/kit'
import { z } from 'zod'
import { vendorErrorOf } from './errors.ts'
import { faultCode } from './verdict.ts'
import type { SalesforceWriter } from './salesforce.ts'

const longId = z.string().regex(/^[a-zA-Z0-9]{18}$/)
const Created = z.object({ id: longId, success: z.literal(true) })
const Upserted = Created.extend({ created: z.boolean() })
const Together = z.object({
  compositeResponse: z.array(
    z.object({ httpStatusCode: z.int(), body: z.union([z.record(z.string(), z.json()), z.array(z.json()), z.null()]) }),
  ),
})

const SoapError = z.object({ statusCode: z.string(), message: z.string() })
const Undeleted = z.object({
  'soapenv:Envelope': z.object({
    'soapenv:Body': z.object({
      undeleteResponse: z.object({
        result: z.object({
          success: z.enum(['true', 'false']),
          errors: z.union([SoapError, z.array(SoapError)]).optional(),
        }),
      }),
    }),
  }),
})
// https://developer.salesforce.com/docs/atlas.en-us.api_action.meta/api_action/actions_obj_flow.htm
const FlowRuns = z
  .array(z.object({ isSuccess: z.boolean(), outputValues: z.record(z.string(), z.json()).nullish() }))
  .length(1)

// Without it, a rule that only warns lets the duplicate in.
// https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/headers_duplicaterules.htm
const json = { 'content-type': 'application/json' }
export const noDuplicates = { 'Sforce-Duplicate-Rule-Header': 'allowSave=false' }

/**
 * @param send runs it in the hub's session, and never a second time
 * @param requireWorked refuses an object that the hub does not work with: the routes take any
 */
export function writerOn(
  send: <T>(run: (connection: Connection) => Promise<T>) => Promise<T>,
  version: string,
  requireWorked: (object: string) => void,
): SalesforceWriter {
  const root = `/services/data/v${version}`
  return {
    async create(object, values) {
      requireWorked(object)
      const created = await send((to) => to.sobject(object).create({ ...values }, { headers: noDuplicates }))
      return parseAnswer('Salesforce', Created, created).id
    },
    async upsert(object, { field, value }, values) {
      requireWorked(object)
      // Both were checked to be one segment: jsforce encodes neither.
      const url = `${root}/sobjects/${object}/${field}/${value}`
      return parseAnswer('Salesforce', Upserted, await send(async (to) => to.request(patch(url, values, noDuplicates))))
    },
    async update(object, id, values, unmodifiedSince) {
      requireWorked(object)
      const headers = { ...noDuplicates, 'If-Unmodified-Since': unmodifiedSince.toUTCString() }
      await send((to) => to.sobject(object).update({ ...values, Id: id }, { headers }))
    },
    async delete(object, id) {
      requireWorked(object)
      await send((to) => to.sobject(object).destroy(id))
    },
    async undelete(id) {
      const answer = await send(async (to) =>
        asked(to, {
          method: 'POST',
          url: `/services/Soap/u/${version}`,
          body: undeleteEnvelope(to.accessToken ?? '', id),
          headers: { 'content-type': 'text/xml; charset=UTF-8', SOAPAction: '""' },
        }),
      )
      const { result } = parseAnswer('Salesforce', Undeleted, answer)['soapenv:Envelope']['soapenv:Body'].undeleteResponse
      if (result.success === 'true') return
      const first = [result.errors ?? []].flat()[0]
      throw vendorErrorOf(400, [{ errorCode: first?.statusCode ?? 'UNKNOWN', message: first?.message ?? '' }])
    },
    async runFlow(name, inputs) {
      const url = `${root}/actions/custom/flow/${name}`
      const body = JSON.stringify({ inputs: [inputs] })
      const answer = await send(async (to) => to.request({ method: 'POST', url, body, headers: json }))
      const [run] = parseAnswer('Salesforce', FlowRuns, answer)
      if (run?.isSuccess && run.outputValues?.['Flow__InterviewStatus'] !== 'Error') return run.outputValues ?? {}
      throw new HubError('refused', 'The flow ended with an error. What it did before that may stay; look in Salesforce.', {
        cause: run,
      })
    },
    async together(parts) {
      for (const { path } of parts) requireWorked(/^sobjects\/(\w+)/.exec(path)?.[1] ?? '')
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

/** A fault comes with status 500 and a body that jsforce takes for text: what it says is told as REST would. */
async function asked(to: Connection, request: Parameters<Connection['request']>[0]): Promise<unknown> {
  try {
    return await to.request(request)
  } catch (error) {
    const code = faultCode(error instanceof Error ? error.message : '')
    throw code === undefined
      ? error
      : Object.assign(new Error('SOAP fault', { cause: error }), { data: [{ errorCode: code }] })
  }
}

/** Nothing in it comes from a caller but an id, of letters and digits. */
function undeleteEnvelope(session: string, id: string): string {
  const escaped = session.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:urn="urn:partner.soap.sforce.com">',
    `<soapenv:Header><urn:SessionHeader><urn:sessionId>${escaped}</urn:sessionId></urn:SessionHeader></soapenv:Header>`,
    `<soapenv:Body><urn:undelete><urn:ids>${id}</urn:ids></urn:undelete></soapenv:Body>`,
    '</soapenv:Envelope>',
  ].join('')
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

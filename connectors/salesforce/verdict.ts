// What an answer of Salesforce to a write says of the write.
import type { VendorAnswer, Verdict } from 'toolgate/kit'

/** Also 412 and 403 REQUEST_LIMIT_EXCEEDED changed nothing, and after 408 and 5xx (also SERVER_UNAVAILABLE) nobody knows. */
export function verdict({ status, json, text, headers }: VendorAnswer): Verdict {
  if (/^text\/xml\b/i.test(headers.get('content-type') ?? '')) return soapVerdict(status, text ?? '')
  if (status < 300) return isRolledBack(json) ? 'refused' : 'accepted'
  // An external id that several records have: none of them was changed.
  // https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/errorcodes.htm
  if (status === 300) return 'refused'
  return status < 400 || status === 408 || status >= 500 ? 'unclear' : 'refused'
}

/**
 * A refused undelete is a 200 whose one result has no success, or a fault with status 500. A fault of Salesforce’s own that
 * may come at any moment says nothing of what was done before it.
 * https://developer.salesforce.com/docs/atlas.en-us.api.meta/api/sforce_api_calls_concepts_core_data_objects.htm
 */
function soapVerdict(status: number, text: string): Verdict {
  const code = faultCode(text) ?? /<statusCode>(\w+)<\/statusCode>/.exec(text)?.[1]
  if (code !== undefined && unclearCodes.has(code)) return 'unclear'
  if (faultCode(text) !== undefined) return 'refused'
  if (status !== 200) return status >= 400 && status < 500 && status !== 408 ? 'refused' : 'unclear'
  const results = text.match(/<success>(?:true|false)<\/success>/g) ?? []
  if (results.length !== 1) return 'unclear'
  return results[0].includes('true') ? 'accepted' : 'refused'
}

const unclearCodes = new Set(['UNKNOWN_EXCEPTION', 'SERVER_UNAVAILABLE', 'QUERY_TIMEOUT', 'Server'])

/** `INVALID_SESSION_ID` of `sf:INVALID_SESSION_ID`. */
export function faultCode(text: string): string | undefined {
  return /<(?:\w+:)?Fault>\s*<faultcode>(?:\w+:)?(\w+)<\/faultcode>/.exec(text)?.[1]
}

/**
 * Several requests at once are always sent as all or none: with one refused, the answer is 200 and nothing happened.
 * https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/requests_composite.htm
 */
function isRolledBack(json: VendorAnswer['json']): boolean {
  if (typeof json !== 'object' || json === null || !('compositeResponse' in json)) return false
  const { compositeResponse } = json
  return (
    Array.isArray(compositeResponse) &&
    compositeResponse.some((one) => typeof one === 'object' && one !== null && Number(one.httpStatusCode) >= 400)
  )
}

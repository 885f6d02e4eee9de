// What an answer of Salesforce to a write says of the write.
import type { VendorAnswer, Verdict } from 'toolgate/kit'

/** Also 412 and 403 REQUEST_LIMIT_EXCEEDED changed nothing, and after 408 and 5xx (also SERVER_UNAVAILABLE) nobody knows. */
export function verdict({ status, json }: VendorAnswer): Verdict {
  if (status < 300) return isRolledBack(json) ? 'refused' : 'accepted'
  // An external id that several records have: none of them was changed.
  // https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/errorcodes.htm
  if (status === 300) return 'refused'
  return status < 400 || status === 408 || status >= 500 ? 'unclear' : 'refused'
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

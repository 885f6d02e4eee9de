// What Salesforce's errors mean, in our sentences. Its own text goes into `cause` only.
// https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/errorcodes.htm
import { HubError } from 'toolgate/kit'
import type { ErrorCode } from 'toolgate/kit'
import { z } from 'zod'
import { apiName } from './identifiers.ts'

const fieldNames = z.array(z.union([apiName, z.unknown().transform(() => undefined)])).catch([])
const VendorError = z.object({ errorCode: z.string().max(100), fields: fieldNames.optional() })

interface Meaning {
  readonly code: ErrorCode
  /** `fields` is empty or begins with a blank: ` (Name, Phone)`. */
  readonly say: (fields: string) => string
}

const meanings: Readonly<Record<string, Meaning>> = {
  REQUIRED_FIELD_MISSING: refused(
    (fields) => `Salesforce requires more fields than were given${fields}. Nothing was changed.`,
  ),
  FIELD_CUSTOM_VALIDATION_EXCEPTION: refused(
    (fields) =>
      `A validation rule of this Salesforce org refuses these values${fields}. Nothing was changed; ask its administrator.`,
  ),
  INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST: refused(
    (fields) => `A value is not in the list that its field allows${fields}. sf_object_describe shows the list.`,
  ),
  STRING_TOO_LONG: refused((fields) => `A text is longer than its field allows${fields}.`),
  INVALID_EMAIL_ADDRESS: refused((fields) => `An e-mail address is not a valid one${fields}.`),
  NUMBER_OUTSIDE_VALID_RANGE: refused((fields) => `A number is outside of what its field allows${fields}.`),
  FIELD_INTEGRITY_EXCEPTION: refused((fields) => `These values do not fit together for Salesforce${fields}.`),
  INVALID_CROSS_REFERENCE_KEY: refused(
    (fields) => `A record that is referred to does not exist or cannot be used${fields}.`,
  ),
  MALFORMED_ID: refused((fields) => `An id does not fit its field${fields}.`),
  INVALID_FIELD: refused(
    (fields) => `Salesforce does not know a field of this request, or the hub's user may not use it${fields}.`,
  ),
  INVALID_TYPE: refused(() => 'Salesforce does not know this kind of record, or the hub’s user may not use it.'),
  INVALID_FIELD_FOR_INSERT_UPDATE: {
    code: 'forbidden',
    say: (fields) => `The hub's user may not write some of these fields${fields}. Nothing was changed.`,
  },
  MALFORMED_QUERY: refused(() => 'Salesforce could not read the query. Use simpler filters.'),
  JSON_PARSER_ERROR: refused(() => 'Salesforce could not read a value. Nothing was changed.'),
  DUPLICATES_DETECTED: refused(
    () => 'A duplicate rule of Salesforce says that this record exists already. Nothing was created.',
  ),
  DUPLICATE_VALUE: refused((fields) => `Another record has this value already, and it has to be unique${fields}.`),
  DELETE_FAILED: refused(() => 'Salesforce does not delete this record, because other records depend on it.'),
  INSUFFICIENT_ACCESS: forbidden(),
  INSUFFICIENT_ACCESS_OR_READONLY: forbidden(),
  INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY: forbidden(),
  CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY: refused(() => 'An automation of this Salesforce org refused the change.'),
  API_DISABLED_FOR_ORG: forbidden(),
  API_CURRENTLY_DISABLED: forbidden(),
  NOT_FOUND: { code: 'not_found', say: () => 'There is no such record, or the hub’s user may not see it.' },
  ENTITY_IS_DELETED: { code: 'not_found', say: () => 'The record was deleted.' },
  MULTIPLE_CHOICES: { code: 'conflict', say: () => 'More than one record fits; name one by its id.' },
  UNABLE_TO_LOCK_ROW: {
    code: 'unavailable',
    say: () => 'Somebody else is changing this record or a related one at this moment. Nothing was changed; try again.',
  },
  REQUEST_LIMIT_EXCEEDED: {
    code: 'rate_limited',
    say: () => 'This Salesforce org has used up its API requests for now. Try again later; it may take hours.',
  },
  QUERY_TIMEOUT: { code: 'unavailable', say: () => 'The query took too long. Use narrower filters.' },
  SERVER_UNAVAILABLE: unavailable(),
  UNKNOWN_EXCEPTION: unavailable(),
}

/** Whether Salesforce no longer knows the session. */
export function isSessionEnded(error: unknown): boolean {
  return codeOf(error) === 'INVALID_SESSION_ID'
}

/** Whether it may come from a permission that was taken away: a field or object that one may not see does not exist. */
export function isPermissionLost(error: unknown): boolean {
  return /^(?:INVALID_FIELD|INVALID_TYPE|INVALID_FIELD_FOR_INSERT_UPDATE|INSUFFICIENT_ACCESS.*)$/.test(codeOf(error) ?? '')
}

/** Any error of a request as a HubError. */
export function translate(error: unknown): HubError {
  if (error instanceof HubError) return error
  const vendor = vendorErrors(error)
  const known = vendor.find(({ errorCode }) => Object.hasOwn(meanings, errorCode))
  const meaning = known && meanings[known.errorCode]
  if (meaning) {
    const fields = [...new Set(vendor.flatMap(({ fields: names = [] }) => names.filter((name) => name !== undefined)))]
    return new HubError(meaning.code, meaning.say(fields.length > 0 ? ` (${fields.join(', ')})` : ''), { cause: error })
  }
  return unknownCode(codeOf(error), error)
}

/** Of one of several requests that were sent together; `halted` where it was only stopped by another's error. */
export function vendorErrorOf(status: number, body: unknown): HubError | 'halted' {
  const error = Object.assign(new Error('One of several requests was refused.'), { data: body })
  if (codeOf(error) === 'PROCESSING_HALTED') return 'halted'
  if (status !== 412) return translate(error)
  return new HubError('conflict', 'The record was changed since it was read.', { cause: error })
}

function unknownCode(code: string | undefined, cause: unknown): HubError {
  const status = Number(/^ERROR_HTTP_(\d{3})$/.exec(code ?? '')?.[1])
  if (status >= 500 || status === 408) return new HubError('unavailable', unavailable().say(''), { cause })
  if (status === 429)
    return new HubError('rate_limited', 'Salesforce takes no more requests at the moment. Try again later.', { cause })
  if (status === 404) return new HubError('not_found', 'Salesforce has nothing at this place.', { cause })
  if (code === undefined)
    return new HubError('bad_response', 'Salesforce gave an answer that could not be understood. Try again later.', {
      cause,
    })
  return new HubError('refused', 'Salesforce refused the request, for a reason that the hub does not know.', { cause })
}

function vendorErrors(error: unknown): readonly z.output<typeof VendorError>[] {
  // jsforce keeps what the vendor said in `data`: one error, or a list when there were several.
  const data: unknown = error instanceof Error && 'data' in error ? error.data : undefined
  const each = (Array.isArray(data) ? data : [data])
    .map((one) => VendorError.safeParse(one))
    .flatMap((one) => one.data ?? [])
  return each.length > 0 ? each : VendorError.safeParse(error).success ? [VendorError.parse(error)] : []
}

function codeOf(error: unknown): string | undefined {
  return vendorErrors(error)[0]?.errorCode
}

function refused(say: Meaning['say']): Meaning {
  return { code: 'refused', say }
}

function forbidden(): Meaning {
  return {
    code: 'forbidden',
    say: (fields) => `The hub's user in Salesforce lacks the permission for this${fields}. An administrator can grant it.`,
  }
}

function unavailable(): Meaning {
  return { code: 'unavailable', say: () => 'Salesforce is not available at the moment. Try again later.' }
}

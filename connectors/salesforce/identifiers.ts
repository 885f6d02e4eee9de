// Names and ids as Salesforce spells them, checked before they can become part of a path or a query.
import { z } from 'zod'

const longIdAlphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345'

/** The API name of an object, field or relationship. */
export const apiName = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_]{0,79}$/, 'Write an API name: letters, digits and underscores, such as CloseDate.')

/** The API name of an object; which ones there are is decided by the configuration and the org. */
export const objectName = apiName.describe(
  'Account, Contact, Opportunity, Case, Task, Lead or a supported one of sf_object_list.',
)

/** A record's id, in 15 characters or in 18 with the right checksum. */
export const recordId = z
  .string()
  .regex(/^[a-zA-Z0-9]{15}(?:[a-zA-Z0-9]{3})?$/, 'Write a record id: 15 or 18 letters and digits.')
  .refine((id) => id.length === 15 || id === toLongId(id), 'The last three characters of the id do not fit the rest of it.')

/**
 * The 18-character form, which stays the same when letter case is lost: each of the last three characters says which of
 * five characters are capitals.
 * https://developer.salesforce.com/docs/atlas.en-us.api.meta/api/field_types.htm (ID field type)
 */
export function toLongId(id: string): string {
  const short = id.slice(0, 15)
  const suffix = [0, 5, 10].map((start) => {
    const capitals = short
      .slice(start, start + 5)
      .split('')
      .map((character) => /[A-Z]/.test(character))
    return longIdAlphabet[capitals.reduce((sum, capital, place) => sum + (capital ? 2 ** place : 0), 0)]
  })
  return short + suffix.join('')
}

/** The three characters that say which object a record belongs to. */
export function keyPrefix(id: string): string {
  return id.slice(0, 3)
}

export const userId = recordId.refine((id) => keyPrefix(id) === '005', 'The id of a user begins with 005.')

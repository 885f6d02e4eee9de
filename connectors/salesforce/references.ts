// The records that a change refers to: that they are there, and where they live.
import { keyPrefix, recordId, toLongId } from './identifiers.ts'
import { fetchRecord } from './record.ts'
import type { ObjectSchema, SalesforceReader } from './salesforce.ts'
import { placeFields } from './scope.ts'
import type { Placed } from './scope.ts'

/** @throws HubError `not_found` for one that is not there */
export async function references(
  vendor: SalesforceReader,
  now: Date,
  schema: ObjectSchema,
  values: Readonly<Record<string, unknown>>,
): Promise<readonly Placed[]> {
  const placed: Placed[] = []
  const prefixes = await vendor.prefixes(now)
  for (const [name, value] of Object.entries(values)) {
    const field = schema.has(name) ? schema.field(name) : undefined
    const id = recordId.safeParse(value)
    if (field?.type !== 'reference' || !id.success) continue
    const object = field.referenceTo.find((one) => prefixes.get(one) === keyPrefix(id.data))
    if (object === undefined || !vendor.objectNames.includes(object)) continue
    placed.push({
      object,
      states: [await fetchRecord(vendor, object, toLongId(id.data), placeFields(vendor.scoping, object))],
    })
  }
  return placed
}

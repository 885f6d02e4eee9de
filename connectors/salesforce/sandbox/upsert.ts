// Records by an external id of their own: made where there is none, changed where there is one.
// https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/dome_upsert.htm
import type { SandboxRequest, SandboxResponse } from 'toolgate/kit'
import { Refusal } from './refusal.ts'
import { createRow, updateRow } from './rows.ts'
import { visibleField } from './schema.ts'
import { all } from './store.ts'
import type { Place } from './store.ts'

export function byExternalId(place: Place, name: string, value: string, request: SandboxRequest): SandboxResponse {
  const { state, object, version } = place
  const field = visibleField(object, name)
  if (!field?.externalId)
    throw new Refusal(404, 'NOT_FOUND', `Provided external ID field does not exist or is not accessible: ${name}`)
  if (request.method !== 'PATCH')
    throw new Refusal(405, 'METHOD_NOT_ALLOWED', 'This sandbox takes PATCH by an external id only.')
  // Its external ids are case-sensitive; an org can have others.
  const same = all(state, object).filter((record) => record[field.name] === value)
  const [only, another] = same
  if (another)
    return {
      status: 300,
      body: same.map((one) => `/services/data/v${version}/sobjects/${object.name}/${String(one['Id'])}`),
    }
  if (only) {
    updateRow(place, String(only['Id']), request)
    return { status: 200, body: { id: String(only['Id']), success: true, errors: [], created: false } }
  }
  const created = createRow(place, request, { [field.name]: value })
  return { ...created, body: { ...(created.body as object), created: true } }
}

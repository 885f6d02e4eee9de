// UserPermissionAccess: one row, of the user whose session it is.
// https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_userpermissionaccess.htm
import type { Query } from '@jetstreamapp/soql-parser-js'
import type { JsonObject } from 'toolgate/kit'
import { Refusal } from './refusal.ts'
import type { SandboxUser } from './users.ts'

const known = [
  'ApiEnabled',
  'EditTask',
  'RunReports',
  'RunFlow',
  'ViewAllData',
  'ModifyAllData',
  'CustomizeApplication',
  'ManageUsers',
  'AuthorApex',
  'ViewAllUsers',
  'BulkApiHardDelete',
]

export function userPermissionAccess({ fields = [], where }: Query, user: SandboxUser) {
  if (where) throw new Refusal(400, 'MALFORMED_QUERY', 'This sandbox takes no conditions on UserPermissionAccess.')
  const row = Object.fromEntries(
    fields.map((one) => {
      const name = one.type === 'Field' ? /^Permissions(\w+)$/.exec(one.field)?.[1] : undefined
      if (name === undefined || !known.includes(name))
        throw new Refusal(400, 'INVALID_FIELD', "No such column on entity 'UserPermissionAccess'.")
      return [`Permissions${name}`, user.permissions.includes(name)]
    }),
  )
  const records: readonly JsonObject[] = [{ attributes: { type: 'UserPermissionAccess' }, ...row }]
  return { totalSize: 1, records }
}

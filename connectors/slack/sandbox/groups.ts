// The stand-in's groups of people: docs.slack.dev/reference/methods/usergroups.list.
import type { Json, JsonObject } from 'toolgate/kit'
import { isTrue, ok, team } from './workspace.ts'
import type { Asked, UserGroup } from './workspace.ts'

export function usergroupsList({ arguments: given, state }: Asked): JsonObject {
  const withCount = isTrue(given.get('include_count'))
  const usergroups = state.list('group').map(({ value }): Json => {
    const { id, handle, name, description, users } = value as UserGroup
    const count: Record<string, Json> = withCount ? { user_count: users.length } : {}
    return {
      id,
      team_id: team.id,
      is_usergroup: true,
      is_external: false,
      handle,
      name,
      description,
      date_delete: 0,
      ...count,
    }
  })
  return ok({ usergroups })
}

// The stand-in's files and groups of people: docs.slack.dev/reference/methods/files.info and usergroups.list.
import type { Json, JsonObject } from 'toolgate/kit'
import { SlackRefusal, channelsOf, isMember, isTrue, ok, team } from './workspace.ts'
import type { Asked, StoredFile, UserGroup } from './workspace.ts'

/** Slack gives so much of a text file with what it says about it. */
const previewed = 5000

export function filesInfo(asked: Asked): JsonObject {
  const { arguments: given, me, state } = asked
  const file = state.get('file', given.get('file') ?? '') as StoredFile | undefined
  const channels = channelsOf(state).filter(({ id }) => file?.channels.includes(id))
  if (file === undefined || !channels.some((channel) => !channel.is_private || isMember(channel, me))) {
    throw new SlackRefusal('file_not_found')
  }
  const { id, name, mimetype, user, created, size, content } = file
  const text = content === '' ? {} : { content: content.slice(0, previewed), is_truncated: content.length > previewed }
  return ok({
    file: {
      id,
      name,
      title: name,
      mimetype,
      user,
      created,
      size,
      mode: content === '' ? 'hosted' : 'snippet',
      is_external: false,
      channels: channels.filter((channel) => !channel.is_private).map((channel) => channel.id),
      groups: channels.filter((channel) => channel.is_private).map((channel) => channel.id),
      ims: [],
      url_private: `https://files.slack.com/files-pri/${team.id}-${id}/${name}`,
    },
    ...text,
    comments: [],
    paging: { count: 0, total: 0, page: 1, pages: 0 },
  })
}

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

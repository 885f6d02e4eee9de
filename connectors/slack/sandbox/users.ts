// The stand-in's people: docs.slack.dev/reference/methods/users.info and its neighbours, and auth.test.
import type { Json, JsonObject } from 'toolgate/kit'
import { SlackRefusal, app, ok, page, team, userOf } from './workspace.ts'
import type { Asked, User } from './workspace.ts'

export function authTest({ me, token }: Asked): JsonObject {
  const bot: Record<string, Json> = token.kind === 'bot' ? { bot_id: app.bot, is_enterprise_install: false } : {}
  return ok({ url: team.url, team: team.name, user: me.name, team_id: team.id, user_id: me.id, ...bot })
}

export function usersInfo(asked: Asked): JsonObject {
  const user = userOf(asked.state, asked.arguments.get('user') ?? '')
  if (user === undefined) throw new SlackRefusal('user_not_found')
  return ok({ user: format(user, asked) })
}

/** Members of this workspace; people of other companies are only found by their id. */
export function usersList(asked: Asked): JsonObject {
  const users = asked.state.list('user').map(({ value }) => value as User)
  const own = users.filter(({ stranger }) => !stranger)
  const { rows, next } = page(own, asked.arguments, ({ id }) => id, 1000)
  const members = rows.map((user) => format(user, asked))
  return ok({ members, cache_ts: Math.floor(asked.now.getTime() / 1000), response_metadata: { next_cursor: next } })
}

export function usersLookupByEmail(asked: Asked): JsonObject {
  const email = asked.arguments.get('email')?.toLowerCase()
  const users = asked.state.list('user').map(({ value }) => value as User)
  const user = users.find((candidate) => candidate.email === email && !candidate.stranger && !candidate.is_bot)
  if (user === undefined) throw new SlackRefusal('users_not_found')
  return ok({ user: format(user, asked) })
}

/** docs.slack.dev/reference/objects/user-object */
function format(user: User, { token }: Asked): Record<string, Json> {
  const [first = '', ...rest] = user.real_name.split(' ')
  const email = token.scopes.includes('users:read.email') ? { email: user.email } : {}
  return {
    id: user.id,
    team_id: user.team_id,
    name: user.name,
    deleted: false,
    color: '3c989f',
    real_name: user.real_name,
    tz: 'Europe/London',
    tz_label: 'Greenwich Mean Time',
    tz_offset: 0,
    profile: {
      title: user.title,
      phone: '',
      skype: '',
      real_name: user.real_name,
      real_name_normalized: user.real_name.normalize('NFD').replace(/\p{Mn}/gu, ''),
      display_name: user.name,
      display_name_normalized: user.name,
      first_name: first,
      last_name: rest.join(' '),
      status_text: '',
      status_emoji: '',
      status_expiration: 0,
      avatar_hash: '0000000000',
      team: user.team_id,
      ...email,
    },
    is_admin: user.is_admin,
    is_owner: false,
    is_primary_owner: false,
    is_restricted: user.guest,
    is_ultra_restricted: user.guest,
    is_bot: user.is_bot,
    is_app_user: false,
    ...(user.stranger ? { is_stranger: true } : {}),
    updated: 1700000000,
    who_can_share_contact_card: 'EVERYONE',
  }
}

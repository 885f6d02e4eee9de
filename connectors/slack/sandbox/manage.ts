// How the stand-in's conversations are made and changed: docs.slack.dev/reference/methods/conversations.create and its neighbours.
import type { JsonObject } from 'toolgate/kit'
import { blank } from './chat.ts'
import { format } from './conversations.ts'
import {
  SlackRefusal,
  channelJoined,
  channelsOf,
  isDirect,
  isTrue,
  ok,
  putMessage,
  requireScope,
  scopeOf,
  userOf,
} from './workspace.ts'
import type { Asked, Channel } from './workspace.ts'

const mostInGroup = 8
const longestTopic = 250

/** The conversation with exactly these people; made where there is none. */
export function conversationsOpen(asked: Asked): JsonObject {
  const { arguments: given, me, state } = asked
  const others = listed(given.get('users')).filter((id) => id !== me.id)
  if (others.length === 0) throw new SlackRefusal('users_list_not_supplied')
  if (others.length > mostInGroup) throw new SlackRefusal('too_many_users')
  requireScope(asked, others.length === 1 ? 'im:write' : 'mpim:write')
  for (const id of others) {
    const user = userOf(state, id)
    if (user === undefined) throw new SlackRefusal('user_not_found')
    if (user.is_bot) throw new SlackRefusal('cannot_dm_bot')
  }
  const members = [me.id, ...new Set(others)]
  const known = channelsOf(state).find((channel) => isDirect(channel) && sameMembers(channel.members, members))
  if (known !== undefined) return ok({ no_op: true, already_open: true, channel: { id: known.id } })
  const isGroup = members.length > 2
  const id = `${isGroup ? 'C' : 'D'}0OPENED${String(state.next('direct')).padStart(4, '0')}`
  state.put('channel', id, {
    ...empty(asked),
    id,
    name: isGroup ? `mpdm-${members.map((member) => userOf(state, member)?.name).join('--')}-1` : '',
    is_im: !isGroup,
    is_mpim: isGroup,
    is_private: isGroup,
    members,
  } satisfies Channel)
  return ok({ channel: { id } })
}

export function conversationsCreate(asked: Asked): JsonObject {
  const { arguments: given, me, state } = asked
  const isPrivate = isTrue(given.get('is_private'))
  requireScope(asked, isPrivate ? 'groups:write' : 'channels:manage')
  const name = given.get('name') ?? ''
  if (name === '') throw new SlackRefusal('invalid_name_required')
  if (name.length > 80) throw new SlackRefusal('invalid_name_maxlength')
  if (!/^[\p{Ll}\p{Lo}\p{N}_-]+$/u.test(name)) throw new SlackRefusal('invalid_name_specials')
  if (channelsOf(state).some((channel) => channel.name === name)) throw new SlackRefusal('name_taken')
  const id = `C0CREATED${String(state.next('channel')).padStart(3, '0')}`
  const channel: Channel = { ...empty(asked), id, name, is_private: isPrivate, members: [me.id] }
  state.put('channel', id, channel)
  return ok({ channel: format(channel, asked) })
}

export function conversationsInvite(asked: Asked): JsonObject {
  const channel = manageable(asked)
  const users = listed(asked.arguments.get('users'))
  if (users.length === 0) throw new SlackRefusal('no_user')
  for (const id of users) {
    if (id === asked.me.id) throw new SlackRefusal('cant_invite_self')
    if (userOf(asked.state, id) === undefined) throw new SlackRefusal('user_not_found')
    if (channel.members.includes(id)) throw new SlackRefusal('already_in_channel')
  }
  return changed({ ...channel, members: [...channel.members, ...users] }, asked)
}

export function conversationsArchive(asked: Asked): JsonObject {
  const channel = manageable(asked, 'already_archived')
  if (channel.is_general) throw new SlackRefusal('cant_archive_general')
  return changed({ ...channel, is_archived: true }, asked)
}

export function conversationsSetTopic(asked: Asked): JsonObject {
  const channel = manageable(asked)
  const topic = asked.arguments.get('topic') ?? ''
  if (topic.length > longestTopic) throw new SlackRefusal('too_long')
  const { me, now, state } = asked
  const ts = `${Math.floor(now.getTime() / 1000)}.${String(state.next('ts') % 1_000_000).padStart(6, '0')}`
  const text = `<@${me.id}> set the channel topic: ${topic}`
  putMessage(state, channel.id, { ...blank, ts, user: me.id, text, subtype: 'channel_topic' })
  return changed({ ...channel, topic }, asked)
}

function manageable(asked: Asked, archived = 'is_archived'): Channel {
  const channel = channelJoined(asked)
  requireScope(asked, scopeOf(channel, 'write'))
  if (isDirect(channel)) throw new SlackRefusal('method_not_supported_for_channel_type')
  if (channel.is_archived) throw new SlackRefusal(archived)
  return channel
}

function changed(channel: Channel, asked: Asked): JsonObject {
  asked.state.put('channel', channel.id, channel)
  return ok({ channel: format(channel, asked) })
}

function empty({ me, now }: Asked) {
  return {
    created: Math.floor(now.getTime() / 1000),
    creator: me.id,
    topic: '',
    purpose: '',
    is_private: false,
    is_archived: false,
    is_general: false,
    is_ext_shared: false,
    is_im: false,
    is_mpim: false,
    connected_team_ids: [],
    posters: [],
  }
}

function listed(users: string | undefined): readonly string[] {
  return (users ?? '').split(',').flatMap((id) => (id.trim() === '' ? [] : [id.trim()]))
}

function sameMembers(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && right.every((id) => left.includes(id))
}

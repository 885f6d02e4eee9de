// The stand-in's channels: docs.slack.dev/reference/methods/conversations.list and its neighbours.
import type { Json, JsonObject } from 'toolgate/kit'
import { formatMessage } from './messages.ts'
import {
  SlackRefusal,
  channelAsked,
  channelJoined,
  channelsOf,
  isDirect,
  isMember,
  isTrue,
  messageOf,
  messagesOf,
  ok,
  page,
  requireScope,
  scopeOf,
  team,
} from './workspace.ts'
import type { Asked, Channel, Message, User } from './workspace.ts'

const scopeOfType: Readonly<Record<string, string>> = {
  public_channel: 'channels:read',
  private_channel: 'groups:read',
  im: 'im:read',
  mpim: 'mpim:read',
}

export function conversationsList(asked: Asked): JsonObject {
  const { arguments: given, me } = asked
  const visible = ofTypes(asked).filter((channel) => (!channel.is_private && !isDirect(channel)) || isMember(channel, me))
  const { rows, next } = page(visible, given, (channel) => channel.id)
  const channels = rows.map((channel) => ({ ...format(channel, asked), num_members: channel.members.length }))
  return ok({ channels, response_metadata: { next_cursor: next } })
}

/** docs.slack.dev/reference/methods/users.conversations: those of the caller, without member counts or `is_member`. */
export function usersConversations(asked: Asked): JsonObject {
  const { arguments: given, me } = asked
  const mine = ofTypes(asked).filter((channel) => isMember(channel, me))
  const { rows, next } = page(mine, given, (channel) => channel.id)
  const channels = rows.map((channel) => {
    const { is_member: _, ...rest } = format(channel, asked)
    return rest
  })
  return ok({ channels, response_metadata: { next_cursor: next } })
}

function ofTypes(asked: Asked): readonly Channel[] {
  const { arguments: given, state } = asked
  const types = (given.get('types') ?? 'public_channel').split(',').map((type) => type.trim())
  for (const type of types) {
    const scope = scopeOfType[type]
    if (scope === undefined) throw new SlackRefusal('invalid_types')
    requireScope(asked, scope)
  }
  const withArchived = !isTrue(given.get('exclude_archived'))
  return channelsOf(state).filter((channel) => types.includes(typeOf(channel)) && (withArchived || !channel.is_archived))
}

function typeOf({ is_im, is_mpim, is_private }: Channel): string {
  if (is_im) return 'im'
  if (is_mpim) return 'mpim'
  return is_private ? 'private_channel' : 'public_channel'
}

export function conversationsInfo(asked: Asked): JsonObject {
  const channel = channelAsked(asked)
  requireScope(asked, scopeOf(channel, 'read'))
  const count: Record<string, Json> = isTrue(asked.arguments.get('include_num_members'))
    ? { num_members: channel.members.length }
    : {}
  return ok({ channel: { ...format(channel, asked), ...count } })
}

export function conversationsMembers(asked: Asked): JsonObject {
  const channel = channelAsked(asked)
  requireScope(asked, scopeOf(channel, 'read'))
  const { rows, next } = page(channel.members, asked.arguments, (id) => id)
  return ok({ members: [...rows], response_metadata: { next_cursor: next } })
}

export function conversationsHistory(asked: Asked): JsonObject {
  const channel = channelJoined(asked)
  requireScope(asked, scopeOf(channel, 'history'))
  const all = messagesOf(asked, channel.id)
  const inRange = range(asked.arguments)
  const tops = all.filter(
    (message) => (message.thread_ts === null || message.thread_ts === message.ts) && inRange(message.ts),
  )
  const { rows, next } = page(tops.toReversed(), asked.arguments, ({ ts }) => ts)
  const shown = formatMessage(asked, all, isTrue(asked.arguments.get('include_all_metadata')))
  return ok({ messages: rows.map(shown), has_more: next !== '', pin_count: 0, response_metadata: { next_cursor: next } })
}

/** For the timestamp of a reply, that reply alone. */
export function conversationsReplies(asked: Asked): JsonObject {
  const { arguments: given } = asked
  const channel = channelJoined(asked)
  requireScope(asked, scopeOf(channel, 'history'))
  const target = messageOf(asked, channel.id, given.get('ts') ?? '')
  if (target === undefined) throw new SlackRefusal('thread_not_found')
  const all = messagesOf(asked, channel.id)
  const isReply = target.thread_ts !== null && target.thread_ts !== target.ts
  const inRange = range(given)
  // The parent is always there, whatever the range.
  const thread: readonly Message[] = isReply
    ? [target]
    : [target, ...all.filter(({ ts, thread_ts }) => thread_ts === target.ts && ts !== target.ts && inRange(ts))]
  const { rows, next } = page(thread, given, ({ ts }) => ts, 1000)
  const shown = formatMessage(asked, all, isTrue(given.get('include_all_metadata')))
  return ok({ messages: rows.map(shown), has_more: next !== '', response_metadata: { next_cursor: next } })
}

function range(given: ReadonlyMap<string, string>): (ts: string) => boolean {
  const oldest = timeOf(given.get('oldest'), 'invalid_ts_oldest')
  const latest = timeOf(given.get('latest'), 'invalid_ts_latest')
  const inclusive = isTrue(given.get('inclusive'))
  return (ts) => {
    const at = Number(ts)
    if (oldest !== undefined && (inclusive ? at < oldest : at <= oldest)) return false
    return !(latest !== undefined && (inclusive ? at > latest : at >= latest))
  }
}

function timeOf(value: string | undefined, error: string): number | undefined {
  if (value === undefined || value === '' || value === '0') return undefined
  if (!/^\d{1,12}(?:\.\d{1,6})?$/.test(value)) throw new SlackRefusal(error)
  return Number(value)
}

/** docs.slack.dev/reference/objects/conversation-object */
export function format(channel: Channel, { me }: Asked): Record<string, Json> {
  if (channel.is_im) return direct(channel, me)
  const about = (value: string) => ({
    value,
    creator: value === '' ? '' : channel.creator,
    last_set: value === '' ? 0 : channel.created,
  })
  return {
    id: channel.id,
    name: channel.name,
    name_normalized: channel.name,
    is_channel: !channel.is_private,
    is_group: channel.is_private,
    is_im: false,
    is_mpim: channel.is_mpim,
    is_private: channel.is_private,
    created: channel.created,
    creator: channel.creator,
    is_archived: channel.is_archived,
    is_general: channel.is_general,
    unlinked: 0,
    is_shared: channel.is_ext_shared,
    is_ext_shared: channel.is_ext_shared,
    is_org_shared: false,
    is_pending_ext_shared: false,
    pending_shared: [],
    parent_conversation: null,
    context_team_id: team.id,
    shared_team_ids: [team.id, ...channel.connected_team_ids],
    is_member: isMember(channel, me),
    topic: about(channel.topic),
    purpose: about(channel.purpose),
    previous_names: [],
    ...(channel.posters.length === 0
      ? {}
      : { properties: { posting_restricted_to: { type: ['admin'], user: channel.posters } } }),
  }
}

/** Of a conversation of two, Slack says little. */
function direct(channel: Channel, me: User): Record<string, Json> {
  const { id, created, is_archived, members } = channel
  const user = members.find((member) => member !== me.id) ?? me.id
  return {
    id,
    created,
    is_archived,
    is_im: true,
    is_org_shared: false,
    context_team_id: team.id,
    user,
    is_user_deleted: false,
  }
}

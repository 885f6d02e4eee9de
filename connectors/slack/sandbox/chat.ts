// The stand-in's messages: docs.slack.dev/reference/methods/chat.postMessage and its neighbours.
import type { Json, JsonObject } from 'toolgate/kit'
import { checkBlocks } from './block-kit.ts'
import { plainMessage } from './messages.ts'
import {
  SlackRefusal,
  channelAsked,
  channelJoined,
  channelsOf,
  isMember,
  messageOf,
  messagesOf,
  ok,
  putMessage,
  team,
} from './workspace.ts'
import type { Asked, Channel, Message } from './workspace.ts'

/** docs.slack.dev/changelog/2018-truncating-really-long-messages */
const truncatedAt = 40_000
const longestUpdate = 4_000

export function chatPostMessage(asked: Asked): JsonObject {
  const { arguments: given, me, state } = asked
  const channel = postable(asked)
  const text = given.get('text') ?? ''
  if (text === '') throw new SlackRefusal('no_text')
  checkBlocks(given.get('blocks'))
  const message: Message = {
    ...blank,
    ts: nextTimestamp(asked),
    user: me.id,
    text: text.slice(0, truncatedAt),
    thread_ts: parentOf(asked, channel),
    metadata: metadataOf(given.get('metadata')),
  }
  putMessage(state, channel.id, message)
  const metadata = message.metadata === null ? {} : { metadata: message.metadata }
  const answer = { channel: channel.id, ts: message.ts, message: { ...plainMessage(message), ...metadata } }
  return text.length > truncatedAt ? ok({ ...answer, ...truncation }) : ok(answer)
}

export const blank = {
  subtype: null,
  thread_ts: null,
  reactions: [],
  metadata: null,
  edited: null,
  files: [],
  scheduled: null,
} as const

/** The channel of the request, where whoever asks may post. */
export function postable(asked: Asked): Channel {
  const channel = channelByIdOrName(asked)
  if (channel.is_archived) throw new SlackRefusal('is_archived')
  if (!isMember(channel, asked.me)) throw new SlackRefusal('not_in_channel')
  if (channel.posters.length > 0 && !channel.posters.includes(asked.me.id)) throw new SlackRefusal('restricted_action')
  return channel
}

const truncation = {
  warning: 'message_truncated',
  response_metadata: { warnings: ['message_truncated'] },
}

/** The method takes names too, which the connector never sends. */
function channelByIdOrName(asked: Asked): Channel {
  const wanted = (asked.arguments.get('channel') ?? '').replace(/^#/, '')
  const named = channelsOf(asked.state).find(({ name }) => name === wanted)
  if (named === undefined) return channelAsked(asked)
  return channelAsked({ ...asked, arguments: new Map([['channel', named.id]]) })
}

export function parentOf(asked: Asked, channel: Channel): string | null {
  const ts = asked.arguments.get('thread_ts')
  if (ts === undefined || ts === '') return null
  if (!/^\d{10}\.\d{6}$/.test(ts)) throw new SlackRefusal('invalid_thread_ts')
  const parent = messageOf(asked, channel.id, ts)
  if (parent === undefined) throw new SlackRefusal('thread_not_found')
  return parent.thread_ts ?? parent.ts
}

export function metadataOf(text: string | undefined): JsonObject | null {
  if (text === undefined || text === '') return null
  const value = parse(text)
  const type = value?.['event_type']
  const payload = value?.['event_payload']
  if (typeof type !== 'string' || typeof payload !== 'object' || payload === null)
    throw new SlackRefusal('invalid_metadata_format')
  return { event_type: type, event_payload: payload as Json }
}

function parse(text: string): JsonObject | undefined {
  try {
    return JSON.parse(text) as JsonObject
  } catch {
    return undefined
  }
}

export function nextTimestamp({ state, now }: Asked): string {
  return `${Math.floor(now.getTime() / 1000)}.${String(state.next('ts') % 1_000_000).padStart(6, '0')}`
}

export function chatUpdate(asked: Asked): JsonObject {
  const { arguments: given, me, state, now } = asked
  const { channel, message } = own(asked, 'cant_update_message')
  if (channel.is_archived) throw new SlackRefusal('is_inactive')
  const text = given.get('text') ?? ''
  if (text === '') throw new SlackRefusal('no_text')
  if (text.length > longestUpdate) throw new SlackRefusal('msg_too_long')
  checkBlocks(given.get('blocks'))
  const edited = { user: me.id, ts: `${Math.floor(now.getTime() / 1000)}.000000` }
  const metadata = given.has('metadata') ? metadataOf(given.get('metadata')) : message.metadata
  const updated: Message = { ...message, text, edited, metadata }
  putMessage(state, channel.id, updated)
  return ok({ channel: channel.id, ts: message.ts, text, message: plainMessage(updated) })
}

export function chatDelete(asked: Asked): JsonObject {
  const { channel, message } = own(asked, 'cant_delete_message')
  const replies = messagesOf(asked, channel.id).filter(({ ts, thread_ts }) => thread_ts === message.ts && ts !== message.ts)
  // A thread keeps its place: Slack leaves a tombstone where its first message was.
  if (replies.length > 0) {
    const text = 'This message was deleted.'
    putMessage(asked.state, channel.id, {
      ...message,
      text,
      user: 'USLACKBOT',
      subtype: 'tombstone',
      reactions: [],
      metadata: null,
    })
  } else {
    asked.state.delete(`message ${channel.id}`, message.ts)
  }
  return ok({ channel: channel.id, ts: message.ts })
}

function own(asked: Asked, error: string): { readonly channel: Channel; readonly message: Message } {
  const channel = channelJoined(asked)
  const message = messageOf(asked, channel.id, asked.arguments.get('ts') ?? '')
  if (message === undefined) throw new SlackRefusal('message_not_found')
  if (message.user !== asked.me.id) throw new SlackRefusal(error)
  return { channel, message }
}

export function chatGetPermalink(asked: Asked): JsonObject {
  const channel = channelAsked(asked)
  const message = messageOf(asked, channel.id, asked.arguments.get('message_ts') ?? '')
  if (message === undefined) throw new SlackRefusal('message_not_found')
  const address = `${team.url}archives/${channel.id}/p${message.ts.replace('.', '')}`
  const isReply = message.thread_ts !== null && message.thread_ts !== message.ts
  return ok({
    channel: channel.id,
    permalink: isReply ? `${address}?thread_ts=${message.thread_ts}&cid=${channel.id}` : address,
  })
}

// How the stand-in shows a message: docs.slack.dev/reference/events/message
import type { Json } from 'toolgate/kit'
import { app, team } from './workspace.ts'
import type { Asked, Message, StoredFile } from './workspace.ts'

/** `all`: the messages of its channel, for the counts of its thread. */
export function formatMessage(
  asked: Asked,
  all: readonly Message[],
  withMetadata: boolean,
): (message: Message) => Record<string, Json> {
  return (message) => {
    const replies = all.filter(({ ts, thread_ts }) => thread_ts === message.ts && ts !== message.ts)
    const parent = all.find(({ ts }) => ts === message.thread_ts && ts !== message.ts)
    return {
      ...plainMessage(message),
      ...filesOf(message, asked),
      ...(replies.length === 0 ? {} : threadOf(message, replies)),
      ...(parent === undefined ? {} : { parent_user_id: parent.user }),
      ...(withMetadata && message.metadata !== null ? { metadata: message.metadata } : {}),
    }
  }
}

export function plainMessage(message: Message): Record<string, Json> {
  return {
    type: 'message',
    ...(message.subtype === null ? {} : { subtype: message.subtype }),
    user: message.user,
    ...(message.user === 'U0TOOLGATE' ? { bot_id: app.bot, app_id: app.id } : {}),
    text: message.text,
    team: team.id,
    ts: message.ts,
    ...(message.thread_ts === null ? {} : { thread_ts: message.thread_ts }),
    ...(message.edited === null ? {} : { edited: message.edited }),
    ...(message.reactions.length === 0
      ? {}
      : { reactions: message.reactions.map(({ name, users }) => ({ name, users, count: users.length })) }),
  }
}

function threadOf(message: Message, replies: readonly Message[]): Record<string, Json> {
  const users = [...new Set(replies.map(({ user }) => user))]
  return {
    thread_ts: message.ts,
    reply_count: replies.length,
    reply_users_count: users.length,
    latest_reply: replies.at(-1)?.ts ?? message.ts,
    reply_users: users,
    is_locked: false,
    subscribed: false,
  }
}

function filesOf({ files }: Message, { state }: Asked): Record<string, Json> {
  if (files.length === 0) return {}
  const stored = files.flatMap((id) => (state.get('file', id) as StoredFile | undefined) ?? [])
  return {
    files: stored.map(({ id, name, mimetype, size, user, created }) => ({ id, name, mimetype, size, user, created })),
  }
}

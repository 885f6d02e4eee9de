// The stand-in's scheduled messages: docs.slack.dev/reference/methods/chat.scheduleMessage and its neighbours.
import type { JsonObject } from 'toolgate/kit'
import { blank, metadataOf, parentOf, postable } from './chat.ts'
import { SlackRefusal, channelAsked, channelsOf, isMember, ok, putMessage, waitingIn } from './workspace.ts'
import type { Asked, Message } from './workspace.ts'

const furthestSeconds = 120 * 86_400
const windowSeconds = 5 * 60
const mostInWindow = 30
/** A message that is posted within the minute is no longer to be deleted. */
const lastCallSeconds = 60

export function chatScheduleMessage(asked: Asked): JsonObject {
  const { arguments: given, me, state, now } = asked
  const channel = postable(asked)
  const text = given.get('text') ?? ''
  if (text === '') throw new SlackRefusal('no_text')
  const postAt = Number(given.get('post_at') ?? '')
  const seconds = Math.floor(now.getTime() / 1000)
  if (!Number.isInteger(postAt) || postAt <= 0) throw new SlackRefusal('invalid_time')
  if (postAt <= seconds) throw new SlackRefusal('time_in_past')
  if (postAt > seconds + furthestSeconds) throw new SlackRefusal('time_too_far')
  const near = waitingIn(asked, channel.id).filter(({ ts }) => Math.abs(Number(ts) - postAt) < windowSeconds)
  if (near.length >= mostInWindow) throw new SlackRefusal('restricted_too_many')
  const id = `Q${String(state.next('scheduled')).padStart(10, '0')}`
  const message: Message = {
    ...blank,
    ts: `${postAt}.${String(state.next('ts') % 1_000_000).padStart(6, '0')}`,
    user: me.id,
    text,
    thread_ts: parentOf(asked, channel),
    metadata: metadataOf(given.get('metadata')),
    scheduled: { id, created: seconds },
  }
  putMessage(state, channel.id, message)
  return ok({ channel: channel.id, scheduled_message_id: id, post_at: postAt, message: { text, type: 'delayed_message' } })
}

export function chatScheduledMessagesList(asked: Asked): JsonObject {
  const { arguments: given, me } = asked
  const channels = given.has('channel')
    ? [channelAsked(asked)]
    : channelsOf(asked.state).filter((channel) => isMember(channel, me))
  const oldest = Number(given.get('oldest') ?? 0)
  const latest = Number(given.get('latest') ?? Number.MAX_SAFE_INTEGER)
  const waiting = channels.flatMap((channel) =>
    waitingIn(asked, channel.id)
      .filter(({ user }) => user === me.id)
      .map(({ scheduled, ts, text }) => ({
        id: scheduled?.id ?? '',
        channel_id: channel.id,
        post_at: Math.floor(Number(ts)),
        date_created: scheduled?.created ?? 0,
        text,
      })),
  )
  const scheduled = waiting
    .filter(({ post_at }) => post_at >= oldest && post_at <= latest)
    .sort((left, right) => left.post_at - right.post_at)
    .slice(0, Number(given.get('limit') ?? 100))
  return ok({ scheduled_messages: scheduled, response_metadata: { next_cursor: '' } })
}

export function chatDeleteScheduledMessage(asked: Asked): JsonObject {
  const { arguments: given, me, state, now } = asked
  const channel = channelAsked(asked)
  const message = waitingIn(asked, channel.id).find(({ scheduled }) => scheduled?.id === given.get('scheduled_message_id'))
  const tooLate = message !== undefined && Number(message.ts) - now.getTime() / 1000 < lastCallSeconds
  if (message === undefined || message.user !== me.id || tooLate) throw new SlackRefusal('invalid_scheduled_message_id')
  state.delete(`message ${channel.id}`, message.ts)
  return ok()
}

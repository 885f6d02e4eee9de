// The stand-in's reactions: docs.slack.dev/reference/methods/reactions.add and its neighbours.
import type { JsonObject } from 'toolgate/kit'
import { plainMessage } from './messages.ts'
import { SlackRefusal, channelJoined, messageOf, ok, putMessage } from './workspace.ts'
import type { Asked, Channel, Message } from './workspace.ts'

/** Slack knows some 1,900 more. */
const emoji = new Set(
  `+1 -1 thumbsup thumbsdown eyes white_check_mark heavy_check_mark x tada pray clap raised_hands heart fire rocket bug hourglass
  hourglass_flowing_sand warning question exclamation bulb memo pushpin speech_balloon wave ok_hand 100 sob joy smile slightly_smiling_face
  thinking_face facepalm rotating_light no_entry lock unlock key calendar alarm_clock coffee ship construction wrench hammer
  mag mag_right telephone_receiver email chart_with_upwards_trend chart_with_downwards_trend moneybag star sparkles
  arrows_counterclockwise link zap boom snowflake sunny partly_sunny umbrella larkfield`
    .split(/\s+/)
    .filter((name) => name !== ''),
)

export function reactionsAdd(asked: Asked): JsonObject {
  const name = emojiOf(asked)
  const { channel, message } = target(asked)
  if (channel.is_archived) throw new SlackRefusal('is_archived')
  const users = message.reactions.find((reaction) => reaction.name === name)?.users ?? []
  if (users.includes(asked.me.id)) throw new SlackRefusal('already_reacted')
  const others = message.reactions.filter((reaction) => reaction.name !== name)
  putMessage(asked.state, channel.id, { ...message, reactions: [...others, { name, users: [...users, asked.me.id] }] })
  return ok()
}

export function reactionsRemove(asked: Asked): JsonObject {
  const name = emojiOf(asked)
  const { channel, message } = target(asked)
  const users = message.reactions.find((reaction) => reaction.name === name)?.users ?? []
  if (!users.includes(asked.me.id)) throw new SlackRefusal('no_reaction')
  const left = message.reactions.map((reaction) =>
    reaction.name === name ? { name, users: users.filter((user) => user !== asked.me.id) } : reaction,
  )
  putMessage(asked.state, channel.id, { ...message, reactions: left.filter((reaction) => reaction.users.length > 0) })
  return ok()
}

export function reactionsGet(asked: Asked): JsonObject {
  const { channel, message } = target(asked)
  return ok({ type: 'message', channel: channel.id, message: plainMessage(message) })
}

function emojiOf({ arguments: given }: Asked): string {
  const name = given.get('name') ?? ''
  if (!emoji.has(name.replace(/::skin-tone-[2-6]$/, ''))) throw new SlackRefusal('invalid_name')
  return name
}

function target(asked: Asked): { readonly channel: Channel; readonly message: Message } {
  const { arguments: given } = asked
  const timestamp = given.get('timestamp')
  if (timestamp === undefined || !given.has('channel')) throw new SlackRefusal('no_item_specified')
  if (!/^\d{10}\.\d{6}$/.test(timestamp)) throw new SlackRefusal('bad_timestamp')
  const channel = channelJoined(asked)
  const message = messageOf(asked, channel.id, timestamp)
  if (message === undefined) throw new SlackRefusal('message_not_found')
  return { channel, message }
}

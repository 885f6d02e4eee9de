// Says at the top of a channel what it is about.
import { HubError, visibleText, writeTool } from 'toolgate/kit'
import type { Asks, Reads, Writes } from 'toolgate/kit'
import { z } from 'zod'
import { escape } from '../addresses.ts'
import { assertPostable, reachOf, resolveChannel } from '../channels.ts'
import { channelInput } from '../fields.ts'
import type { Slack } from '../slack.ts'
import { plainText, readable } from '../text.ts'
import { settlesMs } from '../traces.ts'

/** docs.slack.dev/reference/methods/conversations.setTopic */
const longest = 250

interface Request {
  readonly [key: string]: string
  readonly channel: string
  readonly topic: string
  readonly before: string
}

export const topicSet = writeTool({
  name: 'topic_set',
  title: 'Slack: set the topic of a channel',
  description:
    'Replaces the topic of a channel that the app is in. It is plain text; a notice of it appears in the channel.',
  scopes: ['channels:manage', 'groups:write', 'channels:read', 'groups:read', 'users:read'],
  class: 'W2',
  verb: 'update',
  default: 'off',
  resolves: ['slack.channel'],
  routes: ['POST /api/conversations.setTopic'],
  changes: ['channel', 'topic'],
  input: z.strictObject({
    channel: channelInput,
    topic: z
      .string()
      .max(longest)
      .regex(/^[^\n]*$/, 'A topic is one line.'),
  }),
  output: z.strictObject({ channel_id: z.string(), topic: z.string() }),
  example: { channel: '#support', topic: 'SUP tickets & phones' },
  async plan({ channel: reference, topic: words }, context: Reads<Slack>) {
    const { vendor, now } = context
    const channel = await resolveChannel(context, reference)
    assertPostable(channel, (await vendor.me()).userId, 'change')
    const topic = escape(visibleText(words).trim())
    if (topic.length > longest)
      throw new HubError('invalid_input', `A topic has at most ${longest} characters as Slack counts them.`)
    const { audience, warnings } = await reachOf(vendor, channel, now)
    const before = channel.topic.toWellFormed()
    const request: Request = { channel: channel.id, topic, before }
    return {
      summary: `Set the topic of ${audience.where}.`,
      effects: [
        {
          verb: 'update' as const,
          target: `slack:channel/${channel.id}`,
          resources: { 'slack.channel': channel.id },
          before: { channel: `#${channel.name}`, topic: before },
          after: { channel: `#${channel.name}`, topic },
        },
      ],
      audience,
      fidelity: 'checked' as const,
      undo: escape(plainText(before)) === before ? ('partial' as const) : ('lossy' as const),
      warnings,
      request,
    }
  },
  async apply({ channel, topic, before }: Request, { vendor }: Writes<Slack>) {
    // Slack has no conditional change: between this look and the change a moment remains.
    if ((await vendor.channel(channel)).topic.toWellFormed() !== before) {
      throw new HubError('conflict', 'The topic has changed since this was planned. Plan again.')
    }
    await vendor.write.setTopic(channel, topic)
    return { channel_id: channel, topic }
  },
  settlesMs,
  async reconcile({ channel, topic, before }: Request, { vendor }: Asks<Slack>) {
    const current = (await vendor.channel(channel)).topic
    if (current === topic && topic !== before)
      return { verdict: 'happened' as const, output: { channel_id: channel, topic } }
    return current === before && topic !== before ? { verdict: 'absent' as const } : { verdict: 'unclear' as const }
  },
  async undo({ request: { channel, topic, before } }, { vendor }: Reads<Slack>) {
    const current = (await vendor.channel(channel)).topic
    if (current !== topic) throw new HubError('conflict', 'Somebody has changed the topic since then.')
    const exact = escape(plainText(before)) === before
    const warnings = [
      'The notices of both changes stay in the channel.',
      ...(exact ? [] : ['Links and mentions in it become plain text.']),
    ]
    const words = exact ? plainText(before) : readable(before)
    return {
      tool: 'topic_set',
      input: { channel, topic: words },
      fidelity: exact ? ('partial' as const) : ('lossy' as const),
      warnings,
    }
  },
})

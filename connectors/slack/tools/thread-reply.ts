// Answers in a thread.
import { HubError, writeTool } from 'toolgate/kit'
import type { Reads, Writes } from 'toolgate/kit'
import { z } from 'zod'
import { assertPostable, reachOf, resolveChannel } from '../channels.ts'
import { channelInput, permalink, textInput, timestampInput } from '../fields.ts'
import type { Slack } from '../slack.ts'
import { shorten } from '../text.ts'
import { compose, composedFields, findMessage } from '../writing.ts'

const input = z.strictObject({
  channel: channelInput,
  thread_ts: timestampInput.describe("The timestamp of the thread's first message"),
  text: textInput,
})
const output = z.strictObject({ channel_id: z.string(), thread_ts: z.string(), ts: z.string(), permalink: z.string() })

export const threadReply = writeTool({
  name: 'thread_reply',
  title: 'Slack: reply in a thread',
  description:
    'Replies to a message of a channel in its thread, as the app; the reply is never also sent to the channel. Links show no preview.',
  scopes: ['chat:write', 'channels:read', 'channels:history', 'groups:read', 'groups:history', 'users:read'],
  class: 'W2',
  verb: 'send',
  default: 'on',
  resolves: ['slack.channel'],
  routes: ['POST /api/chat.postMessage'],
  changes: ['channel', 'thread_ts', 'reply_to', 'text', 'mentions', 'links'],
  input,
  output,
  example: { channel: '#support', thread_ts: '1761555600.000100', text: 'Thanks, I will keep to this.' },
  async plan({ channel: reference, thread_ts, text }, context: Reads<Slack>) {
    const { vendor, now } = context
    const channel = await resolveChannel(vendor, reference)
    const me = await vendor.me()
    assertPostable(channel, me.userId, 'reply')
    const parent = await findMessage(vendor, channel, thread_ts)
    if (parent.threadTs !== undefined && parent.threadTs !== parent.ts) {
      throw new HubError(
        'invalid_input',
        `This message is itself a reply. Its thread begins at ${parent.threadTs}: reply there.`,
      )
    }
    const composed = await compose(text, context)
    const reach = await reachOf(vendor, channel, now, { mentioned: composed.mentioned })
    return {
      summary: `Reply in a thread of ${reach.audience.where}.`,
      effects: [
        {
          verb: 'send' as const,
          target: `slack:message/${channel.id}/${thread_ts}`,
          resources: { 'slack.channel': channel.id },
          before: {},
          after: {
            channel: `#${channel.name}`,
            thread_ts,
            reply_to: shorten(parent.text, 200).text,
            ...composedFields(composed),
          },
        },
      ],
      audience: reach.audience,
      fidelity: 'checked' as const,
      undo: 'partial' as const,
      warnings: [...reach.warnings, ...composed.warnings],
      request: { workspace: me.url, message: reply(channel.id, thread_ts, composed.text) },
    }
  },
  async apply(
    { workspace, message }: { readonly workspace: string; readonly message: ReturnType<typeof reply> },
    { vendor, operationId }: Writes<Slack>,
  ) {
    const { channel, ts } = await vendor.send(message, operationId)
    return {
      channel_id: channel,
      thread_ts: message.thread_ts,
      ts,
      permalink: permalink(workspace, channel, ts, message.thread_ts),
    }
  },
})

function reply(channel: string, thread_ts: string, text: string) {
  return { channel, text, thread_ts, unfurl_links: false, unfurl_media: false } as const
}

// Posts a message to a channel.
import { writeTool } from 'toolgate/kit'
import type { Reads, Writes } from 'toolgate/kit'
import { z } from 'zod'
import { assertPostable, reachOf, resolveChannel } from '../channels.ts'
import { channelInput, permalink, textInput } from '../fields.ts'
import type { Slack } from '../slack.ts'
import { compose, composedFields } from '../writing.ts'

const input = z.strictObject({
  channel: channelInput,
  text: textInput,
  mass_mention: z
    .enum(['channel', 'here'])
    .optional()
    .describe('Notifies everybody in the channel, or everybody who is active. Nothing in the text can.'),
})
const output = z.strictObject({ channel_id: z.string(), ts: z.string(), permalink: z.string() })

export const messageSend = writeTool({
  name: 'message_send',
  title: 'Slack: send a message',
  description:
    'Posts a message to a channel that the app is in, as the app. Links show no preview. It cannot write direct messages; thread_reply answers in a thread.',
  scopes: ['chat:write', 'channels:read', 'groups:read', 'users:read'],
  class: 'W2',
  verb: 'send',
  default: 'on',
  resolves: ['slack.channel'],
  routes: ['POST /api/chat.postMessage'],
  changes: ['channel', 'text', 'mentions', 'links', 'mass_mention'],
  input,
  output,
  example: { channel: '#support', text: 'SUP-1 is **fixed**: Brightwater’s calendar is right again.' },
  async plan({ channel: reference, text, mass_mention }, context: Reads<Slack>) {
    const { vendor, now } = context
    const channel = await resolveChannel(vendor, reference)
    const me = await vendor.me()
    assertPostable(channel, me.userId, 'message')
    const composed = await compose(text, context, mass_mention)
    const { mentioned } = composed
    const reach = await reachOf(vendor, channel, now, { massMention: mass_mention !== undefined, mentioned })
    const where = { 'slack.channel': channel.id }
    const after = { channel: `#${channel.name}`, ...composedFields(composed) }
    return {
      summary: `Send a message to ${reach.audience.where}.`,
      effects: [
        {
          verb: 'send' as const,
          target: `slack:channel/${channel.id}`,
          resources: where,
          before: {},
          after: mass_mention === undefined ? after : { ...after, mass_mention },
        },
      ],
      audience: reach.audience,
      fidelity: 'checked' as const,
      // It can be deleted, but who has read it has read it.
      undo: 'partial' as const,
      warnings: [...reach.warnings, ...composed.warnings],
      request: { workspace: me.url, message: outgoing(channel.id, composed.text) },
    }
  },
  async apply(
    { workspace, message }: { readonly workspace: string; readonly message: ReturnType<typeof outgoing> },
    { vendor, operationId }: Writes<Slack>,
  ) {
    const { channel, ts } = await vendor.send(message, operationId)
    return { channel_id: channel, ts, permalink: permalink(workspace, channel, ts) }
  },
})

function outgoing(channel: string, text: string) {
  return { channel, text, unfurl_links: false, unfurl_media: false } as const
}

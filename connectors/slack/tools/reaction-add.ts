// Reacts to a message with an emoji.
import { writeTool } from 'toolgate/kit'
import type { Reads, Writes } from 'toolgate/kit'
import { z } from 'zod'
import { assertPostable, reachOf, resolveChannel } from '../channels.ts'
import { channelInput, timestampInput } from '../fields.ts'
import type { Slack } from '../slack.ts'
import { shorten } from '../text.ts'
import { findMessage } from '../writing.ts'

const input = z.strictObject({
  channel: channelInput,
  ts: timestampInput,
  emoji: z
    .string()
    .regex(/^[a-z0-9_+'-]{1,100}(?:::skin-tone-[2-6])?$/, 'Give the name of an emoji without colons, such as eyes.')
    .describe('Name without colons: white_check_mark'),
})
const output = z.strictObject({ channel_id: z.string(), ts: z.string(), emoji: z.string(), note: z.string().optional() })

export const reactionAdd = writeTool({
  name: 'reaction_add',
  title: 'Slack: react to a message',
  description:
    'Adds an emoji reaction of the app to a message. Where the app already has this reaction there, nothing changes.',
  scopes: ['reactions:write', 'channels:read', 'channels:history', 'groups:read', 'groups:history', 'users:read'],
  class: 'W1',
  verb: 'create',
  default: 'on',
  resolves: ['slack.channel'],
  routes: ['POST /api/reactions.add'],
  changes: ['channel', 'message', 'reaction'],
  input,
  output,
  example: { channel: '#support', ts: '1761555600.000100', emoji: 'eyes' },
  async plan({ channel: reference, ts, emoji }, { vendor, now }: Reads<Slack>) {
    const channel = await resolveChannel(vendor, reference)
    const me = await vendor.me()
    assertPostable(channel, me.userId, 'reaction')
    const message = await findMessage(vendor, channel, ts)
    const reach = await reachOf(vendor, channel, now)
    return {
      summary: `React with :${emoji}: to a message in ${reach.audience.where}.`,
      effects: [
        {
          verb: 'create' as const,
          target: `slack:message/${channel.id}/${ts}`,
          resources: { 'slack.channel': channel.id },
          before: {},
          after: { channel: `#${channel.name}`, message: shorten(message.text, 200).text, reaction: emoji },
        },
      ],
      audience: reach.audience,
      fidelity: 'checked' as const,
      undo: 'exact' as const,
      warnings: reach.warnings,
      request: { channel: channel.id, ts, emoji },
    }
  },
  async apply(
    { channel, ts, emoji }: { readonly channel: string; readonly ts: string; readonly emoji: string },
    { vendor }: Writes<Slack>,
  ) {
    const result = await vendor.react({ channel, ts, emoji })
    const done = { channel_id: channel, ts, emoji }
    return result === 'added' ? done : { ...done, note: 'The app had already reacted with this emoji; nothing changed.' }
  },
})

// Archives a channel.
import { writeTool } from 'toolgate/kit'
import type { Asks, Reads, Writes } from 'toolgate/kit'
import { z } from 'zod'
import { assertPostable, reachOf, resolveChannel } from '../channels.ts'
import { channelInput } from '../fields.ts'
import type { Slack } from '../slack.ts'
import { settlesMs } from '../traces.ts'

interface Request {
  readonly [key: string]: string
  readonly channel: string
}

export const channelArchive = writeTool({
  name: 'channel_archive',
  title: 'Slack: archive a channel',
  description: 'Archives a channel that the app is in: nobody can write there any more. Only a person can open it again.',
  scopes: ['channels:manage', 'groups:write', 'channels:read', 'groups:read', 'users:read'],
  class: 'D',
  verb: 'update',
  default: 'off',
  resolves: ['slack.channel'],
  routes: ['POST /api/conversations.archive'],
  changes: ['channel', 'archived'],
  input: z.strictObject({ channel: channelInput }),
  output: z.strictObject({ channel_id: z.string(), archived: z.literal(true) }),
  example: { channel: '#calder-rollout' },
  async plan({ channel: reference }, context: Reads<Slack>) {
    const { vendor, now } = context
    const channel = await resolveChannel(context, reference)
    assertPostable(channel, (await vendor.me()).userId, 'change')
    const { audience, warnings } = await reachOf(vendor, channel, now)
    const request: Request = { channel: channel.id }
    return {
      summary: `Archive ${audience.where}.`,
      effects: [
        {
          verb: 'update' as const,
          target: `slack:channel/${channel.id}`,
          resources: { 'slack.channel': channel.id },
          before: { channel: `#${channel.name}`, archived: false },
          after: { channel: `#${channel.name}`, archived: true },
        },
      ],
      audience,
      fidelity: 'checked' as const,
      // A bot cannot open it again: docs.slack.dev/reference/methods/conversations.unarchive
      undo: 'none' as const,
      warnings,
      request,
    }
  },
  async apply({ channel }: Request, { vendor }: Writes<Slack>) {
    await vendor.write.archive(channel)
    return { channel_id: channel, archived: true as const }
  },
  settlesMs,
  async reconcile({ channel }: Request, { vendor }: Asks<Slack>) {
    const { isArchived } = await vendor.channel(channel)
    if (!isArchived) return { verdict: 'absent' as const }
    return { verdict: 'happened' as const, output: { channel_id: channel, archived: true as const } }
  },
})

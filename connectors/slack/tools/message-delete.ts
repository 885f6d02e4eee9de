// Deletes a message of the app's own.
import { HubError, visibleText, writeTool } from 'toolgate/kit'
import type { Reads, Writes } from 'toolgate/kit'
import { z } from 'zod'
import { assertPostable, reachOf, resolveChannel } from '../channels.ts'
import { channelInput, timestampInput } from '../fields.ts'
import type { Slack } from '../slack.ts'
import { assertOwn, findMessage, revisionOf } from '../writing.ts'

interface Request {
  readonly [key: string]: string
  readonly channel: string
  readonly ts: string
  readonly rev: string
}

export const messageDelete = writeTool({
  name: 'message_delete',
  title: 'Slack: delete a message',
  description: 'Deletes a message that the app itself sent. It cannot be brought back, only sent anew.',
  scopes: ['chat:write', 'channels:read', 'channels:history', 'groups:read', 'groups:history', 'users:read'],
  class: 'D',
  verb: 'delete',
  default: 'off',
  resolves: ['slack.channel'],
  routes: ['POST /api/chat.delete'],
  changes: ['channel', 'text', 'replies'],
  input: z.strictObject({ channel: channelInput, ts: timestampInput }),
  output: z.strictObject({ channel_id: z.string(), ts: z.string(), deleted: z.literal(true) }),
  example: { channel: '#support', ts: '1761555900.000300' },
  async plan({ channel: reference, ts }, { vendor, now }: Reads<Slack>) {
    const channel = await resolveChannel(vendor, reference)
    const me = await vendor.me()
    assertPostable(channel, me.userId, 'change')
    const message = await findMessage(vendor, channel, ts)
    assertOwn(message, me, 'deleted')
    const reach = await reachOf(vendor, channel, now)
    const rev = revisionOf(message)
    const request: Request = { channel: channel.id, ts, rev }
    const replies = message.replies > 0 ? [`It has ${message.replies} replies, which stay.`] : []
    return {
      summary: `Delete the app's own message in ${reach.audience.where}.`,
      effects: [
        {
          verb: 'delete' as const,
          target: `slack:message/${channel.id}/${ts}`,
          resources: { 'slack.channel': channel.id },
          before: { channel: `#${channel.name}`, text: visibleText(message.mrkdwn), replies: message.replies },
          after: {},
        },
      ],
      audience: reach.audience,
      rev,
      fidelity: 'checked' as const,
      // Sent anew it is another message, later, with nobody's reactions.
      undo: 'lossy' as const,
      warnings: [...reach.warnings, ...replies],
      request,
    }
  },
  async apply({ channel, ts, rev }: Request, { vendor }: Writes<Slack>) {
    const current = await vendor.message(channel, ts)
    if (current === undefined || revisionOf(current) !== rev) {
      throw new HubError('conflict', 'The message has changed since this was planned. Plan again.')
    }
    await vendor.remove({ channel, ts })
    return { channel_id: channel, ts, deleted: true as const }
  },
})

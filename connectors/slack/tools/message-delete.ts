// Deletes a message of the app's own.
import { HubError, visibleText, writeTool } from 'toolgate/kit'
import type { Asks, Reads, Writes } from 'toolgate/kit'
import { z } from 'zod'
import { assertPostable, nameOf, reachOf, resolveConversation } from '../channels.ts'
import { conversationInput, timestampInput } from '../fields.ts'
import type { Slack } from '../slack.ts'
import { again, isGone } from '../own.ts'
import { settlesMs } from '../traces.ts'
import { assertOwn, findMessage, revisionOf } from '../writing.ts'

interface Request {
  readonly [key: string]: string
  readonly channel: string
  readonly ts: string
  readonly rev: string
  /** What Slack keeps until then, character by character: for the undo. */
  readonly before: string
  /** Where it is a reply: its thread. Else empty. */
  readonly thread: string
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
  input: z.strictObject({ channel: conversationInput, ts: timestampInput }),
  output: z.strictObject({ channel_id: z.string(), ts: z.string(), deleted: z.literal(true) }),
  example: { channel: '#support', ts: '1761555900.000300' },
  async plan({ channel: reference, ts }, context: Reads<Slack>) {
    const { vendor, now } = context
    const channel = await resolveConversation(context, reference)
    const me = await vendor.me()
    assertPostable(channel, me.userId, 'change')
    const message = await findMessage(vendor, channel, ts)
    assertOwn(message, me, 'deleted')
    const reach = await reachOf(vendor, channel, now)
    const rev = revisionOf(message)
    const thread = message.threadTs === undefined || message.threadTs === ts ? '' : message.threadTs
    const request: Request = { channel: channel.id, ts, rev, before: message.mrkdwn.toWellFormed(), thread }
    const replies = message.replies > 0 ? [`It has ${message.replies} replies, which stay.`] : []
    const files =
      message.files.length > 0 ? ['The files that were shared with it are not deleted (file_delete does that).'] : []
    return {
      summary: `Delete the app's own message in ${reach.audience.where}.`,
      effects: [
        {
          verb: 'delete' as const,
          target: `slack:message/${channel.id}/${ts}`,
          resources: { 'slack.channel': channel.id },
          before: { channel: nameOf(channel), text: visibleText(message.mrkdwn), replies: message.replies },
          after: {},
        },
      ],
      audience: reach.audience,
      rev,
      fidelity: 'checked' as const,
      // Sent anew it is another message, later, with nobody's reactions.
      undo: 'lossy' as const,
      warnings: [...reach.warnings, ...replies, ...files],
      request,
    }
  },
  async apply({ channel, ts, rev }: Request, { vendor }: Writes<Slack>) {
    const current = await vendor.message(channel, ts)
    if (current === undefined || revisionOf(current) !== rev) {
      throw new HubError('conflict', 'The message has changed since this was planned. Plan again.')
    }
    await vendor.write.remove({ channel, ts })
    return { channel_id: channel, ts, deleted: true as const }
  },
  settlesMs,
  async reconcile({ channel, ts, rev }: Request, { vendor }: Asks<Slack>) {
    const current = await vendor.message(channel, ts)
    if (current === undefined || isGone(current)) {
      return { verdict: 'happened' as const, output: { channel_id: channel, ts, deleted: true as const } }
    }
    return revisionOf(current) === rev ? { verdict: 'absent' as const } : { verdict: 'unclear' as const }
  },
  async undo({ request: { channel, ts, before, thread } }, { vendor }: Reads<Slack>) {
    const current = await vendor.message(channel, ts)
    if (current !== undefined && !isGone(current)) throw new HubError('conflict', 'The message is there.')
    if (channel.startsWith('D')) throw new HubError('refused', 'What was said in a direct conversation is not said again.')
    const { text, warnings } = again(before)
    const said = [
      'It becomes a new message, at a later time, without the reactions, replies and files of the old one.',
      ...warnings,
    ]
    if (thread === '') return { tool: 'message_send', input: { channel, text }, fidelity: 'lossy' as const, warnings: said }
    return { tool: 'thread_reply', input: { channel, thread_ts: thread, text }, fidelity: 'lossy' as const, warnings: said }
  },
})

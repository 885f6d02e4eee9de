// Answers in a thread.
import { HubError, writeTool } from 'toolgate/kit'
import type { Asks, Reads, Writes } from 'toolgate/kit'
import { z } from 'zod'
import { assertPostable, reachOf, resolveChannel } from '../channels.ts'
import { channelInput, permalink, textInput, timestampInput } from '../fields.ts'
import type { Slack } from '../slack.ts'
import { shorten } from '../text.ts'
import { deleting } from '../own.ts'
import { findSent, settlesMs } from '../traces.ts'
import type { Found } from '../traces.ts'
import { compose, composedFields, findMessage, outgoing, previewFields, revisionKept } from '../writing.ts'

const input = z.strictObject({
  channel: channelInput,
  thread_ts: timestampInput.describe("The timestamp of the thread's first message"),
  text: textInput,
})
const output = z.strictObject({
  channel_id: z.string(),
  thread_ts: z.string(),
  ts: z.string(),
  permalink: z.string(),
  rev: z.string(),
})

type Reply = ReturnType<typeof outgoing> & { readonly thread_ts: string }

interface Request {
  readonly [key: string]: string | Reply
  readonly workspace: string
  readonly message: Reply
}

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
  changes: ['channel', 'thread_ts', 'reply_to', 'text', 'mentions', 'links', 'previews'],
  input,
  output,
  example: { channel: '#support', thread_ts: '1761555600.000100', text: 'Thanks, I will keep to this.' },
  async plan({ channel: reference, thread_ts, text }, context: Reads<Slack>) {
    const { vendor, now } = context
    const channel = await resolveChannel(context, reference)
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
    const request: Request = {
      workspace: me.url,
      message: { ...outgoing(vendor.settings, channel.id, composed.text), thread_ts },
    }
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
            ...previewFields(vendor.settings),
          },
        },
      ],
      audience: reach.audience,
      fidelity: 'checked' as const,
      undo: 'partial' as const,
      warnings: [...reach.warnings, ...composed.warnings],
      request,
    }
  },
  async apply({ workspace, message }: Request, { vendor, operationId }: Writes<Slack>) {
    const { ts, text } = await vendor.write.send(message, operationId)
    return outputOf(workspace, message, { ts, rev: revisionKept(text, message.text) })
  },
  settlesMs,
  async reconcile({ workspace, message }: Request, context: Asks<Slack>) {
    const { verdict, output: sent } = { output: undefined, ...(await findSent(context, message)) }
    return { verdict, output: sent && outputOf(workspace, message, sent) }
  },
  undo: ({ output: done }, { vendor }: Reads<Slack>) =>
    deleting(vendor, done && { channel: done.channel_id, ts: done.ts, rev: done.rev }),
})

function outputOf(workspace: string, { channel, thread_ts }: Request['message'], { ts, rev }: Found) {
  return { channel_id: channel, thread_ts, ts, permalink: permalink(workspace, channel, ts, thread_ts), rev }
}

// Posts a message to a channel.
import { HubError, writeTool } from 'toolgate/kit'
import type { Asks, Reads, Writes } from 'toolgate/kit'
import { z } from 'zod'
import { assertPostable, reachOf, resolveChannel } from '../channels.ts'
import { channelInput, permalink, textInput } from '../fields.ts'
import type { Slack } from '../slack.ts'
import { deleting } from '../own.ts'
import { findScheduled, unscheduling } from '../scheduling.ts'
import { findSent, settlesMs } from '../traces.ts'
import { compose, composedFields, outgoing, previewFields, revisionKept } from '../writing.ts'

const input = z.strictObject({
  channel: channelInput,
  text: textInput,
  mass_mention: z
    .enum(['channel', 'here'])
    .optional()
    .describe('Notifies everybody in the channel, or everybody who is active. Nothing in the text can.'),
  hold_seconds: z
    .number()
    .int()
    .min(120)
    .max(86_400)
    .optional()
    .describe('Posts it only after so long. Until a minute before, an undo leaves no trace.'),
})
const output = z.strictObject({
  channel_id: z.string(),
  ts: z.string().optional(),
  permalink: z.string().optional(),
  rev: z.string().optional(),
  /** In place of these while it is held. */
  scheduled_message_id: z.string().optional(),
  post_at: z.string().optional(),
})

interface Request {
  readonly [key: string]: string | ReturnType<typeof outgoing> | number
  readonly workspace: string
  readonly message: ReturnType<typeof outgoing>
  /** 0 where it is posted at once. */
  readonly holdSeconds: number
}

export const messageSend = writeTool({
  name: 'message_send',
  title: 'Slack: send a message',
  description:
    'Posts a message to a channel that the app is in, as the app. Links show no preview. It cannot write direct messages; thread_reply answers in a thread.',
  scopes: ['chat:write', 'channels:read', 'channels:history', 'groups:read', 'groups:history', 'users:read'],
  class: 'W2',
  verb: 'send',
  default: 'on',
  resolves: ['slack.channel'],
  routes: ['POST /api/chat.postMessage', 'POST /api/chat.scheduleMessage'],
  changes: ['channel', 'text', 'mentions', 'links', 'previews', 'mass_mention', 'hold_seconds'],
  input,
  output,
  example: { channel: '#support', text: 'SUP-1 is **fixed**: Brightwater’s calendar is right again.' },
  async plan({ channel: reference, text, mass_mention, hold_seconds = 0 }, context: Reads<Slack>) {
    const { vendor, now } = context
    const channel = await resolveChannel(context, reference)
    const me = await vendor.me()
    assertPostable(channel, me.userId, 'message')
    const composed = await compose(text, context, mass_mention)
    const { mentioned } = composed
    const reach = await reachOf(vendor, channel, now, { massMention: mass_mention !== undefined, mentioned })
    const held = hold_seconds > 0 ? { hold_seconds } : {}
    const after = { channel: `#${channel.name}`, ...composedFields(composed), ...previewFields(vendor.settings), ...held }
    const request: Request = {
      workspace: me.url,
      message: outgoing(vendor.settings, channel.id, composed.text),
      holdSeconds: hold_seconds,
    }
    return {
      summary: `Send a message to ${reach.audience.where}${hold_seconds > 0 ? `, ${hold_seconds} seconds later` : ''}.`,
      effects: [
        {
          verb: 'send' as const,
          target: `slack:channel/${channel.id}`,
          resources: { 'slack.channel': channel.id },
          before: {},
          after: mass_mention === undefined ? after : { ...after, mass_mention },
        },
      ],
      audience: reach.audience,
      fidelity: 'checked' as const,
      // It can be deleted, but who has read it has read it. What is still held nobody has read.
      undo: hold_seconds > 0 ? ('exact' as const) : ('partial' as const),
      warnings: [...reach.warnings, ...composed.warnings],
      request,
    }
  },
  async apply({ workspace, message, holdSeconds }: Request, { vendor, operationId, now }: Writes<Slack>) {
    if (holdSeconds > 0) {
      const postAt = Math.ceil(now.getTime() / 1000) + holdSeconds
      const { channel, id } = await vendor.write.schedule(message, postAt)
      return heldOutput(channel, id, postAt)
    }
    const { channel, ts, text } = await vendor.write.send(message, operationId)
    return sentOutput(workspace, channel, { ts, rev: revisionKept(text, message.text) })
  },
  settlesMs,
  async reconcile({ workspace, message, holdSeconds }: Request, context: Asks<Slack>) {
    if (holdSeconds === 0) {
      const { verdict, output: sent } = { output: undefined, ...(await findSent(context, message)) }
      return { verdict, output: sent && sentOutput(workspace, message.channel, sent) }
    }
    const { verdict, output: held } = {
      output: undefined,
      ...(await findScheduled(context, message, { after: holdSeconds })),
    }
    return { verdict, output: held && heldOutput(held.channel, held.id, held.postAt) }
  },
  async undo({ request: { message }, output: done }, { vendor, now }: Reads<Slack>) {
    const { channel_id: channel, ts, rev, scheduled_message_id: id, post_at } = done ?? {}
    if (id !== undefined && post_at !== undefined) {
      return await unscheduling(vendor, message, { id, postAt: Date.parse(post_at) / 1000 }, now)
    }
    if (channel === undefined || ts === undefined || rev === undefined) {
      throw new HubError('refused', 'It is not known which message this was. Look for it in the channel.')
    }
    return await deleting(vendor, { channel, ts, rev })
  },
})

function sentOutput(workspace: string, channel: string, { ts, rev }: { readonly ts: string; readonly rev: string }) {
  return { channel_id: channel, ts, permalink: permalink(workspace, channel, ts), rev }
}

function heldOutput(channel: string, id: string, postAt: number) {
  return { channel_id: channel, scheduled_message_id: id, post_at: new Date(postAt * 1000).toISOString() }
}

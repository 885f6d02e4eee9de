// Has a message posted at a later time.
import { HubError, writeTool } from 'toolgate/kit'
import type { Asks, Reads, Writes } from 'toolgate/kit'
import { z } from 'zod'
import { assertPostable, reachOf, resolveChannel } from '../channels.ts'
import { channelInput, textInput } from '../fields.ts'
import { assertFuture, assertNoTwin, findScheduled, lastCallSeconds, unscheduling } from '../scheduling.ts'
import type { Slack } from '../slack.ts'
import { settlesMs } from '../traces.ts'
import { compose, composedFields, outgoing, previewFields } from '../writing.ts'

const input = z.strictObject({
  channel: channelInput,
  text: textInput,
  post_at: z.iso.datetime({ offset: true }).optional().describe('When, at most 120 days ahead: 2026-11-22T09:00:00Z'),
  in_minutes: z
    .number()
    .int()
    .min(2)
    .max(172_800)
    .optional()
    .describe('In place of post_at: so long after it is carried out'),
})
const output = z.strictObject({ channel_id: z.string(), scheduled_message_id: z.string(), post_at: z.string() })

interface Request {
  readonly [key: string]: number | Message
  readonly message: Message
  /** In seconds; 0 where `after` says when. */
  readonly at: number
  readonly after: number
}

type Message = ReturnType<typeof outgoing>

export const msgSchedule = writeTool({
  name: 'msg_schedule',
  title: 'Slack: schedule a message',
  description:
    'Has a message posted to a channel at a later time, as the app. Until a minute before, msg_unschedule takes it back. Slack cannot change it in between.',
  scopes: ['chat:write', 'channels:read', 'channels:history', 'groups:read', 'groups:history', 'users:read'],
  class: 'W2',
  verb: 'send',
  default: 'on',
  resolves: ['slack.channel'],
  routes: ['POST /api/chat.scheduleMessage'],
  changes: ['channel', 'text', 'mentions', 'links', 'previews', 'post_at'],
  input,
  output,
  example: { channel: '#support', text: 'Reminder: the rota changes today.', in_minutes: 90 },
  async plan({ channel: reference, text, ...time }, context: Reads<Slack>) {
    const { vendor, now } = context
    const channel = await resolveChannel(context, reference)
    const me = await vendor.me()
    assertPostable(channel, me.userId, 'message')
    const due = dueOf(time, now)
    const composed = await compose(text, context)
    const message = outgoing(vendor.settings, channel.id, composed.text)
    if (due.at > 0) await assertNoTwin(vendor, message, due.at)
    const reach = await reachOf(vendor, channel, now, { mentioned: composed.mentioned })
    const when = due.at > 0 ? timeOf(due.at) : `${due.after / 60} minutes after it is carried out`
    const request: Request = { message, ...due }
    return {
      summary: `Have a message posted to ${reach.audience.where}: ${when}.`,
      effects: [
        {
          verb: 'send' as const,
          target: `slack:channel/${channel.id}`,
          resources: { 'slack.channel': channel.id },
          before: {},
          after: {
            channel: `#${channel.name}`,
            ...composedFields(composed),
            ...previewFields(vendor.settings),
            post_at: when,
          },
        },
      ],
      audience: reach.audience,
      fidelity: 'checked' as const,
      undo: 'exact' as const,
      warnings: [...reach.warnings, ...composed.warnings],
      request,
    }
  },
  async apply({ message, at, after }: Request, { vendor, now }: Writes<Slack>) {
    const postAt = at > 0 ? at : Math.ceil(now.getTime() / 1000) + after
    if (postAt - now.getTime() / 1000 <= lastCallSeconds) {
      throw new HubError('conflict', 'The time to post at has come while this waited. Plan again with a later one.')
    }
    await assertNoTwin(vendor, message, postAt)
    const { channel, id } = await vendor.write.schedule(message, postAt)
    return outputOf(channel, id, postAt)
  },
  settlesMs,
  async reconcile({ message, at, after }: Request, context: Asks<Slack>) {
    const evidence = await findScheduled(context, message, at > 0 ? { at } : { after })
    const { verdict, output: found } = { output: undefined, ...evidence }
    return { verdict, output: found && outputOf(found.channel, found.id, found.postAt) }
  },
  async undo({ request: { message }, output: done }, { vendor, now }: Reads<Slack>) {
    if (done === undefined)
      throw new HubError('refused', 'It is not known which message this was. Look for it in the channel.')
    const { scheduled_message_id: id, post_at } = done
    return await unscheduling(vendor, message, { id, postAt: Date.parse(post_at) / 1000 }, now)
  },
})

function dueOf({ post_at, in_minutes }: Pick<z.output<typeof input>, 'post_at' | 'in_minutes'>, now: Date) {
  if ((post_at === undefined) === (in_minutes === undefined)) {
    throw new HubError('invalid_input', 'Give either post_at or in_minutes.')
  }
  if (post_at === undefined) return { at: 0, after: (in_minutes ?? 0) * 60 }
  const at = Math.floor(Date.parse(post_at) / 1000)
  assertFuture(at, now)
  return { at, after: 0 }
}

function outputOf(channel: string, id: string, postAt: number) {
  return { channel_id: channel, scheduled_message_id: id, post_at: timeOf(postAt) }
}

function timeOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString()
}

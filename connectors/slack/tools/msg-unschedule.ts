// Takes back a message that was to be posted later.
import { HubError, visibleText, writeTool } from 'toolgate/kit'
import type { Asks, Reads, Writes } from 'toolgate/kit'
import { z } from 'zod'
import { reachOf, resolveChannel } from '../channels.ts'
import { channelInput } from '../fields.ts'
import { again } from '../own.ts'
import { lastCallSeconds } from '../scheduling.ts'
import type { Slack, SlackReads } from '../slack.ts'
import { settlesMs } from '../traces.ts'

interface Request {
  readonly [key: string]: string | number
  readonly channel: string
  readonly id: string
  readonly text: string
  readonly postAt: number
}

export const msgUnschedule = writeTool({
  name: 'msg_unschedule',
  title: 'Slack: take back a scheduled message',
  description:
    'Takes back a message of the app that msg_schedule or hold_seconds has scheduled, until a minute before it is posted.',
  scopes: ['chat:write', 'channels:read', 'groups:read', 'users:read'],
  class: 'W1',
  verb: 'delete',
  default: 'on',
  resolves: ['slack.channel'],
  routes: ['POST /api/chat.deleteScheduledMessage'],
  changes: ['channel', 'text', 'post_at'],
  input: z.strictObject({
    channel: channelInput,
    scheduled_message_id: z
      .string()
      .regex(/^[A-Z0-9]{5,24}$/, 'Give the id that scheduling the message gave, such as Q1298393284.'),
  }),
  output: z.strictObject({ channel_id: z.string(), scheduled_message_id: z.string(), unscheduled: z.literal(true) }),
  example: { channel: '#support', scheduled_message_id: 'Q0HOLIDAYS01' },
  async plan({ channel: reference, scheduled_message_id: id }, context: Reads<Slack>) {
    const { vendor, now } = context
    const channel = await resolveChannel(context, reference)
    const message = await findWaiting(vendor, channel.id, id)
    if (message === undefined) {
      throw new HubError(
        'not_found',
        `No scheduled message of the app in #${channel.name} has this id: it was posted or taken back.`,
      )
    }
    if (message.postAt - now.getTime() / 1000 <= lastCallSeconds) {
      throw new HubError('refused', 'It is posted within the minute, in which Slack takes nothing back.')
    }
    const { audience, warnings } = await reachOf(vendor, channel, now)
    const at = new Date(message.postAt * 1000).toISOString()
    const request: Request = { channel: channel.id, id, text: message.mrkdwn.toWellFormed(), postAt: message.postAt }
    return {
      summary: `Take back the message that is scheduled for ${audience.where}, at ${at}.`,
      effects: [
        {
          verb: 'delete' as const,
          target: `slack:scheduled/${channel.id}/${id}`,
          resources: { 'slack.channel': channel.id },
          before: { channel: `#${channel.name}`, text: visibleText(message.mrkdwn), post_at: at },
          after: {},
        },
      ],
      audience,
      fidelity: 'checked' as const,
      undo: again(message.mrkdwn).exact ? ('partial' as const) : ('lossy' as const),
      warnings,
      request,
    }
  },
  async apply({ channel, id }: Request, { vendor }: Writes<Slack>) {
    await vendor.write.unschedule({ channel, id })
    return { channel_id: channel, scheduled_message_id: id, unscheduled: true as const }
  },
  settlesMs,
  async reconcile({ channel, id, postAt }: Request, { vendor, now }: Asks<Slack>) {
    if ((await findWaiting(vendor, channel, id)) !== undefined) return { verdict: 'absent' as const }
    // Once its time has come, it may as well have been posted.
    if (now.getTime() / 1000 >= postAt) return { verdict: 'unclear' as const }
    const output = { channel_id: channel, scheduled_message_id: id, unscheduled: true as const }
    return { verdict: 'happened' as const, output }
  },
  async undo({ request: { channel, text: before, postAt } }, { now }: Reads<Slack>) {
    if (postAt - now.getTime() / 1000 <= lastCallSeconds) {
      throw new HubError('conflict', 'The time at which it was to be posted has come. Send it anew, if it is still wanted.')
    }
    const { text, exact, warnings } = again(before)
    const input = { channel, text, post_at: new Date(postAt * 1000).toISOString() }
    const fidelity = exact ? ('partial' as const) : ('lossy' as const)
    return { tool: 'msg_schedule', input, fidelity, warnings: ['The scheduled message gets a new id.', ...warnings] }
  },
})

async function findWaiting(slack: SlackReads, channel: string, id: string) {
  return (await slack.scheduled({ channel })).find((message) => message.id === id)
}

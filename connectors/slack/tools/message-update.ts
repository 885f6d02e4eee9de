// Changes the text of a message of the app's own.
import { HubError, visibleText, writeTool } from 'toolgate/kit'
import type { Asks, Reads, Writes } from 'toolgate/kit'
import { z } from 'zod'
import type { Message } from '../answers.ts'
import { assertPostable, reachOf, resolveChannel } from '../channels.ts'
import { channelInput, permalink, textInput, timestampInput } from '../fields.ts'
import type { Slack } from '../slack.ts'
import { again, unchanged } from '../own.ts'
import { settlesMs } from '../traces.ts'
import { assertOwn, compose, composedFields, findMessage, revisionKept, revisionOf } from '../writing.ts'

const input = z.strictObject({ channel: channelInput, ts: timestampInput, text: textInput })
const output = z.strictObject({ channel_id: z.string(), ts: z.string(), permalink: z.string(), rev: z.string() })

interface Request {
  readonly [key: string]: string
  readonly workspace: string
  readonly channel: string
  readonly ts: string
  readonly text: string
  readonly rev: string
  /** What Slack keeps until then, character by character: for the undo. */
  readonly before: string
}

export const messageUpdate = writeTool({
  name: 'message_update',
  title: 'Slack: change a message',
  description:
    'Replaces the text of a message that the app itself sent. Nobody is notified; Slack marks it as edited. Refused when the message has changed since it was planned.',
  scopes: ['chat:write', 'channels:read', 'channels:history', 'groups:read', 'groups:history', 'users:read'],
  class: 'W1',
  verb: 'update',
  default: 'on',
  resolves: ['slack.channel'],
  routes: ['POST /api/chat.update'],
  changes: ['channel', 'text', 'mentions', 'links'],
  input,
  output,
  example: {
    channel: '#support',
    ts: '1761555900.000300',
    text: 'I follow the rules of this channel. Ask me about a ticket by its key.',
  },
  async plan({ channel: reference, ts, text }, context: Reads<Slack>) {
    const { vendor, now } = context
    const channel = await resolveChannel(context, reference)
    const me = await vendor.me()
    assertPostable(channel, me.userId, 'change')
    const message = await findMessage(vendor, channel, ts)
    assertOwn(message, me, 'changed')
    const composed = await compose(text, context)
    const reach = await reachOf(vendor, channel, now, { mentioned: composed.mentioned })
    const rev = revisionOf(message)
    const request: Request = {
      workspace: me.url,
      channel: channel.id,
      ts,
      text: composed.text,
      rev,
      before: message.mrkdwn.toWellFormed(),
    }
    return {
      summary: `Change the app's own message in ${reach.audience.where}.`,
      effects: [
        {
          verb: 'update' as const,
          target: `slack:message/${channel.id}/${ts}`,
          resources: { 'slack.channel': channel.id },
          before: { channel: `#${channel.name}`, text: visibleText(message.mrkdwn) },
          after: { channel: `#${channel.name}`, ...composedFields(composed) },
        },
      ],
      audience: reach.audience,
      rev,
      fidelity: 'checked' as const,
      // The text can be put back where Markdown has words for it; the mark that it was edited stays.
      undo: again(message.mrkdwn).exact ? ('partial' as const) : ('lossy' as const),
      warnings: [...reach.warnings, ...composed.warnings],
      request,
    }
  },
  async apply({ workspace, channel, ts, text, rev }: Request, { vendor, operationId }: Writes<Slack>) {
    // Slack has no conditional update: between this look and the change a moment remains.
    const current = await vendor.message(channel, ts)
    if (current === undefined || revisionOf(current) !== rev) {
      throw new HubError('conflict', 'The message has changed since this was planned. Plan again.')
    }
    const kept = await vendor.write.update({ channel, ts, text }, { operation: current.tag.operation, update: operationId })
    return outputOf(workspace, channel, current, revisionKept(kept, text))
  },
  settlesMs,
  async reconcile({ workspace, channel, ts, rev }: Request, { vendor, operationId }: Asks<Slack>) {
    const current = await vendor.message(channel, ts)
    if (current?.tag.update === operationId) {
      return { verdict: 'happened' as const, output: outputOf(workspace, channel, current, revisionOf(current)) }
    }
    // Whoever changed it since then has taken the mark away that this change would have left.
    return current !== undefined && revisionOf(current) === rev
      ? { verdict: 'absent' as const }
      : { verdict: 'unclear' as const }
  },
  async undo({ request, output: done }, { vendor }: Reads<Slack>) {
    const { channel, ts } = request
    const rev = done?.rev ?? revisionKept(undefined, request.text)
    await unchanged(vendor, { channel, ts, rev })
    const { text, exact, warnings } = again(request.before)
    return {
      tool: 'message_update',
      input: { channel, ts, text, expect_rev: rev },
      fidelity: exact ? ('partial' as const) : ('lossy' as const),
      warnings: ['Slack goes on marking the message as edited.', ...warnings],
    }
  },
})

function outputOf(workspace: string, channel: string, { ts, threadTs }: Message, rev: string) {
  return { channel_id: channel, ts, permalink: permalink(workspace, channel, ts, threadTs), rev }
}

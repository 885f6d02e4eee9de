// Takes back an emoji reaction of the app's own.
import { HubError, writeTool } from 'toolgate/kit'
import type { Asks, Reads, Writes } from 'toolgate/kit'
import { assertPostable, reachOf, resolveChannel } from '../channels.ts'
import { reactionInput, reactionOutput, reactionScopes } from '../reactions.ts'
import type { Reaction } from '../reactions.ts'
import type { Slack } from '../slack.ts'
import { shorten } from '../text.ts'
import { reactedWith, settlesMs } from '../traces.ts'
import { findMessage } from '../writing.ts'

export const reactionRemove = writeTool({
  name: 'reaction_remove',
  title: 'Slack: take back a reaction',
  description: "Removes an emoji reaction that the app itself added to a message; other people's reactions stay.",
  scopes: reactionScopes,
  class: 'W1',
  verb: 'delete',
  default: 'on',
  resolves: ['slack.channel'],
  routes: ['POST /api/reactions.remove'],
  changes: ['channel', 'message', 'reaction'],
  input: reactionInput,
  output: reactionOutput,
  example: { channel: '#support', ts: '1761555720.000200', emoji: 'eyes' },
  async plan({ channel: reference, ts, emoji }, context: Reads<Slack>) {
    const { vendor, now } = context
    const channel = await resolveChannel(context, reference)
    const me = await vendor.me()
    assertPostable(channel, me.userId, 'reaction')
    const message = await findMessage(vendor, channel, ts)
    if (reactedWith(message, emoji, me) === false) {
      throw new HubError('refused', `The app has not reacted with :${emoji}: to this message.`)
    }
    const reach = await reachOf(vendor, channel, now)
    const request: Reaction = { channel: channel.id, ts, emoji, changes: true }
    return {
      summary: `Take back the reaction :${emoji}: to a message in ${reach.audience.where}.`,
      effects: [
        {
          verb: 'delete' as const,
          target: `slack:message/${channel.id}/${ts}`,
          resources: { 'slack.channel': channel.id },
          before: { channel: `#${channel.name}`, message: shorten(message.text, 200).text, reaction: emoji },
          after: {},
        },
      ],
      audience: reach.audience,
      fidelity: 'checked' as const,
      undo: 'exact' as const,
      warnings: reach.warnings,
      request,
    }
  },
  async apply({ channel, ts, emoji }: Reaction, { vendor }: Writes<Slack>) {
    const result = await vendor.write.unreact({ channel, ts, emoji })
    const done = { channel_id: channel, ts, emoji }
    return result === 'removed' ? done : { ...done, note: 'The app had no such reaction there any more; nothing changed.' }
  },
  settlesMs,
  async reconcile({ channel, ts, emoji }: Reaction, { vendor }: Asks<Slack>) {
    const message = await vendor.message(channel, ts)
    if (message === undefined) return { verdict: 'unclear' as const }
    const there = reactedWith(message, emoji, await vendor.me())
    if (there === false) return { verdict: 'happened' as const, output: { channel_id: channel, ts, emoji } }
    return there === true ? { verdict: 'absent' as const } : { verdict: 'unclear' as const }
  },
  async undo({ request: { channel, ts, emoji }, output: done }, { vendor }: Reads<Slack>) {
    if (done?.note !== undefined) throw new HubError('refused', 'Nothing was changed: there is nothing to take back.')
    const message = await vendor.message(channel, ts)
    if (message === undefined) throw new HubError('conflict', 'Somebody has deleted the message since then.')
    if (reactedWith(message, emoji, await vendor.me()) === true) {
      throw new HubError('conflict', 'The app has reacted with this emoji again since then.')
    }
    return { tool: 'reaction_add', input: { channel, ts, emoji }, fidelity: 'exact' as const, warnings: [] }
  },
})

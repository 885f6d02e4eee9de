// Reacts to a message with an emoji.
import { HubError, writeTool } from 'toolgate/kit'
import type { Asks, Reads, Writes } from 'toolgate/kit'
import { assertPostable, reachOf, resolveChannel } from '../channels.ts'
import { reactionInput, reactionOutput, reactionScopes } from '../reactions.ts'
import type { Reaction } from '../reactions.ts'
import type { Slack } from '../slack.ts'
import { shorten } from '../text.ts'
import { reactedWith, settlesMs } from '../traces.ts'
import { findMessage } from '../writing.ts'

const nothingNew = 'The app had already reacted with this emoji; nothing changed.'

export const reactionAdd = writeTool({
  name: 'reaction_add',
  title: 'Slack: react to a message',
  description:
    'Adds an emoji reaction of the app to a message. Where the app already has this reaction there, nothing changes.',
  scopes: reactionScopes,
  class: 'W1',
  verb: 'create',
  default: 'on',
  resolves: ['slack.channel'],
  routes: ['POST /api/reactions.add'],
  changes: ['channel', 'message', 'reaction'],
  input: reactionInput,
  output: reactionOutput,
  example: { channel: '#support', ts: '1761555600.000100', emoji: 'eyes' },
  async plan({ channel: reference, ts, emoji }, context: Reads<Slack>) {
    const { vendor, now } = context
    const channel = await resolveChannel(context, reference)
    const me = await vendor.me()
    assertPostable(channel, me.userId, 'reaction')
    const message = await findMessage(vendor, channel, ts)
    const reach = await reachOf(vendor, channel, now)
    const there = reactedWith(message, emoji, me) === true
    const request: Reaction = { channel: channel.id, ts, emoji, changes: !there }
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
      undo: there ? ('none' as const) : ('exact' as const),
      warnings: [...reach.warnings, ...(there ? ['The app already has this reaction there.'] : [])],
      request,
    }
  },
  async apply({ channel, ts, emoji }: Reaction, { vendor }: Writes<Slack>) {
    const result = await vendor.write.react({ channel, ts, emoji })
    const done = { channel_id: channel, ts, emoji }
    return result === 'added' ? done : { ...done, note: nothingNew }
  },
  settlesMs,
  async reconcile({ channel, ts, emoji, changes }: Reaction, { vendor }: Asks<Slack>) {
    const message = await vendor.message(channel, ts)
    // A reaction that was there before is no evidence of another one.
    if (message === undefined || !changes) return { verdict: 'unclear' as const }
    const there = reactedWith(message, emoji, await vendor.me())
    if (there === true) return { verdict: 'happened' as const, output: { channel_id: channel, ts, emoji } }
    return there === false ? { verdict: 'absent' as const } : { verdict: 'unclear' as const }
  },
  async undo({ request: { channel, ts, emoji, changes }, output: done }, { vendor }: Reads<Slack>) {
    if (!changes || done?.note !== undefined) {
      throw new HubError('refused', 'The app had this reaction before: there is nothing to take back.')
    }
    const message = await vendor.message(channel, ts)
    if (message === undefined || reactedWith(message, emoji, await vendor.me()) === false) {
      throw new HubError('conflict', 'The reaction is not there any more: somebody has taken it back since then.')
    }
    return { tool: 'reaction_remove', input: { channel, ts, emoji }, fidelity: 'exact' as const, warnings: [] }
  },
})

// Adds people to a channel.
import { HubError, writeTool } from 'toolgate/kit'
import type { Asks, Reads, Writes } from 'toolgate/kit'
import { z } from 'zod'
import { assertPostable, mostLookedUp, reachOf, resolveChannel } from '../channels.ts'
import { peopleOf } from '../directs.ts'
import { channelInput, personInput } from '../fields.ts'
import type { Slack } from '../slack.ts'
import { settlesMs } from '../traces.ts'

const mostMembers = 1000

interface Request {
  readonly [key: string]: string | readonly string[]
  readonly channel: string
  readonly users: readonly string[]
}

export const channelInvite = writeTool({
  name: 'channel_invite',
  title: 'Slack: add people to a channel',
  description: 'Adds people to a channel that the app is in; they are notified and see all that was ever written there.',
  scopes: ['channels:manage', 'groups:write', 'channels:read', 'groups:read', 'users:read'],
  class: 'W2',
  verb: 'update',
  default: 'off',
  resolves: ['slack.channel'],
  routes: ['POST /api/conversations.invite'],
  changes: ['channel', 'people'],
  input: z.strictObject({ channel: channelInput, users: z.array(personInput).min(1).max(20) }),
  output: z.strictObject({ channel_id: z.string(), users: z.array(z.string()) }),
  example: { channel: '#support', users: ['U0INESDUARTE'] },
  async plan({ channel: reference, users: named }, context: Reads<Slack>) {
    const { vendor, now } = context
    const channel = await resolveChannel(context, reference)
    const me = await vendor.me()
    assertPostable(channel, me.userId, 'change')
    const users = [...new Set(named)].sort()
    const people = await peopleOf(vendor, users, now)
    const members = await vendor.members(channel.id, mostMembers)
    const there = people.filter(({ id }) => members.includes(id))
    if (there.length > 0) {
      throw new HubError(
        'refused',
        `${there.map(({ name }) => name).join(', ')} is in #${channel.name} already. Leave them out.`,
      )
    }
    const { audience, warnings } = await reachOf(vendor, channel, now, { mentioned: people })
    const names = people.map(({ name, id }) => `${name} (${id})`)
    const request: Request = { channel: channel.id, users }
    return {
      summary: `Add ${names.join(', ')} to ${audience.where}.`,
      effects: [
        {
          verb: 'update' as const,
          target: `slack:channel/${channel.id}`,
          resources: { 'slack.channel': channel.id },
          before: { channel: `#${channel.name}`, people: [] },
          after: { channel: `#${channel.name}`, people: names },
        },
      ],
      audience,
      fidelity: 'checked' as const,
      // Taking people out of a channel is no tool of this connector.
      undo: 'none' as const,
      warnings: [...warnings, ...(members.length > mostLookedUp ? ['The channel is large.'] : [])],
      request,
    }
  },
  async apply({ channel, users }: Request, { vendor }: Writes<Slack>) {
    await vendor.write.invite(channel, users)
    return { channel_id: channel, users: [...users] }
  },
  settlesMs,
  async reconcile({ channel, users }: Request, { vendor }: Asks<Slack>) {
    const members = await vendor.members(channel, mostMembers)
    const there = users.filter((user) => members.includes(user))
    if (there.length === users.length)
      return { verdict: 'happened' as const, output: { channel_id: channel, users: [...users] } }
    return there.length === 0 && members.length < mostMembers
      ? { verdict: 'absent' as const }
      : { verdict: 'unclear' as const }
  },
})

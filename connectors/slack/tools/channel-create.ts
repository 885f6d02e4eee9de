// Makes a channel.
import { HubError, writeTool } from 'toolgate/kit'
import type { Asks, Reads, Writes } from 'toolgate/kit'
import { z } from 'zod'
import type { Channel } from '../answers.ts'
import { lookForName } from '../channels.ts'
import type { Slack } from '../slack.ts'
import { secondsBefore, settlesMs } from '../traces.ts'

interface Request {
  readonly [key: string]: string | boolean
  readonly name: string
  readonly private: boolean
}

export const channelCreate = writeTool({
  name: 'channel_create',
  title: 'Slack: make a channel',
  description: 'Makes a channel with the app as its only member. Its name stays taken, also when it is archived.',
  scopes: ['channels:manage', 'groups:write', 'channels:read', 'groups:read'],
  class: 'W2',
  verb: 'create',
  default: 'off',
  resolves: ['slack.channel'],
  routes: ['POST /api/conversations.create'],
  changes: ['name', 'private'],
  input: z.strictObject({
    name: z
      .string()
      .regex(
        /^[a-z0-9_-]{1,80}$/,
        'The name of a channel has only small letters, digits, hyphens and underscores, at most 80.',
      ),
    private: z.boolean().default(false),
  }),
  output: z.strictObject({ channel_id: z.string(), name: z.string() }),
  example: { name: 'incident-reminders' },
  async plan({ name, private: isPrivate }, { vendor }: Reads<Slack>) {
    const { channel: taken } = await lookForName(vendor, name)
    if (taken !== undefined)
      throw new HubError('refused', `There is already a channel #${name}${taken.isArchived ? ', which is archived' : ''}.`)
    const request: Request = { name, private: isPrivate }
    return {
      summary: `Make the ${isPrivate ? 'private' : 'public'} channel #${name}.`,
      effects: [
        // It has no id yet: a rule that names channels does not reach it.
        {
          verb: 'create' as const,
          target: `slack:channel/#${name}`,
          resources: {},
          before: {},
          after: { name, private: isPrivate },
        },
      ],
      audience: { external: false, people: 1, massMention: false, where: `#${name}, nobody but the app` },
      fidelity: 'checked' as const,
      undo: 'lossy' as const,
      warnings: ['A private channel without the app may already have this name; then Slack refuses.'],
      request,
    }
  },
  async apply(request: Request, { vendor }: Writes<Slack>) {
    return { channel_id: await vendor.write.createChannel(request), name: request.name }
  },
  settlesMs,
  async reconcile({ name, private: isPrivate }: Request, { vendor, sentAt }: Asks<Slack>) {
    const { channel, complete } = await lookForName(vendor, name)
    if (channel === undefined) return complete ? { verdict: 'absent' as const } : { verdict: 'unclear' as const }
    const ours = isNew(channel, sentAt) && channel.creator === (await vendor.me()).userId && channel.isPrivate === isPrivate
    // A name is given once: whoever else has it kept this from happening.
    return ours ? { verdict: 'happened' as const, output: { channel_id: channel.id, name } } : { verdict: 'absent' as const }
  },
  async undo({ output: done }, { vendor }: Reads<Slack>) {
    if (done === undefined) throw new HubError('refused', 'It is not known which channel this was.')
    const channel = await vendor.channel(done.channel_id)
    if (channel.isArchived) throw new HubError('conflict', `#${channel.name} has been archived since then.`)
    if ((channel.members ?? 2) > 1) throw new HubError('conflict', `Other people are in #${channel.name} by now.`)
    const warnings = ['The channel is archived, not gone: its name stays taken.']
    return { tool: 'channel_archive', input: { channel: channel.id }, fidelity: 'lossy' as const, warnings }
  },
})

function isNew({ created }: Channel, sentAt: Date): boolean {
  return created !== undefined && created >= secondsBefore(sentAt)
}

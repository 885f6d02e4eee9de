// Writes to one person or a few, outside any channel.
import { writeTool } from 'toolgate/kit'
import type { Asks, Reads, Writes } from 'toolgate/kit'
import { z } from 'zod'
import { directWith, peopleOf } from '../directs.ts'
import { permalink, personInput, textInput } from '../fields.ts'
import { deleting } from '../own.ts'
import type { Slack } from '../slack.ts'
import { findSent, settlesMs } from '../traces.ts'
import type { Found } from '../traces.ts'
import { compose, composedFields, revisionKept } from '../writing.ts'

interface Request {
  readonly [key: string]: string | readonly string[]
  readonly workspace: string
  readonly users: readonly string[]
  /** Empty where they have not talked before. */
  readonly channel: string
  readonly text: string
}

export const dmSend = writeTool({
  name: 'dm_send',
  title: 'Slack: send a direct message',
  description:
    'Writes to one person directly, or to several of them together, as the app. Everybody is notified. Links show no preview.',
  scopes: [
    'chat:write',
    'im:history',
    'im:read',
    'im:write',
    'mpim:history',
    'mpim:read',
    'mpim:write',
    'users:read',
    'channels:read',
    'groups:read',
  ],
  class: 'W2',
  verb: 'send',
  default: 'off',
  resolves: ['slack.channel', 'slack.user'],
  routes: ['POST /api/chat.postMessage', 'POST /api/conversations.open'],
  changes: ['to', 'text', 'mentions', 'links'],
  input: z.strictObject({ users: z.array(personInput).min(1).max(7), text: textInput }),
  output: z.strictObject({ channel_id: z.string(), ts: z.string(), permalink: z.string(), rev: z.string() }),
  example: { users: ['U0MAYAOKAFOR'], text: 'SUP-2 is due **today**.' },
  async plan({ users: named, text }, context: Reads<Slack>) {
    const { vendor, now } = context
    const users = [...new Set(named)].sort()
    // Where they never talked there is no id yet: a rule that names conversations does not reach it, one that names people does.
    const known = await directWith(vendor, users)
    const resources = known === undefined ? { 'slack.user': users } : { 'slack.channel': known, 'slack.user': users }
    context.admit(resources)
    const people = await peopleOf(vendor, users, now)
    const { url } = await vendor.me()
    const composed = await compose(text, context)
    const outside = [...people, ...composed.mentioned].filter((person) => person.isGuest || person.isExternal)
    const names = people.map(({ name, id }) => `${name} (${id})`)
    const request: Request = { workspace: url, users, channel: known ?? '', text: composed.text }
    return {
      summary: `Send a direct message to ${names.join(', ')}.`,
      effects: [
        {
          verb: 'send' as const,
          target: known === undefined ? `slack:user/${users.join('+')}` : `slack:channel/${known}`,
          resources,
          before: {},
          after: { to: names, ...composedFields(composed) },
        },
      ],
      audience: {
        external: outside.length > 0,
        people: people.length,
        massMention: false,
        where: `a direct conversation with ${names.join(', ')}`,
      },
      fidelity: 'checked' as const,
      undo: 'partial' as const,
      warnings: [
        ...(known === undefined ? ['The app has not talked with them before: a conversation is opened.'] : []),
        ...outside.map((person) => `${person.name} (${person.id}) is not of this company.`),
        ...composed.warnings,
      ],
      request,
    }
  },
  async apply({ workspace, users, channel: known, text }: Request, { vendor, operationId }: Writes<Slack>) {
    const channel = known === '' ? await vendor.write.openDirect(users) : known
    const sent = await vendor.write.send({ channel, text, unfurl_links: false, unfurl_media: false }, operationId)
    return outputOf(workspace, channel, { ts: sent.ts, rev: revisionKept(sent.text, text) })
  },
  settlesMs,
  async reconcile({ workspace, users, channel: known }: Request, context: Asks<Slack>) {
    const channel = known === '' ? await directWith(context.vendor, users) : known
    // An opened conversation is none that was written to.
    if (channel === undefined) return { verdict: 'absent' as const }
    const { verdict, output: sent } = { output: undefined, ...(await findSent(context, { channel })) }
    return { verdict, output: sent && outputOf(workspace, channel, sent) }
  },
  undo: ({ output: done }, { vendor }: Reads<Slack>) =>
    deleting(vendor, done && { channel: done.channel_id, ts: done.ts, rev: done.rev }),
})

function outputOf(workspace: string, channel: string, { ts, rev }: Found) {
  return { channel_id: channel, ts, permalink: permalink(workspace, channel, ts), rev }
}

// What every write here plans alike: the text as Slack will get it, whom it mentions, and whose message it is.
import { HubError, digest } from 'toolgate/kit'
import type { Reads } from 'toolgate/kit'
import type { Channel, Message, Person } from './answers.ts'
import { findChannel, nameOf } from './channels.ts'
import { toMrkdwn } from './mrkdwn.ts'
import type { Me, Settings, Slack, SlackReads } from './slack.ts'

/** Slack cuts longer texts into several messages: what was approved would not be what is posted. */
const mostCharacters = 4000
const longMessage = 2000
const mostMentions = 20

export type MassMention = 'channel' | 'here'

export interface Composed {
  /** mrkdwn, ready to send. */
  readonly text: string
  readonly mentioned: readonly Person[]
  readonly hosts: readonly string[]
  readonly warnings: readonly string[]
}

/** Renders the Markdown and looks up everybody and every channel that it names. */
export async function compose(
  markdown: string,
  { vendor, now }: Pick<Reads<Slack>, 'vendor' | 'now'>,
  massMention?: MassMention,
): Promise<Composed> {
  const rendered = toMrkdwn(markdown)
  const text = massMention === undefined ? rendered.text : `<!${massMention}> ${rendered.text}`
  assertMassMention(vendor.settings, massMention)
  assertHosts(vendor.settings, rendered.hosts)
  if (rendered.text === '') throw new HubError('invalid_input', 'The message has no text that anyone could see.')
  if (text.length > mostCharacters) {
    const sentence = `The message has ${text.length} characters as Slack counts them; ${mostCharacters} is the most. Shorten it.`
    throw new HubError('invalid_input', sentence)
  }
  if (rendered.people.length + rendered.channels.length > mostMentions) {
    throw new HubError('invalid_input', `A message may name at most ${mostMentions} people and channels.`)
  }
  const mentioned = await lookUp(rendered.people, vendor, now)
  for (const id of rendered.channels) await findChannel(vendor, id)
  return { text, mentioned, hosts: rendered.hosts, warnings: warningsOf(text, rendered.hosts, rendered.hidden) }
}

function assertMassMention({ mass_mentions }: Settings, massMention: MassMention | undefined): void {
  if (massMention === undefined || mass_mentions) return
  throw new HubError('refused', 'This connection notifies nobody at large: its setting mass_mentions is off.')
}

/** @throws HubError `refused` for an address that the settings of the connection keep out of every message */
export function assertHosts({ link_hosts }: Settings, hosts: readonly string[]): void {
  if (link_hosts === undefined) return
  const stray = hosts.find((host) => !link_hosts.some((known) => host === known || host.endsWith(`.${known}`)))
  if (stray === undefined) return
  throw new HubError(
    'refused',
    `A message may only name addresses of: ${link_hosts.join(', ') || 'none'}. This one names ${stray}.`,
  )
}

/** All that is sent of it. Previews are fetched by Slack as soon as it is posted, so they are off unless the settings say otherwise. */
export function outgoing({ previews }: Settings, channel: string, text: string) {
  return { channel, text, unfurl_links: previews, unfurl_media: previews } as const
}

async function lookUp(ids: readonly string[], vendor: SlackReads, now: Date): Promise<readonly Person[]> {
  const people: Person[] = []
  for (const id of ids) {
    const person = await vendor.person(id, now)
    if (person === undefined) throw new HubError('not_found', `Nobody in Slack has the id ${id} that the text mentions.`)
    people.push(person)
  }
  return people
}

function warningsOf(text: string, hosts: readonly string[], hidden: number): readonly string[] {
  const warnings: string[] = []
  if (text.length > longMessage) warnings.push(`The message is long: ${text.length} characters.`)
  if (hosts.length > 0) warnings.push(`It names addresses that Slack may make links of: ${hosts.slice(0, 10).join(', ')}.`)
  if (hidden > 0) warnings.push(`${hidden} invisible characters were left out.`)
  return warnings
}

/** For an effect: as many words about the text as there is something to say. */
export function composedFields({ text, mentioned, hosts }: Composed): {
  readonly text: string
  readonly mentions?: readonly string[]
  readonly links?: readonly string[]
} {
  return {
    text,
    ...(mentioned.length === 0 ? {} : { mentions: mentioned.map(({ id, name }) => `${name} (${id})`) }),
    ...(hosts.length === 0 ? {} : { links: hosts }),
  }
}

/** Where previews are on, an effect says so. */
export function previewFields({ previews }: Settings): { readonly previews?: true } {
  return previews ? { previews } : {}
}

export async function findMessage(slack: SlackReads, channel: Channel, ts: string): Promise<Message> {
  const message = await slack.message(channel.id, ts)
  if (message === undefined)
    throw new HubError('not_found', `There is no message with this timestamp in ${nameOf(channel)}.`)
  return message
}

export function isOwn(message: Message, me: Me): boolean {
  return message.user === me.userId || (me.botId !== undefined && message.bot === me.botId)
}

/** @throws HubError for a message that someone else wrote. */
export function assertOwn(message: Message, me: Me, what: 'changed' | 'deleted'): void {
  if (!isOwn(message, me)) throw new HubError('refused', `This message is not the app's own; only its own can be ${what}.`)
}

/** The version of a message; Slack gives it none of its own. */
export function revisionOf({ mrkdwn }: Pick<Message, 'mrkdwn'>): string {
  return digest({ text: mrkdwn.toWellFormed() }).slice(0, 16)
}

/** Of a message that Slack has just taken: Slack may keep it a little differently, such as `:tada:` for 🎉. */
export function revisionKept(kept: string | undefined, sent: string): string {
  return revisionOf({ mrkdwn: kept ?? sent })
}

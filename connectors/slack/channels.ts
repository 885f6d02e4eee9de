// Which channel is meant, whether the app can act in it, and who would see it.
import { HubError } from 'toolgate/kit'
import type { Audience, Reads } from 'toolgate/kit'
import type { Channel, Person } from './answers.ts'
import type { ChannelKind, Slack, SlackReads } from './slack.ts'

const pageSize = 200
const mostPages = 10
/** Members are looked up one by one (users.info takes some 100 a minute) and remembered for a while. */
export const mostLookedUp = 100
const atOnce = 8

type Looking = Pick<Reads<Slack>, 'vendor' | 'admit' | 'within'>

/**
 * The channel with this id or `#name`, where this person may use it. Names are compared code point by code point:
 * look-alikes are other channels.
 */
export async function resolveChannel(context: Looking, reference: string): Promise<Channel> {
  const channel = await findChannel(context.vendor, reference)
  admitTo(context, channel.id)
  assertNamed(context, channel)
  return channel
}

/**
 * Where people of another company are, nobody reads or writes by a rule that speaks of channels at large.
 *
 * @throws HubError `refused` for a shared channel that neither a rule nor the settings name by its id
 */
function assertNamed(
  context: Pick<Looking, 'vendor' | 'within'>,
  { id, name, isShared }: Pick<Channel, 'id' | 'name' | 'isShared'>,
): void {
  if (!isShared || isNamed(context.vendor.settings.external_channels, context.within('slack.channel'), id)) return
  throw new HubError(
    'refused',
    `#${name} is shared with another company, and only used where it is named: by its id ${id} in a rule’s where, or in external_channels of the connection.`,
  )
}

export function isNamed(
  bySettings: readonly string[] | undefined,
  byRule: readonly string[] | undefined,
  id: string,
): boolean {
  return bySettings?.includes(id) === true || byRule?.includes(id) === true
}

/**
 * Ends the call where policy keeps this person to other channels.
 *
 * @throws HubError `not_found`, which the hub tells as it tells of what is not there
 */
export function admitTo(context: Pick<Looking, 'admit' | 'within'>, channel: string): void {
  if (context.within('slack.channel')?.includes(channel) === false) {
    throw new HubError('not_found', 'There is no such channel, or you may not use it.')
  }
  context.admit({ 'slack.channel': channel })
}

/** The same, before anybody asked whether this person may use it. */
export async function findChannel(slack: SlackReads, reference: string): Promise<Channel> {
  const channel = reference.startsWith('#') ? await byName(slack, reference.slice(1)) : await slack.channel(reference)
  if (channel.isDirect) {
    throw new HubError('refused', 'This is a direct conversation: only dm_read and dm_send read and write those.')
  }
  return channel
}

/** A channel, or a conversation with people: only to take back what was said there. */
export async function resolveConversation(context: Looking, reference: string): Promise<Channel> {
  if (reference.startsWith('#')) return await resolveChannel(context, reference)
  const channel = await context.vendor.channel(reference)
  admitTo(context, channel.id)
  assertNamed(context, channel)
  return channel
}

async function byName(slack: SlackReads, name: string): Promise<Channel> {
  const remembered = await rememberedByName(slack, name)
  if (remembered !== undefined) return remembered
  const { channel, complete } = await lookForName(slack, name)
  if (channel !== undefined) slack.names.set(name, channel.id)
  // Again by its id: the list does not say everything about a channel.
  if (channel !== undefined) return await slack.channel(channel.id)
  const where = complete
    ? 'that the app can see'
    : `among the first ${pageSize * mostPages} of its kind; give its id instead`
  throw new HubError('not_found', `There is no channel of exactly this name ${where}.`)
}

/** Its id is only believed as long as the channel still has this name. */
async function rememberedByName(slack: SlackReads, name: string): Promise<Channel | undefined> {
  const id = slack.names.get(name)
  if (id === undefined) return undefined
  const channel = await slack.channel(id).catch(() => undefined)
  return channel?.name === name ? channel : undefined
}

/** `complete`: there was no channel that was not looked at. */
export async function lookForName(
  slack: SlackReads,
  name: string,
): Promise<{ readonly channel: Channel | undefined; readonly complete: boolean }> {
  const kinds: readonly ChannelKind[] = ['public_channel', 'private_channel']
  let complete = true
  for (const kind of kinds) {
    let cursor: string | undefined
    for (let page = 0; page < mostPages; page += 1) {
      const { rows, next } = await slack.channels({ types: [kind], mine: false, limit: pageSize, cursor })
      const channel = rows.find((row) => row.name === name)
      if (channel !== undefined) return { channel, complete: true }
      cursor = next
      if (cursor === undefined) break
    }
    complete &&= cursor === undefined
  }
  return { channel: undefined, complete }
}

/** @throws HubError when Slack would refuse the app's messages here. */
export function assertPostable(channel: Channel, userId: string, kind: 'message' | 'reply' | 'reaction' | 'change'): void {
  if (channel.isArchived) throw new HubError('refused', `#${channel.name} is archived and takes no changes.`)
  // Slack says of a direct conversation nothing but that it is there.
  if (!channel.isMember && !channel.isDirect) {
    const sentence = `The app is not in #${channel.name}. Someone in it must invite the app: /invite and its name.`
    throw new HubError('forbidden', sentence)
  }
  if (kind === 'message' && channel.isThreadOnly) {
    throw new HubError('refused', `#${channel.name} takes replies in threads only.`)
  }
  if (kind === 'reply' && channel.isNonThreadable) {
    throw new HubError('refused', `#${channel.name} takes no replies in threads.`)
  }
  const only = kind === 'message' ? channel.postersOnly : kind === 'reply' ? channel.repliersOnly : undefined
  const readOnly = channel.isReadOnly && (kind === 'message' || kind === 'reply')
  if (readOnly || (only !== undefined && !only.includes(userId))) {
    throw new HubError('refused', `In #${channel.name} only some people may post, and the app is not among them.`)
  }
}

export function nameOf(channel: Channel): string {
  return channel.isDirect ? 'a direct conversation' : `#${channel.name}`
}

export interface Reach {
  readonly audience: Audience
  readonly warnings: readonly string[]
}

/** Who would see it. Where guests cannot be ruled out, it counts as reaching outside. */
export async function reachOf(
  slack: SlackReads,
  channel: Channel,
  now: Date,
  { massMention = false, mentioned = [] }: { massMention?: boolean; mentioned?: readonly Person[] } = {},
): Promise<Reach> {
  const people = channel.members ?? 'unknown'
  const outside = await outsiders(slack, channel, now)
  const strangers = mentioned.filter((person) => person.isGuest || person.isExternal)
  const where = `${nameOf(channel)}, ${people === 'unknown' ? 'an unknown number of' : people} ${people === 1 ? 'person' : 'people'}`
  return {
    audience: { external: outside !== undefined || strangers.length > 0, people, massMention, where },
    warnings: [
      ...(outside === undefined ? [] : [outside]),
      ...strangers.map((person) => `${person.name} (${person.id}) is not of this company.`),
    ],
  }
}

/** Why people outside the company would see it; undefined when they would not. */
async function outsiders(slack: SlackReads, channel: Channel, now: Date): Promise<string | undefined> {
  const name = nameOf(channel)
  if (channel.isShared) return `${name} is shared with people outside this workspace.`
  if (slack.settings.channels_without_guests?.includes(channel.id) === true) return undefined
  const tooMany = `${name} has more members than are looked up one by one (${mostLookedUp}), so that guests cannot be ruled out.`
  if ((channel.members ?? 0) > mostLookedUp) return tooMany
  const members = await slack.members(channel.id, mostLookedUp + 1)
  if (members.length > mostLookedUp) return tooMany
  for (let first = 0; first < members.length; first += atOnce) {
    const people = await Promise.all(members.slice(first, first + atOnce).map((id) => slack.person(id, now)))
    // Somebody whom the app may not look up is somebody of whom nothing is known.
    if (people.some((person) => person === undefined || person.isGuest || person.isExternal)) {
      return `${name} has guests, who are not of this company.`
    }
  }
  return undefined
}

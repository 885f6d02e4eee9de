// Slack in our words: what the tools need of it, through its own SDK on the hub's fetch.
import type { LogLevel } from '@slack/web-api'
import type { Opening } from 'toolgate/kit'
import { z } from 'zod'
import type { Channel, FileInfo, Message, Page, Person, Scheduled, UserGroup } from './answers.ts'
import { looks } from './looks.ts'
import { writes } from './writes.ts'

export const settings = z.strictObject({
  /** Only a name for people: which workspace this is. */
  workspace: z.string().min(1).max(80).optional(),
  /** Ids of large channels that have no guests, so that a message there does not count as reaching outside. */
  channels_without_guests: z
    .array(z.string().regex(/^[CG][A-Z0-9]{8,20}$/))
    .max(200)
    .optional(),
})
export type Settings = z.output<typeof settings>

/** The account of the hub. */
export interface Me {
  readonly userId: string
  readonly botId: string | undefined
  /** The workspace's address, with a slash at its end: links to messages begin with it. */
  readonly url: string
}

/** All of a message that `send` sends. */
export interface Outgoing {
  readonly channel: string
  readonly text: string
  readonly thread_ts?: string
  readonly unfurl_links: false
  readonly unfurl_media: false
}

export interface Sent {
  readonly channel: string
  readonly ts: string
  /** As Slack keeps it. */
  readonly text: string | undefined
}

export interface Place {
  readonly channel: string
  readonly ts: string
}

export interface Paging {
  readonly limit: number
  readonly cursor?: string | undefined
}

export type ChannelKind = 'public_channel' | 'private_channel' | 'im' | 'mpim'

/** What looks: all that a plan has. */
export interface SlackReads {
  readonly settings: Settings
  me(): Promise<Me>
  channel(id: string): Promise<Channel>
  /** All that the app can see, a page at a time. `mine`: only those that the app is in. */
  channels(query: Paging & { readonly types: readonly ChannelKind[]; readonly mine: boolean }): Promise<Page<Channel>>
  /** The first so many ids of the channel's members. */
  members(channel: string, atMost: number): Promise<readonly string[]>
  history(
    query: Paging & { readonly channel: string; readonly oldest?: string; readonly latest?: string },
  ): Promise<Page<Message>>
  /** The parent first, then its replies, oldest first. */
  thread(query: Paging & Place & { readonly oldest?: string }): Promise<Page<Message>>
  message(channel: string, ts: string): Promise<Message | undefined>
  /** Remembered for ten minutes. */
  person(id: string, now: Date): Promise<Person | undefined>
  personByEmail(email: string): Promise<Person | undefined>
  people(query: Paging): Promise<Page<Person>>
  groups(withCounts: boolean): Promise<readonly UserGroup[]>
  /** What the app has scheduled there, at most a hundred; times in seconds. */
  scheduled(query: {
    readonly channel: string
    readonly oldest?: number
    readonly latest?: number
  }): Promise<readonly Scheduled[]>
  file(id: string): Promise<FileInfo>
}

/** What changes something: only an apply has it. */
export interface SlackWrites {
  send(message: Outgoing, operationId: string): Promise<Sent>
  /** Gives the text as Slack keeps it. `operation`: of the send that made it, to be kept. */
  update(
    message: Place & { readonly text: string },
    tag: { readonly operation: string | undefined; readonly update: string },
  ): Promise<string | undefined>
  remove(message: Place): Promise<void>
  /** `already`: the app had reacted with it before. */
  react(reaction: Place & { readonly emoji: string }): Promise<'added' | 'already'>
  unreact(reaction: Place & { readonly emoji: string }): Promise<'removed' | 'absent'>
  /** `postAt` in seconds. */
  schedule(message: Outgoing, postAt: number): Promise<{ readonly channel: string; readonly id: string }>
  unschedule(message: { readonly channel: string; readonly id: string }): Promise<void>
  /** The direct conversation with these people; made where there is none. */
  openDirect(users: readonly string[]): Promise<string>
  createChannel(channel: { readonly name: string; readonly private: boolean }): Promise<string>
  invite(channel: string, users: readonly string[]): Promise<void>
  archive(channel: string): Promise<void>
  setTopic(channel: string, topic: string): Promise<void>
}

export interface Slack extends SlackReads {
  readonly write: SlackWrites
}

export async function openSlack({ base, fetch, settings: chosen, credential, cache }: Opening<Settings>): Promise<Slack> {
  const { WebClient } = await import('@slack/web-api')
  const client = new WebClient(credential, {
    slackApiUrl: `${base}/api/`,
    fetch: (url, init) => fetch(url, init),
    // Its defaults repeat a send whose answer was lost, wait out a 429 and accept an absolute URL for a method.
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    allowAbsoluteUrls: false,
    // Its own logger writes to stdout, which belongs to the protocol.
    logger: silent,
  })
  return { settings: chosen, ...looks(client, cache), write: writes(client) }
}

const silent = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  setLevel() {},
  getLevel: () => 'error' as LogLevel,
  setName() {},
}

// Slack in our words: what the tools need of it, through its own SDK on the hub's fetch.
import type { LogLevel } from '@slack/web-api'
import type { Opening } from 'toolgate/kit'
import { z } from 'zod'
import type { Channel, FileInfo, Hits, Message, Page, Person, Scheduled, UserGroup } from './answers.ts'
import { credentialOf } from './credential.ts'
import { downloads, uploads } from './files.ts'
import { looks } from './looks.ts'
import { askingWith, memoryOf } from './memory.ts'
import { lasting, renewing, signed } from './rotation.ts'
import { searching } from './searching.ts'
import { writes } from './writes.ts'

const channelIds = z.array(z.string().regex(/^[CG][A-Z0-9]{8,20}$/)).max(200)

export const settings = z.strictObject({
  /** Only a name for people: which workspace this is. */
  workspace: z.string().min(1).max(80).optional(),
  /**
   * Whose token the credential is: a bot's, a person's (for search, and to act as that person), or `both`: the bot's for
   * everything, and a person's for search.
   */
  token: z.enum(['bot', 'user', 'both']).default('bot'),
  /** Of the Slack app, where its tokens rotate. */
  client_id: z
    .string()
    .regex(/^\d{1,30}\.\d{1,30}$/, 'must be the client id of a Slack app, such as 4123121235.9872358710')
    .optional(),
  /** Ids of large channels that have no guests, so that a message there does not count as reaching outside. */
  channels_without_guests: channelIds.optional(),
  /** Ids of channels shared with another company that may be used; all others only where a rule's `where` names them. */
  external_channels: channelIds.optional(),
  /** The only hosts that a message may name, with all below them; any host where left out. */
  link_hosts: z
    .array(z.string().regex(/^(?:[a-z0-9-]{1,63}\.)+[a-z0-9-]{2,63}$/, 'must be a host name, such as atlassian.net'))
    .max(200)
    .optional(),
  /** Whether Slack may fetch what a message links to and show it. */
  previews: z.boolean().default(false),
  /** Whether a message may notify everybody in a channel, where policy allows it. */
  mass_mentions: z.boolean().default(false),
})
export type Settings = z.output<typeof settings>

/** The account of the hub. */
export interface Me {
  readonly userId: string
  readonly botId: string | undefined
  /** The workspace's address, with a slash at its end: links to messages begin with it. */
  readonly url: string
  /** For people: `toolgate in Larkfield`. */
  readonly account: string
  /** What Slack says was granted, or undefined where it does not say. */
  readonly scopes: readonly string[] | undefined
}

/** All of a message that `send` sends. */
export interface Outgoing {
  readonly channel: string
  readonly text: string
  readonly thread_ts?: string
  readonly unfurl_links: boolean
  readonly unfurl_media: boolean
}

interface Sent {
  readonly channel: string
  readonly ts: string
  /** As Slack keeps it. */
  readonly text: string | undefined
}

interface Place {
  readonly channel: string
  readonly ts: string
}

interface Paging {
  readonly limit: number
  readonly cursor?: string | undefined
}

interface Upload {
  readonly channel: string
  readonly name: string
  readonly bytes: Uint8Array<ArrayBuffer>
}

export type ChannelKind = 'public_channel' | 'private_channel' | 'im' | 'mpim'

/** What looks: all that a plan has. */
export interface SlackReads {
  readonly settings: Settings
  me(): Promise<Me>
  /** So that what was granted is asked for anew. */
  forgetAccounts(): void
  /** The person as whom is searched; undefined where nobody can. */
  searcher(): Promise<Me | undefined>
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
  /** The id that this name had when it was looked for the last time: to be looked at again. */
  readonly names: Pick<Map<string, string>, 'get' | 'set'>
  /** Undefined where there is none, or where the account may not see it. */
  file(id: string): Promise<FileInfo | undefined>
  /** Its bytes; undefined where Slack's address for them is none that can be asked. */
  download(file: FileInfo): Promise<Uint8Array | undefined>
  /** Newest first. `page` from 1. */
  search(query: { readonly query: string; readonly count: number; readonly page: number }): Promise<Hits>
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
  /** Shares a new file in a channel; gives its id. */
  upload(file: Upload): Promise<string>
  deleteFile(id: string): Promise<void>
}

export interface Slack extends SlackReads {
  readonly write: SlackWrites
}

export async function openSlack(opening: Opening<Settings>): Promise<Slack> {
  const { base, hosts, fetch, settings: chosen, credential: text, keep } = opening
  const { WebClient } = await import('@slack/web-api')
  const memory = memoryOf(opening.cache, text)
  const credential = credentialOf(text, chosen)
  const tokens =
    credential.kind === 'tokens' ? lasting(credential.main) : renewing({ credential, base, fetch, keep, cache: memory })
  const clientOf = (source: typeof tokens) => {
    const send = signed(fetch, source)
    return new WebClient(undefined, {
      slackApiUrl: `${base}/api/`,
      fetch: (url, init) => send(url, init),
      // Its defaults repeat a send whose answer was lost, wait out a 429 and accept an absolute URL for a method.
      retryConfig: { retries: 0 },
      rejectRateLimitedCalls: true,
      allowAbsoluteUrls: false,
      // Its own logger writes to stdout, which belongs to the protocol.
      logger: silent,
    })
  }
  const client = clientOf(tokens)
  const ask = askingWith(memory)
  const files = { base: hosts['files'] ?? '', fetch, tokens }
  return {
    settings: chosen,
    ...looks(client, ask, memory),
    ...downloads(client, ask, files),
    ...searching(personOf(), ask, memory),
    write: { ...writes(client, ask), ...uploads(client, ask, files) },
  }

  function personOf() {
    if (chosen.token === 'user') return client
    const person = credential.kind === 'tokens' ? credential.person : undefined
    return person === undefined ? undefined : clientOf(lasting(person))
  }
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

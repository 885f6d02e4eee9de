// Slack in our words: what the tools need of it, through its own SDK on the hub's fetch.
import type { ChatUpdateArguments, LogLevel, WebClient } from '@slack/web-api'
import { HubError } from 'toolgate/kit'
import type { Opening } from 'toolgate/kit'
import { z } from 'zod'
import * as answers from './answers.ts'
import type { Channel, Message, Page, Person } from './answers.ts'
import { isSlackError, toHubError } from './errors.ts'

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

export interface Paging {
  readonly limit: number
  readonly cursor?: string | undefined
}

export interface Slack {
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
  thread(query: Paging & { readonly channel: string; readonly ts: string }): Promise<Page<Message>>
  message(channel: string, ts: string): Promise<Message | undefined>
  /** Remembered for ten minutes. */
  person(id: string, now: Date): Promise<Person | undefined>
  personByEmail(email: string): Promise<Person | undefined>
  people(query: Paging): Promise<Page<Person>>
  send(message: Outgoing, operationId: string): Promise<{ readonly channel: string; readonly ts: string }>
  update(message: { readonly channel: string; readonly ts: string; readonly text: string }): Promise<void>
  remove(message: { readonly channel: string; readonly ts: string }): Promise<void>
  /** `already`: the app had reacted with it before. */
  react(reaction: { readonly channel: string; readonly ts: string; readonly emoji: string }): Promise<'added' | 'already'>
}

export type ChannelKind = 'public_channel' | 'private_channel'

const personLivesMs = 10 * 60 * 1000
const mostPeopleRemembered = 500

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

  return { settings: chosen, ...reads(client, cache), ...writes(client) }
}

function reads(client: WebClient, cache: Map<string, unknown>): Omit<Slack, keyof ReturnType<typeof writes> | 'settings'> {
  return {
    async me() {
      const known = cache.get('me')
      if (known !== undefined) return known as Me
      const answer = answers.one(answers.authTest, await ask(client.auth.test()))
      const me = { userId: answer.user_id, botId: answer.bot_id, url: answer.url }
      cache.set('me', me)
      return me
    },
    async channel(id) {
      const answer = await ask(client.conversations.info({ channel: id, include_num_members: true }))
      return answers.one(answers.channelAnswer, answer).channel
    },
    async channels({ types, mine, limit, cursor }) {
      const query = { types: types.join(','), exclude_archived: mine, limit, ...(cursor === undefined ? {} : { cursor }) }
      const answer = await ask(mine ? client.users.conversations(query) : client.conversations.list(query))
      const { channels, next } = answers.one(answers.channelPage, answer)
      return { rows: mine ? channels.map((channel) => ({ ...channel, isMember: true })) : channels, next }
    },
    async members(channel, atMost) {
      return answers.one(answers.memberPage, await ask(client.conversations.members({ channel, limit: atMost }))).members
    },
    async history({ channel, oldest, latest, limit, cursor }) {
      const answer = await ask(
        client.conversations.history({ channel, inclusive: true, limit, ...given({ oldest, latest, cursor }) }),
      )
      const { messages, next } = answers.one(answers.messagePage, answer)
      return { rows: messages, next }
    },
    async thread({ channel, ts, limit, cursor }) {
      const answer = await ask(client.conversations.replies({ channel, ts, limit, ...given({ cursor }) }))
      const { messages, next } = answers.one(answers.messagePage, answer)
      return { rows: messages, next }
    },
    async message(channel, ts) {
      try {
        // For a parent, a reply and a message without a thread alike; the one asked for comes first.
        // docs.slack.dev/reference/methods/conversations.replies
        const answer = await ask(client.conversations.replies({ channel, ts, limit: 1, inclusive: true }))
        return answers.one(answers.messagePage, answer).messages.find((message) => message.ts === ts)
      } catch (error) {
        if (isSlackError(error, 'thread_not_found') || isSlackError(error, 'message_not_found')) return undefined
        throw error
      }
    },
    async person(id, now) {
      const remembered = cache.get(`person:${id}`) as
        | { readonly person: Person | undefined; readonly at: number }
        | undefined
      if (remembered !== undefined && now.getTime() - remembered.at < personLivesMs) return remembered.person
      const person = await orUndefined(client.users.info({ user: id }))
      remember(cache, id, person, now)
      return person
    },
    personByEmail: (email) => orUndefined(client.users.lookupByEmail({ email })),
    async people({ limit, cursor }) {
      const { people, next } = answers.one(answers.personPage, await ask(client.users.list({ limit, ...given({ cursor }) })))
      return { rows: people, next }
    },
  }
}

function writes(client: WebClient): Pick<Slack, 'send' | 'update' | 'remove' | 'react'> {
  return {
    async send({ channel, text, thread_ts, unfurl_links, unfurl_media }, operationId) {
      const metadata = { event_type: 'toolgate_operation', event_payload: { operation: operationId } }
      const message = { channel, text, unfurl_links, unfurl_media, metadata }
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- Slack's method, not a window's
      const answer = await ask(client.chat.postMessage(thread_ts === undefined ? message : { ...message, thread_ts }))
      return answers.one(answers.sent, answer)
    },
    async update({ channel, ts, text }) {
      // Unlike a post, an update without `parse` looks for names and links in the text.
      // docs.slack.dev/reference/methods/chat.update
      const message: ChatUpdateArguments = { channel, ts, text, parse: 'none', link_names: false }
      await ask(client.chat.update(message))
    },
    async remove({ channel, ts }) {
      await ask(client.chat.delete({ channel, ts }))
    },
    async react({ channel, ts, emoji }) {
      try {
        await ask(client.reactions.add({ channel, timestamp: ts, name: emoji }))
        return 'added'
      } catch (error) {
        if (isSlackError(error, 'already_reacted')) return 'already'
        throw error
      }
    },
  }
}

async function ask<Answer>(answer: Promise<Answer>): Promise<Answer> {
  try {
    return await answer
  } catch (error) {
    throw toHubError(error)
  }
}

async function orUndefined(answer: Promise<unknown>): Promise<Person | undefined> {
  try {
    return answers.one(answers.personAnswer, await ask(answer)).user
  } catch (error) {
    if (error instanceof HubError && error.code === 'not_found') return undefined
    throw error
  }
}

function remember(cache: Map<string, unknown>, id: string, person: Person | undefined, now: Date): void {
  cache.delete(`person:${id}`)
  cache.set(`person:${id}`, { person, at: now.getTime() })
  const known = [...cache.keys()].filter((key) => key.startsWith('person:'))
  if (known.length > mostPeopleRemembered) cache.delete(known[0] ?? '')
}

function given<Values extends Record<string, string | undefined>>(values: Values): { [Key in keyof Values]?: string } {
  const present = Object.entries(values).filter(([, value]) => value !== undefined && value !== '')
  return Object.fromEntries(present) as { [Key in keyof Values]?: string }
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

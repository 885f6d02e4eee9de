// What looks at Slack and changes nothing.
import type { WebClient } from '@slack/web-api'
import { HubError } from 'toolgate/kit'
import * as answers from './answers.ts'
import type { Person } from './answers.ts'
import { isSlackError } from './errors.ts'
import { given, remember } from './memory.ts'
import type { Ask } from './memory.ts'
import type { Me, SlackReads } from './slack.ts'

const personLivesMs = 10 * 60 * 1000

type Looks = Omit<SlackReads, 'settings' | 'file' | 'download' | 'search' | 'searcher'>

export function looks(client: WebClient, ask: Ask, memory: Map<string, unknown>): Looks {
  return { ...people(client, ask, memory), ...conversations(client, ask), names: namesIn(memory) }
}

function namesIn(memory: Map<string, unknown>): SlackReads['names'] {
  return {
    get: (name) => memory.get(`channel:${name}`) as string | undefined,
    set(name, id) {
      remember(memory, 'channel', name, id)
      return memory as Map<string, string>
    },
  }
}

function conversations(
  client: WebClient,
  ask: Ask,
): Pick<SlackReads, 'channel' | 'channels' | 'members' | 'history' | 'thread' | 'message' | 'scheduled'> {
  return {
    async channel(id) {
      const answer = await ask(client.conversations.info({ channel: id, include_num_members: true }))
      return answers.one(answers.channelAnswer, answer).channel
    },
    async channels({ types, mine, limit, cursor }) {
      const query = { types: types.join(','), exclude_archived: mine, limit, ...given({ cursor }) }
      const answer = await ask(mine ? client.users.conversations(query) : client.conversations.list(query))
      const { channels, next } = answers.one(answers.channelPage, answer)
      return { rows: mine ? channels.map((channel) => ({ ...channel, isMember: true })) : channels, next }
    },
    async members(channel, atMost) {
      return answers.one(answers.memberPage, await ask(client.conversations.members({ channel, limit: atMost }))).members
    },
    async history({ channel, oldest, latest, limit, cursor }) {
      const query = { channel, inclusive: true, include_all_metadata: true, limit, ...given({ oldest, latest, cursor }) }
      const { messages, next } = answers.one(answers.messagePage, await ask(client.conversations.history(query)))
      return { rows: messages, next }
    },
    async thread({ channel, ts, oldest, limit, cursor }) {
      const query = { channel, ts, include_all_metadata: true, limit, ...given({ oldest, cursor }) }
      const { messages, next } = answers.one(answers.messagePage, await ask(client.conversations.replies(query)))
      return { rows: messages, next }
    },
    async message(channel, ts) {
      try {
        // For a parent, a reply and a message without a thread alike; the one asked for comes first.
        // docs.slack.dev/reference/methods/conversations.replies
        const query = { channel, ts, limit: 1, inclusive: true, include_all_metadata: true }
        const { messages } = answers.one(answers.messagePage, await ask(client.conversations.replies(query)))
        return messages.find((message) => message.ts === ts)
      } catch (error) {
        if (isSlackError(error, 'thread_not_found') || isSlackError(error, 'message_not_found')) return undefined
        throw error
      }
    },
    async scheduled({ channel, oldest, latest }) {
      const query = { channel, limit: 100, ...given({ oldest: oldest?.toString(), latest: latest?.toString() }) }
      return answers.one(answers.scheduledPage, await ask(client.chat.scheduledMessages.list(query))).scheduled_messages
    },
  }
}

function people(
  client: WebClient,
  ask: Ask,
  memory: Map<string, unknown>,
): Pick<SlackReads, 'me' | 'forgetAccounts' | 'person' | 'personByEmail' | 'people' | 'groups'> {
  return {
    me: () => accountOf(client, ask, memory, 'me'),
    forgetAccounts() {
      for (const key of ['me', 'searcher']) memory.delete(key)
    },
    async person(id, now) {
      const remembered = memory.get(`person:${id}`) as
        | { readonly person: Person | undefined; readonly at: number }
        | undefined
      if (remembered !== undefined && now.getTime() - remembered.at < personLivesMs) return remembered.person
      const person = await orUndefined(ask(client.users.info({ user: id })))
      remember(memory, 'person', id, { person, at: now.getTime() })
      return person
    },
    personByEmail: (email) => orUndefined(ask(client.users.lookupByEmail({ email }))),
    async people({ limit, cursor }) {
      const answer = await ask(client.users.list({ limit, ...given({ cursor }) }))
      const { people: rows, next } = answers.one(answers.personPage, answer)
      return { rows, next }
    },
    async groups(withCounts) {
      return answers.one(answers.groupList, await ask(client.usergroups.list({ include_count: withCounts }))).usergroups
    },
  }
}

/** Whose token it is, asked once. */
export async function accountOf(client: WebClient, ask: Ask, memory: Map<string, unknown>, key: string): Promise<Me> {
  const known = memory.get(key)
  if (known !== undefined) return known as Me
  const me = answers.one(answers.authTest, await ask(client.auth.test()))
  memory.set(key, me)
  return me
}

async function orUndefined(answer: Promise<unknown>): Promise<Person | undefined> {
  try {
    return answers.one(answers.personAnswer, await answer).user
  } catch (error) {
    if (error instanceof HubError && error.code === 'not_found') return undefined
    throw error
  }
}

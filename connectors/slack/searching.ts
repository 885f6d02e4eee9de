// Search in the name of a person: Slack lets no bot search.
import type { WebClient } from '@slack/web-api'
import { HubError } from 'toolgate/kit'
import * as answers from './answers.ts'
import { accountOf } from './looks.ts'
import type { Ask } from './memory.ts'
import type { SlackReads } from './slack.ts'

export const noSearcher =
  'Slack lets only people search, and this connection has a bot’s token. Whoever runs the hub can add a second connection with a person’s token ("uses": "slack", "token": "user"), or set "token": "both".'

export function searching(
  client: WebClient | undefined,
  ask: Ask,
  memory: Map<string, unknown>,
): Pick<SlackReads, 'search' | 'searcher'> {
  return {
    searcher: async () => client && (await accountOf(client, ask, memory, 'searcher')),
    async search({ query, count, page }) {
      if (client === undefined) throw new HubError('forbidden', noSearcher)
      const asked = { query, count, page, sort: 'timestamp', sort_dir: 'desc', highlight: false } as const
      return answers.one(answers.searchAnswer, await ask(client.search.messages(asked)))
    },
  }
}

/** What a search looks for, before it becomes a query. */
export interface Sought {
  readonly words: string
  /** Names of channels, without #. */
  readonly channels: readonly string[]
  readonly people: readonly string[]
  readonly has: readonly string[]
  readonly after: string | undefined
  readonly before: string | undefined
}

/**
 * The query in Slack's own language. What was typed is words and phrases only: whatever could be anything else (`in:#secret`) is put in
 * quotes, where it is looked for as it stands. Modifiers come from the parameters alone.
 */
export function queryOf({ words, channels, people, has, after, before }: Sought): string {
  return [
    ...wordsOf(words),
    ...channels.map((name) => `in:${name}`),
    ...people.map((id) => `from:<@${id}>`),
    ...has.map((what) => `has:${what}`),
    ...(after === undefined ? [] : [`after:${after}`]),
    ...(before === undefined ? [] : [`before:${before}`]),
  ].join(' ')
}

const plainWord = /^-?[\p{L}\p{N}][\p{L}\p{M}\p{N}_.’'-]*\*?$/u

function wordsOf(text: string): readonly string[] {
  const straight = text.replace(/[“”„«»]/g, '"')
  const parts = [...straight.matchAll(/(-?)"([^"]*)"|[^\s"]+/g)]
  return parts.flatMap(([whole, minus = '', phrase]) => {
    if (phrase === undefined) return plainWord.test(whole) ? [whole] : quoted('', whole)
    return quoted(minus, phrase)
  })
}

function quoted(minus: string, text: string): readonly string[] {
  const inside = text.replace(/\s+/g, ' ').trim()
  return /[\p{L}\p{N}]/u.test(inside) ? [`${minus}"${inside}"`] : []
}

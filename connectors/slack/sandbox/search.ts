// The stand-in's search: docs.slack.dev/reference/methods/search.messages, with the modifiers of slack.com/help/articles/202528808.
import type { JsonObject } from 'toolgate/kit'
import { formatMessage } from './messages.ts'
import { SlackRefusal, channelsOf, isDirect, isMember, messagesOf, ok, team, userOf } from './workspace.ts'
import type { Asked, Channel, Message, User } from './workspace.ts'

const mostOnPage = 100

export function searchMessages(asked: Asked): JsonObject {
  const { arguments: given, me, state } = asked
  const query = given.get('query') ?? ''
  if (query.trim() === '') throw new SlackRefusal('no_query')
  const fits = filterOf(query, asked)
  const count = Math.min(Number(given.get('count') ?? 20), mostOnPage)
  const page = Number(given.get('page') ?? 1)
  const visible = channelsOf(state).filter((channel) => isMember(channel, me) || (!channel.is_private && !isDirect(channel)))
  const hits = visible
    .flatMap((channel) => messagesOf(asked, channel.id).map((message) => ({ channel, message })))
    .filter(({ channel, message }) => message.subtype !== 'tombstone' && fits(channel, message))
    .sort((left, right) => (left.message.ts < right.message.ts ? 1 : -1))
  if (given.get('sort_dir') === 'asc') hits.reverse()
  const matches = hits.slice((page - 1) * count, page * count).map(({ channel, message }) => match(asked, channel, message))
  const pages = Math.ceil(hits.length / count)
  const paging = { count, total: hits.length, page, pages }
  return ok({ query, messages: { total: hits.length, paging, matches } })
}

function match(asked: Asked, channel: Channel, message: Message): JsonObject {
  const author = userOf(asked.state, message.user)
  return {
    ...formatMessage(asked, [], false)(message),
    iid: `${channel.id}-${message.ts}`,
    username: author?.name ?? '',
    channel: {
      id: channel.id,
      name: channel.is_im ? (channel.members.find((id) => id !== asked.me.id) ?? '') : channel.name,
      is_private: channel.is_private,
      is_im: channel.is_im,
      is_mpim: channel.is_mpim,
      is_ext_shared: channel.is_ext_shared,
      is_shared: channel.is_ext_shared,
      is_org_shared: false,
      is_pending_ext_shared: false,
      pending_shared: [],
    },
    permalink: `${team.url}archives/${channel.id}/p${message.ts.replace('.', '')}`,
  }
}

type Fits = (channel: Channel, message: Message) => boolean

/** Words and phrases must all be there; of one modifier given several times, one must fit; a minus turns a part around. */
function filterOf(query: string, asked: Asked): Fits {
  const all: Fits[] = []
  const any = new Map<string, Fits[]>()
  for (const { not, modifier, value } of partsOf(query)) {
    const part = modifier === undefined ? says(value) : modified(modifier, value, asked)
    const fits: Fits = not ? (channel, message) => !part(channel, message) : part
    if (modifier === undefined || not) all.push(fits)
    else any.set(modifier, [...(any.get(modifier) ?? []), fits])
  }
  return (channel, message) =>
    all.every((fits) => fits(channel, message)) &&
    [...any.values()].every((several) => several.some((fits) => fits(channel, message)))
}

interface Part {
  readonly not: boolean
  readonly modifier: string | undefined
  readonly value: string
}

function partsOf(query: string): readonly Part[] {
  const parts = query.matchAll(
    /(-)?(?:"([^"]*)"|(?:(in|from|to|has|hasmy|is|before|after|on|during|with|creator):)?("[^"]*"|<[^>]*>|\S+))/gi,
  )
  return [...parts].flatMap(([, minus, phrase, modifier, value = '']) => {
    const text = phrase ?? value.replaceAll('"', '')
    return text === '' ? [] : [{ not: minus !== undefined, modifier: modifier?.toLowerCase(), value: text }]
  })
}

/** A whole word; a star at its end stands for any ending. */
function says(text: string): Fits {
  const sought = fold(text.replace(/\*$/, ''))
  const open = text.endsWith('*')
  return (_, message) => {
    const folded = fold(readable(message.text))
    for (let at = folded.indexOf(sought); at >= 0; at = folded.indexOf(sought, at + 1)) {
      const before = folded.charAt(at - 1)
      const after = folded.charAt(at + sought.length)
      if (!isLetter(before) && (open || !isLetter(after))) return true
    }
    return false
  }
}

function modified(name: string, value: string, asked: Asked): Fits {
  switch (name) {
    case 'in':
      return (channel) => isNamed(channel, value.replace(/^#/, ''))
    case 'from': {
      const id = personOf(value, asked)
      return (_, { user }) => user === id
    }
    case 'has':
      return has(value)
    case 'before':
      return (_, { ts }) => dayOf(ts) < day(value)
    case 'after':
      return (_, { ts }) => dayOf(ts) > day(value)
    case 'on':
      return (_, { ts }) => dayOf(ts) === day(value)
    default:
      // What is not evaluated finds nothing, rather than too much.
      return () => false
  }
}

function has(what: string): Fits {
  if (what === 'link') return (_, { text }) => /<(?:https?|mailto):/.test(text)
  if (what === 'file') return (_, { files }) => files.length > 0
  if (what === 'reaction') return (_, { reactions }) => reactions.length > 0
  const emoji = /^:([a-z0-9_+'-]+):$/.exec(what)?.[1]
  return (_, { reactions }) => reactions.some(({ name }) => name === emoji)
}

function isNamed(channel: Channel, name: string): boolean {
  const direct = /^<?@?([UW][A-Z0-9]+)>?$/.exec(name)?.[1]
  if (direct !== undefined) return channel.is_im && channel.members.includes(direct)
  const id = /^<#([CG][A-Z0-9]+)(?:\|[^>]*)?>$/.exec(name)?.[1]
  return id === undefined ? channel.name === name : channel.id === id
}

function personOf(value: string, { me, state }: Asked): string | undefined {
  if (value === 'me') return me.id
  const id = /^<@([UW][A-Z0-9]+)>$/.exec(value)?.[1]
  if (id !== undefined) return id
  const name = value.replace(/^@/, '')
  return state
    .list('user')
    .map((doc) => doc.value as User)
    .find((user) => user.name === name)?.id
}

/** Dates are days; an unknown one is before all others and after none. */
function day(value: string): string {
  return /^\d{4}-\d{2}-\d{2}$/.test(value) ? value : ''
}

function dayOf(ts: string): string {
  return new Date(Number(ts) * 1000).toISOString().slice(0, 10)
}

function readable(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')
}

function fold(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{Mn}/gu, '')
    .toLowerCase()
}

function isLetter(character: string): boolean {
  return /[\p{L}\p{N}]/u.test(character)
}

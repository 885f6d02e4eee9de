// The sandbox's workspace as documents: who and what is in it, and how to look it up.
import type { Json, JsonObject, SandboxState } from 'toolgate/kit'

export interface Token extends JsonObject {
  readonly user: string
  readonly kind: 'bot' | 'user'
  readonly scopes: readonly string[]
  readonly revoked: boolean
  /** In seconds; 0 for one that does not expire. */
  readonly expires: number
}

export interface User extends JsonObject {
  readonly id: string
  readonly team_id: string
  readonly name: string
  readonly real_name: string
  readonly email: string
  readonly title: string
  readonly is_bot: boolean
  readonly is_admin: boolean
  readonly guest: boolean
  readonly stranger: boolean
}

export interface Channel extends JsonObject {
  readonly id: string
  readonly name: string
  readonly created: number
  readonly creator: string
  readonly topic: string
  readonly purpose: string
  readonly is_private: boolean
  readonly is_archived: boolean
  readonly is_general: boolean
  readonly is_ext_shared: boolean
  /** A direct conversation, of two or of several. */
  readonly is_im: boolean
  readonly is_mpim: boolean
  readonly connected_team_ids: readonly string[]
  readonly members: readonly string[]
  /** Who alone may post; empty where everybody may. */
  readonly posters: readonly string[]
}

interface Reaction extends JsonObject {
  readonly name: string
  readonly users: readonly string[]
}

export interface Message extends JsonObject {
  readonly ts: string
  readonly user: string
  readonly text: string
  readonly subtype: string | null
  readonly thread_ts: string | null
  readonly reactions: readonly Reaction[]
  readonly metadata: JsonObject | null
  readonly edited: JsonObject | null
  readonly files: readonly string[]
  /** Until its timestamp comes: what was scheduled, and when. */
  readonly scheduled: { readonly id: string; readonly created: number } | null
}

export interface StoredFile extends JsonObject {
  readonly id: string
  readonly name: string
  readonly mimetype: string
  readonly user: string
  readonly created: number
  readonly channels: readonly string[]
  /** Empty for what is not text. */
  readonly content: string
  readonly size: number
}

export interface UserGroup extends JsonObject {
  readonly id: string
  readonly handle: string
  readonly name: string
  readonly description: string
  readonly users: readonly string[]
}

export const team = {
  id: 'T0LARKFIELD',
  name: 'Larkfield',
  domain: 'larkfield',
  url: 'https://larkfield.slack.com/',
} as const
export const partnerTeam = 'T0BRIGHTWATER'
export const app = { id: 'A0TOOLGATE', bot: 'B0TOOLGATE' } as const

/** Who asks, with what, and where the answer comes from. */
export interface Asked {
  readonly arguments: ReadonlyMap<string, string>
  readonly token: Token
  readonly me: User
  readonly state: SandboxState
  readonly now: Date
}

/** Slack's own way of saying no: HTTP 200 and `ok: false`. */
export class SlackRefusal extends Error {
  readonly code: string
  readonly details: JsonObject

  constructor(code: string, details: JsonObject = {}) {
    super(code)
    this.code = code
    this.details = details
  }
}

export function userOf(state: SandboxState, id: string): User | undefined {
  return state.get('user', id) as User | undefined
}

export function channelsOf(state: SandboxState): readonly Channel[] {
  return state.list('channel').map(({ value }) => value as Channel)
}

/** Oldest first, replies among them. */
export function messagesOf(asked: Asked, channel: string): readonly Message[] {
  const messages = allMessages(asked, channel).filter((message) => isPosted(message, asked))
  return messages.sort((left, right) => (left.ts < right.ts ? -1 : 1))
}

export function messageOf(asked: Asked, channel: string, ts: string): Message | undefined {
  const message = asked.state.get(`message ${channel}`, ts) as Message | undefined
  return message !== undefined && isPosted(message, asked) ? message : undefined
}

/** Not posted yet. */
export function waitingIn(asked: Asked, channel: string): readonly Message[] {
  return allMessages(asked, channel).filter(({ scheduled, ts }) => scheduled !== null && !isDue(ts, asked))
}

/** Also those that are not posted yet. */
export function allMessages({ state }: Asked, channel: string): Message[] {
  return state.list(`message ${channel}`).map(({ value }) => value as Message)
}

/** A scheduled message that has metadata is never posted. docs.slack.dev/reference/methods/chat.scheduleMessage */
function isPosted({ scheduled, ts, metadata }: Message, asked: Asked): boolean {
  return scheduled === null || (isDue(ts, asked) && metadata === null)
}

function isDue(ts: string, { now }: Asked): boolean {
  return Number(ts) <= now.getTime() / 1000
}

export function putMessage(state: SandboxState, channel: string, message: Message): void {
  state.put(`message ${channel}`, message.ts, message)
}

export function isMember(channel: Channel, user: User): boolean {
  return channel.members.includes(user.id)
}

/** The channel of the request, where whoever asks may know of it. */
export function channelAsked({ arguments: given, me, state }: Asked): Channel {
  const channel = state.get('channel', given.get('channel') ?? '') as Channel | undefined
  const closed = channel !== undefined && (channel.is_private || isDirect(channel))
  if (channel === undefined || (closed && !isMember(channel, me))) throw new SlackRefusal('channel_not_found')
  return channel
}

/** The same, where whoever asks must be in it. */
export function channelJoined(asked: Asked): Channel {
  const channel = channelAsked(asked)
  if (!isMember(channel, asked.me)) throw new SlackRefusal('not_in_channel')
  return channel
}

export function isDirect({ is_im, is_mpim }: Channel): boolean {
  return is_im || is_mpim
}

/** `read`, `history` or `write`, as the kind of conversation asks for it. docs.slack.dev/reference/scopes */
export function scopeOf(channel: Channel, what: 'read' | 'history' | 'write'): string {
  if (channel.is_im) return `im:${what}`
  if (channel.is_mpim) return `mpim:${what}`
  if (channel.is_private) return `groups:${what}`
  return what === 'write' ? 'channels:manage' : `channels:${what}`
}

export function requireScope({ token }: Asked, ...anyOf: readonly string[]): void {
  if (anyOf.some((scope) => token.scopes.includes(scope))) return
  throw new SlackRefusal('missing_scope', { needed: anyOf.join(','), provided: token.scopes.join(',') })
}

export function isTrue(value: string | undefined): boolean {
  return value === 'true' || value === '1'
}

/** docs.slack.dev/apis/web-api/pagination: an opaque cursor, and fewer rows than asked for only at the end. */
export function page<Row>(
  rows: readonly Row[],
  given: ReadonlyMap<string, string>,
  idOf: (row: Row) => string,
  usual = 100,
): { readonly rows: readonly Row[]; readonly next: string } {
  const limit = Number(given.get('limit') ?? usual)
  if (!Number.isInteger(limit) || limit < 1 || limit > 1000) throw new SlackRefusal('invalid_limit')
  const cursor = given.get('cursor') ?? ''
  const start = cursor === '' ? 0 : rows.findIndex((row) => cursorTo(idOf(row)) === cursor)
  if (start < 0) throw new SlackRefusal('invalid_cursor')
  const after = rows[start + limit]
  return { rows: rows.slice(start, start + limit), next: after === undefined ? '' : cursorTo(idOf(after)) }
}

function cursorTo(id: string): string {
  return Buffer.from(`next:${id}`).toString('base64')
}

export function ok(answer: Record<string, Json> = {}): JsonObject {
  return { ok: true, ...answer }
}

// Slack's answers, parsed at the border: only what the tools use, in our words.
import { parseAnswer, visibleText } from 'toolgate/kit'
import { z } from 'zod'
import { readable } from './text.ts'

export interface Page<Row> {
  readonly rows: readonly Row[]
  /** The cursor of the next page, or undefined on the last. */
  readonly next: string | undefined
}

/** @throws HubError `bad_response` when Slack's answer does not have the shape that its pages promise. */
export function one<Schema extends z.ZodType>(schema: Schema, answer: unknown): z.output<Schema> {
  return parseAnswer('Slack', schema, answer)
}

const words = z.string().transform(visibleText)
const flag = z
  .boolean()
  .nullish()
  .transform((value) => value ?? false)
const optional = z
  .string()
  .nullish()
  .transform((value) => value ?? undefined)
const topic = z.object({ value: words }).nullish()
const restriction = z.object({ user: z.array(z.string()).nullish(), type: z.array(z.string()).nullish() }).nullish()
const cursor = z.object({ next_cursor: z.string().nullish() }).nullish()

/** docs.slack.dev/reference/objects/conversation-object */
const channel = z
  .object({
    id: z.string(),
    name: words.nullish(),
    is_im: flag,
    user: optional,
    creator: optional,
    is_mpim: flag,
    is_private: flag,
    is_archived: flag,
    is_member: flag,
    is_ext_shared: flag,
    is_pending_ext_shared: flag,
    is_org_shared: flag,
    is_read_only: flag,
    is_thread_only: flag,
    is_non_threadable: flag,
    num_members: z.number().int().nonnegative().nullish(),
    created: z.number().nullish(),
    topic,
    purpose: topic,
    properties: z.object({ posting_restricted_to: restriction, threads_restricted_to: restriction }).nullish(),
  })
  .transform((raw) => ({
    id: raw.id,
    name: raw.name ?? '',
    isDirect: raw.is_im || raw.is_mpim,
    isGroup: raw.is_mpim,
    /** Whom the app talks with there, where it is one person. */
    with: raw.user,
    creator: raw.creator,
    isPrivate: raw.is_private,
    isArchived: raw.is_archived,
    isMember: raw.is_member,
    /** Another company is in it, is about to be, or another workspace of a larger organisation is. */
    isShared: raw.is_ext_shared || raw.is_pending_ext_shared || raw.is_org_shared,
    isReadOnly: raw.is_read_only,
    isThreadOnly: raw.is_thread_only,
    isNonThreadable: raw.is_non_threadable,
    members: raw.num_members ?? undefined,
    created: raw.created ?? undefined,
    topic: raw.topic?.value ?? '',
    purpose: raw.purpose?.value ?? '',
    /** Ids of the people who alone may post, where posting is restricted; the same for replies. */
    postersOnly: restrictedTo(raw.properties?.posting_restricted_to),
    repliersOnly: restrictedTo(raw.properties?.threads_restricted_to),
  }))
export type Channel = z.output<typeof channel>

function restrictedTo(rule: z.output<typeof restriction>): readonly string[] | undefined {
  if (rule === null || rule === undefined) return undefined
  const { user, type } = rule
  const nobody = (user ?? []).length === 0 && (type ?? []).length === 0
  return nobody ? undefined : (user ?? [])
}

/** docs.slack.dev/reference/objects/user-object */
const person = z
  .object({
    id: z.string(),
    name: words.nullish(),
    real_name: words.nullish(),
    deleted: flag,
    is_bot: flag,
    is_restricted: flag,
    is_ultra_restricted: flag,
    is_stranger: flag,
    tz: words.nullish(),
    profile: z.object({ real_name: words.nullish(), display_name: words.nullish(), title: words.nullish() }).nullish(),
  })
  .transform((raw) => ({
    id: raw.id,
    handle: raw.name ?? '',
    name: raw.real_name ?? raw.profile?.real_name ?? raw.name ?? '',
    displayName: raw.profile?.display_name ?? '',
    title: raw.profile?.title ?? '',
    timeZone: raw.tz ?? undefined,
    isActive: !raw.deleted,
    isBot: raw.is_bot,
    isGuest: raw.is_restricted || raw.is_ultra_restricted,
    /** Of another company: seen through a channel that both share. */
    isExternal: raw.is_stranger,
  }))
export type Person = z.output<typeof person>

/** docs.slack.dev/reference/events/message */
const message = z
  .object({
    ts: z.string(),
    text: z.string().nullish(),
    user: optional,
    bot_id: optional,
    username: words.nullish(),
    subtype: optional,
    thread_ts: optional,
    reply_count: z.number().int().nonnegative().nullish(),
    edited: z.object({ ts: z.string().nullish() }).nullish(),
    reactions: z.array(z.object({ name: words, count: z.number().int(), users: z.array(z.string()).nullish() })).nullish(),
    metadata: z.object({ event_type: z.string(), event_payload: z.unknown() }).nullish(),
    files: z
      .array(z.object({ id: z.string(), name: words.nullish(), mimetype: words.nullish(), size: z.number().nullish() }))
      .nullish(),
  })
  .transform((raw) => ({
    ts: raw.ts,
    /** As Slack keeps it. */
    mrkdwn: raw.text ?? '',
    text: readable(raw.text ?? ''),
    user: raw.user,
    bot: raw.bot_id,
    username: raw.username ?? undefined,
    subtype: raw.subtype,
    threadTs: raw.thread_ts,
    replies: raw.reply_count ?? 0,
    edited: raw.edited !== null && raw.edited !== undefined,
    reactions: (raw.reactions ?? []).map(({ name, count, users }) => ({ name, count, users: users ?? [] })),
    tag: tagOf(raw.metadata ?? undefined),
    files: raw.files ?? [],
  }))
export type Message = z.output<typeof message>

export const operationEvent = 'toolgate_operation'
const tag = z.object({ operation: z.string().optional(), update: z.string().optional() })

/** The operation of the hub that sent a message, and the one that changed it last. */
function tagOf(metadata: { event_type: string; event_payload: unknown } | undefined): z.output<typeof tag> {
  const ours = metadata?.event_type === operationEvent ? tag.safeParse(metadata.event_payload) : undefined
  return ours?.data ?? {}
}

/** docs.slack.dev/reference/methods/chat.scheduledMessages.list; times in seconds. */
const scheduled = z
  .object({
    id: z.string(),
    channel_id: z.string(),
    post_at: z.number(),
    date_created: z.number(),
    text: z.string().nullish(),
  })
  .transform(({ id, channel_id, post_at, date_created, text }) => ({
    id,
    channel: channel_id,
    postAt: post_at,
    createdAt: date_created,
    mrkdwn: text ?? '',
  }))
export type Scheduled = z.output<typeof scheduled>

/** docs.slack.dev/reference/methods/usergroups.list */
const group = z
  .object({
    id: z.string(),
    handle: words,
    name: words,
    description: words.nullish(),
    is_external: flag,
    user_count: z.union([z.number(), z.string().regex(/^\d+$/).transform(Number)]).nullish(),
  })
  .transform((raw) => ({
    id: raw.id,
    handle: raw.handle,
    name: raw.name,
    description: raw.description ?? '',
    isExternal: raw.is_external,
    members: raw.user_count ?? undefined,
  }))
export type UserGroup = z.output<typeof group>

const ids = z
  .array(z.string())
  .nullish()
  .transform((list) => list ?? [])

/** docs.slack.dev/reference/methods/files.info: text files come with their text, or its beginning. */
export const fileAnswer = z
  .object({
    file: z.object({
      id: z.string(),
      name: words.nullish(),
      title: words.nullish(),
      mimetype: words.nullish(),
      size: z.number().nullish(),
      created: z.number().nullish(),
      user: optional,
      channels: ids,
      groups: ids,
      ims: ids,
      is_external: flag,
      url_private: optional,
    }),
    content: z.string().nullish(),
    is_truncated: flag,
  })
  .transform(({ file, content, is_truncated }) => ({
    id: file.id,
    name: file.name ?? file.title ?? '',
    type: file.mimetype ?? undefined,
    size: file.size ?? undefined,
    created: file.created ?? undefined,
    user: file.user,
    /** Where it was shared. */
    channels: [...file.channels, ...file.groups],
    /** Also in direct conversations. */
    places: [...file.channels, ...file.groups, ...file.ims],
    isElsewhere: file.is_external,
    address: file.url_private,
    content: content === null || content === undefined ? undefined : visibleText(content),
    isCut: is_truncated,
  }))
export type FileInfo = z.output<typeof fileAnswer>

/** docs.slack.dev/reference/methods/files.getUploadURLExternal and files.completeUploadExternal */
export const uploadTicket = z.object({ upload_url: z.string(), file_id: z.string().regex(/^F[A-Z0-9]{8,20}$/) })

/** docs.slack.dev/reference/methods/search.messages */
const hit = z.intersection(
  message,
  z
    .object({
      permalink: z.string().nullish(),
      channel: z.object({
        id: z.string(),
        name: words.nullish(),
        is_im: flag,
        is_mpim: flag,
        is_ext_shared: flag,
        is_pending_ext_shared: flag,
        is_org_shared: flag,
      }),
    })
    .transform(({ permalink, channel: place }) => ({
      permalink: permalink ?? undefined,
      channel: place.id,
      channelName: place.name ?? '',
      isDirect: place.is_im || place.is_mpim || place.id.startsWith('D'),
      isShared: place.is_ext_shared || place.is_pending_ext_shared || place.is_org_shared,
    })),
)
export type Hit = z.output<typeof hit>
export const searchAnswer = z
  .object({
    messages: z.object({
      total: z.number().int().nonnegative(),
      paging: z.object({ page: z.number().int(), pages: z.number().int() }).nullish(),
      matches: z.array(hit),
    }),
  })
  .transform(({ messages: { total, paging, matches } }) => ({
    hits: matches,
    total,
    isLast: paging === null || paging === undefined || paging.page >= paging.pages,
  }))
export type Hits = z.output<typeof searchAnswer>

export const authTest = z
  .object({
    user_id: z.string(),
    bot_id: optional,
    user: words.nullish(),
    team: words.nullish(),
    url: z.string().regex(/^https:\/\/[a-z0-9.-]+\/$/),
    response_metadata: z.object({ scopes: z.array(z.string()).nullish() }).nullish(),
  })
  .transform(({ user_id, bot_id, user, team, url, response_metadata }) => ({
    userId: user_id,
    botId: bot_id,
    url,
    account: `@${user ?? user_id} in ${team ?? url}`,
    // The SDK's own place for the header x-oauth-scopes, which Slack sends with every answer.
    scopes: response_metadata?.scopes ?? undefined,
  }))
export const channelAnswer = z.object({ channel })
export const channelPage = z
  .object({ channels: z.array(channel), response_metadata: cursor })
  .transform(({ channels, response_metadata }) => ({ channels, next: nextOf(response_metadata) }))
export const memberPage = z.object({ members: z.array(z.string()) })
export const messagePage = z
  .object({ messages: z.array(message), response_metadata: cursor })
  .transform(({ messages, response_metadata }) => ({ messages, next: nextOf(response_metadata) }))
export const personAnswer = z.object({ user: person })
export const personPage = z
  .object({ members: z.array(person), response_metadata: cursor })
  .transform(({ members, response_metadata }) => ({ people: members, next: nextOf(response_metadata) }))
export const sent = z
  .object({ channel: z.string(), ts: z.string(), message: z.object({ text: optional }).nullish() })
  .transform(({ channel: id, ts, message: kept }) => ({ channel: id, ts, text: kept?.text }))
export const updated = z.object({ channel: optional, ts: optional, text: optional })
export const scheduledPage = z.object({ scheduled_messages: z.array(scheduled) })
export const scheduledAnswer = z
  .object({ channel: z.string(), scheduled_message_id: z.string() })
  .transform(({ channel: id, scheduled_message_id }) => ({ channel: id, id: scheduled_message_id }))
export const groupList = z.object({ usergroups: z.array(group) })
/** Just made: all that is sure to be said of it. */
export const madeChannel = z.object({ channel: z.object({ id: z.string() }) })

function nextOf(metadata: z.output<typeof cursor>): string | undefined {
  const next = metadata?.next_cursor
  return next === undefined || next === null || next === '' ? undefined : next
}

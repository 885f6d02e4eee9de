// The inputs and outputs that several tools share.
import { HubError } from 'toolgate/kit'
import { z } from 'zod'
import type { Channel, Message, Page, Person } from './answers.ts'
import type { SlackReads } from './slack.ts'
import { shorten } from './text.ts'

export const channelInput = z
  .string()
  .regex(
    /^(?:[CG][A-Z0-9]{8,20}|#[^\s#@<>&,]{1,80})$/u,
    'Give the id of a channel, such as C0123456789, or its exact name with #.',
  )
  .describe('Id of the channel (C…), or its exact name with #')
/** Also a direct conversation. */
export const conversationInput = z
  .string()
  .regex(
    /^(?:[CDG][A-Z0-9]{8,20}|#[^\s#@<>&,]{1,80})$/u,
    'Give the id of a channel or of a direct conversation, such as C0123456789, or the exact name of a channel with #.',
  )
  .describe('Id of the channel (C…) or direct conversation (D…), or the exact name of a channel with #')
export const emojiInput = z
  .string()
  .regex(/^[a-z0-9_+'-]{1,100}(?:::skin-tone-[2-6])?$/, 'Give the name of an emoji without colons, such as eyes.')
  .describe('Name without colons: white_check_mark')
export const timestampInput = z
  .string()
  .regex(/^\d{10}\.\d{6}$/, 'Give the timestamp of a message as Slack writes it, such as 1763800000.000100.')
  .describe("The message's timestamp, such as 1763800000.000100")
export const personInput = z
  .string()
  .regex(/^[UW][A-Z0-9]{8,20}$/, 'Give the id of a person, such as U0123456789; user_find gives it.')
export const fileInput = z
  .string()
  .regex(/^F[A-Z0-9]{8,20}$/, 'Give the id of a file, such as F0123456789.')
  .describe('As in files of a message')
export const timeInput = z
  .string()
  .min(1)
  .max(40)
  .describe('A date such as 2026-11-22T09:00:00Z, or the timestamp of a message')
export const limitInput = (most: number, usual: number) => z.number().int().min(1).max(most).default(usual)
export const cursorInput = z
  .string()
  .regex(/^[\w+/=:.-]{1,500}$/, 'Give the next_cursor of the page before.')
  .optional()
  .describe('The next_cursor of the page before')
/** Long enough for any message that fits after rendering. */
export const textInput = z
  .string()
  .min(1)
  .max(12_000)
  .describe('Markdown. @[U…] mentions a person and #[C…] names a channel, by id; nothing else can mention anyone.')

/** Free text of the answer was written by others, and may try to instruct its reader. */
export const untrusted = z.literal('untrusted')

export const channelOutput = z.strictObject({
  id: z.string(),
  name: z.string(),
  type: z.enum(['public', 'private']),
  is_member: z.boolean(),
  /** Another company, or another workspace, is in it or invited. */
  is_shared: z.boolean(),
  is_archived: z.boolean(),
  members: z.number().int().optional(),
  topic: z.string().optional(),
})

export function channelRow(channel: Channel): z.input<typeof channelOutput> {
  const topic = shorten(channel.topic, 120).text
  return {
    id: channel.id,
    name: channel.name,
    type: channel.isPrivate ? 'private' : 'public',
    is_member: channel.isMember,
    is_shared: channel.isShared,
    is_archived: channel.isArchived,
    ...(channel.members === undefined ? {} : { members: channel.members }),
    ...(topic === '' ? {} : { topic }),
  }
}

export const messageOutput = z.strictObject({
  channel_id: z.string(),
  ts: z.string(),
  /** Where it belongs to a thread: the timestamp of the thread's first message. */
  thread_ts: z.string().optional(),
  at: z.string(),
  from: z.strictObject({ id: z.string(), name: z.string().optional() }),
  text: z.string(),
  text_truncated: z.literal(true).optional(),
  edited: z.literal(true).optional(),
  replies: z.number().int().optional(),
  reactions: z.array(z.strictObject({ name: z.string(), count: z.number().int() })).optional(),
  files: z
    .array(
      z.strictObject({
        id: z.string(),
        name: z.string().optional(),
        type: z.string().optional(),
        size: z.number().optional(),
      }),
    )
    .optional(),
})
export type MessageRow = z.output<typeof messageOutput>

/** What a tool that lists messages gives. */
export const messagePageOutput = z.strictObject({
  content_trust: untrusted,
  messages: z.array(messageOutput),
  next_cursor: z.string().optional(),
  truncated: z.boolean(),
})

/** One page of messages, with the cursor of the next one. */
export async function messagePage(
  slack: SlackReads,
  channel: string,
  { rows, next }: Page<Message>,
  now: Date,
): Promise<z.input<typeof messagePageOutput>> {
  return {
    content_trust: 'untrusted',
    messages: await messageRows(slack, channel, rows, now),
    ...(next === undefined ? {} : { next_cursor: next }),
    truncated: next !== undefined,
  }
}

const mostText = 40_000
const mostNames = 25

/** Messages as the tools give them: names looked up for the first authors, long texts cut so that the answer stays small. */
export async function messageRows(
  slack: SlackReads,
  channel: string,
  messages: readonly Message[],
  now: Date,
  mostCharacters = Math.min(2000, Math.max(200, Math.floor(mostText / Math.max(1, messages.length)))),
): Promise<MessageRow[]> {
  const authors = [...new Set(messages.flatMap(({ user }) => user ?? []))].slice(0, mostNames)
  const people = new Map<string, Person | undefined>()
  for (const id of authors) people.set(id, await slack.person(id, now))
  return messages.map((message) => messageRow(channel, message, people, mostCharacters))
}

function messageRow(
  channel: string,
  message: Message,
  people: ReadonlyMap<string, Person | undefined>,
  mostCharacters: number,
): MessageRow {
  const { text, cut } = shorten(message.text, mostCharacters)
  const name = message.user === undefined ? message.username : people.get(message.user)?.name
  return {
    channel_id: channel,
    ts: message.ts,
    ...(message.threadTs === undefined ? {} : { thread_ts: message.threadTs }),
    at: timeOf(message.ts),
    from: { id: message.user ?? message.bot ?? 'unknown', ...(name === undefined ? {} : { name }) },
    text,
    ...(cut ? { text_truncated: true } : {}),
    ...(message.edited ? { edited: true } : {}),
    ...(message.replies > 0 ? { replies: message.replies } : {}),
    ...(message.reactions.length === 0
      ? {}
      : { reactions: message.reactions.map(({ name: emoji, count }) => ({ name: emoji, count })) }),
    ...(message.files.length === 0 ? {} : { files: message.files.map(fileRow) }),
  }
}

function fileRow(file: Message['files'][number]) {
  return {
    id: file.id,
    ...(file.name === null || file.name === undefined ? {} : { name: file.name }),
    ...(file.mimetype === null || file.mimetype === undefined ? {} : { type: file.mimetype }),
    ...(file.size === null || file.size === undefined ? {} : { size: file.size }),
  }
}

/** The time of a Slack timestamp, as RFC 3339. */
function timeOf(ts: string): string {
  return new Date(Number(ts.slice(0, ts.indexOf('.'))) * 1000).toISOString()
}

/** A time as Slack wants it: its own timestamp, or a date. */
export function timestampOf(time: string): string {
  if (/^\d{10}\.\d{6}$/.test(time)) return time
  const ms = Date.parse(time)
  if (Number.isNaN(ms) || ms < 0) {
    throw new HubError('invalid_input', 'A time is a date such as 2026-11-22T09:00:00Z, or the timestamp of a message.')
  }
  return `${Math.floor(ms / 1000)}.${String((ms % 1000) * 1000).padStart(6, '0')}`
}

/** The address that opens a message in Slack, as Slack itself makes it. docs.slack.dev/reference/methods/chat.getPermalink */
export function permalink(workspace: string, channel: string, ts: string, threadTs?: string): string {
  const address = `${workspace}archives/${channel}/p${ts.replace('.', '')}`
  return threadTs === undefined || threadTs === ts ? address : `${address}?thread_ts=${threadTs}&cid=${channel}`
}

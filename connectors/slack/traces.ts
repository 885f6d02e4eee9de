// What an operation leaves in Slack, for when its answer was lost.
import type { Asks, Evidence } from 'toolgate/kit'
import type { Message, Page } from './answers.ts'
import type { Me, Slack } from './slack.ts'
import { isOwn, revisionOf } from './writing.ts'

/** Slack carries a request out within seconds, or not at all. */
export const settlesMs = 2 * 60 * 1000
/** The clocks of Slack and of the hub are not the same. */
const clocksApartMs = 5000
const pageSize = 100
const mostPages = 5

export interface Found {
  readonly ts: string
  readonly rev: string
}

type Asking = Pick<Asks<Slack>, 'vendor' | 'operationId' | 'sentAt'>

/** The message that carries this operation, in the channel or in the thread to which it was sent. */
export async function findSent(
  { vendor, operationId, sentAt }: Asking,
  { channel, thread_ts }: { readonly channel: string; readonly thread_ts?: string | undefined },
): Promise<Evidence<Found>> {
  const oldest = timestampBefore(sentAt)
  const me = await vendor.me()
  let unmarked = false
  let cursor: string | undefined
  for (let page = 0; page < mostPages; page += 1) {
    const asked = { channel, oldest, limit: pageSize, cursor }
    const { rows, next }: Page<Message> =
      thread_ts === undefined ? await vendor.history(asked) : await vendor.thread({ ...asked, ts: thread_ts })
    const message = rows.find(({ tag }) => tag.operation === operationId)
    if (message !== undefined) return { verdict: 'happened', output: { ts: message.ts, rev: revisionOf(message) } }
    // Were the marks not shown for once, its message would look like this.
    unmarked ||= rows.some((row) => row.ts >= oldest && isOwn(row, me) && row.tag.operation === undefined)
    cursor = next
    if (cursor === undefined) return { verdict: unmarked ? 'unclear' : 'absent' }
  }
  return { verdict: 'unclear' }
}

export function secondsBefore(sentAt: Date): number {
  return Math.floor((sentAt.getTime() - clocksApartMs) / 1000)
}

export function timestampBefore(sentAt: Date): string {
  return `${secondsBefore(sentAt)}.000000`
}

/**
 * Whether the app has this reaction on the message. Slack keeps the first name of an emoji that has several, and may
 * name only some of the people, so that a reaction which is not found may still be there.
 */
export function reactedWith({ reactions }: Message, emoji: string, { userId }: Pick<Me, 'userId'>): boolean | 'unclear' {
  if (reactions.some(({ name, users }) => name === emoji && users.includes(userId))) return true
  return reactions.some(({ users, count }) => users.includes(userId) || users.length < count) ? 'unclear' : false
}

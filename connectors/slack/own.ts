// Taking back what the app said: only what is still as the app left it.
import { HubError } from 'toolgate/kit'
import type { Undo } from 'toolgate/kit'
import type { Message } from './answers.ts'
import { toMarkdown } from './markdown.ts'
import type { SlackReads } from './slack.ts'
import { revisionOf } from './writing.ts'

/** @throws HubError `conflict` when the message is gone or says something else by now */
export async function unchanged(slack: SlackReads, { channel, ts, rev }: Kept): Promise<Message> {
  const message = await slack.message(channel, ts)
  if (message === undefined || isGone(message)) {
    throw new HubError('conflict', 'Somebody has deleted this message since then. There is nothing left to take back.')
  }
  if (revisionOf(message) !== rev) {
    throw new HubError(
      'conflict',
      'Somebody has changed the text of this message since then. Look at it before it is changed again.',
    )
  }
  return message
}

interface Kept {
  readonly channel: string
  readonly ts: string
  readonly rev: string
}

/** Deletes what was sent, as long as it is what was sent. */
export async function deleting(slack: SlackReads, kept: Kept | undefined): Promise<Undo> {
  if (kept === undefined) throw new HubError('refused', 'It is not known which message this was.')
  const { replies, reactions } = await unchanged(slack, kept)
  const warnings = ['Who was notified stays notified, and who has read it has read it.']
  if (replies > 0) warnings.push(`${replies} replies to it stay.`)
  if (reactions.length > 0) warnings.push('The reactions to it are lost.')
  const { channel, ts, rev } = kept
  return { tool: 'message_delete', input: { channel, ts, expect_rev: rev }, fidelity: 'partial', warnings }
}

/** A text to be written again, with what has to be said when it cannot be the same to the letter. */
export function again(mrkdwn: string): {
  readonly text: string
  readonly exact: boolean
  readonly warnings: readonly string[]
} {
  const { markdown, exact } = toMarkdown(mrkdwn)
  const sentence =
    'It was written in a way that Markdown has no words for (a mass mention, a group, a date): that part becomes plain text.'
  return { text: markdown, exact, warnings: exact ? [] : [sentence] }
}

/** Of a thread whose first message was deleted, Slack keeps the place. */
export function isGone({ subtype }: Message): boolean {
  return subtype === 'tombstone'
}

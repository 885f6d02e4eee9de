// Messages that Slack keeps until their time: how they are planned, found again and taken back.
import { HubError } from 'toolgate/kit'
import type { Asks, Evidence, Undo } from 'toolgate/kit'
import type { Message, Scheduled } from './answers.ts'
import { deleting } from './own.ts'
import type { Outgoing, Slack, SlackReads } from './slack.ts'
import { secondsBefore } from './traces.ts'
import { isOwn, revisionOf } from './writing.ts'

/** Within the last minute Slack takes no message back. docs.slack.dev/reference/methods/chat.deleteScheduledMessage */
export const lastCallSeconds = 60
/** docs.slack.dev/reference/methods/chat.scheduleMessage */
const mostSeconds = 120 * 86_400
/** How long after its time a message may be posted, and a send may be on its way. */
const laterSeconds = 60

type Waiting = Pick<Outgoing, 'channel' | 'text'>

/** @throws HubError when Slack would not post it then, or nobody could take it back before */
export function assertFuture(postAt: number, now: Date): void {
  const ahead = postAt - now.getTime() / 1000
  if (ahead <= lastCallSeconds) {
    throw new HubError(
      'invalid_input',
      'The time to post at must be more than a minute ahead, so that it can still be taken back.',
    )
  }
  if (ahead > mostSeconds) throw new HubError('invalid_input', 'Slack schedules messages at most 120 days ahead.')
}

/** @throws HubError `conflict`: an equal one would leave it unclear which of the two is whose */
export async function assertNoTwin(slack: SlackReads, { channel, text }: Waiting, postAt: number): Promise<void> {
  const waiting = await slack.scheduled({ channel, oldest: postAt, latest: postAt })
  if (!waiting.some((message) => message.postAt === postAt && message.mrkdwn === text)) return
  throw new HubError('conflict', 'The same message is already scheduled there for the same time.')
}

/** `postAt` as far as it was known when the message was planned; a held one is due some time after it was carried out. */
export async function findScheduled(
  { vendor, sentAt, now }: Pick<Asks<Slack>, 'vendor' | 'sentAt' | 'now'>,
  { channel, text }: Waiting,
  due: { readonly at: number } | { readonly after: number },
): Promise<Evidence<Scheduled>> {
  const since = secondsBefore(sentAt)
  const oldest = 'at' in due ? due.at : since + due.after
  const latest = 'at' in due ? due.at : oldest + laterSeconds
  const waiting = await vendor.scheduled({ channel, oldest, latest })
  const ours = waiting.filter(
    (message) =>
      message.mrkdwn === text && message.createdAt >= since && message.postAt >= oldest && message.postAt <= latest,
  )
  // Slack lets scheduled messages carry no mark of the operation: of two that are alike, none is evidence.
  if (ours.length > 1) return { verdict: 'unclear' }
  if (ours[0] !== undefined) return { verdict: 'happened', output: ours[0] }
  if (now.getTime() / 1000 >= oldest) {
    const posted = await findPosted(vendor, { channel, text }, { oldest, latest: latest + laterSeconds })
    return posted.length === 1 ? { verdict: 'happened' } : { verdict: 'unclear' }
  }
  return waiting.length < 100 ? { verdict: 'absent' } : { verdict: 'unclear' }
}

/** Before its time it is unscheduled; afterwards the message is deleted. */
export async function unscheduling(
  slack: SlackReads,
  { channel, text }: Waiting,
  { id, postAt }: { readonly id: string; readonly postAt: number },
  now: Date,
): Promise<Undo> {
  const waiting = await slack.scheduled({ channel, oldest: postAt, latest: postAt })
  if (waiting.some((message) => message.id === id)) {
    if (postAt - now.getTime() / 1000 <= lastCallSeconds) {
      throw new HubError(
        'conflict',
        'It is posted within the minute, in which Slack takes nothing back. Try again once it is posted.',
      )
    }
    return { tool: 'msg_unschedule', input: { channel, scheduled_message_id: id }, fidelity: 'exact', warnings: [] }
  }
  const nothingLeft = new HubError(
    'conflict',
    'It is neither scheduled any more nor posted: somebody has taken it back since then.',
  )
  if (now.getTime() / 1000 < postAt) throw nothingLeft
  const posted = await findPosted(slack, { channel, text }, { oldest: postAt, latest: postAt + laterSeconds })
  const [message] = posted
  if (message === undefined || posted.length > 1) throw nothingLeft
  return await deleting(slack, { channel, ts: message.ts, rev: revisionOf(message) })
}

/** The app's own messages of that time with that text. */
async function findPosted(
  slack: SlackReads,
  { channel, text }: Waiting,
  { oldest, latest }: { readonly oldest: number; readonly latest: number },
): Promise<readonly Message[]> {
  const me = await slack.me()
  const range = { oldest: `${oldest}.000000`, latest: `${latest}.000000` }
  const { rows } = await slack.history({ channel, ...range, limit: 100 })
  return rows.filter((message) => message.mrkdwn === text && isOwn(message, me))
}

// Shares a new file in a channel.
import { createHash } from 'node:crypto'
import { HubError, writeTool } from 'toolgate/kit'
import type { Asks, Reads, Writes } from 'toolgate/kit'
import { z } from 'zod'
import { hostsIn } from '../addresses.ts'
import type { Message } from '../answers.ts'
import { assertPostable, reachOf, resolveChannel } from '../channels.ts'
import { channelInput } from '../fields.ts'
import type { Slack, SlackReads } from '../slack.ts'
import { shorten } from '../text.ts'
import { settlesMs, timestampBefore } from '../traces.ts'
import { assertHosts, isOwn } from '../writing.ts'

const shownCharacters = 2000
/** Two equal ones within this time could not be told apart. */
const twinMs = 10 * 60 * 1000

const input = z.strictObject({
  channel: channelInput,
  name: z
    .string()
    .regex(
      /^[\p{L}\p{N}_][\p{L}\p{N}_ .()+,@-]{0,99}$/u,
      'The name of a file begins with a letter or digit and has only letters, digits, spaces and ._()+,@-, at most 100.',
    )
    .describe('With its ending, by which Slack knows what it is: report.csv'),
  text: z.string().min(1).max(100_000).optional().describe('What it says, where it is text'),
  base64: z
    .string()
    .regex(/^(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$|^(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)$/)
    .max(140_000)
    .optional()
    .describe('Its bytes, in place of text'),
})
const output = z.strictObject({ channel_id: z.string(), file_id: z.string(), name: z.string(), bytes: z.number().int() })

interface Request {
  readonly [key: string]: string | number
  readonly channel: string
  readonly name: string
  readonly base64: string
  readonly bytes: number
}

export const fileUpload = writeTool({
  name: 'file_upload',
  title: 'Slack: share a file',
  description:
    'Shares a new file in a channel that the app is in, as the app: text, or bytes as base64. Without words of its own: say them with message_send.',
  scopes: ['files:write', 'files:read', 'channels:read', 'channels:history', 'groups:read', 'groups:history', 'users:read'],
  class: 'W2',
  verb: 'send',
  default: 'off',
  resolves: ['slack.channel'],
  // The address to upload to is only asked for: nothing is there until the bytes are, and nobody sees them before they are shared.
  routes: ['POST /api/files.completeUploadExternal', 'POST files:/upload/v1/{ticket}'],
  changes: ['channel', 'name', 'bytes', 'sha256', 'text', 'links'],
  input,
  output,
  example: { channel: '#support', name: 'sup-1.csv', text: 'clinic,bookings\nBristol,3\n' },
  async plan({ channel: reference, name, text, base64 }, context: Reads<Slack>) {
    const { vendor, now } = context
    const channel = await resolveChannel(context, reference)
    const me = await vendor.me()
    assertPostable(channel, me.userId, 'message')
    const bytes = bytesOf(text, base64)
    const hosts = text === undefined ? [] : [...new Set(hostsIn(text))].sort()
    assertHosts(vendor.settings, hosts)
    const request: Request = { channel: channel.id, name, base64: bytes.toString('base64'), bytes: bytes.byteLength }
    await assertNoTwin(vendor, request, now)
    const reach = await reachOf(vendor, channel, now)
    return {
      summary: `Share the file ${name} (${bytes.byteLength} bytes) in ${reach.audience.where}.`,
      effects: [
        {
          verb: 'send' as const,
          target: `slack:channel/${channel.id}`,
          resources: { 'slack.channel': channel.id },
          before: {},
          after: {
            channel: `#${channel.name}`,
            name,
            bytes: bytes.byteLength,
            sha256: createHash('sha256').update(bytes).digest('hex'),
            ...(text === undefined ? {} : { text: shorten(text.toWellFormed(), shownCharacters).text }),
            ...(hosts.length === 0 ? {} : { links: hosts }),
          },
        },
      ],
      audience: reach.audience,
      fidelity: 'checked' as const,
      undo: 'partial' as const,
      warnings: [
        ...reach.warnings,
        ...(text === undefined ? ['It is not text: what it shows is not looked at.'] : []),
        ...((text?.length ?? 0) > shownCharacters ? [`Only its first ${shownCharacters} characters are shown here.`] : []),
      ],
      request,
    }
  },
  async apply(request: Request, { vendor, now }: Writes<Slack>) {
    const { channel, name, base64 } = request
    await assertNoTwin(vendor, request, now)
    const file = await vendor.write.upload({ channel, name, bytes: new Uint8Array(Buffer.from(base64, 'base64')) })
    return outputOf(request, file)
  },
  settlesMs,
  async reconcile(request: Request, { vendor, sentAt }: Asks<Slack>) {
    const found = await sharedSince(vendor, request, sentAt)
    // Slack lets a file carry no mark of the operation: of two that are alike, none is evidence.
    if (found.length > 1 || found === tooMany) return { verdict: 'unclear' as const }
    const [file] = found
    if (file === undefined) return { verdict: 'absent' as const }
    return { verdict: 'happened' as const, output: outputOf(request, file) }
  },
  async undo({ output: done }, { vendor }: Reads<Slack>) {
    if (done === undefined) throw new HubError('refused', 'It is not known which file this was. Look for it in the channel.')
    const { channel_id: channel, file_id, name, bytes } = done
    const file = await vendor.file(file_id)
    if (file === undefined) {
      throw new HubError('conflict', 'Somebody has deleted this file since then. There is nothing left to take back.')
    }
    if (file.name !== name || (file.size !== undefined && file.size !== bytes)) {
      throw new HubError('conflict', 'Somebody has changed this file since then. Look at it before it is deleted.')
    }
    if (file.places.some((place) => place !== channel)) {
      throw new HubError(
        'conflict',
        'Somebody has shared this file elsewhere since then, where deleting it would take it away too.',
      )
    }
    const warnings = ['Who was notified stays notified, and who has downloaded it keeps it.']
    return { tool: 'file_delete', input: { channel, file: file_id }, fidelity: 'partial' as const, warnings }
  },
})

function bytesOf(text: string | undefined, base64: string | undefined): Buffer {
  if ((text === undefined) === (base64 === undefined)) throw new HubError('invalid_input', 'Give either text or base64.')
  if (text === undefined) return Buffer.from(base64 ?? '', 'base64')
  if (!text.isWellFormed()) throw new HubError('invalid_input', 'The text has half of a character in it.')
  return Buffer.from(text, 'utf8')
}

const pageSize = 100
const tooMany: readonly string[] = []

/** The ids of the account's files of this name and size that were shared there since; `tooMany` where not all could be looked at. */
async function sharedSince(slack: SlackReads, { channel, name, bytes }: Request, since: Date): Promise<readonly string[]> {
  const me = await slack.me()
  const isIt = (file: Message['files'][number]) => file.name === name && (file.size ?? bytes) === bytes
  const found: string[] = []
  let cursor: string | undefined
  for (let page = 0; page < 5; page += 1) {
    const { rows, next } = await slack.history({ channel, oldest: timestampBefore(since), limit: pageSize, cursor })
    for (const row of rows) if (isOwn(row, me)) found.push(...row.files.filter(isIt).map(({ id }) => id))
    cursor = next
    if (cursor === undefined) return found
  }
  return tooMany
}

/** @throws HubError `conflict`: an equal one would leave it unclear which of the two is whose */
async function assertNoTwin(slack: SlackReads, request: Request, now: Date): Promise<void> {
  const since = new Date(now.getTime() - twinMs)
  if ((await sharedSince(slack, request, since)).length === 0) return
  throw new HubError(
    'conflict',
    'A file of this name and size was shared there a moment ago. Give this one another name, or wait.',
  )
}

function outputOf({ channel, name, bytes }: Request, file: string) {
  return { channel_id: channel, file_id: file, name, bytes }
}

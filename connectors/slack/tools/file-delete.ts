// Deletes a file that the account itself shared: how an upload is taken back.
import { HubError, digest, writeTool } from 'toolgate/kit'
import type { Asks, Reads, Writes } from 'toolgate/kit'
import { z } from 'zod'
import type { FileInfo } from '../answers.ts'
import { admitTo, assertPostable, reachOf, resolveChannel } from '../channels.ts'
import { channelInput, fileInput } from '../fields.ts'
import type { Slack } from '../slack.ts'
import { settlesMs } from '../traces.ts'

interface Request {
  readonly [key: string]: string
  readonly channel: string
  readonly file: string
  readonly rev: string
}

export const fileDelete = writeTool({
  name: 'file_delete',
  title: 'Slack: delete a file',
  description: 'Deletes a file that the app itself shared, wherever it was shared. It cannot be brought back.',
  scopes: ['files:write', 'files:read', 'channels:read', 'groups:read', 'users:read'],
  class: 'D',
  verb: 'delete',
  default: 'off',
  resolves: ['slack.channel'],
  routes: ['POST /api/files.delete'],
  changes: ['name', 'bytes', 'channels'],
  input: z.strictObject({
    channel: channelInput.describe('A channel that the file was shared in: its id, or its exact name with #'),
    file: fileInput,
  }),
  output: z.strictObject({ file_id: z.string(), deleted: z.literal(true) }),
  example: { channel: '#support', file: 'F0RULESOFBOT' },
  async plan({ channel: reference, file: id }, context: Reads<Slack>) {
    const { vendor, now } = context
    const channel = await resolveChannel(context, reference)
    const file = await vendor.file(id)
    if (file === undefined || !file.channels.includes(channel.id)) {
      throw new HubError('not_found', `No such file was shared in #${channel.name}, as far as the app can see.`)
    }
    // It goes away wherever it is: whoever may not write there does not delete it.
    for (const place of file.places) admitTo(context, place)
    const me = await vendor.me()
    if (file.user !== me.userId)
      throw new HubError('refused', 'This file is not the app’s own; only its own can be deleted.')
    assertPostable(channel, me.userId, 'change')
    const reach = await reachOf(vendor, channel, now)
    const elsewhere = file.places.length - 1
    return {
      summary: `Delete the app's own file ${file.name}, shared in ${reach.audience.where}.`,
      effects: [
        {
          verb: 'delete' as const,
          target: `slack:file/${id}`,
          resources: { 'slack.channel': file.places },
          before: { name: file.name, bytes: file.size ?? 0, channels: file.places },
          after: {},
        },
      ],
      audience: reach.audience,
      rev: revisionOf(file),
      fidelity: 'checked' as const,
      undo: 'none' as const,
      warnings: [...reach.warnings, ...(elsewhere > 0 ? [`It is also shared in ${elsewhere} other places.`] : [])],
      request: { channel: channel.id, file: id, rev: revisionOf(file) } satisfies Request,
    }
  },
  async apply({ file: id, rev }: Request, { vendor }: Writes<Slack>) {
    const file = await vendor.file(id)
    if (file === undefined || revisionOf(file) !== rev) {
      throw new HubError('conflict', 'The file has changed since this was planned. Plan again.')
    }
    await vendor.write.deleteFile(id)
    return { file_id: id, deleted: true as const }
  },
  settlesMs,
  async reconcile({ file: id, rev }: Request, { vendor }: Asks<Slack>) {
    const file = await vendor.file(id)
    if (file === undefined) return { verdict: 'happened' as const, output: { file_id: id, deleted: true as const } }
    return revisionOf(file) === rev ? { verdict: 'absent' as const } : { verdict: 'unclear' as const }
  },
})

function revisionOf({ name, size = 0, places }: FileInfo): string {
  return digest({ name, size, places: [...places].sort() }).slice(0, 16)
}

// The stand-in's files: docs.slack.dev/messaging/working-with-files and the methods files.* beside it.
import type { JsonObject } from 'toolgate/kit'
import { blank, nextTimestamp, parentOf, postable } from './chat.ts'
import { SlackRefusal, allMessages, channelsOf, isMember, ok, putMessage, team, userOf } from './workspace.ts'
import type { Asked, StoredFile } from './workspace.ts'

/** Slack gives so much of a text file with what it says about it. */
const previewed = 5000

export function filesInfo(asked: Asked): JsonObject {
  const file = fileOf(asked, asked.arguments.get('file') ?? '')
  const { content } = file
  const text = content === '' ? {} : { content: content.slice(0, previewed), is_truncated: content.length > previewed }
  return ok({ file: formatFile(asked, file), ...text, comments: [], paging: { count: 0, total: 0, page: 1, pages: 0 } })
}

/** A file that whoever asks may see: their own, or one in a public channel or in a channel that they are in. */
function fileOf({ me, state }: Asked, id: string): StoredFile {
  const file = state.get('file', id) as StoredFile | undefined
  const channels = channelsOf(state).filter((channel) => file?.channels.includes(channel.id))
  const visible = file?.user === me.id || channels.some((channel) => !channel.is_private || isMember(channel, me))
  if (file === undefined || !visible) throw new SlackRefusal('file_not_found')
  return file
}

function formatFile({ state }: Asked, file: StoredFile) {
  const { id, name, mimetype, user, created, size, content } = file
  const channels = channelsOf(state).filter((channel) => file.channels.includes(channel.id))
  return {
    id,
    name,
    title: name,
    mimetype,
    user,
    created,
    size,
    mode: content === '' ? 'hosted' : 'snippet',
    is_external: false,
    channels: channels.filter((channel) => !channel.is_private).map((channel) => channel.id),
    groups: channels.filter((channel) => channel.is_private).map((channel) => channel.id),
    ims: [],
    url_private: `https://files.slack.com/files-pri/${team.id}-${id}/${slug(name)}`,
  }
}

/** As Slack spells a name in an address. */
function slug(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9._-]+/g, '_')
}

interface Ticket {
  readonly id: string
  readonly name: string
  readonly length: number
  readonly user: string
}

/** The address says all about the file to come, so that nothing is kept of one that never comes. */
export function filesGetUploadUrl({ arguments: given, me, state }: Asked): JsonObject {
  const name = given.get('filename') ?? ''
  const length = Number(given.get('length') ?? '')
  if (name === '' || !Number.isInteger(length) || length <= 0) throw new SlackRefusal('invalid_arguments')
  const id = `F0UPLOAD${String(state.next('file')).padStart(4, '0')}`
  const ticket: Ticket = { id, name, length, user: me.id }
  const sealed = Buffer.from(JSON.stringify(ticket)).toString('base64url')
  return ok({ upload_url: `https://files.slack.com/upload/v1/${sealed}`, file_id: id })
}

/** The bytes of a file, at the address that was given for it; undefined for no such address. */
export function takeUpload(state: Asked['state'], sealed: string, body: string): number | undefined {
  const ticket = ticketOf(sealed)
  if (ticket === undefined || userOf(state, ticket.user) === undefined) return undefined
  // What is not text arrives here without its bytes; only its announced size is kept of it.
  const isText = !body.includes('\u{fffd}')
  if (isText && Buffer.byteLength(body) !== ticket.length) return undefined
  state.put('upload', ticket.id, { ...ticket, content: isText ? body : '' })
  return ticket.length
}

function ticketOf(sealed: string): Ticket | undefined {
  try {
    return JSON.parse(Buffer.from(sealed, 'base64url').toString('utf8')) as Ticket
  } catch {
    return undefined
  }
}

export function filesCompleteUpload(asked: Asked): JsonObject {
  const { arguments: given, me, state, now } = asked
  const ids = idsOf(given.get('files') ?? '')
  const uploads = ids.map((id) => state.get('upload', id) as (Ticket & { readonly content: string }) | undefined)
  const channel = given.has('channel_id') ? target(asked) : undefined
  const files = uploads.map((upload): StoredFile => {
    if (upload === undefined || upload.user !== me.id) throw new SlackRefusal('file_not_found')
    const { id, name, length: size, content, user } = upload
    const created = Math.floor(now.getTime() / 1000)
    return {
      id,
      name,
      mimetype: typeOf(name),
      user,
      created,
      channels: channel === undefined ? [] : [channel.id],
      content,
      size,
    }
  })
  for (const file of files) {
    state.delete('upload', file.id)
    state.put('file', file.id, file)
  }
  if (channel !== undefined) {
    putMessage(state, channel.id, {
      ...blank,
      ts: nextTimestamp(asked),
      user: me.id,
      text: given.get('initial_comment') ?? '',
      subtype: 'file_share',
      thread_ts: parentOf(asked, channel),
      files: ids,
    })
  }
  return ok({ files: files.map((file) => formatFile(asked, file)) })
}

function target(asked: Asked) {
  try {
    return postable({
      ...asked,
      arguments: new Map([...asked.arguments, ['channel', asked.arguments.get('channel_id') ?? '']]),
    })
  } catch (error) {
    if (error instanceof SlackRefusal && error.code === 'restricted_action')
      throw new SlackRefusal('posting_to_channel_denied')
    throw error
  }
}

function idsOf(text: string): readonly string[] {
  try {
    return (JSON.parse(text) as readonly { readonly id: string }[]).map(({ id }) => id)
  } catch {
    throw new SlackRefusal('invalid_arguments')
  }
}

const types: Readonly<Record<string, string>> = {
  txt: 'text/plain',
  md: 'text/markdown',
  csv: 'text/csv',
  json: 'application/json',
  png: 'image/png',
  pdf: 'application/pdf',
}

function typeOf(name: string): string {
  return types[name.split('.').at(-1)?.toLowerCase() ?? ''] ?? 'application/octet-stream'
}

/** Its messages stay, without it. */
export function filesDelete(asked: Asked): JsonObject {
  const { arguments: given, me, state } = asked
  const file = fileOf(asked, given.get('file') ?? '')
  if (file.user !== me.id && !me.is_admin) throw new SlackRefusal('cant_delete_file')
  state.delete('file', file.id)
  for (const channel of file.channels) {
    for (const message of allMessages(asked, channel).filter(({ files }) => files.includes(file.id))) {
      const files = message.files.filter((id) => id !== file.id)
      if (files.length === 0 && message.text === '') state.delete(`message ${channel}`, message.ts)
      else putMessage(state, channel, { ...message, files })
    }
  }
  return ok()
}

/** The file itself, for those who may see it; undefined where there is none for them. */
export function downloadOf(asked: Asked, id: string): StoredFile | undefined {
  try {
    return fileOf(asked, id)
  } catch {
    return undefined
  }
}

// The bytes of files, down and up: docs.slack.dev/messaging/working-with-files
import type { WebClient } from '@slack/web-api'
import { HubError } from 'toolgate/kit'
import type { VendorFetch } from 'toolgate/kit'
import * as answers from './answers.ts'
import type { FileInfo } from './answers.ts'
import type { Ask } from './memory.ts'
import { withToken } from './rotation.ts'
import type { TokenSource } from './rotation.ts'
import type { SlackReads, SlackWrites } from './slack.ts'

interface Files {
  /** Where the bytes are: `https://files.slack.com`. */
  readonly base: string
  readonly fetch: VendorFetch
  readonly tokens: TokenSource
}

export function downloads(client: WebClient, ask: Ask, files: Files): Pick<SlackReads, 'file' | 'download'> {
  return {
    async file(id) {
      try {
        return answers.one(answers.fileAnswer, await ask(client.files.info({ file: id })))
      } catch (error) {
        if (error instanceof HubError && error.code === 'not_found') return undefined
        throw error
      }
    },
    download: (file) => download(file, files),
  }
}

export function uploads(client: WebClient, ask: Ask, files: Files): Pick<SlackWrites, 'upload' | 'deleteFile'> {
  return {
    async upload({ channel, name, bytes }) {
      const asked = await ask(client.files.getUploadURLExternal({ filename: name, length: bytes.byteLength }))
      const { upload_url, file_id: id } = answers.one(answers.uploadTicket, asked)
      await send(upload_url, bytes, files)
      await ask(client.files.completeUploadExternal({ files: [{ id, title: name }], channel_id: channel }))
      return id
    },
    async deleteFile(id) {
      await ask(client.files.delete({ file: id }))
    },
  }
}

/** Only the path is Slack's to say: the host is the one that was configured. */
const address = /^https?:\/\/[^/?#]+\/files-pri\/([\w~-]{1,60})\/([\w.~@:-]{1,200})$/
const ticket = /^https?:\/\/[^/?#]+\/upload\/v1\/([\w.~@:-]{1,2000})$/

async function download(file: FileInfo, { base, fetch, tokens }: Files): Promise<Uint8Array | undefined> {
  const [, id, name] = address.exec(file.address ?? '') ?? []
  if (id === undefined || name === undefined || file.isElsewhere) return undefined
  const response = await fetch(`${base}/files-pri/${id}/${name}`, withToken({}, await tokens.current()))
  if (response.status === 404) throw new HubError('not_found', 'This file was deleted.')
  if (!response.ok) throw new HubError('unavailable', 'Slack does not hand out this file now. Try again later.')
  // To whom it hands out nothing, Slack shows a page to sign in.
  const type = response.headers.get('content-type') ?? ''
  if (type.startsWith('text/html') && file.type !== 'text/html') {
    throw new HubError('forbidden', 'Slack does not hand out this file to the hub’s account.')
  }
  return new Uint8Array(await response.arrayBuffer())
}

/**
 * The file is not there before it is completed, and Slack completes only what has arrived. So when it is unclear whether it has,
 * the completing says.
 */
async function send(url: string, bytes: Uint8Array<ArrayBuffer>, { base, fetch }: Files): Promise<void> {
  const token = ticket.exec(url)?.[1]
  if (token === undefined) throw new HubError('bad_response', 'Slack gave an address to upload to that is none of its own.')
  const headers = { 'content-type': 'application/octet-stream' }
  const response = await fetch(`${base}/upload/v1/${token}`, { method: 'POST', headers, body: bytes }).catch(unlessRefused)
  if (response === undefined || response.ok || response.status === 408 || response.status >= 500) return
  if (response.status !== 429) throw new HubError('refused', 'Slack did not take the bytes of this file.')
  const seconds = Number(response.headers.get('retry-after') ?? NaN)
  const retryAfterMs = Number.isFinite(seconds) ? seconds * 1000 : undefined
  throw new HubError('rate_limited', 'Slack asks to wait before the next file.', { retryAfterMs })
}

/** An answer that was lost says nothing; what the hub itself refuses never left. */
function unlessRefused(error: unknown): undefined {
  if (error instanceof HubError && error.code !== 'unavailable' && error.code !== 'bad_response') throw error
  return undefined
}

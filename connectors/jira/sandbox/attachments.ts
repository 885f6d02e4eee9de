// https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-attachments/
import type { SandboxResponse } from 'toolgate/kit'
import { badRequest, forbidden, noIssue, ok, Refusal } from './answer.ts'
import type { Ask } from './ask.ts'
import { tell } from './history.ts'
import * as render from './render.ts'
import { stamp } from './world.ts'
import type { AttachmentDocument } from './world.ts'

/** Files of text, which is all that the stand-in keeps. */
export function addAttachment({ request, parameters: [key = ''], world, now, actor }: Ask): SandboxResponse {
  const issue = world.issue(key)
  if (issue === undefined) throw noIssue()
  // Without it Jira takes the request for one that another site made a browser send.
  if (request.headers.get('x-atlassian-token') !== 'no-check') throw new Refusal(403, { messages: ['XSRF check failed'] })
  if (!world.has(issue.project, 'CREATE_ATTACHMENTS'))
    throw forbidden('You do not have permission to create attachments for this issue.')
  const files = filesOf(request.headers.get('content-type') ?? '', request.body)
  if (files.length === 0) throw badRequest('No file was given.')
  const made = files.map(({ filename, mimeType, text }) => {
    const id = String(60_000 + world.state.next('attachment'))
    const attachment: AttachmentDocument = {
      id,
      issue: issue.id,
      author: actor,
      filename,
      mimeType,
      text,
      created: stamp(now),
    }
    world.state.put('attachment', id, attachment)
    const item = { field: 'Attachment', fieldId: 'attachment', from: null, fromString: null, to: id, toString: filename }
    tell(world, { issue: issue.id, actor, at: stamp(now), items: [item] })
    return render.attachment(attachment)
  })
  world.save({ ...issue, updated: stamp(now) })
  return ok(made)
}

export function attachmentContent({ request: { query }, parameters: [id = ''], world }: Ask): SandboxResponse {
  const attachment = world.state.get('attachment', id) as AttachmentDocument | undefined
  if (attachment === undefined || world.issue(attachment.issue) === undefined)
    throw new Refusal(404, { messages: [`The attachment with id '${id}' does not exist`] })
  if (query.get('redirect') !== 'false') {
    return { status: 303, headers: { location: `https://api.media.atlassian.com/file/${id}/binary?token=x` } }
  }
  return { status: 200, headers: { 'content-type': attachment.mimeType }, body: attachment.text }
}

/** https://www.rfc-editor.org/rfc/rfc7578 : the parts that are files. */
function filesOf(type: string, body: string): readonly { filename: string; mimeType: string; text: string }[] {
  const boundary = /^multipart\/form-data;\s*boundary="?([^";]+)"?/i.exec(type)?.[1]
  if (boundary === undefined) throw new Refusal(415, { messages: ['Unsupported Media Type'] })
  return body.split(`--${boundary}`).flatMap((part) => {
    const [head = '', ...rest] = part.split('\r\n\r\n')
    const filename = /\bname="file";\s*filename="([^"]*)"/i.exec(head)?.[1]
    if (filename === undefined) return []
    const mimeType = /content-type:\s*([^\r\n]+)/i.exec(head)?.[1] ?? 'application/octet-stream'
    return [{ filename, mimeType, text: rest.join('\r\n\r\n').replace(/\r\n$/, '') }]
  })
}

import { cutText, HubError, readTool, visibleText } from 'toolgate/kit'
import type { Reads } from 'toolgate/kit'
import { z } from 'zod'
import { issueKey, recordId } from '../ids.ts'
import type { Jira } from '../jira.ts'
import { admitted } from '../planning.ts'
import { readScopes } from '../scopes.ts'

const input = z.strictObject({
  key: issueKey,
  id: recordId.describe('As issue_get gives it with attachments'),
  max_chars: z.int().min(100).max(40_000).default(8_000),
})
const output = z.strictObject({
  key: z.string(),
  project: z.string(),
  id: z.string(),
  name: z.string(),
  type: z.string(),
  bytes: z.int(),
  author: z.string().optional(),
  created: z.string(),
  /** Left out for what is no text. */
  text: z.string().optional(),
  truncated: z.boolean().optional(),
  content_trust: z.literal('untrusted'),
})

const mostBytes = 2 * 1024 * 1024

export const attachmentRead = readTool({
  name: 'attachment_read',
  title: 'Jira: read an attachment',
  description: 'Reads one attachment of a Jira issue: what it is and, if it is text, its words.',
  scopes: readScopes.attachment,
  class: 'RP',
  default: 'on',
  resolves: ['jira.project'],
  resources: ({ project }) => ({ 'jira.project': project }),
  input,
  output,
  example: { key: 'SUP-1', id: '60001' },
  async run({ key, id, max_chars }, context: Reads<Jira>) {
    const issue = await admitted(key, context)
    // An attachment does not say whose it is: it is looked for among those of the issue.
    const { attachments } = await context.vendor.related(issue.key)
    const found = attachments.find((each) => each.id === id)
    if (found === undefined) throw new HubError('not_found', `${issue.key} has no attachment ${id}.`)
    const text = isText(found.mimeType) && found.size <= mostBytes ? textOf(await context.vendor.content(id)) : undefined
    const shown = text === undefined ? undefined : cutText(text, max_chars)
    return {
      key: issue.key,
      project: issue.fields.project.key,
      id,
      name: found.filename,
      type: found.mimeType,
      bytes: found.size,
      author: found.author?.name,
      created: found.created,
      ...(shown === undefined ? {} : { text: shown.text }),
      ...(shown?.cut ? { truncated: true } : {}),
      content_trust: 'untrusted' as const,
    }
  },
})

function isText(type: string): boolean {
  return /^text\/|^application\/(?:json|xml|yaml|x-ndjson|sql|csv)\b/i.test(type)
}

/** Undefined where the bytes are no text, whatever they are called. */
function textOf(bytes: Buffer): string | undefined {
  try {
    return visibleText(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    return undefined
  }
}

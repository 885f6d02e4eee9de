import { readTool } from 'toolgate/kit'
import type { Reads } from 'toolgate/kit'
import { z } from 'zod'
import { shownComment, showComments } from '../comments.ts'
import { issueKey, position } from '../ids.ts'
import type { Jira } from '../jira.ts'
import { admitted } from '../planning.ts'
import { readScopes } from '../scopes.ts'

const input = z.strictObject({
  key: issueKey,
  limit: z.int().min(1).max(50).default(10),
  cursor: position.optional(),
  max_chars: z.int().min(100).max(10_000).default(2_000).describe('For each comment'),
})
const output = z.strictObject({
  key: z.string(),
  project: z.string(),
  comments: z.array(shownComment),
  total: z.int(),
  next_cursor: z.string().optional(),
  content_trust: z.literal('untrusted'),
})

export const commentList = readTool({
  name: 'comment_list',
  title: 'Jira: list comments',
  description: 'Lists the comments of one Jira issue as Markdown, newest first.',
  scopes: readScopes.comment,
  class: 'R',
  default: 'on',
  resolves: ['jira.project'],
  resources: ({ project }) => ({ 'jira.project': project }),
  input,
  output,
  example: { key: 'SUP-1', limit: 5 },
  async run({ key, limit, cursor, max_chars }, context: Reads<Jira>) {
    const { vendor } = context
    const issue = await admitted(key, context)
    const page = await vendor.comments(issue.key, { limit, start: Number(cursor ?? 0) })
    return {
      key: issue.key,
      project: issue.fields.project.key,
      comments: showComments(page.comments, max_chars),
      total: page.total,
      next_cursor: page.next,
      content_trust: 'untrusted' as const,
    }
  },
})

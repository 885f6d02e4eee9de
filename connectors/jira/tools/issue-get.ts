import { cutText, readTool } from 'toolgate/kit'
import type { Reads } from 'toolgate/kit'
import { z } from 'zod'
import { toMarkdown } from '../adf.ts'
import { shownComment, showComments } from '../comments.ts'
import { issueKey } from '../ids.ts'
import { customOf } from '../custom.ts'
import type { Jira } from '../jira.ts'
import { admitted } from '../planning.ts'
import { shownAdf } from '../raw-adf.ts'
import { readScopes } from '../scopes.ts'

const input = z.strictObject({
  key: issueKey,
  comments: z.int().min(0).max(20).default(0).describe('How many of the newest comments'),
  include: z
    .array(z.enum(['links', 'subtasks', 'attachments', 'custom']))
    .max(4)
    .default([]),
  body: z.enum(['markdown', 'adf', 'none']).default('markdown').describe('Of the description'),
  max_chars: z.int().min(100).max(20_000).default(4_000).describe('For it, and for each comment'),
})
const output = z.strictObject({
  key: z.string(),
  project: z.string(),
  url: z.string(),
  summary: z.string(),
  type: z.string(),
  status: z.string(),
  category: z.string().optional(),
  resolution: z.string().optional(),
  priority: z.string().optional(),
  assignee: z.strictObject({ id: z.string(), name: z.string() }).optional(),
  reporter: z.string().optional(),
  labels: z.array(z.string()),
  parent: z.string().optional(),
  due: z.string().optional(),
  created: z.string(),
  updated: z.string(),
  description: z.string().optional(),
  /** With `body: adf`: its first nodes, as many as fit. */
  description_adf: z.record(z.string(), z.unknown()).optional(),
  truncated: z.boolean().optional(),
  /** Kinds of content in the description that Markdown cannot hold. */
  adf_lossy: z.array(z.string()).optional(),
  links: z.array(z.strictObject({ id: z.string(), says: z.string(), key: z.string() })).optional(),
  subtasks: z.array(z.string()).optional(),
  attachments: z.array(z.strictObject({ id: z.string(), name: z.string(), type: z.string(), bytes: z.int() })).optional(),
  /** Custom fields that have a value, by display name. */
  custom: z.record(z.string(), z.union([z.string(), z.number(), z.array(z.string())])).optional(),
  comments: z.array(shownComment).optional(),
  comments_total: z.int().optional(),
  rev: z.string(),
  content_trust: z.literal('untrusted'),
})

export const issueGet = readTool({
  name: 'issue_get',
  title: 'Jira: read an issue',
  description: 'Reads one Jira issue with its description, and its newest comments if asked. Pass its rev to updates.',
  scopes: readScopes.issue,
  class: 'R',
  default: 'on',
  resolves: ['jira.project', 'jira.issuetype'],
  resources: ({ project, type }) => ({ 'jira.project': project, 'jira.issuetype': type }),
  input,
  output,
  example: { key: 'OPS-42', comments: 3, include: ['links'] },
  async run({ key, comments, include, body, max_chars }, context: Reads<Jira>) {
    const { vendor } = context
    const issue = await admitted(key, context)
    // By the resolved key: a moved issue is commented where it is now.
    const page = comments === 0 ? undefined : await vendor.comments(issue.key, { limit: comments, start: 0 })
    const custom = include.includes('custom') ? customOf(await vendor.fieldsOf(issue.key, ['*all', '-comment'])) : undefined
    const related = include.every((each) => each === 'custom') ? undefined : await vendor.related(issue.key)
    const { fields } = issue
    const { markdown, lossy } = toMarkdown(fields.description)
    const adf = body === 'adf' ? shownAdf(fields.description, max_chars) : undefined
    const description = body === 'none' || adf ? undefined : cutText(markdown, max_chars)
    return {
      key: issue.key,
      project: fields.project.key,
      url: issue.url,
      summary: fields.summary,
      type: fields.issuetype.name,
      status: fields.status.name,
      category: fields.status.statusCategory?.key,
      resolution: fields.resolution?.name,
      priority: fields.priority?.name,
      assignee: fields.assignee && { id: fields.assignee.id, name: fields.assignee.name },
      reporter: fields.reporter?.name,
      labels: fields.labels,
      // Its key only: what the parent says may be outside of what the person may see.
      parent: fields.parent?.key,
      due: fields.duedate,
      created: fields.created,
      updated: fields.updated,
      ...(description && description.text !== '' ? { description: description.text } : {}),
      ...(adf ? { description_adf: adf.document } : {}),
      ...(description?.cut || adf?.cut ? { truncated: true } : {}),
      ...(description && lossy.length > 0 ? { adf_lossy: [...lossy] } : {}),
      // Keys only: what others say may be outside of what the person may see.
      ...(related && include.includes('links')
        ? { links: related.links.map(({ id, type, says, other }) => ({ id, says: type[says], key: other })) }
        : {}),
      ...(related && include.includes('subtasks') ? { subtasks: related.subtasks } : {}),
      ...(related && include.includes('attachments')
        ? {
            attachments: related.attachments.map(({ id, filename, mimeType, size }) => ({
              id,
              name: filename,
              type: mimeType,
              bytes: size,
            })),
          }
        : {}),
      ...(custom === undefined ? {} : { custom }),
      ...(page ? { comments: showComments(page.comments, max_chars), comments_total: page.total } : {}),
      rev: issue.rev,
      content_trust: 'untrusted' as const,
    }
  },
})

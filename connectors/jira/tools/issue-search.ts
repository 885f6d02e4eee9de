import { HubError, readTool } from 'toolgate/kit'
import type { Reads } from 'toolgate/kit'
import { z } from 'zod'
import { filters as common } from '../filters.ts'
import { pageToken, projectKey } from '../ids.ts'
import type { Jira } from '../jira.ts'
import { buildJql, orders } from '../jql.ts'
import { readScopes } from '../scopes.ts'

const input = z.strictObject({
  projects: z.array(projectKey).min(1).max(20).optional().describe('Project keys'),
  ...common,
  order: z.enum(Object.keys(orders) as [keyof typeof orders]).default('recently_updated'),
  limit: z.int().min(1).max(50).default(20),
  cursor: pageToken.optional(),
})
const output = z.strictObject({
  issues: z.array(
    z.strictObject({
      key: z.string(),
      project: z.string(),
      summary: z.string(),
      type: z.string(),
      status: z.string(),
      category: z.string().optional(),
      assignee: z.string().optional(),
      priority: z.string().optional(),
      updated: z.string(),
    }),
  ),
  next_cursor: z.string().optional(),
  content_trust: z.literal('untrusted'),
})

export const issueSearch = readTool({
  name: 'issue_search',
  title: 'Jira: search issues',
  description:
    'Finds Jira issues by filters, all of which must hold. Give at least one. Changes may take seconds to be found.',
  scopes: readScopes.search,
  class: 'R',
  default: 'on',
  resolves: ['jira.project'],
  rows: { in: 'issues', resources: ({ project }) => ({ 'jira.project': project }) },
  input,
  output,
  example: { projects: ['OPS'], statuses: ['Open', 'In Progress'], limit: 5 },
  async run({ limit, cursor, updated_after, projects, ...filters }, context: Reads<Jira>) {
    const within = context.within('jira.project')
    const scope = within === undefined ? projects : within.filter((key) => projects === undefined || projects.includes(key))
    if (scope?.length === 0) return { issues: [], content_trust: 'untrusted' as const }
    const updatedAfter = updated_after === undefined ? undefined : new Date(updated_after)
    const jql = buildJql({ ...filters, projects: scope, updatedAfter }, context.now)
    if (jql === undefined)
      throw new HubError('invalid_input', 'Jira searches only within bounds. Give at least one filter, such as projects.')
    const page = await context.vendor.search({ jql, limit, cursor })
    return {
      issues: page.issues.map(({ key, fields }) => ({
        key,
        project: fields.project.key,
        summary: fields.summary,
        type: fields.issuetype.name,
        status: fields.status.name,
        category: fields.status.statusCategory?.key,
        assignee: fields.assignee?.name,
        priority: fields.priority?.name,
        updated: fields.updated,
      })),
      next_cursor: page.next,
      content_trust: 'untrusted' as const,
    }
  },
})

import { HubError, readTool } from 'toolgate/kit'
import type { Reads } from 'toolgate/kit'
import { z } from 'zod'
import { filters as common, searchable } from '../filters.ts'
import { pageToken, projectKey } from '../ids.ts'
import type { FoundIssue, Jira } from '../jira.ts'
import { buildJql, orders } from '../jql.ts'
import { readScopes } from '../scopes.ts'

const presets = ['brief', 'standard', 'full'] as const
const input = z.strictObject({
  projects: z.array(projectKey).min(1).max(20).optional().describe('Keys'),
  ...common,
  order: z
    .enum(Object.keys(orders) as [keyof typeof orders])
    .optional()
    .describe('Else recently_updated'),
  fields: z.enum(presets).default('standard').describe('How much of each'),
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
      updated: z.string().optional(),
      labels: z.array(z.string()).optional(),
      reporter: z.string().optional(),
      parent: z.string().optional(),
      due: z.string().optional(),
      created: z.string().optional(),
    }),
  ),
  /** Before each key: once, since 50 addresses would be a quarter of the answer. */
  url_base: z.string().optional(),
  next_cursor: z.string().optional(),
  content_trust: z.literal('untrusted'),
})

export const issueSearch = readTool({
  name: 'issue_search',
  title: 'Jira: search issues',
  description: 'Finds Jira issues for which all filters hold; give at least one. It lags behind by seconds.',
  scopes: readScopes.search,
  class: 'R',
  default: 'on',
  resolves: ['jira.project', 'jira.issuetype'],
  rows: { in: 'issues', resources: ({ project, type }) => ({ 'jira.project': project, 'jira.issuetype': type }) },
  input,
  output,
  example: { projects: ['OPS'], statuses: ['Open', 'In Progress'], limit: 5 },
  async run(
    { limit, cursor, updated_after, projects, types: wanted, order, jql: asked, fields: preset, ...filters },
    context: Reads<Jira>,
  ) {
    const within = context.within('jira.project')
    const scope = within === undefined ? projects : within.filter((key) => projects === undefined || projects.includes(key))
    const only = context.within('jira.issuetype')
    const types =
      only === undefined ? wanted : only.filter((name) => wanted === undefined || wanted.some((each) => same(each, name)))
    if (scope?.length === 0 || types?.length === 0) return { issues: [], content_trust: 'untrusted' as const }
    const updatedAfter = updated_after === undefined ? undefined : new Date(updated_after)
    // What is wrong with a query is a matter of its text alone, and may be told.
    if (asked !== undefined && within !== undefined) admitOne(scope ?? [], only, context)
    const raw = asked === undefined ? undefined : await context.vendor.rewritten(asked, scope)
    const ordered = order ?? (raw?.orderBy === undefined ? 'recently_updated' : undefined)
    const assignee = await searchable(filters.assignee, context.vendor)
    const jql = buildJql({ ...filters, types, projects: scope, updatedAfter, assignee, raw, order: ordered }, context.now)
    if (jql === undefined)
      throw new HubError('invalid_input', 'Jira searches only within bounds. Give at least one filter, such as projects.')
    const page = await context.vendor.search({ jql, limit, cursor, full: preset === 'full' })
    return {
      issues: page.issues.map((issue) => rowOf(issue, preset)),
      ...(preset === 'brief' || page.issues.length === 0 ? {} : { url_base: context.vendor.url('') }),
      next_cursor: page.next,
      content_trust: 'untrusted' as const,
    }
  },
})

/** The project and the type are in every row: they are what policy asks of each. */
function rowOf({ key, fields }: FoundIssue, preset: (typeof presets)[number]) {
  const { project, summary, issuetype, status } = fields
  const brief = { key, project: project.key, summary, type: issuetype.name, status: status.name }
  if (preset === 'brief') return brief
  const { assignee, priority, updated, labels, reporter, parent, duedate, created } = fields
  const standard = {
    ...brief,
    category: status.statusCategory?.key,
    assignee: assignee?.name,
    priority: priority?.name,
    updated,
  }
  // Of the parent its key only: what it says may be outside of what the person may see.
  const more = { labels, reporter: reporter?.name, parent: parent?.key, due: duedate, created }
  return preset === 'full' ? { ...standard, ...more } : standard
}

const same = (left: string, right: string) => left.toLowerCase() === right.toLowerCase()

function admitOne(projects: readonly string[], types: readonly string[] | undefined, context: Reads<Jira>): void {
  const isAdmitted = (key: string) => {
    try {
      context.admit({ 'jira.project': key, ...(types === undefined ? {} : { 'jira.issuetype': types.slice(0, 1) }) })
      return true
    } catch {
      return false
    }
  }
  projects.some(isAdmitted)
}

import { HubError, readTool } from 'toolgate/kit'
import type { Reads } from 'toolgate/kit'
import { z } from 'zod'
import { filters, searchable } from '../filters.ts'
import { projectKey } from '../ids.ts'
import type { Jira } from '../jira.ts'
import { buildJql } from '../jql.ts'
import { readScopes } from '../scopes.ts'

const input = z.strictObject({ projects: z.array(projectKey).min(1).max(5).describe('Project keys'), ...filters })
const output = z.strictObject({ count: z.int(), projects: z.array(z.string()) })

export const issueCount = readTool({
  name: 'issue_count',
  title: 'Jira: count issues',
  description: 'Counts, nearly, the Jira issues of some projects for which all filters hold.',
  scopes: readScopes.count,
  class: 'R',
  default: 'on',
  resolves: ['jira.project'],
  resources: ({ projects }) => ({ 'jira.project': projects }),
  input,
  output,
  example: { projects: ['OPS'], statuses: ['Open'] },
  async run({ projects, updated_after, jql: asked, ...wanted }, context: Reads<Jira>) {
    const { vendor, now } = context
    // By the keys of today: a project keeps answering to an old one, and no row of a count can be checked.
    const found: string[] = []
    for (const each of new Set(projects)) {
      const { key } = await vendor.project(each)
      context.admit({ 'jira.project': key })
      found.push(key)
    }
    const updatedAfter = updated_after === undefined ? undefined : new Date(updated_after)
    const raw = asked === undefined ? undefined : await vendor.rewritten(asked, found)
    const assignee = await searchable(wanted.assignee, vendor)
    const jql = buildJql({ ...wanted, projects: found, updatedAfter, assignee, raw, order: undefined }, now)
    if (jql === undefined) throw new HubError('invalid_input', 'Jira counts only within bounds. Name a project.')
    return { count: await vendor.count(jql), projects: found }
  },
})

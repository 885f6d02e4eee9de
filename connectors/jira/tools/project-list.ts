import { readTool } from 'toolgate/kit'
import type { Reads } from 'toolgate/kit'
import { z } from 'zod'
import { line, position } from '../ids.ts'
import type { Jira } from '../jira.ts'
import { readScopes } from '../scopes.ts'

const input = z.strictObject({
  query: line(100).optional().describe('Part of a key or name'),
  limit: z.int().min(1).max(50).default(25),
  cursor: position.optional(),
})
const output = z.strictObject({
  projects: z.array(
    z.strictObject({ key: z.string(), name: z.string(), type: z.string().optional(), lead: z.string().optional() }),
  ),
  next_cursor: z.string().optional(),
  content_trust: z.literal('untrusted'),
})

export const projectList = readTool({
  name: 'project_list',
  title: 'Jira: list projects',
  description: 'Lists the Jira projects that the hub may see, by key.',
  scopes: readScopes.project,
  class: 'R',
  default: 'on',
  resolves: ['jira.project'],
  rows: { in: 'projects', resources: ({ key }) => ({ 'jira.project': key }) },
  input,
  output,
  example: { query: 'o' },
  async run({ query, limit, cursor }, context: Reads<Jira>) {
    const within = context.within('jira.project')
    if (within?.length === 0) return { projects: [], content_trust: 'untrusted' as const }
    // Jira takes at most 50 keys here; where there are more the hub still checks every row.
    const keys = within !== undefined && within.length <= 50 ? { keys: within } : {}
    const page = await context.vendor.projects({
      ...keys,
      ...(query === undefined ? {} : { query }),
      limit,
      start: Number(cursor ?? 0),
    })
    return {
      projects: page.projects.map(({ key, name, projectTypeKey, lead }) => ({
        key,
        name,
        type: projectTypeKey,
        lead: lead?.name,
      })),
      next_cursor: page.next,
      content_trust: 'untrusted' as const,
    }
  },
})

import { readTool } from 'toolgate/kit'
import type { Reads } from 'toolgate/kit'
import { z } from 'zod'
import { line, projectKey } from '../ids.ts'
import type { Jira } from '../jira.ts'
import { readScopes } from '../scopes.ts'

const input = z.strictObject({
  query: line(100).describe('Part of a name or e-mail address'),
  project: projectKey.optional().describe('Only those who can be assigned its issues'),
  limit: z.int().min(1).max(20).default(10),
})
const output = z.strictObject({
  users: z.array(z.strictObject({ accountId: z.string(), name: z.string(), active: z.boolean() })),
  content_trust: z.literal('untrusted'),
})

export const userFind = readTool({
  name: 'user_find',
  title: 'Jira: find people',
  description: 'Finds people in Jira and the accountId by which other tools name them.',
  scopes: readScopes.people,
  class: 'R',
  default: 'on',
  input,
  output,
  example: { query: 'priya' },
  async run(asked, { vendor, now }: Reads<Jira>) {
    const users = await vendor.findUsers(asked, now)
    return {
      users: users.map(({ id, name, active }) => ({ accountId: id, name, active })),
      content_trust: 'untrusted' as const,
    }
  },
})

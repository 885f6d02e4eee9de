import { cutText, readTool } from 'toolgate/kit'
import type { Reads } from 'toolgate/kit'
import { z } from 'zod'
import { issueKey, position } from '../ids.ts'
import type { Jira } from '../jira.ts'
import { admitted } from '../planning.ts'
import { readScopes } from '../scopes.ts'

const input = z.strictObject({ key: issueKey, limit: z.int().min(1).max(50).default(20), cursor: position.optional() })
const output = z.strictObject({
  key: z.string(),
  project: z.string(),
  changes: z.array(
    z.strictObject({
      when: z.string(),
      who: z.string().optional(),
      field: z.string(),
      from: z.string().optional(),
      to: z.string().optional(),
    }),
  ),
  next_cursor: z.string().optional(),
  content_trust: z.literal('untrusted'),
})

/** Some clients take at most 64 KB a line, and a description stands in the history twice for each of its changes. */
const most = 200

export const issueHistory = readTool({
  name: 'issue_history',
  title: 'Jira: history of an issue',
  description: 'Lists what was changed of one Jira issue, by whom and when, newest first.',
  scopes: readScopes.history,
  class: 'R',
  default: 'on',
  resolves: ['jira.project'],
  resources: ({ project }) => ({ 'jira.project': project }),
  input,
  output,
  example: { key: 'SUP-5', limit: 5 },
  async run({ key, limit, cursor }, context: Reads<Jira>) {
    const issue = await admitted(key, context)
    const before = cursor === undefined ? undefined : Number(cursor)
    const { changes, start } = await context.vendor.changes(issue.key, limit, before)
    const short = (text: string | undefined) => (text === undefined ? undefined : cutText(text, most).text)
    return {
      key: issue.key,
      project: issue.fields.project.key,
      changes: changes.toReversed().flatMap(({ created, author, items }) =>
        items.map(({ field, from, fromString, to, toString }) => ({
          when: created,
          who: author?.name,
          field,
          from: short(fromString ?? from),
          to: short(toString ?? to),
        })),
      ),
      next_cursor: start === 0 ? undefined : String(start),
      content_trust: 'untrusted' as const,
    }
  },
})

// The filters that searches and counts take, besides the projects.
import { z } from 'zod'
import { accountId, issueKey, label, line } from './ids.ts'
import type { JiraReads } from './jira.ts'
import { longest } from './raw-jql/parse.ts'

const Assignee = z.union([z.literal(['me', 'nobody']), accountId])
const Moment = z.union([z.iso.date(), z.iso.datetime({ offset: true })])
const names = z.array(line(60)).min(1).max(20)
export const filters = {
  types: names.optional().describe('By name'),
  statuses: names.optional().describe('By name'),
  // One schema of text for what is of several kinds: a model reads the words, and each kind costs it a dozen tokens.
  assignee: z
    .string()
    .refine((text) => Assignee.safeParse(text).success, 'must be me, nobody or an accountId, as jira_user_find gives it')
    .optional()
    .describe('accountId, me or nobody'),
  labels: z.array(label).min(1).max(10).optional().describe('All of these'),
  text: line(200).optional().describe('Words anywhere'),
  updated_after: z
    .string()
    .refine((text) => Moment.safeParse(text).success, 'must be a date or a time, such as 2026-03-31T12:00:00Z')
    .optional()
    .describe('Date, or time such as 2026-03-31T12:00:00Z'),
  parent: issueKey.optional(),
  sprint: z
    .union([z.literal(['open', 'none']), z.int().min(1).max(999_999_999)])
    .optional()
    .describe('Id, open or none'),
  jql: z.string().min(1).max(longest).optional().describe('One more condition, where JQL is allowed'),
}

/** An assignee as a search takes it. */
export async function searchable(assignee: string | undefined, jira: JiraReads): Promise<string | undefined> {
  if (assignee === undefined || assignee === 'me' || assignee === 'nobody') return assignee
  return await jira.searchable(assignee)
}

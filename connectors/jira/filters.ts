// The filters that searches and counts take, besides the projects.
import { z } from 'zod'
import { accountId, issueKey, label, line } from './ids.ts'

const names = z.array(line(60)).min(1).max(20)
export const filters = {
  types: names.optional().describe('Issue types by name'),
  statuses: names.optional().describe('Statuses by name'),
  assignee: z
    .union([z.literal(['me', 'nobody']), accountId])
    .optional()
    .describe('accountId, me or nobody'),
  labels: z.array(label).min(1).max(10).optional().describe('Has all of these'),
  text: line(200).optional().describe('Words anywhere in the issue'),
  updated_after: z
    .union([z.iso.date(), z.iso.datetime({ offset: true })])
    .optional()
    .describe('Date or time'),
  parent: issueKey.optional(),
}

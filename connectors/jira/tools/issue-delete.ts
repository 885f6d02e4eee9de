import { HubError, writeTool } from 'toolgate/kit'
import type { JsonObject, Reads, Writes } from 'toolgate/kit'
import { z } from 'zod'
import { toMarkdown } from '../adf.ts'
import { issueKey } from '../ids.ts'
import type { Issue, Jira } from '../jira.ts'
import { audienceOf, inProject, mustBeAt, mustHave, present } from '../planning.ts'
import { writeScopes } from '../scopes.ts'

const input = z.strictObject({ key: issueKey })
const output = z.strictObject({ key: z.string(), deleted: z.literal(true) })
type Request = { readonly key: string; readonly rev: string }

export const issueDelete = writeTool({
  name: 'issue_delete',
  title: 'Jira: delete an issue',
  description: 'Deletes one Jira issue with its comments and history, for good. An issue with subtasks is not deleted.',
  scopes: writeScopes.delete,
  class: 'D',
  default: 'off',
  verb: 'delete',
  resolves: ['jira.project'],
  routes: ['DELETE /rest/api/3/issue/{key}'],
  changes: [
    'key',
    'project',
    'type',
    'summary',
    'status',
    'resolution',
    'priority',
    'assignee',
    'assignee_name',
    'reporter',
    'labels',
    'parent',
    'due',
    'created',
    'updated',
    'description',
    'comments_total',
  ],
  input,
  output,
  example: { key: 'SUP-3' },
  async plan({ key }, { vendor }: Reads<Jira>) {
    const issue = await vendor.issue(key)
    await mustHave(vendor, { issueKey: issue.key }, ['DELETE_ISSUES'])
    const subtasks = issue.fields.subtasks?.length ?? 0
    if (subtasks > 0)
      throw new HubError('refused', `${issue.key} has ${subtasks} subtasks and is not deleted. Delete or move them first.`)
    const { total } = await vendor.comments(issue.key, { limit: 1, start: 0 })
    return {
      summary: `Delete ${issue.key} for good: ${issue.fields.summary}`,
      effects: [
        {
          verb: 'delete' as const,
          target: `jira:issue/${issue.key}`,
          resources: inProject(issue),
          before: record(issue, total),
          after: {},
        },
      ],
      audience: audienceOf(issue),
      rev: issue.rev,
      fidelity: 'checked' as const,
      undo: 'none' as const,
      warnings: ['Jira keeps no copy: comments, attachments, history and links go with the issue.'],
      request: { key: issue.key, rev: issue.rev },
    }
  },
  async apply({ key, rev }: Request, { vendor }: Writes<Jira>) {
    await mustBeAt(vendor, key, rev)
    await vendor.delete(key)
    return { key, deleted: true as const }
  },
})

function record({ key, fields }: Issue, comments: number): JsonObject {
  return present({
    key,
    project: fields.project.key,
    type: fields.issuetype.name,
    summary: fields.summary,
    status: fields.status.name,
    resolution: fields.resolution?.name,
    priority: fields.priority?.name,
    assignee: fields.assignee?.id,
    assignee_name: fields.assignee?.name,
    reporter: fields.reporter?.name,
    labels: fields.labels,
    parent: fields.parent?.key,
    due: fields.duedate,
    created: fields.created,
    updated: fields.updated,
    description: toMarkdown(fields.description).markdown,
    comments_total: comments,
  })
}

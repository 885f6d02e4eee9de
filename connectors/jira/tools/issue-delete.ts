import { HubError, writeTool } from 'toolgate/kit'
import type { Asks, JsonObject, Reads, Writes } from 'toolgate/kit'
import { z } from 'zod'
import { toMarkdown } from '../adf.ts'
import { absent, directSettlesMs, happened, isGone, unclear } from '../evidence.ts'
import { issueKey } from '../ids.ts'
import type { Issue, Jira } from '../jira.ts'
import { admitted, audienceOf, inProject, issueKinds, mustBeAt, mustHave, present } from '../planning.ts'
import { writeScopes } from '../scopes.ts'

const input = z.strictObject({ key: issueKey })
const output = z.strictObject({ key: z.string(), deleted: z.literal(true) })
type Request = { readonly key: string; readonly rev: string; readonly project: string }

export const issueDelete = writeTool({
  name: 'issue_delete',
  title: 'Jira: delete an issue',
  description: 'Deletes one Jira issue with its comments and history, for good. An issue with subtasks is not deleted.',
  scopes: writeScopes.delete,
  class: 'D',
  default: 'off',
  verb: 'delete',
  resolves: issueKinds,
  routes: ['DELETE /rest/api/3/issue/{key}', 'DELETE /rest/api/2/issue/{key}'],
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
  async plan({ key }, context: Reads<Jira>) {
    const { vendor } = context
    const issue = await admitted(key, context)
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
      request: { key: issue.key, rev: issue.rev, project: issue.fields.project.key },
    }
  },
  async apply({ key, rev }: Request, { vendor }: Writes<Jira>) {
    await mustBeAt(vendor, key, rev)
    await vendor.write.delete(key)
    return { key, deleted: true as const }
  },
  settlesMs: directSettlesMs,
  async reconcile({ key, project }: Request, { vendor }: Asks<Jira>) {
    if (!(await isGone(vendor.issue(key)))) return absent
    // Gone, or out of sight: it counts as deleted only while the account can see and delete what is in its project.
    const granted = await vendor.permissions({ projectKey: project }, ['DELETE_ISSUES'])
    return granted.has('DELETE_ISSUES') ? happened({ key, deleted: true as const }) : unclear
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

import { writeTool } from 'toolgate/kit'
import type { Asks, Reads, Writes } from 'toolgate/kit'
import { z } from 'zod'
import { toMarkdown } from '../adf.ts'
import { absent, directSettlesMs, happened, isGone } from '../evidence.ts'
import { issueKey, recordId } from '../ids.ts'
import type { Jira } from '../jira.ts'
import { admitted, audienceOf, inProject, issueKinds, moved, mustHave } from '../planning.ts'
import { writeScopes } from '../scopes.ts'

const input = z.strictObject({ key: issueKey, id: recordId })
const output = z.strictObject({ id: z.string(), issue: z.string(), deleted: z.literal(true) })
type Request = { readonly key: string; readonly project: string; readonly id: string; readonly updated: string }

export const commentDelete = writeTool({
  name: 'comment_delete',
  title: 'Jira: delete a comment',
  description: 'Deletes one comment of a Jira issue, for good. comment_list gives ids.',
  scopes: writeScopes.commentDelete,
  class: 'D',
  default: 'off',
  verb: 'delete',
  resolves: issueKinds,
  routes: ['DELETE /rest/api/3/issue/{key}/comment/{id}', 'DELETE /rest/api/2/issue/{key}/comment/{id}'],
  changes: ['issue', 'author', 'created', 'body'],
  input,
  output,
  example: { key: 'SUP-1', id: '20001' },
  async plan({ key, id }, context: Reads<Jira>) {
    const { vendor } = context
    const issue = await admitted(key, context)
    const comment = await vendor.comment(issue.key, id)
    const own = comment.author?.id === (await vendor.me())
    await mustHave(vendor, { issueKey: issue.key }, [own ? 'DELETE_OWN_COMMENTS' : 'DELETE_ALL_COMMENTS'])
    return {
      summary: `Delete the comment ${id} of ${issue.key} for good: ${issue.fields.summary}`,
      effects: [
        {
          verb: 'delete' as const,
          target: `jira:issue/${issue.key}/comment/${id}`,
          resources: inProject(issue),
          before: {
            issue: issue.key,
            author: comment.author?.name ?? 'unknown',
            created: comment.created,
            body: toMarkdown(comment.body).markdown,
          },
          after: {},
        },
      ],
      audience: audienceOf(issue),
      fidelity: 'checked' as const,
      undo: 'none' as const,
      warnings: ['Jira keeps no copy of a deleted comment.', ...(own ? [] : ["It is somebody else's comment."])],
      request: {
        key: issue.key,
        project: issue.fields.project.key,
        id,
        updated: comment.updated ?? comment.created,
      },
    }
  },
  async apply({ key, project, id, updated }: Request, { vendor }: Writes<Jira>) {
    const [issue, comment] = [await vendor.issue(key), await vendor.comment(key, id)]
    if (issue.fields.project.key !== project || (comment.updated ?? comment.created) !== updated) throw moved(key)
    await vendor.write.deleteComment(key, id)
    return { id, issue: key, deleted: true as const }
  },
  settlesMs: directSettlesMs,
  async reconcile({ key, id }: Request, { vendor }: Asks<Jira>) {
    // The issue must be in sight, or nothing of it would be.
    await vendor.issue(key)
    return (await isGone(vendor.comment(key, id))) ? happened({ id, issue: key, deleted: true as const }) : absent
  },
})

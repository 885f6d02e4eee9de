import { HubError, writeTool } from 'toolgate/kit'
import type { Asks, Done, JsonObject, Reads, Writes } from 'toolgate/kit'
import { z } from 'zod'
import { toMarkdown } from '../adf.ts'
import { isHeld, wouldLose } from '../changes.ts'
import { absent, directSettlesMs, happened, told, unclear } from '../evidence.ts'
import { issueKey, recordId } from '../ids.ts'
import type { Jira } from '../jira.ts'
import { maxText } from '../markdown.ts'
import { admitted, audienceOf, inProject, isServiceProject, issueKinds, moved, mustHave } from '../planning.ts'
import { changeProperty } from '../records.ts'
import type { Comment } from '../records.ts'
import { writeScopes } from '../scopes.ts'
import type { Visibility } from '../writes.ts'
import { nodesOf } from '../splice.ts'
import { hiddenWarning } from '../warnings.ts'

const input = z.strictObject({ key: issueKey, id: recordId, body: z.string().min(1).max(maxText).describe('Markdown') })
const output = z.strictObject({ id: z.string(), issue: z.string() })
type Request = {
  readonly key: string
  readonly project: string
  readonly id: string
  readonly body: JsonObject
  readonly visibility: Visibility | null
  /** When the comment was last changed as it was planned on. */
  readonly updated: string
  readonly exact: boolean
}

export const commentUpdate = writeTool({
  name: 'comment_update',
  title: 'Jira: change a comment',
  description: "Replaces the text of one comment of the hub's own account on a Jira issue. comment_list gives ids.",
  scopes: writeScopes.commentUpdate,
  class: 'W1',
  default: 'on',
  verb: 'update',
  resolves: issueKinds,
  routes: ['PUT /rest/api/3/issue/{key}/comment/{id}', 'PUT /rest/api/2/issue/{key}/comment/{id}'],
  changes: ['body'],
  input,
  output,
  example: { key: 'SUP-4', id: '20006', body: 'Released on Monday. Please check one invoice.' },
  async plan({ key, id, body }, context: Reads<Jira>) {
    const { vendor } = context
    const issue = await admitted(key, context)
    const comment = await vendor.comment(issue.key, id)
    if (comment.author?.id !== (await vendor.me()))
      throw new HubError('refused', `The comment ${id} of ${issue.key} is not the hub's own. Only those are changed.`)
    await mustHave(vendor, { issueKey: issue.key }, ['EDIT_OWN_COMMENTS'])
    const before = toMarkdown(comment.body)
    if (before.lossy.length > 0) throw wouldLose(issue, `comment ${id}`, before.lossy)
    const document = vendor.toAdf(body)
    const after = toMarkdown(document).markdown
    if (after === before.markdown) throw new HubError('refused', `The comment ${id} of ${issue.key} already says this.`)
    const exact = isHeld(nodesOf(comment.body), before.markdown, vendor.toAdf)
    return {
      summary: `Change the comment ${id} of ${issue.key}: ${issue.fields.summary}`,
      effects: [
        {
          verb: 'update' as const,
          target: `jira:issue/${issue.key}/comment/${id}`,
          resources: inProject(issue),
          before: { body: before.markdown },
          after: { body: after },
        },
      ],
      audience: audienceOf(issue),
      fidelity: 'checked' as const,
      undo: exact ? ('partial' as const) : ('lossy' as const),
      warnings: [
        ...hiddenWarning(body),
        ...(isServiceProject(issue.fields.project) && comment.jsdPublic !== false && comment.visibility === undefined
          ? ['In a service project the customer reads this comment.']
          : []),
      ],
      request: {
        key: issue.key,
        project: issue.fields.project.key,
        id,
        body: document,
        visibility: visibilityOf(comment),
        updated: comment.updated ?? comment.created,
        exact,
      },
    }
  },
  async apply({ key, project, id, body, visibility, updated }: Request, { vendor, operationId }: Writes<Jira>) {
    const [issue, comment] = [await vendor.issue(key), await vendor.comment(key, id)]
    if (issue.fields.project.key !== project || (comment.updated ?? comment.created) !== updated) throw moved(key)
    await vendor.write.updateComment(key, id, { body, visibility }, operationId)
    return { id, issue: key }
  },
  settlesMs: directSettlesMs,
  async reconcile({ key, id, updated }: Request, { vendor, operationId }: Asks<Jira>) {
    if ((await vendor.commentProperty(id, changeProperty)) === operationId) return happened({ id, issue: key })
    const comment = await vendor.comment(key, id)
    return (comment.updated ?? comment.created) === updated ? absent : unclear
  },
  async undo({ request, effects }: Done<Request, z.output<typeof output>>, { vendor }: Reads<Jira>) {
    const { key, id, body, exact } = request
    const now = await vendor.comment(key, id)
    if (toMarkdown(now.body).markdown !== toMarkdown(body).markdown)
      throw new HubError('conflict', `Somebody has changed the comment ${id} of ${key} since then.`)
    const lossy = exact ? [] : ['The old text comes back as Markdown holds it.']
    return {
      tool: 'comment_update',
      input: { key, id, body: effects[0]?.before['body'] ?? '' },
      fidelity: exact ? ('partial' as const) : ('lossy' as const),
      warnings: [told, ...lossy],
    }
  },
})

/** @throws HubError `refused` when it is seen by a kind of people that the hub cannot name again */
function visibilityOf({ id, visibility }: Comment): Visibility | null {
  if (visibility === undefined) return null
  const { type, value } = visibility
  if ((type === 'role' || type === 'group') && value !== undefined) return { type, value }
  throw new HubError('refused', `The hub cannot keep who sees the comment ${id}. Change it in Jira.`)
}

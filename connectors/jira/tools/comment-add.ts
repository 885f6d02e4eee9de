import { HubError, writeTool } from 'toolgate/kit'
import type { Asks, Done, JsonObject, Reads, Writes } from 'toolgate/kit'
import { z } from 'zod'
import { toMarkdown } from '../adf.ts'
import { absent, commentOf, directSettlesMs, happened, told, unclear } from '../evidence.ts'
import { issueKey } from '../ids.ts'
import type { Jira } from '../jira.ts'
import { maxText } from '../markdown.ts'
import { admitted, audienceOf, inProject, isServiceProject, moved, mustHave } from '../planning.ts'
import { writeScopes } from '../scopes.ts'
import { hiddenWarning } from '../warnings.ts'

const input = z.strictObject({ key: issueKey, body: z.string().min(1).max(maxText).describe('Markdown') })
const output = z.strictObject({ id: z.string(), issue: z.string(), url: z.string() })
type Request = { readonly issue: string; readonly key: string; readonly project: string; readonly body: JsonObject }

export const commentAdd = writeTool({
  name: 'comment_add',
  title: 'Jira: add a comment',
  description:
    'Adds a comment, written in Markdown, to one Jira issue. Whoever follows the issue is told. Mentions notify nobody.',
  scopes: writeScopes.comment,
  class: 'W2',
  default: 'on',
  verb: 'create',
  resolves: ['jira.project'],
  routes: ['POST /rest/api/3/issue/{key}/comment'],
  changes: ['issue', 'body'],
  input,
  output,
  example: { key: 'SUP-1', body: 'Reproduced on **staging**: the offset is applied twice.' },
  async plan({ key, body }, context: Reads<Jira>) {
    const { vendor } = context
    const issue = await admitted(key, context)
    await mustHave(vendor, { issueKey: issue.key }, ['ADD_COMMENTS'])
    const document = vendor.toAdf(body)
    const warnings = [
      ...hiddenWarning(body),
      ...(isServiceProject(issue.fields.project) ? ['In a service project the customer reads this comment.'] : []),
    ]
    return {
      summary: `Comment on ${issue.key}: ${issue.fields.summary}`,
      effects: [
        {
          verb: 'create' as const,
          target: `jira:issue/${issue.key}/comment`,
          resources: inProject(issue),
          before: {},
          // Read back from what will be sent, so that what is approved is what will be there.
          after: { issue: issue.key, body: toMarkdown(document).markdown },
        },
      ],
      audience: audienceOf(issue),
      fidelity: 'checked' as const,
      undo: 'partial' as const,
      warnings,
      request: { issue: issue.id, key: issue.key, project: issue.fields.project.key, body: document },
    }
  },
  async apply({ issue, key, project, body }: Request, { vendor, operationId }: Writes<Jira>) {
    // A comment is no update, and others may comment meanwhile; but the issue must still be where policy looked.
    const now = await vendor.issue(key)
    if (now.id !== issue || now.fields.project.key !== project) throw moved(key)
    const { id } = await vendor.write.addComment(key, body, operationId)
    return { id, issue: key, url: commentUrl(now.url, id) }
  },
  settlesMs: directSettlesMs,
  async reconcile({ key }: Request, context: Asks<Jira>) {
    const found = await commentOf(context.vendor, key, context)
    if (found === undefined) return absent
    if (found === 'unclear') return unclear
    return happened({ id: found.id, issue: key, url: commentUrl(context.vendor.url(key), found.id) })
  },
  async undo({ request, output: done }: Done<Request, z.output<typeof output>>, { vendor }: Reads<Jira>) {
    if (done === undefined) throw new HubError('refused', `It is not known which comment of ${request.key} it was.`)
    const now = await vendor.comment(request.key, done.id)
    if (toMarkdown(now.body).markdown !== toMarkdown(request.body).markdown)
      throw new HubError('conflict', `Somebody has changed the comment ${done.id} of ${request.key} since then.`)
    const warnings = [told, 'A deleted comment cannot be brought back.']
    return { tool: 'comment_delete', input: { key: request.key, id: done.id }, fidelity: 'partial' as const, warnings }
  },
})

function commentUrl(issue: string, id: string): string {
  return `${issue}?focusedCommentId=${id}`
}

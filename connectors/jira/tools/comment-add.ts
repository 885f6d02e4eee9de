import { HubError, writeTool } from 'toolgate/kit'
import type { Asks, Audience, Done, JsonObject, Reads, Writes } from 'toolgate/kit'
import { z } from 'zod'
import { toMarkdown } from '../adf.ts'
import { absent, commentOf, directSettlesMs, happened, told, unclear } from '../evidence.ts'
import { issueKey, line } from '../ids.ts'
import type { Issue, Jira } from '../jira.ts'
import type { Visibility } from '../writes.ts'
import { maxText } from '../markdown.ts'
import { admitted, audienceOf, inProject, isServiceProject, issueKinds, moved, mustHave } from '../planning.ts'
import { writeScopes } from '../scopes.ts'
import { hiddenWarning } from '../warnings.ts'

const input = z.strictObject({
  key: issueKey,
  body: z.string().min(1).max(maxText).describe('Markdown'),
  visibility: z
    .strictObject({ type: z.enum(['role', 'group']), name: line(255) })
    .optional()
    .describe('Only this project role or group sees it'),
  internal: z.boolean().optional().describe('In a service project: agents only, not the customer'),
})
const output = z.strictObject({ id: z.string(), issue: z.string(), url: z.string() })
type Request = {
  readonly issue: string
  readonly key: string
  readonly project: string
  readonly body: JsonObject
  readonly visibility: Visibility | null
  readonly internal: boolean
}

export const commentAdd = writeTool({
  name: 'comment_add',
  title: 'Jira: add a comment',
  description:
    'Adds a comment, written in Markdown, to one Jira issue. Whoever follows the issue is told. Mentions notify nobody.',
  scopes: writeScopes.comment,
  class: 'W2',
  default: 'on',
  verb: 'create',
  resolves: issueKinds,
  routes: ['POST /rest/api/3/issue/{key}/comment', 'POST /rest/api/2/issue/{key}/comment'],
  changes: ['issue', 'body', 'visible_to', 'internal'],
  input,
  output,
  example: { key: 'SUP-1', body: 'Reproduced on **staging**: the offset is applied twice.' },
  async plan({ key, body, visibility, internal = false }, context: Reads<Jira>) {
    const { vendor } = context
    const issue = await admitted(key, context)
    await mustHave(vendor, { issueKey: issue.key }, ['ADD_COMMENTS'])
    const isService = isServiceProject(issue.fields.project)
    if (internal && !isService)
      throw new HubError(
        'invalid_input',
        `${issue.fields.project.key} is no service project, so nothing in it is internal. Use visibility.`,
      )
    const document = vendor.toAdf(body)
    const isHidden = internal || visibility !== undefined
    const warnings = [
      ...hiddenWarning(body),
      ...(isService && !isHidden ? ['In a service project the customer reads this comment.'] : []),
      ...(visibility === undefined
        ? []
        : [
            `Whether there is a ${visibility.type} "${visibility.name}" shows when it is sent: Jira refuses what is not there.`,
          ]),
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
          after: {
            issue: issue.key,
            body: toMarkdown(document).markdown,
            ...(visibility === undefined ? {} : { visible_to: `${visibility.type} ${visibility.name}` }),
            ...(isService ? { internal } : {}),
          },
        },
      ],
      audience: isHidden ? hiddenFrom(issue, visibility?.name) : audienceOf(issue),
      fidelity: 'checked' as const,
      undo: 'partial' as const,
      warnings,
      request: {
        issue: issue.id,
        key: issue.key,
        project: issue.fields.project.key,
        body: document,
        visibility: visibility === undefined ? null : { type: visibility.type, value: visibility.name },
        internal,
      },
    }
  },
  async apply({ issue, key, project, body, visibility, internal }: Request, { vendor, operationId }: Writes<Jira>) {
    // A comment is no update, and others may comment meanwhile; but the issue must still be where policy looked.
    const now = await vendor.issue(key)
    if (now.id !== issue || now.fields.project.key !== project) throw moved(key)
    const { id } = await vendor.write.addComment(key, { body, visibility, internal }, operationId)
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

/** Neither the customer nor whoever else follows the issue. */
function hiddenFrom(issue: Issue, to = 'the agents of the service project'): Audience {
  return { ...audienceOf(issue), external: false, where: `${issue.key} in ${issue.fields.project.name}: ${to} alone` }
}

function commentUrl(issue: string, id: string): string {
  return `${issue}?focusedCommentId=${id}`
}

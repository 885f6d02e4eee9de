// https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/#api-rest-api-3-issue-issueidorkey-transitions-get
import type { Json, JsonObject, SandboxResponse } from 'toolgate/kit'
import { badFields, badRequest, bodyOf, isObject, noContent, noIssue, ok, word } from './answer.ts'
import type { Ask } from './ask.ts'
import { commentDocument, propertiesOf } from './comments.ts'
import { isDocument } from './document.ts'
import { record } from './history.ts'
import { transitionScreen } from './meta.ts'
import * as render from './render.ts'
import { resolutions, rootCause, stamp, transitions } from './world.ts'
import type { IssueDocument, TransitionRule, World } from './world.ts'

export function getTransitions({ request, parameters: [key = ''], world }: Ask): SandboxResponse {
  const issue = world.issue(key)
  if (issue === undefined) throw noIssue()
  const withFields = (request.query.get('expand') ?? '').split(',').includes('transitions.fields')
  const wanted = request.query.get('transitionId')
  return ok({
    expand: 'transitions',
    transitions: available(issue, world)
      .filter(({ id }) => wanted === null || id === wanted)
      .map((transition) => {
        const fields = transitionScreen(issue, transition)
        return {
          id: transition.id,
          name: transition.name,
          to: render.status(transition.to),
          hasScreen: Object.keys(fields).length > 0,
          isGlobal: false,
          isInitial: false,
          isAvailable: true,
          isConditional: false,
          isLooped: false,
          ...(withFields ? { fields } : {}),
        }
      }),
  })
}

export function doTransition({ request, parameters: [key = ''], world, now, actor }: Ask): SandboxResponse {
  const issue = world.issue(key)
  if (issue === undefined) throw noIssue()
  const { transition: asked, fields = {}, update, properties = [] } = bodyOf(request.body)
  const id = isObject(asked) ? asked['id'] : undefined
  if (id === undefined) throw badRequest("Missing 'transition' identifier")
  const comments = commentsIn(update)
  if (comments.length > 0 && !world.has(issue.project, 'ADD_COMMENTS'))
    throw badRequest('You do not have the permission to comment on this issue.')
  const transition = available(issue, world).find((each) => each.id === word(id))
  if (transition === undefined) {
    throw badRequest(
      `It seems that you have tried to perform an illegal workflow operation. The transition ${word(id)} is not valid for this issue.`,
    )
  }
  if (!isObject(fields)) throw badRequest('Invalid request payload. Refer to the REST API documentation and try again.')
  const kept = Object.fromEntries(propertiesOf(properties).map(({ key: name, value }) => [name, value]))
  const changed = {
    ...issue,
    ...changes(issue, transition, fields, now),
    status: transition.to,
    properties: { ...issue.properties, ...kept },
    updated: stamp(now),
  }
  world.save(changed)
  for (const body of comments) commentDocument({ world, now, actor }, issue.id, { body })
  record(world, { before: issue, after: changed, actor })
  return noContent
}

/** `update: {comment: [{add: {body}}]}`, and no other update. */
function commentsIn(update: Json | undefined): readonly Json[] {
  if (update === undefined) return []
  const { comment, ...others } = isObject(update) ? update : { comment: null }
  if (!Array.isArray(comment) || Object.keys(others).length > 0)
    throw badRequest('The stand-in takes no other update in a transition than a comment.')
  return comment.map((each: Json) => {
    const added = isObject(each) && isObject(each['add']) ? each['add']['body'] : undefined
    if (!isDocument(added)) throw badFields({ comment: 'Comment body is not valid!' })
    return added ?? null
  })
}

/** Those whose conditions hold for the hub's account: none without the permission. */
function available(issue: IssueDocument, world: World): readonly TransitionRule[] {
  if (!world.has(issue.project, 'TRANSITION_ISSUES')) return []
  return transitions.filter(({ from }) => from.includes(issue.status))
}

function changes(issue: IssueDocument, transition: TransitionRule, fields: JsonObject, now: Date): Partial<IssueDocument> {
  const screen = transitionScreen(issue, transition)
  const errors: Record<string, string> = {}
  for (const id of Object.keys(fields)) {
    if (screen[id] === undefined)
      errors[id] = `Field '${id}' cannot be set. It is not on the appropriate screen, or unknown.`
  }
  const { resolution, [rootCause.id]: cause } = fields
  const found = isObject(resolution)
    ? resolutions.find(({ id, name }) => id === resolution['id'] || name === resolution['name'])
    : undefined
  if (resolution !== undefined && found === undefined) errors['resolution'] = 'Resolution is invalid.'
  if (screen[rootCause.id] !== undefined && cause === undefined) errors[rootCause.id] = 'Root cause is required.'
  if (cause !== undefined && !isDocument(cause)) {
    errors[rootCause.id] = 'Operation value must be an Atlassian Document (see the Atlassian Document Format)'
  }
  if (Object.keys(errors).length > 0) throw badFields(errors)
  const closed = transition.to === '10003'
  return {
    // A post-function sets the resolution where the screen was left as it was, and clears it on the way back.
    resolution: closed ? (found?.id ?? '10000') : null,
    resolved: closed ? stamp(now) : null,
    ...(cause === undefined ? {} : { custom: { ...issue.custom, [rootCause.id]: cause } }),
  }
}

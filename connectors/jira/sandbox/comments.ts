// https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-comments/
import type { Json, SandboxResponse } from 'toolgate/kit'
import { badFields, badRequest, bodyOf, created, isObject, noContent, noIssue, ok, pageOf, Refusal, word } from './answer.ts'
import type { Ask } from './ask.ts'
import { isDocument } from './document.ts'
import * as render from './render.ts'
import { stamp } from './world.ts'
import type { CommentDocument } from './world.ts'

export function listComments({ request, parameters: [key = ''], world }: Ask): SandboxResponse {
  const issue = world.issue(key)
  if (issue === undefined) throw noIssue()
  const order = request.query.get('orderBy') ?? 'created'
  if (!['created', '+created', '-created'].includes(order)) throw badRequest(`Comments cannot be ordered by '${order}'.`)
  const comments = world
    .comments(issue.id)
    .toSorted((left, right) => (left.created < right.created ? -1 : left.created > right.created ? 1 : 0))
  const { values, startAt, maxResults, total } = pageOf(
    order === '-created' ? comments.toReversed() : comments,
    request.query,
    100,
  )
  return ok({ startAt, maxResults, total, comments: values.map(render.comment) })
}

export function addComment({ request, parameters: [key = ''], world, now, actor }: Ask): SandboxResponse {
  const issue = world.issue(key)
  if (issue === undefined) throw noIssue()
  const { body, visibility = null, properties = [] } = bodyOf(request.body)
  if (!world.has(issue.project, 'ADD_COMMENTS')) throw badRequest('You do not have the permission to comment on this issue.')
  if (body === undefined || typeof body === 'string') throw badFields({ comment: 'Comment body is not valid!' })
  if (!isDocument(body)) throw badRequest('INVALID_INPUT')
  if (JSON.stringify(body).length > 32_767 * 4)
    throw badFields({ comment: 'The entered text is too long. It exceeds the allowed limit of 32,767 characters.' })
  requireVisibility(visibility)
  const comment = commentDocument({ world, now, actor }, issue.id, { body, visibility, properties })
  const at = comment.created
  // Who comments watches from then on, as Jira's own setting has it.
  world.save({ ...issue, updated: at, watchers: [...new Set([...issue.watchers, actor])] })
  return created(render.comment(comment))
}

export function getComment({ parameters: [key = '', id = ''], world }: Ask): SandboxResponse {
  return ok(render.comment(commentOf(world, key, id)))
}

export function updateComment({ request, parameters: [key = '', id = ''], world, now, actor }: Ask): SandboxResponse {
  const comment = commentOf(world, key, id)
  const { body, visibility, properties = [] } = bodyOf(request.body)
  const project = world.issue(key)?.project ?? ''
  if (!world.has(project, comment.author === actor ? 'EDIT_OWN_COMMENTS' : 'EDIT_ALL_COMMENTS'))
    throw badRequest(`You do not have the permission for this comment.`)
  requireVisibility(visibility ?? null)
  if (!isDocument(body)) throw badRequest('INVALID_INPUT')
  const given = propertiesOf(properties)
  const kept = comment.properties.filter((each) => !given.some(({ key: name }) => isObject(each) && each['key'] === name))
  // Without a visibility in the request, everybody sees it from then on.
  const seen = visibility ?? null
  const changed = { ...comment, body: body ?? null, visibility: seen, updated: stamp(now), properties: [...kept, ...given] }
  world.state.put('comment', id, changed)
  return ok(render.comment(changed))
}

export function deleteComment({ parameters: [key = '', id = ''], world, actor }: Ask): SandboxResponse {
  const comment = commentOf(world, key, id)
  const project = world.issue(key)?.project ?? ''
  if (!world.has(project, comment.author === actor ? 'DELETE_OWN_COMMENTS' : 'DELETE_ALL_COMMENTS'))
    throw badRequest('You do not have the permission to delete this comment.')
  world.state.delete('comment', id)
  return noContent
}

const audiences: Readonly<Record<string, readonly string[]>> = {
  role: ['Administrators', 'Developers', 'Service Desk Team'],
  group: ['jira-users-larkfield', 'support-leads'],
}

function requireVisibility(visibility: Json): void {
  if (visibility === null) return
  const { type, value, identifier } = isObject(visibility) ? visibility : {}
  const known = audiences[word(type)]?.includes(word(value ?? identifier)) === true
  if (!known) throw badFields({ commentLevel: 'The role or group of the comment does not exist, or you are not in it.' })
}

export function commentDocument(
  { world, now, actor }: Pick<Ask, 'world' | 'now' | 'actor'>,
  issue: string,
  { body, visibility = null, properties = [] }: { body: Json; visibility?: Json; properties?: Json },
): CommentDocument {
  const id = String(20_000 + world.state.next('comment'))
  const document = { id, issue, author: actor, body, created: stamp(now), visibility, properties: propertiesOf(properties) }
  world.state.put('comment', id, document)
  return document
}

function commentOf(world: Ask['world'], key: string, id: string): CommentDocument {
  const issue = world.issue(key)
  if (issue === undefined) throw noIssue()
  const comment = world.comments(issue.id).find((each) => each.id === id)
  if (comment === undefined) throw new Refusal(404, { messages: ['Can not find a comment for the id: ' + id + '.'] })
  return comment
}

export function commentProperty({ parameters: [id = '', name = ''], world }: Ask): SandboxResponse {
  const comment = world.state.get('comment', id) as CommentDocument | undefined
  const property =
    comment && world.issue(comment.issue) && comment.properties.find((each) => isObject(each) && each['key'] === name)
  if (property === undefined) throw new Refusal(404, { messages: [`The property with key '${name}' does not exist.`] })
  return ok(property)
}

/** https://developer.atlassian.com/cloud/jira/platform/jira-entity-properties/ : a key of 255 characters, a value of 32,768. */
export function propertiesOf(properties: Json): readonly { readonly key: string; readonly value: Json }[] {
  if (!Array.isArray(properties))
    throw badRequest('Invalid request payload. Refer to the REST API documentation and try again.')
  return properties.map((property: Json) => {
    const { key, value } = isObject(property) ? property : {}
    if (
      typeof key !== 'string' ||
      key === '' ||
      key.length > 255 ||
      value === undefined ||
      JSON.stringify(value).length > 32_768
    ) {
      throw badRequest('The property key or value is not valid.')
    }
    return { key, value }
  })
}

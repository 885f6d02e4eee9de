// https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-worklogs/
import type { SandboxResponse } from 'toolgate/kit'
import { badRequest, bodyOf, created, isObject, noIssue, ok, pageOf, Refusal } from './answer.ts'
import type { Ask } from './ask.ts'
import { propertiesOf } from './comments.ts'
import { isDocument } from './document.ts'
import * as render from './render.ts'
import { stamp } from './world.ts'
import type { WorklogDocument } from './world.ts'

export function listWorklogs({ request: { query }, parameters: [key = ''], world }: Ask): SandboxResponse {
  const issue = world.issue(key)
  if (issue === undefined) throw noIssue()
  const [after, before] = [Number(query.get('startedAfter') ?? 0), Number(query.get('startedBefore') ?? Infinity)]
  const found = world.worklogs(issue.id).filter(({ started }) => {
    const at = Date.parse(started)
    return at >= after && at <= before
  })
  const { values, startAt, maxResults, total } = pageOf(found, query, 5000)
  return ok({ startAt, maxResults, total, worklogs: values.map(render.worklog) })
}

export function addWorklog({ request, parameters: [key = ''], world, now, actor }: Ask): SandboxResponse {
  const issue = world.issue(key)
  if (issue === undefined) throw noIssue()
  const { started, timeSpentSeconds, comment = null, properties = [] } = bodyOf(request.body)
  if (!world.has(issue.project, 'WORK_ON_ISSUES'))
    throw badRequest('You do not have the permission to associate a worklog to this issue.')
  if (typeof started !== 'string' || !/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}[+-]\d{4}$/.test(started))
    throw badRequest('Worklog must have a valid date started.')
  if (typeof timeSpentSeconds !== 'number' || timeSpentSeconds < 60) throw badRequest('Worklog must not be null.')
  if (comment !== null && !isDocument(comment)) throw badRequest('Comment body is not valid!')
  if (!['auto', 'leave'].includes(request.query.get('adjustEstimate') ?? 'auto'))
    throw badRequest('The stand-in adjusts estimates by itself or not at all.')
  const id = String(50_000 + world.state.next('worklog'))
  const worklog: WorklogDocument = {
    id,
    issue: issue.id,
    author: actor,
    started,
    seconds: timeSpentSeconds,
    comment,
    created: stamp(now),
    properties: propertiesOf(properties),
  }
  world.state.put('worklog', id, worklog)
  world.save({ ...issue, updated: stamp(now) })
  return created(render.worklog(worklog))
}

export function worklogProperty({ parameters: [key = '', id = '', name = ''], world }: Ask): SandboxResponse {
  const issue = world.issue(key)
  if (issue === undefined) throw noIssue()
  const found = world
    .worklogs(issue.id)
    .find((each) => each.id === id)
    ?.properties.find((each) => isObject(each) && each['key'] === name)
  if (found === undefined) throw new Refusal(404, { messages: [`The property with key '${name}' does not exist.`] })
  return ok(found)
}

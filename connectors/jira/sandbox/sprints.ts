// https://developer.atlassian.com/cloud/jira/software/rest/api-group-sprint/ and /api-group-backlog/
import type { JsonObject, SandboxResponse } from 'toolgate/kit'
import { badRequest, bodyOf, forbidden, noContent, noIssue, ok, Refusal, word } from './answer.ts'
import type { Ask } from './ask.ts'
import { record } from './history.ts'
import * as render from './render.ts'
import { site, stamp } from './world.ts'
import type { SprintDocument, World } from './world.ts'

export function softwareIssue({ request, parameters: [key = ''], world }: Ask): SandboxResponse {
  const issue = world.issue(key)
  if (issue === undefined) throw noIssue()
  const asked = request.query.getAll('fields').flatMap((value) => value.split(','))
  const sprint = issue.sprint == null ? null : shown(sprintOf(world, String(issue.sprint)))
  const shape = render.issueOf(issue, world, asked.length === 0 ? ['*all'] : asked) as { fields: JsonObject }
  return ok({ ...shape, fields: { ...shape.fields, sprint } })
}

export function getSprint({ parameters: [id = ''], world }: Ask): SandboxResponse {
  return ok(shown(sprintOf(world, id)))
}

export function moveToSprint(ask: Ask): SandboxResponse {
  const sprint = sprintOf(ask.world, ask.parameters[0] ?? '')
  if (sprint.state === 'closed') throw badRequest('Issues can only be moved to open or active sprints.')
  return move(ask, sprint.id)
}

export function moveToBacklog(ask: Ask): SandboxResponse {
  return move(ask, null)
}

/** All of them or none. */
function move({ request, world, now, actor }: Ask, sprint: number | null): SandboxResponse {
  const { issues } = bodyOf(request.body)
  if (!Array.isArray(issues) || issues.length === 0) throw badRequest('No issues were given.')
  if (issues.length > 50) throw badRequest('At most 50 issues may be moved at once.')
  const found = issues.map((key) => {
    const issue = world.issue(word(key))
    if (issue === undefined) throw noIssue()
    if (!world.has(issue.project, 'SCHEDULE_ISSUES') || !world.has(issue.project, 'EDIT_ISSUES'))
      throw forbidden('You do not have permission to schedule this issue.')
    return issue
  })
  for (const issue of found) {
    if ((issue.sprint ?? null) === sprint) continue
    const changed = { ...issue, sprint, updated: stamp(now) }
    world.save(changed)
    record(world, { before: issue, after: changed, actor })
  }
  return noContent
}

function sprintOf(world: World, id: string): SprintDocument {
  const sprint = world.state.get('sprint', id) as SprintDocument | undefined
  if (sprint === undefined) throw new Refusal(404, { messages: ['Sprint does not exist'] })
  return sprint
}

function shown({ id, name, state }: SprintDocument): JsonObject {
  return { id, name, state, self: `${site}/rest/agile/1.0/sprint/${id}`, originBoardId: 1 }
}

// What has happened to an issue, as its history tells it.
// https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/#api-rest-api-3-issue-issueidorkey-changelog-get
import type { SandboxResponse } from 'toolgate/kit'
import { noIssue, ok, pageOf } from './answer.ts'
import type { Ask } from './ask.ts'
import { wordsOf } from './document.ts'
import * as render from './render.ts'
import { people, priorities, resolutions, statuses } from './world.ts'
import type { ChangeItem, IssueDocument, Named, World } from './world.ts'

export function getChanges({ request, parameters: [key = ''], world }: Ask): SandboxResponse {
  const issue = world.issue(key)
  if (issue === undefined) throw noIssue()
  const { values, ...page } = pageOf(world.changes(issue.id), request.query, 100)
  return ok({ ...page, values: values.map(render.change) })
}

/** One entry for everything that is different, by whoever did it. Nothing where nothing is. */
export function record(
  world: World,
  { before, after, actor }: { readonly before: IssueDocument; readonly after: IssueDocument; readonly actor: string },
): void {
  tell(world, { issue: after.id, actor, at: after.updated, items: differences(before, after) })
}

export function tell(
  world: World,
  { issue, actor, at, items }: { issue: string; actor: string; at: string; items: readonly ChangeItem[] },
): void {
  if (items.length === 0) return
  const id = String(30_000 + world.state.next('change'))
  world.state.put('change', id, { id, issue, author: actor, created: at, items })
}

function differences(before: IssueDocument, after: IssueDocument): readonly ChangeItem[] {
  const fields: readonly (readonly [string, string, (issue: IssueDocument) => Shown])[] = [
    ['summary', 'summary', ({ summary }) => [null, summary]],
    ['description', 'description', ({ description }) => [null, description === null ? null : wordsOf(description)]],
    ['status', 'status', ({ status }) => [status, nameIn(statuses, status)]],
    ['resolution', 'resolution', ({ resolution }) => [resolution, nameIn(resolutions, resolution)]],
    ['priority', 'priority', ({ priority }) => [priority, nameIn(priorities, priority)]],
    ['assignee', 'assignee', ({ assignee }) => [assignee, people.find((each) => each.accountId === assignee)?.name ?? null]],
    ['labels', 'labels', ({ labels }) => [null, labels.join(' ')]],
    ['Component', 'components', ({ components = [] }) => [null, components.join(', ')]],
    ['Fix Version', 'fixVersions', ({ fixVersions = [] }) => [null, fixVersions.join(', ')]],
    ['duedate', 'duedate', ({ due }) => [due, due]],
    ['Sprint', 'customfield_10020', ({ sprint }) => [sprint ? String(sprint) : null, sprint ? String(sprint) : null]],
    ...[...new Set([...Object.keys(before.custom), ...Object.keys(after.custom)])].map((id) => {
      const shown = ({ custom }: IssueDocument): Shown => [null, custom[id] === undefined ? null : wordsOf(custom[id])]
      return [id, id, shown] as const
    }),
  ]
  return fields.flatMap(([field, fieldId, shown]) => {
    const [[from, fromString], [to, text]] = [shown(before), shown(after)]
    if (from === to && fromString === text) return []
    return [{ field, fieldId, from, fromString, to, toString: text }]
  })
}

/** The id, where the field has one, and the words. */
type Shown = readonly [string | null, string | null]

function nameIn(list: readonly Named[], id: string | null): string | null {
  return list.find((each) => each.id === id)?.name ?? null
}

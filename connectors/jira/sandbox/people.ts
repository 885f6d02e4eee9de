// People, projects and priorities.
// https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-user-search/ and /api-group-projects/
import type { SandboxResponse } from 'toolgate/kit'
import { badRequest, noIssue, noProject, ok, pageOf } from './answer.ts'
import type { Ask } from './ask.ts'
import * as render from './render.ts'
import { hub, people, priorities } from './world.ts'

export function myself({ actor }: Ask): SandboxResponse {
  return ok({
    ...render.user(actor),
    emailAddress: people.find(({ accountId }) => accountId === actor)?.email ?? '',
    locale: 'en_GB',
  })
}

export function findUsers({ request: { query } }: Ask): SandboxResponse {
  return ok(matching(query).map(({ accountId }) => render.user(accountId)))
}

export function assignableUsers({ request: { query }, world }: Ask): SandboxResponse {
  const [issueKey, projectKey] = [query.get('issueKey'), query.get('project')]
  if (issueKey === null && projectKey === null) throw badRequest('Either project or issueKey must be given.')
  const issue = issueKey === null ? undefined : world.issue(issueKey)
  if (issueKey !== null && issue === undefined) throw noIssue()
  const project = issue?.project ?? world.project(projectKey ?? '')
  if (project === undefined) throw noProject(projectKey ?? '')
  // The hub's own account takes no work.
  const found = matching(query).filter(({ accountId }) => accountId !== hub)
  return ok(found.map(({ accountId }) => render.user(accountId)))
}

/** By the beginnings of the words of a name or of the e-mail address, or by account. */
function matching(query: URLSearchParams) {
  const [words, account] = [query.get('query'), query.get('accountId')]
  if (words === null && account === null) throw badRequest('One of query and accountId must be given.')
  const found = people.filter(({ accountId, name, email }) => {
    if (account !== null) return accountId === account
    const wanted = (words ?? '').toLowerCase()
    return (
      name.toLowerCase().startsWith(wanted) ||
      [...name.toLowerCase().split(' '), email].some((part) => part.startsWith(wanted))
    )
  })
  return pageOf(found, query, 1000).values
}

export function searchProjects({ request: { query }, world }: Ask): SandboxResponse {
  const words = (query.get('query') ?? '').toLowerCase()
  const keys = query.getAll('keys')
  if (keys.length > 50) throw badRequest('At most 50 project keys can be given.')
  const orderBy = query.get('orderBy') ?? 'key'
  if (!['key', '+key', '-key', 'name', '+name', '-name'].includes(orderBy))
    throw badRequest(`Projects cannot be ordered by '${orderBy}'.`)
  const word = (key: string) => (orderBy.endsWith('name') ? world.projectDocument(key).name : key)
  const found = world
    .projects()
    .filter((key) => keys.length === 0 || keys.includes(key))
    .filter((key) => `${key} ${world.projectDocument(key).name}`.toLowerCase().includes(words))
    .sort((left, right) => word(left).localeCompare(word(right)) * (orderBy.startsWith('-') ? -1 : 1))
  const { values, ...page } = pageOf(found, query, 50)
  const lead = (query.get('expand') ?? '').split(',').includes('lead')
  return ok({
    ...page,
    values: values.map((key) => ({
      ...render.project(world, key),
      ...(lead ? { lead: render.user(world.projectDocument(key).lead) } : {}),
    })),
  })
}

export function getProject({ parameters: [idOrKey = ''], world }: Ask): SandboxResponse {
  const key = world.project(idOrKey)
  if (key === undefined) throw noProject(idOrKey)
  return ok({ ...render.project(world, key), lead: render.user(world.projectDocument(key).lead) })
}

export function searchPriorities({ request: { query } }: Ask): SandboxResponse {
  const { values, ...page } = pageOf(priorities, query, 50)
  return ok({ ...page, values: values.map(({ id }) => render.priority(id)) })
}

// https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-search/#api-rest-api-3-search-jql-post
import { digest } from 'toolgate/kit'
import type { Json, JsonObject, SandboxResponse } from 'toolgate/kit'
import { badRequest, bodyOf, ok } from './answer.ts'
import type { Ask } from './ask.ts'
import { evaluate } from './jql.ts'
import * as render from './render.ts'
import type { IssueDocument, World } from './world.ts'

export function search(ask: Ask): SandboxResponse {
  const { jql, maxResults, fields, properties, nextPageToken } = asked(ask)
  const found = evaluate(jql, indexed(ask), ask.now)
  const start = nextPageToken === undefined ? 0 : startOf(nextPageToken, jql)
  const page = found.slice(start, start + maxResults)
  const end = start + page.length
  const isLast = end >= found.length
  const shape = (issue: IssueDocument) => {
    // Ids only, unless fields are asked for.
    if (fields.length === 0) return { id: issue.id }
    return render.issueOf(issue, ask.world, fields, properties)
  }
  return ok({ issues: page.map(shape), isLast, ...(isLast ? {} : { nextPageToken: tokenOf(end, jql) }) })
}

/** https://docs.atlassian.com/software/jira/docs/api/REST/9.12.0/#api/2/search-searchUsingSearchRequest */
export function searchFrom(ask: Ask): SandboxResponse {
  const { jql, startAt = 0, maxResults = 50, fields = ['*navigable'] } = bodyOf(ask.request.body)
  const [start, most] = [Number(startAt), Number(maxResults)]
  if (typeof jql !== 'string' || !Number.isInteger(start) || !Number.isInteger(most) || most < 0 || !areStrings(fields))
    throw badRequest('Invalid request payload. Refer to the REST API documentation and try again.')
  const found = evaluate(jql, indexed(ask), ask.now)
  const page = found.slice(start, start + Math.min(most, 1000))
  const issues = page.map((issue) => render.issueOf(issue, ask.world, fields))
  return ok({ startAt: start, maxResults: most, total: found.length, issues })
}

/** https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-search/#api-rest-api-3-search-approximate-count-post */
export function count(ask: Ask): SandboxResponse {
  const { jql } = bodyOf(ask.request.body)
  if (typeof jql !== 'string')
    throw badRequest('Invalid request payload. Refer to the REST API documentation and try again.')
  return ok({ count: evaluate(jql, indexed(ask), ask.now).length })
}

/**
 * The index knows of a new issue only after a while: as long as the document `index` `search` says, which is not at all as seeded.
 * https://developer.atlassian.com/cloud/jira/platform/search-and-reconcile/
 */
function indexed({ world, now }: Ask): World {
  const lagMs = Number(world.state.get('index', 'search')?.['lagMs'] ?? 0)
  if (lagMs === 0) return world
  const isKnown = ({ created }: IssueDocument) => Date.parse(created) <= now.getTime() - lagMs
  return { ...world, issues: () => world.issues().filter(isKnown) }
}

function asked({ request: { method, query, body } }: Ask) {
  const given = method === 'POST' ? bodyOf(body) : fromAddress(query)
  const { jql = '', maxResults = 50, nextPageToken, fields = [], properties = [] } = given
  const most = Number(maxResults)
  if (typeof jql !== 'string' || !Number.isInteger(most) || most < 0 || !areStrings(fields) || !areStrings(properties)) {
    throw badRequest('Invalid request payload. Refer to the REST API documentation and try again.')
  }
  if (properties.length > 5) throw badRequest('At most 5 properties can be asked for.')
  if (nextPageToken !== undefined && typeof nextPageToken !== 'string') throw badRequest('The next page token is not valid.')
  // Jira gives 5,000 only where ids are all that is asked for.
  return { jql, maxResults: Math.min(most === 0 ? 50 : most, 100), nextPageToken, fields, properties }
}

function fromAddress(query: URLSearchParams): JsonObject {
  const lists = ['fields', 'properties'].map(
    (name) => [name, query.getAll(name).flatMap((value) => value.split(','))] as const,
  )
  const texts = ['jql', 'maxResults', 'nextPageToken']
    .filter((name) => query.has(name))
    .map((name) => [name, query.get(name)] as const)
  return Object.fromEntries<Json>([...lists, ...texts])
}

function areStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}

/** Good for the query that it was given for, and for no other. */
function tokenOf(start: number, jql: string): string {
  return Buffer.from(JSON.stringify({ start, query: digest(jql).slice(0, 12) })).toString('base64url')
}

function startOf(token: string, jql: string): number {
  try {
    const { start, query } = JSON.parse(Buffer.from(token, 'base64url').toString('utf8')) as { start: number; query: string }
    if (Number.isInteger(start) && start > 0 && query === digest(jql).slice(0, 12)) return start
  } catch {
    // Said below.
  }
  throw badRequest('The next page token is not valid.')
}

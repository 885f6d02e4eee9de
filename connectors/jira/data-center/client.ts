// Carries what the connector asks of Jira Cloud to Jira Data Center, and the answers back in the same shape.
// https://developer.atlassian.com/server/jira/platform/rest/ : REST API v2, Jira 9 and later.
import { HubError } from 'toolgate/kit'
import type { Json, JsonObject } from 'toolgate/kit'
import type { Client } from 'jira.js/core'
import { accountIdOf, keyOf } from './people.ts'
import { documentOf, wikiOf } from './wiki.ts'
import { word } from './word.ts'

type Asked = Parameters<Client['sendRequest']>[0]
type Send = (request: Asked) => Promise<Json>

/** A client of Data Center that speaks like one of Jira Cloud. */
export function dataCenterClient(inner: Client): Client {
  const send: Send = async (request) => (await inner.sendRequest(request)) as Json
  return {
    async sendRequest<T>(request: Asked): Promise<T> {
      const [, path] = /^\/rest\/api\/3\/(.*)$/.exec(request.url) ?? []
      // Sprints and boards are the same on both.
      if (path === undefined) return withPeople(await send(request)) as T
      const asked = { ...request, url: `/rest/api/2/${path}` }
      const found = ways.find(({ method, pattern }) => method === (request.method ?? 'GET') && pattern.test(path))
      if (found !== undefined) return withPeople(await found.carry(asked, send)) as T
      return withPeople(await send(await translated(asked, send))) as T
    },
  }
}

/** The name behind a person's key: what assigning and searching take. */
export async function nameOf(client: Client, accountId: string): Promise<string> {
  return await nameBy(async (request) => (await client.sendRequest(request)) as Json, accountId)
}

async function nameBy(send: Send, accountId: string): Promise<string> {
  const user = await send({ url: '/rest/api/2/user', method: 'GET', searchParams: { key: keyOf(accountId) } })
  if (isObject(user) && typeof user['name'] === 'string') return user['name']
  throw new HubError('bad_response', 'Jira does not say what that account is called. Try again later.')
}

interface Way {
  readonly method: string
  readonly pattern: RegExp
  carry(request: Asked, send: Send): Promise<Json>
}

/** What Data Center has in another way, or not at all. */
const ways: readonly Way[] = [
  way('POST', 'search/jql', async ({ body }, send) => {
    const { nextPageToken, ...query } = objectOf(body)
    const found = objectOf(await send(searching({ ...query, startAt: startOf(nextPageToken) })))
    const issues = listOf(found['issues'])
    const next = Number(found['startAt'] ?? 0) + issues.length
    const isLast = issues.length === 0 || next >= Number(found['total'] ?? 0)
    return { issues, isLast, ...(isLast ? {} : { nextPageToken: String(next) }) }
  }),
  way('POST', 'search/approximate-count', async ({ body }, send) => {
    const { total } = objectOf(await send(searching({ jql: objectOf(body)['jql'] ?? '', maxResults: 0 })))
    return { count: total ?? null }
  }),
  way('GET', 'issue/createmeta/*/issuetypes', async (request, send) => {
    const { values, ...page } = objectOf(await send(request))
    return { ...page, issueTypes: listOf(values) }
  }),
  way('GET', 'issue/createmeta/*/issuetypes/*', async (request, send) => {
    const { values, ...page } = objectOf(await send(request))
    return { ...page, fields: listOf(values) }
  }),
  way('GET', 'project/search', async ({ searchParams = {} }, send) => {
    const all = listOf(await send({ url: '/rest/api/2/project', method: 'GET', searchParams: { expand: 'lead' } }))
    return projectsIn(all.map(objectOf), searchParams)
  }),
  way('GET', 'mypermissions', async ({ searchParams: { permissions, ...where } = {}, ...request }, send) => {
    // Data Center tells all of them, whatever is asked.
    const answer = objectOf(objectOf(await send({ ...request, searchParams: where }))['permissions'])
    const wanted = word(permissions).split(',')
    return { permissions: Object.fromEntries(Object.entries(answer).filter(([name]) => wanted.includes(name))) }
  }),
  way('GET', 'user/search', async ({ searchParams: { query, ...where } = {}, ...request }, send) =>
    send({ ...request, searchParams: { ...where, username: query } }),
  ),
  way('GET', 'user/assignable/search', async ({ searchParams = {}, ...request }, send) => {
    const { query, accountId, ...where } = searchParams
    const username = typeof accountId === 'string' ? await nameBy(send, accountId) : query
    return send({ ...request, searchParams: { ...where, username } })
  }),
  way('PUT', 'issue/*/assignee', async ({ body, ...request }, send) => {
    const { accountId } = objectOf(body)
    return send({ ...request, body: { name: typeof accountId === 'string' ? await nameBy(send, accountId) : null } })
  }),
  way('GET', 'issue/*/changelog', async ({ url, searchParams = {} }, send) => {
    const asked = { fields: 'updated', expand: 'changelog' }
    const issue = await send({ url: url.replace(/\/changelog$/, ''), method: 'GET', searchParams: asked })
    const histories = listOf(objectOf(objectOf(issue)['changelog'])['histories']).map(objectOf)
    const oldestFirst = histories.toSorted(
      (left, right) => Date.parse(word(left['created'])) - Date.parse(word(right['created'])),
    )
    const startAt = Number(searchParams['startAt'] ?? 0)
    const values = oldestFirst.slice(startAt, startAt + Number(searchParams['maxResults'] ?? 100)).map(change)
    return { startAt, total: histories.length, values }
  }),
  ...['GET', 'POST'].map((method) => way(method, 'issue/*/worklog', cannot('work logged by the hub'))),
  way('GET', 'issue/*/worklog/*/properties/*', cannot('work logged by the hub')),
  way('GET', 'attachment/content/*', cannot('the content of a file below its REST API')),
]

/** Said before anything is sent. */
function cannot(what: string): Way['carry'] {
  return async () => {
    throw new HubError('refused', `Jira Data Center does not offer ${what} in a way that can be proven. Use Jira itself.`)
  }
}

function way(method: string, template: string, carry: Way['carry']): Way {
  return { method, pattern: new RegExp(`^${template.replaceAll('*', '[^/]+')}$`), carry }
}

function searching(body: JsonObject): Asked {
  return { url: '/rest/api/2/search', method: 'POST', body }
}

function startOf(token: Json | undefined): number {
  if (token === undefined) return 0
  if (typeof token === 'string' && /^\d{1,9}$/.test(token)) return Number(token)
  throw new HubError('invalid_input', 'The cursor is of another search. Begin again without it.')
}

/** Data Center gives all projects at once. */
function projectsIn(all: readonly JsonObject[], asked: Readonly<Record<string, unknown>>): Json {
  const words = typeof asked['query'] === 'string' ? asked['query'].toLowerCase() : ''
  const keys = asked['keys'] as readonly string[] | undefined
  const found = all
    .filter(({ key }) => keys === undefined || keys.includes(word(key)))
    .filter(({ key, name }) => `${word(key)}\n${word(name)}`.toLowerCase().includes(words))
    .toSorted((left, right) => (word(left['key']) < word(right['key']) ? -1 : 1))
  const startAt = Number(asked['startAt'] ?? 0)
  const values = found.slice(startAt, startAt + Number(asked['maxResults'] ?? 50))
  return { startAt, total: found.length, isLast: startAt + values.length >= found.length, values }
}

/** A person in the history is there by the key. */
function change(history: JsonObject): JsonObject {
  const items = listOf(history['items']).map((raw) => {
    const entry = objectOf(raw)
    if (entry['field'] !== 'assignee' && entry['field'] !== 'reporter') return entry
    const account = (value: Json | undefined) => (typeof value === 'string' ? accountIdOf(value) : null)
    return { ...entry, from: account(entry['from']), to: account(entry['to']) }
  })
  return { ...history, items }
}

/** A request of the same path: its documents as wiki markup, its people by their names, its answer with documents again. */
async function translated(request: Asked, send: Send): Promise<Asked> {
  const { body, searchParams } = request
  // Tells the kinds of the fields too, because only some hold markup.
  const expand = searchParams?.['expand'] === 'names' ? { expand: 'names,schema' } : {}
  return {
    ...request,
    ...(searchParams === undefined ? {} : { searchParams: { ...searchParams, ...expand } }),
    ...(isObject(body) ? { body: await outward(body, send) } : {}),
  }
}

async function outward(value: Json, send: Send): Promise<Json> {
  if (Array.isArray(value)) return await Promise.all(value.map((each: Json) => outward(each, send)))
  if (!isObject(value)) return value
  if (value['type'] === 'doc' && Array.isArray(value['content'])) return wikiOf(value)
  if (typeof value['accountId'] === 'string') return { name: await nameBy(send, value['accountId']) }
  const members = Object.entries(value).map(async ([name, member]) => [name, await outward(member, send)] as const)
  return Object.fromEntries(await Promise.all(members))
}

/** People with an accountId, and the texts that hold markup as documents. */
function withPeople(answer: Json): Json {
  return isObject(answer) && isObject(answer['fields']) && isObject(answer['schema'])
    ? inward({ ...answer, fields: customTexts(answer['fields'], answer['schema']) })
    : inward(answer)
}

function inward(value: Json): Json {
  if (Array.isArray(value)) return value.map((each: Json) => inward(each))
  if (!isObject(value)) return value
  const { key, displayName } = value
  const isPerson = typeof key === 'string' && typeof displayName === 'string' && value['accountId'] === undefined
  return {
    ...Object.fromEntries(Object.entries(value).map(([member, each]) => [member, shown(value, member, each)])),
    ...(isPerson ? { accountId: accountIdOf(key) } : {}),
  }
}

/** The description among the fields of an issue, and the body of a comment. */
function shown(owner: JsonObject, name: string, value: Json): Json {
  const isComment = name === 'body' && owner['author'] !== undefined
  const isFields =
    name === 'fields' && isObject(value) && typeof value['description'] === 'string' && owner['key'] !== undefined
  if (isComment && typeof value === 'string') return documentOf(value)
  if (isFields) return inward({ ...value, description: documentOf(word(value['description'])) })
  return inward(value)
}

/** https://developer.atlassian.com/server/jira/platform/jira-rest-api-examples/#free-text-field */
function customTexts(fields: JsonObject, schema: JsonObject): JsonObject {
  const holdsMarkup = (id: string) => {
    const of = schema[id]
    return isObject(of) && (of['system'] === 'environment' || word(of['custom']).endsWith(':textarea'))
  }
  return Object.fromEntries(
    Object.entries(fields).map(([id, value]) => [
      id,
      typeof value === 'string' && holdsMarkup(id) ? documentOf(value) : value,
    ]),
  )
}

function objectOf(value: unknown): JsonObject {
  return isObject(value) ? value : {}
}

function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : []
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof FormData)
}

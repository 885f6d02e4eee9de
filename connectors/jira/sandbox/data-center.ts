// The same site as Jira Data Center shows it: REST API v2, people by name and key, texts as wiki markup.
// https://developer.atlassian.com/server/jira/platform/rest/
import type { Json, JsonObject, SandboxRequest, SandboxResponse } from 'toolgate/kit'
import { documentOf, wikiOf } from '../data-center/wiki.ts'
import { badRequest, bodyOf, isObject, noContent, Refusal, word } from './answer.ts'
import { customFields } from './custom-fields.ts'
import { wordsOf } from './document.ts'
import { people, permissions, rootCause } from './world.ts'

type Respond = (request: SandboxRequest) => SandboxResponse

/** How Data Center knows somebody: accounts of before Jira 8.4 have their first name for a key. */
interface Account {
  readonly accountId: string
  readonly key: string
  readonly name: string
}

const accounts: readonly Account[] = people.map(({ accountId, email }, index) => {
  const name = email.replace(/@.*$/, '')
  return { accountId, name, key: index % 2 === 0 ? `JIRAUSER${10_100 + index}` : name }
})

/** @param answered what Jira Cloud would answer to the same person */
export function dataCenter(request: SandboxRequest, answered: Respond): SandboxResponse {
  const path = request.path.replace(/^\/rest\/api\/2\//, '')
  const found = resources.find(({ method, pattern }) => method === request.method && pattern.test(path))
  if (found === undefined) return { status: 404, body: { message: 'null for uri: ' + request.path, 'status-code': 404 } }
  try {
    return found.answer({ ...request, path: `/rest/api/3/${path}` }, (asked) => shownOf(answered(asked)))
  } catch (error) {
    if (error instanceof Refusal) return error.response
    throw error
  }
}

interface Resource {
  readonly method: string
  readonly pattern: RegExp
  readonly answer: (request: SandboxRequest, cloud: Respond) => SandboxResponse
}

function resource(method: string, template: string, answer: Resource['answer'] = same): Resource {
  return { method, pattern: new RegExp(`^${template.replaceAll('*', '[^/]+')}$`), answer }
}

const resources: readonly Resource[] = [
  resource('GET', 'myself'),
  resource('GET', 'mypermissions', (request, cloud) =>
    cloud({ ...request, query: withQuery(request.query, { permissions: Object.keys(permissions).join(',') }) }),
  ),
  resource('GET', 'user', user),
  resource('GET', 'user/search', (request, cloud) => cloud(byUsername(request))),
  resource('GET', 'user/assignable/search', (request, cloud) => cloud(byUsername(request))),
  resource('GET', 'project', (request, cloud) => {
    const { status, body } = cloud({ ...request, path: '/rest/api/3/project/search' })
    return { status, body: (isObject(body) ? body['values'] : undefined) ?? null }
  }),
  resource('GET', 'project/*'),
  resource('POST', 'search', (request, cloud) => {
    const body = { ...bodyOf(request.body) }
    // By their names, where people are meant: nothing else on this site is called so.
    const jql = accounts.reduce(
      (text, { name, accountId }) => text.replaceAll(`"${name}"`, `"${accountId}"`),
      typeof body['jql'] === 'string' ? body['jql'] : '',
    )
    return cloud({ ...request, body: JSON.stringify({ ...body, jql }), path: '/~data-center/search' })
  }),
  resource('GET', 'issue/createmeta/*/issuetypes', (request, cloud) => paged(cloud(request), 'issueTypes')),
  resource('GET', 'issue/createmeta/*/issuetypes/*', (request, cloud) => paged(cloud(request), 'fields')),
  resource('POST', 'issue'),
  resource('GET', 'issue/*', issue),
  resource('PUT', 'issue/*'),
  resource('DELETE', 'issue/*'),
  resource('PUT', 'issue/*/assignee', (request, cloud) => {
    const { name = null } = bodyOf(request.body)
    const accountId = name === null ? null : (accounts.find((each) => each.name === name)?.accountId ?? `no ${word(name)}`)
    return cloud({ ...request, body: JSON.stringify({ accountId }) })
  }),
  resource('GET', 'issue/*/editmeta'),
  resource('GET', 'issue/*/comment'),
  resource('POST', 'issue/*/comment'),
  resource('GET', 'issue/*/comment/*'),
  resource('PUT', 'issue/*/comment/*'),
  resource('DELETE', 'issue/*/comment/*'),
  resource('GET', 'issue/*/properties/*'),
  resource('GET', 'comment/*/properties/*'),
  resource('GET', 'issue/*/transitions'),
  resource('POST', 'issue/*/transitions'),
  resource('POST', 'issue/*/attachments', (request, cloud) => cloud(request)),
  resource('GET', 'issueLinkType'),
  resource('POST', 'issueLink'),
  resource('GET', 'issueLink/*'),
  resource('DELETE', 'issueLink/*'),
]

function same(request: SandboxRequest, cloud: Respond): SandboxResponse {
  if (request.method === 'GET' || request.method === 'DELETE') return cloud(request)
  return cloud({ ...request, body: JSON.stringify(inward(bodyOf(request.body))) })
}

function user({ query, ...request }: SandboxRequest, cloud: Respond): SandboxResponse {
  const found = accounts.find(({ key, name }) => key === query.get('key') || name === query.get('username'))
  if (found === undefined) throw new Refusal(404, { messages: ['The user does not exist'] })
  const { body } = cloud({
    ...request,
    path: '/rest/api/3/user/search',
    query: new URLSearchParams({ accountId: found.accountId }),
  })
  return { status: 200, body: Array.isArray(body) ? (body[0] as Json) : null }
}

function byUsername(request: SandboxRequest): SandboxRequest {
  const username = request.query.get('username')
  if (username === null) throw badRequest('The username query parameter was not provided')
  const query = withQuery(request.query, { query: username })
  query.delete('accountId')
  return { ...request, query }
}

/** With its history, and with the kinds of its fields, where they are asked for. */
function issue(request: SandboxRequest, cloud: Respond): SandboxResponse {
  const answer = cloud(request)
  const expand = (request.query.get('expand') ?? '').split(',')
  if (answer.status !== 200 || !isObject(answer.body)) return answer
  const schema = Object.fromEntries(customFields.map((field) => [field.id, field.schema] as const))
  const histories = () => {
    const { body } = cloud({ ...request, path: `${request.path}/changelog`, query: new URLSearchParams() })
    const values = isObject(body) && Array.isArray(body['values']) ? (body['values'] as readonly Json[]) : []
    return { startAt: 0, maxResults: values.length, total: values.length, histories: values.map(history) }
  }
  return {
    ...answer,
    body: {
      ...answer.body,
      ...(expand.includes('schema') ? { schema } : {}),
      ...(expand.includes('changelog') ? { changelog: histories() } : {}),
    },
  }
}

/** Its items have no id of the field, and people by their keys. */
function history(value: Json): Json {
  if (!isObject(value) || !Array.isArray(value['items'])) return value
  const keyOf = (id: unknown) => accounts.find(({ accountId }) => accountId === id)?.key ?? null
  return {
    ...value,
    items: (value['items'] as readonly JsonObject[]).map(({ fieldId: _fieldId, ...item }) =>
      item['field'] === 'assignee' ? { ...item, from: keyOf(item['from']), to: keyOf(item['to']) } : item,
    ),
  }
}

function paged({ status, body }: SandboxResponse, name: string): SandboxResponse {
  if (!isObject(body) || body[name] === undefined) return { status, ...(body === undefined ? {} : { body }) }
  const { [name]: values, ...page } = body
  return { status, body: { ...page, isLast: true, values: values ?? null } }
}

/** What is sent: texts where Jira Cloud has documents, and people by their names. */
function inward(value: Json, name = ''): Json {
  if (Array.isArray(value)) return value.map((each: Json) => inward(each, name))
  if (isTextOf(name)) {
    if (value === null) return null
    if (typeof value !== 'string') throw new Refusal(400, { fields: { [name]: 'Operation value must be a string' } })
    return storedOf(value)
  }
  if (!isObject(value)) return value
  if (value['accountId'] !== undefined) throw badRequest('Unrecognized field "accountId"')
  const account = accounts.find((each) => each.name === value['name'])
  if (account !== undefined && Object.keys(value).length === 1) return { accountId: account.accountId }
  return Object.fromEntries(Object.entries(value).map(([member, each]) => [member, inward(each, member)]))
}

const texts = new Set([
  'description',
  'body',
  rootCause.id,
  ...customFields.filter(({ schema }) => word(schema['custom']).endsWith(':textarea')).map(({ id }) => id),
])
const isTextOf = (name: string) => texts.has(name)

/** Markup that has no document is kept as it is. */
function storedOf(wiki: string): Json {
  const document = documentOf(wiki)
  const isKept = JSON.stringify(document).includes('"type":"wikiMarkup"')
  const content = [{ type: 'extension', attrs: { extensionType: 'wiki', extensionKey: 'wiki', text: wiki } }]
  return isKept ? { version: 1, type: 'doc', content } : document
}

function markupOf(document: JsonObject): string {
  const [first] = (document['content'] ?? []) as readonly JsonObject[]
  const attrs = first?.['attrs']
  if (first?.['type'] === 'extension' && isObject(attrs) && attrs['extensionKey'] === 'wiki') return word(attrs['text'])
  try {
    return wikiOf(document)
  } catch {
    return `{panel}\n${wordsOf(document).trim()}\n{panel}`
  }
}

function shownOf(answer: SandboxResponse): SandboxResponse {
  if (answer.status === 204) return noContent
  return answer.body === undefined ? answer : { ...answer, body: outward(answer.body) }
}

function outward(value: Json): Json {
  if (typeof value === 'string') return value.replace('/rest/api/3/', '/rest/api/2/')
  if (Array.isArray(value)) return value.map((each: Json) => outward(each))
  if (!isObject(value)) return value
  if (value['type'] === 'doc' && value['version'] === 1) return markupOf(value)
  const { accountId, accountType: _type, jsdPublic: _public, ...rest } = value
  const account = accounts.find((each) => each.accountId === accountId)
  const shown = Object.fromEntries(Object.entries(rest).map(([name, each]) => [name, outward(each)]))
  return account === undefined ? shown : { ...shown, key: account.key, name: account.name }
}

function withQuery(query: URLSearchParams, more: Readonly<Record<string, string>>): URLSearchParams {
  return new URLSearchParams([...query, ...Object.entries(more)])
}

// A stateful stand-in for one Jira site, as Jira Cloud and as Data Center show it: who may in, and which answer is whose.
// Shapes and statuses as in https://developer.atlassian.com/cloud/jira/platform/rest/v3/
import { company } from 'toolgate/kit'
import type { Sandbox, SandboxRequest, SandboxResponse, SandboxState } from 'toolgate/kit'
import type { settings } from '../settings.ts'
import type { z } from 'zod'
import { Refusal } from './answer.ts'
import type { Ask } from './ask.ts'
import { addComment, commentProperty, deleteComment, getComment, listComments, updateComment } from './comments.ts'
import { addAttachment, attachmentContent } from './attachments.ts'
import { assignIssue, createIssue, deleteIssue, editIssue, getIssue, issueProperty } from './issues.ts'
import { accessOf, app, resources, tokenEndpoint } from './oauth.ts'
import { authorize } from './oauth-consent.ts'
import { dataCenter } from './data-center.ts'
import { getChanges } from './history.ts'
import { addLink, deleteLink, getLink, getLinkTypes } from './links.ts'
import { createMetaFields, createMetaTypes, editMeta, myPermissions } from './meta.ts'
import { assignableUsers, findUsers, getProject, myself, searchProjects, searchPriorities } from './people.ts'
import { countWrite, tooMany } from './rate.ts'
import { count, search, searchFrom } from './search.ts'
import { seed } from './seed.ts'
import { getSprint, moveToBacklog, moveToSprint, softwareIssue } from './sprints.ts'
import { doTransition, getTransitions } from './transitions.ts'
import { addWorklog, listWorklogs, worklogProperty } from './worklogs.ts'
import { accountIdOf, hub, site, world } from './world.ts'

export const sandbox: Sandbox<z.input<typeof settings>> = {
  settings: { site, email: 'toolgate@larkfield.example', raw_jql: 'on', jql_fields: ['Severity', 'cf[10050]'] },
  credential: 'sandbox-token-of-the-hub',
  client: { id: app.clientId, secret: app.clientSecret },
  seed,
  respond(request, state, now) {
    if (request.path === '/~auth/authorize') return authorize(request, state, now)
    if (request.method === 'POST' && request.path === '/~auth/oauth/token') return tokenEndpoint(request, state, now)
    if (request.path.startsWith('/~data-center')) return unknownRoute(request)
    const actor = actorOf(request) ?? accessOf(bearer(request), state, now)
    if (actor === undefined) return unauthorized
    if (request.method === 'GET' && request.path === '/~api/oauth/token/accessible-resources') return resources(state, site)
    if (request.path.startsWith('/rest/api/2/')) return dataCenter(request, (asked) => answered(asked, state, now, actor))
    return answered(request, state, now, actor)
  },
}

function answered(request: SandboxRequest, state: SandboxState, now: Date, actor: string): SandboxResponse {
  const found = [...routes, behindDataCenter].find(
    ({ method, path }) => method === request.method && path.test(request.path),
  )
  if (found === undefined) return unknownRoute(request)
  const parameters = found.path.exec(request.path)?.slice(1) ?? []
  try {
    const ask = { request, parameters, world: world(state), now, actor }
    const refused = tooMany(ask)
    if (refused !== undefined) return refused
    const answer = found.answer(ask)
    countWrite(ask, answer)
    return answer
  } catch (error) {
    if (error instanceof Refusal) return error.response
    throw error
  }
}

type Answering = (ask: Ask) => SandboxResponse

const routes = [
  route('GET', 'myself', myself),
  route('GET', 'mypermissions', myPermissions),
  route('GET', 'priority/search', searchPriorities),
  route('GET', 'project/search', searchProjects),
  route('GET', 'project/*', getProject),
  route('GET', 'user/search', findUsers),
  route('GET', 'user/assignable/search', assignableUsers),
  route('GET', 'search/jql', search),
  route('POST', 'search/jql', search),
  route('POST', 'search/approximate-count', count),
  route('GET', 'issue/createmeta/*/issuetypes', createMetaTypes),
  route('GET', 'issue/createmeta/*/issuetypes/*', createMetaFields),
  route('POST', 'issue', createIssue),
  route('GET', 'issue/*', getIssue),
  route('PUT', 'issue/*', editIssue),
  route('DELETE', 'issue/*', deleteIssue),
  route('PUT', 'issue/*/assignee', assignIssue),
  route('GET', 'issue/*/editmeta', editMeta),
  route('GET', 'issue/*/comment', listComments),
  route('POST', 'issue/*/comment', addComment),
  route('GET', 'issue/*/comment/*', getComment),
  route('PUT', 'issue/*/comment/*', updateComment),
  route('DELETE', 'issue/*/comment/*', deleteComment),
  route('GET', 'issue/*/changelog', getChanges),
  route('GET', 'issueLinkType', getLinkTypes),
  route('POST', 'issueLink', addLink),
  route('GET', 'issueLink/*', getLink),
  route('DELETE', 'issueLink/*', deleteLink),
  route('GET', 'issue/*/worklog', listWorklogs),
  route('POST', 'issue/*/worklog', addWorklog),
  route('GET', 'issue/*/worklog/*/properties/*', worklogProperty),
  route('POST', 'issue/*/attachments', addAttachment),
  route('GET', 'attachment/content/*', attachmentContent),
  agileRoute('GET', 'issue/*', softwareIssue),
  agileRoute('GET', 'sprint/*', getSprint),
  agileRoute('POST', 'sprint/*/issue', moveToSprint),
  agileRoute('POST', 'backlog/issue', moveToBacklog),
  route('GET', 'issue/*/properties/*', issueProperty),
  route('GET', 'comment/*/properties/*', commentProperty),
  route('GET', 'issue/*/transitions', getTransitions),
  route('POST', 'issue/*/transitions', doTransition),
]

/** Pages by their place, as Data Center searches. */
const behindDataCenter = { method: 'POST', path: /^\/~data-center\/search$/, answer: searchFrom }

function route(method: string, template: string, answer: Answering): { method: string; path: RegExp; answer: Answering } {
  return { method, path: new RegExp(`^/rest/api/3/${template.replaceAll('*', '([^/]+)')}$`), answer }
}

/** https://developer.atlassian.com/cloud/jira/software/rest/ */
function agileRoute(method: string, template: string, answer: Answering): ReturnType<typeof route> {
  return { method, path: new RegExp(`^/rest/agile/1.0/${template.replaceAll('*', '([^/]+)')}$`), answer }
}

/**
 * https://developer.atlassian.com/cloud/jira/platform/basic-auth-for-rest-apis/ ; a bearer token stands for the hub's account.
 * Everybody of the company has a token of their own, so that things can happen that the hub did not do.
 */
function actorOf({ headers }: SandboxRequest): string | undefined {
  const given = headers.get('authorization') ?? ''
  const basic = (email: string, token: string) => `Basic ${Buffer.from(`${email}:${token}`, 'utf8').toString('base64')}`
  if (given === basic(sandbox.settings.email ?? '', sandbox.credential) || given === `Bearer ${sandbox.credential}`)
    return hub
  const person = company.people.find(({ id, email }) => given === basic(email, `sandbox-token-of-${id}`))
  return person && accountIdOf(person.id)
}

function bearer({ headers }: SandboxRequest): string {
  return /^Bearer (.+)$/.exec(headers.get('authorization') ?? '')?.[1] ?? ''
}

const unauthorized: SandboxResponse = {
  status: 401,
  headers: {
    'content-type': 'text/plain;charset=UTF-8',
    'www-authenticate': 'OAuth realm="https%3A%2F%2Flarkfield.atlassian.net"',
  },
  body: 'Client must be authenticated to access this resource.',
}

function unknownRoute({ method, path }: SandboxRequest): SandboxResponse {
  const known = routes.some((each) => each.path.test(path))
  if (known)
    return { status: 405, headers: { 'content-type': 'text/plain;charset=UTF-8' }, body: `${method} is not allowed here.` }
  return { status: 404, body: { message: `No endpoint ${method} ${path}.`, 'status-code': 404 } }
}

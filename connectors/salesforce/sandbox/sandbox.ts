// A small Salesforce org: which request is answered by what.
// https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_list.htm
import type { Sandbox, SandboxRequest, SandboxResponse, SandboxState } from 'toolgate/kit'
import type { z } from 'zod'
import { recordId, toLongId } from '../identifiers.ts'
import type { settings } from '../settings.ts'
import { composite } from './composite.ts'
import { flow } from './flows.ts'
import { describe, describeGlobal } from './describe.ts'
import { firstPage, laterPage } from './pages.ts'
import { Refusal } from './refusal.ts'
import { report } from './reports.ts'
import { soap } from './soap.ts'
import { createRow, deleteRow, getRow, updateRow } from './rows.ts'
import { byExternalId } from './upsert.ts'
import type { Place } from './store.ts'
import { objectCalled } from './schema.ts'
import { search } from './search.ts'
import { exampleIds } from './examples.ts'
import { seed } from './seed.ts'
import { authorize, isRevoked, revoke, tokenOfPerson, userInfo } from './consent.ts'
import { account, requireSession, signIn } from './sign-in.ts'

const dailyRequests = 100_000
const versions = Array.from({ length: 37 }, (_, index) => `${31 + index}.0`)

export const sandbox: Sandbox<z.input<typeof settings>> = {
  settings: {
    instance: account.instance,
    client_id: account.clientId,
    idempotency_field: 'MCP_Idem__c',
    objects: ['Project__c'],
    reports: [exampleIds.report],
    flows: { Open_Onboarding: { operation_input: 'operationId', leaves_on: 'Case' } },
  },
  credential: account.clientSecret,
  client: { id: account.clientId, secret: account.clientSecret },
  seed,
  respond(request, state, now) {
    try {
      if (request.path === '/services/oauth2/authorize') return authorize(request, state, now)
      if (request.method === 'POST' && request.path === '/services/oauth2/token')
        return tokenOfPerson(request, state, now) ?? signIn(request, state, now)
      if (request.method === 'POST' && request.path === '/services/oauth2/revoke') return revoke(request, state)
      if (isRevoked(request, state)) throw new Refusal(401, 'INVALID_SESSION_ID', 'Session expired or invalid')
      if (request.method === 'GET' && request.path === '/services/oauth2/userinfo') return userInfo(request, now)
      if (request.method === 'GET' && /^\/services\/data\/?$/.test(request.path))
        return { status: 200, headers: { Date: now.toUTCString() }, body: versions.map(versionEntry) }
      // It has a session of its own, in the body.
      if (request.method === 'POST' && request.path.startsWith('/services/Soap/u/')) return soap(request, state, now)
      return limited(request, state, now)
    } catch (error) {
      if (error instanceof Refusal) return error.response
      throw error
    }
  },
}

/** Every request counts towards the org's daily allowance, and every answer says how much of it is used. */
function limited(request: SandboxRequest, state: SandboxState, now: Date): SandboxResponse {
  const user = requireSession(request, now)
  const used = state.next(`requests ${now.toISOString().slice(0, 10)}`)
  const headers = { 'Sforce-Limit-Info': `api-usage=${used}/${dailyRequests}` }
  try {
    if (used > dailyRequests) throw new Refusal(403, 'REQUEST_LIMIT_EXCEEDED', 'TotalRequests Limit exceeded.')
    const response = answer(request, state, { now, user })
    return { ...response, headers: { ...response.headers, ...headers } }
  } catch (error) {
    if (error instanceof Refusal) return { ...error.response, headers }
    throw error
  }
}

function answer(request: SandboxRequest, state: SandboxState, who: Pick<Place, 'now' | 'user'>): SandboxResponse {
  const { method, path, query } = request
  const [, version, resource, ...rest] = /^\/services\/data\/v(\d+\.0)\/([A-Za-z]+)(?:\/(.*))?$/.exec(path) ?? []
  if (version === undefined || !versions.includes(version)) throw nothing()
  const segments = (rest[0] ?? '').split('/').filter((segment) => segment !== '')
  if (resource === 'sobjects') return sobjects(request, segments, { state, version, ...who })
  if (resource === 'composite' && segments.length === 0 && method === 'POST')
    return composite(request, state, (part, on) => answer(part, on, who))
  if (resource === 'analytics' && segments[0] === 'reports')
    return { status: 200, body: report(state, segments.slice(1), request) }
  if (resource === 'actions' && segments[0] === 'custom' && segments[1] === 'flow' && segments.length === 3)
    return flow({ state, version, ...who }, segments[2] ?? '', request)
  if (method !== 'GET')
    throw new Refusal(405, 'METHOD_NOT_ALLOWED', `HTTP Method '${method}' not allowed. Allowed are HEAD,GET`)
  if ((resource === 'query' || resource === 'queryAll') && segments.length === 0)
    return { status: 200, body: firstPage({ state, version, ...who }, request, resource === 'queryAll') }
  if (resource === 'query' && segments[0] !== undefined)
    return { status: 200, body: laterPage({ state, version, ...who }, segments[0]) }
  if (resource === 'parameterizedSearch') return { status: 200, body: search(state, query, version) }
  throw nothing()
}

function sobjects(
  request: SandboxRequest,
  [name, id, ...rest]: readonly string[],
  where: Omit<Place, 'object'>,
): SandboxResponse {
  const { method } = request
  if (name === undefined && method === 'GET') return { status: 200, body: describeGlobal(where.version, where.user) }
  const object = name === undefined ? undefined : objectCalled(name)
  if (!object || !where.user.may(object, 'read')) throw nothing()
  const place = { ...where, object }
  const [value, ...further] = rest
  if (id !== undefined && value !== undefined && further.length === 0) return byExternalId(place, id, value, request)
  if (rest.length > 0) throw nothing()
  if (id === 'describe' && method === 'GET') return { status: 200, body: describe(object, where.version, where.user) }
  if (id === undefined && method === 'POST') return createRow(place, request)
  if (id === undefined) throw new Refusal(405, 'METHOD_NOT_ALLOWED', `HTTP Method '${method}' not allowed. Allowed are POST`)
  const parsed = recordId.safeParse(id)
  if (!parsed.success || !id.startsWith(object.prefix)) {
    throw new Refusal(400, 'MALFORMED_ID', `${object.label} ID: id value of incorrect type: ${id}`, { fields: ['Id'] })
  }
  const long = toLongId(parsed.data)
  if (method === 'GET') return getRow(place, long, request.query.get('fields'))
  if (method === 'PATCH') return updateRow(place, long, request)
  if (method === 'DELETE') return deleteRow(place, long)
  throw new Refusal(405, 'METHOD_NOT_ALLOWED', `HTTP Method '${method}' not allowed. Allowed are HEAD,GET,PATCH,DELETE`)
}

function versionEntry(version: string): { readonly label: string; readonly url: string; readonly version: string } {
  return { label: `Release ${version}`, url: `/services/data/v${version}`, version }
}

function nothing(): Refusal {
  return new Refusal(404, 'NOT_FOUND', 'The requested resource does not exist')
}

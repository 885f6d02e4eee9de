// Carries the requests of jira.js on the hub's fetch, and says in our words what Jira answered.
import { HubError } from 'toolgate/kit'
import type { ErrorCode, Json, VendorFetch } from 'toolgate/kit'
import type { Client } from 'jira.js/core'
import { z } from 'zod'
import type { Authority } from './credentials.ts'

export interface ClientOptions {
  readonly base: string
  readonly fetch: VendorFetch
  readonly authority: Authority
  /** Forgets what was looked up for this account: it may be another one now, or see less. */
  readonly forget: () => void
}

/**
 * jira.js takes any object with `sendRequest` for its client. Its own runs on the global fetch, retries, and warns on stderr about
 * answers it does not know; this one sends each request once and gives the parsed body as it is.
 */
export function jiraClient({ base, fetch, authority, forget }: ClientOptions): Client {
  return {
    async sendRequest<T>(request: Parameters<Client['sendRequest']>[0]): Promise<T> {
      const { url, method = 'GET', searchParams, headers, body } = request
      const isFile = url.startsWith(files)
      const send = async (authorization: string) =>
        await fetch(`${base}${url}${query(searchParams)}`, {
          method,
          headers: {
            ...headers,
            accept: isFile ? '*/*' : 'application/json',
            authorization,
            // Answers in English whatever language the account is set to.
            'accept-language': 'en',
            // A form says its own type, with its boundary.
            ...(body === undefined || body instanceof FormData ? {} : { 'content-type': 'application/json' }),
          },
          ...(body === undefined ? {} : { body: body instanceof FormData ? body : JSON.stringify(body) }),
        })
      const authorization = await authority.header()
      let response = await send(authorization)
      // Refused before anything was done, so that a write goes out once more as well.
      if (response.status === 401 && (await authority.renew(authorization))) response = await send(await authority.header())
      if (response.status === 401 || response.status === 403) forget()
      if (response.ok && isFile) return Buffer.from(await response.arrayBuffer()) as T
      const text = await response.text()
      if (!response.ok) throw refusal(response, method, url, text)
      if (text === '') return undefined as T
      return parse(text, response.status) as T
    },
  }
}

/** The one answer that is no JSON: the bytes of an attachment. */
const files = '/rest/api/3/attachment/content/'

function query(parameters: Readonly<Record<string, unknown>> | undefined): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters ?? {})) {
    const values = Array.isArray(value) ? value : [value]
    for (const each of values) if (each !== undefined && each !== null) search.append(name, String(each))
  }
  return search.size === 0 ? '' : `?${search.toString()}`
}

function parse(text: string, status: number): Json {
  try {
    return JSON.parse(text) as Json
  } catch (cause) {
    throw new HubError('bad_response', `Jira answered ${status} with something that is not JSON. Try again later.`, {
      cause,
    })
  }
}

/** https://developer.atlassian.com/cloud/jira/platform/rest/v3/intro/#status-codes */
const ErrorBody = z.object({ errors: z.record(z.string(), z.unknown()).optional() })

function refusal(response: Response, method: string, url: string, text: string): HubError {
  const cause = new Error(`Jira: ${response.status} ${method} ${url}: ${text.slice(0, 2_000)}`)
  const { code, message } = explain(response.status, url, wrongFields(text), response.headers.get('ratelimit-reason'))
  return new HubError(code, message, { cause, retryAfterMs: response.status === 429 ? retryAfterMs(response) : undefined })
}

function explain(
  status: number,
  url: string,
  fields: readonly string[],
  reason: string | null,
): { code: ErrorCode; message: string } {
  const subject = subjectOf(url)
  if (status === 401) {
    return { code: 'unauthenticated', message: "Jira does not accept the hub's credential. An operator has to renew it." }
  }
  if (status === 403) {
    return {
      code: 'forbidden',
      message: `The hub's account lacks the permission in Jira${subject ? ` for ${subject}` : ''}.`,
    }
  }
  if (status === 404) {
    return {
      code: 'not_found',
      message: `${subject ?? 'What was asked for'} does not exist, or the hub's account may not see it.`,
    }
  }
  if (status === 409) return { code: 'conflict', message: 'Jira was changing the same thing at that moment. Read it again.' }
  if (status === 429 && reason === 'jira-per-issue-on-write') {
    const message = `Jira takes only so many changes of one issue at a time, and ${subject ?? 'this one'} has had them. Try again later.`
    return { code: 'rate_limited', message }
  }
  if (status === 429) return { code: 'rate_limited', message: 'Jira asks the hub to slow down. Try again later.' }
  if (status >= 500) return { code: 'unavailable', message: `Jira is not working right now (${status}). Try again later.` }
  if (fields.length > 0) {
    return {
      code: 'refused',
      message: `Jira refused ${fields.length === 1 ? 'the field' : 'the fields'} ${fields.join(', ')}.`,
    }
  }
  if (/^\/rest\/api\/(?:3\/search\/|2\/search$)/.test(url)) {
    return {
      code: 'invalid_input',
      message:
        'Jira refused the search: a project, type, status, priority, person or parent in it does not exist for the account, or the cursor is of another search. Check the names.',
    }
  }
  return { code: 'refused', message: `Jira refused the request${subject ? ` about ${subject}` : ''} (${status}).` }
}

/** Names only: what Jira says of them goes to the log. */
function wrongFields(text: string): readonly string[] {
  try {
    const { errors = {} } = ErrorBody.parse(JSON.parse(text))
    return Object.keys(errors)
      .filter((name) => /^[A-Za-z][\w.-]{0,60}$/.test(name))
      .slice(0, 10)
  } catch {
    return []
  }
}

function subjectOf(url: string): string | undefined {
  const [, of, part, which] =
    /^\/rest\/api\/[23]\/issue\/([A-Z][A-Z0-9_]{1,9}-\d{1,10})\/(comment|worklog)\/(\d{1,19})$/.exec(url) ?? []
  if (of !== undefined) return `The ${part} ${which} of ${of}`
  const [, sprint] = /^\/rest\/agile\/1\.0\/sprint\/(\d{1,19})(?:\/|$)/.exec(url) ?? []
  if (sprint !== undefined) return `The sprint ${sprint}`
  const [, kind, id] =
    /^\/rest\/api\/[23]\/(issue|project|issue\/createmeta)\/([A-Z][A-Z0-9_]{1,9}(?:-\d{1,10})?)(?:\/|$)/.exec(url) ?? []
  if (kind === undefined || id === undefined) return undefined
  return kind === 'issue' ? id : `Project ${id}`
}

function retryAfterMs(response: Response): number | undefined {
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined
}

// Answers and refusals as Jira phrases them. https://developer.atlassian.com/cloud/jira/platform/rest/v3/intro/#status-codes
import type { Json, JsonObject, SandboxResponse } from 'toolgate/kit'

/** Thrown by what looks into a request, and answered as it is. */
export class Refusal extends Error {
  readonly response: SandboxResponse

  constructor(
    status: number,
    body: { readonly messages?: readonly string[]; readonly fields?: Readonly<Record<string, string>> },
  ) {
    super(`Refused with ${status}`)
    this.response = { status, body: { errorMessages: body.messages ?? [], errors: body.fields ?? {} } }
  }
}

export const ok = (body: Json): SandboxResponse => ({ status: 200, body })
export const created = (body: Json): SandboxResponse => ({ status: 201, body })
export const noContent: SandboxResponse = { status: 204 }

export const noIssue = () =>
  new Refusal(404, { messages: ['Issue does not exist or you do not have permission to see it.'] })
export const noProject = (key: string) => new Refusal(404, { messages: [`No project could be found with key '${key}'.`] })
export const forbidden = (message: string) => new Refusal(403, { messages: [message] })
export const badRequest = (message: string) => new Refusal(400, { messages: [message] })
export const badFields = (fields: Readonly<Record<string, string>>) => new Refusal(400, { fields })

/** What Jira takes for an id or a name: text, or a number as text. */
export function word(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

export function bodyOf(text: string): JsonObject {
  try {
    const body: unknown = JSON.parse(text === '' ? '{}' : text)
    if (isObject(body)) return body
  } catch {
    // Said below, as for everything else that is no object.
  }
  throw badRequest('Invalid request payload. Refer to the REST API documentation and try again.')
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A page of `startAt` and `maxResults`, as most of Jira's lists are. */
export function pageOf<T>(items: readonly T[], query: URLSearchParams, most: number) {
  const startAt = whole(query.get('startAt'), 0)
  const maxResults = Math.min(whole(query.get('maxResults'), most), most)
  const values = items.slice(startAt, startAt + maxResults)
  return { startAt, maxResults, total: items.length, isLast: startAt + values.length >= items.length, values }
}

function whole(text: string | null, otherwise: number): number {
  if (text === null || text === '') return otherwise
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw badRequest(`'${text}' is not a number that fits here.`)
}

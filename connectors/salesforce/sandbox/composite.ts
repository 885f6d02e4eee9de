// Several requests in one, all or none.
// https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_composite_composite.htm
import type { Json, JsonObject, SandboxRequest, SandboxResponse, SandboxState } from 'toolgate/kit'
import { z } from 'zod'
import { Refusal } from './refusal.ts'

const most = 25

const Composite = z.object({
  // Carrying out a part of them is not played here.
  allOrNone: z.literal(true),
  compositeRequest: z
    .array(
      z.object({
        method: z.enum(['POST', 'PATCH']),
        url: z.string().regex(/^\/services\/data\/v\d+\.0\/sobjects\/[\w./:~@-]+$/),
        referenceId: z.string().regex(/^[A-Za-z]\w*$/),
        body: z.record(z.string(), z.json()),
        httpHeaders: z.record(z.string(), z.string()).optional(),
      }),
    )
    .min(1)
    .max(most),
})

interface Part {
  readonly referenceId: string
  readonly response: SandboxResponse
}

export function composite(
  request: SandboxRequest,
  state: SandboxState,
  answer: (part: SandboxRequest, on: SandboxState) => SandboxResponse,
): SandboxResponse {
  const parsed = Composite.safeParse(parse(request.body))
  if (!parsed.success) throw new Refusal(400, 'JSON_PARSER_ERROR', 'The composite request cannot be read by this sandbox.')
  const draft = draftOf(state)
  const parts: Part[] = []
  for (const { method, url, referenceId, body, httpHeaders } of parsed.data.compositeRequest) {
    const written = JSON.stringify(body).replace(/@\{(\w+)\.id\}/g, (_, name: string) => idOf(parts, name))
    const headers = new Headers(httpHeaders)
    const one = { method, path: url, query: new URLSearchParams(), headers, body: written }
    const response = refusals(() => answer(one, draft.state))
    parts.push({ referenceId, response })
    if (response.status >= 300)
      return { status: 200, body: { compositeResponse: halted(parsed.data.compositeRequest, parts) } }
  }
  draft.commit()
  return {
    status: 200,
    body: { compositeResponse: parts.map(({ referenceId, response }) => result(referenceId, response)) },
  }
}

function halted(all: readonly { readonly referenceId: string }[], parts: readonly Part[]): readonly JsonObject[] {
  const stopped = {
    status: 400,
    body: [
      {
        errorCode: 'PROCESSING_HALTED',
        message: 'The transaction was rolled back since another operation in the same transaction failed.',
      },
    ],
  }
  return all.map(({ referenceId }, index) =>
    result(referenceId, index === parts.length - 1 ? parts[index]!.response : stopped),
  )
}

function result(referenceId: string, { status, body = null }: SandboxResponse): JsonObject {
  return { body, httpHeaders: {}, httpStatusCode: status, referenceId }
}

function idOf(parts: readonly Part[], name: string): string {
  const body = parts.find(({ referenceId }) => referenceId === name)?.response.body as JsonObject | undefined
  if (typeof body?.['id'] === 'string') return body['id']
  throw new Refusal(400, 'JSON_PARSER_ERROR', `Invalid reference specified. No value for ${name}.id found.`)
}

function refusals(run: () => SandboxResponse): SandboxResponse {
  try {
    return run()
  } catch (error) {
    if (error instanceof Refusal) return error.response
    throw error
  }
}

/** What is put into it counts once it is committed. */
function draftOf(state: SandboxState): { readonly state: SandboxState; readonly commit: () => void } {
  const changed = new Map<string, { kind: string; id: string; value: JsonObject | undefined }>()
  const known = (kind: string, id: string) => changed.get(`${kind} ${id}`)
  const set = (kind: string, id: string, value: JsonObject | undefined): void =>
    void changed.set(`${kind} ${id}`, { kind, id, value })
  return {
    state: {
      get: (kind, id) => (known(kind, id) ?? { value: state.get(kind, id) }).value,
      list: (kind) => {
        const kept = state.list(kind).map(({ id, value }) => ({ id, value: (known(kind, id) ?? { value }).value }))
        const added = [...changed.values()].filter((one) => one.kind === kind && state.get(kind, one.id) === undefined)
        return [...kept, ...added].flatMap(({ id, value }) => (value ? [{ id, value }] : []))
      },
      put: set,
      delete: (kind, id) => set(kind, id, undefined),
      // A number that was given out is not given out again, as with Salesforce's own.
      next: (counter) => state.next(counter),
    },
    commit() {
      for (const { kind, id, value } of changed.values()) {
        if (value) state.put(kind, id, value)
        else state.delete(kind, id)
      }
    },
  }
}

function parse(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}

// The seeded site in this process, on a state that a test can look into and change.
import type { JsonObject, Keep, SandboxState } from 'toolgate/kit'
import { keptInMemory } from '../../../test/keep.ts'
import { jira } from '../connector.ts'
import { sandbox } from '../sandbox/sandbox.ts'

export interface SiteOptions {
  readonly now?: () => Date
  readonly settings?: unknown
  readonly credential?: string
  readonly keep?: Keep
  readonly cache?: Map<string, unknown>
  readonly state?: SandboxState
}

export interface Site {
  readonly state: SandboxState
  // oxlint-disable-next-line typescript/no-explicit-any -- the connector's own client, which its tests know
  readonly vendor: any
  /** `POST /rest/api/3/search/jql`, oldest first. */
  readonly sent: string[]
  /** The bodies of those. */
  readonly bodies: string[]
}

const base = 'https://jira.example'

export async function openSite(options: SiteOptions = {}): Promise<Site> {
  const now = options.now ?? (() => new Date())
  const state = options.state ?? memory()
  if (options.state === undefined) sandbox.seed(state, now())
  const [sent, bodies]: [string[], string[]] = [[], []]
  const vendor: unknown = await jira.open({
    base,
    hosts: { auth: `${base}/~auth`, api: `${base}/~api` },
    async fetch(input, init) {
      const { pathname, searchParams } = new URL(input instanceof Request ? input.url : input)
      const method = init?.method ?? 'GET'
      const headers = new Headers(init?.headers)
      const body = typeof init?.body === 'string' ? init.body : ''
      sent.push(`${method} ${pathname}`)
      bodies.push(body)
      const answer = sandbox.respond({ method, path: pathname, query: searchParams, headers, body }, state, now())
      return new Response(answer.body === undefined ? null : JSON.stringify(answer.body), { status: answer.status })
    },
    settings: jira.settings.parse(options.settings ?? sandbox.settings),
    credential: options.credential ?? sandbox.credential,
    keep: options.keep ?? keptInMemory(),
    cache: options.cache ?? new Map(),
  })
  return { state, vendor, sent, bodies }
}

/** A state as the sandbox has it, without a database. */
function memory(): SandboxState {
  const kept = new Map<string, Map<string, JsonObject>>()
  const lists = new Map<string, readonly { readonly id: string; readonly value: JsonObject }[]>()
  const counters = new Map<string, number>()
  const of = (kind: string) => {
    const documents = kept.get(kind) ?? new Map<string, JsonObject>()
    kept.set(kind, documents)
    return documents
  }
  return {
    get: (kind, id) => of(kind).get(id),
    list(kind) {
      const list = lists.get(kind) ?? [...of(kind)].map(([id, value]) => ({ id, value }))
      lists.set(kind, list)
      return list
    },
    put(kind, id, value) {
      lists.delete(kind)
      of(kind).set(id, value)
    },
    delete(kind, id) {
      lists.delete(kind)
      of(kind).delete(id)
    },
    next(counter) {
      const next = (counters.get(counter) ?? 0) + 1
      counters.set(counter, next)
      return next
    },
  }
}

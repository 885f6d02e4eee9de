// A stateful stand-in for a vendor's HTTP API. The hub serves it on loopback and keeps its state; the connector says
// how the vendor would answer.
import type { JsonObject, Json } from './json.ts'

/** A request as the vendor would get it. */
export interface SandboxRequest {
  readonly method: string
  /** The decoded path below the base, as the vendor would see it: `/rest/api/3/issue/OPS-1`. */
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: Headers
  /** The body as text; empty when there is none. */
  readonly body: string
}

/** What the vendor would answer. */
export interface SandboxResponse {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  /** JSON, or text when it is a string with a `content-type` of its own; left out for none. */
  readonly body?: Json
}

/** Documents by kind and id. One request is one transaction, also across processes. */
export interface SandboxState {
  get(kind: string, id: string): JsonObject | undefined
  /** In the order in which they were first put. */
  list(kind: string): readonly { readonly id: string; readonly value: JsonObject }[]
  put(kind: string, id: string, value: JsonObject): void
  delete(kind: string, id: string): void
  /** 1, 2, 3 … for each name. */
  next(counter: string): number
}

/** How the vendor would behave, permissions and refusals included; judged against the vendor's documentation. */
export interface Sandbox<Settings> {
  /** What a configured instance would say. */
  readonly settings: Settings
  /** The credential of the hub's own account in the seeded company. */
  readonly credential: string
  /** The app by which people of the seeded company connect their own accounts. */
  readonly client?: { readonly id: string; readonly secret: string }
  /** Writes the seeded company into an empty state. */
  seed(state: SandboxState, now: Date): void
  /** Answers one request as the vendor would, or refuses what it cannot do with the vendor's own error. */
  respond(request: SandboxRequest, state: SandboxState, now: Date): SandboxResponse
}

// The way out to a vendor, as a connector sees it.
import type { Json } from './json.ts'

/**
 * The guarded fetch. It refuses, with a HubError and before a byte leaves, every origin and route that was not
 * declared; it follows no redirect, bounds time and size, and retries reads only. The body of an answer is complete
 * when the promise resolves.
 */
export type VendorFetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

/** What an answer to a write says of the write. `unclear`: it may have happened. */
export type Verdict = 'accepted' | 'refused' | 'unclear'

/** An answer to a write, for `verdict` to judge. */
export interface VendorAnswer {
  readonly status: number
  readonly headers: Headers
  /** The parsed body, or undefined when it was not JSON. */
  readonly json: Json | undefined
}

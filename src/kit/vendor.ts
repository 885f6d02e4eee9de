// The way out to a vendor, as a connector sees it.
import type { z } from 'zod'
import { HubError } from './error.ts'
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
  /** Its beginning as text, at most 16,384 characters, when it was not JSON. */
  readonly text?: string | undefined
}

/**
 * A vendor's answer in the connector's own words: name in the schema only what is used.
 *
 * @param vendor as a sentence begins with it: `Jira`
 * @throws HubError `bad_response` when the answer does not have this shape
 */
export function parseAnswer<Schema extends z.ZodType>(vendor: string, schema: Schema, answer: unknown): z.output<Schema> {
  const parsed = schema.safeParse(answer)
  if (parsed.success) return parsed.data
  throw new HubError(
    'bad_response',
    `${vendor} gave an answer that could not be understood. Try again later; if it stays so, an operator has to look at the log.`,
    { cause: parsed.error },
  )
}

// What can go wrong with nothing done: one closed table of codes.

interface ErrorKind {
  /** Whose fault it is. */
  readonly fault: 'caller' | 'policy' | 'vendor' | 'hub'
  /** Whether the same call may be sent again. */
  readonly retry: 'no' | 'later' | 'after change'
  /** The HTTP status that says the same. */
  readonly status: number
}

/** What each code means for whoever reads it. The set is closed: a new code is a new promise to agents. */
export const errorKinds = {
  invalid_input: { fault: 'caller', retry: 'after change', status: 400 },
  not_found: { fault: 'caller', retry: 'no', status: 404 },
  /** The vendor looked at the request and said no; nothing changed. */
  refused: { fault: 'caller', retry: 'after change', status: 422 },
  /** The record moved, or the same call is under way. */
  conflict: { fault: 'caller', retry: 'after change', status: 409 },
  rate_limited: { fault: 'caller', retry: 'later', status: 429 },
  /** The vendor does not accept the hub's credential. */
  unauthenticated: { fault: 'hub', retry: 'no', status: 502 },
  /** The hub's account at the vendor lacks the permission. */
  forbidden: { fault: 'hub', retry: 'no', status: 403 },
  unavailable: { fault: 'vendor', retry: 'later', status: 503 },
  bad_response: { fault: 'vendor', retry: 'later', status: 502 },
  overloaded: { fault: 'hub', retry: 'later', status: 503 },
  internal: { fault: 'hub', retry: 'no', status: 500 },
} as const satisfies Record<string, ErrorKind>

/** `invalid_input`, `not_found`, `refused` …: the names of `errorKinds`. */
export type ErrorCode = keyof typeof errorKinds

/**
 * A failure in which nothing happened at the vendor. Its message is a sentence of ours for the agent: what is so and
 * what can be done. Vendor text goes into `cause`, for the log only, because agents read messages as instructions.
 */
export class HubError extends Error {
  override readonly name = 'HubError'
  readonly code: ErrorCode
  readonly retryAfterMs: number | undefined
  /** Where the caller connects the account that is missing. */
  readonly connect: { readonly instance: string; readonly url: string } | undefined

  constructor(
    code: ErrorCode,
    message: string,
    options: { cause?: unknown; retryAfterMs?: number | undefined; connect?: HubError['connect'] } = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause })
    this.code = code
    this.retryAfterMs = options.retryAfterMs
    this.connect = options.connect
  }
}

// When a read is sent again, and how long to wait before.

/** Answers that pass: too many requests, and gateways that found nobody. */
export const retryStatuses: ReadonlySet<number> = new Set([429, 502, 503, 504])

const firstWaitMs = 250
const longestWaitMs = 10_000

/**
 * What the vendor asked for in `Retry-After` (seconds or a date, RFC 9110, 10.2.3), between 0 and 10 seconds; else a random
 * time up to 250 ms, doubled with each attempt.
 */
export function retryDelayMs(
  attempt: number,
  headers: Headers | undefined,
  { now, random }: { readonly now: () => Date; readonly random: () => number },
): number {
  const asked = retryAfterMs(headers?.get('retry-after') ?? undefined, now())
  if (asked !== undefined) return Math.min(Math.max(asked, 0), longestWaitMs)
  return random() * Math.min(firstWaitMs * 2 ** attempt, longestWaitMs)
}

/** Undefined where the header says nothing that can be read. */
function retryAfterMs(header: string | undefined, now: Date): number | undefined {
  if (header === undefined) return undefined
  const text = header.trim()
  if (/^-?\d{1,12}(\.\d+)?$/.test(text)) return Number(text) * 1000
  const date = /^[A-Z][a-z]{2,8}, /.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(date) ? undefined : date - now.getTime()
}

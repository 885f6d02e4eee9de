// The guarded fetch: the only way out to a vendor.
import { setTimeout as wait } from 'node:timers/promises'
import type { Dispatcher } from 'undici'
import { HubError } from '../kit/error.ts'
import type { Json } from '../kit/json.ts'
import type { VendorAnswer, VendorFetch, Verdict } from '../kit/vendor.ts'
import type { Lookup } from './address.ts'
import { readAnswer, toResponse } from './answer.ts'
import type { Answer } from './answer.ts'
import { connections } from './connection.ts'
import type { Way } from './connection.ts'
import { cancelled, failure, isPassing, timedOut } from './failure.ts'
import { takeOrder } from './order.ts'
import type { Order, Place } from './order.ts'
import { retryDelayMs, retryStatuses } from './retry.ts'
import { compileRoutes } from './routes.ts'
import { usualVerdict, writeAccount } from './written.ts'
import type { Touched } from './written.ts'

export interface GuardOptions {
  /** Where the vendor is; may have a path. Only https, and http for a sandbox. */
  readonly base: string
  /** Its other addresses, by the names that routes use; under the same rules. */
  readonly hosts?: Readonly<Record<string, string>> | undefined
  /** Routes that only look: `GET /rest/api/3/issue/{key}`. */
  readonly reads: readonly string[]
  /** Routes that only sign in. Treated as reads. */
  readonly signIn?: readonly string[] | undefined
  /** The routes of the one tool that is applied; none in a plan. */
  readonly writes: readonly string[]
  /** What an answer to a write says of it. */
  readonly verdict?: ((answer: VendorAnswer) => Verdict) | undefined
  /** The base is a sandbox of ours: it must be, and nothing else may be, on a loopback address. */
  readonly loopback: boolean
  readonly signal: AbortSignal
  readonly now: () => Date
  /** At least 0, less than 1. */
  readonly random: () => number
  /** For one fetch with all its retries. 30 seconds. */
  readonly timeoutMs?: number | undefined
  /** For the body of one answer, on the wire and decompressed. 8 MiB. */
  readonly maxBytes?: number | undefined
  /** Called right before a write is sent; throws when the ledger has not recorded that sending begins, or it was stopped. */
  readonly beforeWrite?: (() => void | Promise<void>) | undefined
  /** Called with every token that a sign-in brings, before anyone else sees it. */
  readonly onSecret?: ((secret: string) => void) | undefined
  /** The company's proxy and certificate authority. */
  readonly way?: Way | undefined
  /** How names become addresses; the system's way where left out. */
  readonly lookup?: Lookup | undefined
}

/** One vendor request as it was made. */
export interface GuardedRequest {
  readonly method: string
  /** The declared route that it matched. */
  readonly route: string
  readonly path: string
  readonly status: number | undefined
  readonly ms: number
}

export interface Guard {
  readonly fetch: VendorFetch
  /** Every attempt in order; refusals of our own are not among them. */
  readonly requests: readonly GuardedRequest[]
  readonly touched: () => Touched
}

const usualTimeoutMs = 30_000
const usualMaxBytes = 8 * 1024 * 1024
const maxRetries = 2
/** How much of an answer that is not JSON a connector judges by, in bytes. */
const longestText = 16_384
const redirects = new Set([301, 302, 303, 307, 308])

/**
 * A fetch that reaches one vendor by the declared routes and nothing else.
 *
 * Its refusals are HubErrors `forbidden`, before a byte leaves. Network failures, timeouts and cancellation are
 * `unavailable`; redirects and answers that are too large or broken are `bad_response`. Other answers, also 4xx and 5xx, are
 * returned for the SDK to read.
 */
export function guardedFetch(options: GuardOptions): Guard {
  const declared = {
    places: placesOf(options),
    reads: compileRoutes(options.reads),
    signIn: compileRoutes(options.signIn ?? []),
    writes: compileRoutes(options.writes),
  }
  const reach = ({ base: { origin } }: Place) =>
    connections({ origin, loopback: options.loopback, lookup: options.lookup, way: options.way })
  const { maxBytes = usualMaxBytes, timeoutMs = usualTimeoutMs } = options
  const requests: GuardedRequest[] = []
  const account = writeAccount()

  return { fetch: guarded, requests, touched: account.touched }

  async function guarded(...[input, init]: Parameters<VendorFetch>): Promise<Response> {
    const order = await takeOrder(input, init, declared)
    const deadline = AbortSignal.timeout(timeoutMs)
    const signal = AbortSignal.any([options.signal, order.signal, deadline])
    const { host } = order.place.base
    try {
      signal.throwIfAborted()
      const answer = await (order.kind === 'write' ? write(order, signal) : read(order, signal))
      if (order.kind === 'sign-in') tellTokens(answer)
      if (redirects.has(answer.status)) throw redirected(host, answer)
      return toResponse(answer, order.url)
    } catch (cause) {
      if (cause instanceof HubError) throw cause
      if (deadline.aborted) throw timedOut(host, timeoutMs, cause)
      if (signal.aborted) throw cancelled(host, cause)
      throw failure(cause, host)
    }
  }

  async function read(order: Order, signal: AbortSignal): Promise<Answer> {
    const startedAt = options.now().getTime()
    for (let attempt = 0; ; attempt += 1) {
      const result = await settle(send(order, reach(order.place).reads, signal))
      const last = attempt === maxRetries || signal.aborted
      if ('error' in result && (last || !isPassing(result.error))) throw result.error
      if ('answer' in result && (last || !retryStatuses.has(result.answer.status))) return result.answer
      const waitMs = retryDelayMs(attempt, 'answer' in result ? result.answer.headers : undefined, options)
      const remainingMs = timeoutMs - (options.now().getTime() - startedAt)
      if (waitMs >= remainingMs) return answerOf(result)
      await wait(waitMs, undefined, { signal })
    }
  }

  async function write(order: Order, signal: AbortSignal): Promise<Answer> {
    await options.beforeWrite?.()
    const entry = account.open()
    const { client, close } = reach(order.place).forWrite(entry.leaves)
    try {
      const answer = await send(order, client, signal)
      entry.settle(judge(answer))
      return answer
    } finally {
      // A write never shares a connection: one that the vendor has just closed would leave it unclear whether it arrived.
      close()
    }
  }

  async function send(order: Order, client: Dispatcher, signal: AbortSignal): Promise<Answer> {
    const startedAt = options.now().getTime()
    let status: number | undefined
    try {
      const { method, target: path, headers, body = null } = order
      const sent = client.request({ method, path, headers, body, signal, reset: order.kind === 'write' })
      const data = await orAborted(sent, signal)
      status = data.statusCode
      return await readAnswer(data, maxBytes)
    } finally {
      requests.push({
        method: order.method,
        route: order.route,
        path: order.path,
        status,
        ms: options.now().getTime() - startedAt,
      })
    }
  }

  function tellTokens({ body }: Answer): void {
    const json = parseJson(body)
    if (typeof json !== 'object' || json === null) return
    for (const [name, value] of Object.entries(json)) {
      if (/token$/i.test(name) && typeof value === 'string') options.onSecret?.(value)
    }
  }

  function judge({ status, headers, body }: Answer): Verdict {
    if (options.verdict === undefined) return usualVerdict(status)
    try {
      const json = parseJson(body)
      const text = json === undefined ? body.subarray(0, longestText).toString('utf8') : undefined
      return options.verdict({ status, headers, json, text })
    } catch {
      return 'unclear'
    }
  }
}

/** Undici notices the signal only once it is connected, which may be long after. */
async function orAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const abort = (): void => reject(signal.reason)
  signal.addEventListener('abort', abort)
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

type Result = { readonly answer: Answer } | { readonly error: unknown }

async function settle(promise: Promise<Answer>): Promise<Result> {
  try {
    return { answer: await promise }
  } catch (error) {
    return { error }
  }
}

function answerOf(result: Result): Answer {
  if ('error' in result) throw result.error
  return result.answer
}

function placesOf({ base, hosts = {}, loopback }: GuardOptions): readonly Place[] {
  const places = Object.entries({ '': base, ...hosts }).map(([host, text]) => ({ host, base: parseBase(text, loopback) }))
  return places.toSorted((one, other) => other.base.pathname.length - one.base.pathname.length)
}

function parseBase(text: string, loopback: boolean): URL {
  const base = new URL(text)
  if (base.protocol !== 'https:' && !(loopback && base.protocol === 'http:')) {
    throw new HubError('forbidden', 'A vendor is reached by https only. Check the site in the configuration.')
  }
  if (base.search !== '' || base.hash !== '' || base.username !== '' || base.password !== '') {
    throw new HubError(
      'forbidden',
      'The address of a vendor has no query, fragment or password. Check the site in the configuration.',
    )
  }
  return base
}

function parseJson(body: Buffer): Json | undefined {
  try {
    return JSON.parse(body.toString('utf8')) as Json
  } catch {
    return undefined
  }
}

function redirected(host: string, answer: Answer): HubError {
  const cause = new Error(`${answer.status} to ${answer.headers.get('location') ?? 'nowhere'}`)
  return new HubError(
    'bad_response',
    `${host} sent the request elsewhere, and redirects are not followed. Check the site in the configuration.`,
    { cause },
  )
}

// Tokens that end after twelve hours, and the refresh token that is good for one use: docs.slack.dev/authentication/using-token-rotation
import { HubError } from 'toolgate/kit'
import type { Keep, VendorFetch } from 'toolgate/kit'
import { z } from 'zod'
import type { Rotating } from './credential.ts'
import { toHubError } from './errors.ts'

/** Where the token of a request comes from. */
export interface TokenSource {
  current(): Promise<string>
  /** The token after the one that has ended, or undefined where there is none. */
  renew(ended: string): Promise<string | undefined>
}

export function lasting(token: string): TokenSource {
  return { current: () => Promise.resolve(token), renew: () => Promise.resolve(undefined) }
}

const pairOf = z.object({ access: z.string(), refresh: z.string() })
type Pair = z.output<typeof pairOf>

/** Of one connection, for all its calls. */
interface State {
  pair: Pair | undefined
  /** Given by Slack and not kept yet: nothing is done with it before it is. */
  unkept: { readonly before: string | undefined; readonly pair: Pair } | undefined
  renewing: Promise<Pair> | undefined
}

export interface RotationOptions {
  readonly credential: Rotating
  readonly base: string
  readonly fetch: VendorFetch
  readonly keep: Keep
  readonly cache: Map<string, unknown>
}

const stateKey = 'rotation'

/** No clock: a token is used until Slack says that it has ended, and one renewal serves all who wait for it. */
export function renewing({ credential, base, fetch, keep, cache }: RotationOptions): TokenSource {
  const state = (cache.get(stateKey) ?? { pair: undefined, unkept: undefined, renewing: undefined }) as State
  cache.set(stateKey, state)

  async function next(ended: string | undefined): Promise<Pair> {
    if (state.pair !== undefined && state.pair.access !== ended) return state.pair
    state.renewing ??= renewed(ended).finally(() => {
      state.renewing = undefined
    })
    return await state.renewing
  }

  async function renewed(ended: string | undefined): Promise<Pair> {
    if (state.unkept !== undefined) return await kept()
    const before = await keep.read()
    const known = before === undefined ? undefined : opened(before)
    // Another process was faster, or this one has just started.
    if (known !== undefined && known.access !== ended) return (state.pair = known)
    const answer = await exchange(known?.refresh ?? credential.refreshToken)
    if (answer === undefined) {
      const now = await keep.read()
      if (now === undefined || now === before) throw new HubError('unauthenticated', spent)
      return (state.pair = opened(now))
    }
    state.unkept = { before, pair: answer }
    return await kept()
  }

  async function kept(): Promise<Pair> {
    const { before, pair } = state.unkept ?? {}
    if (pair === undefined) throw new HubError('internal', 'There is no new token to keep.')
    const isKept = await keep.replace(before, JSON.stringify(pair)).catch((cause: unknown) => {
      throw new HubError('unavailable', notKept, { cause })
    })
    const theirs = isKept ? undefined : await keep.read()
    state.pair = theirs === undefined ? pair : opened(theirs)
    state.unkept = undefined
    return state.pair
  }

  /** Undefined where Slack does not know this refresh token any more. */
  async function exchange(refreshToken: string): Promise<Pair | undefined> {
    const body = new URLSearchParams({
      client_id: credential.clientId,
      client_secret: credential.clientSecret,
      grant_type: 'refresh_token',
      refresh_token: refreshToken,
    })
    const response = await fetch(`${base}/api/oauth.v2.access`, { method: 'POST', body })
    if (response.status === 429) {
      const retryAfter = response.headers.get('retry-after') ?? undefined
      throw toHubError({ code: 'slack_webapi_rate_limited_error', retryAfter })
    }
    const answer = answerOf.safeParse(await response.json().catch(() => undefined)).data
    if (answer?.ok === true) return { access: answer.access_token, refresh: answer.refresh_token }
    if (answer === undefined) throw toHubError(undefined)
    if (answer.error === 'invalid_refresh_token') return undefined
    throw toHubError({ code: 'slack_webapi_platform_error', data: { error: answer.error } })
  }

  return {
    current: async () => (await next(undefined)).access,
    renew: async (ended) => (await next(ended)).access,
  }
}

const answerOf = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), access_token: z.string().min(1), refresh_token: z.string().min(1) }),
  z.object({ ok: z.literal(false), error: z.string() }),
])

const spent =
  'Slack does not know the refresh token of this connection any more: it was used elsewhere, or the answer to its last use was lost. Whoever runs the hub installs the Slack app again and sets the credential anew.'
const notKept =
  'Slack gave a new refresh token, and the hub could not keep it. Nothing is done until it is kept, which is tried again with the next call. Whoever runs the hub repairs the store before the hub stops; if it has stopped, and Slack then refuses the connection, the app is installed again and its credential set anew.'

function opened(text: string): Pair {
  try {
    return pairOf.parse(JSON.parse(text))
  } catch (cause) {
    throw new HubError('internal', 'What the hub keeps of its Slack token cannot be read.', { cause })
  }
}

/** Every request of Slack's SDK with the token that is good now; one that has ended is renewed once. */
export function signed(fetch: VendorFetch, tokens: TokenSource): VendorFetch {
  return async (input, init) => {
    const token = await tokens.current()
    const response = await fetch(input, withToken(init, token))
    if (!(await hasEnded(response))) return response
    const fresh = await tokens.renew(token)
    // Slack has looked at the token and done nothing, so that it can be said again.
    return fresh === undefined ? response : await fetch(input, withToken(init, fresh))
  }
}

export function withToken(init: RequestInit | undefined, token: string): RequestInit {
  const headers = new Headers(init?.headers)
  headers.set('authorization', `Bearer ${token}`)
  return { ...init, headers }
}

async function hasEnded(response: Response): Promise<boolean> {
  if (response.status !== 200 || response.headers.get('content-type')?.includes('json') !== true) return false
  const answer: unknown = await response
    .clone()
    .json()
    .catch(() => undefined)
  return z.object({ ok: z.literal(false), error: z.literal('token_expired') }).safeParse(answer).success
}

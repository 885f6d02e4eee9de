// Signing in as the hub's own user, in the way that the configuration names, once for all calls that wait for it.
import { HubError } from 'toolgate/kit'
import type { Opening } from 'toolgate/kit'
import { z } from 'zod'
import { bearerAssertion } from './assertion.ts'
import { recordId, toLongId } from './identifiers.ts'
import { refreshed } from './refresh.ts'
import type { Settings } from './settings.ts'

export interface Session {
  readonly token: string
  /** The user as whom the hub works. */
  readonly userId: string
  /** The OAuth scopes of the session. */
  readonly scopes: readonly string[]
}

/** A session lasts until Salesforce ends it: its answer names no time. */
export interface Sessions {
  current(): Promise<Session>
  /** Forgets the session whose token was refused, unless a newer one has taken its place. */
  forget(token: string): Promise<void>
}

/** What the token endpoint says, whatever way one signs in. */
export const Token = z.object({
  access_token: z.string().min(1).max(4096),
  instance_url: z.url(),
  /** `https://login.salesforce.com/id/<organization>/<user>` */
  id: z.url(),
  scope: z.string().max(1_000).catch(''),
  /** Where refresh tokens rotate: the next one. */
  refresh_token: z.string().min(1).max(4096).optional(),
})
export type Token = z.output<typeof Token>

const cacheKey = 'session'

export function sessions(opening: Opening<Settings>): Sessions {
  const { cache, account, credential } = opening
  if (account) {
    // The hub itself renews what belongs to a person, below this.
    const session = { token: credential, userId: account.id, scopes: account.scopes }
    return { current: () => Promise.resolve(session), forget: () => Promise.resolve() }
  }
  const shared = () => cache.get(cacheKey) as Promise<Session> | undefined
  const forgetIf = (one: Promise<Session>) => shared() === one && cache.delete(cacheKey)
  return {
    async current() {
      for (let waiting = shared(); waiting; waiting = shared()) {
        try {
          return await waiting
        } catch (error) {
          forgetIf(waiting)
          // Whoever asked first may have gone away and taken the request along; a no of Salesforce is a no for all.
          if (error instanceof HubError && error.code !== 'unavailable') throw error
        }
      }
      const own = signIn(opening)
      cache.set(cacheKey, own)
      own.catch(() => forgetIf(own))
      return own
    },
    async forget(token) {
      const known = shared()
      const session = await known?.catch(() => undefined)
      if (known && session?.token === token) forgetIf(known)
    },
  }
}

async function signIn(opening: Opening<Settings>): Promise<Session> {
  const { settings } = opening
  const token = await tokenBy(opening)
  if (new URL(token.instance_url).origin !== new URL(settings.instance).origin)
    throw badSession('Salesforce gave a session for another address than the configured instance; it was not used.')
  const user = recordId.safeParse(new URL(token.id).pathname.split('/').at(-1))
  if (!user.success || !user.data.startsWith('005'))
    throw badSession('Salesforce did not say as which user the hub signed in.')
  return {
    token: token.access_token,
    userId: toLongId(user.data),
    scopes: token.scope.split(' ').filter((scope) => scope !== ''),
  }
}

/** @see https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_flows.htm */
async function tokenBy(opening: Opening<Settings>): Promise<Token> {
  const { settings, credential } = opening
  const ask = async (form: Readonly<Record<string, string>>) => await askedFor(opening, form)
  if (settings.sign_in === 'refresh_token') return await refreshed(opening, ask)
  if (settings.sign_in === 'client_credentials')
    return await ask({ grant_type: 'client_credentials', client_id: settings.client_id, client_secret: credential })
  const assertion = await bearerAssertion(opening)
  return await ask({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion })
}

async function askedFor(
  { base, fetch, settings }: Opening<Settings>,
  form: Readonly<Record<string, string>>,
): Promise<Token> {
  const response = await fetch(`${base}/services/oauth2/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: new URLSearchParams(form).toString(),
  })
  const body: unknown = await response.json().catch(() => undefined)
  if (!response.ok) throw refusedSignIn(response.status, body, settings)
  const token = Token.safeParse(body)
  if (token.success) return token.data
  throw badSession('Salesforce answered the sign-in with something that is not a session.', token.error)
}

const whatToCheck = {
  client_credentials:
    'the client id and secret of the hub. Whoever runs the hub has to check them, and that the External Client App allows the client credentials flow and names a user to run as.',
  jwt_bearer:
    'the assertion of the hub. Whoever runs the hub has to check the client id, the username, that the key belongs to the certificate of the External Client App, and that this user is pre-authorized for it.',
  refresh_token:
    'the refresh token of the hub. Whoever runs the hub has to authorize it again: a refresh token ends when it is revoked, unused for too long, or used twice, be it by somebody else or because the answer to its first use was lost.',
} as const

function refusedSignIn(status: number, body: unknown, { sign_in }: Settings): HubError {
  if (status >= 500 || status === 408 || status === 429)
    return new HubError('unavailable', 'Salesforce cannot sign the hub in at the moment. Try again later.', { cause: body })
  return new HubError('unauthenticated', `Salesforce does not accept ${whatToCheck[sign_in]}`, { cause: body })
}

function badSession(message: string, cause?: unknown): HubError {
  return new HubError('bad_response', message, { cause })
}

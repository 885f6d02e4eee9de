// Signing in as the hub's own user: the OAuth 2.0 client credentials flow of an External Client App.
// https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_client_credentials_flow.htm
import { HubError } from 'toolgate/kit'
import type { Opening } from 'toolgate/kit'
import { z } from 'zod'
import { recordId, toLongId } from './identifiers.ts'
import type { Settings } from './settings.ts'

export interface Session {
  readonly token: string
  /** The user as whom the hub works. */
  readonly userId: string
}

/** A session lasts until Salesforce ends it: its answer names no time. */
export interface Sessions {
  current(): Promise<Session>
  /** Forgets the session whose token was refused, unless a newer one has taken its place. */
  forget(token: string): Promise<void>
}

const cacheKey = 'session'

const Token = z.object({
  access_token: z.string().min(1).max(4096),
  instance_url: z.url(),
  /** `https://login.salesforce.com/id/<organization>/<user>` */
  id: z.url(),
})

export function sessions(opening: Opening<Settings>): Sessions {
  const { cache } = opening
  return {
    async current() {
      const shared = cache.get(cacheKey) as Promise<Session> | undefined
      // Whoever asked first may have gone away and taken the request along: then ask ourselves.
      const session = await shared?.catch(() => undefined)
      if (session) return session
      const own = signIn(opening)
      cache.set(cacheKey, own)
      own.catch(() => cache.get(cacheKey) === own && cache.delete(cacheKey))
      return own
    },
    async forget(token) {
      const shared = cache.get(cacheKey) as Promise<Session> | undefined
      const session = await shared?.catch(() => undefined)
      if (session?.token === token && cache.get(cacheKey) === shared) cache.delete(cacheKey)
    },
  }
}

async function signIn({ base, fetch, settings, credential }: Opening<Settings>): Promise<Session> {
  const response = await fetch(`${base}/services/oauth2/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: settings.client_id,
      client_secret: credential,
    }).toString(),
  })
  const body: unknown = await response.json().catch(() => undefined)
  if (!response.ok) throw refusedSignIn(response.status, body)
  const token = Token.safeParse(body)
  if (!token.success) throw badSession('Salesforce answered the sign-in with something that is not a session.', token.error)
  if (new URL(token.data.instance_url).origin !== new URL(settings.instance).origin) {
    throw badSession('Salesforce gave a session for another address than the configured instance; it was not used.')
  }
  const user = recordId.safeParse(new URL(token.data.id).pathname.split('/').at(-1))
  if (!user.success || !user.data.startsWith('005'))
    throw badSession('Salesforce did not say as which user the hub signed in.')
  return { token: token.data.access_token, userId: toLongId(user.data) }
}

function refusedSignIn(status: number, body: unknown): HubError {
  if (status >= 500 || status === 408 || status === 429) {
    return new HubError('unavailable', 'Salesforce cannot sign the hub in at the moment. Try again later.', { cause: body })
  }
  return new HubError(
    'unauthenticated',
    'Salesforce does not accept the client id and secret of the hub. Whoever runs the hub has to check them, and that the External Client App allows the client credentials flow and names a user to run as.',
    { cause: body },
  )
}

function badSession(message: string, cause?: unknown): HubError {
  return new HubError('bad_response', message, { cause })
}

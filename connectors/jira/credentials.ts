// How the hub signs its requests: an API token, a token that somebody else renews, or one that it renews itself.
import { HubError } from 'toolgate/kit'
import type { Opening } from 'toolgate/kit'
import { z } from 'zod'
import type { Settings } from './settings.ts'

export interface Authority {
  /** The value of the Authorization header. */
  header(): Promise<string>
  /** After a 401: whether another header is worth a try. */
  renew(refused: string): Promise<boolean>
}

export function authorityOf(opening: Opening<Settings>): Authority {
  const { settings, credential } = opening
  // The hub itself renews what belongs to a person.
  if (opening.account) return { header: async () => `Bearer ${credential}`, renew: async () => false }
  if (settings.client_id !== undefined) return renewing(opening, settings.client_id)
  const header = fixedHeader(settings, credential)
  return { header: async () => header, renew: async () => false }
}

/**
 * https://developer.atlassian.com/cloud/jira/platform/basic-auth-for-rest-apis/ , and for a personal access token of Data Center
 * https://confluence.atlassian.com/enterprise/using-personal-access-tokens-1026032365.html
 */
function fixedHeader({ email }: Settings, credential: string): string {
  if (email === undefined) return `Bearer ${credential}`
  return `Basic ${Buffer.from(`${email}:${credential}`, 'utf8').toString('base64')}`
}

const cacheKey = 'jira.access'

/**
 * https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/ : an access token is good for an hour, a refresh token
 * for one use. All calls that wait take the token of one refresh.
 */
function renewing(opening: Opening<Settings>, clientId: string): Authority {
  const { cache } = opening
  const shared = () => cache.get(cacheKey) as Promise<string> | undefined
  const current = async () => {
    // Whoever asked first may have gone away and taken the request along: then ask ourselves.
    const known = await shared()?.catch(() => undefined)
    if (known !== undefined) return known
    const own = shared() ?? refreshed(opening, clientId)
    cache.set(cacheKey, own)
    own.catch(() => shared() === own && cache.delete(cacheKey))
    return own
  }
  return {
    header: async () => `Bearer ${await current()}`,
    async renew(refused) {
      const known = shared()
      const token = await known?.catch(() => undefined)
      // Somebody else may have renewed it meanwhile.
      if (`Bearer ${token}` === refused && shared() === known) cache.delete(cacheKey)
      return true
    },
  }
}

const Credential = z.strictObject({ client_secret: z.string().min(1), refresh_token: z.string().min(1) })
const Token = z.object({ access_token: z.string().min(1).max(16_384), refresh_token: z.string().min(1).max(16_384) })

async function refreshed(opening: Opening<Settings>, clientId: string): Promise<string> {
  const { client_secret: secret, refresh_token: first } = credentialOf(opening.credential)
  const { keep } = opening
  // Another process of this hub may be renewing too: who comes late takes what it has kept.
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const kept = await keep.read()
    const answer = await ask(opening, { client_id: clientId, client_secret: secret, refresh_token: kept ?? first })
    if (answer === undefined) {
      if ((await keep.read()) === kept) break
      continue
    }
    // Kept before anything is done with what came with it: the old one is used up.
    if (await keep.replace(kept, answer.refresh_token)) return answer.access_token
  }
  throw new HubError(
    'unauthenticated',
    "Atlassian does not renew the hub's access any more. An operator has to connect the account again and store the new refresh token.",
  )
}

/** Undefined when the refresh token is not good, or not good any more. */
async function ask(
  { hosts, fetch }: Opening<Settings>,
  grant: Readonly<Record<string, string>>,
): Promise<z.output<typeof Token> | undefined> {
  const response = await fetch(`${hosts['auth']}/oauth/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({ grant_type: 'refresh_token', ...grant }),
  })
  const text = await response.text()
  if ([400, 401, 403].includes(response.status)) return undefined
  if (!response.ok)
    throw new HubError('unavailable', "Atlassian cannot renew the hub's access right now. Try again later.", {
      cause: new Error(`${response.status}`),
    })
  const token = Token.safeParse(parsed(text))
  if (token.success) return token.data
  throw new HubError('bad_response', "Atlassian answered the renewal of the hub's access with something else than a token.")
}

function credentialOf(text: string): z.output<typeof Credential> {
  const credential = Credential.safeParse(parsed(text))
  if (credential.success) return credential.data
  throw new HubError(
    'unauthenticated',
    'With "client_id" the credential of Jira must be JSON text with "client_secret" and "refresh_token". An operator has to store it so.',
  )
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/**
 * What an OAuth token may do on this site.
 *
 * @throws HubError `forbidden` when it does not reach the site at all
 */
export function scopesFor(
  cloudId: string | undefined,
  resources: readonly { readonly id: string; readonly scopes: readonly string[] }[],
): readonly string[] {
  const found = resources.filter(({ id }) => id === cloudId)
  // One site is named once for each product.
  if (found.length > 0) return found.flatMap(({ scopes }) => scopes)
  throw new HubError(
    'forbidden',
    'The credential of Jira does not reach the configured site. Check "cloud_id", or connect the account again.',
  )
}

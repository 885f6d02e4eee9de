// The token endpoint of an OAuth 2.0 (3LO) app: an access token lasts an hour, a refresh token is good for one use.
// https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/
import { digest } from 'toolgate/kit'
import type { Json, SandboxRequest, SandboxResponse, SandboxState } from 'toolgate/kit'
import { isObject, word } from './answer.ts'
import { app } from './oauth-app.ts'
import { exchanged } from './oauth-consent.ts'
import { hub } from './world.ts'

export { app } from './oauth-app.ts'

const lifeMs = 60 * 60_000

export function tokenEndpoint({ body }: SandboxRequest, state: SandboxState, now: Date): SandboxResponse {
  const given = parsed(body)
  if (given['grant_type'] !== 'refresh_token' && given['grant_type'] !== 'authorization_code')
    return refused(400, 'unsupported_grant_type', 'Only codes and refresh tokens are taken here.')
  if (given['client_id'] !== app.clientId || given['client_secret'] !== app.clientSecret)
    return refused(401, 'access_denied', 'Unauthorized')
  if (given['grant_type'] === 'authorization_code') {
    const consent = exchanged(given, state, now)
    if (consent === undefined) return refused(403, 'invalid_grant', 'Invalid authorization code')
    return ofPerson(consent, state, now)
  }
  const mine = state.get('person-refresh', word(given['refresh_token'] ?? ''))
  if (mine) {
    state.delete('person-refresh', word(given['refresh_token'] ?? ''))
    return ofPerson({ account: word(mine['account'] ?? ''), scope: word(mine['scope'] ?? '') }, state, now)
  }
  if (given['refresh_token'] !== good(state)) return refused(403, 'unauthorized_client', 'refresh_token is invalid')
  const number = state.next('oauth')
  const access = `sandbox-access-${number}-${digest(`access ${number}`).slice(0, 24)}`
  const next = `sandbox-refresh-token-${number}-${digest(`refresh ${number}`).slice(0, 24)}`
  state.put('oauth', 'refresh', { token: next })
  state.put('access', access, { until: now.getTime() + lifeMs, account: hub })
  return {
    status: 200,
    body: {
      access_token: access,
      refresh_token: next,
      expires_in: lifeMs / 1000,
      scope: scopes(state).join(' '),
      token_type: 'Bearer',
    },
  }
}

/** A person's: each refresh token is good for one use; without `offline_access` there is none. */
function ofPerson(
  { account, scope }: { readonly account: string; readonly scope: string },
  state: SandboxState,
  now: Date,
): SandboxResponse {
  const number = state.next('oauth')
  const access = `sandbox-access-${number}-${digest(`access ${number} ${account}`).slice(0, 24)}`
  const refresh = `sandbox-refresh-${number}-${digest(`refresh ${number} ${account}`).slice(0, 24)}`
  const lasts = scope.split(' ').includes('offline_access')
  state.put('access', access, { until: now.getTime() + lifeMs, account })
  if (lasts) state.put('person-refresh', refresh, { account, scope })
  const more = lasts ? { refresh_token: refresh } : {}
  return {
    status: 200,
    body: { access_token: access, expires_in: lifeMs / 1000, scope, token_type: 'Bearer', ...more },
  }
}

/** https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/#3-1-get-the-cloudid-for-your-site */
export function resources(state: SandboxState, site: string): SandboxResponse {
  const url = { id: app.cloudId, name: 'larkfield', url: site, avatarUrl: `${site}/avatars/240/site.png` }
  return { status: 200, body: [{ ...url, scopes: [...scopes(state)] }] }
}

/** Whose access token it is, while it lives. */
export function accessOf(token: string, state: SandboxState, now: Date): string | undefined {
  const { until = 0, account = '' } = state.get('access', token) ?? {}
  return Number(until) > now.getTime() ? word(account) : undefined
}

/** Those that the person who connected the app agreed to. */
function scopes(state: SandboxState): readonly string[] {
  const { scopes: granted } = state.get('oauth', 'consent') ?? {}
  return Array.isArray(granted)
    ? granted.map(String)
    : ['offline_access', 'read:jira-work', 'read:jira-user', 'write:jira-work']
}

function good(state: SandboxState): string {
  return word(state.get('oauth', 'refresh')?.['token'] ?? app.firstRefreshToken)
}

function refused(status: number, error: string, description: string): SandboxResponse {
  return { status, body: { error, error_description: description } }
}

function parsed(text: string): Readonly<Record<string, Json>> {
  try {
    const body: unknown = JSON.parse(text)
    return isObject(body) ? body : {}
  } catch {
    return {}
  }
}

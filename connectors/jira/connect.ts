// How people connect their own Atlassian accounts: an OAuth 2.0 (3LO) app.
// https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/
import { HubError, parseAnswer } from 'toolgate/kit'
import type { Connect, ConnectedAccount, Connecting, Granted, Tool } from 'toolgate/kit'
import { z } from 'zod'
import type { Settings } from './settings.ts'

const Token = z.object({
  access_token: z.string().min(1).max(16_384),
  refresh_token: z.string().min(1).max(16_384).optional(),
  expires_in: z.number().positive().optional(),
  scope: z.string().max(16_384).default(''),
})
const Sites = z.array(z.object({ id: z.uuid(), url: z.url() })).max(1_000)
const Me = z.object({ accountId: z.string().min(1).max(200), displayName: z.string().min(1).max(400) })

export const connect: Connect<Settings> = {
  routes: ['GET api:/ex/jira/{cloud}/rest/api/3/myself'],
  authorize: ({ hosts }, scopes) => ({
    url: `${hosts['auth']}/authorize`,
    // Without `prompt` Atlassian would not ask again for what was agreed to before.
    parameters: { audience: 'api.atlassian.com', scope: scopes.join(' '), prompt: 'consent' },
  }),
  // Whoever acts has a name, and access is renewed: both for every tool.
  scopes: (tools: readonly Tool[]) => [
    ...new Set([...tools.flatMap((tool) => tool.scopes), 'read:user:jira', 'offline_access']),
  ],
  async grant(request, { hosts, fetch, client }) {
    const grant =
      'code' in request
        ? {
            grant_type: 'authorization_code',
            code: request.code,
            redirect_uri: request.redirectUri,
            code_verifier: request.verifier,
          }
        : { grant_type: 'refresh_token', refresh_token: request.refresh }
    const response = await fetch(`${hosts['auth']}/oauth/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ ...grant, client_id: client.id, client_secret: client.secret }),
    })
    const body: unknown = await response.json().catch(() => undefined)
    if ([400, 401, 403].includes(response.status))
      throw new HubError('unauthenticated', 'Atlassian does not give access for this.', {
        cause: new Error(String(response.status)),
      })
    if (!response.ok) throw new HubError('unavailable', 'Atlassian cannot give access right now. Try again later.')
    const token = parseAnswer('Atlassian', Token, body)
    return {
      access: token.access_token,
      refresh: token.refresh_token,
      expiresInSeconds: token.expires_in,
      scopes: token.scope.split(' ').filter((scope) => scope !== ''),
    }
  },
  account: accountOf,
  // Atlassian documents no way for an app to take a grant back.
  revokeByHand: 'at https://id.atlassian.com/manage-profile/apps',
  settings: ({ email: _email, client_id: _client, ...settings }, { facts }) => ({
    ...settings,
    cloud_id: facts['cloud_id'],
  }),
}

/** An account may reach several sites, or none of ours. */
async function accountOf(granted: Granted, connecting: Connecting<Settings>): Promise<ConnectedAccount> {
  const { hosts, settings } = connecting
  const sites = parseAnswer('Atlassian', Sites, await asked(`${hosts['api']}/oauth/token/accessible-resources`))
  const origin = new URL(settings.site).origin
  const site = sites.find(({ id, url }) =>
    settings.cloud_id === undefined ? new URL(url).origin === origin : id === settings.cloud_id,
  )
  if (!site)
    throw new HubError(
      'forbidden',
      `This Atlassian account was not given access to ${origin}. Connect again and choose that site.`,
    )
  const me = parseAnswer('Jira', Me, await asked(`${gatewayOf(connecting, site.id)}/rest/api/3/myself`))
  return { id: me.accountId, name: me.displayName, scopes: granted.scopes, facts: { cloud_id: site.id } }

  async function asked(url: string): Promise<unknown> {
    const response = await connecting.fetch(url, {
      headers: { authorization: `Bearer ${granted.access}`, accept: 'application/json' },
    })
    if (response.ok) return await response.json().catch(() => undefined)
    throw new HubError('forbidden', 'Atlassian gave access, but not to what says whose account it is. Connect again.')
  }
}

/** OAuth tokens are taken at the gateway only; on a sandbox everything is at its base. */
function gatewayOf({ base, hosts }: Connecting<Settings>, cloudId: string): string {
  return base.startsWith('https://') ? `${hosts['api']}/ex/jira/${cloudId}` : base
}

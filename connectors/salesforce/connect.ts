// How people act as their own Salesforce users: by the web server flow of an External Client App, with PKCE, or by the word of
// their identity provider.
// https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_web_server_flow.htm
import { HubError, parseAnswer } from 'toolgate/kit'
import type { Connect, Connecting, Granted, GrantRequest, Voucher } from 'toolgate/kit'
import { z } from 'zod'
import { recordId, toLongId } from './identifiers.ts'
import { Token } from './session.ts'
import type { Settings } from './settings.ts'

const Names = z.object({ records: z.array(z.object({ Name: z.string().max(400) })).max(1) })

export const connect: Connect<Settings> = {
  routes: ['POST /services/oauth2/revoke', 'GET /services/oauth2/userinfo'],
  authorize: ({ base }, scopes) => ({
    url: `${base}/services/oauth2/authorize`,
    parameters: { scope: scopes.join(' '), prompt: 'login consent' },
  }),
  // Salesforce has no scope for less than what the user may: `api`, and to be renewed.
  scopes: () => ['api', 'refresh_token'],
  async grant(request, connecting) {
    return grantedBy(await tokenFor(grantOf(request), connecting), connecting)
  },
  async exchange(voucher, connecting) {
    const token = await tokenFor(exchangeOf(voucher, connecting.settings), connecting).catch((error: unknown) => {
      if (!(error instanceof HubError) || error.code !== 'unauthenticated') throw error
      const sentence = 'Salesforce does not take the word of your identity provider for you. Ask whoever runs the hub.'
      throw new HubError('forbidden', `Nothing was sent: ${sentence}`, { cause: error })
    })
    return grantedBy(token, connecting)
  },
  async account(granted, connecting) {
    const id = await userIdOf(granted, connecting)
    const soql = encodeURIComponent(`SELECT Name FROM User WHERE Id = '${id}'`)
    const { records } = parseAnswer('Salesforce', Names, await asked(granted, connecting, `query?q=${soql}`))
    return { id, name: records[0]?.Name ?? id, scopes: granted.scopes, facts: {} }
  },
  async revoke(granted, { base, fetch }) {
    const token = granted.refresh ?? granted.access
    const response = await fetch(`${base}/services/oauth2/revoke`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ token }).toString(),
    })
    // Salesforce says 400 of a token that it does not know any more: then there is nothing to take back.
    if (!response.ok && response.status !== 400)
      throw new HubError('unavailable', 'Salesforce did not take the access back.', {
        cause: new Error(String(response.status)),
      })
  },
  revokeByHand: 'in Salesforce, under Settings, Connections',
  settings: (settings) => settings,
}

/** @throws HubError `forbidden` for a user of another org */
function grantedBy(token: Token, { settings }: Connecting<Settings>): Granted {
  if (new URL(token.instance_url).origin !== new URL(settings.instance).origin)
    throw new HubError('forbidden', 'This Salesforce user belongs to another org than the configured one.')
  return {
    access: token.access_token,
    refresh: token.refresh_token,
    // A session lasts until Salesforce ends it.
    expiresInSeconds: undefined,
    scopes: token.scope.split(' ').filter((scope) => scope !== ''),
  }
}

function grantOf(request: GrantRequest): Readonly<Record<string, string>> {
  if (!('code' in request)) return { grant_type: 'refresh_token', refresh_token: request.refresh }
  return {
    grant_type: 'authorization_code',
    code: request.code,
    redirect_uri: request.redirectUri,
    code_verifier: request.verifier,
  }
}

/** https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_token_exchange_overview.htm; the org's own Apex judges the token. */
function exchangeOf({ token, kind }: Voucher, { token_handler: handler }: Settings): Readonly<Record<string, string>> {
  return {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: token,
    // Salesforce knows no kind of its own for assertions (ID-JAG): they are signed like any JWT.
    subject_token_type: `urn:ietf:params:oauth:token-type:${kind === 'access_token' ? 'access_token' : 'JWT'}`,
    scope: 'api',
    ...(handler !== undefined && { token_handler: handler }),
  }
}

async function tokenFor(
  grant: Readonly<Record<string, string>>,
  { base, fetch, client }: Connecting<Settings>,
): Promise<Token> {
  const secret = client.secret === undefined ? {} : { client_secret: client.secret }
  const response = await fetch(`${base}/services/oauth2/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: new URLSearchParams({ ...grant, client_id: client.id, ...secret }).toString(),
  })
  const body: unknown = await response.json().catch(() => undefined)
  if (response.status === 400 || response.status === 401)
    throw new HubError('unauthenticated', 'Salesforce does not give access for this.', {
      cause: new Error(String(response.status)),
    })
  if (!response.ok) throw new HubError('unavailable', 'Salesforce cannot give access right now. Try again later.')
  return parseAnswer('Salesforce', Token, body)
}

/** `chatter/users/me` and the identity URL say more than is needed; the user information of OpenID says who. */
async function userIdOf(granted: Granted, { base, fetch }: Connecting<Settings>): Promise<string> {
  const response = await fetch(`${base}/services/oauth2/userinfo`, {
    headers: { authorization: `Bearer ${granted.access}`, accept: 'application/json' },
  })
  const body: unknown = response.ok ? await response.json().catch(() => undefined) : undefined
  const { user_id: id } = parseAnswer('Salesforce', z.object({ user_id: recordId }), body)
  return toLongId(id)
}

async function asked(granted: Granted, { base, fetch, settings }: Connecting<Settings>, path: string): Promise<unknown> {
  const response = await fetch(`${base}/services/data/v${settings.api_version}/${path}`, {
    headers: { authorization: `Bearer ${granted.access}`, accept: 'application/json' },
  })
  if (response.ok) return await response.json().catch(() => undefined)
  throw new HubError(
    'forbidden',
    'Salesforce gave access, but this user may not use the API. Ask your administrator for "API Enabled".',
  )
}

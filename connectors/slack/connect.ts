// How people connect their own Slack accounts: OAuth v2 with user scopes, and tokens that rotate where the app has them rotate.
// docs.slack.dev/authentication/installing-with-oauth, docs.slack.dev/authentication/using-token-rotation
import { HubError, parseAnswer } from 'toolgate/kit'
import type { Connect, Connecting, Granted } from 'toolgate/kit'
import { z } from 'zod'
import { personScope } from './permissions.ts'
import type { Settings } from './slack.ts'

const Token = z.object({
  access_token: z.string().min(1).max(4_096),
  refresh_token: z.string().min(1).max(4_096).optional(),
  expires_in: z.number().positive().optional(),
  scope: z.string().max(16_384).default(''),
})
/** For a code, what the person granted is a part of its own; a renewal gives it alone. */
const Access = z.object({ ok: z.literal(true), authed_user: z.unknown().optional() }).loose()
const Refused = z.object({ ok: z.literal(false), error: z.string().max(200) })
const Me = z.object({ ok: z.literal(true), user_id: z.string().min(1), user: z.string().min(1), team: z.string() })

/** What Slack says of a code, a refresh token or an app that is no good. docs.slack.dev/reference/methods/oauth.v2.access */
const final = new Set(
  'invalid_code code_already_used invalid_refresh_token token_expired token_revoked account_inactive invalid_grant_type bad_client_secret invalid_client_id bad_redirect_uri invalid_code_verifier'.split(
    ' ',
  ),
)

export const connect: Connect<Settings> = {
  routes: ['POST /api/auth.revoke'],
  authorize: ({ base }, scopes) => ({
    url: `${base}/oauth/v2/authorize`,
    // What a bot would need is the installation's, and no person's to grant.
    parameters: { user_scope: scopes.join(',') },
  }),
  scopes: (tools) => [...new Set(tools.flatMap((tool) => tool.scopes).map(personScope))],
  async grant(request, connecting) {
    const { client } = connecting
    const grant =
      'code' in request
        ? { code: request.code, redirect_uri: request.redirectUri, code_verifier: request.verifier }
        : { grant_type: 'refresh_token', refresh_token: request.refresh }
    const secret = client.secret === undefined ? {} : { client_secret: client.secret }
    const answer = await asked(connecting, 'oauth.v2.access', { ...grant, client_id: client.id, ...secret })
    const { authed_user: person, ...alone } = parseAnswer('Slack', Access, answer)
    const token = parseAnswer('Slack', Token, 'code' in request ? person : (withToken(person) ?? alone))
    return {
      access: token.access_token,
      refresh: token.refresh_token,
      expiresInSeconds: token.expires_in,
      scopes: token.scope.split(',').filter((scope) => scope !== ''),
    }
  },
  async account(granted, connecting) {
    const me = parseAnswer('Slack', Me, await asked(connecting, 'auth.test', {}, granted))
    return { id: me.user_id, name: `@${me.user} in ${me.team}`, scopes: granted.scopes, facts: {} }
  },
  async revoke(granted, connecting) {
    await asked(connecting, 'auth.revoke', {}, granted)
  },
  revokeByHand: 'in Slack, under Settings, Apps, or ask an administrator',
  settings: ({ client_id: _client, ...settings }) => ({ ...settings, token: 'user' }),
  // Slack says it in an answer that is otherwise as good as any.
  ended: ({ json }) => z.object({ ok: z.literal(false), error: z.literal('token_expired') }).safeParse(json).success,
}

function withToken(person: unknown): unknown {
  return Token.safeParse(person).success ? person : undefined
}

async function asked(
  { base, fetch }: Connecting<Settings>,
  method: string,
  form: Readonly<Record<string, string>>,
  granted?: Granted,
): Promise<unknown> {
  const response = await fetch(`${base}/api/${method}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      ...(granted && { authorization: `Bearer ${granted.access}` }),
    },
    body: new URLSearchParams(form).toString(),
  })
  const answer: unknown = await response.json().catch(() => undefined)
  const refusal = Refused.safeParse(answer).data
  if (refusal && final.has(refusal.error))
    throw new HubError('unauthenticated', 'Slack does not give access for this.', { cause: new Error(refusal.error) })
  if (refusal || !response.ok)
    throw new HubError('unavailable', 'Slack cannot give access right now. Try again later.', {
      cause: new Error(refusal?.error ?? String(response.status)),
    })
  return answer
}

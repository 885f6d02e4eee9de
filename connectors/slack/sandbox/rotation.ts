// The stand-in's tokens that end: docs.slack.dev/authentication/using-token-rotation
import type { JsonObject, SandboxState } from 'toolgate/kit'
import { SlackRefusal, app, ok, team } from './workspace.ts'
import type { Token } from './workspace.ts'

/** The seeded app, as its installer has it. */
export const installed = {
  clientId: '4123121235.9872358710',
  clientSecret: 'sandbox-client-secret',
  botRefreshToken: 'xoxe-1-sandbox-bot',
  userRefreshToken: 'xoxe-1-sandbox-maya',
} as const

/** Access tokens live twelve hours; a refresh token is good for one use. */
export const livesSeconds = 12 * 60 * 60

export function oauthV2Access(given: ReadonlyMap<string, string>, state: SandboxState, now: Date): JsonObject {
  if (given.get('client_id') !== installed.clientId) throw new SlackRefusal('invalid_client_id')
  if (given.get('client_secret') !== installed.clientSecret) throw new SlackRefusal('bad_client_secret')
  if (given.get('grant_type') !== 'refresh_token') throw new SlackRefusal('invalid_grant_type')
  const used = given.get('refresh_token') ?? ''
  const grant = state.get('refresh', used) as Token | undefined
  if (grant === undefined) throw new SlackRefusal('invalid_refresh_token')
  const count = state.next('rotation')
  const access = `xoxe.${grant.kind === 'bot' ? 'xoxb' : 'xoxp'}-1-sandbox-${count}`
  const refresh = `xoxe-1-sandbox-${count}`
  state.delete('refresh', used)
  state.put('refresh', refresh, grant)
  state.put('token', access, { ...grant, expires: Math.floor(now.getTime() / 1000) + livesSeconds })
  return ok({
    access_token: access,
    expires_in: livesSeconds,
    refresh_token: refresh,
    token_type: grant.kind,
    scope: grant.scopes.join(','),
    ...(grant.kind === 'bot' ? { bot_user_id: grant.user } : {}),
    app_id: app.id,
    team: { id: team.id, name: team.name },
    enterprise: null,
    is_enterprise_install: false,
  })
}

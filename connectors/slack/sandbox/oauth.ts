// Installing for oneself: the page on which a person agrees, the code, their rotating tokens, and their end.
// docs.slack.dev/authentication/installing-with-oauth, docs.slack.dev/reference/methods/auth.revoke
import { createHash } from 'node:crypto'
import { digest } from 'toolgate/kit'
import type { JsonObject, SandboxRequest, SandboxResponse, SandboxState } from 'toolgate/kit'
import { installed, livesSeconds } from './rotation.ts'
import { SlackRefusal, app, ok, team } from './workspace.ts'
import type { Asked, Token, User } from './workspace.ts'

const codeMs = 10 * 60_000

/** GET shows the page; POST of `user` agrees as that person, `user=nobody` declines. */
export function authorize({ method, query, body }: SandboxRequest, state: SandboxState, now: Date): SandboxResponse {
  const asked = method === 'POST' ? new URLSearchParams(body) : query
  const back = asked.get('redirect_uri') ?? ''
  if (asked.get('client_id') !== installed.clientId || !URL.canParse(back)) return html(400, 'Invalid client_id parameter')
  if ((asked.get('user_scope') ?? '') === '') return html(400, 'No scopes requested')
  if ((asked.get('code_challenge_method') ?? 'S256') !== 'S256') return html(400, 'Invalid code_challenge_method')
  const users = state.list('user').map(({ value }) => value as User)
  const people = users.filter(({ is_bot, stranger }) => !is_bot && !stranger)
  if (method === 'GET') return html(200, pageOf(asked, people))
  const person = people.find(({ name }) => name === asked.get('user'))
  const target = new URL(back)
  target.searchParams.set('state', asked.get('state') ?? '')
  if (!person) {
    target.searchParams.set('error', 'access_denied')
    return { status: 302, headers: { location: target.href } }
  }
  const number = state.next('code')
  const code = `${number}.${digest(`code ${number} ${person.id}`).slice(0, 40)}`
  state.put('code', code, {
    user: person.id,
    scopes: (asked.get('user_scope') ?? '').split(','),
    challenge: asked.get('code_challenge') ?? '',
    redirect: back,
    until: now.getTime() + codeMs,
  })
  target.searchParams.set('code', code)
  return { status: 302, headers: { location: target.href } }
}

/** docs.slack.dev/reference/methods/oauth.v2.access, of a code. */
export function accessOfCode(given: ReadonlyMap<string, string>, state: SandboxState, now: Date): JsonObject {
  if (given.get('client_id') !== installed.clientId) throw new SlackRefusal('invalid_client_id')
  if (given.get('client_secret') !== installed.clientSecret) throw new SlackRefusal('bad_client_secret')
  const code = given.get('code') ?? ''
  const kept = state.get('code', code)
  if (!kept) throw new SlackRefusal('invalid_code')
  state.delete('code', code)
  if (Number(kept['until']) <= now.getTime()) throw new SlackRefusal('invalid_code')
  if (kept['redirect'] !== given.get('redirect_uri')) throw new SlackRefusal('bad_redirect_uri')
  const proof = createHash('sha256')
    .update(given.get('code_verifier') ?? '')
    .digest('base64url')
  if (kept['challenge'] !== '' && kept['challenge'] !== proof) throw new SlackRefusal('invalid_code_verifier')
  const scopes = kept['scopes'] as readonly string[]
  const user = kept['user'] as string
  const count = state.next('rotation')
  const [access, refresh] = [`xoxe.xoxp-1-sandbox-${count}`, `xoxe-1-sandbox-${count}`]
  const grant: Token = { user, kind: 'user', scopes, revoked: false, expires: 0 }
  state.put('refresh', refresh, grant)
  state.put('token', access, { ...grant, expires: Math.floor(now.getTime() / 1000) + livesSeconds })
  return ok({
    app_id: app.id,
    authed_user: {
      id: user,
      scope: scopes.join(','),
      access_token: access,
      token_type: 'user',
      refresh_token: refresh,
      expires_in: livesSeconds,
    },
    team: { id: team.id, name: team.name },
    enterprise: null,
    is_enterprise_install: false,
  })
}

/** The token of the request, and what it would be renewed with. */
export function authRevoke({ token, state }: Asked): JsonObject {
  const isSame = (other: Token) => other.user === token.user && other.kind === token.kind
  for (const { id, value } of state.list('token'))
    if (id.startsWith('xoxe.') && isSame(value as Token)) state.put('token', id, { ...value, revoked: true })
  for (const { id, value } of state.list('refresh')) if (isSame(value as Token)) state.delete('refresh', id)
  return ok({ revoked: true })
}

function pageOf(asked: URLSearchParams, people: readonly User[]): string {
  const hidden = [...asked]
    .map(([name, value]) => `<input type="hidden" name="${escaped(name)}" value="${escaped(value)}">`)
    .join('')
  const buttons = people.map(
    ({ name, real_name: real }) => `<p><button name="user" value="${escaped(name)}">Allow as ${escaped(real)}</button></p>`,
  )
  return `<form method="post" action="authorize">${hidden}${buttons.join('')}<p><button name="user" value="nobody">Cancel</button></p></form>`
}

function html(status: number, body: string): SandboxResponse {
  const text = `<!doctype html><meta charset="utf-8"><title>Slack (sandbox)</title><h1>Toolgate asks to act as you in ${team.name}</h1>${body}`
  return { status, headers: { 'content-type': 'text/html; charset=utf-8' }, body: text }
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

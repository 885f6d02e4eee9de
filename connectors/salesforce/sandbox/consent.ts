// The web server flow: the page on which a user agrees, codes with their verifiers, refresh tokens that rotate, and their end.
// https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_web_server_flow.htm
// https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_revoke_token.htm
import { createHash } from 'node:crypto'
import { digest } from 'toolgate/kit'
import type { SandboxRequest, SandboxResponse, SandboxState } from 'toolgate/kit'
import { organizationId } from './ids.ts'
import { account, granted, requireSession } from './sign-in.ts'
import { hubUser, users } from './users.ts'

const codeMs = 15 * 60_000

/** GET shows the page; POST of `user` agrees as that user, `user=nobody` declines. */
export function authorize({ method, query, body }: SandboxRequest, state: SandboxState, now: Date): SandboxResponse {
  const asked = method === 'POST' ? new URLSearchParams(body) : query
  const back = asked.get('redirect_uri') ?? ''
  if (asked.get('client_id') !== account.clientId || !URL.canParse(back) || asked.get('response_type') !== 'code')
    return html(400, 'error=invalid_client_id')
  if ((asked.get('code_challenge_method') ?? 'S256') !== 'S256') return html(400, 'error=invalid_request')
  if (method === 'GET') return html(200, pageOf(asked))
  const user = users.find(({ key }) => key === asked.get('user') && key !== hubUser.key)
  const target = new URL(back)
  target.searchParams.set('state', asked.get('state') ?? '')
  if (!user) {
    target.searchParams.set('error', 'access_denied')
    target.searchParams.set('error_description', 'end-user denied authorization')
    return { status: 302, headers: { location: target.href } }
  }
  const number = state.next('code')
  const code = `aPrx.${number}.${digest(`code ${number} ${user.key}`).slice(0, 32)}`
  const scope = asked.get('scope') ?? 'api'
  const challenge = asked.get('code_challenge') ?? ''
  state.put('code', code, { user: user.key, scope, challenge, redirect: back, until: now.getTime() + codeMs })
  target.searchParams.set('code', code)
  return { status: 302, headers: { location: target.href } }
}

/** Undefined for a grant that is none of a person's. */
export function tokenOfPerson({ body }: SandboxRequest, state: SandboxState, now: Date): SandboxResponse | undefined {
  const form = new URLSearchParams(body)
  const isCode = form.get('grant_type') === 'authorization_code'
  const refresh = form.get('refresh_token') ?? ''
  const kept = isCode ? undefined : state.get('person-refresh', refresh)
  if (!isCode && !kept) return undefined
  if (form.get('client_id') !== account.clientId) return refused('invalid_client_id', 'client identifier invalid')
  if (form.get('client_secret') !== account.clientSecret) return refused('invalid_client', 'invalid client credentials')
  if (isCode) {
    const code = taken(form, state, now)
    if (typeof code === 'string') return refused('invalid_grant', code)
    return given(code.user, code.scope, `grant-${state.next('grant')}`, state, now)
  }
  const family = text(kept?.['family'])
  // A second use is taken for theft, and ends the newest too.
  if (kept?.['used'] === true) end(family, state)
  if (kept?.['used'] === true || state.get('ended', family)) return refused('invalid_grant', 'expired access/refresh token')
  state.put('person-refresh', refresh, { ...kept, used: true })
  return given(text(kept?.['user']), text(kept?.['scope']), family, state, now)
}

/** Ends the token, and with a refresh token all that came of it. */
export function revoke({ body }: SandboxRequest, state: SandboxState): SandboxResponse {
  const token = new URLSearchParams(body).get('token') ?? ''
  const family = (state.get('person-refresh', token) ?? state.get('person-access', token))?.['family']
  if (typeof family !== 'string' || state.get('ended', family))
    return refused('unsupported_token_type', 'this token type is not supported')
  end(family, state)
  return { status: 200 }
}

export function isRevoked({ headers }: SandboxRequest, state: SandboxState): boolean {
  const token = /^(?:Bearer|OAuth) (.+)$/.exec(headers.get('authorization') ?? '')?.[1] ?? ''
  const family = state.get('person-access', token)?.['family']
  return typeof family === 'string' && state.get('ended', family) !== undefined
}

/** https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_using_userinfo_endpoint.htm */
export function userInfo(request: SandboxRequest, now: Date): SandboxResponse {
  const user = requireSession(request, now)
  const sub = `https://login.salesforce.com/id/${organizationId}/${user.id}`
  return { status: 200, body: { sub, user_id: user.id, organization_id: organizationId, preferred_username: user.username } }
}

function taken(form: URLSearchParams, state: SandboxState, now: Date): { user: string; scope: string } | string {
  const code = form.get('code') ?? ''
  const kept = state.get('code', code)
  if (!kept) return 'invalid authorization code'
  state.delete('code', code)
  if (Number(kept['until']) <= now.getTime()) return 'expired authorization code'
  if (kept['redirect'] !== form.get('redirect_uri')) return 'redirect_uri must match configuration'
  const proof = createHash('sha256')
    .update(form.get('code_verifier') ?? '')
    .digest('base64url')
  if (kept['challenge'] !== '' && kept['challenge'] !== proof) return 'invalid code verifier'
  return { user: text(kept['user']), scope: text(kept['scope']) }
}

function given(key: string, scope: string, family: string, state: SandboxState, now: Date): SandboxResponse {
  const user = users.find((each) => each.key === key)
  if (!user) return refused('invalid_grant', 'inactive user')
  const number = state.next('person-refresh')
  const refresh = `5Aep.${key}.${number}.${digest(`refresh ${number} ${family}`).slice(0, 32)}`
  const lasts = scope.split(' ').includes('refresh_token')
  if (lasts) state.put('person-refresh', refresh, { user: key, scope, family, used: false })
  const answer = granted(user, now, { scope, ...(lasts && { refresh_token: refresh }) })
  const access = (answer.body as { readonly access_token: string }).access_token
  state.put('person-access', access, { family })
  return answer
}

function end(family: string, state: SandboxState): void {
  state.put('ended', family, { ended: true })
}

function pageOf(asked: URLSearchParams): string {
  const hidden = [...asked]
    .map(([name, value]) => `<input type="hidden" name="${escaped(name)}" value="${escaped(value)}">`)
    .join('')
  const people = users.filter(({ key }) => key !== hubUser.key)
  const buttons = people.map(
    ({ key, username }) => `<p><button name="user" value="${key}">Allow as ${escaped(username)}</button></p>`,
  )
  return `<form method="post" action="authorize">${hidden}${buttons.join('')}<p><button name="user" value="nobody">Deny</button></p></form>`
}

function html(status: number, body: string): SandboxResponse {
  const whole = `<!doctype html><meta charset="utf-8"><title>Salesforce (sandbox)</title><h1>Allow access?</h1>${body}`
  return { status, headers: { 'content-type': 'text/html; charset=utf-8' }, body: whole }
}

function refused(error: string, description: string): SandboxResponse {
  return { status: 400, body: { error, error_description: description } }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function escaped(words: string): string {
  return words.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

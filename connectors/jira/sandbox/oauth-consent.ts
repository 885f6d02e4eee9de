// The page on which somebody of the company agrees, and the code that comes of it: good once, for a minute, with its verifier.
// https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/ ; RFC 7636
import { createHash } from 'node:crypto'
import { company, digest } from 'toolgate/kit'
import type { Json, SandboxRequest, SandboxResponse, SandboxState } from 'toolgate/kit'
import { word } from './answer.ts'
import { app } from './oauth-app.ts'
import { accountIdOf } from './world.ts'

const codeMs = 60_000

/** GET shows the page; POST of `person` agrees as that person, `person=nobody` declines. */
export function authorize({ method, query, body }: SandboxRequest, state: SandboxState, now: Date): SandboxResponse {
  const asked = method === 'POST' ? new URLSearchParams(body) : query
  const back = asked.get('redirect_uri') ?? ''
  const wrong = whatIsWrong(asked)
  // Whoever is not known is not sent anywhere.
  if (asked.get('client_id') !== app.clientId || !URL.canParse(back) || wrong !== undefined)
    return html(400, `<p>Something went wrong: ${wrong ?? 'the app or its callback URL is not known'}.</p>`)
  if (method === 'GET') return html(200, pageOf(asked))
  const person = company.people.find(({ id }) => id === asked.get('person') && id !== 'toolgate')
  const target = new URL(back)
  target.searchParams.set('state', asked.get('state') ?? '')
  if (!person) {
    target.searchParams.set('error', 'access_denied')
    return { status: 302, headers: { location: target.href } }
  }
  const number = state.next('code')
  const code = `sandbox-code-${number}-${digest(`code ${number} ${person.id}`).slice(0, 24)}`
  state.put('code', code, {
    account: accountIdOf(person.id),
    scope: asked.get('scope') ?? '',
    redirect: back,
    challenge: asked.get('code_challenge') ?? '',
    until: now.getTime() + codeMs,
  })
  target.searchParams.set('code', code)
  return { status: 302, headers: { location: target.href } }
}

/** What was agreed to, for a code that is good; a code that was tried is used up. */
export function exchanged(
  given: Readonly<Record<string, Json>>,
  state: SandboxState,
  now: Date,
): { readonly account: string; readonly scope: string } | undefined {
  const code = word(given['code'] ?? '')
  const kept = state.get('code', code)
  if (!kept) return undefined
  state.delete('code', code)
  const verifier = word(given['code_verifier'] ?? '')
  const proven = kept['challenge'] === '' || kept['challenge'] === createHash('sha256').update(verifier).digest('base64url')
  if (!proven || Number(kept['until']) <= now.getTime() || kept['redirect'] !== given['redirect_uri']) return undefined
  return { account: word(kept['account'] ?? ''), scope: word(kept['scope'] ?? '') }
}

function whatIsWrong(asked: URLSearchParams): string | undefined {
  if (asked.get('audience') !== 'api.atlassian.com') return 'audience must be api.atlassian.com'
  if (asked.get('response_type') !== 'code') return 'response_type must be code'
  if (asked.get('prompt') !== 'consent') return 'prompt must be consent'
  if ((asked.get('scope') ?? '') === '') return 'scope is missing'
  const method = asked.get('code_challenge_method')
  if (method !== null && method !== 'S256') return 'code_challenge_method must be S256'
  return undefined
}

function pageOf(asked: URLSearchParams): string {
  const hidden = [...asked]
    .map(([name, value]) => `<input type="hidden" name="${escaped(name)}" value="${escaped(value)}">`)
    .join('')
  const people = company.people.filter(({ id }) => id !== 'toolgate')
  const buttons = people.map(
    ({ id, name }) => `<p><button name="person" value="${id}">Accept as ${escaped(name)}</button></p>`,
  )
  return `<form method="post" action="authorize">${hidden}${buttons.join('')}<p><button name="person" value="nobody">Cancel</button></p></form>`
}

function html(status: number, body: string): SandboxResponse {
  const text = `<!doctype html><meta charset="utf-8"><title>Atlassian (sandbox)</title><h1>Toolgate wants to access your Atlassian account</h1>${body}`
  return { status, headers: { 'content-type': 'text/html; charset=utf-8' }, body: text }
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

// Signing in at the company's identity provider: away from the page and back to it, in one browser.
import type { IncomingMessage } from 'node:http'
import { HubError } from '../kit/error.ts'
import type { AdminHub, SessionView } from './hub.ts'
import { readJson, Refusal } from './request.ts'

export const signInPath = '/admin/api/sign-in'
const finishPath = `${signInPath}/finish`
const answerMax = 4000

export type SignInStep =
  | { readonly step: 'options'; readonly value: { readonly provider: string | undefined } }
  | { readonly step: 'away'; readonly value: { readonly location: string }; readonly browser: string }
  | { readonly step: 'in'; readonly opened: { readonly token: string; readonly session: SessionView } }

/** @param browser what this browser was given when it went away; empty where there is nothing */
export async function signInStep(
  hub: AdminHub,
  incoming: IncomingMessage,
  path: string,
  browser: string,
): Promise<SignInStep> {
  const provider = hub.signIn.provider()
  if (path === signInPath && incoming.method === 'GET')
    return { step: 'options', value: { provider: provider && new URL(provider).host } }
  if (incoming.method !== 'POST') throw new Refusal(405, 'Ask with POST.')
  if (path === signInPath) {
    // Checked before: it is the hub's own, under a host name that it knows.
    const { location, browser: given } = await hub.signIn.begin(`${incoming.headers.origin}/admin/sign-in`)
    return { step: 'away', value: { location }, browser: given }
  }
  if (path !== finishPath) throw new Refusal(404, 'There is no such page.')
  const { answer } = await readJson(incoming)
  if (typeof answer !== 'string' || answer.length > answerMax || browser === '')
    throw new HubError('forbidden', 'This sign-in did not begin in this browser. Sign in again.')
  return { step: 'in', opened: await hub.signIn.finish(browser, answer) }
}

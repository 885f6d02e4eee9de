// What a caller's token is exchanged for at the server that issued it: one for a vendor (RFC 8693), or an assertion of who it is
// (ID-JAG, draft-ietf-oauth-identity-assertion-authz-grant). The caller's own token goes nowhere else.
import { z } from 'zod'
import { HubError } from '../kit/error.ts'
import { discovery } from './discovery.ts'
import { NotKnown } from './issuer.ts'
import type { Ask } from './issuer.ts'

export interface TokenExchange {
  /** Of the token that is exchanged; it is asked there. */
  readonly issuer: string
  readonly clientId: string
  /** Reads the client's secret, which may rotate. */
  readonly secret: () => Promise<string>
  /** For whom the new token is, as the issuer knows the vendor. */
  readonly audience: string
  readonly scope: string | undefined
  readonly requests: 'access_token' | 'id-jag'
  /** For people: `Salesforce`. */
  readonly title: string
  readonly ask: Ask
  readonly now: () => Date
}

const types = {
  access_token: 'urn:ietf:params:oauth:token-type:access_token',
  'id-jag': 'urn:ietf:params:oauth:token-type:id-jag',
} as const

const Answer = z.object({ access_token: z.string().min(1).max(16_384), issued_token_type: z.string() })
const Refused = z.object({ error: z.string().regex(/^[a-z_]{1,60}$/) })

/** @throws HubError `forbidden` where the issuer says no, `unavailable` where it cannot be asked */
export function tokenExchange(options: TokenExchange): (token: string) => Promise<string> {
  const describe = discovery(options.issuer, options)
  return async (token) => {
    const { status, text } = await asked(token)
    if (status === 400 || status === 401 || status === 403) throw refused(text, options)
    const answer = Answer.safeParse(parsed(text))
    if (status !== 200 || !answer.success) throw away(options)
    if (answer.data.issued_token_type !== types[options.requests])
      throw new HubError('forbidden', `${host(options)} gave another kind of token than was asked for. It was not used.`)
    // An issuer that gives back what it got would have the hub pass it on.
    if (answer.data.access_token === token)
      throw new HubError('forbidden', `${host(options)} exchanged the token for itself. It was not passed on.`)
    return answer.data.access_token
  }

  async function asked(token: string): Promise<{ readonly status: number; readonly text: string }> {
    const { clientId, audience, scope, requests } = options
    try {
      const { token_endpoint: url } = await describe()
      if (url === undefined) throw new NotKnown('The authorization server does not say where tokens are exchanged.')
      const basic = [clientId, await options.secret()].map((part) => encodeURIComponent(part)).join(':')
      return await options.ask({
        url,
        method: 'POST',
        headers: {
          authorization: `Basic ${Buffer.from(basic).toString('base64')}`,
          'content-type': 'application/x-www-form-urlencoded',
          accept: 'application/json',
        },
        body: new URLSearchParams({
          grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
          subject_token: token,
          subject_token_type: types.access_token,
          requested_token_type: types[requests],
          audience,
          ...(scope !== undefined && { scope }),
        }).toString(),
      })
    } catch (cause) {
      throw away(options, cause)
    }
  }
}

function refused(text: string, options: TokenExchange): HubError {
  const said = Refused.safeParse(parsed(text))
  const code = said.success ? ` (${said.data.error})` : ''
  return new HubError(
    'forbidden',
    `Nothing was sent: ${host(options)} gives the hub no access to ${options.title} in your name${code}. Ask whoever runs it.`,
  )
}

function away(options: TokenExchange, cause?: unknown): HubError {
  const sentence = `Nothing was sent: ${host(options)} cannot exchange your token now. Try again later.`
  return new HubError('unavailable', sentence, { cause })
}

function host({ issuer }: TokenExchange): string {
  return new URL(issuer).host
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

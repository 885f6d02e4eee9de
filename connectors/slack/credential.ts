// What the credential of a connection is: a token, a pair of tokens, or what new tokens are fetched with.
import { HubError } from 'toolgate/kit'
import { z } from 'zod'
import type { Settings } from './slack.ts'

export interface Tokens {
  readonly kind: 'tokens'
  /** As whom everything is done. */
  readonly main: string
  /** As whom is searched; undefined where nobody can. */
  readonly person: string | undefined
}

export interface Rotating {
  readonly kind: 'rotating'
  readonly clientId: string
  readonly clientSecret: string
  /** The one of the installation, good until the first renewal. */
  readonly refreshToken: string
}

const rotating = z.strictObject({ client_secret: z.string().min(1), refresh_token: z.string().startsWith('xoxe-') })
const both = z.strictObject({ bot: z.string().startsWith('xoxb-'), user: z.string().startsWith('xoxp-') })

/** @throws HubError `unauthenticated` when it is not what the settings say; its sentence holds nothing of it */
export function credentialOf(text: string, { token, client_id }: Settings): Tokens | Rotating {
  const json = text.trimStart().startsWith('{') ? parse(text) : undefined
  if (json !== undefined) {
    const renewed = rotating.safeParse(json).data
    if (renewed !== undefined && token !== 'both') {
      if (client_id === undefined) throw wrong('This credential renews itself, for which the setting client_id is missing.')
      return {
        kind: 'rotating',
        clientId: client_id,
        clientSecret: renewed.client_secret,
        refreshToken: renewed.refresh_token,
      }
    }
    const pair = both.safeParse(json).data
    if (pair === undefined || token !== 'both') throw wrong('The credential has not the parts that its settings call for.')
    return { kind: 'tokens', main: pair.bot, person: pair.user }
  }
  if (token === 'bot' && text.startsWith('xoxp-')) throw wrong('The credential is the token of a person, not of a bot.')
  if (token === 'user' && text.startsWith('xoxb-')) throw wrong('The credential is the token of a bot, not of a person.')
  return { kind: 'tokens', main: text, person: token === 'user' ? text : undefined }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw wrong('The credential begins like JSON and is none.')
  }
}

function wrong(what: string): HubError {
  return new HubError('unauthenticated', `${what} Whoever runs the hub finds in the connector's page what it must be.`)
}

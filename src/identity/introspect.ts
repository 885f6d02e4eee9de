// Tokens that only their issuer can read: asked of it (RFC 7662), and remembered for seconds.
import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Payload } from './claims.ts'
import { NotAccepted, NotKnown } from './issuer.ts'
import type { Ask, Introspection } from './issuer.ts'

export interface IntrospectOptions {
  readonly ask: Ask
  readonly endpoint: () => Promise<string>
  readonly introspection: Introspection
  readonly now: () => Date
  readonly maxKept?: number
}

const Answer = z.looseObject({ active: z.boolean() })

/** What the issuer says of an active token. Its claims are still to be judged. */
export function introspector({ ask, endpoint, introspection, now, maxKept = 10_000 }: IntrospectOptions) {
  const kept = new Map<string, { readonly payload: Payload | undefined; readonly untilMs: number }>()
  const asking = new Map<string, Promise<Payload | undefined>>()

  return async (token: string): Promise<Payload> => {
    // The token itself is not kept.
    const digest = createHash('sha256').update(token).digest('base64url')
    const known = kept.get(digest)
    const payload = known && known.untilMs > now().getTime() ? known.payload : await asked(digest, token)
    if (payload === undefined) throw new NotAccepted('The token is not valid any more, or never was.')
    return payload
  }

  async function asked(digest: string, token: string): Promise<Payload | undefined> {
    const under = asking.get(digest) ?? read(token).finally(() => asking.delete(digest))
    asking.set(digest, under)
    const payload = await under
    kept.delete(digest)
    if (kept.size >= maxKept) kept.delete(kept.keys().next().value!)
    kept.set(digest, { payload, untilMs: now().getTime() + introspection.cacheMs })
    return payload
  }

  async function read(token: string): Promise<Payload | undefined> {
    try {
      const secret = await introspection.secret()
      const basic = [introspection.clientId, secret].map((part) => encodeURIComponent(part)).join(':')
      const { status, text } = await ask({
        url: await endpoint(),
        method: 'POST',
        headers: {
          authorization: `Basic ${Buffer.from(basic).toString('base64')}`,
          'content-type': 'application/x-www-form-urlencoded',
          accept: 'application/json',
        },
        body: new URLSearchParams({ token, token_type_hint: 'access_token' }).toString(),
      })
      if (status !== 200) throw new Error(`The introspection was answered with status ${status}.`)
      const answer = Answer.parse(JSON.parse(text))
      return answer.active ? answer : undefined
    } catch (cause) {
      throw new NotKnown('The authorization server cannot be asked about the token now.', { cause })
    }
  }
}

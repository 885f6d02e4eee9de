// The authorization server's own description (OpenID Connect Discovery, RFC 8414), asked once and kept.
import { z } from 'zod'
import { NotKnown } from './issuer.ts'
import type { Ask } from './issuer.ts'

const Description = z.object({
  issuer: z.string(),
  jwks_uri: z.url().optional(),
  introspection_endpoint: z.url().optional(),
  token_endpoint: z.url().optional(),
})
export type Description = z.output<typeof Description>

export interface DiscoveryOptions {
  readonly ask: Ask
  readonly now: () => Date
}

const keepMs = 60 * 60_000
const retryMs = 5_000

/** @throws NotKnown while the server cannot be asked, or describes another one */
export function discovery(issuer: string, { ask, now }: DiscoveryOptions): () => Promise<Description> {
  let known: { readonly description: Description; readonly atMs: number } | undefined
  let failedAtMs = -Infinity
  let asking: Promise<Description> | undefined
  return async () => {
    const ms = now().getTime()
    if (known && ms - known.atMs < keepMs) return known.description
    if (ms - failedAtMs < retryMs) {
      if (known) return known.description
      throw new NotKnown('The authorization server cannot be asked now.')
    }
    asking ??= read()
      .then((description) => {
        known = { description, atMs: now().getTime() }
        return description
      })
      .catch((cause: unknown) => {
        failedAtMs = now().getTime()
        if (known) return known.description
        throw cause
      })
      .finally(() => (asking = undefined))
    return await asking
  }

  async function read(): Promise<Description> {
    let last: unknown
    for (const url of wellKnown(issuer)) {
      try {
        const { status, text } = await ask({ url })
        if (status !== 200) continue
        const description = Description.parse(JSON.parse(text))
        // Exactly: a description of somebody else would bring somebody else's keys.
        if (description.issuer !== issuer) throw new Error('The description is of another issuer.')
        return description
      } catch (error) {
        last = error
      }
    }
    throw new NotKnown('The authorization server does not describe itself as configured.', { cause: last })
  }
}

/** Where the description may be: after the issuer's path, or before it (RFC 8414, 3.1). */
function wellKnown(issuer: string): readonly string[] {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, '')
  return [
    `${origin}${path}/.well-known/openid-configuration`,
    `${origin}/.well-known/oauth-authorization-server${path}`,
    ...(path === '' ? [] : [`${origin}/.well-known/openid-configuration${path}`]),
  ]
}

// HashiCorp Vault over HTTP: KV version 2, signed in by a token or an AppRole (https://developer.hashicorp.com/vault/api-docs).
import { z } from 'zod'
import { HubError } from '../../kit/error.ts'
import { believedMs } from './places.ts'
import type { Found, PlaceOptions, VaultPlace } from './places.ts'

export interface Vault {
  read(path: string, field: string): Promise<Found>
  write(path: string, field: string, secret: string): Promise<void>
}

const Read = z.object({
  lease_duration: z.number().default(0),
  data: z.object({ data: z.record(z.string(), z.unknown()).nullable() }),
})
const Login = z.object({ auth: z.object({ client_token: z.string().min(1), lease_duration: z.number() }) })

export function vault(place: VaultPlace, { ask, resolve, now }: PlaceOptions): Vault {
  let login: { readonly token: string; readonly untilMs: number } | undefined
  const base = place.address.replace(/\/$/, '')
  const space = place.namespace === undefined ? {} : { 'x-vault-namespace': place.namespace }

  async function token(): Promise<string> {
    if (place.token !== undefined) return await resolve(place.token)
    if (!place.appRole)
      throw unusable('"secrets.vault" says neither "token" nor "appRole", so the hub cannot sign in there.')
    if (login && login.untilMs > now().getTime()) return login.token
    const [roleId, secretId] = await Promise.all([resolve(place.appRole.roleId), resolve(place.appRole.secretId)])
    const { status, text } = await ask({
      url: `${base}/v1/auth/approle/login`,
      method: 'POST',
      headers: { 'content-type': 'application/json', ...space },
      body: JSON.stringify({ role_id: roleId, secret_id: secretId }),
    })
    if (status !== 200) throw refusal(status, 'the AppRole')
    const { auth } = parse(Login, text)
    // Renewed before it ends, so that no request meets its end.
    login = { token: auth.client_token, untilMs: now().getTime() + auth.lease_duration * 800 }
    return auth.client_token
  }

  async function send(path: string, method: 'GET' | 'POST', body?: string) {
    const request = async () =>
      await ask({
        url: `${base}/v1/${encoded(place.mount)}/data/${encoded(path)}`,
        method,
        headers: {
          'x-vault-token': await token(),
          ...space,
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body }),
      })
    const first = await request()
    // A token that was revoked early looks like one that may not: signed in anew, once.
    if (first.status !== 403 || login === undefined) return first
    login = undefined
    return await request()
  }

  return {
    async read(path, field) {
      const { status, text } = await send(path, 'GET')
      if (status !== 200) throw refusal(status, path)
      const { data, lease_duration: lease } = parse(Read, text)
      const secret = data.data && Object.hasOwn(data.data, field) ? data.data[field] : undefined
      if (typeof secret !== 'string' || secret === '') throw unusable(`The vault has no field ${field} at ${path}.`)
      const leaseMs = lease > 0 ? Math.min(believedMs, lease * 667) : believedMs
      return { secret, rereadAtMs: now().getTime() + leaseMs }
    },
    async write(path, field, secret) {
      const before = await send(path, 'GET')
      const fields = before.status === 200 ? (parse(Read, before.text).data.data ?? {}) : {}
      if (before.status !== 200 && before.status !== 404) throw refusal(before.status, path)
      const { status } = await send(path, 'POST', JSON.stringify({ data: { ...fields, [field]: secret } }))
      if (status !== 200 && status !== 204) throw refusal(status, path)
    },
  }
}

function encoded(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/')
}

function parse<Schema extends z.ZodType>(schema: Schema, text: string): z.output<Schema> {
  try {
    return schema.parse(JSON.parse(text))
  } catch {
    // The text may hold the secret: it does not travel on as a cause.
    throw new HubError(
      'unavailable',
      'The vault gave an answer that could not be understood. Check "secrets.vault.address" and "mount".',
    )
  }
}

function refusal(status: number, what: string): HubError {
  if (status === 403)
    return unusable(`The vault does not let the hub use ${what}. Check its policy, and that the token is still good.`)
  if (status === 404) return unusable(`The vault has nothing at ${what}.`)
  if (status === 503)
    return new HubError('unavailable', 'The vault is sealed or not ready. Unseal it, and the hub goes on by itself.')
  if (status === 429 || status >= 500) return new HubError('unavailable', `The vault cannot answer now (status ${status}).`)
  return unusable(`The vault refused what was asked about ${what} (status ${status}).`)
}

function unusable(sentence: string): HubError {
  return new HubError('unauthenticated', sentence)
}

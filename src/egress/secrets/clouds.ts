// The secret managers of the clouds over plain HTTPS: AWS (SigV4), Google (service account), Azure (client credentials).
import { createHash, createHmac, createSign } from 'node:crypto'
import { z } from 'zod'
import { HubError } from '../../kit/error.ts'
import { believedMs } from './places.ts'
import type { AwsPlace, AzurePlace, Found, GcpPlace, PlaceOptions } from './places.ts'

export type CloudRead = (name: string) => Promise<Found>

const form = { 'content-type': 'application/x-www-form-urlencoded' }

/** GetSecretValue, signed as https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html says. */
export function awsSecrets(place: AwsPlace, { ask, resolve, now }: PlaceOptions): CloudRead {
  const url = place.endpoint ?? `https://secretsmanager.${place.region}.amazonaws.com/`
  return async (name) => {
    const [id, key, session] = await Promise.all([
      resolve(place.accessKeyId),
      resolve(place.secretAccessKey),
      place.sessionToken === undefined ? undefined : resolve(place.sessionToken),
    ])
    const body = JSON.stringify({ SecretId: name })
    const named = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'secretsmanager.GetSecretValue' }
    const signing = { region: place.region, service: 'secretsmanager', id, key, session, now: now() }
    const headers = signV4({ url, body, headers: named, ...signing })
    const { status, text } = await ask({ url, method: 'POST', headers, body })
    if (status !== 200) throw refusal('AWS Secrets Manager', status, name)
    const { SecretString: secret } = parse(z.object({ SecretString: z.string().min(1) }), text, 'AWS Secrets Manager')
    return believed(secret, now)
  }
}

interface Signing {
  readonly url: string
  readonly body: string
  readonly region: string
  readonly service: string
  /** Beside the host and the date. */
  readonly headers: Readonly<Record<string, string>>
  readonly id: string
  readonly key: string
  readonly session: string | undefined
  readonly now: Date
}

export function signV4({
  url,
  body,
  region,
  service,
  headers: more,
  id,
  key,
  session,
  now,
}: Signing): Record<string, string> {
  const time = now.toISOString().replaceAll(/[-:]|\.\d{3}/g, '')
  const scope = `${time.slice(0, 8)}/${region}/${service}/aws4_request`
  const { host, pathname } = new URL(url)
  const headers: Record<string, string> = {
    ...more,
    host,
    'x-amz-date': time,
    ...(session !== undefined && { 'x-amz-security-token': session }),
  }
  const names = Object.keys(headers).sort()
  const canonical = [
    'POST',
    pathname,
    '',
    ...names.map((name) => `${name}:${headers[name]}`),
    '',
    names.join(';'),
    sha256(body),
  ].join('\n')
  const text = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n')
  const signing = [time.slice(0, 8), region, service, 'aws4_request'].reduce<Buffer>(
    (secret, part) => createHmac('sha256', secret).update(part).digest(),
    Buffer.from(`AWS4${key}`),
  )
  const signature = createHmac('sha256', signing).update(text).digest('hex')
  const authorization = `AWS4-HMAC-SHA256 Credential=${id}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`
  return { ...headers, authorization }
}

const ServiceAccount = z.object({ client_email: z.string(), private_key: z.string(), private_key_id: z.string().optional() })
const Token = z.object({ access_token: z.string().min(1), expires_in: z.number() })

/** The metadata server of a machine is never asked: only what the configuration names signs in. */
export function gcpSecrets(place: GcpPlace, options: PlaceOptions): CloudRead {
  const { ask, resolve, now } = options
  const what = 'Google Secret Manager'
  const token = keptToken(
    now,
    async () => {
      const account = parse(ServiceAccount, await resolve(place.serviceAccount), 'The key of the service account')
      const at = Math.floor(now().getTime() / 1000)
      const url = 'https://oauth2.googleapis.com/token'
      const claims = {
        iss: account.client_email,
        scope: 'https://www.googleapis.com/auth/cloud-platform',
        aud: url,
        iat: at,
        exp: at + 600,
      }
      const start = [{ alg: 'RS256', typ: 'JWT', kid: account.private_key_id }, claims]
        .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
        .join('.')
      const assertion = `${start}.${createSign('RSA-SHA256').update(start).sign(account.private_key, 'base64url')}`
      const body = new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion }).toString()
      return await ask({ url, method: 'POST', headers: form, body })
    },
    what,
  )
  return async (name) => {
    const [id = '', version = 'latest'] = name.split('@')
    const path = `projects/${encodeURIComponent(place.project)}/secrets/${encodeURIComponent(id)}/versions/${encodeURIComponent(version)}`
    const { status, text } = await ask({
      url: `https://secretmanager.googleapis.com/v1/${path}:access`,
      headers: { authorization: `Bearer ${await token()}` },
    })
    if (status !== 200) throw refusal(what, status, name)
    const { payload } = parse(z.object({ payload: z.object({ data: z.string().min(1) }) }), text, what)
    return believed(Buffer.from(payload.data, 'base64').toString('utf8'), now)
  }
}

export function azureSecrets(place: AzurePlace, { ask, resolve, now }: PlaceOptions): CloudRead {
  const what = 'Azure Key Vault'
  const token = keptToken(
    now,
    async () => {
      const body = new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: place.clientId,
        client_secret: await resolve(place.clientSecret),
        scope: 'https://vault.azure.net/.default',
      }).toString()
      const url = `https://login.microsoftonline.com/${encodeURIComponent(place.tenant)}/oauth2/v2.0/token`
      return await ask({ url, method: 'POST', headers: form, body })
    },
    what,
  )
  return async (name) => {
    const url = `${place.address.replace(/\/$/, '')}/secrets/${encodeURIComponent(name)}?api-version=7.4`
    const { status, text } = await ask({ url, headers: { authorization: `Bearer ${await token()}` } })
    if (status !== 200) throw refusal(what, status, name)
    return believed(parse(z.object({ value: z.string().min(1) }), text, what).value, now)
  }
}

function keptToken(now: () => Date, get: () => Promise<{ readonly status: number; readonly text: string }>, what: string) {
  let kept: { readonly token: string; readonly untilMs: number } | undefined
  return async (): Promise<string> => {
    if (kept && kept.untilMs > now().getTime()) return kept.token
    const { status, text } = await get()
    if (status !== 200) throw refusal(what, status, 'the sign-in')
    const { access_token: token, expires_in: seconds } = parse(Token, text, what)
    kept = { token, untilMs: now().getTime() + seconds * 800 }
    return token
  }
}

function believed(secret: string, now: () => Date): Found {
  return { secret, rereadAtMs: now().getTime() + believedMs }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function parse<Schema extends z.ZodType>(schema: Schema, text: string, what: string): z.output<Schema> {
  try {
    return schema.parse(JSON.parse(text))
  } catch {
    // The text may hold the secret: it does not travel on as a cause.
    throw new HubError('unavailable', `${what} gave an answer that could not be understood.`)
  }
}

function refusal(what: string, status: number, name: string): HubError {
  if (status >= 500 || status === 429) return new HubError('unavailable', `${what} cannot answer now (status ${status}).`)
  const hint = status === 404 ? 'Check its name.' : 'Check that the hub may read it.'
  return new HubError('unauthenticated', `${what} did not give ${name} (status ${status}). ${hint}`)
}

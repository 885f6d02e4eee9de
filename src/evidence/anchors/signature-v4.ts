// AWS Signature Version 4 for one request (https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html).
import { createHash, createHmac } from 'node:crypto'

export interface SignedRequest {
  readonly method: string
  /** Its path is encoded already, and is signed as it is. */
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly now: Date
  readonly credential: Credential
}

export interface Credential {
  readonly id: string
  readonly secret: string
  readonly region: string
  readonly service: string
}

/** The headers to send, `authorization` among them; `host` is signed and set by whoever sends. */
export function signedHeaders({ method, url, headers, body, now, credential }: SignedRequest): Record<string, string> {
  const time = now.toISOString().replaceAll(/[-:]|\.\d{3}/g, '')
  const bodyHash = sha256(body)
  const sent: Record<string, string> = { ...headers, 'x-amz-content-sha256': bodyHash, 'x-amz-date': time }
  const { authorization } = authorize(method, url, { ...sent, host: url.host }, bodyHash, time, credential)
  return { ...sent, authorization }
}

/** Also what a receiver computes to compare. */
export function authorize(
  method: string,
  url: URL,
  headers: Readonly<Record<string, string>>,
  bodyHash: string,
  time: string,
  { id, secret, region, service }: Credential,
): { readonly authorization: string } {
  const names = Object.keys(headers)
    .map((name) => name.toLowerCase())
    .sort()
  const lines = names.map((name) => `${name}:${headers[name]!.trim().replaceAll(/ +/g, ' ')}\n`).join('')
  const query = [...url.searchParams]
    .map(([key, value]) => `${encoded(key)}=${encoded(value)}`)
    .sort()
    .join('&')
  const canonicalRequest = [method, url.pathname, query, lines, names.join(';'), bodyHash].join('\n')
  const scope = `${time.slice(0, 8)}/${region}/${service}/aws4_request`
  const text = ['AWS4-HMAC-SHA256', time, scope, sha256(canonicalRequest)].join('\n')
  const key = [time.slice(0, 8), region, service, 'aws4_request'].reduce<Buffer | string>(hmac, `AWS4${secret}`)
  const signature = hmac(key, text).toString('hex')
  return {
    authorization: `AWS4-HMAC-SHA256 Credential=${id}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`,
  }
}

function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function hmac(key: Buffer | string, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

// What every request to the app goes through: its headers, where it comes from, its body, and how it is answered.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { parseJson } from '../kit/json.ts'

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

const headers = {
  'content-security-policy': policy,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
} as const

/** Every answer of the app carries them, also a refusal. */
export function protect(response: ServerResponse): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
}

/** A refusal, in a sentence for whoever sits at the browser. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export function answerJson(response: ServerResponse, status: number, value: unknown): void {
  if (response.headersSent || response.destroyed) return
  const body = JSON.stringify(value)
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    ...(status >= 400 && { connection: 'close' }),
  })
  response.end(body)
}

/**
 * Where the browser says that the request comes from. A page of another origin is refused whatever it asks; a change must
 * say that it comes from here, in a header that no page can forge.
 *
 * @throws Refusal
 */
export function checkOrigin(incoming: IncomingMessage, changes: boolean): void {
  const { origin, host } = incoming.headers
  const site = incoming.headers['sec-fetch-site']
  const own = origin === `http://${host}` || origin === `https://${host}`
  // `none` is a person who typed the address; only for looking.
  if (site !== undefined && site !== 'same-origin' && (changes || site !== 'none')) throw new Refusal(403, foreign)
  if (origin !== undefined && !own) throw new Refusal(403, foreign)
  if (changes && !own) throw new Refusal(403, foreign)
}

const foreign = 'This request does not come from a page of the hub.'
const bodyMax = 256 * 1024

/** @throws Refusal for what is not a JSON object of moderate size */
export async function readJson(incoming: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  if (
    incoming.headers['content-type']?.split(';', 1)[0]?.trim() !== 'application/json' ||
    incoming.headers['content-encoding'] !== undefined
  )
    throw new Refusal(415, 'Send application/json.')
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > bodyMax) throw new Refusal(413, `Send at most ${bodyMax} bytes.`)
    chunks.push(chunk)
  }
  try {
    // What an approver writes here is planned and sent: nothing in it may have two meanings.
    const value: unknown = parseJson(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks)))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch {
    // The sentence below says it.
  }
  throw new Refusal(400, 'The body is not a JSON object.')
}

/** The value of one cookie; undefined when it is there twice, since two could be read differently. */
export function cookieOf(incoming: IncomingMessage, name: string): string | undefined {
  const found = (incoming.headers.cookie ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
  return found.length === 1 ? found[0]?.slice(name.length + 1) : undefined
}

// A vendor's answer, read to its end within a limit before anyone sees it.
import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate } from 'node:zlib'
import type { Dispatcher } from 'undici'
import { HubError } from '../kit/error.ts'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Buffer<ArrayBuffer>
}

/** The encodings that are asked for and understood. */
export const acceptedEncodings = 'gzip, deflate, br'

const decoders = new Map([
  ['gzip', promisify(gunzip)],
  ['x-gzip', promisify(gunzip)],
  ['deflate', promisify(inflate)],
  ['br', promisify(brotliDecompress)],
])

export async function readAnswer(data: Dispatcher.ResponseData, maxBytes: number): Promise<Answer> {
  if (data.statusCode < 200 || data.statusCode > 599) {
    throw new HubError('bad_response', 'The vendor answered with a status that HTTP does not have.', {
      cause: data.statusCode,
    })
  }
  const headers = headersOf(data.headers)
  const raw = await readBody(data.body, maxBytes)
  const body = await decode(raw, headers.get('content-encoding'), maxBytes)
  // They describe the bytes on the wire, not the ones handed on.
  headers.delete('content-encoding')
  headers.delete('content-length')
  headers.delete('transfer-encoding')
  return { status: data.statusCode, headers, body }
}

/** The answer as SDKs know it. */
export function toResponse({ status, headers, body }: Answer, url: string): Response {
  const empty = status === 204 || status === 205 || status === 304
  const response = new Response(empty ? null : body, { status, headers })
  return Object.defineProperty(response, 'url', { value: url })
}

async function readBody(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Buffer<ArrayBuffer>> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.byteLength
    if (size > maxBytes) throw tooLarge(maxBytes)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

async function decode(raw: Buffer<ArrayBuffer>, encoding: string | null, maxBytes: number): Promise<Buffer<ArrayBuffer>> {
  if (encoding === null || encoding.toLowerCase() === 'identity' || raw.byteLength === 0) return raw
  const decoder = decoders.get(encoding.trim().toLowerCase())
  if (decoder === undefined) {
    throw new HubError('bad_response', 'The vendor answered in an encoding that was not asked for.', {
      cause: new Error(encoding),
    })
  }
  try {
    return Buffer.from(await decoder(raw, { maxOutputLength: maxBytes }))
  } catch (cause) {
    if (cause instanceof RangeError) throw tooLarge(maxBytes, cause)
    throw new HubError('bad_response', 'The answer of the vendor was compressed and could not be read.', { cause })
  }
}

function headersOf(raw: Dispatcher.ResponseData['headers']): Headers {
  const headers = new Headers()
  for (const [name, value] of Object.entries(raw)) {
    for (const one of [value].flat()) if (one !== undefined) headers.append(name, one)
  }
  return headers
}

function tooLarge(maxBytes: number, cause?: unknown): HubError {
  const limit = `${Math.floor(maxBytes / 1024)} KiB`
  return new HubError('bad_response', `The answer of the vendor is larger than ${limit}. Ask for fewer records or fields.`, {
    cause,
  })
}

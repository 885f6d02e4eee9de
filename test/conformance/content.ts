// The small pictures, sounds and resources that the official conformance suite expects to be served.
import type { CallToolResult, ContentBlock } from '@modelcontextprotocol/server'

/** A PNG of one red pixel. */
export const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=='
/** A WAV file of no samples. */
export const wav = 'UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA='

export const image: ContentBlock = { type: 'image', data: png, mimeType: 'image/png' }
export const audio: ContentBlock = { type: 'audio', data: wav, mimeType: 'audio/wav' }
export const embeddedResource: ContentBlock = {
  type: 'resource',
  resource: { uri: 'test://embedded-resource', mimeType: 'text/plain', text: 'This is an embedded resource content.' },
}

export function text(words: string): ContentBlock {
  return { type: 'text', text: words }
}

export function done(...content: readonly (string | ContentBlock)[]): CallToolResult {
  return { content: content.map((item) => (typeof item === 'string' ? text(item) : item)) }
}

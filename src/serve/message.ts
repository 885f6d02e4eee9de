// Reads one JSON-RPC message from bytes, and refuses what two readers could understand differently.
import { isUtf8 } from 'node:buffer'
import type { JSONRPCMessage } from '@modelcontextprotocol/server'

export interface Refusal {
  /** -32700: it cannot be read. -32600: it can be read, and is not a message that we accept. */
  readonly code: -32700 | -32600
  readonly message: string
  /** The id of the request, where it is certain. */
  readonly id: string | number | undefined
}

export type Reading =
  | { readonly message: JSONRPCMessage; readonly refusal?: never }
  | { readonly refusal: Refusal; readonly message?: never }

/** Levels that `arguments` may be nested; the message and its `params` are two more around them. */
const maxNesting = 32
/** Members and items in one message: far above any sane call, far below what makes checking it expensive. */
const maxElements = 10_000
const maxIdLength = 200

/** The message in these bytes, as strict JSON (RFC 8259) and strict JSON-RPC 2.0, or the reason why it is refused. */
export function readMessage(bytes: Buffer): Reading {
  const text = decode(bytes)
  if (typeof text !== 'string') return { refusal: text }
  const parsed = parse(text)
  if (parsed === undefined) return unreadable('The message is not valid JSON. Send one complete JSON object.')
  const value = parsed.value
  if (Array.isArray(value))
    return invalid('The message is a batch, which this protocol does not have. Send one message at a time.')
  if (typeof value !== 'object' || value === null) return invalid('The message is not a JSON object.')
  const id = idOf(value)
  const survey = { members: 0, elements: 0, surrogates: /\\u[dD]/.test(text) }
  const fault = faultIn(value, 1, survey)
  if (fault !== undefined) return invalid(fault, id)
  if (structuralColons(text) !== survey.members) return duplicated(text, id)
  const wrong = faultInEnvelope(value as Readonly<Record<string, unknown>>)
  if (wrong !== undefined) return invalid(wrong, id)
  return { message: value as JSONRPCMessage }
}

function decode(bytes: Buffer): string | Refusal {
  if (bytes.length === 0) return unreadable('The message is empty. Send one JSON-RPC message.').refusal
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
    return unreadable('The message begins with a byte order mark. Send plain UTF-8 without one.').refusal
  }
  // Decoding would turn bad bytes into U+FFFD, so that two different inputs would be recorded as one.
  if (!isUtf8(bytes)) return unreadable('The message is not valid UTF-8.').refusal
  return bytes.toString('utf8')
}

function parse(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) }
  } catch {
    return undefined
  }
}

interface Survey {
  members: number
  elements: number
  readonly surrogates: boolean
}

function faultIn(value: unknown, depth: number, survey: Survey): string | undefined {
  if (typeof value === 'string') return survey.surrogates ? faultInText(value) : undefined
  if (typeof value === 'number') return faultInNumber(value)
  if (typeof value !== 'object' || value === null) return undefined
  if (depth > maxNesting + 2) return `The message is nested more than ${maxNesting} levels deep.`
  if (Array.isArray(value)) return faultInItems(value, depth, survey)
  return faultInMembers(value as Readonly<Record<string, unknown>>, depth, survey)
}

function faultInItems(items: readonly unknown[], depth: number, survey: Survey): string | undefined {
  survey.elements += items.length
  if (survey.elements > maxElements) return tooMany
  for (const item of items) {
    const fault = faultIn(item, depth + 1, survey)
    if (fault !== undefined) return fault
  }
  return undefined
}

function faultInMembers(object: Readonly<Record<string, unknown>>, depth: number, survey: Survey): string | undefined {
  const keys = Object.keys(object)
  survey.members += keys.length
  survey.elements += keys.length
  if (survey.elements > maxElements) return tooMany
  for (const key of keys) {
    if (key === '__proto__' || key === 'constructor' || key === 'prototype') {
      return `The message has a property named "${key}", which is never accepted.`
    }
    const fault = (survey.surrogates ? faultInText(key) : undefined) ?? faultIn(object[key], depth + 1, survey)
    if (fault !== undefined) return fault
  }
  return undefined
}

const tooMany = `The message has more than ${maxElements} elements. Split the work into smaller calls.`

function faultInText(text: string): string | undefined {
  return text.isWellFormed() ? undefined : 'A text in the message has a lone surrogate and is not valid Unicode.'
}

function faultInNumber(value: number): string | undefined {
  if (!Number.isFinite(value)) return 'A number in the message is too large to represent.'
  if (!Number.isInteger(value) || Number.isSafeInteger(value)) return undefined
  return 'A whole number in the message is larger than 2^53 - 1 and would lose digits. Send it as text.'
}

/** One for each member of each object as it was written, also for those that a parser drops as duplicates. */
function structuralColons(text: string): number {
  let colons = 0
  let quoted = false
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index)
    if (code === quote) quoted = !quoted
    else if (quoted && code === backslash) index += 1
    else if (!quoted && code === colon) colons += 1
  }
  return colons
}

const quote = 0x22
const colon = 0x3a
const backslash = 0x5c

function duplicated(text: string, id: Refusal['id']): Reading {
  const key = firstDuplicate(text)
  const shown = key.length > 60 ? `${key.slice(0, 60)}…` : key
  const message = `The message has the property ${JSON.stringify(shown)} twice in one object. Send each property once.`
  return invalid(message, key === 'id' ? undefined : id)
}

/** Only for texts that are known to be valid JSON with a duplicate in them. */
function firstDuplicate(text: string): string {
  const open: (Set<string> | undefined)[] = []
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"(?:\s*:)?|[{}[\]]/gs)) {
    if (token === '{') open.push(new Set())
    else if (token === '[') open.push(undefined)
    else if (token === '}' || token === ']') open.pop()
    else if (token.endsWith(':')) {
      const key = JSON.parse(token.slice(0, -1)) as string
      if (open.at(-1)?.has(key)) return key
      open.at(-1)?.add(key)
    }
  }
  return ''
}

const envelope = new Set(['jsonrpc', 'id', 'method', 'params', 'result', 'error'])
const callParams = new Set(['name', 'arguments', '_meta', 'task', 'inputResponses', 'requestState'])

function faultInEnvelope(value: Readonly<Record<string, unknown>>): string | undefined {
  const stranger = Object.keys(value).find((key) => !envelope.has(key))
  if (stranger !== undefined) return `A JSON-RPC message has no property ${JSON.stringify(stranger.slice(0, 60))}.`
  if (value['jsonrpc'] !== '2.0') return 'The message does not say "jsonrpc": "2.0".'
  if ('id' in value && idOf(value) === undefined) {
    return `The id of a message is a whole number or a text of at most ${maxIdLength} characters.`
  }
  if (!('method' in value)) return faultInResponse(value)
  if (typeof value['method'] !== 'string') return 'The method of a message is a text.'
  if ('result' in value || 'error' in value) return 'A message that has a method has no result and no error.'
  return faultInParams(value['method'], value['params'])
}

function faultInResponse(value: Readonly<Record<string, unknown>>): string | undefined {
  const answers = 'id' in value && 'result' in value !== 'error' in value && !('params' in value)
  return answers ? undefined : 'The message has no method, and is no response either.'
}

function faultInParams(method: string, params: unknown): string | undefined {
  if (params === undefined) return undefined
  if (typeof params !== 'object' || params === null || Array.isArray(params)) return 'The params of a message are an object.'
  if (method !== 'tools/call') return undefined
  // `Arguments` would be ignored here and obeyed by a reader that does not mind the case.
  const confused = Object.keys(params).find((key) => !callParams.has(key) && callParams.has(key.toLowerCase()))
  return confused === undefined ? undefined : `The params of tools/call have no property "${confused}"; mind the case.`
}

function idOf(value: object): string | number | undefined {
  const id = (value as { readonly id?: unknown }).id
  if (typeof id === 'string') return id.length <= maxIdLength && id.isWellFormed() ? id : undefined
  return typeof id === 'number' && Number.isSafeInteger(id) ? id : undefined
}

function unreadable(message: string): { readonly refusal: Refusal } {
  return { refusal: { code: -32700, message, id: undefined } }
}

function invalid(message: string, id?: Refusal['id']): Reading {
  return { refusal: { code: -32600, message, id } }
}

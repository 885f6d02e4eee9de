// JSON as the hub keeps it: values that survive storage, and one canonical spelling to hash, show, approve and send.
import { createHash } from 'node:crypto'

export type Json = null | boolean | number | string | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [key: string]: Json
}

/**
 * The canonical text of a JSON value (RFC 8785). Properties whose value is `undefined` are left out.
 *
 * @throws TypeError for what has no single spelling: lone surrogates, numbers that are not finite, and values that are
 * not JSON (functions, dates, bigints).
 */
export function canonical(value: unknown): string {
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'number') return canonicalNumber(value)
  if (typeof value === 'string') return canonicalString(value)
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value === 'object' && isPlain(value)) return canonicalObject(value)
  throw new TypeError(`A ${typeof value} is not JSON and cannot be recorded.`)
}

/** SHA-256 of the canonical text, as 64 hexadecimal digits. */
export function digest(value: unknown): string {
  return createHash('sha256').update(canonical(value), 'utf8').digest('hex')
}

function canonicalObject(value: object): string {
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    // RFC 8785 sorts by UTF-16 code units, which is what `<` compares.
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([key, member]) => `${canonicalString(key)}:${canonical(member)}`)
  return `{${members.join(',')}}`
}

function canonicalNumber(value: number): string {
  if (!Number.isFinite(value)) throw new TypeError('A number that is not finite is not JSON.')
  return JSON.stringify(value)
}

function canonicalString(value: string): string {
  // Two different lone surrogates become the same UTF-8 bytes, so that two inputs would share one hash.
  if (!value.isWellFormed()) throw new TypeError('The text has a lone surrogate and is not valid Unicode.')
  return JSON.stringify(value)
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

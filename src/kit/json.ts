// JSON as the hub keeps it: values that survive storage, and one canonical spelling to hash, show, approve and send.
import { hash } from 'node:crypto'

/** A value that survives storage. */
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
  switch (typeof value) {
    case 'string':
      return canonicalString(value)
    case 'number':
      return canonicalNumber(value)
    case 'boolean':
      return value ? 'true' : 'false'
    case 'object':
      if (value === null) return 'null'
      if (Array.isArray(value)) return canonicalArray(value)
      if (isPlain(value)) return canonicalObject(value as Readonly<Record<string, unknown>>)
  }
  throw new TypeError(`A ${typeof value} is not JSON and cannot be recorded.`)
}

/** SHA-256 of the canonical text, as 64 hexadecimal digits. */
export function digest(value: unknown): string {
  return hash('sha256', canonical(value))
}

/**
 * The value of a JSON text that every reader understands alike.
 *
 * @throws SyntaxError for what is not JSON; TypeError for a property that stands twice in one object, a lone surrogate, and
 * a number that no double holds
 */
export function parseJson(text: string): Json {
  const value = JSON.parse(text) as Json
  const survey = { members: 0 }
  surveyed(value, survey)
  // A parser drops the first of two equal properties without a word; as it was written, each has a colon.
  if (structuralColons(text) !== survey.members) throw new TypeError('A property stands twice in one object.')
  return value
}

function surveyed(value: Json, survey: { members: number }): void {
  if (typeof value === 'string') canonicalString(value)
  else if (typeof value === 'number') canonicalNumber(value)
  else if (Array.isArray(value)) for (const item of value as readonly Json[]) surveyed(item, survey)
  else if (typeof value === 'object' && value !== null) {
    for (const [key, member] of Object.entries(value)) {
      canonicalString(key)
      survey.members += 1
      surveyed(member, survey)
    }
  }
}

function structuralColons(text: string): number {
  let colons = 0
  for (const [token] of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"|:/gs)) if (token === ':') colons += 1
  return colons
}

// Every call is recorded and hashed several times over, so these make no lists on their way.
function canonicalArray(value: readonly unknown[]): string {
  let items = ''
  for (let index = 0; index < value.length; index += 1) items += (index === 0 ? '' : ',') + canonical(value[index])
  return `[${items}]`
}

function canonicalObject(value: Readonly<Record<string, unknown>>): string {
  const keys = Object.keys(value)
  // RFC 8785 sorts by UTF-16 code units, which is what `<` compares and what `sort` does by itself.
  if (!areSorted(keys)) keys.sort()
  let members = ''
  for (const key of keys) {
    const member = value[key]
    if (member !== undefined) members += `${members === '' ? '' : ','}${canonicalString(key)}:${canonical(member)}`
  }
  return `{${members}}`
}

function areSorted(keys: readonly string[]): boolean {
  for (let index = 1; index < keys.length; index += 1) if (keys[index]! < keys[index - 1]!) return false
  return true
}

/** @throws TypeError for a number that is not finite */
export function canonicalNumber(value: number): string {
  if (!Number.isFinite(value)) throw new TypeError('A number that is not finite is not JSON.')
  return JSON.stringify(value)
}

/** Visible ASCII without what JSON escapes: most names and ids, which are their own spelling. */
const plainText = /^[ !#-[\]-~]*$/

/** @throws TypeError for a lone surrogate */
export function canonicalString(value: string): string {
  if (value.length < 200 && plainText.test(value)) return `"${value}"`
  // Two different lone surrogates become the same UTF-8 bytes, so that two inputs would share one hash.
  if (!value.isWellFormed()) throw new TypeError('The text has a lone surrogate and is not valid Unicode.')
  return JSON.stringify(value)
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

// The secrets that this hub knows, and the way to take them out of whatever leaves it.
import type { Json } from '../kit/json.ts'
import { createNeedles, shortest } from './needles.ts'

export interface Secrets {
  /** From now on it is taken out. Values of fewer than 6 characters are not: they would take ordinary words with them. */
  readonly add: (value: string) => void
  /** The same for one of very many, such as a person's token: the 10,000 that were last added are known. */
  readonly addPassing: (value: string) => void
  /**
   * The value with every secret replaced by `[secret]`: as it is, base64 (also inside a longer base64 text), URL-encoded,
   * JSON-escaped or hexadecimal, in texts and in names. The very same value when there is none.
   */
  readonly scrub: <T extends Json>(value: T) => T
}

const marker = '[secret]'
/** A part of a compound secret (`name:token`, the lines of a key) is a secret of its own from this length on. */
const shortestPart = 16
const passingMax = 10_000

type Clean = (text: string) => string

export function createSecrets(): Secrets {
  const lasting = new Set<string>()
  // For the few of the configuration one pattern is quickest, and for the many of people it would be the slowest.
  let pattern: RegExp | undefined
  const passing = new Set<string>()
  const needles = createNeedles()

  const clean: Clean = (text) => {
    if (text.length < shortest) return text
    const known = pattern === undefined || text.search(pattern) === -1 ? text : text.replace(pattern, marker)
    return needles.replaceIn(known, marker)
  }

  return {
    add(value) {
      const before = lasting.size
      for (const spelling of allSpellings(value)) if (spelling.length >= shortest) lasting.add(spelling)
      if (lasting.size === before) return
      // The longest first, so that no rest of a longer spelling is left behind a shorter one.
      const longestFirst = [...lasting].sort((left, right) => right.length - left.length)
      pattern = new RegExp(longestFirst.map(escaped).join('|'), 'g')
    },
    addPassing(value) {
      // The one that was added last is forgotten last.
      const known = passing.delete(value)
      passing.add(value)
      if (known) return
      for (const spelling of allSpellings(value)) needles.add(spelling)
      if (passing.size <= passingMax) return
      const [oldest = ''] = passing
      passing.delete(oldest)
      for (const spelling of allSpellings(oldest)) needles.remove(spelling)
    },
    scrub: (value) => scrubbed(value, clean) as typeof value,
  }
}

function allSpellings(value: string): ReadonlySet<string> {
  return new Set([value, ...partsOf(value)].flatMap(spellingsOf))
}

function scrubbed(value: Json, clean: Clean): Json {
  if (typeof value === 'string') return clean(value)
  if (Array.isArray(value)) return scrubList(value, clean)
  if (typeof value === 'object' && value !== null) return scrubObject(value as Readonly<Record<string, Json>>, clean)
  return value
}

function scrubList(list: readonly Json[], clean: Clean): readonly Json[] {
  const cleaned = list.map((item) => scrubbed(item, clean))
  return cleaned.some((item, index) => item !== list[index]) ? cleaned : list
}

function scrubObject(object: Readonly<Record<string, Json>>, clean: Clean): Readonly<Record<string, Json>> {
  let changed = false
  const cleaned = Object.entries(object).map(([name, member]): [string, Json] => {
    const entry: [string, Json] = [clean(name), scrubbed(member, clean)]
    changed ||= entry[0] !== name || entry[1] !== member
    return entry
  })
  return changed ? Object.fromEntries(cleaned) : object
}

function partsOf(value: string): readonly string[] {
  return membersOf(value) ?? wordsOf(value)
}

/** Members of a credential in JSON that are secrets at any length; the others may be ordinary words. */
const secretMember = /secret|token|pass|key|code|assertion|private|credential/i

/** Each text of a credential in JSON, as it is there: unescaped, and with whatever stands inside it. Undefined for other texts. */
function membersOf(value: string): readonly string[] | undefined {
  if (!/^\s*[{[]/.test(value)) return undefined
  try {
    const found: string[] = []
    collect(JSON.parse(value) as Json, '', found)
    return found
  } catch {
    return undefined
  }
}

function collect(value: Json, name: string, found: string[]): void {
  if (typeof value === 'string') {
    const isAddress = value.includes('@') || /^https?:/.test(value)
    if (secretMember.test(name) || (value.length >= shortestPart && !isAddress)) found.push(value, ...wordsOf(value))
  } else if (Array.isArray(value)) for (const item of value as readonly Json[]) collect(item, name, found)
  else if (typeof value === 'object' && value !== null)
    for (const [key, member] of Object.entries(value)) collect(member, key, found)
}

function wordsOf(value: string): readonly string[] {
  // Addresses are no secret, and the answers are full of them.
  return value.split(/[\s:,;"'{}[\]\\]+/).filter((part) => part.length >= shortestPart && !part.includes('@'))
}

function spellingsOf(secret: string): readonly string[] {
  const hex = Buffer.from(secret).toString('hex')
  const encoded = encodeURIComponent(secret)
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encoded,
    encoded.replaceAll('%20', '+'),
    encoded.replaceAll(/%[0-9A-F]{2}/g, (byte) => byte.toLowerCase()),
    new URLSearchParams({ s: secret }).toString().slice(2),
    hex,
    hex.toUpperCase(),
    ...base64Spellings(secret, 'base64'),
    ...base64Spellings(secret, 'base64url'),
  ]
}

/**
 * Base64 writes three bytes as four characters, so inside a longer text a secret has one of three spellings, depending on
 * where it begins. Its first and last character may also hold bits of the neighbours, and are left out.
 */
function base64Spellings(secret: string, alphabet: 'base64' | 'base64url'): readonly string[] {
  const bytes = Buffer.from(secret)
  return [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString(alphabet)
      .replaceAll('=', '')
    const first = Math.ceil((offset * 8) / 6)
    const last = Math.floor(((offset + bytes.byteLength) * 8) / 6)
    return text.slice(first, last)
  })
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/-]/g, String.raw`\$&`)
}

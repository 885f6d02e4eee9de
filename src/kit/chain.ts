// How the audit's entries hang together: each one's hash covers the hash of the one before.
import { hash } from 'node:crypto'
import { canonicalNumber, canonicalString } from './json.ts'
import type { AuditEntry } from './record.ts'

/** Where a chain is: its last entry's place and hash. */
export interface ChainHead {
  readonly seq: number
  readonly hash: string
}

/** What the first entry of every chain follows. */
export const chainStart: ChainHead = { seq: 0, hash: '0'.repeat(64) }

/** What an entry's hash covers. */
export type Hashed = Omit<AuditEntry, 'hash' | 'payload'>

/** SHA-256 over the canonical text of every field of the entry except `hash` and `payload`. */
export function entryHash(entry: Hashed): string {
  return textHash(entryText(entry))
}

/** What `canonical` gives for these fields, several times faster: millions of entries are verified at once. */
function entryText({ tenant, seq, prev, id, at, kind, call, payload_hash }: Hashed): string {
  const called = call === undefined ? '' : `"call":${canonicalString(call)},`
  return (
    `{"at":${canonicalString(at)},${called}"id":${canonicalString(id)},"kind":${canonicalString(kind)},` +
    `"payload_hash":${canonicalString(payload_hash)},"prev":${canonicalString(prev)},"seq":${canonicalNumber(seq)},` +
    `"tenant":${canonicalString(tenant)}}`
  )
}

/** SHA-256 of a text's UTF-8 bytes, as 64 hexadecimal digits. */
export function textHash(text: string): string {
  return hash('sha256', text)
}

/** What was found in one stretch of a chain that was checked by itself. */
export interface Stretch {
  /** Whether all of it hangs together. */
  readonly sound: boolean
  /** The place of its first entry, and what that follows. */
  readonly firstSeq: number
  readonly firstPrev: string
  readonly last: ChainHead
  /** Hashes at the places that were asked for. */
  readonly heads: readonly (readonly [number, string])[]
  readonly erased: readonly number[]
  /** What entries of this stretch say was erased. */
  readonly said: readonly { readonly by: number; readonly from: number; readonly to: number }[]
}

/** Whether stretches that follow each other are one whole chain from its start, and the hashes that were asked for. */
export function joined(stretches: readonly Stretch[]): {
  readonly whole: boolean
  readonly head: ChainHead
  readonly heads: ReadonlyMap<number, string>
} {
  let head = chainStart
  let whole = true
  for (const { firstSeq, firstPrev, last, sound } of stretches) {
    whole &&= sound && firstSeq === head.seq + 1 && firstPrev === head.hash
    head = last
  }
  const gone = stretches.flatMap(({ erased }) => erased)
  const said = stretches.flatMap((stretch) => stretch.said)
  // An erasure must be told by a later entry.
  whole &&= gone.every((seq) => said.some(({ by, from, to }) => from <= seq && seq <= to && to < by))
  return { whole, head, heads: new Map(stretches.flatMap(({ heads }) => heads)) }
}

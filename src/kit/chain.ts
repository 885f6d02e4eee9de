// How the audit's entries hang together: each one's hash covers the hash of the one before.
import { hash } from 'node:crypto'
import { canonical } from './json.ts'
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
  const { tenant, seq, prev, id, at, kind, call, payload_hash } = entry
  return textHash(canonical({ tenant, seq, prev, id, at, kind, call, payload_hash }))
}

/** SHA-256 of a text's UTF-8 bytes, as 64 hexadecimal digits. */
export function textHash(text: string): string {
  return hash('sha256', text)
}

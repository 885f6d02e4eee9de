// A receipt: what a caller was answered, and where the record has it, signed, so that the caller can hold the hub to it.
import { z } from 'zod'
import { canonical, digest } from '../kit/json.ts'
import type { JsonObject } from '../kit/json.ts'
import { isSignedBy } from './key.ts'
import type { SigningKey, TrustedKeys } from './key.ts'

/** The name under `_meta` of a result. */
export const receiptName = 'toolgate/receipt'

export const SignedReceipt = z.strictObject({
  v: z.literal(1),
  tenant: z.string(),
  call: z.string(),
  operation: z.string().optional(),
  /** SHA-256 of the canonical text of the result's `structuredContent`. */
  answer: z.string(),
  at: z.string(),
  /**
   * The place and hash of the entry that closed the call; for a read, of the one that opened it. A quick read is answered before
   * either is on the disk, and is found by its call.
   */
  seq: z.int().optional(),
  entry: z.string().optional(),
  key: z.string(),
  /** Ed25519 over the canonical text of everything else, `answer` among it; base64url. */
  signature: z.string(),
})
export type SignedReceipt = z.output<typeof SignedReceipt>

export interface Receivable {
  readonly tenant: string
  readonly call: string
  readonly operation?: string
  readonly answer: JsonObject
  readonly at: Date
  readonly place?: { readonly seq: number; readonly hash: string }
}

export async function makeReceipt(
  { tenant, call, operation, answer, at, place }: Receivable,
  key: SigningKey,
): Promise<SignedReceipt> {
  const said = {
    v: 1,
    tenant,
    call,
    ...(operation !== undefined && { operation }),
    answer: digest(answer),
    at: at.toISOString(),
    ...(place && { seq: place.seq, entry: place.hash }),
    key: key.id,
  } as const
  return { ...said, signature: key.sign(canonical(said)) }
}

/** What is wrong with it, in a sentence; undefined when the hub with this key did sign it. */
export function faultInReceipt(receipt: SignedReceipt, keys: TrustedKeys, answer?: unknown): string | undefined {
  const key = keys.get(receipt.key)
  if (!key) return `It names the key ${receipt.key}, which is not trusted here.`
  const { signature, ...said } = receipt
  if (!isSignedBy(key, canonical(said), signature)) return 'Its signature does not fit: the receipt was changed, or forged.'
  if (answer !== undefined && digest(answer) !== receipt.answer)
    return 'It belongs to another answer than the one beside it.'
  return undefined
}

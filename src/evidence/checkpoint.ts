// A checkpoint: how many entries there were, how the last one ended, and when, signed; each follows the one before.
import { z } from 'zod'
import type { ChainHead } from '../kit/chain.ts'
import { canonical, digest, parseJson } from '../kit/json.ts'
import type { Store } from '../kit/record.ts'
import { isSignedBy } from './key.ts'
import type { SigningKey, TrustedKeys } from './key.ts'

const hexHash = z.string().regex(/^[0-9a-f]{64}$/)

export const Checkpoint = z.strictObject({
  toolgate: z.literal('checkpoint'),
  v: z.literal(1),
  tenant: z.string(),
  /** 1, 2, 3 … for each tenant. */
  number: z.int().positive(),
  /** The `seq` of the last entry that it covers. */
  count: z.int().positive(),
  /** The `hash` of that entry. */
  head: hexHash,
  at: z.string(),
  /** SHA-256 of the canonical text of the checkpoint before; 64 zeros for the first. */
  previous: hexHash,
  /** The id of the signing key. */
  key: z.string(),
  /** Ed25519 over the canonical text (RFC 8785) of everything else; base64url. */
  signature: z.string(),
})
export type Checkpoint = z.output<typeof Checkpoint>

export const kind = 'checkpoint'
/** So many are kept in the store; the anchors have them all. */
export const keptMax = 5000
const none = '0'.repeat(64)

export function makeCheckpoint(
  tenant: string,
  head: ChainHead,
  at: Date,
  before: Checkpoint | undefined,
  key: SigningKey,
): Checkpoint {
  const said = {
    toolgate: 'checkpoint',
    v: 1,
    tenant,
    number: (before?.number ?? 0) + 1,
    count: head.seq,
    head: head.hash,
    at: at.toISOString(),
    previous: before === undefined ? none : checkpointDigest(before),
    key: key.id,
  } as const
  return { ...said, signature: key.sign(canonical(said)) }
}

export function checkpointDigest(checkpoint: Checkpoint): string {
  return digest(checkpoint)
}

/** `unknown key`: none of the trusted ones made it; `bad signature`: it names a trusted one, which did not sign this. */
export function judgeSignature(checkpoint: Checkpoint, keys: TrustedKeys): 'good' | 'unknown key' | 'bad signature' {
  const key = keys.get(checkpoint.key)
  if (!key) return 'unknown key'
  const { signature, ...said } = checkpoint
  return isSignedBy(key, canonical(said), signature) ? 'good' : 'bad signature'
}

/** @throws Error when the line is no checkpoint */
export function readCheckpoint(line: string): Checkpoint {
  return Checkpoint.parse(parseJson(line))
}

/** The id of a checkpoint among the store's documents: they sort as they were made. */
export function checkpointId(number: number): string {
  return String(number).padStart(12, '0')
}

/** Newest first. */
export async function storedCheckpoints(store: Store, tenant: string, limit: number): Promise<readonly Checkpoint[]> {
  const found = await store.documents({ tenant, kind, limit })
  return found.map(({ value }) => Checkpoint.parse(value))
}

/** False when another process made one meanwhile. */
export async function keepCheckpoint(store: Store, checkpoint: Checkpoint): Promise<boolean> {
  const { tenant, number, at } = checkpoint
  const old = number - keptMax
  return await store.put([
    { tenant, kind, id: checkpointId(number), value: checkpoint, version: 0, at },
    ...(old > 0 ? [{ tenant, kind, id: checkpointId(old), value: undefined, at }] : []),
  ])
}

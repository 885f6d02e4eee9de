// Judges a chain together with its checkpoints and with what the anchors hold: what was done to it, and where.
import { verifyEntries } from '../call/verify.ts'
import type { Refuted } from '../call/verify.ts'
import { chainStart } from '../kit/chain.ts'
import type { ChainHead } from '../kit/chain.ts'
import type { AuditEntry } from '../kit/record.ts'
import { checkpointDigest, judgeSignature } from './checkpoint.ts'
import type { Checkpoint } from './checkpoint.ts'
import type { TrustedKeys } from './key.ts'

export type Tampering = Refuted['what'] | 'truncated' | 'rolled back' | 'forked' | 'wrong key'

export interface Finding {
  readonly what: Tampering
  /** The first entry that it concerns. */
  readonly seq: number
  readonly message: string
}

export interface Judgement {
  readonly ok: boolean
  readonly tenant: string | undefined
  readonly entries: number
  readonly head: ChainHead
  /** How far an anchor vouches for it; 0 when none was given. */
  readonly anchoredTo: number
  /** The gravest first; empty when all is well. */
  readonly findings: readonly Finding[]
  /** What this does and does not show, in sentences. */
  readonly shows: string
}

export interface Evidenced {
  /** Undefined: whosever the first entry is. */
  readonly tenant?: string | undefined
  readonly entries: () => AsyncIterable<AuditEntry>
  /** Checks all of it at once, where that can be done faster. */
  readonly fast?: (
    counts: readonly number[],
  ) => Promise<{ whole: boolean; tenant?: string | undefined; head: ChainHead; heads: ReadonlyMap<number, string> }>
  /** Undefined for an export, which has none. */
  readonly stored: readonly Checkpoint[] | undefined
  readonly anchored: readonly { readonly name: string; readonly checkpoints: readonly Checkpoint[] }[]
  /** Undefined: nobody said which keys to trust, and signatures count for nothing. */
  readonly keys: TrustedKeys | undefined
}

interface Held {
  readonly by: string
  readonly outside: boolean
  readonly checkpoint: Checkpoint
}

export async function judge(evidence: Evidenced): Promise<Judgement> {
  const held = heldOf(evidence)
  const counts = [...new Set(held.map(({ checkpoint }) => checkpoint.count))]
  const chain = await readChain(evidence, counts)
  const { good, findings: signatures } = signaturesOf(held, evidence.keys)
  const comparisons = [...contradictions(good), ...against(chain, good, evidence.stored)]
  const findings = [...(chain.broken ? [chain.broken] : []), ...comparisons, ...signatures, ...gaps(evidence.stored ?? [])]
  const anchoredTo = Math.max(
    0,
    ...good
      .filter(({ outside, checkpoint }) => outside && fits(checkpoint, chain))
      .map(({ checkpoint }) => checkpoint.count),
  )
  const { tenant, head } = chain
  return {
    ok: findings.length === 0,
    tenant,
    entries: head.seq,
    head,
    anchoredTo,
    findings,
    shows: shows(head, anchoredTo, evidence),
  }
}

interface Chain {
  readonly tenant: string | undefined
  /** The last entry up to which all is well. */
  readonly head: ChainHead
  readonly heads: ReadonlyMap<number, string>
  readonly broken: Finding | undefined
}

async function readChain({ tenant, entries, fast }: Evidenced, counts: readonly number[]): Promise<Chain> {
  const quick = await fast?.(counts)
  if (quick?.whole === true && (tenant ?? quick.tenant) === (quick.tenant ?? tenant))
    return { tenant: tenant ?? quick.tenant, head: quick.head, heads: quick.heads, broken: undefined }
  const wanted = new Set(counts)
  const heads = new Map<number, string>()
  let whose = tenant
  const seen = (entry: AuditEntry) => {
    whose ??= entry.tenant
    if (wanted.has(entry.seq)) heads.set(entry.seq, entry.hash)
  }
  const result = await verifyEntries(entries(), { ...(tenant !== undefined && { tenant }), seen })
  if (result.ok) return { tenant: whose, head: result.head, heads, broken: undefined }
  const { what, seq, message } = result
  return { tenant: whose, head: result.lastGood, heads, broken: { what, seq, message } }
}

function heldOf({ tenant, stored = [], anchored }: Evidenced): readonly Held[] {
  const all = [
    ...stored.map((checkpoint) => ({ by: 'the database', outside: false, checkpoint })),
    ...anchored.flatMap(({ name, checkpoints }) =>
      checkpoints.map((checkpoint) => ({ by: name, outside: true, checkpoint })),
    ),
  ]
  return all.filter(({ checkpoint }) => tenant === undefined || checkpoint.tenant === tenant)
}

/** Without trusted keys, an anchor counts for what it is: a place out of reach. What the database holds proves nothing then. */
function signaturesOf(held: readonly Held[], keys: TrustedKeys | undefined) {
  if (!keys) return { good: held.filter(({ outside }) => outside), findings: [] }
  const good: Held[] = []
  const findings: Finding[] = []
  for (const each of held) {
    const { count, number, key } = each.checkpoint
    const judged = judgeSignature(each.checkpoint, keys)
    if (judged === 'good') good.push(each)
    else if (findings.length < findingsMax) {
      const why =
        judged === 'unknown key' ? `is signed with the key ${key}, which is not trusted` : 'does not bear its signature'
      const message = `Checkpoint ${number} at entry ${count}, held by ${each.by}, ${why}.`
      findings.push({ what: judged === 'unknown key' ? 'wrong key' : 'altered', seq: count, message })
    }
  }
  return { good, findings }
}

const findingsMax = 20

/** Two histories, both signed: one of them was made from a copy, or by a thief of the key. */
function contradictions(good: readonly Held[]): readonly Finding[] {
  const byNumber = new Map<number, Held>()
  for (const each of [...good].sort((a, b) => a.checkpoint.number - b.checkpoint.number)) {
    const { number, count } = each.checkpoint
    const other = byNumber.get(number)
    byNumber.set(number, each)
    if (!other || checkpointDigest(other.checkpoint) === checkpointDigest(each.checkpoint)) continue
    const message = `There are two checkpoints ${number}: one held by ${other.by}, at entry ${other.checkpoint.count}, and one held by ${each.by}, at entry ${count}. The record has gone two ways.`
    return [{ what: 'forked', seq: Math.min(other.checkpoint.count, count), message }]
  }
  return []
}

function against(chain: Chain, good: readonly Held[], stored: readonly Checkpoint[] | undefined): readonly Finding[] {
  const inOrder = [...good].sort((a, b) => a.checkpoint.count - b.checkpoint.count)
  let fitting = chainStart.seq
  for (const { by, checkpoint } of inOrder) {
    const { count } = checkpoint
    if (fits(checkpoint, chain)) {
      fitting = Math.max(fitting, count)
      continue
    }
    // What is wrong before this place was found in the chain itself.
    if (count > chain.head.seq)
      return chain.broken && chain.broken.what !== 'missing' ? [] : [shortened(chain, inOrder.at(-1)!, stored)]
    const message = `Entry ${count} is not the one that ${by} vouches for: the record was rewritten between entries ${fitting + 1} and ${count}.`
    return [{ what: 'altered', seq: fitting + 1, message }]
  }
  return []
}

function fits({ count, head }: Checkpoint, chain: Chain): boolean {
  return chain.heads.get(count) === head
}

function shortened({ head }: Chain, { by, checkpoint }: Held, stored: readonly Checkpoint[] | undefined): Finding {
  const seq = head.seq + 1
  const newest = stored?.at(-1)
  const knows = `${by} vouches for ${checkpoint.count} entries`
  // An older state of the whole database agrees with itself; whoever cuts entries off alone leaves later checkpoints behind.
  if (newest && newest.count <= head.seq) {
    const message = `The record ends at entry ${head.seq}, but ${knows}: it was rolled back to an older state, or cut off together with its checkpoints.`
    return { what: 'rolled back', seq, message }
  }
  return {
    what: 'truncated',
    seq,
    message: `The record ends at entry ${head.seq}, but ${knows}: entries ${seq} to ${checkpoint.count} were cut off.`,
  }
}

/** In the database itself each checkpoint follows the one before. */
function gaps(stored: readonly Checkpoint[]): readonly Finding[] {
  for (const [index, checkpoint] of stored.entries()) {
    const before = stored[index - 1]
    if (!before || (checkpoint.number === before.number + 1 && checkpoint.previous === checkpointDigest(before))) continue
    const message = `Checkpoint ${checkpoint.number} in the database does not follow the one before it: one was taken out or changed.`
    return [{ what: 'missing', seq: before.count, message }]
  }
  return []
}

function shows(head: ChainHead, anchoredTo: number, { keys }: Evidenced): string {
  if (anchoredTo === 0) {
    return 'No anchor was given, so this cannot show whether whoever can write the database and use the key cut off or rewrote entries.'
  }
  const signed = keys ? '' : ' Signatures were not checked, because no public key was given.'
  if (anchoredTo >= head.seq) return `Every entry is as it was recorded: the anchors vouch for all of them.${signed}`
  return `Entries up to ${anchoredTo} are as they were recorded, by the anchors; the ${head.seq - anchoredTo} after them could have been cut off or rewritten together.${signed}`
}

// Checks the audit's chain, from the store or from an exported file, and names the first entry that is wrong.
import { createReadStream } from 'node:fs'
import { z } from 'zod'
import { chainStart, entryHash, textHash } from '../kit/chain.ts'
import type { ChainHead, Hashed } from '../kit/chain.ts'
import { canonical, parseJson } from '../kit/json.ts'
import type { JsonObject } from '../kit/json.ts'
import type { AuditEntry, Store } from '../kit/record.ts'

export interface Verified {
  readonly ok: true
  /** How many entries were checked. */
  readonly entries: number
  /** The last one: keep it where the hub's own user cannot write, and pass it as `anchor` next time. */
  readonly head: ChainHead
  /** What this result does and does not show, in sentences. */
  readonly shows: string
}

export interface Refuted {
  readonly ok: false
  /** The place of the first bad entry. */
  readonly seq: number
  /** `unreadable`: the database or file failed there. */
  readonly what: 'altered' | 'missing' | 'extra' | 'reordered' | 'unreadable'
  readonly message: string
  /** Everything up to here is as it was written. */
  readonly lastGood: ChainHead
}

export type Verification = Verified | Refuted

export interface Expectations {
  readonly tenant?: string
  /** A head that was noted earlier and kept elsewhere: the chain must still contain it. */
  readonly anchor?: ChainHead
  /** For a part of a chain: the head of the part before it. */
  readonly after?: ChainHead
  /** Called with each entry that is what was recorded, in order. */
  readonly seen?: (entry: AuditEntry) => void
}

/** The chain of one tenant, as the store has it. Streams: memory does not grow with the chain. */
export async function verifyChain(store: Store, tenant: string, anchor?: ChainHead): Promise<Verification> {
  return await verifyEntries(store.entries(tenant), { tenant, ...(anchor && { anchor }) })
}

/** An export: one AuditEntry as JSON on each line. */
export async function verifyFile(file: string, expectations: Expectations = {}): Promise<Verification> {
  return await verifyEntries(entriesOfFile(file), expectations)
}

export async function verifyEntries(
  entries: AsyncIterable<AuditEntry>,
  expectations: Expectations = {},
): Promise<Verification> {
  const { anchor, after = chainStart, seen } = expectations
  let { tenant } = expectations
  let last = after
  let beforeLast = after
  const erasures = watchErasures()
  const source = entries[Symbol.asyncIterator]()
  try {
    for (;;) {
      const next = await read(source, last)
      if ('ok' in next) return next
      const { entry } = next
      if (!entry) break
      tenant ??= entry.tenant
      const wrong = judge(entry, last, tenant)
      if (wrong) return await explain(wrong, entry, wrong.seq === last.seq ? beforeLast : last, source)
      if (anchor && entry.seq === anchor.seq && entry.hash !== anchor.hash) return rewritten(anchor, last)
      seen?.(entry)
      erasures.see(entry, last)
      beforeLast = last
      last = { seq: entry.seq, hash: entry.hash }
    }
  } finally {
    await source.return?.()
  }
  const unsaid = erasures.unsaid()
  if (unsaid) return takenOut(unsaid)
  if (anchor && last.seq < anchor.seq) return cutOff(anchor, last)
  return { ok: true, entries: last.seq - after.seq, head: last, shows: shows(last, after, anchor) }
}

/** Payloads may be erased, if a later entry says so. */
function watchErasures() {
  let gone: ChainHead[] = []
  return {
    see({ seq, kind, payload, erased }: AuditEntry, before: ChainHead) {
      if (erased) gone.push(before)
      if (kind !== 'audit.erased' || gone.length === 0) return
      const { data: runs = [] } = Runs.safeParse(payload['entries'])
      gone = gone.filter((place) => !runs.some(([from, to]) => from <= place.seq + 1 && place.seq + 1 <= to && to < seq))
    },
    unsaid: () => gone[0],
  }
}

const Runs = z.array(z.tuple([z.int(), z.int()]))

function takenOut(lastGood: ChainHead): Refuted {
  const seq = lastGood.seq + 1
  const message = `The payload of entry ${seq} was taken out, and no entry after it says that it was erased.`
  return { ok: false, seq, what: 'altered', message, lastGood }
}

type Wrong = Pick<Refuted, 'seq' | 'what' | 'message'>

/** One entry against the one before it. */
function judge(entry: AuditEntry, last: ChainHead, tenant: string): Wrong | undefined {
  const expected = last.seq + 1
  const { seq } = entry
  if (entry.tenant !== tenant) {
    return { seq: expected, what: 'extra', message: `Where entry ${expected} should be there is one of another tenant.` }
  }
  if (seq > expected) return { seq: expected, what: 'missing', message: missing(expected, seq - 1) }
  if (seq < expected) {
    return { seq, what: 'extra', message: `After entry ${last.seq} there is another one with the number ${seq}.` }
  }
  if (!isIntact(entry))
    return { seq, what: 'altered', message: `Entry ${seq} is not what was recorded: its hash does not fit it.` }
  // The hash of such a text was compared when it was read.
  if (!entry.erased && !('payloadText' in entry) && textHash(canonicalOrNothing(entry.payload)) !== entry.payload_hash) {
    return { seq, what: 'altered', message: `The payload of entry ${seq} is not what was recorded.` }
  }
  if (entry.prev === last.hash) return undefined
  // Each is sound by itself: the one before was changed and given a new hash, or this one was put there.
  if (last.seq === 0) return { seq, what: 'altered', message: 'Entry 1 says that it follows another one.' }
  const message = `Entry ${last.seq} was rewritten: entry ${seq} was made after one with another hash.`
  return { seq: last.seq, what: 'altered', message }
}

/** Looks a little further, to tell what was moved from what was changed or taken out. */
async function explain(
  wrong: Wrong,
  entry: AuditEntry,
  lastGood: ChainHead,
  source: AsyncIterator<AuditEntry>,
): Promise<Refuted> {
  const refuted = { ok: false, ...wrong, lastGood } as const
  if (wrong.what === 'altered') {
    const from = placeOfHash(entry)
    if (from === undefined) return refuted
    return { ...refuted, what: 'reordered', message: `Entry ${from} stands where entry ${entry.seq} should be.` }
  }
  if (wrong.what !== 'missing') return refuted
  for (let looked = 0; looked < lookAhead; looked++) {
    const next = await read(source, lastGood)
    if ('ok' in next || !next.entry) return refuted
    if (next.entry.seq !== wrong.seq) continue
    return { ...refuted, what: 'reordered', message: `Entry ${entry.seq} comes before entry ${wrong.seq}.` }
  }
  return refuted
}

/** How far from its place a moved entry is looked for. */
const lookAhead = 1000

/** The number under which this entry was recorded, where that is another one nearby. */
function placeOfHash(entry: AuditEntry): number | undefined {
  for (let distance = 1; distance <= lookAhead; distance++) {
    for (const seq of [entry.seq + distance, entry.seq - distance]) {
      if (seq > 0 && isIntact({ ...entry, seq })) return seq
    }
  }
  return undefined
}

function isIntact(entry: AuditEntry): boolean {
  try {
    return entryHash(entry) === entry.hash
  } catch {
    return false
  }
}

function canonicalOrNothing(payload: JsonObject): string {
  try {
    return canonical(payload)
  } catch {
    return ''
  }
}

async function read(
  source: AsyncIterator<AuditEntry>,
  last: ChainHead,
): Promise<{ readonly entry: AuditEntry | undefined } | Refuted> {
  try {
    const { value, done } = await source.next()
    return { entry: done ? undefined : value }
  } catch (error) {
    const seq = last.seq + 1
    const why = error instanceof BadLine ? error.message : `The chain cannot be read any further: ${reason(error)}.`
    const message = `${why} Entries up to ${last.seq} are as they were recorded.`
    return { ok: false, seq, what: error instanceof BadLine ? 'altered' : 'unreadable', message, lastGood: last }
  }
}

/** For the person who verifies: here the database's own words help. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? error.cause.message : error.message
}

function missing(from: number, to: number): string {
  return from === to ? `Entry ${from} is missing.` : `Entries ${from} to ${to} are missing.`
}

function rewritten(anchor: ChainHead, last: ChainHead): Refuted {
  const message = `Entry ${anchor.seq} is not the one of the anchor: the chain was rewritten at or before it.`
  return { ok: false, seq: anchor.seq, what: 'altered', message, lastGood: last }
}

function cutOff(anchor: ChainHead, last: ChainHead): Refuted {
  const message = `The chain ends at entry ${last.seq}, but the anchor was taken at entry ${anchor.seq}. ${missing(last.seq + 1, anchor.seq)}`
  return { ok: false, seq: last.seq + 1, what: 'missing', message, lastGood: last }
}

function shows(head: ChainHead, after: ChainHead, anchor: ChainHead | undefined): string {
  if (head.seq === after.seq) {
    return 'There are no entries. Whether there ever were any cannot be seen without an anchor that was kept elsewhere.'
  }
  const intact = `Entries ${after.seq + 1} to ${head.seq} are unchanged, complete and in order among themselves.`
  if (anchor) {
    return `${intact} Up to entry ${anchor.seq} that is certain by the anchor. Later entries could have been cut off or rewritten together by someone who can write to the database.`
  }
  return (
    `${intact} The chain alone cannot show whether entries after ${head.seq} were cut off, or whether someone who can write to the database rewrote it ` +
    `from some entry to the end: for that, compare it with a head that was noted earlier and kept elsewhere (now ${head.seq}:${head.hash}).`
  )
}

/** A line of an export that is no entry. */
class BadLine extends Error {}

const Line = z.strictObject({
  tenant: z.string(),
  seq: z.int().positive(),
  prev: z.string(),
  id: z.string(),
  at: z.string(),
  kind: z.string(),
  call: z.string().optional(),
  payload_hash: z.string(),
  hash: z.string(),
  payload: z.record(z.string(), z.json()),
  erased: z.literal(true).optional(),
})

/** As the SIEM formats carry an entry beside what they make of it. */
const Wrapped = z.looseObject({ unmapped: z.looseObject({ toolgate: Line }) })

/** An export, entry by entry. */
export async function* entriesOfFile(file: string): AsyncIterable<AuditEntry> {
  let number = 0
  for await (const line of linesIn(createReadStream(file, 'utf8'))) {
    number++
    if (line !== '') yield entryOfLine(line, number)
  }
}

function entryOfLine(line: string, number: number): Checkable {
  try {
    const plain = plainEntry(line)
    if (plain) return plain
    const value = parseJson(line)
    const wrapped = Wrapped.safeParse(value)
    const { call, payload, erased, ...rest } = wrapped.success ? wrapped.data.unmapped.toolgate : Line.parse(value)
    return { ...rest, call, payload, ...(erased && { erased }) }
  } catch (error) {
    throw new BadLine(`Line ${number} is not an entry of the audit.`, { cause: error })
  }
}

/** An entry whose payload is known by its canonical text, and was not read. */
interface Checkable extends AuditEntry {
  readonly payloadText?: string
}

/**
 * The entry of a line that is spelled exactly as an export spells it: then nothing has to be read twice, and the payload,
 * whose text has the recorded hash, not at all. Undefined for every other line, which is read with care.
 */
export function plainEntry(line: string): Checkable | undefined {
  return usualEntry(line) ?? spelledEntry(line)
}

const text = String.raw`"([ !#-[\]-~]*)"`
const hex = '"([0-9a-f]{64})"'
/** Names and ids without anything that JSON escapes: such a text has one spelling, and no room for a second property. */
const usual = new RegExp(
  `^\\{"tenant":${text},"seq":([1-9]\\d{0,14}),"prev":${hex},"id":${text},"at":${text},"kind":${text},(?:"call":${text},)?` +
    `"payload_hash":${hex},"hash":${hex},"payload":`,
)

function usualEntry(line: string): Checkable | undefined {
  const found = usual.exec(line)
  if (!found || !line.endsWith('}')) return undefined
  const [{ length }, tenant, seq, prev, id, at, kind, call, payload_hash, hash] = found
  const payloadText = line.slice(length, -1)
  if (textHash(payloadText) !== payload_hash) return undefined
  return {
    tenant: tenant!,
    seq: Number(seq),
    prev: prev!,
    id: id!,
    at: at!,
    kind: kind!,
    call,
    payload_hash,
    hash: hash!,
    payload: payloadIn(payloadText, kind!),
    payloadText,
  }
}

/** Only what says that something was erased is looked into. */
function payloadIn(payloadText: string, kind: string): JsonObject {
  return kind === 'audit.erased' ? (JSON.parse(payloadText) as JsonObject) : {}
}

function spelledEntry(line: string): Checkable | undefined {
  const end = line.indexOf(payloadKey)
  if (end < 0 || !line.startsWith('{"tenant":') || !line.endsWith('}')) return undefined
  const payloadText = line.slice(end + payloadKey.length, -1)
  const head = JSON.parse(`${line.slice(0, end)}}`) as Hashed & { readonly hash: string }
  const { tenant, seq, prev, id, at, kind, call, payload_hash, hash } = head
  // Compared with what an export would have written, so that no property hides behind another of its name.
  const spelled = JSON.stringify({ tenant, seq, prev, id, at, kind, call, payload_hash, hash })
  if (spelled !== `${line.slice(0, end)}}` || typeof seq !== 'number' || textHash(payloadText) !== payload_hash)
    return undefined
  const payload = payloadIn(payloadText, kind)
  return { tenant, seq, prev, id, at, kind, call, payload_hash, hash, payload, payloadText }
}

const payloadKey = ',"payload":'

/** Lines end in a line feed and nothing else: text inside an entry may hold U+2028, at which `readline` would split. */
export async function* linesIn(chunks: AsyncIterable<string>): AsyncIterable<string> {
  let rest = ''
  for await (const chunk of chunks) {
    const parts = (rest + chunk).split('\n')
    rest = parts.pop()!
    yield* parts
  }
  yield rest
}

// The tamper laboratory: a record with checkpoints and an anchor, eleven ways to change it and two to replace it, and attackers.
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { lookAfterEvidence } from '../../src/evidence/evidence.ts'
import type { Evidence } from '../../src/evidence/evidence.ts'
import { kind, makeCheckpoint } from '../../src/evidence/checkpoint.ts'
import type { Checkpoint } from '../../src/evidence/checkpoint.ts'
import type { SigningKey } from '../../src/evidence/key.ts'
import type { EvidenceSettings } from '../../src/evidence/settings.ts'
import { verifyDatabase } from '../../src/hub/verifying.ts'
import { chainStart, entryHash, textHash } from '../../src/kit/chain.ts'
import { canonical } from '../../src/kit/json.ts'
import type { Store } from '../../src/kit/record.ts'
import { openStore } from '../../src/store/open.ts'
import { draft, newId } from '../store/records.ts'

export interface Lab {
  readonly folder: string
  readonly database: string
  /** As it was at entry `olderCount`. */
  readonly older: string
  readonly anchor: string
  readonly key: SigningKey
  /** How many entries there are, and up to which an anchor has heard of them. */
  readonly count: number
  readonly anchored: number
  remove(): void
}

export const settings: EvidenceSettings = {
  checkpoint: { entries: 10, seconds: 5 },
  anchors: [],
  lag: { seconds: 60, writes: 'allow' },
  export: [],
  receipts: 'all',
  reads: 'refuse',
}

export const quiet = { warn: () => undefined, error: () => undefined }

export function evidenceOf(
  store: Store,
  folder: string,
  more: Partial<EvidenceSettings> = {},
  now = () => new Date(),
): Evidence {
  return lookAfterEvidence({
    store,
    tenant: 'acme',
    settings: () => ({ ...settings, ...more }),
    keyFile: path.join(folder, 'audit.key'),
    outside: { now, fetch, secret: (reference) => Promise.resolve(`secret of ${reference}`) },
    log: quiet,
    holder: newId('hub'),
  })
}

export function open(file: string): Promise<Store> {
  return openStore({ url: `sqlite:${file}`, now: () => new Date(), id: newId })
}

/** 240 entries, a checkpoint every ten or so, the anchor without those after entry 200. */
export async function makeLab(): Promise<Lab> {
  const folder = mkdtempSync(path.join(tmpdir(), 'toolgate-tamper-'))
  const database = path.join(folder, 'toolgate.db')
  const older = path.join(folder, 'older.db')
  const anchor = path.join(folder, 'anchor.jsonl')
  const store = await open(database)
  const evidence = evidenceOf(store, folder, { anchors: [{ name: 'lab', to: 'file', path: anchor }] })
  for (let count = 10; count <= 240; count += 10) {
    const entries = Array.from({ length: 10 }, (_, n) =>
      draft({ payload: { n: count + n, text: 'recorded', status: 'done' } }),
    )
    await Promise.all([...entries.map((entry) => store.append(entry)), store.append(draft({ tenant: 'other' }))])
    await evidence.checkpoint()
    if (count <= 200) await evidence.push(5000)
    if (count === 120) {
      const raw = new DatabaseSync(database)
      raw.exec(`vacuum into '${older}'`)
      raw.close()
    }
  }
  const key = await evidence.key()
  await store.close()
  return {
    folder,
    database,
    older,
    anchor,
    key,
    count: 240,
    anchored: 200,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

export interface Row {
  seq: number
  prev: string
  id: string
  at: string
  kind: string
  call: string | null
  payload_hash: string
  hash: string
  payload: string | null
}

/** What is done to the entries at a place; `restamped` when a chain of hashes has to be made anew from there on. */
export const classes: Readonly<Record<string, (rows: Row[], place: number, chance: () => number) => Row[]>> = {
  'a bit changed': (rows, place, chance) => change(rows, place, (row) => flipped(row, chance)),
  'one deleted': (rows, place) => rows.filter(({ seq }) => seq !== place),
  'the first ones deleted': (rows, place) => rows.filter(({ seq }) => seq > place),
  'two swapped': (rows, place) => swapped(rows, place),
  'one doubled': (rows, place) => [...rows.slice(0, place), { ...rows[place - 1]! }, ...rows.slice(place)],
  'one forged': (rows, place) => [
    ...rows.slice(0, place - 1),
    { ...rows[place - 1]!, id: 'forged' },
    ...rows.slice(place - 1),
  ],
  'one of another tenant': (rows, place) =>
    change(rows, place, (row) => ({ ...row, payload: '{"text":"of another tenant"}' })),
  'the tail cut off': (rows, place) => rows.slice(0, place - 1),
  'all deleted': () => [],
  'one edited and all restamped': (rows, place) => change(rows, place, (row) => ({ ...row, payload: '{"text":"edited"}' })),
  'cut off and grown again': (rows, place) => [
    ...rows.slice(0, place - 1),
    ...rows.slice(place - 1).map((row) => ({ ...row, payload: '{"text":"grown again"}' })),
  ],
}

export type Attacker = 'clumsy' | 'without the key' | 'with the key'

/** What only makes sense with hashes that fit again: a clumsy attacker does not do it. */
const needsRestamp = new Set(['one edited and all restamped', 'cut off and grown again'])

export function isPossible(what: string, who: Attacker): boolean {
  // With every hash made anew, a changed bit of a hash is no change, and that of a text is an edit.
  return who === 'clumsy' ? !needsRestamp.has(what) : what !== 'a bit changed'
}

/** A tampered copy of the database. */
export function tamper(lab: Lab, what: string, place: number, who: Attacker, chance: () => number): string {
  const file = path.join(lab.folder, `${newId('tampered')}.db`)
  copyFileSync(lab.database, file)
  const database = new DatabaseSync(file)
  database.exec('pragma journal_mode = delete; pragma synchronous = off; begin')
  const rows = database.prepare("select * from audit where tenant = 'acme' order by seq").all() as unknown as Row[]
  let forged = classes[what]!(rows, place, chance)
  if (who !== 'clumsy') forged = restamped(forged)
  else if (what === 'two swapped' || what === 'one doubled' || what === 'one forged')
    forged = forged.map((row, index) => ({ ...row, seq: index + 1 }))
  database.exec("delete from audit where tenant = 'acme'")
  const insert = database.prepare(
    "insert into audit (tenant, seq, prev, id, at, kind, call, payload_hash, hash, payload) values ('acme', ?, ?, ?, ?, ?, ?, ?, ?, ?)",
  )
  for (const { seq, prev, id, at, kind: of, call, payload_hash, hash, payload } of forged)
    insert.run(seq, prev, id, at, of, call, payload_hash, hash, payload)
  if (who !== 'clumsy') fixCheckpoints(database, forged, who === 'with the key' ? lab.key : undefined)
  database.exec('commit')
  database.close()
  return file
}

/** A whole database from another time or another hub: yesterday's, or one that was grown from it with the real key. */
export async function replace(lab: Lab, grownTo: number | undefined): Promise<string> {
  const file = path.join(lab.folder, `${newId('replaced')}.db`)
  copyFileSync(lab.older, file)
  if (grownTo === undefined) return file
  const store = await open(file)
  const evidence = evidenceOf(store, lab.folder)
  for (let count = 120; count < grownTo; count += 10) {
    await Promise.all(Array.from({ length: 10 }, () => store.append(draft({ payload: { fork: true } }))))
    await evidence.checkpoint()
  }
  await store.close()
  return file
}

export async function judged(lab: Lab, file: string) {
  const [judgement] = await verifyDatabase(file, { anchors: [lab.anchor], keys: [lab.key.publicKey], tenant: 'acme' })
  rmSync(file)
  return judgement!
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function chanceFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

function change(rows: Row[], place: number, how: (row: Row) => Row): Row[] {
  return rows.map((row) => (row.seq === place ? how(row) : row))
}

function flipped(row: Row, chance: () => number): Row {
  const fields = ['id', 'at', 'kind', 'payload', 'hash', 'prev', 'payload_hash'] as const
  const field = fields[Math.floor(chance() * fields.length)]!
  const bytes = Buffer.from(row[field]!)
  // The lowest three bits: what comes out is still text.
  bytes[Math.floor(chance() * bytes.length)]! ^= 1 << Math.floor(chance() * 3)
  return { ...row, [field]: bytes.toString() }
}

function swapped(rows: Row[], place: number): Row[] {
  const at = Math.min(place, rows.length - 1)
  return [...rows.slice(0, at - 1), rows[at]!, rows[at - 1]!, ...rows.slice(at + 1)]
}

/** Every number and hash as if it had been recorded like that. */
function restamped(rows: readonly Row[]): Row[] {
  let prev = chainStart.hash
  return rows.map((row, index) => {
    const { id, at, kind: of, call, payload } = row
    const place = { seq: index + 1, prev, payload_hash: textHash(payload ?? '') }
    const hash = entryHash({ tenant: 'acme', id, at, kind: of, call: call ?? undefined, ...place })
    prev = hash
    return { ...row, ...place, hash }
  })
}

/** Without the key, those that do not fit are taken away; with it, each is made anew. */
function fixCheckpoints(database: DatabaseSync, rows: readonly Row[], key: SigningKey | undefined): void {
  const all = database.prepare("select value from document where kind = ? and tenant = 'acme' order by n").all(kind)
  const update = database.prepare("update document set value = ? where kind = ? and tenant = 'acme' and id = ?")
  const remove = database.prepare("delete from document where kind = ? and tenant = 'acme' and id = ?")
  let before: Checkpoint | undefined
  let fitting = true
  for (const { value } of all) {
    const known = JSON.parse(String(value)) as Checkpoint
    const id = String(known.number).padStart(12, '0')
    const row = rows[known.count - 1]
    fitting &&= row?.hash === known.head
    if (fitting) before = known
    else if (!key || !row) remove.run(kind, id)
    else {
      before = makeCheckpoint('acme', { seq: row.seq, hash: row.hash }, new Date(known.at), before, key)
      update.run(canonical(before), kind, id)
    }
  }
}

// Whoever changes the audit is found out: by the store's own chain, and by an exported file.
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { verifyChain, verifyFile } from '../../src/call/verify.ts'
import type { Verification } from '../../src/call/verify.ts'
import { chainStart, entryHash } from '../../src/kit/chain.ts'
import { digest } from '../../src/kit/json.ts'
import type { AuditEntry } from '../../src/kit/record.ts'
import { openStore } from '../../src/store/open.ts'
import { collect, draft, newId } from '../store/records.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'toolgate-verify-'))
const original = path.join(folder, 'original.db')
const count = 300
let chain: AuditEntry[]

beforeAll(async () => {
  const store = await open(original)
  const payload = (n: number) => ({
    marker: `entry ${n} begins`,
    text: 'a\u2028b "quoted" \u001f',
    size: 1e21,
    more: 'x'.repeat(200),
  })
  await Promise.all(
    Array.from({ length: count }, (_, n) => store.append(draft({ payload: payload(n + 1), call: `call ${n}` }))),
  )
  await store.append(draft({ tenant: 'other' }))
  chain = await collect(store.entries('acme'))
  await store.close()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the store', () => {
  test('an untouched chain is whole, and the result says what that does not show', async () => {
    const result = await verify((file) => file)
    expect(result).toMatchObject({ ok: true, entries: count, head: { seq: count, hash: chain.at(-1)!.hash } })
    expect(result.ok && result.shows).toContain('cannot show whether entries after 300 were cut off')
  })

  // AUD-01
  test('one flipped bit anywhere in a payload names its entry', { timeout: 60_000 }, async () => {
    const bytes = readFileSync(original)
    for (let run = 0; run < 40; run++) {
      const seq = 1 + ((run * 97) % count)
      const { offset, length } = payloadIn(bytes, seq)
      const at = offset + Math.floor((run / 40) * length)
      const bit = 1 << (run % 8)
      const result = await verify((file) => flip(file, at, bit))
      expect(result, `bit ${bit} of byte ${at - offset} of ${length}`).toMatchObject({
        ok: false,
        seq,
        what: 'altered',
        lastGood: { seq: seq - 1 },
      })
    }
  })

  test('a change of case that means the same number is found too', async () => {
    const bytes = readFileSync(original)
    const { offset } = payloadIn(bytes, 42)
    const exponent = bytes.indexOf('1e+21', offset) + 1
    expect(await verify((file) => flip(file, exponent, 0x20))).toMatchObject({ ok: false, seq: 42, what: 'altered' })
  })

  // AUD-02, AUD-03
  test.for([
    ['another time', "update audit set at = '2020-01-01T00:00:00.000Z' where seq = 7", 7, 'altered'],
    ['another call', 'update audit set call = null where seq = 7', 7, 'altered'],
    ['another kind', "update audit set kind = 'call.opened' where seq = 7", 7, 'altered'],
    [
      'another payload with its hash',
      `update audit set payload = '{}', payload_hash = '${digest({})}' where seq = 7`,
      7,
      'altered',
    ],
    ['an erased payload', 'update audit set payload = null where seq = 7', 7, 'altered'],
    ['another hash', 'update audit set hash = lower(hex(randomblob(32))) where seq = 7', 7, 'altered'],
    ['one taken out', 'delete from audit where seq = 7', 7, 'missing'],
    ['several taken out', 'delete from audit where seq between 7 and 11', 7, 'missing'],
    ['the first taken out', "delete from audit where tenant = 'acme' and seq = 1", 1, 'missing'],
    [
      'one taken out and the rest moved up',
      'delete from audit where seq = 7; update audit set seq = -seq where seq > 7; update audit set seq = -seq - 1 where seq < 0',
      7,
      'reordered',
    ],
    [
      'two swapped',
      'update audit set seq = -7 where seq = 7; update audit set seq = 7 where seq = 8; update audit set seq = 8 where seq = -7',
      7,
      'reordered',
    ],
    [
      'one of another tenant put in',
      "delete from audit where tenant = 'acme' and seq = 1; update audit set tenant = 'acme' where tenant = 'other'",
      1,
      'altered',
    ],
  ] as const)('%s', async ([, statements, seq, what]) => {
    const result = await verify((file) => change(file, statements))
    expect(result).toMatchObject({ ok: false, seq, what, lastGood: { seq: seq - 1 } })
  })

  test('an entry that was rewritten together with its hash is given away by the next one', async () => {
    const forged = restamped({ ...chain[6]!, kind: 'operation.failed' })
    const result = await verify((file) =>
      change(file, `update audit set kind = '${forged.kind}', hash = '${forged.hash}' where seq = 7`),
    )
    expect(result).toMatchObject({ ok: false, seq: 7, what: 'altered', lastGood: { seq: 6, hash: chain[5]!.hash } })
  })

  // AUD-02, AUD-05
  test('what the chain alone cannot show, an anchor shows', async () => {
    const anchor = { seq: 290, hash: chain[289]!.hash }
    const cut = (file: string) => change(file, "delete from audit where tenant = 'acme' and seq > 280")
    expect(await verify(cut)).toMatchObject({ ok: true, entries: 280 })
    expect(await verify(cut, anchor)).toMatchObject({ ok: false, seq: 281, what: 'missing', lastGood: { seq: 280 } })

    const emptied = (file: string) => change(file, 'delete from audit')
    const empty = await verify(emptied)
    expect(empty).toMatchObject({ ok: true, entries: 0, head: chainStart })
    expect(empty.ok && empty.shows).toContain('Whether there ever were any cannot be seen')
    expect(await verify(emptied, anchor)).toMatchObject({ ok: false, seq: 1, what: 'missing' })

    expect(await verify(rewriteFrom7)).toMatchObject({ ok: true, entries: count })
    expect(await verify(rewriteFrom7, anchor)).toMatchObject({ ok: false, seq: 290, what: 'altered' })

    const good = await verify((file) => file, anchor)
    expect(good.ok && good.shows).toContain('Up to entry 290 that is certain by the anchor')
  })

  test('where the database itself is damaged, it says so and how far all is well', async () => {
    const bytes = readFileSync(original)
    const pageSize = bytes.readUInt16BE(16)
    const page = Math.floor(payloadIn(bytes, 150).offset / pageSize)
    const result = await verify((file) => {
      const damaged = readFileSync(file)
      damaged.fill(0xff, page * pageSize, (page + 1) * pageSize)
      writeFileSync(file, damaged)
    })
    expect(result).toMatchObject({ ok: false, what: 'unreadable', message: expect.stringContaining('malformed') })
    if (result.ok) return
    expect(result.seq).toBeGreaterThan(140)
    expect(result.seq).toBeLessThanOrEqual(150)
    expect(result.lastGood).toEqual({ seq: result.seq - 1, hash: chain[result.seq - 2]!.hash })
  })
})

describe('an export', () => {
  const lines = () => chain.map((entry) => JSON.stringify(entry))
  const verifyLines = (all: readonly string[], expectations = {}) => {
    const file = path.join(folder, `${newId('export')}.jsonl`)
    writeFileSync(file, all.map((line) => `${line}\n`).join(''))
    return verifyFile(file, expectations)
  }

  test('an untouched one is whole, also a part of it after the head before', async () => {
    expect(await verifyLines(lines())).toMatchObject({ ok: true, entries: count })
    expect(await verifyLines([])).toMatchObject({ ok: true, entries: 0 })
    const after = { seq: 100, hash: chain[99]!.hash }
    expect(await verifyLines(lines().slice(100), { after })).toMatchObject({ ok: true, entries: 200, head: { seq: 300 } })
    expect(await verifyLines(lines().slice(100))).toMatchObject({ ok: false, seq: 1, what: 'missing' })
  })

  // AUD-03
  test('a line that was swapped, doubled, left out, put in, cut or changed is named', async () => {
    const all = lines()
    const [six, seven, eight] = all.slice(5, 8) as [string, string, string]
    const other = JSON.stringify({ ...chain[6]!, tenant: 'other' })
    const tampered: [string[], number, string][] = [
      [[six, eight, seven], 7, 'reordered'],
      [[six, seven, seven, eight], 7, 'extra'],
      [[six, eight], 7, 'missing'],
      [[six, other, seven, eight], 7, 'extra'],
      [[six, seven.slice(0, -5), eight], 7, 'altered'],
      [[six, seven.replace('begins', 'began!'), eight], 7, 'altered'],
      [[six, seven.replace('{', '{"note":"mine",'), eight], 7, 'altered'],
      [[six, 'null', eight], 7, 'altered'],
    ]
    for (const [part, seq, what] of tampered) {
      const result = await verifyLines([...all.slice(0, 5), ...part, ...all.slice(8)])
      expect({ part, ...result }).toMatchObject({ part, ok: false, seq, what })
    }
  })

  test('a file that is not there is no proof of anything', async () => {
    expect(await verifyFile(path.join(folder, 'nothing'))).toMatchObject({ ok: false, what: 'unreadable', seq: 1 })
  })
})

async function verify(tamper: (file: string) => unknown, anchor?: { seq: number; hash: string }): Promise<Verification> {
  const file = path.join(folder, `${newId('copy')}.db`)
  copyFileSync(original, file)
  tamper(file)
  const store = await open(file)
  try {
    return await verifyChain(store, 'acme', anchor)
  } finally {
    await store.close()
    rmSync(file)
  }
}

/** Someone who can write to the database and knows how the chain is made. */
function rewriteFrom7(file: string): void {
  const database = new DatabaseSync(file)
  const update = database.prepare("update audit set kind = ?, prev = ?, hash = ? where tenant = 'acme' and seq = ?")
  let prev = chain[5]!.hash
  for (const entry of chain.slice(6)) {
    const forged = restamped({ ...entry, prev, kind: entry.seq === 7 ? 'operation.failed' : entry.kind })
    update.run(forged.kind, forged.prev, forged.hash, forged.seq)
    prev = forged.hash
  }
  database.close()
}

function restamped(entry: AuditEntry): AuditEntry {
  return { ...entry, hash: entryHash(entry) }
}

function change(file: string, statements: string): void {
  const database = new DatabaseSync(file)
  database.exec(statements)
  database.close()
}

function flip(file: string, at: number, bit: number): void {
  const bytes = readFileSync(file)
  bytes[at]! ^= bit
  writeFileSync(file, bytes)
}

/**
 * Where the payload of this entry lies in the file. The table's first page keeps dead copies of the entries that moved
 * out of it when it became too small; a bit flipped there changes nothing.
 */
function payloadIn(bytes: Buffer, seq: number): { readonly offset: number; readonly length: number } {
  const offset = bytes.lastIndexOf(`{"marker":"entry ${seq} begins"`)
  expect(offset).toBeGreaterThan(0)
  return { offset, length: bytes.indexOf('}', offset) + 1 - offset }
}

function open(file: string) {
  return openStore({ url: `sqlite:${file}`, now: () => new Date(), id: newId })
}

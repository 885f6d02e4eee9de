// An export that several threads check at once: wherever it is cut into stretches, and whatever was done to it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkExport } from '../../src/evidence/check-export.ts'
import { checkLines } from '../../src/evidence/check-lines.ts'
import { lineOf } from '../../src/evidence/formats.ts'
import { verifyExport } from '../../src/hub/verifying.ts'
import { joined } from '../../src/kit/chain.ts'
import { openStore } from '../../src/store/open.ts'
import { collect, draft, newId } from '../store/records.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'toolgate-lines-'))
const file = path.join(folder, 'export.jsonl')
const count = 8
let lines: readonly string[]

beforeAll(async () => {
  const store = await openStore({ url: `sqlite:${path.join(folder, 'a.db')}`, now: () => new Date(), id: newId })
  for (let n = 0; n < count; n += 1) await store.append(draft({ payload: { text: `größe ${n} \u2028 "x"` }, call: `c${n}` }))
  lines = (await collect(store.entries('acme'))).map((entry) => lineOf(entry, 'jsonl'))
  await store.close()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const write = (some: readonly string[], end = '\n') => writeFileSync(file, some.join('\n') + end)

test('cut at any byte, both stretches together are the whole chain, with and without a last line feed', () => {
  for (const end of ['\n', '']) {
    write(plainLines(), end)
    const size = Buffer.byteLength(plainLines().join('\n') + end)
    const lastBegins = Buffer.byteLength(plainLines().slice(0, -1).join('\n')) + 1
    for (let cut = 1; cut <= lastBegins; cut += 1) {
      const parts = [
        checkLines({ file, from: 0, to: cut, counts: [3] }),
        checkLines({ file, from: cut, to: size, counts: [3] }),
      ]
      const { whole, head, heads } = joined(parts)
      expect([cut, whole, head.seq, heads.size]).toEqual([cut, true, count, 1])
    }
  }
})

test('whatever was done to a line, the quick look finds it, and the close look names it', async () => {
  const good = plainLines()
  const swap = [...good.slice(0, 3), good[4]!, good[3]!, ...good.slice(5)]
  const cases: Record<string, readonly string[]> = {
    'left out': good.toSpliced(3, 1),
    doubled: good.toSpliced(3, 0, good[3]!),
    swapped: swap,
    changed: good.with(3, good[3]!.replace('größe 3', 'größe 4')),
    'a second property': good.with(3, good[3]!.replace('"kind":', '"kind":"other","kind":')),
    'another tenant': good.with(3, good[3]!.replace('"tenant":"acme"', '"tenant":"acmf"')),
  }
  for (const [what, some] of Object.entries(cases)) {
    write(some)
    expect([what, (await checkExport(file, [])).whole]).toEqual([what, false])
    expect([what, (await verifyExport(file, { anchors: [], keys: undefined })).ok]).toEqual([what, false])
  }
  write(good)
  expect(await checkExport(file, [])).toMatchObject({ whole: true, tenant: 'acme', head: { seq: count } })
  const other = await verifyExport(file, { anchors: [], keys: undefined, tenant: 'other' })
  expect(other).toMatchObject({ ok: false, findings: [{ what: 'extra' }] })
})

test('nothing is no whole chain for the quick look, and an empty record for the close one', async () => {
  writeFileSync(file, '')
  expect((await checkExport(file, [])).whole).toBe(false)
  expect(await verifyExport(file, { anchors: [], keys: undefined })).toMatchObject({ ok: true, entries: 0 })
})

/** The export escapes what a terminal would obey, which the quick look leaves to the close one. */
function plainLines(): readonly string[] {
  return lines.map((line) => line.replaceAll(String.raw`\u2028`, '\u2028'))
}

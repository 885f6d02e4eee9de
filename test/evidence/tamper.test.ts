// Whatever is done to the record before the last anchor is found, with the signing key in the attacker's hands or not.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fuzz, table } from './tamper.ts'
import { chanceFrom, judged, makeLab, replace, tamper } from './tampering.ts'
import type { Lab } from './tampering.ts'

let lab: Lab
beforeAll(async () => void (lab = await makeLab()))
afterAll(() => lab.remove())

const chance = chanceFrom(7)
const look = async (what: string, place: number, who: 'clumsy' | 'without the key' | 'with the key' = 'clumsy') =>
  (await judged(lab, tamper(lab, what, place, who, chance))).findings[0]

// AUD-02, AUD-03, AUD-05
test(
  'every class of tampering before the last anchor is found at every place tried, by every attacker',
  { timeout: 240_000 },
  async () => {
    const seed = Math.floor(Math.random() * 2 ** 31)
    const tallies = await fuzz(lab, seed, 12)
    console.log(`Seed ${seed}\n${table(tallies)}`)
    expect(tallies.filter(({ tried, found }) => found < tried)).toEqual([])
    expect(tallies.length).toBe(29)
  },
)

test('an untouched record is whole, and it is said how far the anchor vouches', async () => {
  const { ok, findings, anchoredTo, entries } = await judged(lab, await copyOf())
  expect({ ok, findings, anchoredTo, entries }).toEqual({ ok: true, findings: [], anchoredTo: 200, entries: 240 })
})

// AUD-02, AUD-03, AUD-05, AUD-06
test('it says what was done, and where', async () => {
  expect(await look('one deleted', 77)).toMatchObject({ what: 'missing', seq: 77 })
  expect(await look('two swapped', 77)).toMatchObject({ what: 'reordered', seq: 77 })
  expect(await look('one of another tenant', 77)).toMatchObject({ what: 'altered', seq: 77 })
  expect(await look('the tail cut off', 181)).toMatchObject({ what: 'truncated', seq: 181 })
  expect(await look('all deleted', 1)).toMatchObject({ what: 'truncated', seq: 1 })
  expect(await look('the tail cut off', 181, 'with the key')).toMatchObject({ what: 'rolled back', seq: 181 })
  expect(await look('one edited and all restamped', 77, 'without the key')).toMatchObject({ what: 'altered', seq: 71 })
  expect(await look('one edited and all restamped', 77, 'with the key')).toMatchObject({ what: 'forked', seq: 80 })
  expect((await judged(lab, await replace(lab, undefined))).findings[0]).toMatchObject({ what: 'rolled back', seq: 121 })
  expect((await judged(lab, await replace(lab, 240))).findings[0]).toMatchObject({ what: 'forked', seq: 130 })
})

// AUD-02: what is not found, which the guide to the record states in figures.
test('what is newer than the last anchor is found unless hashes, checkpoints and key are all used', async () => {
  expect(await look('one edited and all restamped', 225, 'with the key')).toBeUndefined()
  expect(await look('a bit changed', 225)).toMatchObject({ seq: 225 })
})

test('checkpoints of another key are told from changed ones', async () => {
  const { verifyDatabase } = await import('../../src/hub/verifying.ts')
  const other = await makeLab()
  try {
    const [wrong] = await verifyDatabase(lab.database, {
      anchors: [lab.anchor],
      keys: [other.key.publicKey],
      tenant: 'acme',
    })
    expect(wrong?.findings[0]).toMatchObject({ what: 'wrong key' })
    const [foreign] = await verifyDatabase(lab.database, {
      anchors: [other.anchor],
      keys: [lab.key.publicKey],
      tenant: 'acme',
    })
    expect(foreign?.findings.map(({ what }) => what)).toContain('wrong key')
  } finally {
    other.remove()
  }
})

async function copyOf(): Promise<string> {
  const { copyFileSync } = await import('node:fs')
  const file = `${lab.database}-copy.db`
  copyFileSync(lab.database, file)
  return file
}

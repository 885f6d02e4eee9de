// Group AUD of the attack catalogue, on hubs and files that are real: who changes the record, takes its anchor away or fills it.
import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { verifyChain } from '../../src/call/verify.ts'
import { cli } from '../doors.ts'
import { chanceFrom } from '../evidence/tampering.ts'
import { configFolder, testHub } from '../hub.ts'
import type { TestHub } from '../hub.ts'

let nth = 0
/** A text that was not sent before, so that no answer is that of an earlier call. */
const fresh = () => `text ${(nth += 1)}`
const send = (text: string, more: object = {}) => ['desk_note_send', { desk: 'front', text, ...more }] as const

describe('a hub whose record is anchored outside', () => {
  let outside: string
  let anchor: string
  let folder: string
  let configPath: string
  beforeEach(() => {
    outside = mkdtempSync(path.join(tmpdir(), 'toolgate-outside-'))
    anchor = path.join(outside, 'anchor.jsonl')
    const audit = {
      checkpoint: { entries: 1, seconds: 1 },
      anchors: [{ name: 'mount', to: 'file', path: anchor }],
      lag: { seconds: 5, writes: 'refuse' },
    }
    folder = configFolder({ config: { audit } })
    configPath = path.join(folder, 'mcp.config.json')
  })
  afterEach(() => {
    for (const gone of [folder, outside]) rmSync(gone, { recursive: true, force: true })
  })

  /** A hub that does so many writes, a minute later each than before, and ends. */
  async function day(begins: string, writes: number): Promise<void> {
    let now = Date.parse(begins)
    const hub = await testHub({ folder, now: () => new Date(now) })
    for (let count = 0; count < writes; count += 1) {
      await hub.call(...send(fresh()))
      now += 60_000
    }
    await hub.close()
  }

  test(
    'AUD-06: yesterday’s backup, gone on with under a clock that was set back to it, is found',
    { timeout: 30_000 },
    async () => {
      const [data, backup] = [path.join(folder, 'data'), path.join(outside, 'backup')]
      await day('2026-03-01T09:00:00Z', 3)
      cpSync(data, backup, { recursive: true })
      await day('2026-03-02T09:00:00Z', 3)
      expect((await cli(['audit', 'verify', '--config', configPath])).code).toBe(0)
      rmSync(data, { recursive: true })
      cpSync(backup, data, { recursive: true })
      const restored = await cli(['audit', 'verify', '--config', configPath])
      expect([restored.code, restored.stdout]).toEqual([4, expect.stringContaining('rolled back')])
      // As long as before and later than before, and at the very times at which the lost ones were.
      await day('2026-03-02T09:00:00Z', 5)
      const grown = await cli(['audit', 'verify', '--config', configPath])
      expect([grown.code, grown.stdout]).toEqual([4, expect.stringMatching(/forked|altered/)])
      await using again = await testHub({ folder, watch: true })
      await expect
        .poll(async () => (await again.call(...send(fresh()))).message, { timeout: 5000 })
        .toContain('contradict each other')
    },
  )

  test('AUD-06: a clock that is set back leaves the record whole, and gives its checkpoints an order of their own', async () => {
    await day('2026-03-02T09:00:00Z', 3)
    await day('2025-01-01T09:00:00Z', 3)
    await day('2027-01-01T09:00:00Z', 1)
    const { code, stdout } = await cli(['audit', 'verify', '--config', configPath])
    expect([code, stdout]).toEqual([0, expect.stringContaining('the anchors vouch for all of them')])
  })

  test(
    'AUD-07: out of reach for an hour: writes go on up to the lag, then stop, and go on by themselves',
    { timeout: 30_000 },
    async () => {
      let now = new Date()
      await using hub = await testHub({ folder, watch: true, now: () => now })
      await anchored(hub)
      renameSync(outside, `${outside}-away`)
      try {
        expect(await hub.call(...send('within the lag'))).toMatchObject({ status: 'done' })
        await expect.poll(async () => (await status(hub)).problem, { timeout: 5000 }).toContain('is not there')
        now = new Date(now.getTime() + 3_600_000)
        const refused = async () => await hub.call(...send(fresh()))
        await expect.poll(refused, { timeout: 5000 }).toMatchObject({
          status: 'failed',
          error: { code: 'unavailable', retry: 'later' },
          message: expect.stringContaining('No anchor outside the hub has taken a checkpoint'),
        })
        expect(hub.writes().filter((write) => write !== 'POST /notes 201')).toEqual([])
      } finally {
        renameSync(`${outside}-away`, outside)
      }
      now = new Date(now.getTime() + 60_000)
      await expect.poll(async () => (await hub.call(...send(fresh()))).status, { timeout: 10_000 }).toBe('done')
      expect(await status(hub)).toMatchObject({ problem: undefined, conflict: undefined, lost: undefined })
    },
  )

  test.each([
    ['deleted', () => rmSync(anchor)],
    ['emptied', () => writeFileSync(anchor, '')],
    ['cut off', () => writeFileSync(anchor, `${readFileSync(anchor, 'utf8').split('\n')[0]}\n`)],
  ])('AUD-07: an anchor that was %s is told of, and given again what it had', { timeout: 30_000 }, async (_how, damage) => {
    await using hub = await testHub({ folder, watch: true })
    for (const text of ['one', 'two', 'three']) {
      await hub.call(...send(text))
      await anchored(hub)
    }
    const held = readFileSync(anchor, 'utf8').trim().split('\n')
    damage()
    await hub.call(...send('after'))
    await expect
      .poll(async () => (await status(hub)).lost, { timeout: 10_000 })
      .toMatch(/was given checkpoints up to entry \d+, and at .+ it held (none|only)/)
    await anchored(hub)
    const now = readFileSync(anchor, 'utf8').split('\n')
    expect(held.filter((line) => line !== '' && !now.includes(line))).toEqual([])
    expect((await hub.call(...send(fresh()))).status).toBe('done')
    const { stdout } = await cli(['audit', 'verify', '--config', configPath])
    expect(stdout).toContain('the chain is whole')
  })

  async function status(hub: TestHub) {
    return (await hub.hub.proof.status()).anchors[0]!
  }

  /** Until the anchor has heard of all there is. */
  async function anchored(hub: TestHub): Promise<void> {
    await expect.poll(async () => (await status(hub)).behind, { timeout: 10_000 }).toBe(0)
  }
})

test(
  'AUD-01: each bit of an entry, and 10,000 bits in all, changed one at a time, are found at their entry',
  { timeout: 240_000 },
  async () => {
    const chance = chanceFrom(20_261_201)
    const pick = (below: number) => Math.floor(chance() * below)
    await using hub = await testHub()
    await hub.call(...send(fresh()))
    await hub.hub.store.recent('local', 1)
    const raw = new DatabaseSync(path.join(hub.folder, 'data/toolgate.db'))
    raw.exec('pragma synchronous = off')
    const rows = raw.prepare('select * from audit order by seq').all()
    const columns = ['id', 'at', 'kind', 'call', 'payload', 'prev', 'payload_hash', 'hash', 'tenant'] as const
    const writing = new Map(
      columns.map((column) => [column, raw.prepare(`update audit set ${column} = cast(? as text) where rowid = ?`)]),
    )
    const rowids = raw
      .prepare('select rowid from audit order by seq')
      .all()
      .map(({ rowid }) => Number(rowid))
    const missed: unknown[] = []

    async function flip(seq: number, column: (typeof columns)[number], byte: number, bit: number): Promise<void> {
      const before = Buffer.from(String(rows[seq - 1]![column]))
      const after = Buffer.from(before)
      after[byte]! ^= 1 << bit
      writing.get(column)!.run(after, rowids[seq - 1]!)
      const result = await verifyChain(hub.hub.store, 'local')
      writing.get(column)!.run(before, rowids[seq - 1]!)
      // An entry of somebody else is missing here: the last one leaves no gap, and only an anchor shows that it is gone.
      const last = column === 'tenant' && seq === rows.length
      if (last ? !(result.ok && result.entries === seq - 1) : result.ok || result.seq !== seq)
        missed.push({ seq, column, byte, bit, result })
    }

    let flips = 0
    for (const column of columns) {
      const { length } = Buffer.from(String(rows[3]![column]))
      for (let byte = 0; byte < length; byte += 1)
        for (let bit = 0; bit < 8; bit += 1, flips += 1) await flip(4, column, byte, bit)
    }
    for (; flips < 10_000; flips += 1) {
      const [seq, column] = [1 + pick(rows.length), columns[pick(columns.length)]!]
      await flip(seq, column, pick(Buffer.byteLength(String(rows[seq - 1]![column]))), pick(8))
    }
    expect(missed.slice(0, 5)).toEqual([])
    expect(await verifyChain(hub.hub.store, 'local')).toMatchObject({ ok: true, entries: rows.length })
    raw.close()
  },
)

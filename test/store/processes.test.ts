// Several processes share one database, and any of them may die at any moment.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { verifyChain } from '../../src/call/verify.ts'
import { openStore } from '../../src/store/open.ts'
import { collect, draft, newId } from './records.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'toolgate-processes-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const hammer = fileURLToPath(new URL('./hammer.ts', import.meta.url))

interface Report {
  readonly appended: number
  readonly openMs: number
  readonly longestMs: number
  readonly refusals: readonly string[]
}

// AUD-18: one order without a gap, of several processes on one file.
test.for([2, 4])(
  '%i processes at once: every append lands once, and none waits over a second',
  { timeout: 60_000 },
  async (count) => {
    const file = fresh()
    await (await open(file)).close()
    const runs = await Promise.all(Array.from({ length: count }, () => finished(start(file, 2500, 8))))
    expect(runs.flatMap(({ report }) => report.refusals)).toEqual([])
    expect(Math.max(...runs.map(({ report }) => report.longestMs))).toBeLessThan(1000)
    const shares = runs.map(({ report }) => report.appended)
    expect(Math.min(...shares), `shares: ${shares.join(', ')}`).toBeGreaterThan(Math.max(...shares) / 5)
    await expectExactly(
      file,
      runs.flatMap(({ ids }) => ids),
    )
  },
)

test('first starts at once all come up', { timeout: 60_000 }, async () => {
  const file = path.join(folder, 'not', 'there', 'yet.db')
  const runs = await Promise.all(Array.from({ length: 4 }, () => finished(start(file, 100, 1))))
  expect(runs.map(({ report }) => report.refusals)).toEqual([[], [], [], []])
  await expectExactly(
    file,
    runs.flatMap(({ ids }) => ids),
  )
})

test(
  'a process that is killed while it makes the database does not keep the next one out',
  { timeout: 60_000 },
  async () => {
    for (const afterMs of [60, 100, 140, 180, 220, 260]) {
      const file = fresh()
      const killed = start(file, 1000, 1)
      await sleep(afterMs)
      killed.kill('SIGKILL')
      await ended(killed)
      const store = await open(file)
      await store.append(draft())
      expect(await verifyChain(store, 'acme')).toMatchObject({ ok: true })
      await store.close()
    }
  },
)

test('kill -9 loses no acknowledged append, and the chain goes on', { timeout: 60_000 }, async () => {
  const file = fresh()
  const acknowledged: string[] = []
  for (const afterMs of [40, 90, 200, 310]) {
    const [killed, survivor] = [start(file, 5000, 50), start(file, 700, 2)]
    const output = text(killed.stdout!)
    await new Promise((resolve) => killed.stdout!.once('data', resolve))
    await sleep(afterMs)
    killed.kill('SIGKILL')
    acknowledged.push(...idsOf(await output), ...(await finished(survivor)).ids)
  }
  const store = await open(file)
  const kept = new Set((await collect(store.entries('acme'))).map(({ id }) => id))
  expect(acknowledged.length).toBeGreaterThan(100)
  expect(acknowledged.filter((id) => !kept.has(id))).toEqual([])
  await store.append(draft())
  expect(await verifyChain(store, 'acme')).toMatchObject({ ok: true, entries: kept.size + 1 })
  await store.close()
})

async function expectExactly(file: string, ids: readonly string[]): Promise<void> {
  const store = await open(file)
  const kept = (await collect(store.entries('acme'))).map(({ id }) => id)
  expect([...kept].sort()).toEqual([...ids].sort())
  expect(await verifyChain(store, 'acme')).toMatchObject({ ok: true, entries: ids.length })
  await store.close()
}

function start(file: string, ms: number, atOnce: number): ChildProcess {
  return spawn(process.execPath, [hammer, file, String(ms), String(atOnce)], { stdio: ['ignore', 'pipe', 'inherit'] })
}

async function finished(child: ChildProcess): Promise<{ readonly ids: readonly string[]; readonly report: Report }> {
  const output = await text(child.stdout!)
  await ended(child)
  expect(child.exitCode).toBe(0)
  return { ids: idsOf(output), report: JSON.parse(output.trimEnd().split('\n').at(-1)!) as Report }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await new Promise((resolve) => child.once('exit', resolve))
}

/** Whole lines only: the last one may have been cut by the kill. */
function idsOf(output: string): string[] {
  return output
    .slice(0, output.lastIndexOf('\n'))
    .split('\n')
    .filter((line) => line.startsWith('ae_'))
}

function fresh(): string {
  return path.join(folder, `${newId('file')}.db`)
}

function open(file: string) {
  return openStore({ url: `sqlite:${file}`, now: () => new Date(), id: newId })
}

// Kills a hub at every durable write and at every moment of a send, starts it again, and asks the vendor what was done.
import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Answer } from '../../src/call/call.ts'
import { verifyChain } from '../../src/call/verify.ts'
import type { AuditEntry } from '../../src/kit/record.ts'
import { resetSandbox } from '../../src/sandbox/admin.ts'
import { openStore } from '../../src/store/open.ts'
import { configFolder } from '../hub.ts'
import { everything, isWriteOf, shapeOf, vendorLab } from './vendors.ts'
import type { VendorLab, WriteUnderTest } from './vendors.ts'
import type { Order } from './victim.ts'

export interface CrashTally {
  readonly tool: string
  readonly shape: string
  /** Durable writes of one call, counted by `commit`, and what strace saw of the disk; undefined without strace. */
  commits: number
  syncs: number | undefined
  /** Requests of its own that the write makes at the vendor. */
  sends: number
  kills: number
  /** Processes that had ended before their moment came. */
  missed: number
  mostExecutions: number
  /** Operations that do not end in exactly one outcome. */
  unsettled: number
  /** Executed at the vendor although nothing durable says that sending began. */
  unrecorded: number
  /** Answered with something else than what is so. */
  wrong: number
  brokenChains: number
  /** How many end with the vendor not able to say. */
  leftUnknown: number
  readonly examples: string[]
}

type KillAt =
  | { readonly by: 'commit'; readonly when: 'before' | 'after'; readonly nth: number }
  | { readonly by: 'sync'; readonly nth: number }
  | { readonly by: 'send'; readonly nth: number; readonly moment: 'arrived' | 'executed' | 'answering' | 'answered' }

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const hasStrace = spawnSync('strace', ['-V']).status === 0

/** A clock this far ahead finds every deadline passed and every vendor's window over. */
export const laterMs = 20 * 60_000

// IDEM-09, AUD-14
/** @param every 1 for every moment, 3 for every third; `from` says which of them is the first */
export async function crashEverywhere(
  write: WriteUnderTest,
  { every, from }: { readonly every: number; readonly from: number },
): Promise<CrashTally> {
  const folder = mkdtempSync(path.join(tmpdir(), 'toolgate-crashes-'))
  const vendorFile = path.join(folder, 'vendors.db')
  const lab = await vendorLab(vendorFile, () => new Date())
  const bench: Bench = { write, lab, vendorFile, folder }
  try {
    const whole = await count(bench)
    const tally: CrashTally = {
      tool: write.name,
      shape: shapeOf(write),
      ...whole,
      kills: 0,
      missed: 0,
      mostExecutions: 0,
      unsettled: 0,
      unrecorded: 0,
      wrong: 0,
      brokenChains: 0,
      leftUnknown: 0,
      examples: [],
    }
    const moments = everyMoment(whole).filter((_, index) => index % every === from % every)
    for (const at of moments) await crash(bench, at, tally)
    return tally
  } finally {
    await lab.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

export interface Bench {
  readonly write: WriteUnderTest
  readonly lab: VendorLab
  readonly vendorFile: string
  readonly folder: string
}

interface Whole {
  readonly commits: number
  readonly syncs: number | undefined
  readonly sends: number
}

/** What one call does when nobody stops it. */
export async function count(bench: Bench): Promise<Whole> {
  const hub = newHub()
  const counted = path.join(hub, 'commits')
  const before = bench.lab.changes()
  const { code, said } = await run(bench, hub, { count: counted }).ended
  if (code !== 0 || said?.answer.status !== 'done')
    throw new Error(`${bench.write.name} does not work without a crash: ${JSON.stringify(said)}`)
  const sends = bench.lab.changes() - before
  const commits = existsSync(counted) ? readFileSync(counted).length : 0
  rmSync(hub, { recursive: true, force: true })
  resetSandbox(bench.vendorFile)
  return { commits, sends, syncs: hasStrace ? await countSyncs(bench) : undefined }
}

async function countSyncs(bench: Bench): Promise<number> {
  const hub = newHub()
  const trace = path.join(hub, 'trace')
  await run(bench, hub, undefined, ['strace', '-f', '-qq', '-o', trace, '-e', 'trace=fdatasync,fsync']).ended
  const threads = readFileSync(trace, 'utf8')
    .split('\n')
    .filter((line) => / f(data)?sync\(/.test(line))
  const ofThread = Map.groupBy(threads, (line) => line.split(' ', 1)[0])
  // A count of its own for each thread is also how strace decides when to kill.
  const syncs = Math.max(0, ...[...ofThread.values()].map((lines) => lines.length))
  rmSync(hub, { recursive: true, force: true })
  resetSandbox(bench.vendorFile)
  return syncs
}

function everyMoment({ commits, syncs, sends }: Whole): readonly KillAt[] {
  const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1)
  return [
    ...upTo(commits).flatMap((nth) => (['before', 'after'] as const).map((when) => ({ by: 'commit', when, nth }) as const)),
    ...upTo(syncs ?? 0).map((nth) => ({ by: 'sync', nth }) as const),
    ...upTo(sends).flatMap((nth) =>
      (['arrived', 'executed', 'answering', 'answered'] as const).map((moment) => ({ by: 'send', nth, moment }) as const),
    ),
  ]
}

async function crash(bench: Bench, at: KillAt, tally: CrashTally): Promise<void> {
  const { lab, write } = bench
  const hub = newHub()
  const before = lab.changes()
  const began = Date.now()
  const killed = await killAt(bench, hub, at)
  if (killed) tally.kills += 1
  else tally.missed += 1
  await quiet()
  const byFirst = lab.changes() - before
  const second = await run(bench, hub, undefined, [], { aheadMs: laterMs, ask: true }).ended
  await quiet()
  const executed = lab.changes() - before
  // A write of several requests that dies on the way has done a part of them, and may do no more by itself.
  const executions = Math.ceil(executed / Math.max(1, tally.sends))
  tally.mostExecutions = Math.max(tally.mostExecutions, executions)
  const story = await readStory(hub, began)
  const state = (second.said?.asked?.result as { state?: string } | undefined)?.state ?? second.said?.answer.status
  const wrong =
    second.code !== 0 ||
    executed > tally.sends ||
    (state === 'done' && executed !== tally.sends) ||
    (state === 'reconciled' && executed === 0) ||
    (state === 'failed' && executed > 0)
  if (state === 'unknown') tally.leftUnknown += 1
  if (wrong) tally.wrong += 1
  if (story.unsettled > 0) tally.unsettled += story.unsettled
  if (byFirst > 0 && !story.sendingRecorded) tally.unrecorded += 1
  if (!story.chainHolds) tally.brokenChains += 1
  if (wrong || story.unsettled > 0 || !story.chainHolds)
    tally.examples.push(`${write.name} killed at ${JSON.stringify(at)}: executed ${executed}, says ${state}`)
  rmSync(hub, { recursive: true, force: true })
  resetSandbox(bench.vendorFile)
}

async function killAt(bench: Bench, hub: string, at: KillAt): Promise<boolean> {
  if (at.by === 'commit') return (await run(bench, hub, { at: `${at.when}:${at.nth}` }).ended).signal === 'SIGKILL'
  if (at.by === 'sync') {
    const inject = ['-e', 'trace=fdatasync,fsync', '-e', `inject=fdatasync,fsync:signal=KILL:when=${at.nth}`]
    const { code, signal } = await run(bench, hub, undefined, ['strace', '-f', '-qq', '-o', '/dev/null', ...inject]).ended
    return signal === 'SIGKILL' || code === 137
  }
  const running = run(bench, hub, undefined)
  const isWrite = isWriteOf(bench.write)
  let nth = 0
  const arm = (): void => {
    nth += 1
    const mine = nth
    void bench.lab.proxy
      .arm(isWrite, undefined, ({ what }) => {
        if (mine === at.nth && what === at.moment) running.child.kill('SIGKILL')
      })
      .then(() => mine < at.nth && arm())
  }
  arm()
  const { signal } = await running.ended
  bench.lab.proxy.disarm()
  return signal === 'SIGKILL'
}

interface Said {
  readonly answer: Answer
  readonly asked?: Answer
}

interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly said: Said | undefined
}

export function run(
  bench: Bench,
  hub: string,
  points: Readonly<Record<string, string>> | undefined,
  under: readonly string[] = [],
  more: Partial<Order> = {},
): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
  const order: Order = {
    configPath: path.join(hub, 'mcp.config.json'),
    vendors: bench.lab.proxy.base,
    aheadMs: 0,
    tool: bench.write.name,
    arguments: { ...(bench.write.tool.example as object), idempotency_key: 'the-one' },
    ask: false,
    ...more,
  }
  const loaded = new URL('./kill-points.ts', import.meta.url)
  loaded.search = new URLSearchParams(points).toString()
  const first = points === undefined ? [] : ['--import', loaded.href]
  const [command, ...words] = [...under, process.execPath, ...first, here('./victim.ts'), JSON.stringify(order)]
  const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  let err = ''
  child.stdout.on('data', (text: Buffer) => (out += text.toString()))
  child.stderr.on('data', (text: Buffer) => (err += text.toString()))
  const { promise, resolve } = Promise.withResolvers<Ended>()
  child.once('close', (code, signal) => {
    if (code !== 0 && signal === null && code !== 137) process.stderr.write(err)
    resolve({ code, signal, said: out === '' ? undefined : (JSON.parse(out) as Said) })
  })
  return { child, ended: promise }
}

interface Story {
  readonly unsettled: number
  readonly sendingRecorded: boolean
  readonly chainHolds: boolean
}

const outcomes = new Set(['operation.succeeded', 'operation.failed', 'operation.unknown'])

/**
 * Every intent has exactly one outcome; `reconciled` and another attempt with the same key come after one.
 *
 * @param began When the first process did: what the one after it records is by a clock that is ahead
 */
export async function readStory(hub: string, began: number): Promise<Story> {
  const file = path.join(hub, 'data', 'toolgate.db')
  const store = await openStore({ url: `sqlite:${file}`, now: () => new Date(), id: (prefix) => `${prefix}_story` })
  try {
    const entries: AuditEntry[] = []
    for await (const entry of store.entries('local')) entries.push(entry)
    const of = (kind: string) => entries.filter((entry) => entry.kind === kind).length
    const ended = entries.filter(({ kind }) => outcomes.has(kind) && !kind.endsWith('reconciled'))
    const afterUnknown = ended.filter(({ kind, payload }) => kind === 'operation.failed' && payload['from'] === 'unknown')
    return {
      unsettled: Math.abs(of('operation.intent') - (ended.length - afterUnknown.length)),
      sendingRecorded: entries.some(({ kind, at }) => kind === 'operation.sending' && Date.parse(at) < began + laterMs / 2),
      chainHolds: (await verifyChain(store, 'local')).ok,
    }
  } finally {
    await store.close()
  }
}

export function newHub(): string {
  return configFolder({ connectors: everything() })
}

/** What has reached the vendor, it finishes. */
export async function quiet(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 20))
}

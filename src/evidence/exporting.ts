// The continuous export to one sink: in order, from a cursor that is kept, a batch at a time; what fails is sent again.
import type { AuditEntry, Store } from '../kit/record.ts'
import type { Sink } from './sink.ts'

const kind = 'export'
const batchMax = 500
const batchBytesMax = 1024 * 1024
const sendTimeoutMs = 30_000
const idleMs = 500
const retryFirstMs = 500
const retryMostMs = 60_000

export interface ExportState {
  readonly name: string
  /** The last entry that the sink surely has. */
  readonly seq: number
  readonly at: string | undefined
  readonly problem: string | undefined
}

export interface Exporting {
  state(): Promise<ExportState>
  /** Ends after the batch that is under way. */
  stop(): Promise<void>
}

export interface ExportingOptions {
  readonly store: Store
  readonly tenant: string
  readonly now: () => Date
  /** Whether this process is the one that does it. */
  readonly mine: () => Promise<boolean>
  readonly log: { warn(fields: object, message: string): void }
}

export function exportTo(sink: Sink, { store, tenant, now, mine, log }: ExportingOptions): Exporting {
  const { name } = sink
  const stopping = new AbortController()
  let problem: string | undefined
  let failures = 0

  const cursor = async () => {
    const found = await store.document(tenant, kind, name)
    return { seq: Number(found?.value['seq'] ?? 0), at: found?.updatedAt }
  }

  /** How many were sent. Nothing of the chain is in memory but this batch: a slow sink slows only itself. */
  async function sendBatch(from: number): Promise<number> {
    const batch = await batchFrom(store, tenant, from)
    const last = batch.at(-1)
    if (!last) return 0
    await sink.send(batch, AbortSignal.any([AbortSignal.timeout(sendTimeoutMs), stopping.signal]))
    await store.put([{ tenant, kind, id: name, value: { seq: last.seq }, at: now().toISOString() }])
    return batch.length
  }

  async function step(): Promise<number> {
    if (!(await mine())) return idleMs
    const known = (await cursor()).seq
    const held = await sink.last?.(tenant)
    const sent = await sendBatch(Math.max(known, held ?? 0) + 1)
    if (failures > 0) log.warn({ export: name }, 'the export goes on')
    failures = 0
    problem = undefined
    return sent > 0 ? 0 : idleMs
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const pause = await step().catch((error: unknown) => {
        problem = error instanceof Error ? error.message : String(error)
        if (failures === 0) log.warn({ export: name, err: error }, 'the export waits for its sink, and loses nothing')
        failures += 1
        return Math.min(retryMostMs, retryFirstMs * 2 ** (failures - 1))
      })
      await paused(pause, stopping.signal)
    }
  }

  const running = run()
  return {
    async state() {
      const { seq, at } = await cursor()
      return { name, seq, at, problem }
    },
    async stop() {
      stopping.abort()
      await running
    },
  }
}

async function batchFrom(store: Store, tenant: string, from: number): Promise<readonly AuditEntry[]> {
  const batch: AuditEntry[] = []
  let bytes = 0
  for await (const entry of store.entries(tenant, from)) {
    batch.push(entry)
    bytes += JSON.stringify(entry.payload).length
    if (batch.length >= batchMax || bytes > batchBytesMax) break
  }
  return batch
}

async function paused(ms: number, stopped: AbortSignal): Promise<void> {
  if (stopped.aborted) return
  await new Promise<void>((resolve) => {
    const done = () => {
      clearTimeout(timer)
      stopped.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    timer.unref()
    stopped.addEventListener('abort', done)
  })
}

// The proof of the record, as the rest of the hub sees it: checkpoints, anchors, exports, receipts, erasure, verification.
import path from 'node:path'
import type { Attendance } from '../call/attend.ts'
import type { Call, Services } from '../call/call.ts'
import type { Handled } from '../call/handle.ts'
import type { LoadedConfig } from '../config/load.ts'
import type { Erased } from '../evidence/erasing.ts'
import type { Evidence, EvidenceStatus } from '../evidence/evidence.ts'
import type { Exporting, ExportState } from '../evidence/exporting.ts'
import type * as Receipts from '../evidence/receipts.ts'
import type { SignedReceipt } from '../evidence/receipts.ts'
import type { Judgement } from '../evidence/verify.ts'
import { canonical } from '../kit/json.ts'
import type { JsonObject } from '../kit/json.ts'
import type { Store } from '../kit/record.ts'
import type { Log } from './log.ts'
import { makeRefusals, refusedSoFar } from './refusals.ts'
import type { RefusedSoFar, Refusals } from './refusals.ts'

export interface ProofOptions {
  readonly store: Store
  readonly config: () => LoadedConfig
  readonly dataFolder: string
  readonly now: () => Date
  readonly id: (prefix: string) => string
  readonly secret: (reference: string) => Promise<string>
  readonly services: () => Services
  readonly log: Log
  /** Whether this process stays, and does by itself what is due. */
  readonly stays: boolean
}

export interface Proof {
  readonly late: () => string | undefined
  readonly unrecorded: NonNullable<Services['unrecorded']>
  /** Counts what was refused before anybody was known. */
  readonly refused: Refusals['count']
  receipt(handled: Handled, call: Pick<Call, 'id' | 'principal'>): Promise<SignedReceipt | undefined>
  /** The public key, as PEM. */
  publicKey(): Promise<string>
  status(): Promise<EvidenceStatus & { readonly exports: readonly ExportState[]; readonly refused: RefusedSoFar }>
  /** The whole of a database, this one where none is named, against its anchors. */
  verify(given: VerifyGiven): Promise<readonly Judgement[]>
  erase(what: { readonly principal: string } | { readonly before: Date }): Promise<Erased>
  /** Settles what is overdue and asks about what is unknown, as a hub that stays does every second. */
  attend(): Promise<void>
  close(): Promise<void>
}

export interface VerifyGiven {
  /** Files of anchors: a checkpoint a line. */
  readonly anchors?: readonly string[]
  /** Public keys, as PEM; the hub's own where left out. */
  readonly keys?: readonly string[]
}

const roundEveryMs = 1000
const retentionEveryMs = 3_600_000
/** An answer waits no longer for the key of its receipt, which may be in a vault that does not answer. */
const receiptKeyMs = 1000

export function makeProof(options: ProofOptions): Proof {
  const { store, config, now, id, log } = options
  const { tenant } = config()
  const holder = id('hub')
  const stopping = new AbortController()
  let evidence: Promise<Evidence> | undefined
  let gate: Evidence | undefined
  let exports: readonly Exporting[] = []
  let exportsFrom = '[]'
  let attendance: Attendance | undefined
  let gap = 0
  let retentionAt = 0
  const erasing = { store, tenant, now, id }
  const refusals = makeRefusals({ store, tenant, now, id })

  const opened = () =>
    (evidence ??= import('../evidence/evidence.ts').then(({ lookAfterEvidence }) => {
      gate = lookAfterEvidence({
        store,
        tenant,
        settings: () => config().audit,
        keyFile: path.join(options.dataFolder, 'audit.key'),
        outside: { now, fetch, secret: options.secret },
        log,
        holder,
      })
      if (options.stays) gate.start()
      return gate
    }))

  async function followExports(): Promise<void> {
    const wanted = canonical(config().audit.export)
    if (wanted === exportsFrom) return
    await Promise.all(exports.map((each) => each.stop()))
    exportsFrom = wanted
    const [{ openSink }, { exportTo }] = await Promise.all([
      import('../evidence/sink.ts'),
      import('../evidence/exporting.ts'),
    ])
    const { duty } = await opened()
    const sinks = await Promise.all(
      config().audit.export.map((each) => openSink(each, { now, fetch, secret: options.secret })),
    )
    if (stopping.signal.aborted) return
    exports = sinks.map((sink) => exportTo(sink, { store, tenant, now, mine: () => duty.isMine(), log }))
  }

  /** What was answered without a record is at least counted, once it can be. */
  async function markGap(): Promise<void> {
    if (gap === 0 || store.broken() !== undefined) return
    const counted = gap
    const draft = { tenant, id: id('ae'), at: now().toISOString(), kind: 'audit.gap', call: undefined }
    await store.append({ ...draft, payload: { unrecorded: counted } })
    gap -= counted
  }

  async function retain(): Promise<void> {
    const days = config().audit.retentionDays
    const time = now().getTime()
    if (days === undefined || (time < retentionAt && retentionAt - time <= retentionEveryMs)) return
    retentionAt = time + retentionEveryMs
    const { eraseOlder } = await import('../evidence/erasing.ts')
    await eraseOlder(new Date(time - days * 86_400_000), erasing)
  }

  async function attend(): Promise<void> {
    const { attendTo } = await import('../call/attend.ts')
    attendance ??= attendTo(options.services(), tenant)
    await attendance.round(stopping.signal)
  }

  async function rounds(): Promise<void> {
    while (!stopping.signal.aborted) {
      await paused(roundEveryMs, stopping.signal)
      if (stopping.signal.aborted) return
      try {
        await markGap()
        await refusals.record()
        const { duty } = await opened()
        await followExports()
        if (!(await duty.isMine())) continue
        await attend()
        await retain()
      } catch (error) {
        log.warn({ err: error }, 'what is due could not be done; it is tried again')
      }
    }
  }

  const running = options.stays ? rounds() : undefined

  return {
    late: () => gate?.late(),
    unrecorded: { allowed: () => config().audit.reads === 'allow', count: () => void (gap += 1) },
    refused: refusals.count,
    async receipt({ answer, story }, { id: call, principal }) {
      const { receipts } = config().audit
      if (receipts === 'off' || (receipts === 'writes' && story.closed === undefined)) return undefined
      const [{ makeReceipt }, held] = await Promise.all([receiptModule(), opened()])
      // The end of a read is not on the disk yet; its arrival is, where a vendor took longer than the disk.
      const place = story.closed ?? story.opened
      const key = await within(receiptKeyMs, held.key())
      if (!key) return undefined
      return await makeReceipt(
        {
          // The record of a call is that of its caller's tenant.
          tenant: principal.tenant,
          call,
          ...(answer.operation_id !== undefined && { operation: answer.operation_id }),
          answer: answer as unknown as JsonObject,
          at: now(),
          ...(place && { place }),
        },
        key,
      )
    },
    publicKey: async () => (await (await opened()).key()).publicKey,
    async status() {
      const status = await (await opened()).status()
      return { ...status, exports: await exportStates(exports, options), refused: await refusedSoFar(store, tenant) }
    },
    async verify(given) {
      const { verifyDatabase } = await import('./verifying.ts')
      const keys = given.keys ?? [await (await opened()).key().then(({ publicKey }) => publicKey)]
      const anchors = [...(given.anchors ?? []), ...anchorFiles(config())]
      // What is still on its way to the disk belongs to it.
      await store.recent(tenant, 1)
      return await verifyDatabase(config().store.file, { anchors, keys, tenant })
    },
    async erase(what) {
      const { erasePerson, eraseOlder } = await import('../evidence/erasing.ts')
      return 'principal' in what ? await erasePerson(what.principal, erasing) : await eraseOlder(what.before, erasing)
    },
    attend,
    async close() {
      stopping.abort()
      await running
      await Promise.all(exports.map((each) => each.stop()))
      await markGap().catch(() => undefined)
      await refusals.record('now').catch(() => undefined)
      if (options.stays || config().audit.anchors.length > 0) await (await opened()).close()
    },
  }
}

/** An import that is already there still costs several microseconds. */
let receipts: Promise<typeof Receipts> | undefined
function receiptModule() {
  return (receipts ??= import('../evidence/receipts.ts'))
}

/** Those that this process can read itself. */
function anchorFiles(config: LoadedConfig): readonly string[] {
  return config.audit.anchors.flatMap((anchor) => {
    if (anchor.to === 'file') return [anchor.path]
    return anchor.to === 'git' ? [path.join(anchor.folder, 'checkpoints.jsonl')] : []
  })
}

/** Another process may be the one that exports: where it has come to is in the store. */
async function exportStates(
  exports: readonly Exporting[],
  { store, config }: ProofOptions,
): Promise<readonly ExportState[]> {
  if (exports.length > 0) return await Promise.all(exports.map((each) => each.state()))
  const { tenant, audit } = config()
  return await Promise.all(
    audit.export.map(async ({ name }) => {
      const found = await store.document(tenant, 'export', name)
      return { name, seq: Number(found?.value['seq'] ?? 0), at: found?.updatedAt, problem: undefined }
    }),
  )
}

/** Undefined where it takes longer. */
async function within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  const { promise: over, resolve } = Promise.withResolvers<undefined>()
  const timer = setTimeout(() => resolve(undefined), ms)
  return await Promise.race([promise, over]).finally(() => clearTimeout(timer))
}

async function paused(ms: number, stopped: AbortSignal): Promise<void> {
  if (stopped.aborted) return
  await new Promise<void>((resolve) => {
    const done = () => {
      clearTimeout(timer)
      stopped.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms).unref()
    stopped.addEventListener('abort', done)
  })
}

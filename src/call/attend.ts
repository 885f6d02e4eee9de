// What has to happen to operations without anybody asking: overdue ones are settled, unknown ones asked of their vendor.
import type { Operation } from '../kit/record.ts'
import { entry } from './audit.ts'
import type { Services } from './call.ts'
import { callOf } from './details.ts'
import { settleOverdue } from './ledger.ts'
import { reconcile, settlesMsUsual } from './reconcile.ts'

/** How long to wait before each further question about one operation. */
const pausesMs = [2000, 5000, 15_000, 60_000, 300_000, 600_000]
const askTimeoutMs = 30_000
const atOnceMax = 1000
/** The kind of the document that says: this one is left to a person. */
export const unclearKind = 'unclear'

interface Asked {
  readonly times: number
  readonly nextAt: number
}

export interface Attendance {
  /** One round: settles what is overdue, asks what is due to be asked. */
  round(signal: AbortSignal): Promise<void>
}

export function attendTo(hub: Services, tenant: string): Attendance {
  const asked = new Map<string, Asked>()

  async function settle(): Promise<void> {
    const states = ['held', 'intent', 'sending'] as const
    for (const operation of await hub.store.operations({ tenant, states, limit: atOnceMax }))
      await settleOverdue(operation, hub)
  }

  async function ask(operation: Operation, signal: AbortSignal): Promise<void> {
    const { times = 0, nextAt = 0 } = asked.get(operation.id) ?? {}
    const now = hub.now().getTime()
    const pause = pausesMs[Math.min(times, pausesMs.length - 1)]!
    // A clock that was set back must not postpone it for longer than it would have waited.
    if (now < nextAt && nextAt - now <= pause) return
    if (await isLeft(operation)) return void asked.set(operation.id, { times, nextAt: now + pausesMs.at(-1)! })
    const within = AbortSignal.any([signal, AbortSignal.timeout(askTimeoutMs)])
    const after = await reconcile(operation, { id: callOf(operation), signal: within }, hub).catch((error: unknown) => {
      hub.log.warn({ operation: operation.id, err: error }, 'an unknown outcome could not be asked of the vendor')
      return operation
    })
    if (after.state !== 'unknown') return void asked.delete(operation.id)
    if (isHopeless(operation, times + 1)) await leave(operation, times + 1)
    asked.set(operation.id, { times: times + 1, nextAt: now + pause })
  }

  async function isLeft(operation: Operation): Promise<boolean> {
    return (await hub.store.document(tenant, unclearKind, operation.id)) !== undefined
  }

  /** The vendor cannot be asked, or would show it by now. */
  function isHopeless(operation: Operation, times: number): boolean {
    const offer = hub.current().offers.get(operation.tool)
    if (offer?.tool.kind !== 'write' || !offer.tool.reconcile) return true
    const sentAt = operation.history.findLast(({ state }) => state === 'sending')?.at ?? operation.updatedAt
    const settled = hub.now().getTime() - Date.parse(sentAt) > (offer.tool.settlesMs ?? settlesMsUsual)
    return settled && times >= pausesMs.length
  }

  async function leave(operation: Operation, times: number): Promise<void> {
    const at = hub.now().toISOString()
    const put = { tenant, kind: unclearKind, id: operation.id, value: { times, at }, version: 0, at }
    const said = { operation: operation.id, asked: times, tool: operation.tool, principal: operation.principal }
    await hub.store.put([put], entry(hub, tenant, 'operation.unclear', callOf(operation), said))
    hub.log.warn(
      { operation: operation.id },
      'an outcome stays unknown and is left to a person: toolgate operations resolve',
    )
  }

  return {
    async round(signal) {
      if (hub.store.broken() !== undefined) return
      await settle()
      const unknown = await hub.store.operations({ tenant, states: ['unknown'], limit: atOnceMax })
      for (const operation of unknown) if (!signal.aborted) await ask(operation, signal)
      const still = new Set(unknown.map(({ id }) => id))
      for (const id of asked.keys()) if (!still.has(id)) asked.delete(id)
    },
  }
}

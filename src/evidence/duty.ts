// Of several processes on one database one does what is done once: a lease, kept as a document, that runs out by itself.
import type { Store } from '../kit/record.ts'

const kind = 'duty'
const leaseMs = 15_000
const renewMs = 5000

export interface Duty {
  /** Whether it is this process; takes the duty over where nobody has it. Never throws. */
  isMine(): Promise<boolean>
  /** Lets somebody else have it at once. */
  letGo(): Promise<void>
}

/** @param holder unique to this process */
export function dutyOf(store: Store, tenant: string, id: string, holder: string, now: () => Date): Duty {
  let mineUntil = 0
  let renewAt = 0

  async function take(): Promise<boolean> {
    const found = await store.document(tenant, kind, id)
    const time = now().getTime()
    // A lease from a clock that was ahead would last for ever: none is longer than it can be.
    const until = Math.min(Number(found?.value['until'] ?? 0), time + leaseMs)
    if (found && found.value['holder'] !== holder && until > time) return false
    const version = found?.version ?? 0
    const value = { holder, until: time + leaseMs }
    const taken = await store.put([{ tenant, kind, id, value, version, at: now().toISOString() }])
    mineUntil = taken ? time + leaseMs : 0
    renewAt = time + renewMs
    return taken
  }

  return {
    async isMine() {
      const time = now().getTime()
      if (time < mineUntil && time < renewAt) return true
      try {
        return await take()
      } catch {
        // What cannot be written now is looked after as long as the lease still runs.
        return time < mineUntil
      }
    },
    async letGo() {
      if (mineUntil === 0) return
      const found = await store.document(tenant, kind, id)
      mineUntil = 0
      if (found?.value['holder'] !== holder) return
      await store.put([{ tenant, kind, id, value: undefined, version: found.version, at: now().toISOString() }])
    },
  }
}

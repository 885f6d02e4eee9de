// A decision that did not count: whoever reads the record later sees both sides of a race, and who tried what is not theirs.
import { HubError } from '../kit/error.ts'
import type { Approver } from './approver.ts'
import { entry } from './audit.ts'
import type { Services } from './call.ts'
import { callOf } from './details.ts'

/** What somebody tried to do with a held call. */
export interface Attempt {
  readonly operation: string
  readonly decision: 'approved' | 'denied' | 'changed' | 'cancelled'
  readonly by: Pick<Approver, 'id' | 'tenant'> & Partial<Approver>
}

/**
 * Records the attempt where it was refused, and leaves to its giver what they are told.
 *
 * @throws whatever the work throws
 */
export async function recordRefusal<T>(attempt: Attempt, work: Promise<T>, hub: Services): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (error instanceof HubError && ofSomebody.has(error.code)) await append(attempt, error, hub)
    throw error
  }
}

/** Neither what is not there, nor what the hub itself could not do. */
const ofSomebody: ReadonlySet<HubError['code']> = new Set(['refused', 'forbidden', 'conflict'])

async function append({ operation: id, decision, by }: Attempt, { code, message }: HubError, hub: Services): Promise<void> {
  try {
    const operation = await hub.store.operation(id)
    if (operation?.tenant !== by.tenant) return
    const facts = { operation: id, approver: by.id, ...(by.channel && { channel: by.channel }), decision }
    await hub.store.append(entry(hub, by.tenant, 'approval.refused', callOf(operation), { ...facts, error: code, message }))
  } catch (error) {
    hub.log.error({ operation: id, err: error }, 'a decision that did not count could not be recorded')
  }
}

// The hub's own tool: how an operation stands, for whoever asked for it.
import { z } from 'zod'
import { HubError } from '../kit/error.ts'
import type { Principal } from '../kit/policy.ts'
import type { Operation } from '../kit/record.ts'
import { readTool } from '../kit/tool.ts'
import type { Reads } from '../kit/tool.ts'
import { heldAnswer } from './answers.ts'
import type { Answer, Services } from './call.ts'
import { callOf, heldDetails } from './details.ts'
import { markRead, settleOverdue } from './ledger.ts'
import { reconcile } from './reconcile.ts'
import { seenNow } from './sight.ts'

/** The operations of one person. */
export interface Operations {
  /** @throws HubError `not_found`, also for somebody else's */
  get(id: string): Promise<Operation>
  /** As this person may see it now. */
  seen(operation: Operation): (Answer & Record<string, unknown>) | undefined
}

export function operationsOf(principal: Principal, signal: AbortSignal, hub: Services): Operations {
  return {
    async get(id) {
      const found = await learned(await settleOverdue(await hub.store.operation(id), hub))
      if (!found || found.tenant !== principal.tenant || found.principal !== principal.id) {
        throw new HubError('not_found', `You have no operation ${id}.`)
      }
      const ended = found.state !== 'held' && found.state !== 'intent' && found.state !== 'sending'
      if (ended && found.readAt === undefined && heldDetails(found)) await markRead(found, hub)
      return found
    },
    seen(operation) {
      const answer = answerOf(operation, hub)
      return answer && { ...seenNow(answer, operation, principal, hub) }
    },
  }

  /** What is unknown is asked of the vendor; when that fails, it stays unknown. */
  async function learned(found: Operation | undefined): Promise<Operation | undefined> {
    if (found?.state !== 'unknown' || found.tenant !== principal.tenant || found.principal !== principal.id) return found
    return await reconcile(found, { id: callOf(found), signal }, hub).catch((error: unknown) => {
      hub.log.warn({ operation: found.id, err: error }, 'an unknown outcome could not be asked of the vendor')
      return found
    })
  }
}

export const operationGet = readTool({
  name: 'get',
  title: 'Operation: how it stands',
  description:
    'How a write of yours stands or ended, by the operation_id of its answer. Ask this instead of repeating a write.',
  class: 'R',
  default: 'on',
  scopes: [],
  input: z.strictObject({ id: z.string().regex(/^op_[0-9A-Za-z_-]{8,64}$/, 'must be an operation_id, such as op_01J…') }),
  output: z.strictObject({
    operation_id: z.string(),
    tool: z.string(),
    state: z.string(),
    asked_at: z.string(),
    updated_at: z.string(),
    /** None while it is being carried out. */
    answer: z.looseObject({ status: z.string(), message: z.string() }).optional(),
  }),
  example: { id: 'op_00000000000000000000000000' },
  async run({ id }, { vendor }: Reads<Operations>) {
    const operation = await vendor.get(id)
    return {
      operation_id: operation.id,
      tool: operation.tool,
      state: operation.state,
      asked_at: operation.createdAt,
      updated_at: operation.updatedAt,
      answer: vendor.seen(operation),
    }
  },
})

function answerOf(operation: Operation, hub: Services): Answer | undefined {
  return operation.state === 'held' ? heldAnswer(operation, hub) : (operation.answer as unknown as Answer | undefined)
}

// A held call as a task: whoever understands tasks asks for it again until people have decided, and may take it back.
import type { Answer, Services } from '../call/call.ts'
import { heldDetails } from '../call/details.ts'
import { unreadMs } from '../call/ledger.ts'
import { operationsOf } from '../call/operation-get.ts'
import type { Operations } from '../call/operation-get.ts'
import { wireAnswer } from '../call/wire.ts'
import { HubError } from '../kit/error.ts'
import type { Principal } from '../kit/policy.ts'
import type { Operation } from '../kit/record.ts'
import type { DetailedTask, Tasks } from '../serve/tasks.ts'

/** People take minutes; a vendor that is asked what became of an unknown outcome takes seconds. */
const pollIntervalMs = 5000
const askingMs = 20_000

export interface TasksOptions {
  readonly services: Services
  /** Ends a held call for the person who asked for it. */
  readonly cancel: (id: string, requester: Principal) => Promise<unknown>
}

/** The task's id is that of its operation. */
export function heldTasks({ services, cancel }: TasksOptions): Tasks {
  async function find(principal: Principal, id: string): Promise<{ found: Operation; of: Operations } | undefined> {
    const of = operationsOf(principal, AbortSignal.timeout(askingMs), services)
    const found = await of.get(id).catch(unlessMissing)
    return found && heldDetails(found) ? { found, of } : undefined
  }
  return {
    async get(principal, id) {
      const task = await find(principal, id)
      return task && taskOf(task.found, task.of.seen(task.found))
    },
    async cancel(principal, id) {
      const task = await find(principal, id)
      if (!task) return false
      // What has been decided meanwhile is over: the client sees it with its next look.
      if (task.found.state === 'held') await cancel(id, principal).catch(unlessRefused)
      return true
    },
    // Nothing is asked of the agent: an approval never comes from its side.
    update: async (principal, id) => (await find(principal, id)) !== undefined,
  }
}

function taskOf(operation: Operation, answer: Answer | undefined): DetailedTask {
  const { id, createdAt, updatedAt, deadlineAt } = operation
  const task = {
    taskId: id,
    createdAt,
    lastUpdatedAt: updatedAt,
    ttlMs: Math.max(0, Date.parse(deadlineAt) - Date.parse(createdAt)) + unreadMs,
    pollIntervalMs,
  }
  const waits = operation.state === 'held' || operation.state === 'intent' || operation.state === 'sending'
  if (waits) return { ...task, status: 'working', statusMessage: answer?.message ?? 'It is being carried out.' }
  if (heldDetails(operation)?.ended === 'cancelled') return { ...task, status: 'cancelled' }
  const ended: Answer = answer ?? { status: 'failed', message: 'What came of it may no longer be shown.' }
  return { ...task, status: 'completed', result: wireAnswer(ended) }
}

function unlessMissing(error: unknown): undefined {
  if (!(error instanceof HubError) || error.code !== 'not_found') throw error
}

function unlessRefused(error: unknown): undefined {
  if (!(error instanceof HubError) || (error.code !== 'refused' && error.code !== 'conflict')) throw error
}

// Searching and counting in the audit, on a thread of its own: it takes longer than a call may wait.
import { Worker } from 'node:worker_threads'
import { HubError } from '../../kit/error.ts'
import type { CallLines, CallQuery, Counted, CountQuery, TakenQuery } from './search-worker.ts'

export type { CallLines, CallQuery, Counted, CountQuery, TakenQuery } from './search-worker.ts'

export interface AuditSearch {
  /** Calls that ended, newest first. Where it looked long enough, it says how far it came. */
  calls(query: CallQuery): Promise<CallLines>
  /** Calls over time. */
  counted(query: CountQuery): Promise<Counted>
  /** How many of each limit are taken now, in the order of the questions. */
  taken(query: TakenQuery): Promise<readonly number[]>
  close(): Promise<void>
}

interface Waiting {
  readonly resolve: (value: never) => void
  readonly reject: (error: Error) => void
}

const workerUrl = new URL('./search-worker.ts', import.meta.url)

/** Starts its thread with the first question, and lets go of it when it fails. */
export function openSearch(file: string): AuditSearch {
  const waiting = new Map<number, Waiting>()
  let worker: Worker | undefined
  let asked = 0

  function start(): Worker {
    const started = new Worker(workerUrl, { workerData: file, name: 'toolgate-search' })
    started.unref()
    started.on('message', ({ id, value, error }: { id: number; value?: never; error?: string }) => {
      const found = waiting.get(id)
      waiting.delete(id)
      if (error === undefined) found?.resolve(value as never)
      else found?.reject(new HubError('internal', 'The audit cannot be searched now.', { cause: new Error(error) }))
    })
    const lost = (cause: unknown) => {
      if (worker !== started) return
      worker = undefined
      for (const { reject } of waiting.values())
        reject(new HubError('internal', 'The search of the audit has ended.', { cause }))
      waiting.clear()
    }
    started.on('error', lost)
    started.on('exit', () => lost(undefined))
    return started
  }

  async function ask<Value>(question: object): Promise<Value> {
    worker ??= start()
    asked += 1
    const id = asked
    const answered = new Promise<Value>((resolve, reject) => waiting.set(id, { resolve, reject }))
    // The process stays for the answer, and not for the thread.
    worker.ref()
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    worker.postMessage({ id, ...question })
    try {
      return await answered
    } finally {
      if (waiting.size === 0) worker?.unref()
    }
  }

  return {
    calls: (query) => ask({ do: 'calls', query }),
    counted: (query) => ask({ do: 'counted', query }),
    taken: (query) => ask({ do: 'taken', query }),
    async close() {
      await worker?.terminate()
    },
  }
}

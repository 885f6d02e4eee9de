// What every write promises, asked of one that is about to be made: shown first, done once, recorded.
import { expect } from 'vitest'
import type { Answer } from '../../src/call/call.ts'
import type { JsonObject } from '../../src/kit/json.ts'
import type { TestHub } from '../hub.ts'

/** A vendor as a story works in it. */
export interface Live {
  /** A read, and what it gave. */
  look(tool: string, args: object): Promise<JsonObject>
  /** A write, through the whole contract. `seen` looks at what it changes, where that can be looked at. */
  write(tool: string, args: object, seen?: () => Promise<unknown>): Promise<Written>
  /** Takes it back. */
  undo(written: Written): Promise<void>
  /** Any call, for answers that are not done. */
  call(tool: string, args: object): Promise<Answer>
  /** Nothing of another run has it. */
  readonly stamp: string
}

export interface Written {
  readonly operation: string
  readonly result: JsonObject
}

export function liveOn({ hub, call }: TestHub, stamp: string): Live {
  let keys = 0
  return {
    stamp,
    call,
    look: async (tool, args) => resultOf(tool, await call(tool, args)),
    async write(tool, args, seen) {
      const before = await seen?.()
      const shown = await call(tool, { ...args, dry_run: true })
      expect([tool, shown.status, shown.status === 'previewed' ? '' : shown.message]).toEqual([tool, 'previewed', ''])
      expect(shown.plan?.effects.length).toBeGreaterThan(0)
      expect(await seen?.(), `${tool} was only to be shown`).toEqual(before)
      const once = { ...args, idempotency_key: `live-${stamp}-${(keys += 1)}` }
      const done = await call(tool, once)
      const result = resultOf(tool, done)
      const again = await call(tool, once)
      expect([again.status, again.replayed, again.operation_id]).toEqual(['done', true, done.operation_id])
      const operation = String(done.operation_id)
      expect((await hub.store.operation(operation))?.state).toBe('succeeded')
      return { operation, result }
    },
    async undo({ operation }) {
      resultOf('operation_undo', await call('operation_undo', { id: operation }))
      expect((await hub.store.operation(operation))?.state).toBe('undone')
    },
  }
}

function resultOf(tool: string, answer: Answer): JsonObject {
  expect([tool, answer.status, answer.status === 'done' ? '' : answer.message]).toEqual([tool, 'done', ''])
  return answer.result ?? {}
}

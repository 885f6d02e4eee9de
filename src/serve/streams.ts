// Streams that stay open end when the credential that opened them does.
import type { ServerResponse } from 'node:http'
import type { Caller } from '../kit/caller.ts'

export interface Streams {
  /** From now on the answer is cut off as soon as its caller would not be let in any more. */
  watch(response: ServerResponse, caller: Caller): void
  close(): void
}

const everyMs = 1000

export function watchedStreams(now: () => Date): Streams {
  const open = new Map<ServerResponse, Caller>()
  const timer = setInterval(() => void look(), everyMs)
  timer.unref()

  async function look(): Promise<void> {
    const ms = now().getTime()
    await Promise.all(
      [...open].map(async ([response, caller]) => {
        const inTime = caller.expiresAtMs === undefined || caller.expiresAtMs > ms
        const good = inTime && (await caller.stillGood().catch(() => false))
        if (!good) response.destroy()
      }),
    )
  }

  return {
    watch(response, caller) {
      open.set(response, caller)
      response.on('close', () => open.delete(response))
    },
    close: () => clearInterval(timer),
  }
}

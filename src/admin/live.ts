// Tells open browsers that something changed, within half a second, also when another process changed it.
import type { ServerResponse } from 'node:http'
import type { AdminHub } from './hub.ts'

export interface Live {
  /** @param allowed asked from time to time: a session that ended gets no more events */
  open(response: ServerResponse, allowed: () => Promise<boolean>): void
  close(): void
}

const lookMs = 300
const askMs = 15_000
const maxOpen = 100

interface Listener {
  readonly response: ServerResponse
  readonly allowed: () => Promise<boolean>
}

export function openLive(hub: AdminHub): Live {
  const listeners = new Set<Listener>()
  let timer: NodeJS.Timeout | undefined
  let seen = 0
  let sinceAskedMs = 0
  let looking = false

  /** Every change of anything leaves an entry in the audit, so its newest place says whether there is news. */
  async function look(): Promise<void> {
    if (looking) return
    looking = true
    try {
      const [newest] = await hub.store.recent(hub.tenant, 1)
      const seq = newest?.seq ?? 0
      if (seq !== seen) tell('changed', seq)
      seen = seq
      sinceAskedMs += lookMs
      if (sinceAskedMs < askMs) return
      sinceAskedMs = 0
      for (const listener of listeners) {
        if (await listener.allowed()) listener.response.write(': still here\n\n')
        else end(listener)
      }
    } catch (error) {
      hub.log.warn({ err: error }, 'open browsers could not be told of changes')
    } finally {
      looking = false
    }
  }

  function tell(event: string, seq: number): void {
    for (const { response } of listeners) response.write(`event: ${event}\ndata: ${seq}\n\n`)
  }

  function end(listener: Listener): void {
    listeners.delete(listener)
    if (!listener.response.writableEnded) listener.response.end('event: ended\ndata: 0\n\n')
    if (listeners.size > 0) return
    clearInterval(timer)
    timer = undefined
  }

  return {
    open(response, allowed) {
      const listener = { response, allowed }
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
      response.write('retry: 1000\n\nevent: hello\ndata: 0\n\n')
      listeners.add(listener)
      response.on('close', () => end(listener))
      if (listeners.size > maxOpen) end(listeners.values().next().value ?? listener)
      timer ??= setInterval(() => void look(), lookMs)
      timer.unref()
    },
    close: () => [...listeners].forEach(end),
  }
}

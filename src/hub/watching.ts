// Takes up what is changed on disk while the hub runs.
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Watch } from '../config/watch.ts'
import type { Log } from './log.ts'
import type { LoadedVersion } from './version.ts'

/** Long enough for the first client to be answered first. */
const watchAfterMs = 200

/** What changed since `readAt` is found too, so that nobody has to wait until the watch is there. */
export async function watchConfiguration(
  loaded: () => LoadedVersion,
  reload: () => Promise<unknown>,
  log: Log,
  readAt: Date,
  stopped: AbortSignal,
): Promise<Watch | undefined> {
  const inTime = await sleep(watchAfterMs, true, { signal: stopped }).catch(() => false)
  if (!inTime) return undefined
  try {
    const { watchFiles } = await import('../config/watch.ts')
    return await watchFiles({
      files: () => [loaded().config.file, ...loaded().config.policies],
      folders: () => [...new Set(loaded().config.policies.map((file) => path.dirname(file)))],
      changed: async () => void (await reload()),
      degraded: (reason) => log.warn({ reason }, 'files are looked at twice a second, because the system cannot watch them'),
      since: readAt.getTime(),
    })
  } catch (error) {
    log.error({ err: error }, 'files cannot be watched, so that changes are taken up by the next start only')
    return undefined
  }
}

// Says when one of the watched files may have changed, also when it was replaced by a rename or has only now appeared.
import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'

export interface WatchOptions {
  /** Asked again after each change, since a configuration can name other files. */
  files(): readonly string[]
  /** Folders in which every `.yaml`, `.yml`, `.ts` and `.js` file counts, also one that comes later; tests do not. */
  folders?(): readonly string[]
  /** Called within a second of a change, once for a burst of them; never twice at once. */
  changed(): void | Promise<void>
  /** Called when the system cannot watch; the files are then looked at twice a second. */
  degraded?(reason: string): void
  /** When the files were read, in milliseconds since 1970: what changed since then is reported at once. */
  readonly since?: number
}

export interface Watch {
  close(): Promise<void>
}

const settleMs = 100
const pollMs = 500

interface Watched {
  readonly files: readonly string[]
  readonly folders: readonly string[]
}

/**
 * Watches folders rather than files, because editors and deployments replace files by renaming, and a watch on a file
 * follows the old one. What is reported is a change of the files themselves (identity, size, time), not of the folder.
 */
export async function watchFiles(options: WatchOptions): Promise<Watch> {
  const { watch } = await import('chokidar')
  const watched = (): Watched => ({ files: options.files(), folders: options.folders?.() ?? [] })
  const beforeReady = await look(watched())
  let seen = options.since !== undefined && beforeReady.changedAt > options.since - clockSlackMs ? '' : beforeReady.print
  let settling: NodeJS.Timeout | undefined
  let poll: NodeJS.Timeout | undefined
  let closed = false
  let running: Promise<void> = Promise.resolve()

  async function compare(): Promise<void> {
    const before = watched()
    const { print } = await look(before)
    if (closed || print === seen) return
    seen = print
    await options.changed()
    const after = watched()
    if (JSON.stringify(after) === JSON.stringify(before)) return
    seen = (await look(after)).print
    watcher.add(foldersOf(after))
  }
  function soon(): void {
    if (closed || settling !== undefined) return
    settling = setTimeout(() => {
      settling = undefined
      // `changed` reports its own failures; one that escapes must not end the watch.
      running = running.then(compare).catch((error: unknown) => options.degraded?.(String(error)))
    }, settleMs)
  }

  // Polling by chokidar would look at every file of the folders; only a few of them matter here.
  const watcher = watch(foldersOf(watched()), { depth: 0, ignoreInitial: true })
  watcher.on('all', soon)
  watcher.on('error', (error) => {
    options.degraded?.(error instanceof Error ? error.message : String(error))
    poll ??= setInterval(soon, pollMs)
  })
  await new Promise<void>((resolve) => {
    watcher.once('ready', () => resolve())
    watcher.once('error', () => resolve())
  })
  // What changed before the watcher was ready has made no event.
  soon()

  return {
    async close() {
      closed = true
      clearTimeout(settling)
      clearInterval(poll)
      await watcher.close()
      await running
    },
  }
}

/** The kernel stamps files with a clock that lags by up to a tick. */
const clockSlackMs = 20

/** What the files are now, in one text, and when the latest of them changed. */
async function look(watched: Watched): Promise<{ readonly print: string; readonly changedAt: number }> {
  const inFolders = await Promise.all(watched.folders.map(relevantFiles))
  const files = [...new Set([...watched.files, ...inFolders.flat()])].sort()
  const lines: string[] = []
  let changedAt = 0
  for (const file of files) {
    // Follows links: what a mounted configuration points to is swapped, not written.
    const status = await stat(file, { bigint: true }).catch(() => undefined)
    lines.push(
      status === undefined
        ? `${file} absent`
        : `${file} ${status.dev} ${status.ino} ${status.size} ${status.mtimeNs} ${status.mode}`,
    )
    if (status !== undefined)
      changedAt = Math.max(changedAt, Number(status.mtimeNs / 1_000_000n), Number(status.ctimeNs / 1_000_000n))
  }
  return { print: lines.join('\n'), changedAt }
}

async function relevantFiles(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => [])
  return names
    .filter((name) => /\.(ya?ml|ts|js)$/.test(name) && !/\.test\.\w+$/.test(name))
    .map((name) => path.join(folder, name))
}

function foldersOf(watched: Watched): string[] {
  return [...new Set([...watched.files.map((file) => path.dirname(file)), ...watched.folders])]
}

// Entries into a file, one a line; where it was cut off in the middle of a line, it goes on with that line.
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { parseJson } from '../../kit/json.ts'
import { lineOf } from '../formats.ts'
import { linesFromEnd } from '../lines.ts'
import type { ExportSettings } from '../settings.ts'
import type { Sink } from '../sink.ts'

export function fileSink({ name, path, format }: Extract<ExportSettings, { to: 'file' }>): Sink {
  return {
    name,
    async send(entries) {
      await cutHalfLine(path)
      const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK
      const handle = await open(path, flags, 0o600)
      try {
        if (!(await handle.stat()).isFile()) throw new Error(`${path} is not a file.`)
        await handle.appendFile(entries.map((entry) => `${lineOf(entry, format)}\n`).join(''))
        await handle.sync()
      } finally {
        await handle.close()
      }
    },
    async last(tenant) {
      await cutHalfLine(path)
      for await (const line of linesFromEnd(path)) {
        const place = placeIn(line)
        if (place?.tenant === tenant) return place.seq
      }
      return undefined
    },
  }
}

/** A line without its line feed was not written to its end. */
async function cutHalfLine(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDWR | constants.O_NONBLOCK).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (!handle) return
  try {
    const { size } = await handle.stat()
    const last = Buffer.alloc(1)
    if (size === 0 || (await handle.read(last, 0, 1, size - 1), last[0] === 10)) return
    for await (const line of linesFromEnd(path)) {
      await handle.truncate(size - Buffer.byteLength(line))
      return
    }
  } finally {
    await handle.close()
  }
}

function placeIn(line: string): { readonly tenant: unknown; readonly seq: number } | undefined {
  try {
    const value = parseJson(line) as { unmapped?: { toolgate?: object } }
    const { tenant, seq } = (value.unmapped?.toolgate ?? value) as { tenant?: unknown; seq?: unknown }
    return Number.isSafeInteger(seq) ? { tenant, seq: seq as number } : undefined
  } catch {
    return undefined
  }
}

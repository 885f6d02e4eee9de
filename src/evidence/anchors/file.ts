// An anchor in a file, best on another mount: checkpoints are only ever appended, one a line, each durable.
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { canonical } from '../../kit/json.ts'
import { readCheckpoint } from '../checkpoint.ts'
import type { Anchor } from '../anchor.ts'
import { linesFromEnd } from '../lines.ts'

export function fileAnchor(name: string, file: string): Anchor {
  return {
    name,
    async push(checkpoints) {
      // Without O_NONBLOCK a named pipe would wait for a reader for ever.
      const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK
      const handle = await open(file, flags, 0o600).catch((cause: NodeJS.ErrnoException) => {
        if (cause.code !== 'ENOENT') throw cause
        throw new Error(`The folder of ${file} is not there. Make it, for the hub's user alone.`, { cause })
      })
      try {
        const stat = await handle.stat()
        if (!stat.isFile()) throw new Error(`${file} is not a file.`)
        // The line before may have been cut off while it was written; an empty line between two is no harm.
        const start = stat.size === 0 ? '' : '\n'
        await handle.appendFile(start + checkpoints.map((checkpoint) => `${canonical(checkpoint)}\n`).join(''))
        await handle.sync()
      } finally {
        await handle.close()
      }
    },
    async last(tenant) {
      for await (const line of linesFromEnd(file)) {
        const checkpoint = readable(line)
        if (checkpoint?.tenant === tenant) return checkpoint
      }
      return undefined
    },
  }
}

/** A line that was cut off while it was written is no checkpoint. */
function readable(line: string) {
  try {
    return readCheckpoint(line)
  } catch {
    return undefined
  }
}

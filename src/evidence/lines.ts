// Lines of a file, from its end: the newest are asked for first, and there may be very many.
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'

const chunkBytes = 64 * 1024

/** Nothing where there is no file. Lines without their line feed, empty ones left out, the last first. */
export async function* linesFromEnd(file: string): AsyncGenerator<string> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (!handle) return
  try {
    let end = (await handle.stat()).size
    let rest = Buffer.alloc(0)
    while (end > 0) {
      const start = Math.max(0, end - chunkBytes)
      const chunk = Buffer.alloc(end - start)
      await handle.read(chunk, 0, chunk.length, start)
      rest = Buffer.concat([chunk, rest])
      end = start
      for (let at = rest.lastIndexOf(10); at >= 0; at = rest.lastIndexOf(10)) {
        const line = rest.subarray(at + 1).toString('utf8')
        rest = rest.subarray(0, at)
        if (line !== '') yield line
      }
    }
    if (rest.length > 0) yield rest.toString('utf8')
  } finally {
    await handle.close()
  }
}

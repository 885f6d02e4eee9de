// Checks one stretch of an export as it lies in its file, and says whether all of it hangs together.
import { closeSync, openSync, readSync } from 'node:fs'
import { plainEntry } from '../call/verify.ts'
import { entryHash } from '../kit/chain.ts'
import type { ChainHead, Stretch } from '../kit/chain.ts'

export interface LineRange {
  readonly file: string
  /** The lines that begin between these two bytes, the second one not among them. */
  readonly from: number
  readonly to: number
  readonly counts: readonly number[]
}

export interface CheckedLines extends Stretch {
  /** Whose all of these entries are; undefined where there are none. */
  readonly tenant: string | undefined
}

const chunkBytes = 1024 * 1024
const lineFeed = 10

/** Anything that is not spelled exactly as an export spells it makes it unsound: then somebody has to look closely. */
export function checkLines({ file, from, to, counts }: LineRange): CheckedLines {
  const wanted = new Set(counts)
  const heads: [number, string][] = []
  let tenant: string | undefined
  let first: { readonly seq: number; readonly prev: string } | undefined
  let last: ChainHead = { seq: 0, hash: '' }
  const result = (sound: boolean): CheckedLines => ({
    sound,
    tenant,
    firstSeq: first?.seq ?? 0,
    firstPrev: first?.prev ?? '',
    last,
    heads,
    // A line without its payload is not spelled like the others.
    erased: [],
    said: [],
  })
  try {
    for (const line of linesIn(file, from, to)) {
      const entry = plainEntry(line)
      if (!entry) return result(false)
      const { seq, prev, hash } = entry
      tenant ??= entry.tenant
      if (entry.tenant !== tenant || (first && (seq !== last.seq + 1 || prev !== last.hash))) return result(false)
      if (entryHash(entry) !== hash) return result(false)
      first ??= { seq, prev }
      if (wanted.has(seq)) heads.push([seq, hash])
      last = { seq, hash }
    }
  } catch {
    return result(false)
  }
  return result(first !== undefined)
}

function* linesIn(file: string, from: number, to: number): Generator<string> {
  const handle = openSync(file, 'r')
  try {
    // The byte before says whether a line begins here, or in the middle of this stretch.
    let position = Math.max(0, from - 1)
    let skipping = from > 0
    let begins = from
    let rest = Buffer.alloc(0)
    const chunk = Buffer.allocUnsafe(chunkBytes)
    for (;;) {
      const length = readSync(handle, chunk, 0, chunkBytes, position)
      position += length
      const bytes = rest.length > 0 ? Buffer.concat([rest, chunk.subarray(0, length)]) : chunk.subarray(0, length)
      let start = 0
      for (let end = bytes.indexOf(lineFeed); end >= 0; end = bytes.indexOf(lineFeed, start)) {
        if (skipping) {
          skipping = false
          begins = position - bytes.length + end + 1
        } else {
          yield bytes.toString('utf8', start, end)
          begins += end - start + 1
        }
        start = end + 1
        if (begins >= to) return
      }
      if (length === 0) {
        // The last line of a file that was cut off has no end.
        if (!skipping && start < bytes.length) yield bytes.toString('utf8', start)
        return
      }
      rest = Buffer.from(bytes.subarray(start))
    }
  } finally {
    closeSync(handle)
  }
}

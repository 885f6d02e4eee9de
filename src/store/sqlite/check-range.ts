// Checks one stretch of a chain as it lies in the database, and says whether all of it hangs together.
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { entryHash, textHash } from '../../kit/chain.ts'
import type { Stretch } from '../../kit/chain.ts'

export interface Range {
  readonly file: string
  readonly immutable: boolean
  readonly tenant: string
  /** The first and the last. */
  readonly from: number
  readonly to: number
  readonly counts: readonly number[]
}

type Row = readonly [
  seq: number,
  prev: string,
  id: string,
  at: string,
  kind: string,
  call: string | null,
  payload_hash: string,
  hash: string,
  payload: string | null,
]

const pageEntries = 1000

export function checkRange({ file, immutable, tenant, from, to, counts }: Range): Stretch {
  const wanted = new Set(counts)
  const heads: [number, string][] = []
  const erased: number[] = []
  const said: Stretch['said'][number][] = []
  let firstPrev: string | undefined
  let last = ''
  let seen = 0
  const result = (sound: boolean): Stretch => ({
    sound,
    firstSeq: from,
    firstPrev: firstPrev ?? '',
    last: { seq: to, hash: last },
    heads,
    erased,
    said,
  })
  try {
    for (const row of rowsOf(file, immutable, tenant, from, to)) {
      const [seq, prev, id, at, kind, call, payload_hash, hash, payload] = row
      firstPrev ??= prev
      if (seq !== from + seen || (seq !== from && prev !== last)) return result(false)
      // The text is what was hashed: there is no need to read it.
      if (payload === null) erased.push(seq)
      else if (textHash(payload) !== payload_hash) return result(false)
      if (entryHash({ tenant, seq, prev, id, at, kind, call: call ?? undefined, payload_hash }) !== hash)
        return result(false)
      if (kind === 'audit.erased' && payload !== null)
        said.push(...runsIn(payload).map(([a, b]) => ({ by: seq, from: a, to: b })))
      if (wanted.has(seq)) heads.push([seq, hash])
      last = hash
      seen += 1
    }
  } catch {
    return result(false)
  }
  return result(seen === to - from + 1 || to < from)
}

function* rowsOf(file: string, immutable: boolean, tenant: string, from: number, to: number): Generator<Row> {
  const database = new DatabaseSync(addressOf(file, immutable), { readOnly: true, timeout: 1000 })
  const page = database.prepare(
    'select seq, prev, id, at, kind, call, payload_hash, hash, payload from audit where tenant = ? and seq >= ? and seq <= ? order by seq limit ?',
  )
  page.setReturnArrays(true)
  try {
    for (let next = from; next <= to;) {
      const rows = page.all(tenant, next, to, pageEntries) as unknown as Row[]
      yield* rows
      if (rows.length < pageEntries) return
      next = rows.at(-1)![0] + 1
    }
  } finally {
    database.close()
  }
}

/** As it is and without the log of recent changes beside it, for a copy in a folder that nobody may write. */
export function addressOf(file: string, immutable: boolean): string | URL {
  if (!immutable) return file
  const url = pathToFileURL(file)
  url.searchParams.set('immutable', '1')
  return url
}

function runsIn(payload: string): readonly (readonly [number, number])[] {
  const { entries } = JSON.parse(payload) as { entries?: unknown }
  return Array.isArray(entries) ? (entries as [number, number][]) : []
}

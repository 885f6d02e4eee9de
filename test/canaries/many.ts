// Finds any of very many texts in a stream of bytes: a rolling hash over the first bytes of each, then a comparison.

/** Every text is at least this long; units: bytes. */
export const shortest = 12
const base = 257
const top = power(base, shortest - 1)

export interface Needles<T> {
  add(text: string, means: T): void
  /** What occurs in the bytes, each meaning once. */
  in(bytes: Buffer): ReadonlySet<T>
  readonly size: number
}

export function needles<T>(): Needles<T> {
  const byHash = new Map<number, { readonly bytes: Buffer; readonly means: T }[]>()
  // One bit for each hash that occurs, so that nearly every position costs one look into an array.
  const bits = new Uint8Array(1 << 21)
  let size = 0
  return {
    get size() {
      return size
    },
    add: (text, means) => {
      const bytes = Buffer.from(text)
      if (bytes.length < shortest) return
      const hash = hashOf(bytes)
      const same = byHash.get(hash)
      if (same?.some((one) => one.means === means && one.bytes.equals(bytes))) return
      if (same) same.push({ bytes, means })
      else byHash.set(hash, [{ bytes, means }])
      bits[(hash & 0xffffff) >> 3]! |= 1 << (hash & 7)
      size += 1
    },
    in: (bytes) => {
      const found = new Set<T>()
      if (bytes.length < shortest) return found
      let hash = hashOf(bytes)
      for (let at = 0; ; at += 1) {
        if (bits[(hash & 0xffffff) >> 3]! & (1 << (hash & 7))) {
          for (const needle of byHash.get(hash) ?? [])
            if (
              bytes.compare(needle.bytes, 0, needle.bytes.length, at, Math.min(at + needle.bytes.length, bytes.length)) === 0
            )
              found.add(needle.means)
        }
        if (at + shortest >= bytes.length) return found
        hash = (Math.imul(hash - Math.imul(bytes[at]!, top), base) + bytes[at + shortest]!) | 0
      }
    },
  }
}

function hashOf(bytes: Buffer): number {
  let hash = 0
  for (let at = 0; at < shortest; at += 1) hash = (Math.imul(hash, base) + bytes[at]!) | 0
  return hash
}

function power(of: number, to: number): number {
  let result = 1
  for (let n = 0; n < to; n += 1) result = Math.imul(result, of)
  return result
}

// Finds any of very many texts in one, in a time that does not grow with how many they are: a rolling hash over the first
// characters of each, then a comparison.

/** The shortest text that can be looked for; units: UTF-16 code units. */
export const shortest = 6

export interface Needles {
  /** A text that is added twice is there until it is removed twice. */
  add(text: string): void
  remove(text: string): void
  /** Each occurrence replaced, from the left and the longest first; the very same text where there is none. */
  replaceIn(text: string, replacement: string): string
}

const base = 257
/** What the first character of a window has been multiplied with when it leaves it. */
const leaving = Array.from({ length: shortest - 1 }).reduce<number>((product) => Math.imul(product, base), 1)

/** How many texts of one beginning have which length, the longest first: no rest of a longer one is left behind a shorter. */
interface Lengths {
  readonly sorted: readonly number[]
  readonly counts: ReadonlyMap<number, number>
}

export function createNeedles(): Needles {
  const counts = new Map<string, number>()
  // Tokens of one vendor begin alike and are nearly all of one length: each is found by its length, whoever else begins so.
  const byHash = new Map<number, Lengths>()
  /** One bit for each hash that occurs, so that nearly every position costs one look into an array. */
  let bits = new Uint8Array(1 << 13)

  function mark(hash: number): void {
    const at = (hash ^ (hash >>> 15)) & (bits.length * 8 - 1)
    bits[at >> 3]! |= 1 << (at & 7)
  }

  function lengthAt(text: string, at: number, hash: number): number {
    return byHash.get(hash)?.sorted.find((length) => counts.has(text.slice(at, at + length))) ?? 0
  }

  /** @param by 1 for one more text of this length, -1 for one less */
  function count(hash: number, length: number, by: 1 | -1): void {
    const before = byHash.get(hash)?.counts ?? new Map<number, number>()
    const after = (before.get(length) ?? 0) + by
    const all = new Map(before).set(length, after)
    if (after === 0) all.delete(length)
    if (all.size === 0) byHash.delete(hash)
    else byHash.set(hash, { counts: all, sorted: [...all.keys()].sort((left, right) => right - left) })
  }

  return {
    add(text) {
      if (text.length < shortest) return
      const known = counts.get(text) ?? 0
      counts.set(text, known + 1)
      if (known > 0) return
      const hash = hashAt(text, 0)
      count(hash, text.length, 1)
      if (byHash.size * 16 > bits.length * 8) {
        bits = new Uint8Array(bits.length * 4)
        for (const each of byHash.keys()) mark(each)
      } else mark(hash)
    },
    remove(text) {
      const known = counts.get(text)
      if (known === undefined) return
      if (known > 1) {
        counts.set(text, known - 1)
        return
      }
      counts.delete(text)
      // Its bit stays: another hash may share it.
      count(hashAt(text, 0), text.length, -1)
    },
    replaceIn(text, replacement) {
      if (counts.size === 0 || text.length < shortest) return text
      const [filter, mask, last] = [bits, bits.length * 8 - 1, text.length - shortest]
      let clean = ''
      let kept = 0
      let hash = hashAt(text, 0)
      for (let at = 0; at <= last;) {
        const slot = (hash ^ (hash >>> 15)) & mask
        const found = filter[slot >> 3]! & (1 << (slot & 7)) ? lengthAt(text, at, hash) : 0
        if (found > 0) {
          clean += text.slice(kept, at) + replacement
          kept = at += found
          if (at <= last) hash = hashAt(text, at)
        } else if (at === last) break
        else {
          const left = hash - Math.imul(text.charCodeAt(at), leaving)
          hash = (Math.imul(left, base) + text.charCodeAt(at + shortest)) | 0
          at += 1
        }
      }
      return kept === 0 ? text : clean + text.slice(kept)
    },
  }
}

function hashAt(text: string, at: number): number {
  let hash = 0
  for (let index = at; index < at + shortest; index += 1) hash = (Math.imul(hash, base) + text.charCodeAt(index)) | 0
  return hash
}

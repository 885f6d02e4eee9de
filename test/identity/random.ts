// Chance that can be played again: one seed, one run.

export interface Random {
  /** At least 0, less than 1. */
  next(): number
  chance(probability: number): boolean
  pick<T>(from: readonly T[]): T
}

/** mulberry32, a public-domain generator of 32-bit state by Tommy Ettinger. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  return {
    next,
    chance: (probability) => next() < probability,
    pick: (from) => from[Math.floor(next() * from.length)] as (typeof from)[number],
  }
}

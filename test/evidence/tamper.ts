// `node test/evidence/tamper.ts [--full] [--seed N] [--only CLASS]`: tampers at random and prints how much of it was found, class by class.
import { parseArgs } from 'node:util'
import { chanceFrom, classes, isPossible, judged, makeLab, replace, tamper } from './tampering.ts'
import type { Attacker, Lab } from './tampering.ts'

export interface Tally {
  readonly what: string
  readonly who: Attacker
  tried: number
  found: number
  /** Those after the last anchor. */
  laterTried: number
  laterFound: number
}

const attackers: readonly Attacker[] = ['clumsy', 'without the key', 'with the key']

export async function fuzz(lab: Lab, seed: number, each: number, only?: string): Promise<readonly Tally[]> {
  const chance = chanceFrom(seed)
  const tallies: Tally[] = []
  for (const what of Object.keys(classes).filter((one) => only === undefined || one === only)) {
    for (const who of attackers.filter((one) => isPossible(what, one))) {
      const tally: Tally = { what, who, tried: 0, found: 0, laterTried: 0, laterFound: 0 }
      for (let n = 0; n < each; n += 1) await once(lab, tally, chance)
      tallies.push(tally)
    }
  }
  return tallies
}

async function once(lab: Lab, tally: Tally, chance: () => number): Promise<void> {
  const place = 1 + Math.floor(chance() * lab.count)
  const { ok } = await judged(lab, tamper(lab, tally.what, place, tally.who, chance))
  const reaches = firstChanged(tally.what, place)
  if (reaches <= lab.anchored) {
    tally.tried += 1
    tally.found += ok ? 0 : 1
  } else {
    tally.laterTried += 1
    tally.laterFound += ok ? 0 : 1
  }
}

/** The first entry that is another one than before: of a doubled one, the copy. */
function firstChanged(what: string, place: number): number {
  if (what === 'all deleted' || what === 'the first ones deleted') return 1
  return what === 'one doubled' ? place + 1 : place
}

export function table(tallies: readonly Tally[]): string {
  const rows = tallies.map(({ what, who, tried, found, laterTried, laterFound }) => {
    const bound = tried === 0 || found < tried ? '' : `missed < ${((3 / tried) * 100).toFixed(2)} % (3/n)`
    return `${what.padEnd(29)} ${who.padEnd(16)} ${`${found}/${tried}`.padStart(11)} ${`${laterFound}/${laterTried}`.padStart(11)}  ${bound}`
  })
  return [
    `${'what was done'.padEnd(29)} ${'by whom'.padEnd(16)} ${'anchored'.padStart(11)} ${'later'.padStart(11)}`,
    ...rows,
  ].join('\n')
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({
    options: { full: { type: 'boolean' }, seed: { type: 'string' }, only: { type: 'string' } },
  })
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31))
  const lab = await makeLab()
  try {
    const each = values.full ? 1000 : 30
    console.log(`Seed ${seed}, ${each} of each; ${lab.count} entries, the anchor has heard of ${lab.anchored}.`)
    const tallies = await fuzz(lab, seed, each, values.only)
    console.log(table(tallies))
    for (const grownTo of [undefined, 200, 240]) {
      const { ok, findings } = await judged(lab, await replace(lab, grownTo))
      console.log(
        `${grownTo === undefined ? "yesterday's database" : `one grown from it to ${grownTo}`}: ${ok ? 'NOT FOUND' : findings[0]?.what}`,
      )
      if (ok) process.exitCode = 1
    }
    if (tallies.some(({ tried, found }) => found < tried)) process.exitCode = 1
  } finally {
    lab.remove()
  }
}

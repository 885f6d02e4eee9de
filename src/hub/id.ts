// Ids that sort by the time at which they were made (the layout of a ULID, https://github.com/ulid/spec).
import { randomFillSync } from 'node:crypto'

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const pairs = Array.from({ length: 1024 }, (_, value) => alphabet.charAt(value >> 5) + alphabet.charAt(value & 31))
const tailLength = 16

/** `prefix_` and 26 characters: 10 of time in milliseconds, 16 of chance. */
export function makeId(prefix: string, now: Date): string {
  return `${prefix}_${head(now.getTime())}${tail()}`
}

function head(ms: number): string {
  let text = ''
  for (let time = ms, pair = 0; pair < 5; pair += 1) {
    text = pairs[time % 1024]! + text
    time = Math.floor(time / 1024)
  }
  return text
}

// Chance comes in portions: asking the system for 16 bytes costs as much as for 4096. No byte is used twice.
const chance = new Uint8Array(256 * tailLength)
let used = chance.length

function tail(): string {
  if (used === chance.length) {
    randomFillSync(chance)
    used = 0
  }
  let text = ''
  for (const end = used + tailLength; used < end; used += 2) {
    text += pairs[((chance[used]! & 31) << 5) | (chance[used + 1]! & 31)]!
  }
  return text
}

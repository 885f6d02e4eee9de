// Ids that sort by the time at which they were made (the layout of a ULID, https://github.com/ulid/spec).
import { randomFillSync } from 'node:crypto'

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const tailLength = 16

/** `prefix_` and 26 characters: 10 of time in milliseconds, 16 of chance. */
export function makeId(prefix: string, now: Date): string {
  let time = now.getTime()
  let head = ''
  for (let digit = 0; digit < 10; digit += 1) {
    head = alphabet.charAt(time % 32) + head
    time = Math.floor(time / 32)
  }
  return `${prefix}_${head}${tail()}`
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
  for (const end = used + tailLength; used < end; used += 1) text += alphabet.charAt(chance[used]! % 32)
  return text
}

// Ids that sort by the time at which they were made (the layout of a ULID, https://github.com/ulid/spec).
import { randomBytes } from 'node:crypto'

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** `prefix_` and 26 characters: 10 of time in milliseconds, 16 of chance. */
export function makeId(prefix: string, now: Date): string {
  let time = now.getTime()
  let head = ''
  for (let digit = 0; digit < 10; digit += 1) {
    head = alphabet.charAt(time % 32) + head
    time = Math.floor(time / 32)
  }
  const tail = Array.from(randomBytes(16), (byte) => alphabet.charAt(byte % 32)).join('')
  return `${prefix}_${head}${tail}`
}

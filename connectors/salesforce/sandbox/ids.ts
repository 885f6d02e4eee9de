// Ids as this org gives them out: the object's prefix, a number, the checksum.
import { toLongId } from '../identifiers.ts'

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

export const organizationId = toLongId('00DQy0000000001')

/** The id of the n-th thing with this prefix. */
export function sandboxId(prefix: string, n: number): string {
  let text = ''
  for (let rest = n; rest > 0; rest = Math.floor(rest / 62)) text = (digits[rest % 62] ?? '') + text
  return toLongId(`${prefix}Qy00000${text.padStart(5, '0')}`)
}

// What a connector keeps, for tests that open its vendor without a hub.
import type { Keep } from 'toolgate/kit'

export function keptInMemory(): Keep {
  let kept: string | undefined
  return {
    read: async () => kept,
    async replace(before, secret) {
      if (kept !== before) return false
      kept = secret
      return true
    },
  }
}

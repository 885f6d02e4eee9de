// How far the writes of one session got, told by the fetch and not guessed from an error.
import type { Verdict } from '../kit/vendor.ts'

/** `untouched`: provably nothing happened. */
export type Touched = 'untouched' | 'accepted' | 'unclear'

export interface WriteAccount {
  /** Starts the account of one request. */
  readonly open: () => { readonly leaves: () => void; readonly settle: (verdict: Verdict) => void }
  readonly touched: () => Touched
}

export function writeAccount(): WriteAccount {
  let accepted = 0
  // A request counts from the moment its first byte may leave until an answer takes it out again.
  let unclear = 0
  return {
    open() {
      let left = false
      return {
        leaves() {
          if (left) return
          left = true
          unclear += 1
        },
        settle(verdict) {
          if (!left || verdict === 'unclear') return
          unclear -= 1
          if (verdict === 'accepted') accepted += 1
        },
      }
    },
    touched() {
      if (unclear > 0) return 'unclear'
      return accepted > 0 ? 'accepted' : 'untouched'
    },
  }
}

/** What an answer says of a write where the connector does not know better. */
export function usualVerdict(status: number): Verdict {
  if (status >= 200 && status < 300) return 'accepted'
  if (status >= 400 && status < 500 && status !== 408) return 'refused'
  return 'unclear'
}

// Every limit of the policies, for whom it is, and how much of it is left.
import type { LimitView } from '../admin/wire.ts'
import type { Version } from '../call/call.ts'
import { limitKey } from '../call/limits.ts'
import type { Principal } from '../kit/policy.ts'
import type { Limit } from '../policy/decide.ts'

export interface LimitsOptions {
  readonly version: Version
  readonly people: readonly Principal[]
  /** How many of each are taken now. */
  readonly taken: (keys: readonly { readonly key: string; readonly windowMs: number }[]) => Promise<readonly number[]>
}

const shownMax = 500

/** What is nearest to its end comes first. */
export async function limitsOf({ version, people, taken }: LimitsOptions): Promise<readonly LimitView[]> {
  const found = new Map<string, Limit & { readonly whose: string }>()
  for (const principal of people) {
    for (const { name, facts, state } of version.offers.values()) {
      if (state !== 'on') continue
      for (const limit of version.policy.limits(principal, facts)) {
        const whose = limit.per === 'principal' ? principal.id : name
        if (found.size < shownMax) found.set(limitKey(principal, name, limit), { ...limit, whose })
      }
    }
  }
  const counts = await taken([...found].map(([key, { windowMs }]) => ({ key, windowMs })))
  return [...found.values()]
    .map(({ rule, words, per, whose, atMost }, index): LimitView => {
      const used = Math.min(atMost, counts[index] ?? 0)
      return { rule, words, per, whose, atMost, left: atMost - used }
    })
    .toSorted((one, other) => one.left / one.atMost - other.left / other.atMost)
}

// Call rates: at most so many in any minute, hour or day.
import { HubError } from '../kit/error.ts'
import type { Principal } from '../kit/policy.ts'
import type { Limit } from '../policy/decide.ts'
import type { Call, Offer, Services, Version } from './call.ts'

/** Under which it is counted: calls of one person, or of one tool. */
export function limitKey({ tenant, id }: Pick<Principal, 'tenant' | 'id'>, tool: string, { rule, per }: Limit): string {
  return [tenant, rule, per, per === 'principal' ? id : tool].join(' ')
}

/** @throws HubError `rate_limited`, with the time until the next call is free */
export async function takeLimits(call: Call, offer: Offer, version: Version, hub: Services): Promise<void> {
  for (const limit of version.policy.limits(call.principal, offer.facts)) {
    const key = limitKey(call.principal, offer.name, limit)
    const { taken, retryAfterMs } = await hub.store.take(key, limit.atMost, limit.windowMs, hub.now())
    if (taken) continue
    const seconds = Math.ceil(retryAfterMs / 1000)
    throw new HubError(
      'rate_limited',
      `The limit of ${limit.words} (${limit.rule}) is reached. Try again in ${seconds} s.`,
      { retryAfterMs },
    )
  }
}

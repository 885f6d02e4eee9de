// Call rates: at most so many in any minute, hour or day.
import { HubError } from '../kit/error.ts'
import type { Call, Offer, Services, Version } from './call.ts'

/** @throws HubError `rate_limited`, with the time until the next call is free */
export async function takeLimits(call: Call, offer: Offer, version: Version, hub: Services): Promise<void> {
  for (const limit of version.policy.limits(call.principal, offer.facts)) {
    const whose = limit.per === 'principal' ? call.principal.id : offer.name
    const key = [call.principal.tenant, limit.rule, limit.per, whose].join(' ')
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

// Whose word a vendor takes for a caller: the issuer of the token with which they came, where the instance is configured for it.
import type { Connectable } from '../connect/connection.ts'
import type { Vouchable } from '../connect/exchanged.ts'
import { serviceFetch } from '../egress/service.ts'
import { presentedBy } from '../identity/presented.ts'
import { tokenExchange } from '../identity/token-exchange.ts'
import type { Principal } from '../kit/policy.ts'
import type { OpenInstance } from './instances.ts'
import type { LoadedVersion } from './version.ts'

export interface VouchingOptions {
  readonly loaded: () => LoadedVersion
  readonly connectable: (instance: string) => Connectable
  readonly secret: (reference: string) => Promise<string>
  readonly now: () => Date
  readonly hide: (secret: string) => void
}

/** Undefined for an instance that is not configured for it. */
export function makeVouching(
  options: VouchingOptions,
): (instance: OpenInstance, principal: Principal) => Vouchable | undefined {
  // What an issuer says of itself is kept with the instance, and asked again after a change of the configuration.
  const exchangers = new WeakMap<OpenInstance, (token: string) => Promise<string>>()

  return (instance, principal) => {
    const { id, exchange } = instance.configured
    if (!exchange) return undefined
    const target = options.connectable(id)
    const presented = presentedBy(principal)
    const exchanger = exchangers.get(instance) ?? exchangerFor(instance, exchange)
    exchangers.set(instance, exchanger)
    return {
      digest: target.digest,
      title: target.title,
      account: (granted) => target.account(granted),
      ...(presented?.issuer === exchange.issuer && {
        fresh: {
          expiresAtMs: presented.expiresAtMs,
          async grant() {
            const token = await exchanger(presented.text)
            options.hide(token)
            return await target.exchange({ token, kind: exchange.requests })
          },
        },
      }),
    }
  }

  function exchangerFor({ connector }: OpenInstance, exchange: NonNullable<OpenInstance['configured']['exchange']>) {
    return tokenExchange({
      ...exchange,
      title: connector.title,
      secret: () => options.secret(exchange.clientSecret),
      ask: serviceFetch({ named: () => [exchange.issuer], ...options.loaded().config.egress }),
      now: options.now,
    })
  }
}

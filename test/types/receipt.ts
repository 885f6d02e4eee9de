// What must not compile: nobody but the ledger can say that sending began.
import type { Offer, Vendors } from '../../src/call/call.ts'
import { Receipt } from '../../src/call/receipt.ts'
import type { Principal } from '../../src/kit/policy.ts'
import type { Operation } from '../../src/kit/record.ts'

export async function sneak(
  vendors: Vendors,
  offer: Offer,
  principal: Principal,
  signal: AbortSignal,
  operation: Operation,
) {
  // @ts-expect-error -- a write session wants a receipt
  await vendors.forWriting(offer, principal, signal)
  // @ts-expect-error -- what looks like a receipt is none
  await vendors.forWriting(offer, principal, signal, { operation })
  // @ts-expect-error -- and nobody can make one
  await vendors.forWriting(offer, principal, signal, new Receipt(operation))
}

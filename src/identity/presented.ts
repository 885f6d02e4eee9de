// The token with which somebody came, for the one thing that may be done with it: to have its own issuer exchange it for another.
// It hangs on the principal of that one request, in no field of it, so that nothing which logs, keeps or sends a principal has it.
import type { Principal } from '../kit/policy.ts'

export interface PresentedToken {
  readonly issuer: string
  readonly text: string
  /** Milliseconds since 1970. */
  readonly expiresAtMs: number
}

const tokens = new WeakMap<Principal, PresentedToken>()

/** @returns the principal */
export function presenting(principal: Principal, token: PresentedToken | undefined): Principal {
  if (token) tokens.set(principal, token)
  return principal
}

/** Undefined for whoever came without a token, and for a call that goes on when its request is over. */
export function presentedBy(principal: Principal): PresentedToken | undefined {
  return tokens.get(principal)
}

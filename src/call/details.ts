// What an operation keeps beside its plan: all that an answer or a release needs.
import type { Operation } from '../kit/record.ts'
import type { PlanView } from './call.ts'
import type { Granted } from './granted.ts'

export interface Details {
  /** The call that asked for it. */
  readonly call: string
}

export interface HeldDetails extends Details {
  readonly held: true
  /** The requester's, when it was asked for. */
  readonly roles: readonly string[]
  /** One approver of each group is needed. */
  readonly approvers: readonly (readonly string[])[]
  /** The yeses so far, one person for each group. */
  readonly granted: readonly Granted[]
  readonly rule: string
  readonly because?: string
  /** As the requester may see it; none for a read. */
  readonly plan?: PlanView
  readonly masked: readonly string[]
}

export function callOf(operation: Operation): string {
  return (operation.details as unknown as Details).call
}

/** Undefined for an operation that nobody had to approve. */
export function heldDetails(operation: Operation): HeldDetails | undefined {
  return operation.details['held'] === true ? (operation.details as unknown as HeldDetails) : undefined
}

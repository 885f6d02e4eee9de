// What an operation keeps beside its plan: all that an answer or a release needs.
import type { Operation, OperationState } from '../kit/record.ts'
import type { PlanView } from './call.ts'
import type { Granted, Group } from './granted.ts'
import type { Binding } from './plan.ts'

export interface Details {
  /** The call that asked for it. */
  readonly call: string
}

export interface HeldDetails extends Details {
  readonly held: true
  /** The requester's, when it was asked for. */
  readonly roles: readonly string[]
  /** The configuration does not know them: what an issuer or a key said of them then is all there is, after a restart too. */
  readonly external?: true
  /** What their credential reached, where it did not reach everything. */
  readonly tools?: readonly string[]
  /** One person of each group is needed, each another one. */
  readonly approvers: readonly Group[]
  /** The yeses so far, each of another person. */
  readonly granted: readonly Granted[]
  /** A yes is good until then, whenever it was given. */
  readonly expiresAt: string
  readonly binding: Binding
  /** In words, for people. */
  readonly rules: readonly { readonly rule: string; readonly effect: string; readonly because?: string }[]
  /** Who else may answer, since nobody did in time. */
  readonly escalatedTo: Group
  /** The approver whose edit of another call this is. */
  readonly changedBy?: string
  /** How it ended without being carried out. */
  readonly ended?: Ended
  readonly rule: string
  readonly because?: string
  /** As the requester may see it; none for a read. */
  readonly plan?: PlanView
  readonly masked: readonly string[]
}

export type Ended = 'denied' | 'expired' | 'void' | 'changed' | 'cancelled' | 'stopped'

export function callOf(operation: Operation): string {
  return (operation.details as unknown as Details).call
}

/** Undefined for an operation that nobody had to approve. */
export function heldDetails(operation: Operation): HeldDetails | undefined {
  return operation.details['held'] === true ? (operation.details as unknown as HeldDetails) : undefined
}

/** How an operation stands, as the rest of a sentence about it. */
export const standing: Readonly<Record<OperationState, string>> = {
  received: 'has only arrived',
  decided: 'has only been decided',
  held: 'waits for somebody to approve it',
  intent: 'is about to be carried out',
  sending: 'is being carried out',
  succeeded: 'has been carried out',
  failed: 'was not carried out',
  unknown: 'may or may not have been carried out',
  reconciled: 'has been carried out, as its vendor shows',
  undone: 'has been taken back',
}

/** For people, who have the command line. */
export function noOperation(id: string): string {
  return `There is no operation ${id}. toolgate operations list shows all, toolgate approvals list those that wait.`
}

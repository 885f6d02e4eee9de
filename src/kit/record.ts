// What the hub keeps: the audit's entries and the ledger's operations, in their final shape, and the store that keeps them.
import type { JsonObject } from './json.ts'

/**
 * One entry of the audit. `hash` is SHA-256 over the canonical text of every field here except `hash` and `payload`,
 * so that a payload can be erased later and the chain still proves that it was there.
 */
export interface AuditEntry {
  readonly tenant: string
  /** 1, 2, 3 … without a gap, for each tenant. */
  readonly seq: number
  /** The `hash` of the entry before; 64 zeros for the first. */
  readonly prev: string
  readonly id: string
  /** UTC, RFC 3339 with milliseconds. */
  readonly at: string
  readonly kind: string
  /** The call that it belongs to, where there is one. */
  readonly call: string | undefined
  readonly payload_hash: string
  readonly hash: string
  readonly payload: JsonObject
}

/** An entry before the store has given it its place. */
export type AuditDraft = Pick<AuditEntry, 'tenant' | 'id' | 'at' | 'kind' | 'call' | 'payload'>

export const operationStates = [
  'received',
  'decided',
  'held',
  'intent',
  'sending',
  'succeeded',
  'failed',
  'unknown',
  'reconciled',
  'undone',
] as const
export type OperationState = (typeof operationStates)[number]

/** Who did what with which key: at most one operation each. */
export interface OperationIdentity {
  readonly tenant: string
  readonly principal: string
  readonly instance: string
  readonly tool: string
  /** The caller's, or one that the hub derived (it then begins with `auto:`). */
  readonly key: string
}

export interface Operation extends OperationIdentity {
  readonly id: string
  readonly state: OperationState
  /** One more with every change, so that a change made on an old view is refused. */
  readonly fence: number
  readonly argsDigest: string
  readonly planDigest: string
  /** The arguments after parsing: a release plans again from them. */
  readonly args: JsonObject
  /** The whole plan, its request included. */
  readonly plan: JsonObject
  /** Everything else that a release or an answer needs. */
  readonly details: JsonObject
  /** The answer that the first caller got, and that a repeat gets. */
  readonly answer: JsonObject | undefined
  /** When the caller fetched the outcome of what had been held. */
  readonly readAt: string | undefined
  readonly createdAt: string
  readonly updatedAt: string
  /** After this, whoever was carrying it out has given up. */
  readonly deadlineAt: string
  /** Every state it was in, and since when. */
  readonly history: readonly { readonly state: OperationState; readonly at: string }[]
}

export interface OperationChange {
  readonly id: string
  readonly from: readonly OperationState[]
  /** The fence of the view that the change was decided on. */
  readonly fence: number
  readonly to: OperationState
  readonly at: string
  readonly deadlineAt?: string
  readonly answer?: JsonObject
  readonly details?: JsonObject
  readonly plan?: JsonObject
  readonly planDigest?: string
  readonly readAt?: string
}

export interface OperationFilter {
  readonly tenant: string
  readonly principal?: string
  readonly states?: readonly OperationState[]
  readonly limit: number
}

/** The one interface of every database. Each promise of a change resolves when the change is durable. */
export interface Store {
  /** Queues the entry; entries keep the order of the calls. Rejects, as everything here, when the store is broken. */
  append(entry: AuditDraft, when?: 'now'): Promise<AuditEntry>
  /** With `soon` it takes its place in the same line, and goes to the disk with whatever comes next, within 10 ms. */
  append(entry: AuditDraft, when: 'now' | 'soon'): Promise<unknown>
  /** Inserts the operation unless its identity is taken; the entry is written only with it. */
  begin(operation: Operation, entry: AuditDraft): Promise<{ readonly fresh: boolean; readonly operation: Operation }>
  /** One conditional update; undefined when the operation was not in `from` at `fence`. The entry is written only with it. */
  move(change: OperationChange, entry: AuditDraft): Promise<Operation | undefined>
  operation(id: string): Promise<Operation | undefined>
  byKey(identity: OperationIdentity): Promise<Operation | undefined>
  /** The newest operation of this principal, instance and tool with these arguments, whatever its key. */
  latest(identity: Omit<OperationIdentity, 'key'>, argsDigest: string): Promise<Operation | undefined>
  /** Newest first. */
  operations(filter: OperationFilter): Promise<readonly Operation[]>
  /** Takes one of `atMost` per `windowMs` for the key; how long to wait when there is none left. */
  take(
    key: string,
    atMost: number,
    windowMs: number,
    now: Date,
  ): Promise<{ readonly taken: boolean; readonly retryAfterMs: number }>
  /** In order of `seq`, streamed. As every reading of the audit, it sees what was appended here before. */
  entries(tenant: string, from?: number): AsyncIterable<AuditEntry>
  /** Entries of one call, in order. */
  entriesOf(call: string): Promise<readonly AuditEntry[]>
  /** Newest first. */
  recent(tenant: string, limit: number): Promise<readonly AuditEntry[]>
  tenants(): Promise<readonly string[]>
  /** The sentence that says why changes are refused, or undefined when all is well. */
  broken(): string | undefined
  /** Waits for what is queued, then lets go. */
  close(): Promise<void>
}

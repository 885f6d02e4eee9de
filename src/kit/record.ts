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
  /** Its payload was erased; a later entry of kind `audit.erased` says so, or somebody else did it. */
  readonly erased?: true
}

/** What an entry of kind `audit.erased` names: places in the chain whose payloads are gone, first and last of each run. */
export type ErasedRuns = readonly (readonly [from: number, to: number])[]

/** One step of an erasure: payloads of entries, and what operations keep beside their identity and digests. */
export interface Erasure {
  readonly tenant: string
  readonly entries: ErasedRuns
  readonly operations: readonly string[]
  readonly at: string
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
  /** Oldest first, only those that ended, were last changed before this time, and are not erased yet; `states` is not looked at. */
  readonly changedBefore?: string
  /** Only those that began before the operation of this id. */
  readonly before?: string
  readonly limit: number
}

/** Whatever else the hub keeps: one document of a kind, found by its id. */
export interface Document {
  readonly tenant: string
  readonly kind: string
  readonly id: string
  /** 1, and one more with every change. */
  readonly version: number
  readonly value: JsonObject
  /** When something has to be done about it. UTC, RFC 3339 with milliseconds. */
  readonly dueAt: string | undefined
  readonly createdAt: string
  readonly updatedAt: string
}

/** One change of one document. */
export interface Put {
  readonly tenant: string
  readonly kind: string
  readonly id: string
  /** Undefined takes the document away. */
  readonly value: JsonObject | undefined
  /** The version that the change was decided on, 0 where there was none; left out, whatever is there gives way. */
  readonly version?: number
  readonly dueAt?: string
  readonly at: string
}

export interface DocumentFilter {
  readonly tenant: string
  readonly kind: string
  /** Only those that are due by this time; then the longest due first. Otherwise newest first. */
  readonly dueBy?: string
  /** Only those that were first put before this one. */
  readonly before?: string
  readonly limit: number
}

/** The one interface of every database. Each promise of a change resolves when the change is durable. */
export interface Store {
  /**
   * Queues the entry; entries keep the order of the calls. Rejects, as everything here, when the store is broken. With
   * `soon` it takes its place in the same line, and goes to the disk with whatever comes next, within 10 ms.
   */
  append(entry: AuditDraft, when?: 'now' | 'soon'): Promise<AuditEntry>
  /**
   * Inserts the operation unless its identity is taken; the entry and the documents are written only with it.
   *
   * @throws HubError `conflict` when a document was not at its version
   */
  begin(
    operation: Operation,
    entry: AuditDraft,
    also?: readonly Put[],
  ): Promise<{ readonly fresh: boolean; readonly operation: Operation }>
  /**
   * One conditional update; undefined when the operation was not in `from` at `fence`, or a document was not at its
   * version. The entry and the documents are written only with it.
   */
  move(change: OperationChange, entry: AuditDraft, also?: readonly Put[]): Promise<Operation | undefined>
  /** All of them with their entry, or none; false when one was not at its version. */
  put(puts: readonly Put[], entry?: AuditDraft): Promise<boolean>
  /** Takes the contents away and leaves the digests, together with the entry that says so. */
  erase(erasure: Erasure, entry: AuditDraft): Promise<void>
  document(tenant: string, kind: string, id: string): Promise<Document | undefined>
  documents(filter: DocumentFilter): Promise<readonly Document[]>
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

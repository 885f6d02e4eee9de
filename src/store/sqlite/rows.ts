// Rows of the database and the records of the hub, each from the other.
import { canonical } from '../../kit/json.ts'
import type { JsonObject } from '../../kit/json.ts'
import { textHash } from '../../kit/chain.ts'
import type { AuditEntry, Document, Operation, OperationState } from '../../kit/record.ts'

export interface EntryRow {
  readonly tenant: string
  readonly seq: number
  readonly prev: string
  readonly id: string
  readonly at: string
  readonly kind: string
  readonly call: string | null
  readonly payload_hash: string
  readonly hash: string
  readonly payload: string | null
}

export interface OperationRow {
  readonly n: number
  readonly id: string
  readonly tenant: string
  readonly principal: string
  readonly instance: string
  readonly tool: string
  readonly key: string
  readonly state: OperationState
  readonly fence: number
  readonly args_digest: string
  readonly plan_digest: string
  readonly args: string
  readonly plan: string
  readonly details: string
  readonly answer: string | null
  readonly read_at: string | null
  readonly created_at: string
  readonly updated_at: string
  readonly deadline_at: string
  readonly history: string
}

export interface DocumentRow {
  readonly tenant: string
  readonly kind: string
  readonly id: string
  readonly version: number
  readonly value: string
  readonly due_at: string | null
  readonly created_at: string
  readonly updated_at: string
}

export function toDocument(row: DocumentRow): Document {
  const { tenant, kind, id, version, value, due_at, created_at, updated_at } = row
  return {
    tenant,
    kind,
    id,
    version,
    value: parsed(value),
    dueAt: due_at ?? undefined,
    createdAt: created_at,
    updatedAt: updated_at,
  }
}

export function toEntry(row: EntryRow): AuditEntry {
  const { tenant, seq, prev, id, at, kind, payload_hash, hash } = row
  const erased = row.payload === null && { erased: true as const }
  return {
    tenant,
    seq,
    prev,
    id,
    at,
    kind,
    call: row.call ?? undefined,
    payload_hash,
    hash,
    payload: toPayload(row),
    ...erased,
  }
}

/**
 * The payload as it was recorded. Text that was tampered with comes out as a payload that cannot have the recorded
 * hash, so that a reader still gets every other entry and a verifier names this one.
 */
function toPayload({ payload, payload_hash }: EntryRow): JsonObject {
  if (typeof payload === 'string' && textHash(payload) === payload_hash) {
    try {
      return parsed(payload)
    } catch {
      // Whoever put it there also wrote a hash for it.
    }
  }
  return payload === null ? {} : { unreadable: payload.toWellFormed() }
}

export function toOperation(row: OperationRow): Operation {
  return {
    tenant: row.tenant,
    principal: row.principal,
    instance: row.instance,
    tool: row.tool,
    key: row.key,
    id: row.id,
    state: row.state,
    fence: row.fence,
    argsDigest: row.args_digest,
    planDigest: row.plan_digest,
    args: parsed(row.args),
    plan: parsed(row.plan),
    details: parsed(row.details),
    answer: row.answer === null ? undefined : parsed(row.answer),
    readAt: row.read_at ?? undefined,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    deadlineAt: row.deadline_at,
    history: JSON.parse(row.history) as Operation['history'],
  }
}

/** The values of an operation for its insert, in the order of the table. @throws TypeError for what is not JSON */
export function insertedValues(operation: Operation): (string | number | null)[] {
  return [
    operation.id,
    operation.tenant,
    operation.principal,
    operation.instance,
    operation.tool,
    operation.key,
    operation.state,
    operation.fence,
    operation.argsDigest,
    operation.planDigest,
    canonical(operation.args),
    canonical(operation.plan),
    canonical(operation.details),
    operation.answer === undefined ? null : canonical(operation.answer),
    operation.readAt ?? null,
    operation.createdAt,
    operation.updatedAt,
    operation.deadlineAt,
    canonical(operation.history),
  ]
}

function parsed(text: string): JsonObject {
  return JSON.parse(text) as JsonObject
}

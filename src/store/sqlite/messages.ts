// What the main thread and the writer say to each other.
import type { AuditEntry, Operation, OperationChange } from '../../kit/record.ts'
import type { OperationRow } from './rows.ts'

/** A list, because every object costs its property names on the way; the payload is its canonical text. */
export type Draft = readonly [
  tenant: string,
  id: string,
  at: string,
  kind: string,
  call: string | undefined,
  payload: string,
]

export interface Append {
  readonly do: 'append'
  readonly entry: Draft
  /** Whether somebody wants to hear its place. */
  readonly told: boolean
}
export interface Begin {
  readonly do: 'begin'
  readonly operation: Operation
  readonly entry: Draft
}
export interface Move {
  readonly do: 'move'
  readonly change: OperationChange
  readonly entry: Draft
}
export interface Take {
  readonly do: 'take'
  readonly key: string
  readonly atMost: number
  readonly windowMs: number
  /** Milliseconds since 1970. */
  readonly now: number
}
export type Request = Append | Begin | Move | Take

/** What the chain gave to an entry. */
export type Place = Pick<AuditEntry, 'seq' | 'prev' | 'payload_hash' | 'hash'>

/** This one request was wrong; the others of its batch went on. */
export interface Refused {
  readonly refused: string
}
/** The operation as it is stored now; undefined where nothing was changed. */
export interface Stored {
  readonly fresh: boolean
  readonly row: OperationRow | undefined
}
export interface Taken {
  readonly taken: boolean
  readonly retryAfterMs: number
}
/** `true`: it was recorded, and nobody wants to hear where. */
export type Reply = true | Place | Stored | Taken | Refused

/** To the writer: one batch, which it answers before it is given another; or the word to finish. */
export type ToWriter = readonly Request[] | 'close'

/** From the writer: a reply to each request of the batch, in its order, or why all of it failed. */
export interface FromWriter {
  readonly replies: readonly Reply[]
  /** Set while nothing can be written. */
  readonly broken?: { readonly sentence: string; readonly cause: string }
  /** It has opened the database, anew or again. */
  readonly ready?: true
}

export interface WriterData {
  readonly file: string
  /** Where the random pauses between batches begin; any 32 bits, different in each process. */
  readonly seed: number
}

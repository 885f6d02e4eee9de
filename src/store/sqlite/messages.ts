// What the main thread and the writer say to each other.
import type { AuditEntry, Erasure, Operation, OperationChange, OperationState, Put } from '../../kit/record.ts'
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
}
export interface Begin {
  readonly do: 'begin'
  readonly operation: Operation
  readonly entry: Draft
  readonly also: readonly Put[]
}
export interface Move {
  readonly do: 'move'
  readonly change: OperationChange
  readonly entry: Draft
  readonly also: readonly Put[]
}
export interface PutAll {
  readonly do: 'put'
  readonly puts: readonly Put[]
  readonly entry: Draft | undefined
}
export interface Take {
  readonly do: 'take'
  readonly key: string
  readonly atMost: number
  readonly windowMs: number
  /** Milliseconds since 1970. */
  readonly now: number
}
export interface Erase {
  readonly do: 'erase'
  readonly erasure: Erasure
  readonly entry: Draft
}
export type Request = Append | Begin | Move | PutAll | Take | Erase

/** The end of something that has begun: how an operation went out, or what a call was answered. */
export function isEnding(request: Request): boolean {
  if (request.do === 'append') return request.entry[3] === 'call.closed'
  return request.do === 'move' && endings.has(request.change.to)
}

const endings: ReadonlySet<OperationState> = new Set(['succeeded', 'failed', 'unknown', 'reconciled', 'undone'])

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
/** Its turn came, and the disk had no room for it; the others of its batch went on. */
export interface NoRoom {
  readonly noRoom: true
}
export interface Taken {
  readonly taken: boolean
  readonly retryAfterMs: number
}
export interface PutReply {
  readonly put: boolean
}
/** `true`: it was recorded, and nobody wants to hear where. */
export type Reply = true | PutReply | Place | Stored | Taken | Refused | NoRoom

/** To the writer: one batch, which it answers before it is given another; or the word to finish. */
export type ToWriter = readonly Request[] | 'close'

/** From the writer: a reply to each request of the batch, in its order, or why all of it failed. */
export interface FromWriter {
  readonly replies: readonly Reply[]
  /** Set while nothing can be written. */
  readonly broken?: Broken
  /** It has opened the database, anew or again. */
  readonly ready?: true
}

/** Why nothing can be written. */
export interface Broken {
  readonly sentence: string
  readonly cause?: string
  /** What has begun can still be brought to its end, in room that was kept for it. */
  readonly endings?: true
}

export interface WriterData {
  readonly file: string
  /** How much room is kept on the disk for the ends of what has begun; 0 for none. */
  readonly ballastBytes: number
  /** Where the random pauses between batches begin; any 32 bits, different in each process. */
  readonly seed: number
}

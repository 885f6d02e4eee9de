// What a door needs of whatever stands behind it: the hub, or the fixtures of the conformance suite.
import type { CallToolResult, InputRequiredResult, Server, ServerContext, Tool } from '@modelcontextprotocol/server'
import type { Principal } from '../kit/policy.ts'
import type { CreateTaskResult, Tasks } from './tasks.ts'

export interface ToolCall {
  readonly door: 'stdio' | 'http'
  readonly principal: Principal
  readonly name: string
  readonly arguments: unknown
  /** Aborted when the caller goes away or cancels before the call has ended. */
  readonly signal: AbortSignal
  /** Whether the client understands an answer that is a task. */
  readonly tasks: boolean
  /** The protocol's own view of the request: progress, logging, questions to the client. Only the fixtures look at it. */
  readonly context: ServerContext
}

/** Why a request was turned away at the door. */
export type RefusalReason =
  | 'foreign host'
  | 'foreign origin'
  | 'malformed request'
  | 'not through the proxy'
  | 'no credential'
  | 'unreadable credential'
  | 'credential in the address'
  | 'credential not accepted'
  | 'proof not accepted'
  | 'not served'
  | 'scope missing'
  | 'not verifiable'
  | 'unknown path'

export interface Dispatcher {
  /** What this principal may see, sorted by name. Cheap: schemas are made once. */
  tools(principal: Principal): readonly Tool[]
  /** A `ProtocolError` reaches the client as it is; anything else that is thrown reaches the log only. */
  call(call: ToolCall): Promise<CallToolResult | InputRequiredResult | CreateTaskResult>
  /** Calls back whenever some principal's list may have changed; returns the way to stop. */
  onToolsChanged(listener: () => void): () => void
  /** Words for the client about how to use the hub. */
  readonly instructions: string
  /** Counts a request that was refused before it was a call. Such requests are counted and not recorded one by one. */
  refused?(reason: RefusalReason): void
  /** Whether writes can be recorded: the sentence that says why not, or undefined. */
  unready(): string | undefined
  /** Where calls become tasks. */
  readonly tasks?: Tasks
  /** Only the conformance fixtures: more handlers and capabilities on a server of one connection. */
  extend?(server: Server): void
}

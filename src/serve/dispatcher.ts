// What a door needs of whatever stands behind it: the hub, or the fixtures of the conformance suite.
import type { CallToolResult, InputRequiredResult, Server, ServerContext, Tool } from '@modelcontextprotocol/server'
import type { Principal } from '../kit/policy.ts'

export interface ToolCall {
  readonly door: 'stdio' | 'http'
  readonly principal: Principal
  readonly name: string
  readonly arguments: unknown
  /** Aborted when the caller goes away or cancels before the call has ended. */
  readonly signal: AbortSignal
  /** The protocol's own view of the request: progress, logging, questions to the client. Only the fixtures look at it. */
  readonly context: ServerContext
}

export interface Dispatcher {
  /** What this principal may see, sorted by name. Cheap: schemas are made once. */
  tools(principal: Principal): readonly Tool[]
  /** A `ProtocolError` reaches the client as it is; anything else that is thrown reaches the log only. */
  call(call: ToolCall): Promise<CallToolResult | InputRequiredResult>
  /** Calls back whenever some principal's list may have changed; returns the way to stop. */
  onToolsChanged(listener: () => void): () => void
  /** Words for the client about how to use the hub. */
  readonly instructions: string
  /** Whether writes can be recorded: the sentence that says why not, or undefined. */
  unready(): string | undefined
  /** Only the conformance fixtures: more handlers and capabilities on a server of one connection. */
  extend?(server: Server): void
}

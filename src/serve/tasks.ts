// The Tasks extension: an answer that takes longer than its call is a task, which the client asks for again.
// https://modelcontextprotocol.io/seps/2663-tasks-extension
import {
  CLIENT_CAPABILITIES_META_KEY,
  MissingRequiredClientCapabilityError,
  ProtocolError,
  ProtocolErrorCode,
} from '@modelcontextprotocol/server'
import type { CallToolResult, ClientCapabilities, Server, ServerContext } from '@modelcontextprotocol/server'
import { z } from 'zod'
import type { Principal } from '../kit/policy.ts'

export const tasksExtension = 'io.modelcontextprotocol/tasks'

export interface Task {
  readonly taskId: string
  readonly status: 'working' | 'input_required' | 'completed' | 'failed' | 'cancelled'
  /** One sentence for people. */
  readonly statusMessage?: string
  /** ISO 8601. */
  readonly createdAt: string
  readonly lastUpdatedAt: string
  /** For how long it can be asked for, in whole milliseconds; null for no end. */
  readonly ttlMs: number | null
  readonly pollIntervalMs?: number
}

/** A task with what came of it. */
export interface DetailedTask extends Task {
  /** Of a completed one: what the call would have been answered with, also when the tool reports an error. */
  readonly result?: CallToolResult
  /** Of a failed one: why the protocol could not carry it out. */
  readonly error?: { readonly code: number; readonly message: string }
  /** What it waits for from the client, by the names under which the answers come back. */
  readonly inputRequests?: Readonly<Record<string, unknown>>
}

/** Whoever keeps tasks. Each belongs to the person who made the call; for everybody else there is none. */
export interface Tasks {
  get(principal: Principal, taskId: string): Promise<DetailedTask | undefined>
  /** Asks it to stop; nothing happens when it has ended. False: there is no such task. */
  cancel(principal: Principal, taskId: string): Promise<boolean>
  /** False: there is no such task. */
  update(principal: Principal, taskId: string, answers: Readonly<Record<string, unknown>>): Promise<boolean>
}

/** The answer of a call that became a task; flat, and without what `tasks/get` tells. */
export type CreateTaskResult = Task & { readonly resultType: 'task' }

/** Whether the client said, on this very request, that it understands tasks. */
export function understandsTasks(context: ServerContext): boolean {
  const envelope = context.mcpReq.envelope as Readonly<Record<string, ClientCapabilities>> | undefined
  return envelope?.[CLIENT_CAPABILITIES_META_KEY]?.extensions?.[tasksExtension] !== undefined
}

/** @throws ProtocolError -32021, which names the extension */
export function requireTasks(context: ServerContext): void {
  if (understandsTasks(context)) return
  throw new MissingRequiredClientCapabilityError({ requiredCapabilities: { extensions: { [tasksExtension]: {} } } })
}

const named = z.looseObject({ taskId: z.string().min(1).max(128) })

/** Answers `tasks/get`, `tasks/cancel` and `tasks/update` on the server of one connection. */
export function serveTasks(server: Server, tasks: Tasks, principal: (request?: Request) => Principal): void {
  server.registerCapabilities({ extensions: { [tasksExtension]: {} } })
  server.setRequestHandler('tasks/get', { params: named }, async ({ taskId }, context) => {
    requireTasks(context)
    const task = await tasks.get(principal(context.http?.req), taskId)
    if (!task) throw unknownTask()
    return { resultType: 'complete', ...task }
  })
  server.setRequestHandler('tasks/cancel', { params: named }, async ({ taskId }, context) => {
    requireTasks(context)
    if (!(await tasks.cancel(principal(context.http?.req), taskId))) throw unknownTask()
    return { resultType: 'complete' }
  })
  server.setRequestHandler('tasks/update', { params: named }, async ({ taskId }, context) => {
    requireTasks(context)
    // The SDK takes the answers out of the parameters of every request.
    const answers = context.mcpReq.inputResponses ?? {}
    if (!(await tasks.update(principal(context.http?.req), taskId, answers))) throw unknownTask()
    return { resultType: 'complete' }
  })
}

function unknownTask(): ProtocolError {
  return new ProtocolError(ProtocolErrorCode.InvalidParams, 'There is no such task, or it is not yours.')
}

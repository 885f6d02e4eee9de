// Tools that become tasks, for the Tasks scenarios of the suite, with the tasks kept in memory.
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CallToolResult, InputRequiredResult, ServerContext } from '@modelcontextprotocol/server'
import type { Principal } from '../../src/kit/policy.ts'
import { requireTasks } from '../../src/serve/tasks.ts'
import type { CreateTaskResult, DetailedTask, Task, Tasks } from '../../src/serve/tasks.ts'
import { done } from './content.ts'
import { accepted, ask, form } from './questions.ts'

interface Asked {
  readonly context: ServerContext
  readonly principal: Principal
  /** Whether the client understands tasks. */
  readonly understood: boolean
}

type Answered = CallToolResult | InputRequiredResult | CreateTaskResult
type Job = (asked: Asked, args: Readonly<Record<string, unknown>>) => Promise<Answered> | Answered

interface Kept {
  readonly owner: string
  readonly stop: AbortController
  task: DetailedTask
  answers: Record<string, unknown>
}

type Work = (kept: Kept) => Promise<CallToolResult>

const ttlMs = 60_000

export function jobs(): { readonly tools: Readonly<Record<string, Job>>; readonly tasks: Tasks } {
  const all = new Map<string, Kept>()
  const of = ({ tenant, id }: Principal, taskId: string) => {
    const kept = all.get(taskId)
    return kept?.owner === `${tenant} ${id}` ? kept : undefined
  }

  function start({ principal }: Asked, work: Work): CreateTaskResult {
    const now = new Date().toISOString()
    const task: Task = {
      taskId: randomUUID(),
      status: 'working',
      createdAt: now,
      lastUpdatedAt: now,
      ttlMs,
      pollIntervalMs: 100,
    }
    const kept: Kept = {
      owner: `${principal.tenant} ${principal.id}`,
      stop: new AbortController(),
      task,
      answers: {},
    }
    all.set(task.taskId, kept)
    void work(kept)
      .then((result) => move(kept, { status: 'completed', result }))
      .catch((error: unknown) => {
        if (kept.stop.signal.aborted) return
        move(kept, { status: 'failed', error: { code: -32603, message: String(error) } })
      })
    return { resultType: 'task', ...task }
  }

  const tools: Readonly<Record<string, Job>> = {
    greet: (_asked, { name }) => done(`Hello, ${String(name)}!`),
    slow_compute: async (asked, { seconds }) => {
      const ms = Number(seconds ?? 1) * 1000
      const work: Work = async ({ stop }) => {
        // A task that nobody waits for keeps no process alive.
        await sleep(ms, undefined, { signal: stop.signal, ref: false })
        return done('Computed.')
      }
      if (asked.understood && ms > 0) return start(asked, work)
      await sleep(Math.min(ms, 3000))
      return done('Computed.')
    },
    failing_job: (asked) => {
      requireTasks(asked.context)
      return start(asked, async () => {
        await sleep(200)
        return { ...done('The job failed.'), isError: true }
      })
    },
    protocol_error_job: (asked) =>
      start(asked, async () => await Promise.reject<CallToolResult>(new Error('The job broke the protocol.'))),
    confirm_delete: (asked) =>
      start(asked, async (kept) => {
        await inputs(kept, { [`confirm-${randomUUID()}`]: form('Delete it?', 'answer') })
        return done('Deleted.')
      }),
    multi_input: (asked) =>
      start(asked, async (kept) => {
        const wanted = ['one', 'two'].map((name) => [`${name}-${randomUUID()}`, form(`The ${name}?`, 'answer')])
        await inputs(kept, Object.fromEntries(wanted))
        return done('Both were given.')
      }),
    test_tool_with_task: (asked) => {
      const name = accepted(asked.context, 'user_name')?.['name']
      if (typeof name !== 'string') return ask({ user_name: form('What is your name?', 'name') })
      requireTasks(asked.context)
      return start(asked, async () => await Promise.resolve(done(`Hello, ${name}!`)))
    },
  }

  return {
    tools,
    tasks: {
      get: async (principal, taskId) => of(principal, taskId)?.task,
      async cancel(principal, taskId) {
        const kept = of(principal, taskId)
        if (!kept) return false
        if (!isOver(kept.task)) {
          kept.stop.abort()
          move(kept, { status: 'cancelled' })
        }
        return true
      },
      async update(principal, taskId, answers) {
        const kept = of(principal, taskId)
        if (!kept) return false
        kept.answers = { ...kept.answers, ...answers }
        const open = Object.entries(kept.task.inputRequests ?? {}).filter(([key]) => !Object.hasOwn(answers, key))
        if (open.length > 0) move(kept, { inputRequests: Object.fromEntries(open) })
        return true
      },
    },
  }
}

function isOver({ status }: Task): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled'
}

function move(kept: Kept, change: Partial<DetailedTask>): void {
  if (isOver(kept.task)) return
  const { inputRequests: _answered, ...task } = kept.task
  kept.task = { ...task, ...change, lastUpdatedAt: new Date().toISOString() }
}

/** Waits until each of them is answered; what is still open can be seen. */
async function inputs(kept: Kept, wanted: Readonly<Record<string, unknown>>): Promise<void> {
  for (;;) {
    const open = Object.entries(wanted).filter(([id]) => !Object.hasOwn(kept.answers, id))
    if (open.length === 0) return move(kept, { status: 'working' })
    move(kept, { status: 'input_required', inputRequests: Object.fromEntries(open) })
    await sleep(20, undefined, { signal: kept.stop.signal, ref: false })
  }
}

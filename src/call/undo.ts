// Taking back: the call that undoes an operation is a call like any other, under the same policies.
import { z } from 'zod'
import { HubError } from '../kit/error.ts'
import type { Operation } from '../kit/record.ts'
import { writeTool } from '../kit/tool.ts'
import type { AnyWriteTool, Done, Plan, Undo } from '../kit/tool.ts'
import { denied } from './answers.ts'
import type { Answer, Call, Offer } from './call.ts'
import { standing } from './details.ts'
import { move } from './ledger.ts'
import type { Operations } from './operation-get.ts'
import { reading } from './work.ts'
import type { Work } from './work.ts'

const id = z.string().regex(/^op_[0-9A-Za-z_-]{8,64}$/, 'must be an operation_id, such as op_01J…')

/** Never planned or applied itself: `handle` turns it into the call that takes the operation back. */
export const operationUndo = writeTool({
  name: 'undo',
  title: 'Operation: take it back',
  description:
    'Takes back a write of yours, by its operation_id, as far as that can be done and policy allows it. Use dry_run first.',
  class: 'W2',
  verb: 'run',
  default: 'on',
  scopes: [],
  routes: [],
  changes: [],
  input: z.strictObject({ id }),
  output: z.strictObject({}),
  example: { id: 'op_00000000000000000000000000' },
  plan: async () => await Promise.reject<Plan>(notPlanned()),
  apply: async () => await Promise.reject<Record<string, never>>(notPlanned()),
})

/** @param make makes the call that takes it back; the same `handle` that this call came down */
export async function undo(work: Work, make: (call: Call) => Promise<Answer>): Promise<Answer> {
  const { call, asked, hub } = work
  const { id: wanted } = asked.input as { id: string }
  const session = await work.trail.version.vendors.forReading(work.offer, call.principal, call.signal)
  const operation = await (session.vendor as Operations).get(wanted)
  const { offer, tool } = undoable(operation, work)
  // Whoever may not use the tool any more does not make the vendor look either.
  const refusal = work.trail.version.policy.refuses({ ...work.facts, tool: offer.facts, args: operation.args })
  if (refusal) return denied((work.trail.story.decision = refusal), offer)
  const inverse = await inverseOf(operation, offer, tool, work)
  const back = `${offer.name.slice(0, -tool.name.length)}${inverse.tool}`
  if (work.trail.version.offers.get(back)?.state !== 'on') throw switchedOff(operation, back)
  const answer = await make({
    ...call,
    id: hub.id('call'),
    tool: back,
    arguments: { ...inverse.input, dry_run: asked.dryRun, idempotency_key: `undo-${operation.id}` },
  })
  if (answer.status === 'done')
    await move(operation, { from: [operation.state], to: 'undone' }, call, hub, { by: answer.operation_id ?? '' })
  return { ...answer, notes: [...(answer.notes ?? []), ...notesOf(answer, inverse, back, operation)] }
}

function undoable(operation: Operation, work: Work): { offer: Offer; tool: AnyWriteTool } {
  const offer = work.trail.version.offers.get(operation.tool)
  const done = operation.state === 'succeeded' || operation.state === 'reconciled'
  if (!done)
    throw new HubError('refused', `Operation ${operation.id} ${standing[operation.state]}: there is nothing to take back.`)
  if (operation.details['erased'] !== undefined)
    throw new HubError('refused', `What operation ${operation.id} did has been erased, so nothing can take it back.`)
  if (offer?.tool.kind !== 'write' || !offer.tool.undo) {
    throw new HubError('refused', `What ${operation.tool} does cannot be taken back.`)
  }
  return { offer, tool: offer.tool }
}

async function inverseOf(operation: Operation, offer: Offer, tool: AnyWriteTool, work: Work): Promise<Undo> {
  const plan = operation.plan as unknown as Plan
  const sent = operation.history.findLast(({ state }) => state === 'sending')?.at ?? operation.updatedAt
  const output = tool.output.safeParse(operation.details['output']) as { success: boolean; data?: unknown }
  const done: Done<unknown, unknown> = {
    request: plan.request,
    output: output.success ? output.data : undefined,
    effects: plan.effects,
    at: new Date(sent),
  }
  return await reading({ ...work, offer }, async (context) => (await tool.undo?.(done as never, context as never)) as Undo)
}

function notesOf(answer: Answer, inverse: Undo, back: string, operation: Operation): string[] {
  const what = `${operation.tool} (operation ${operation.id})`
  // What a plan says of its undo is what the vendor can do; whether policy lets it be done is only known now.
  const outcome = answer.decision
    ? `${what} is not taken back by this alone: ${back} would do it, and policy has to allow it (rule ${answer.decision.rule}).`
    : `This takes back ${what} by ${back}: ${inverse.fidelity}.`
  return [outcome, ...inverse.warnings]
}

function switchedOff(operation: Operation, back: string): HubError {
  const sentence = `Operation ${operation.id} could be taken back by ${back}, which is not switched on here, so it stays.`
  return new HubError('refused', `${sentence} Whoever runs the hub can switch it on: toolgate tools enable ${back}.`)
}

function notPlanned(): HubError {
  return new HubError('internal', 'operation_undo is a call of another tool.')
}

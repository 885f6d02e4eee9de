// Several new and changed records at once, all or none.
import { HubError, parseAnswer, writeTool } from 'toolgate/kit'
import type { Asks, Done, Effect, JsonObject, Reads, Writes } from 'toolgate/kit'
import { z } from 'zod'
import { fieldValues } from '../check.ts'
import { evidenceOfCreate, evidenceOfUpdate, settlesMs } from '../evidence.ts'
import { objectName, recordId } from '../identifiers.ts'
import { written } from '../objects.ts'
import { requireUnmoved } from '../record.ts'
import { restoration } from '../restore.ts'
import type { Part, Salesforce, SalesforceReader } from '../salesforce.ts'
import { exampleIds } from '../sandbox/examples.ts'
import { kinds } from '../scope.ts'
import { noDuplicates } from '../writer.ts'
import { planCreate } from './record-create.ts'
import type { Creating } from './record-create.ts'
import { planUpdate } from './record-update.ts'
import type { Updating } from './record-update.ts'

// So many fit one composite request.
// https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_composite_composite.htm
const most = 25

const operation = z.discriminatedUnion('op', [
  z.strictObject({ op: z.literal('create'), object: objectName, fields: fieldValues }),
  z.strictObject({ op: z.literal('update'), object: objectName, id: recordId, set: fieldValues }),
])

type Step = { readonly create: Creating } | { readonly update: Updating }
interface Request {
  readonly steps: readonly Step[]
  readonly [key: string]: readonly Step[]
}

export const recordBatch = writeTool({
  name: 'record_batch',
  title: 'Salesforce: change several records',
  description:
    'Creates and updates up to 25 Salesforce records in one go: all of them, or none where one is refused. The plan lists each.',
  class: 'W2',
  default: 'on',
  verb: 'update',
  scopes: ['api', 'Create on the objects', 'Edit on the objects', 'field-level Edit'],
  resolves: [...kinds],
  routes: ['POST /services/data/{version}/composite'],
  changes: written,
  input: z.strictObject({ ops: z.array(operation).min(1).max(most) }),
  output: z.strictObject({
    records: z.array(
      z.strictObject({ op: z.enum(['create', 'update']), object: z.string(), id: z.string(), url: z.string() }),
    ),
  }),
  example: {
    ops: [
      { op: 'update', object: 'Opportunity', id: exampleIds.opportunity, set: { NextStep: 'Both signed' } },
      { op: 'create', object: 'Contact', fields: { LastName: 'Nowak', AccountId: exampleIds.account } },
    ],
  },
  async plan({ ops }, context: Reads<Salesforce>) {
    const updated = ops.flatMap((one) => (one.op === 'update' ? [one.id.slice(0, 15)] : []))
    if (new Set(updated).size < updated.length)
      throw new HubError('invalid_input', 'A record is named twice. Put all its changes into one update.')
    const planned: Planned[] = []
    for (const [index, one] of ops.entries()) planned.push(await numbered(index, () => planStep(one, context)))
    const request: Request = { steps: planned.map(({ step }) => step) }
    return {
      summary: planned.map(({ plan }) => plan.summary).join(' '),
      effects: planned.flatMap(({ plan }) => plan.effects),
      audience: {
        external: false,
        people: 'unknown' as const,
        massMention: false,
        where: 'whoever works with these records in Salesforce',
      },
      fidelity: 'checked' as const,
      undo: updated.length > 0 ? ('partial' as const) : ('none' as const),
      warnings: [...new Set(planned.flatMap(({ plan }) => plan.warnings))],
      request,
    }
  },
  async apply({ steps }: Request, { vendor, operationId }: Writes<Salesforce>) {
    for (const step of steps)
      if ('update' in step) await requireUnmoved(vendor, step.update, { ...step.update.place, ...step.update.before })
    const made = await vendor.write.together(steps.map((step, index) => partOf(step, `${operationId}.${index}`)))
    return {
      records: steps.map((step, index) => resultOf(step, 'create' in step ? madeId(made[index]) : '', vendor)),
    }
  },
  settlesMs,
  async reconcile({ steps }: Request, context: Asks<Salesforce>) {
    const ids: string[] = []
    const verdicts = new Set<'happened' | 'absent' | 'unclear'>()
    for (const [index, step] of steps.entries()) {
      const { verdict, id } = await evidenceOf(step, { ...context, operationId: `${context.operationId}.${index}` })
      verdicts.add(verdict)
      ids.push(id)
    }
    // All or none: what contradicts itself proves nothing.
    const [only] = verdicts
    if (only === undefined || verdicts.size > 1) return { verdict: 'unclear' as const }
    if (only !== 'happened') return { verdict: only }
    const records = steps.map((step, index) => resultOf(step, ids[index] ?? '', context.vendor))
    return { verdict: 'happened' as const, output: { records } }
  },
  async undo({ request }: Done<Request, unknown>, { vendor }: Reads<Salesforce>) {
    const updates = request.steps.flatMap((step) => ('update' in step ? [step.update] : []))
    if (updates.length === 0)
      throw new HubError('refused', 'It only made new records. Delete each of them, where that is meant.')
    const ops: JsonObject[] = []
    const warnings = new Set<string>()
    const kept: string[] = []
    for (const { object, id, before, set: after } of updates) {
      try {
        const found = await restoration(vendor, { object, id, before, after })
        ops.push({ op: 'update', object, id, set: found.set })
        for (const warning of found.warnings) warnings.add(warning)
      } catch (error) {
        if (!(error instanceof HubError) || error.code !== 'conflict') throw error
        kept.push(error.message)
      }
    }
    if (ops.length === 0) throw new HubError('conflict', kept.join(' '))
    if (updates.length < request.steps.length) warnings.add('The new records stay; delete each of them where that is meant.')
    return { tool: 'record_batch', input: { ops }, fidelity: 'partial' as const, warnings: [...warnings, ...kept] }
  },
})

interface Planned {
  readonly step: Step
  readonly plan: { readonly summary: string; readonly effects: readonly Effect[]; readonly warnings: readonly string[] }
}

async function planStep(one: z.output<typeof operation>, context: Reads<Salesforce>): Promise<Planned> {
  if (one.op === 'create') {
    const plan = await planCreate(one, context)
    return { plan, step: { create: plan.request } }
  }
  const plan = await planUpdate(one, context)
  return { plan, step: { update: plan.request } }
}

/** Says which of several was wrong. */
async function numbered<T>(index: number, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    if (!(error instanceof HubError)) throw error
    throw new HubError(error.code, `Number ${index + 1}: ${error.message}`, { cause: error })
  }
}

function partOf(step: Step, operationId: string): Part {
  if ('update' in step) {
    const { object, id, rev, set } = step.update
    const headers = { ...noDuplicates, 'If-Unmodified-Since': new Date(rev).toUTCString() }
    return { method: 'PATCH', path: `sobjects/${object}/${id}`, values: set, headers }
  }
  const { object, values, tag } = step.create
  if (tag === null) return { method: 'POST', path: `sobjects/${object}`, values, headers: noDuplicates }
  return { method: 'PATCH', path: `sobjects/${object}/${tag}/${operationId}`, values, headers: noDuplicates }
}

async function evidenceOf(
  step: Step,
  context: Asks<Salesforce>,
): Promise<{ readonly verdict: 'happened' | 'absent' | 'unclear'; readonly id: string }> {
  if ('update' in step)
    return { verdict: (await evidenceOfUpdate(step.update, step.update, context)).verdict, id: step.update.id }
  const found = await evidenceOfCreate(step.create, context)
  return found.verdict === 'happened' ? found : { verdict: found.verdict, id: '' }
}

function resultOf(step: Step, made: string, vendor: SalesforceReader) {
  if ('create' in step) return { op: 'create' as const, object: step.create.object, id: made, url: vendor.url(made) }
  const { object, id } = step.update
  return { op: 'update' as const, object, id, url: vendor.url(id) }
}

/** @throws HubError `bad_response` without one: whether it was made is then for the reconcile to find out */
function madeId(answer: JsonObject | undefined): string {
  return parseAnswer('Salesforce', z.object({ id: z.string().min(1) }), answer).id
}

// Makes a task on a record, for its to-do list and history.
import { HubError, writeTool } from 'toolgate/kit'
import type { Asks, Done, JsonObject, Reads, Writes } from 'toolgate/kit'
import { z } from 'zod'
import { check } from '../check.ts'
import { createOnce, evidenceOfCreate, settlesMs } from '../evidence.ts'
import { recordId, toLongId, userId } from '../identifiers.ts'
import { titleField } from '../objects.ts'
import { fetchRecord, tagOf, titleOf } from '../record.ts'
import { deletion } from '../restore.ts'
import type { Salesforce } from '../salesforce.ts'
import { exampleIds } from '../sandbox/examples.ts'
import { admitObjects, kinds, newState, placeFields, resourcesFor } from '../scope.ts'
import type { Placed } from '../scope.ts'

interface Request {
  readonly object: 'Task'
  readonly values: JsonObject
  readonly tag: string | null
  readonly [key: string]: string | JsonObject | null
}

interface Party {
  readonly placed: Placed
  readonly title: string
}

export const taskCreate = writeTool({
  name: 'task_create',
  title: 'Salesforce: create task',
  description:
    'Creates a task on an account, opportunity or case (what_id), or with a contact or lead (who_id). It belongs to the hub’s user unless owner_id names a user; a record’s OwnerId is one.',
  class: 'W1',
  default: 'on',
  verb: 'create',
  scopes: ['api', 'Edit Tasks', 'Read on the related records'],
  resolves: [...kinds],
  routes: [
    'POST /services/data/{version}/sobjects/Task',
    'PATCH /services/data/{version}/sobjects/Task/{external_id_field}/{operation}',
  ],
  changes: ['Subject', 'Description', 'ActivityDate', 'Status', 'Priority', 'WhatId', 'WhoId', 'OwnerId'],
  input: z.strictObject({
    subject: z.string().min(1).max(255),
    description: z.string().max(32_000).optional(),
    due: z.iso.date().optional(),
    status: z.string().max(40).default('Not Started'),
    priority: z.string().max(20).default('Normal'),
    what_id: recordId.optional(),
    who_id: recordId.optional(),
    owner_id: userId.optional(),
  }),
  output: z.strictObject({ id: z.string(), url: z.string() }),
  example: { subject: 'Call Helen Marsh about the renewal', what_id: exampleIds.opportunity, due: '2030-01-15' },
  async plan(input, context: Reads<Salesforce>) {
    const { vendor, now } = context
    const { scoping } = vendor
    const fields = fieldsOf(input)
    const touched = Object.keys(fields).map((name) => `Task.${name}`)
    admitObjects(context, scoping, ['Task'], touched)
    const schema = await vendor.describe('Task', now)
    if (!schema.createable) throw new HubError('forbidden', 'The hub’s user in Salesforce may not create tasks.')
    const { values, warnings } = await check(vendor, now, schema, fields, 'create')
    const own = { object: 'Task' as const, states: [newState(scoping, schema, 'Task', values)] }
    const parties = await partiesOf(context, [own], touched, [input.what_id, input.who_id])
    // The plan names the related records, so that whoever reads it must be allowed to see those too.
    const resources = resourcesFor(scoping, [own, ...parties.map(({ placed }) => placed)], touched)
    context.admit(resources)
    const request: Request = { object: 'Task', values, tag: tagOf(vendor, schema) }
    return {
      summary: `Create the task “${String(values['Subject'])}”${parties.map(({ title }) => ` on ${title}`).join(' and')}.`,
      effects: [
        {
          verb: 'create' as const,
          target: 'sf:Task/new',
          resources,
          before: {},
          after: values,
        },
      ],
      audience: {
        external: false,
        people: input.owner_id === undefined ? 0 : 1,
        massMention: false,
        where: input.owner_id === undefined ? 'nobody; it is the hub’s own task' : 'the user who gets the task',
      },
      fidelity: 'checked' as const,
      undo: 'exact' as const,
      warnings: [
        ...warnings,
        ...(input.owner_id === undefined ? [] : ['Salesforce may notify the user who gets the task.']),
      ],
      request,
    }
  },
  async apply(request: Request, { vendor, operationId }: Writes<Salesforce>) {
    const id = await createOnce(vendor, request, operationId)
    return { id, url: vendor.url(id) }
  },
  settlesMs,
  async reconcile(request: Request, context: Asks<Salesforce>) {
    const found = await evidenceOfCreate(request, context)
    if (found.verdict !== 'happened') return { verdict: found.verdict }
    return { verdict: 'happened' as const, output: { id: found.id, url: context.vendor.url(found.id) } }
  },
  undo: async ({ request, output, at }: Done<Request, { id: string }>, { vendor }: Reads<Salesforce>) =>
    await deletion(vendor, { ...request, output, at }),
})

interface Input {
  readonly subject: string
  readonly description?: string | undefined
  readonly due?: string | undefined
  readonly status: string
  readonly priority: string
  readonly what_id?: string | undefined
  readonly who_id?: string | undefined
  readonly owner_id?: string | undefined
}

function fieldsOf(input: Input): Readonly<Record<string, string>> {
  const fields = {
    Subject: input.subject,
    Description: input.description,
    ActivityDate: input.due,
    Status: input.status,
    Priority: input.priority,
    WhatId: input.what_id,
    WhoId: input.who_id,
    OwnerId: input.owner_id,
  }
  return Object.fromEntries(Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])))
}

/** The related records, by name. It is refused here when one of them does not exist. */
async function partiesOf(
  context: Reads<Salesforce>,
  known: readonly Placed[],
  touched: readonly string[],
  ids: readonly (string | undefined)[],
): Promise<readonly Party[]> {
  const { vendor, now } = context
  const { scoping } = vendor
  const parties: Party[] = []
  for (const id of ids) {
    if (id === undefined) continue
    const object = await vendor.objectOf(id, now)
    admitObjects(context, scoping, ['Task', object], touched)
    const schema = await vendor.describe(object, now)
    const record = await fetchRecord(vendor, object, toLongId(id), [titleField(schema), ...placeFields(scoping, object)])
    const placed = { object, states: [record] }
    context.admit(resourcesFor(scoping, [...known, placed], touched))
    parties.push({ placed, title: titleOf(context, schema, record) })
  }
  return parties
}

// Makes a new record. Tasks have a tool of their own.
import { HubError, writeTool } from 'toolgate/kit'
import type { Asks, Done, JsonObject, Reads, Writes } from 'toolgate/kit'
import { z } from 'zod'
import { check, fieldValues, missing } from '../check.ts'
import type { FieldValues } from '../check.ts'
import { createOnce, evidenceOfCreate, settlesMs } from '../evidence.ts'
import { profileOf, told, written } from '../objects.ts'
import type { ObjectName } from '../objects.ts'
import { objectName } from '../identifiers.ts'
import { tagOf } from '../record.ts'
import { references } from '../references.ts'
import { deletion } from '../restore.ts'
import type { ObjectSchema, Salesforce, SalesforceReader } from '../salesforce.ts'
import { admitObjects, fieldEntries, kinds, linked, newState, resourcesFor } from '../scope.ts'
import { condition } from '../soql.ts'

export interface Creating {
  readonly object: ObjectName
  readonly values: JsonObject
  readonly tag: string | null
  readonly [key: string]: string | JsonObject | null
}

export const recordCreate = writeTool({
  name: 'record_create',
  title: 'Salesforce: create record',
  description:
    'Creates one Salesforce record, owned by the hub’s user unless assignment rules say otherwise. A duplicate by the org’s rules is refused. Look for an existing record first.',
  class: 'W2',
  default: 'on',
  verb: 'create',
  scopes: ['api', 'Create on the object', 'field-level Edit'],
  resolves: [...kinds],
  routes: [
    'POST /services/data/{version}/sobjects/{object}',
    'PATCH /services/data/{version}/sobjects/{object}/{external_id_field}/{operation}',
  ],
  changes: written,
  input: z.strictObject({ object: objectName, fields: fieldValues }),
  output: z.strictObject({ object: z.string(), id: z.string(), url: z.string() }),
  example: {
    object: 'Lead',
    fields: { FirstName: 'Marta', LastName: 'Kowalska', Company: 'Vistula Physiotherapy', Status: 'Open - Not Contacted' },
  },
  plan: planCreate,
  async apply(request: Creating, { vendor, operationId }: Writes<Salesforce>) {
    return outputOf(vendor, request, await createOnce(vendor, request, operationId))
  },
  settlesMs,
  async reconcile(request: Creating, context: Asks<Salesforce>) {
    const found = await evidenceOfCreate(request, context)
    if (found.verdict !== 'happened') return { verdict: found.verdict }
    return { verdict: 'happened' as const, output: outputOf(context.vendor, request, found.id) }
  },
  undo: async ({ request, output, at }: Done<Creating, { id: string }>, { vendor }: Reads<Salesforce>) =>
    await deletion(vendor, { ...request, output, at }),
})

/** What it would change, looked up; also as a part of several. */
export async function planCreate(
  { object, fields }: { readonly object: ObjectName; readonly fields: FieldValues },
  context: Reads<Salesforce>,
) {
  const { vendor, now } = context
  const { scoping } = vendor
  if (object === 'Task') throw new HubError('invalid_input', 'Tasks are made by sf_task_create.')
  const schema = await vendor.describe(object, now)
  const touched = fieldEntries(schema, object, Object.keys(fields))
  admitObjects(context, scoping, [object], touched)
  if (!schema.createable)
    throw new HubError('forbidden', `The hub's user in Salesforce may not create ${schema.name} records.`)
  const named = Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [schema.has(name) ? schema.field(name).name : name, value]),
  )
  const own = resourcesFor(scoping, [{ object, states: [newState(scoping, schema, object, named)] }], touched)
  context.admit(own)
  const { values, warnings } = await check(vendor, now, schema, fields, 'create')
  const lacking = missing(schema, values)
  if (lacking.length > 0) throw new HubError('invalid_input', `A new ${object} also needs: ${lacking.join(', ')}.`)
  const resources = linked(scoping, own, await references(vendor, now, schema, values))
  context.admit(resources)
  const given = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null))
  const request: Creating = { object, values: given, tag: tagOf(vendor, schema) }
  return {
    summary: `Create ${object}: ${Object.keys(given).join(', ')}.`,
    effects: [
      {
        verb: 'create' as const,
        target: `sf:${object}/new`,
        resources,
        before: {},
        after: told(written, given),
      },
    ],
    audience: {
      external: false,
      people: 'unknown' as const,
      massMention: false,
      where: 'whoever works with such records in Salesforce',
    },
    fidelity: 'checked' as const,
    undo: 'partial' as const,
    warnings: [
      ...warnings,
      ...(await duplicates(vendor, schema, object, values)),
      'Automations of this Salesforce org may act on the new record and may send e-mail.',
    ],
    request,
  }
}

function outputOf(vendor: SalesforceReader, { object }: Creating, id: string) {
  return { object, id, url: vendor.url(id) }
}

/** Only that there is one: which, the caller may not be allowed to see. */
export async function duplicates(
  vendor: SalesforceReader,
  schema: ObjectSchema,
  object: ObjectName,
  values: FieldValues,
): Promise<readonly string[]> {
  const by = profileOf(schema).duplicateBy
  const value = by === undefined ? undefined : values[by]
  if (by === undefined || typeof value !== 'string') return []
  const same = condition(schema, { field: by, op: 'eq', value })
  const count = await vendor.count(`SELECT COUNT() FROM ${object} WHERE ${same}`)
  return count > 0 ? [`There is already a record of ${object} with this ${by}; Salesforce may refuse another.`] : []
}

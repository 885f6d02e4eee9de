// Makes a new record. Tasks have a tool of their own.
import { HubError, writeTool } from 'toolgate/kit'
import type { Asks, Done, JsonObject, Reads, Writes } from 'toolgate/kit'
import { z } from 'zod'
import { check, fieldValues, missing } from '../check.ts'
import type { FieldValues } from '../check.ts'
import { createOnce, evidenceOfCreate, settlesMs } from '../evidence.ts'
import { fieldsOf, profiles } from '../objects.ts'
import type { ObjectName } from '../objects.ts'
import { fetchRecord, tagOf } from '../record.ts'
import { deletion } from '../restore.ts'
import type { ObjectSchema, Salesforce, SalesforceReader } from '../salesforce.ts'
import { condition } from '../soql.ts'

export const creatable = ['Account', 'Contact', 'Opportunity', 'Case', 'Lead'] as const

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
  resolves: ['sf.object'],
  routes: creatable.flatMap((object) => [
    `POST /services/data/{version}/sobjects/${object}`,
    `PATCH /services/data/{version}/sobjects/${object}/{external_id_field}/{operation}`,
  ]),
  changes: fieldsOf(creatable, (profile) => [...profile.update, ...profile.create]),
  input: z.strictObject({ object: z.enum(creatable), fields: fieldValues }),
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
  { object, fields }: { readonly object: (typeof creatable)[number]; readonly fields: FieldValues },
  context: Reads<Salesforce>,
) {
  const { vendor, now } = context
  context.admit({ 'sf.object': object })
  const schema = await vendor.describe(object, now)
  if (!schema.createable)
    throw new HubError('forbidden', `The hub's user in Salesforce may not create ${schema.name} records.`)
  const { values, warnings } = check(schema, object, fields, 'create')
  const lacking = missing(schema, values)
  if (lacking.length > 0) throw new HubError('invalid_input', `A new ${object} also needs: ${lacking.join(', ')}.`)
  await requireReferences(vendor, schema, values)
  const given = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null))
  const request: Creating = { object, values: given, tag: tagOf(vendor, schema) }
  return {
    summary: `Create ${object}: ${Object.keys(given).join(', ')}.`,
    effects: [
      {
        verb: 'create' as const,
        target: `sf:${object}/new`,
        resources: { 'sf.object': object },
        before: {},
        after: given,
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

export async function requireReferences(vendor: SalesforceReader, schema: ObjectSchema, values: FieldValues): Promise<void> {
  for (const [name, value] of Object.entries(values)) {
    if (typeof value !== 'string' || schema.field(name).type !== 'reference') continue
    const [object] = schema.field(name).referenceTo
    if (object === 'Account' || object === 'Contact') await fetchRecord(vendor, object, value, [])
  }
}

/** Only that there is one: which, the caller may not be allowed to see. */
export async function duplicates(
  vendor: SalesforceReader,
  schema: ObjectSchema,
  object: ObjectName,
  values: FieldValues,
): Promise<readonly string[]> {
  const by = profiles[object].duplicateBy
  const value = by === undefined ? undefined : values[by]
  if (by === undefined || typeof value !== 'string') return []
  const same = condition(schema, { field: by, op: 'eq', value })
  const count = await vendor.count(`SELECT COUNT() FROM ${object} WHERE ${same}`)
  return count > 0 ? [`There is already a record of ${object} with this ${by}; Salesforce may refuse another.`] : []
}

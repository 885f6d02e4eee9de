// Makes the record that has an external id, or changes it where there is one.
import { HubError, writeTool } from 'toolgate/kit'
import type { Asks, Done, JsonObject, Reads, Writes } from 'toolgate/kit'
import { z } from 'zod'
import { check, fieldValues, missing } from '../check.ts'
import { evidenceOfCreate, evidenceOfUpdate, settlesMs } from '../evidence.ts'
import { apiName, objectName } from '../identifiers.ts'
import { told, written } from '../objects.ts'
import type { ObjectName } from '../objects.ts'
import { requireUnmoved } from '../record.ts'
import { references } from '../references.ts'
import { deletion, restoration } from '../restore.ts'
import type { ObjectSchema, Salesforce, SalesforceReader } from '../salesforce.ts'
import { admitObjects, fieldEntries, kinds, linked, newState, resourcesFor } from '../scope.ts'
import { condition } from '../soql.ts'
import { duplicates } from './record-create.ts'
import { planUpdate } from './record-update.ts'
import type { Updating } from './record-update.ts'

interface New {
  readonly object: ObjectName
  readonly key: { readonly field: string; readonly value: string }
  readonly values: JsonObject
}
type Request = { readonly create: New & JsonObject } | { readonly update: Updating & JsonObject }

export const recordUpsert = writeTool({
  name: 'record_upsert',
  title: 'Salesforce: create or update by external id',
  description:
    'Sets fields of the Salesforce record whose external id field has this value, or creates it. The plan says which of the two. sf_object_describe lists the fields.',
  class: 'W2',
  default: 'on',
  verb: 'update',
  scopes: ['api', 'Create on the object', 'Edit on the object', 'field-level Edit'],
  resolves: [...kinds],
  routes: [
    'PATCH /services/data/{version}/sobjects/{object}/{id}',
    'PATCH /services/data/{version}/sobjects/{object}/{ext_field}/{ext_value}',
  ],
  changes: [...written, 'ExternalId'],
  input: z.strictObject({
    object: objectName,
    ext_field: apiName,
    ext_value: z
      .string()
      // One segment of a path, of which nothing has to be encoded.
      .regex(
        /^[A-Za-z0-9][A-Za-z0-9_.:@~-]{0,254}$/,
        'Write letters, digits and _ . : @ ~ - only, beginning with one of the first.',
      ),
    fields: fieldValues,
  }),
  output: z.strictObject({ object: z.string(), id: z.string(), url: z.string(), created: z.boolean() }),
  example: {
    object: 'Account',
    ext_field: 'Customer_Number__c',
    ext_value: 'C-2001',
    fields: { Name: 'Vistula Physiotherapy', Industry: 'Healthcare' },
  },
  async plan({ object, ext_field, ext_value, fields }, context: Reads<Salesforce>) {
    const { vendor, now } = context
    const { scoping } = vendor
    if (object === 'Task') throw new HubError('invalid_input', 'Tasks are made by sf_task_create.')
    const schema = await vendor.describe(object, now)
    const touched = fieldEntries(schema, object, [...Object.keys(fields), ext_field])
    admitObjects(context, scoping, [object], touched)
    const field = externalId(schema, ext_field, vendor.idempotencyField)
    const found = await sameKey(vendor, schema, { field, value: ext_value })
    if (found.length > 1)
      throw new HubError('conflict', `More than one ${object} has this ${field}. Update one of them by its id.`)
    const [id] = found
    if (id !== undefined) {
      // It was found by the external id, which is then told too.
      const planned = await planUpdate({ object, id, set: fields }, context, [ext_field])
      const request: Request = { update: planned.request }
      return { ...planned, request }
    }
    if (!schema.createable) throw new HubError('forbidden', `The hub's user in Salesforce may not create ${object} records.`)
    const { values, warnings } = await check(vendor, now, schema, fields, 'create')
    const own = resourcesFor(
      scoping,
      [{ object, states: [newState(scoping, schema, object, { ...values, [field]: ext_value })] }],
      touched,
    )
    context.admit(own)
    const lacking = missing(schema, { ...values, [field]: ext_value })
    if (lacking.length > 0) throw new HubError('invalid_input', `A new ${object} also needs: ${lacking.join(', ')}.`)
    const resources = linked(scoping, own, await references(vendor, now, schema, values))
    context.admit(resources)
    const given = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null))
    const request: Request = { create: { object, key: { field, value: ext_value }, values: given } }
    return {
      summary: `Create ${object} ${ext_value}: ${Object.keys(given).join(', ')}.`,
      effects: [
        {
          verb: 'create' as const,
          target: `sf:${object}/new`,
          resources,
          before: {},
          after: { ...told(written, given), ExternalId: ext_value },
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
  },
  async apply(request: Request, { vendor, now }: Writes<Salesforce>) {
    if ('update' in request) {
      const { object, id, rev, before, set, place } = request.update
      await requireUnmoved(vendor, { object, id, rev }, { ...place, ...before })
      await vendor.write.update(object, id, set, new Date(rev))
      return { object, id, url: vendor.url(id), created: false }
    }
    const { object, key, values } = request.create
    // It was planned as a new record: nothing that somebody made meanwhile is to be overwritten.
    if ((await sameKey(vendor, await vendor.describe(object, now), key)).length > 0)
      throw new HubError(
        'conflict',
        `Somebody has made the ${object} ${key.value} meanwhile. Nothing was written; look at it first.`,
      )
    const { id, created } = await vendor.write.upsert(object, key, values)
    return { object, id, url: vendor.url(id), created }
  },
  settlesMs,
  async reconcile(request: Request, context: Asks<Salesforce>) {
    const { vendor } = context
    if ('update' in request) {
      const { object, id } = request.update
      const evidence = await evidenceOfUpdate(request.update, request.update, context)
      return evidence.verdict === 'happened'
        ? { ...evidence, output: { object, id, url: vendor.url(id), created: false } }
        : evidence
    }
    const { object, key, values } = request.create
    const schema = await vendor.describe(object, context.now)
    const [id] = await sameKey(vendor, schema, key)
    if (id === undefined) return { verdict: 'absent' as const }
    // Somebody else may have made it: then the hub's user did not.
    const all = { ...values, [key.field]: key.value }
    const found = await evidenceOfCreate({ object, values: all, tag: null }, context)
    return found.verdict === 'happened' && found.id === id
      ? { verdict: found.verdict, output: { object, id, url: vendor.url(id), created: true } }
      : { verdict: 'unclear' as const }
  },
  async undo({ request, output, at }: Done<Request, { id: string }>, { vendor }: Reads<Salesforce>) {
    if ('create' in request) return await deletion(vendor, { ...request.create, output, at })
    const { object, id, before, set: after } = request.update
    const { set, warnings } = await restoration(vendor, { object, id, before, after })
    return { tool: 'record_update', input: { object, id, set }, fidelity: 'partial' as const, warnings }
  },
})

function externalId(schema: ObjectSchema, name: string, reserved: string | undefined): string {
  const field = schema.field(name)
  if (field.name === reserved)
    throw new HubError('invalid_input', `${field.name} belongs to the hub: it holds the operation that made a record.`)
  if (field.externalId && field.type === 'string' && field.createable) return field.name
  const usable = schema.fields.filter((one) => one.externalId && one.name !== reserved).map((one) => one.name)
  throw new HubError(
    'invalid_input',
    `${field.name} of ${schema.name} is no external id of text that the hub's user may write. There is: ${usable.join(', ') || 'none'}.`,
  )
}

async function sameKey(vendor: SalesforceReader, schema: ObjectSchema, key: New['key']): Promise<readonly string[]> {
  const same = condition(schema, { field: key.field, op: 'eq', value: key.value })
  const found = await vendor.query(`SELECT Id FROM ${schema.name} WHERE ${same} LIMIT 2`)
  return found.map((record) => String(record['Id']))
}

// Makes a new record. Tasks have a tool of their own.
import { HubError, writeTool } from 'toolgate/kit'
import type { JsonObject, Reads, Writes } from 'toolgate/kit'
import { z } from 'zod'
import { check, fieldValues, missing } from '../check.ts'
import type { FieldValues } from '../check.ts'
import { fieldsOf, profiles } from '../objects.ts'
import type { ObjectName } from '../objects.ts'
import { fetchRecord } from '../record.ts'
import type { ObjectSchema, Salesforce } from '../salesforce.ts'
import { condition } from '../soql.ts'

const objects = ['Account', 'Contact', 'Opportunity', 'Case', 'Lead'] as const

interface Request {
  readonly object: ObjectName
  readonly values: JsonObject
  readonly [key: string]: string | JsonObject
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
  routes: objects.map((object) => `POST /services/data/{version}/sobjects/${object}`),
  changes: fieldsOf(objects, (profile) => [...profile.update, ...profile.create]),
  input: z.strictObject({ object: z.enum(objects), fields: fieldValues }),
  output: z.strictObject({ object: z.string(), id: z.string(), url: z.string() }),
  example: {
    object: 'Lead',
    fields: { FirstName: 'Marta', LastName: 'Kowalska', Company: 'Vistula Physiotherapy', Status: 'Open - Not Contacted' },
  },
  async plan({ object, fields }, { vendor, now }: Reads<Salesforce>) {
    const schema = await vendor.describe(object, now)
    if (!schema.createable)
      throw new HubError('forbidden', `The hub's user in Salesforce may not create ${schema.name} records.`)
    const { values, warnings } = check(schema, object, fields, 'create')
    const lacking = missing(schema, values)
    if (lacking.length > 0) throw new HubError('invalid_input', `A new ${object} also needs: ${lacking.join(', ')}.`)
    await requireReferences(vendor, schema, values)
    const given = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null))
    const request: Request = { object, values: given }
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
  },
  async apply({ object, values }: Request, { vendor }: Writes<Salesforce>) {
    const id = await vendor.create(object, values)
    return { object, id, url: vendor.url(id) }
  },
})

async function requireReferences(vendor: Salesforce, schema: ObjectSchema, values: FieldValues): Promise<void> {
  for (const [name, value] of Object.entries(values)) {
    if (typeof value !== 'string' || schema.field(name).type !== 'reference') continue
    const [object] = schema.field(name).referenceTo
    if (object === 'Account' || object === 'Contact') await fetchRecord(vendor, object, value, [])
  }
}

/** Only that there is one: which, the caller may not be allowed to see. */
async function duplicates(
  vendor: Salesforce,
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

// Records of one object that match some conditions.
import { HubError, readTool } from 'toolgate/kit'
import type { Reads } from 'toolgate/kit'
import { z } from 'zod'
import { apiName } from '../identifiers.ts'
import { objectNames } from '../objects.ts'
import { cursor, pageOutput, readPage } from '../page.ts'
import type { Question } from '../page.ts'
import type { ObjectSchema, Salesforce } from '../salesforce.ts'
import { fieldList, resourcesOf, select } from '../select.ts'
import { condition, operators } from '../soql.ts'

const text = z.string().max(255)

const filter = z.strictObject({
  field: apiName,
  op: z.enum(operators),
  value: z.union([
    text,
    z.number(),
    z.boolean(),
    z.null(),
    z
      .array(z.union([text, z.number()]))
      .min(1)
      .max(100),
  ]),
})
const order = z.strictObject({ field: apiName, direction: z.enum(['asc', 'desc']).default('asc') })

export const recordFind = readTool({
  name: 'record_find',
  title: 'Salesforce: find records',
  description:
    'Finds records of one Salesforce object. All filters must hold; dates may be relative (TODAY, THIS_QUARTER, LAST_N_DAYS:30). Give next_cursor back as cursor, with the same arguments, for more.',
  class: 'R',
  default: 'on',
  scopes: ['api', 'Read on the object', 'field-level Read'],
  resolves: ['sf.object'],
  input: z.strictObject({
    object: z.enum(objectNames),
    filters: z.array(filter).max(10).default([]),
    fields: fieldList.optional(),
    order: order.optional(),
    limit: z.int().min(1).max(100).default(20),
    cursor: cursor.optional(),
  }),
  output: pageOutput,
  example: {
    object: 'Opportunity',
    filters: [
      { field: 'IsClosed', op: 'eq', value: false },
      { field: 'Amount', op: 'ge', value: 10_000 },
    ],
    order: { field: 'CloseDate' },
  },
  rows: { in: 'rows', resources: resourcesOf },
  async run(input, context: Reads<Salesforce>) {
    const { vendor, now } = context
    context.admit({ 'sf.object': input.object })
    const { object, limit, cursor: from } = input
    const schema = await vendor.describe(object, now)
    const question: Question = {
      object,
      fields: select(schema, object, input.fields, context.within('sf.object')),
      conditions: input.filters.map((one) => condition(schema, one)),
      orders: input.order ? [orderOf(schema, input.order)] : [],
    }
    return await readPage(vendor, question, { limit, from })
  },
})

function orderOf(schema: ObjectSchema, { field: name, direction }: z.output<typeof order>): string {
  const field = schema.field(name)
  if (field.sortable) return `${field.name} ${direction === 'asc' ? 'ASC' : 'DESC'} NULLS LAST`
  throw new HubError('invalid_input', `${field.name} of ${schema.name} cannot be sorted by.`)
}

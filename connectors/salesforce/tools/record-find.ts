// Records of one object that match some conditions.
import { HubError, readTool } from 'toolgate/kit'
import type { Reads } from 'toolgate/kit'
import { z } from 'zod'
import { apiName, objectName } from '../identifiers.ts'
import { cursor, pageOutput, readPage } from '../page.ts'
import type { Question } from '../page.ts'
import type { ObjectSchema, Salesforce } from '../salesforce.ts'
import { admitObjects, kinds, narrowing } from '../scope.ts'
import { askedFields, fieldList, resourcesOf, select } from '../select.ts'
import { condition, operators } from '../soql.ts'

/** A bound that no model meets by accident is not told to every one of them. */
const text = z.string().refine((given) => given.length <= 255, 'Write at most 255 characters.')

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
    'Finds Salesforce records of one object for which all filters hold; dates may be relative (TODAY, LAST_N_DAYS:30). For more, repeat it with next_cursor as cursor.',
  class: 'R',
  default: 'on',
  scopes: ['api', 'Read on the object', 'field-level Read'],
  resolves: [...kinds],
  input: z.strictObject({
    object: objectName,
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
    const { object, limit, cursor: from } = input
    const schema = await vendor.describe(object, now)
    // An unknown field is refused by its name, below: first, whether this object may be looked at.
    const by = [...input.filters.map(({ field }) => field), ...(input.order ? [input.order.field] : [])]
    admitObjects(context, vendor.scoping, [object], askedFields(context, schema, object, input.fields, by))
    const selection = select(context, schema, object, input.fields, by)
    const question: Question = {
      object,
      fields: selection.columns,
      conditions: [
        ...input.filters.map((one) => condition(schema, one)),
        ...narrowing(context, vendor.scoping, schema, object),
      ],
      orders: input.order ? [orderOf(schema, input.order)] : [],
    }
    return await readPage(vendor, question, { limit, from, selection })
  },
})

function orderOf(schema: ObjectSchema, { field: name, direction }: z.output<typeof order>): string {
  const field = schema.field(name)
  if (field.sortable) return `${field.name} ${direction === 'asc' ? 'ASC' : 'DESC'} NULLS LAST`
  throw new HubError('invalid_input', `${field.name} of ${schema.name} cannot be sorted by.`)
}

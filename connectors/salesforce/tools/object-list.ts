// Which kinds of record there are, and what the hub's user may do with them.
import { readTool, visibleText } from 'toolgate/kit'
import type { Reads } from 'toolgate/kit'
import { z } from 'zod'
import { apiName } from '../identifiers.ts'
import type { Salesforce } from '../salesforce.ts'
import { untrusted } from '../select.ts'

const most = 100

export const objectList = readTool({
  name: 'object_list',
  title: 'Salesforce: list objects',
  description:
    'Lists kinds of Salesforce records by API name, and what the hub’s user may do with each. The other tools work with those marked supported.',
  class: 'R',
  default: 'on',
  scopes: ['api', 'Read on the objects'],
  resolves: ['sf.object'],
  input: z.strictObject({
    query: z.string().min(1).max(80).optional().describe('A part of the name or label.'),
    custom: z.boolean().optional().describe('Only custom objects, or only standard ones.'),
  }),
  output: z.strictObject({
    objects: z.array(
      z.strictObject({
        name: apiName,
        label: z.string(),
        id_prefix: z.string().optional(),
        may: z.array(z.enum(['read', 'create', 'update', 'delete'])),
        supported: z.literal(true).optional(),
      }),
    ),
    truncated: z.boolean(),
    content_trust: untrusted,
  }),
  example: { query: 'a' },
  rows: { in: 'objects', resources: ({ name }) => ({ 'sf.object': name }) },
  async run({ query = '', custom }, context: Reads<Salesforce>) {
    const { vendor, now } = context
    const allowed = context.within('sf.object')
    const sought = query.toLowerCase()
    const found = (await vendor.objects(now)).filter(
      (one) =>
        (allowed === undefined || allowed.includes(one.name)) &&
        (custom === undefined || one.custom === custom) &&
        (one.name.toLowerCase().includes(sought) || one.label.toLowerCase().includes(sought)),
    )
    const works = (name: string): boolean => vendor.objectNames.includes(name)
    // Those that the other tools work with come first.
    const ordered = found.toSorted((left, right) => Number(works(right.name)) - Number(works(left.name)))
    return {
      objects: ordered.slice(0, most).map((one) => ({
        name: one.name,
        label: visibleText(one.label),
        ...(one.keyPrefix !== null && { id_prefix: one.keyPrefix }),
        may: [
          ...(one.queryable ? (['read'] as const) : []),
          ...(one.createable ? (['create'] as const) : []),
          ...(one.updateable ? (['update'] as const) : []),
          ...(one.deletable ? (['delete'] as const) : []),
        ],
        ...(works(one.name) && { supported: true as const }),
      })),
      truncated: ordered.length > most,
      content_trust: 'untrusted' as const,
    }
  },
})

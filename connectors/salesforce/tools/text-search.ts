// Records in which some words occur, across objects.
import { readTool } from 'toolgate/kit'
import type { Reads } from 'toolgate/kit'
import { z } from 'zod'
import { objectName } from '../identifiers.ts'
import { isStandard } from '../objects.ts'
import type { ObjectName } from '../objects.ts'
import type { Salesforce } from '../salesforce.ts'
import { kinds } from '../scope.ts'
import { fit, present, resourcesOf, row, select, untrusted } from '../select.ts'
import type { Selection } from '../select.ts'

const longest = 500

export const textSearch = readTool({
  name: 'text_search',
  title: 'Salesforce: search text',
  description:
    'Finds Salesforce records in which words occur, in any text field, across objects. Good when only a name is known; newly written records may appear after a minute.',
  class: 'R',
  default: 'on',
  scopes: ['api', 'Read on the objects', 'field-level Read'],
  resolves: [...kinds],
  input: z.strictObject({
    text: z
      .string()
      .min(2)
      .max(200)
      .refine((given) => (given.match(/[\p{L}\p{N}]/gu) ?? []).length >= 2, 'Give at least two letters or digits.'),
    objects: z.array(objectName).min(1).max(56).optional(),
    limit: z.int().min(1).max(50).default(10).describe('For each object.'),
  }),
  output: z.strictObject({ rows: z.array(row), truncated: z.boolean(), content_trust: untrusted }),
  example: { text: 'Brightwater', objects: ['Account', 'Case'] },
  rows: { in: 'rows', resources: resourcesOf },
  async run({ text, objects, limit }, context: Reads<Salesforce>) {
    const { vendor } = context
    const allowed = context.within('sf.object')
    const sought = [...new Set(objects ?? (await searchable(context)))].filter(
      (object) => allowed === undefined || allowed.includes(object),
    )
    if (sought.length === 0) return { rows: [], truncated: false, content_trust: 'untrusted' as const }
    const selections = new Map<ObjectName, Selection>()
    for (const object of sought) selections.set(object, await ownFields(context, object))
    const found = await vendor.search(parametersOf(text, selections, limit))
    const rows = found.flatMap(({ object, values }) => {
      const selection = selections.get(object)
      return selection ? [present(vendor.scoping, object, values, selection, longest).row] : []
    })
    const shown = fit(rows)
    return { rows: [...shown], truncated: shown.length < rows.length, content_trust: 'untrusted' as const }
  },
})

/** What is looked through where none are named: what the configuration adds may be closed to searches, or not be there. */
async function searchable({ vendor, now }: Reads<Salesforce>): Promise<readonly ObjectName[]> {
  if (vendor.objectNames.every(isStandard)) return vendor.objectNames
  const found = await vendor.objects(now)
  return vendor.objectNames.filter(
    (object) => isStandard(object) || found.some((one) => one.name === object && one.queryable && one.searchable),
  )
}

/** A search takes no fields of related records. It looks into every text of a record, which a rule on fields has to allow. */
async function ownFields(context: Reads<Salesforce>, object: ObjectName): Promise<Selection> {
  const schema = await context.vendor.describe(object, context.now)
  const { fields, columns, about } = select(context, schema, object, undefined)
  const own = (paths: readonly string[]) => paths.filter((path) => !path.includes('.'))
  const everything = context.within('sf.field') === undefined ? [] : [`${object}.*`]
  return { fields: own(fields), columns: own(columns), about: [...about, ...everything] }
}

// https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_search_parameterized_get.htm
function parametersOf(text: string, selections: ReadonlyMap<ObjectName, Selection>, limit: number): URLSearchParams {
  // Only words: in a search, other signs are operators and wildcards.
  const words = text.replace(/[^\p{L}\p{N}@.'-]+/gu, ' ').trim()
  const parameters = new URLSearchParams({ q: words })
  for (const [object, { columns }] of selections) {
    parameters.append('sobject', object)
    parameters.append(`${object}.fields`, ['Id', ...columns].join(','))
    parameters.append(`${object}.limit`, String(limit))
  }
  return parameters
}

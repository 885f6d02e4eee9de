// Records in which some words occur, across objects.
import { readTool } from 'toolgate/kit'
import type { Reads } from 'toolgate/kit'
import { z } from 'zod'
import { objectNames } from '../objects.ts'
import type { ObjectName } from '../objects.ts'
import type { Salesforce, SalesforceReader } from '../salesforce.ts'
import { fit, present, resourcesOf, row, select, untrusted } from '../select.ts'

const longest = 500

export const textSearch = readTool({
  name: 'text_search',
  title: 'Salesforce: search text',
  description:
    'Finds Salesforce records in which words occur, in any text field, across objects. Good when only a name is known; newly written records may appear after a minute.',
  class: 'R',
  default: 'on',
  scopes: ['api', 'Read on the objects', 'field-level Read'],
  resolves: ['sf.object'],
  input: z.strictObject({
    text: z
      .string()
      .min(2)
      .max(200)
      .refine((given) => (given.match(/[\p{L}\p{N}]/gu) ?? []).length >= 2, 'Give at least two letters or digits.'),
    objects: z.array(z.enum(objectNames)).min(1).optional(),
    limit: z.int().min(1).max(50).default(10).describe('For each object.'),
  }),
  output: z.strictObject({ rows: z.array(row), truncated: z.boolean(), content_trust: untrusted }),
  example: { text: 'Brightwater', objects: ['Account', 'Case'] },
  rows: { in: 'rows', resources: resourcesOf },
  async run({ text, objects = objectNames, limit }, context: Reads<Salesforce>) {
    const { vendor, now } = context
    const allowed = context.within('sf.object')
    const sought = [...new Set(objects)].filter((object) => allowed === undefined || allowed.includes(object))
    if (sought.length === 0) return { rows: [], truncated: false, content_trust: 'untrusted' as const }
    const fields = new Map<string, readonly string[]>()
    for (const object of sought) fields.set(object, await ownFields(vendor, object, now))
    const found = await vendor.search(parametersOf(text, fields, limit))
    const rows = found.flatMap(({ object, values }) => {
      const names = fields.get(object)
      return names ? [present(object, values, names, longest).row] : []
    })
    const shown = fit(rows)
    return { rows: [...shown], truncated: shown.length < rows.length, content_trust: 'untrusted' as const }
  },
})

/** A search takes no fields of related records. */
async function ownFields(vendor: SalesforceReader, object: ObjectName, now: Date): Promise<readonly string[]> {
  return select(await vendor.describe(object, now), object, undefined, undefined).filter((path) => !path.includes('.'))
}

// https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_search_parameterized_get.htm
function parametersOf(text: string, fields: ReadonlyMap<string, readonly string[]>, limit: number): URLSearchParams {
  // Only words: in a search, other signs are operators and wildcards.
  const words = text.replace(/[^\p{L}\p{N}@.'-]+/gu, ' ').trim()
  const parameters = new URLSearchParams({ q: words })
  for (const [object, names] of fields) {
    parameters.append('sobject', object)
    parameters.append(`${object}.fields`, ['Id', ...names].join(','))
    parameters.append(`${object}.limit`, String(limit))
  }
  return parameters
}

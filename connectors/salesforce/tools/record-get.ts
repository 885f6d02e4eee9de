// One record by its id.
import { readTool } from 'toolgate/kit'
import type { Reads } from 'toolgate/kit'
import { z } from 'zod'
import { objectName, recordId } from '../identifiers.ts'
import { fetchRecord, idOf, revOf } from '../record.ts'
import type { Salesforce } from '../salesforce.ts'
import { admitObjects, kinds } from '../scope.ts'
import { askedFields, fieldList, present, resourcesOf, row, select, untrusted } from '../select.ts'
import { exampleIds } from '../sandbox/examples.ts'

const longest = 8_000

export const recordGet = readTool({
  name: 'record_get',
  title: 'Salesforce: read record',
  description:
    'Reads one Salesforce record by its id: a compact set of fields, or up to 40 named ones. `rev` is its version; pass it as expect_rev to a write that must not overwrite newer changes.',
  class: 'R',
  default: 'on',
  scopes: ['api', 'Read on the object', 'field-level Read'],
  resolves: [...kinds],
  input: z.strictObject({ object: objectName, id: recordId, fields: fieldList.optional() }),
  output: row.extend({
    url: z.string(),
    rev: z.string(),
    /** Fields whose text was cut. */
    truncated: z.array(z.string()).optional(),
    content_trust: untrusted,
  }),
  example: { object: 'Account', id: exampleIds.account },
  resources: resourcesOf,
  async run({ object, id: given, fields: named }, context: Reads<Salesforce>) {
    const { vendor, now } = context
    const schema = await vendor.describe(object, now)
    admitObjects(context, vendor.scoping, [object], askedFields(context, schema, object, named))
    const id = idOf(schema, given)
    const selection = select(context, schema, object, named)
    const record = await fetchRecord(vendor, object, id, selection.columns)
    const { row: shown, cut } = present(vendor.scoping, object, record, selection, longest)
    return {
      ...shown,
      url: vendor.url(id),
      rev: revOf(record),
      ...(cut.length > 0 && { truncated: [...cut] }),
      content_trust: 'untrusted' as const,
    }
  },
})

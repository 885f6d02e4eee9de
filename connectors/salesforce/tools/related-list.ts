// The records that belong to another one: the opportunities of an account, the tasks of a case.
import { HubError, readTool } from 'toolgate/kit'
import type { Reads } from 'toolgate/kit'
import { z } from 'zod'
import { apiName, recordId, toLongId } from '../identifiers.ts'
import type { ObjectName } from '../objects.ts'
import { cursor, pageOutput, readPage } from '../page.ts'
import type { ObjectSchema, Salesforce, SalesforceReader } from '../salesforce.ts'
import { exampleIds } from '../sandbox/examples.ts'
import { admitObjects, kinds, narrowing } from '../scope.ts'
import { askedFields, fieldList, resourcesOf, select } from '../select.ts'

export const relatedList = readTool({
  name: 'related_list',
  title: 'Salesforce: related list',
  description:
    'Lists the records related to one record by the name of the relationship, such as Opportunities, Contacts, Cases or Tasks of an account. sf_object_describe lists the relationships.',
  class: 'R',
  default: 'on',
  scopes: ['api', 'Read on the object', 'field-level Read'],
  resolves: [...kinds],
  input: z.strictObject({
    id: recordId,
    relationship: apiName,
    fields: fieldList.optional(),
    limit: z.int().min(1).max(100).default(20),
    cursor: cursor.optional(),
  }),
  output: pageOutput,
  example: { id: exampleIds.account, relationship: 'Opportunities' },
  rows: { in: 'rows', resources: resourcesOf },
  async run({ id, relationship, fields, limit, cursor: from }, context: Reads<Salesforce>) {
    const { vendor, now } = context
    const parent = await vendor.describe(await vendor.objectOf(id, now), now)
    const { object, by } = related(vendor, parent, relationship)
    const schema = await vendor.describe(object, now)
    admitObjects(context, vendor.scoping, [object], askedFields(context, schema, object, fields, [by]))
    const selection = select(context, schema, object, fields, [by])
    const question = {
      object,
      fields: selection.columns,
      conditions: [`${by} = '${toLongId(id)}'`, ...narrowing(context, vendor.scoping, schema, object)],
      orders: [],
    }
    return await readPage(vendor, question, { limit, from, selection })
  },
})

function related(
  { objectNames }: Pick<SalesforceReader, 'objectNames'>,
  parent: ObjectSchema,
  relationship: string,
): { readonly object: ObjectName; readonly by: string } {
  const known = parent.childRelationships.filter(
    ({ childSObject, relationshipName }) => relationshipName !== null && objectNames.includes(childSObject),
  )
  const found = known.find((one) => one.relationshipName?.toLowerCase() === relationship.toLowerCase())
  if (found) return { object: found.childSObject, by: found.field }
  const names = known.map((one) => one.relationshipName).join(', ')
  throw new HubError(
    'invalid_input',
    `${parent.name} has no related list ${relationship} that the hub works with. It has: ${names}.`,
  )
}

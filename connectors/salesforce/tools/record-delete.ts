// Moves one record to the recycle bin of the org.
import { HubError, writeTool } from 'toolgate/kit'
import type { Asks, JsonObject, Reads, Writes } from 'toolgate/kit'
import { z } from 'zod'
import { evidenceOfDelete, settlesMs } from '../evidence.ts'
import { recordId } from '../identifiers.ts'
import { fieldsOf, objectNames, profiles } from '../objects.ts'
import type { ObjectName } from '../objects.ts'
import { fetchRecord, idOf, requireUnmoved, revOf, shown, snapshot, titleOf } from '../record.ts'
import type { Basis } from '../record.ts'
import type { Salesforce, SalesforceReader } from '../salesforce.ts'
import { exampleIds } from '../sandbox/examples.ts'
import { select } from '../select.ts'

interface Request extends Basis {
  readonly before: JsonObject
  readonly [key: string]: string | JsonObject
}

export const recordDelete = writeTool({
  name: 'record_delete',
  title: 'Salesforce: delete record',
  description:
    'Deletes one Salesforce record. A person can restore it from the recycle bin for 15 days; the hub cannot. Records that belong to it may go with it: the plan counts them.',
  class: 'D',
  default: 'off',
  verb: 'delete',
  scopes: ['api', 'Delete on the object', 'Delete on the record by sharing'],
  resolves: ['sf.object'],
  routes: objectNames.map((object) => `DELETE /services/data/{version}/sobjects/${object}/{id}`),
  changes: fieldsOf(objectNames, (profile) => profile.compact.filter((path) => !path.includes('.'))),
  input: z.strictObject({ object: z.enum(objectNames), id: recordId }),
  output: z.strictObject({ object: z.string(), id: z.string() }),
  example: { object: 'Task', id: exampleIds.task },
  async plan({ object, id: given }, context: Reads<Salesforce>) {
    const { vendor, now } = context
    context.admit({ 'sf.object': object })
    const schema = await vendor.describe(object, now)
    const id = idOf(schema, given)
    const fields = select(schema, object, undefined, undefined).filter((path) => !path.includes('.'))
    const record = await fetchRecord(vendor, object, id, fields)
    if (!schema.deletable || !(await vendor.access(id)).delete) {
      throw new HubError(
        'forbidden',
        `The hub's user in Salesforce may not delete this ${object}. Its owner or an administrator can.`,
      )
    }
    const before = snapshot(record, fields)
    const rev = revOf(record)
    const request: Request = { object, id, rev, before }
    return {
      summary: `Delete ${titleOf(object, record)}.`,
      effects: [
        {
          verb: 'delete' as const,
          target: `sf:${object}/${id}`,
          resources: { 'sf.object': object },
          before: shown(before),
          after: {},
        },
      ],
      audience: {
        external: false,
        people: 'unknown' as const,
        massMention: false,
        where: 'whoever works with the record in Salesforce',
      },
      rev,
      fidelity: 'checked' as const,
      undo: 'none' as const,
      warnings: await dependants(vendor, object, id),
      request,
    }
  },
  async apply({ object, id, rev, before }: Request, { vendor }: Writes<Salesforce>) {
    // Salesforce takes no condition on a deletion, so that a change in this last moment goes unseen.
    await requireUnmoved(vendor, { object, id, rev }, before)
    await vendor.write.delete(object, id)
    return { object, id }
  },
  settlesMs,
  async reconcile({ object, id }: Request, context: Asks<Salesforce>) {
    const verdict = await evidenceOfDelete(object, id, context)
    return verdict === 'happened' ? { verdict, output: { object, id } } : { verdict }
  },
})

async function dependants(vendor: SalesforceReader, object: ObjectName, id: string): Promise<readonly string[]> {
  const warnings: string[] = []
  for (const child of profiles[object].children) {
    const count = await vendor.count(`SELECT COUNT() FROM ${child.object} WHERE ${child.by} = '${id}'`)
    if (count > 0)
      warnings.push(`${count} ${child.object} record(s) belong to it; they may be deleted with it or prevent the deletion.`)
  }
  return warnings
}

// Moves one record to the recycle bin of the org.
import { HubError, writeTool } from 'toolgate/kit'
import type { Asks, Done, JsonObject, Reads, Writes } from 'toolgate/kit'
import { z } from 'zod'
import { evidenceOfDelete, settlesMs } from '../evidence.ts'
import { objectName, recordId } from '../identifiers.ts'
import { deleted, isStandard, profileOf, told } from '../objects.ts'
import { fetchRecord, idOf, requireUnmoved, revOf, shown, snapshot, titleOf } from '../record.ts'
import type { Basis } from '../record.ts'
import type { ObjectSchema, Salesforce, SalesforceReader } from '../salesforce.ts'
import { exampleIds } from '../sandbox/examples.ts'
import { admitObjects, kinds, placeFields, resourcesFor } from '../scope.ts'

interface Request extends Basis {
  readonly before: JsonObject
  readonly place: JsonObject
  readonly [key: string]: string | JsonObject
}

export const recordDelete = writeTool({
  name: 'record_delete',
  title: 'Salesforce: delete record',
  description:
    'Deletes one Salesforce record. It stays in the recycle bin for 15 days, from where sf_record_undelete restores it. Records that belong to it may go with it: the plan counts them.',
  class: 'D',
  default: 'off',
  verb: 'delete',
  scopes: ['api', 'Delete on the object', 'Delete on the record by sharing'],
  resolves: [...kinds],
  routes: ['DELETE /services/data/{version}/sobjects/{object}/{id}'],
  changes: deleted,
  input: z.strictObject({ object: objectName, id: recordId }),
  output: z.strictObject({ object: z.string(), id: z.string() }),
  example: { object: 'Task', id: exampleIds.task },
  async plan({ object, id: given }, context: Reads<Salesforce>) {
    const { vendor, now } = context
    const { scoping } = vendor
    // The whole record goes.
    admitObjects(context, scoping, [object], [`${object}.*`])
    const schema = await vendor.describe(object, now)
    const id = idOf(schema, given)
    const fields = profileOf(schema, vendor.idempotencyField).compact.filter(
      (path) => !path.includes('.') && schema.has(path),
    )
    const placing = placeFields(scoping, object)
    const record = await fetchRecord(vendor, object, id, [...fields, ...placing])
    const resources = resourcesFor(scoping, [{ object, states: [record] }], [`${object}.*`])
    context.admit(resources)
    if (!schema.deletable || !(await vendor.access(id)).delete) {
      throw new HubError(
        'forbidden',
        `The hub's user in Salesforce may not delete this ${object}. Its owner or an administrator can.`,
      )
    }
    const before = snapshot(record, fields)
    const rev = revOf(record)
    const request: Request = { object, id, rev, before, place: snapshot(record, placing) }
    return {
      summary: `Delete ${titleOf(context, schema, record)}.`,
      effects: [
        {
          verb: 'delete' as const,
          target: `sf:${object}/${id}`,
          resources,
          before: told(deleted, shown(before)),
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
      undo: schema.undeletable ? ('partial' as const) : ('none' as const),
      warnings: await dependants(vendor, schema, id),
      request,
    }
  },
  async apply({ object, id, rev, before, place }: Request, { vendor }: Writes<Salesforce>) {
    // Salesforce takes no condition on a deletion, so that a change in this last moment goes unseen.
    await requireUnmoved(vendor, { object, id, rev }, { ...place, ...before })
    await vendor.write.delete(object, id)
    return { object, id }
  },
  settlesMs,
  async reconcile({ object, id }: Request, context: Asks<Salesforce>) {
    const verdict = await evidenceOfDelete(object, id, context)
    return verdict === 'happened' ? { verdict, output: { object, id } } : { verdict }
  },
  async undo({ request: { object, id } }: Done<Request, unknown>, { vendor }: Reads<Salesforce>) {
    const [record] = await vendor.queryAll(`SELECT IsDeleted FROM ${object} WHERE Id = '${id}' LIMIT 1`)
    if (!record) throw new HubError('conflict', `This ${object} is no longer in the recycle bin, and cannot be restored.`)
    if (record['IsDeleted'] !== true)
      throw new HubError(
        'conflict',
        `Somebody has restored this ${object} since then (IsDeleted). There is nothing to take back.`,
      )
    return {
      tool: 'record_undelete',
      input: { object, id },
      fidelity: 'partial' as const,
      warnings: [
        'What was deleted with it comes back too; lookups that were emptied stay empty, and automations may act again.',
      ],
    }
  },
})

async function dependants(vendor: SalesforceReader, schema: ObjectSchema, id: string): Promise<readonly string[]> {
  const warnings: string[] = []
  const further = schema.childRelationships
    .filter(({ childSObject }) => !isStandard(childSObject) && vendor.objectNames.includes(childSObject))
    .map(({ childSObject, field }) => ({ object: childSObject, by: field }))
  for (const child of [...profileOf(schema).children, ...further]) {
    const count = await vendor.count(`SELECT COUNT() FROM ${child.object} WHERE ${child.by} = '${id}'`)
    if (count > 0)
      warnings.push(`${count} ${child.object} record(s) belong to it; they may be deleted with it or prevent the deletion.`)
  }
  return warnings
}

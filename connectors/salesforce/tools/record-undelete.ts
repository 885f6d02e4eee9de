// Takes one record out of the recycle bin of the org.
import { HubError, writeTool } from 'toolgate/kit'
import type { Asks, Done, Reads, Writes } from 'toolgate/kit'
import { z } from 'zod'
import { settlesMs, skewMs } from '../evidence.ts'
import { objectName, recordId } from '../identifiers.ts'
import { titleField } from '../objects.ts'
import type { ObjectName } from '../objects.ts'
import { fetchRecord, idOf, revOf, titleOf } from '../record.ts'
import type { Salesforce, SalesforceReader, Values } from '../salesforce.ts'
import { exampleIds } from '../sandbox/examples.ts'
import { admitObjects, kinds, placeFields, resourcesFor } from '../scope.ts'

interface Request {
  readonly object: ObjectName
  readonly id: string
  readonly rev: string
  readonly [key: string]: string
}

export const recordUndelete = writeTool({
  name: 'record_undelete',
  title: 'Salesforce: restore record',
  description:
    'Restores one deleted Salesforce record, and what was deleted with it, from the recycle bin, where records stay for 15 days.',
  class: 'D',
  default: 'off',
  verb: 'update',
  scopes: ['api', 'Delete on the object', 'Delete on the record by sharing'],
  resolves: [...kinds],
  // Undelete is a call of the SOAP API and of Apex only. The body is ours: one id, which was checked to be one.
  // https://developer.salesforce.com/docs/atlas.en-us.api.meta/api/sforce_api_calls_undelete.htm
  routes: ['POST /services/Soap/u/{version}'],
  changes: ['IsDeleted'],
  input: z.strictObject({ object: objectName, id: recordId }),
  output: z.strictObject({ object: z.string(), id: z.string(), url: z.string() }),
  example: { object: 'Task', id: exampleIds.deletedTask },
  async plan({ object, id: given }, context: Reads<Salesforce>) {
    const { vendor, now } = context
    const { scoping } = vendor
    admitObjects(context, scoping, [object], [`${object}.*`])
    const schema = await vendor.describe(object, now)
    const id = idOf(schema, given)
    const record = await binned(vendor, object, id, [titleField(schema), ...placeFields(scoping, object)])
    const resources = resourcesFor(scoping, [{ object, states: [record] }], [`${object}.*`])
    context.admit(resources)
    requireDeleted(object, record)
    if (!schema.undeletable || !schema.deletable)
      throw new HubError('forbidden', `The hub's user in Salesforce may not restore records of ${object}.`)
    const rev = revOf(record)
    const request: Request = { object, id, rev }
    return {
      summary: `Restore ${titleOf(context, schema, record)} from the recycle bin.`,
      effects: [
        {
          verb: 'update' as const,
          target: `sf:${object}/${id}`,
          resources,
          before: { IsDeleted: true },
          after: { IsDeleted: false },
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
      undo: 'partial' as const,
      warnings: ['What was deleted together with it comes back too; lookups that were emptied then stay empty.'],
      request,
    }
  },
  async apply({ object, id, rev }: Request, { vendor }: Writes<Salesforce>) {
    const record = await binned(vendor, object, id, [])
    requireDeleted(object, record)
    if (revOf(record) !== rev)
      throw new HubError('conflict', `The ${object} was changed since it was read. Nothing was restored.`)
    await vendor.write.undelete(id)
    return { object, id, url: vendor.url(id) }
  },
  settlesMs,
  async reconcile({ object, id }: Request, { vendor, sentAt }: Asks<Salesforce>) {
    const [record] = await vendor.queryAll(query(object, id, ['LastModifiedById']))
    if (record?.['IsDeleted'] === true) return { verdict: 'absent' as const }
    const since = Date.parse(String(record?.['SystemModstamp'])) >= sentAt.getTime() - skewMs
    if (!record || !since || record['LastModifiedById'] !== (await vendor.userId())) return { verdict: 'unclear' as const }
    return { verdict: 'happened' as const, output: { object, id, url: vendor.url(id) } }
  },
  async undo({ request: { object, id }, at }: Done<Request, unknown>, { vendor }: Reads<Salesforce>) {
    const record = await fetchRecord(vendor, object, id, ['LastModifiedById'])
    if (Date.parse(revOf(record)) > at.getTime() + skewMs || record['LastModifiedById'] !== (await vendor.userId()))
      throw new HubError(
        'conflict',
        `Somebody has changed this ${object} since it was restored. Nothing is taken back; look at the record first.`,
      )
    return {
      tool: 'record_delete',
      input: { object, id },
      fidelity: 'partial' as const,
      warnings: ['It goes back to the recycle bin, for another 15 days, with what belongs to it.'],
    }
  },
})

async function binned(vendor: SalesforceReader, object: ObjectName, id: string, fields: readonly string[]): Promise<Values> {
  const [record] = await vendor.queryAll(query(object, id, fields))
  if (!record) throw new HubError('not_found', `There is no ${object} with the id ${id}, not even in the recycle bin.`)
  return record
}

function requireDeleted(object: ObjectName, record: Values): void {
  if (record['IsDeleted'] === true) return
  throw new HubError('invalid_input', `This ${object} is not deleted; there is nothing to restore.`)
}

function query(object: ObjectName, id: string, fields: readonly string[]): string {
  return `SELECT ${[...new Set(['Id', 'IsDeleted', 'SystemModstamp', ...fields])].join(', ')} FROM ${object} WHERE Id = '${id}' LIMIT 1`
}

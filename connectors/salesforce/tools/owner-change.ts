// Gives one record to another user.
import { HubError, visibleText, writeTool } from 'toolgate/kit'
import type { Asks, Done, JsonObject, Reads, Writes } from 'toolgate/kit'
import { z } from 'zod'
import { evidenceOfUpdate, settlesMs } from '../evidence.ts'
import { keyPrefix, objectName, recordId, toLongId, userId } from '../identifiers.ts'
import { titleField } from '../objects.ts'
import { fetchRecord, idOf, requireUnmoved, revOf, snapshot, titleOf } from '../record.ts'
import type { Basis } from '../record.ts'
import { restoration } from '../restore.ts'
import type { Salesforce, SalesforceReader } from '../salesforce.ts'
import { exampleIds } from '../sandbox/examples.ts'
import { userId as sandboxUser } from '../sandbox/store.ts'
import { admitObjects, kinds, placeFields, resourcesFor } from '../scope.ts'

interface Request extends Basis {
  readonly before: { readonly OwnerId: string }
  readonly set: { readonly OwnerId: string }
  readonly place: JsonObject
  readonly [key: string]: string | JsonObject | { readonly OwnerId: string }
}

export const ownerChange = writeTool({
  name: 'owner_change',
  title: 'Salesforce: change owner',
  description:
    'Gives one Salesforce record to another active user, named by id. Sharing, teams and open activities may move with it.',
  class: 'W2',
  default: 'on',
  verb: 'update',
  scopes: ['api', 'Edit on the object', 'Transfer on the record by sharing'],
  resolves: [...kinds],
  routes: ['PATCH /services/data/{version}/sobjects/{object}/{id}'],
  changes: ['OwnerId'],
  input: z.strictObject({ object: objectName, id: recordId, owner: userId }),
  output: z.strictObject({ object: z.string(), id: z.string(), url: z.string(), owner: z.string() }),
  example: { object: 'Opportunity', id: exampleIds.opportunity, owner: sandboxUser('ines') },
  async plan({ object, id: given, owner }, context: Reads<Salesforce>) {
    const { vendor, now } = context
    const { scoping } = vendor
    admitObjects(context, scoping, [object], [`${object}.OwnerId`])
    const schema = await vendor.describe(object, now)
    const id = idOf(schema, given)
    if (!schema.has('OwnerId')) throw new HubError('invalid_input', `Records of ${object} have no owner of their own.`)
    const placing = placeFields(scoping, object)
    const record = await fetchRecord(vendor, object, id, ['OwnerId', titleField(schema), ...placing])
    const resources = resourcesFor(scoping, [{ object, states: [record] }], [`${object}.OwnerId`])
    context.admit(resources)
    const to = await activeUser(vendor, toLongId(owner))
    if (!schema.field('OwnerId').updateable || !(await vendor.access(id)).transfer) {
      throw new HubError(
        'forbidden',
        `The hub's user in Salesforce may not give this ${object} to somebody else. Its owner or an administrator can.`,
      )
    }
    const from = String(record['OwnerId'])
    if (from === to.id) throw new HubError('invalid_input', `${to.name} owns this ${object} already.`)
    const rev = revOf(record)
    const request: Request = {
      object,
      id,
      rev,
      before: { OwnerId: from },
      set: { OwnerId: to.id },
      place: snapshot(record, placing),
    }
    const fromUser = isUser(from)
    return {
      summary: `Give ${titleOf(context, schema, record)} to ${to.name}.`,
      effects: [
        {
          verb: 'update' as const,
          target: `sf:${object}/${id}`,
          resources,
          before: request.before,
          after: request.set,
        },
      ],
      audience: {
        external: false,
        people: fromUser ? 2 : ('unknown' as const),
        massMention: false,
        where: `${to.name}, and who owned it`,
      },
      rev,
      fidelity: 'checked' as const,
      undo: fromUser ? ('partial' as const) : ('none' as const),
      warnings: [
        'Salesforce may take manual sharing away, move open activities and related records along, and notify the new owner.',
        ...(fromUser
          ? []
          : ['It belongs to a queue now; the hub gives records to users only, so that it cannot give it back.']),
      ],
      request,
    }
  },
  async apply({ object, id, rev, before, set, place }: Request, { vendor }: Writes<Salesforce>) {
    await requireUnmoved(vendor, { object, id, rev }, { ...place, ...before })
    await vendor.write.update(object, id, set, new Date(rev))
    return { object, id, url: vendor.url(id), owner: set.OwnerId }
  },
  settlesMs,
  async reconcile(request: Request, context: Asks<Salesforce>) {
    const evidence = await evidenceOfUpdate(request, request, context)
    const { object, id, set } = request
    if (evidence.verdict !== 'happened') return evidence
    return { ...evidence, output: { object, id, url: context.vendor.url(id), owner: set.OwnerId } }
  },
  async undo({ request }: Done<Request, unknown>, { vendor }: Reads<Salesforce>) {
    const { object, id, before, set } = request
    if (!isUser(before.OwnerId))
      throw new HubError('refused', 'It belonged to a queue. A person can give it back in Salesforce.')
    const { warnings } = await restoration(vendor, { object, id, before, after: set })
    return {
      tool: 'owner_change',
      input: { object, id, owner: before.OwnerId },
      fidelity: 'partial' as const,
      warnings: [...warnings, 'Sharing and activities that moved along do not all come back.'],
    }
  },
})

async function activeUser(vendor: SalesforceReader, id: string): Promise<{ readonly id: string; readonly name: string }> {
  const [user] = await vendor.query(`SELECT Id, Name, IsActive FROM User WHERE Id = '${id}' LIMIT 1`)
  if (user?.['IsActive'] === true) return { id, name: visibleText(String(user['Name'])) }
  throw new HubError(
    'invalid_input',
    'There is no active user with this id in Salesforce; a record’s OwnerId is a user’s id.',
  )
}

function isUser(id: string): boolean {
  return keyPrefix(id) === '005'
}

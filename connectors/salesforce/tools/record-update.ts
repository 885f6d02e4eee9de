// Changes some fields of one record.
import { HubError, writeTool } from 'toolgate/kit'
import type { Asks, Done, JsonObject, Reads, Writes } from 'toolgate/kit'
import { z } from 'zod'
import { check, fieldValues } from '../check.ts'
import type { FieldValues } from '../check.ts'
import { evidenceOfUpdate, settlesMs } from '../evidence.ts'
import { objectName, recordId } from '../identifiers.ts'
import { titleField, told, written } from '../objects.ts'
import type { ObjectName } from '../objects.ts'
import { references } from '../references.ts'
import { fetchRecord, idOf, requireUnmoved, revOf, shown, snapshot, titleOf } from '../record.ts'
import type { Basis } from '../record.ts'
import { restoration } from '../restore.ts'
import type { ObjectSchema, Salesforce, SalesforceReader } from '../salesforce.ts'
import { exampleIds } from '../sandbox/examples.ts'
import { admitObjects, fieldEntries, kinds, linked, placeFields, resourcesFor } from '../scope.ts'
import { untrusted } from '../select.ts'

export interface Updating extends Basis {
  readonly before: JsonObject
  readonly set: JsonObject
  /** What tells the record apart for policies, as it was then. */
  readonly place: JsonObject
  readonly [key: string]: string | JsonObject
}

export const recordUpdate = writeTool({
  name: 'record_update',
  title: 'Salesforce: update record',
  description:
    'Sets fields of one Salesforce record; null empties a field. Refused when the record was changed meanwhile. Owners and record types are not changed by it. Automations of the org may act on the change.',
  class: 'W2',
  default: 'on',
  verb: 'update',
  scopes: ['api', 'Edit on the object', 'field-level Edit', 'Edit on the record by sharing'],
  resolves: [...kinds],
  routes: ['PATCH /services/data/{version}/sobjects/{object}/{id}'],
  changes: written,
  input: z.strictObject({ object: objectName, id: recordId, set: fieldValues }),
  output: z.strictObject({
    object: z.string(),
    id: z.string(),
    url: z.string(),
    before: fieldValues,
    after: fieldValues,
    content_trust: untrusted,
  }),
  example: { object: 'Opportunity', id: exampleIds.opportunity, set: { NextStep: 'Send the revised quote' } },
  plan: planUpdate,
  async apply({ object, id, rev, before, set, place }: Updating, { vendor }: Writes<Salesforce>) {
    await requireUnmoved(vendor, { object, id, rev }, { ...place, ...before })
    await vendor.write.update(object, id, set, new Date(rev))
    return outputOf(vendor, { object, id, rev, before, set, place })
  },
  settlesMs,
  async reconcile(request: Updating, context: Asks<Salesforce>) {
    const evidence = await evidenceOfUpdate(request, request, context)
    return evidence.verdict === 'happened' ? { ...evidence, output: outputOf(context.vendor, request) } : evidence
  },
  async undo({ request }: Done<Updating, unknown>, { vendor }: Reads<Salesforce>) {
    const { object, id, before, set: after } = request
    const { set, warnings } = await restoration(vendor, { object, id, before, after })
    return { tool: 'record_update', input: { object, id, set }, fidelity: 'partial' as const, warnings }
  },
})

/** What it would change, looked up; also as a part of several. */
export async function planUpdate(
  { object, id: given, set }: { readonly object: ObjectName; readonly id: string; readonly set: FieldValues },
  context: Reads<Salesforce>,
  /** Fields that the plan tells besides those that it sets. */
  alsoTold: readonly string[] = [],
) {
  const { vendor, now } = context
  const { scoping } = vendor
  const schema = await vendor.describe(object, now)
  const touched = fieldEntries(schema, object, [...Object.keys(set), ...alsoTold])
  admitObjects(context, scoping, [object], touched)
  const id = idOf(schema, given)
  if (!schema.updateable)
    throw new HubError('forbidden', `The hub's user in Salesforce may not edit ${schema.name} records.`)
  const named = Object.keys(set).flatMap((name) => (schema.has(name) ? [schema.field(name).name] : []))
  const placing = placeFields(scoping, object)
  const record = await fetchRecord(vendor, object, id, [...named, titleField(schema), ...placing])
  const states = [record, { ...record, ...byName(schema, set) }]
  const links = await references(vendor, now, schema, byName(schema, set))
  const resources = linked(scoping, resourcesFor(scoping, [{ object, states }], touched), links)
  context.admit(resources)
  const { values, warnings } = await check(vendor, now, schema, set, 'update')
  if (!(await vendor.access(id)).edit) {
    throw new HubError(
      'forbidden',
      `The hub's user in Salesforce may see this ${object} but not edit it. Its owner or an administrator can share it.`,
    )
  }
  const changed = Object.keys(values).filter((name) => (record[name] ?? null) !== values[name])
  if (changed.length === 0)
    throw new HubError('invalid_input', 'The record has these values already; there is nothing to change.')
  const before = snapshot(record, changed)
  const after = Object.fromEntries(changed.map((name) => [name, values[name] ?? null]))
  const rev = revOf(record)
  const request: Updating = { object, id, rev, before, set: after, place: snapshot(record, placing) }
  return {
    summary: `Set ${changed.join(', ')} of ${titleOf(context, schema, record)}.`,
    effects: [
      {
        verb: 'update' as const,
        target: `sf:${object}/${id}`,
        resources,
        before: told(written, shown(before)),
        after: told(written, after),
      },
    ],
    audience: {
      external: false,
      people: 'unknown' as const,
      massMention: false,
      where: 'whoever follows the record in Salesforce',
    },
    rev,
    fidelity: 'checked' as const,
    undo: 'partial' as const,
    warnings: [...warnings, ...sideEffects(object, changed)],
    request,
  }
}

/** In the org's own spelling; what does not exist is told later. */
function byName(schema: ObjectSchema, set: FieldValues): FieldValues {
  return Object.fromEntries(
    Object.entries(set).map(([name, value]) => [schema.has(name) ? schema.field(name).name : name, value]),
  )
}

function outputOf(vendor: SalesforceReader, { object, id, before, set }: Updating) {
  return {
    object,
    id,
    url: vendor.url(id),
    before: fieldValues.parse(shown(before)),
    after: fieldValues.parse(set),
    content_trust: 'untrusted' as const,
  }
}

function sideEffects(object: string, changed: readonly string[]): readonly string[] {
  return [
    'Automations of this Salesforce org may act on the change and may send e-mail.',
    ...(object === 'Opportunity' && changed.includes('StageName')
      ? ['Salesforce sets the probability and the forecast category of an opportunity by its stage.']
      : []),
  ]
}

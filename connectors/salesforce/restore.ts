// Taking back: what a call would have to set or delete so that it is as if the write had not been made.
import { HubError } from 'toolgate/kit'
import type { Done, JsonObject, Undo } from 'toolgate/kit'
import { isSame } from './evidence.ts'
import type { ObjectName } from './objects.ts'
import { fetchRecord } from './record.ts'
import type { SalesforceReader, Values } from './salesforce.ts'

const automations = 'What automations of this Salesforce org did since then stays, and they may act again.'

interface Written {
  readonly object: ObjectName
  readonly id: string
  readonly before: JsonObject
  readonly after: JsonObject
}

export interface Restoration {
  /** The values of before, for the fields that still are as the write left them. */
  readonly set: JsonObject
  readonly warnings: readonly string[]
}

/** @throws HubError `conflict` when none of the fields is as the write left it */
export async function restoration(vendor: SalesforceReader, written: Written): Promise<Restoration> {
  const { object, id, before, after } = written
  const record = await fetchRecord(vendor, object, id, Object.keys(after))
  const moved = changedFields(record, after)
  const set = Object.fromEntries(Object.entries(before).filter(([name]) => !moved.includes(name)))
  if (Object.keys(set).length === 0) throw movedOn(object, moved)
  const left = moved.length === 0 ? [] : [`Left as they are, because somebody changed them since then: ${moved.join(', ')}.`]
  return { set, warnings: [...left, automations] }
}

/** The deletion of a record that is still as it was made. */
export async function deletion(
  vendor: SalesforceReader,
  {
    object,
    values,
    output,
    at,
  }: { object: ObjectName; values: JsonObject; output: Done<unknown, { id: string }>['output']; at: Date },
): Promise<Undo> {
  if (!output)
    throw new HubError('conflict', `It is not known which ${object} was made. A person has to look in Salesforce.`)
  const { id } = output
  const moved = changedFields(await fetchRecord(vendor, object, id, Object.keys(values)), values)
  if (moved.length > 0) throw movedOn(object, moved)
  return {
    tool: 'record_delete',
    input: { object, id },
    fidelity: 'partial',
    warnings: [
      `It was made on ${at.toISOString()} and goes to the recycle bin, with what was put on it since then.`,
      automations,
    ],
  }
}

function changedFields(record: Values, after: JsonObject): readonly string[] {
  return Object.entries(after).flatMap(([name, value]) => (isSame(record[name], value) ? [] : [name]))
}

function movedOn(object: ObjectName, fields: readonly string[]): HubError {
  return new HubError(
    'conflict',
    `Somebody has changed ${fields.join(', ')} of this ${object} since then. Nothing is taken back; look at the record first.`,
  )
}

// Puts a note on a record, in one request with its link, so that no note is left without a record.
import { HubError, parseAnswer, visibleText, writeTool } from 'toolgate/kit'
import type { Asks, Reads, Writes } from 'toolgate/kit'
import { z } from 'zod'
import { madeSince, settlesMs, skewMs } from '../evidence.ts'
import { recordId, toLongId } from '../identifiers.ts'
import { isStandard, titleField } from '../objects.ts'
import { fetchRecord, titleOf } from '../record.ts'
import type { Salesforce } from '../salesforce.ts'
import { exampleIds } from '../sandbox/examples.ts'
import { admitObjects, kinds, placeFields, resourcesFor } from '../scope.ts'

// A note is HTML of which Salesforce shows a few elements.
// https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_contentnote.htm
const previewLength = 255
const touched = ['ContentNote.Title', 'ContentNote.Content']

interface Request {
  readonly record: string
  readonly title: string
  readonly text: string
  readonly [key: string]: string
}

export const noteAdd = writeTool({
  name: 'note_add',
  title: 'Salesforce: add note',
  description:
    'Adds a note, with a title and plain text, to a Salesforce account, contact, opportunity, case or lead. Customers do not see it. The hub cannot take it back.',
  class: 'W1',
  default: 'on',
  verb: 'create',
  scopes: ['api', 'Edit on the record'],
  resolves: [...kinds],
  routes: ['POST /services/data/{version}/composite'],
  changes: ['Title', 'Text', 'LinkedEntityId'],
  input: z.strictObject({
    record_id: recordId,
    title: z.string().min(1).max(255),
    text: z.string().min(1).max(20_000),
  }),
  output: z.strictObject({ id: z.string(), record_id: z.string(), url: z.string() }),
  example: {
    record_id: exampleIds.account,
    title: 'Call with Helen Marsh',
    text: 'Wants the quote for 14 sites by Friday.',
  },
  async plan(input, context: Reads<Salesforce>) {
    const { vendor, now } = context
    const object = await vendor.objectOf(input.record_id, now)
    const { scoping } = vendor
    admitObjects(context, scoping, [object], touched)
    if (object === 'Task') throw new HubError('invalid_input', 'A task takes no notes; update its Description.')
    if (!isStandard(object)) throw new HubError('invalid_input', `The hub puts no notes on ${object}.`)
    const schema = await vendor.describe(object, now)
    const record = toLongId(input.record_id)
    const target = await fetchRecord(vendor, object, record, [titleField(schema), ...placeFields(scoping, object)])
    const resources = resourcesFor(scoping, [{ object, states: [target] }], touched)
    context.admit(resources)
    if (!(await vendor.access(record)).edit)
      throw new HubError('forbidden', `The hub's user in Salesforce may see this ${object} but not add to it.`)
    const [title, text] = [visibleText(input.title).trim(), visibleText(input.text).trim()]
    if (title === '' || text === '') throw new HubError('invalid_input', 'A note has a title and a text that can be seen.')
    const request: Request = { record, title, text }
    return {
      summary: `Add the note “${title}” to ${titleOf(context, schema, target)}.`,
      effects: [
        {
          verb: 'create' as const,
          target: 'sf:ContentNote/new',
          resources,
          before: {},
          after: { Title: title, Text: text, LinkedEntityId: record },
        },
      ],
      audience: { external: false, people: 'unknown' as const, massMention: false, where: 'colleagues who see the record' },
      fidelity: 'checked' as const,
      undo: 'none' as const,
      warnings:
        title === input.title.trim() && text === input.text.trim()
          ? []
          : ['Invisible or control characters were taken out.'],
      request,
    }
  },
  async apply({ record, title, text }: Request, { vendor }: Writes<Salesforce>) {
    const Content = Buffer.from(htmlOf(text), 'utf8').toString('base64')
    const [note] = await vendor.write.together([
      { method: 'POST', path: 'sobjects/ContentNote', values: { Title: title, Content } },
      {
        method: 'POST',
        path: 'sobjects/ContentDocumentLink',
        values: {
          ContentDocumentId: '@{part0.id}',
          LinkedEntityId: record,
          ShareType: 'V',
          // Otherwise customers with access to the record see it too.
          Visibility: 'InternalUsers',
        },
      },
    ])
    const { id } = parseAnswer('Salesforce', z.object({ id: recordId }), note)
    return { id, record_id: record, url: vendor.url(id) }
  },
  settlesMs,
  async reconcile({ record, title, text }: Request, { vendor, sentAt }: Asks<Salesforce>) {
    const sent = Math.floor(sentAt.getTime() / 1_000) * 1_000
    const made = await madeSince(vendor, 'ContentNote', ['Title', 'TextPreview'], new Date(sent - skewMs))
    const titled = made.filter((note) => note['Title'] === title)
    const [only] = titled
    if (!only) return { verdict: 'absent' as const }
    const same = previewOf(String(only['TextPreview'] ?? '')) === previewOf(text)
    if (titled.length > 1 || !same || Date.parse(String(only['CreatedDate'])) < sent) return { verdict: 'unclear' as const }
    const id = String(only['Id'])
    const links = await vendor.count(
      `SELECT COUNT() FROM ContentDocumentLink WHERE ContentDocumentId = '${id}' AND LinkedEntityId = '${record}'`,
    )
    if (links === 0) return { verdict: 'unclear' as const }
    return { verdict: 'happened' as const, output: { id, record_id: record, url: vendor.url(id) } }
  },
})

function htmlOf(text: string): string {
  const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  return escaped
    .split('\n')
    .map((line) => `<p>${line}</p>`)
    .join('')
}

/** Letters and digits only: how Salesforce spells the rest in a preview is not documented. */
function previewOf(text: string): string {
  return (text.slice(0, previewLength).match(/[\p{L}\p{N}]+/gu) ?? []).join(' ').slice(0, 100)
}

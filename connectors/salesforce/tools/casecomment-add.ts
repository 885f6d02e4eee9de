// Puts a comment on a case, for colleagues only or for the customer too.
import { HubError, visibleText, writeTool } from 'toolgate/kit'
import type { Asks, Reads, Writes } from 'toolgate/kit'
import { z } from 'zod'
import { evidenceOfCreate, settlesMs } from '../evidence.ts'
import { recordId } from '../identifiers.ts'
import { fetchRecord, idOf, titleOf } from '../record.ts'
import type { Salesforce } from '../salesforce.ts'
import { exampleIds } from '../sandbox/examples.ts'
import { admitObjects, kinds, placeFields, resourcesFor } from '../scope.ts'

// The field takes this many bytes.
// https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_casecomment.htm
const longest = 4_000
const touched = ['CaseComment.CommentBody', 'CaseComment.IsPublished']

interface Comment {
  readonly ParentId: string
  readonly CommentBody: string
  readonly IsPublished: boolean
  readonly [key: string]: string | boolean
}
interface Request {
  readonly object: 'CaseComment'
  readonly values: Comment
  readonly tag: null
  readonly [key: string]: string | Comment | null
}

export const casecommentAdd = writeTool({
  name: 'casecomment_add',
  title: 'Salesforce: comment on case',
  description:
    'Adds a comment to a Salesforce case. Colleagues see it; with public true the customer sees it too, and may get it by e-mail. It cannot be taken back.',
  class: 'W3',
  default: 'on',
  verb: 'create',
  scopes: ['api', 'Edit on Case'],
  resolves: [...kinds],
  routes: ['POST /services/data/{version}/sobjects/CaseComment'],
  changes: ['ParentId', 'CommentBody', 'IsPublished'],
  input: z.strictObject({
    case_id: recordId,
    text: z.string().min(1).max(longest),
    public: z.boolean().default(false).describe('Whether the customer sees it.'),
  }),
  output: z.strictObject({ id: z.string(), case_id: z.string(), url: z.string() }),
  example: { case_id: exampleIds.case, text: 'The clinic confirmed the workaround.' },
  async plan({ case_id, text: given, public: isPublic }, context: Reads<Salesforce>) {
    const { vendor, now } = context
    const { scoping } = vendor
    admitObjects(context, scoping, ['Case'], touched)
    const schema = await vendor.describe('Case', now)
    const id = idOf(schema, case_id)
    const record = await fetchRecord(vendor, 'Case', id, ['CaseNumber', 'Subject', ...placeFields(scoping, 'Case')])
    const resources = resourcesFor(scoping, [{ object: 'Case', states: [record] }], touched)
    context.admit(resources)
    if (!(await vendor.access(id)).edit) {
      throw new HubError('forbidden', 'The hub’s user in Salesforce may see this case but not comment on it.')
    }
    const text = visibleText(given).trim()
    if (text === '') throw new HubError('invalid_input', 'The comment has no text that can be seen.')
    if (Buffer.byteLength(text) > longest)
      throw new HubError(
        'invalid_input',
        `A comment takes ${longest} bytes of text; this one has ${Buffer.byteLength(text)}.`,
      )
    const values = { ParentId: id, CommentBody: text, IsPublished: isPublic }
    const request: Request = { object: 'CaseComment', values, tag: null }
    return {
      summary: `Comment on ${titleOf(context, schema, record)}, ${isPublic ? 'for the customer to read' : 'for colleagues only'}.`,
      effects: [
        {
          verb: 'create' as const,
          target: `sf:CaseComment/new`,
          resources,
          before: {},
          after: values,
        },
      ],
      audience: {
        external: isPublic,
        people: 'unknown' as const,
        massMention: false,
        where: isPublic ? 'the customer of the case and whoever works on it' : 'whoever works on the case',
      },
      fidelity: 'checked' as const,
      undo: 'none' as const,
      warnings: [
        isPublic
          ? 'The customer sees it, and Salesforce may send it by e-mail.'
          : 'Salesforce may notify the owner of the case.',
        ...(text === given.trim() ? [] : ['Invisible or control characters were taken out of the text.']),
      ],
      request,
    }
  },
  async apply({ values }: Request, { vendor }: Writes<Salesforce>) {
    const id = await vendor.write.create('CaseComment', values)
    const caseId = values.ParentId
    return { id, case_id: caseId, url: vendor.url(caseId) }
  },
  settlesMs,
  async reconcile(request: Request, context: Asks<Salesforce>) {
    const found = await evidenceOfCreate(request, context)
    if (found.verdict !== 'happened') return { verdict: found.verdict }
    const caseId = request.values.ParentId
    return { verdict: 'happened' as const, output: { id: found.id, case_id: caseId, url: context.vendor.url(caseId) } }
  },
})

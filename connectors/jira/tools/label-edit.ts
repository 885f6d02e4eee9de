import { HubError, writeTool } from 'toolgate/kit'
import type { Asks, Done, Reads, Writes } from 'toolgate/kit'
import { z } from 'zod'
import { changedSince, directSettlesMs, evidence, issueChanged } from '../evidence.ts'
import { issueKey, label } from '../ids.ts'
import type { Jira } from '../jira.ts'
import { admitted, fieldKinds, inProject, mustBeAt, mustHave, quietly, sentence } from '../planning.ts'
import { writeScopes } from '../scopes.ts'

const some = z.array(label).min(1).max(20).optional()
const input = z
  .strictObject({ key: issueKey, add: some, remove: some })
  .refine(({ add, remove }) => add !== undefined || remove !== undefined, 'give add, remove or both')
  .refine(({ add = [], remove = [] }) => !add.some((each) => remove.includes(each)), 'cannot add and remove the same label')
const output = z.strictObject({ key: z.string(), labels: z.array(z.string()) })
type Request = {
  readonly key: string
  readonly rev: string
  readonly add: readonly string[]
  readonly remove: readonly string[]
  readonly after: readonly string[]
}

const touching = { 'jira.field': ['labels'] }

export const labelEdit = writeTool({
  name: 'label_edit',
  title: 'Jira: edit labels',
  description: 'Adds labels to one Jira issue, or removes some. All other labels stay.',
  scopes: writeScopes.label,
  class: 'W1',
  default: 'on',
  verb: 'update',
  resolves: fieldKinds,
  routes: ['PUT /rest/api/3/issue/{key}', 'PUT /rest/api/2/issue/{key}'],
  changes: ['labels'],
  input,
  output,
  example: { key: 'SUP-5', add: ['slow'], remove: ['performance'] },
  async plan({ key, add = [], remove = [] }, context: Reads<Jira>) {
    const { vendor } = context
    const issue = await admitted(key, context, touching)
    const { labels } = issue.fields
    const adds = [...new Set(add)].filter((each) => !labels.includes(each))
    const removes = [...new Set(remove)].filter((each) => labels.includes(each))
    if (adds.length + removes.length === 0)
      throw new HubError('refused', `The labels of ${issue.key} already are so: ${sentence(labels)}.`)
    await mustHave(vendor, { issueKey: issue.key }, ['EDIT_ISSUES'])
    if (!(await vendor.editableFields(issue.key)).some(({ id }) => id === 'labels'))
      throw new HubError('refused', `The hub's account cannot edit labels of ${issue.key}.`)
    const after = [...labels.filter((each) => !removes.includes(each)), ...adds]
    return {
      summary: `Edit the labels of ${issue.key}: ${issue.fields.summary}`,
      effects: [
        {
          verb: 'update' as const,
          target: `jira:issue/${issue.key}`,
          resources: { ...inProject(issue), ...touching },
          before: { labels },
          after: { labels: after },
        },
      ],
      audience: quietly(issue),
      rev: issue.rev,
      fidelity: 'checked' as const,
      undo: 'exact' as const,
      warnings: [] as string[],
      request: { key: issue.key, rev: issue.rev, add: adds, remove: removes, after },
    }
  },
  async apply({ key, rev, add, remove, after }: Request, { vendor, operationId }: Writes<Jira>) {
    await mustBeAt(vendor, key, rev)
    const labels = [...add.map((each) => ({ add: each })), ...remove.map((each) => ({ remove: each }))]
    await vendor.write.adjust(key, { labels }, operationId)
    return { key, labels: [...after] }
  },
  settlesMs: directSettlesMs,
  async reconcile({ key, rev, after }: Request, { vendor, operationId }: Asks<Jira>) {
    return evidence(await issueChanged(vendor, { key, rev }, operationId), { key, labels: [...after] })
  },
  async undo({ request: { key, add, remove } }: Done<Request, z.output<typeof output>>, { vendor }: Reads<Jira>) {
    const issue = await vendor.issue(key)
    const { labels } = issue.fields
    const back = {
      add: remove.filter((each) => !labels.includes(each)),
      remove: add.filter((each) => labels.includes(each)),
    }
    const kept = add.length + remove.length - back.add.length - back.remove.length
    if (back.add.length + back.remove.length === 0) throw changedSince(issue, 'the labels')
    return {
      tool: 'label_edit',
      input: {
        key: issue.key,
        ...(back.add.length > 0 ? { add: back.add } : {}),
        ...(back.remove.length > 0 ? { remove: back.remove } : {}),
      },
      fidelity: kept === 0 ? ('exact' as const) : ('partial' as const),
      warnings: kept === 0 ? [] : ['Some of the labels have been changed since then and stay as they are.'],
    }
  },
})

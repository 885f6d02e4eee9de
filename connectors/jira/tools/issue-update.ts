import { HubError, writeTool } from 'toolgate/kit'
import type { Json, JsonObject, Reads, Writes } from 'toolgate/kit'
import { z } from 'zod'
import { toMarkdown } from '../adf.ts'
import { issueKey, label, line } from '../ids.ts'
import type { Field, Issue, Jira } from '../jira.ts'
import { maxText } from '../markdown.ts'
import { audienceOf, inProject, mustBeAt, mustHave, sentence } from '../planning.ts'
import { writeScopes } from '../scopes.ts'
import { hiddenWarning } from '../warnings.ts'

const input = z
  .strictObject({
    key: issueKey,
    summary: line(255).optional(),
    description: z.string().min(1).max(maxText).optional().describe('Markdown; replaces the whole description'),
    priority: line(60).optional().describe('By name'),
    labels: z.array(label).max(50).optional().describe('Replaces all labels'),
    allow_lossy: z.boolean().default(false).describe('Replace a description that has content Markdown cannot hold'),
  })
  .refine(
    ({ summary, description, priority, labels }) =>
      [summary, description, priority, labels].some((value) => value !== undefined),
    'give at least one of summary, description, priority and labels',
  )
const output = z.strictObject({ key: z.string(), changed: z.array(z.string()) })
type Request = { readonly key: string; readonly rev: string; readonly fields: JsonObject }

interface Change {
  readonly field: 'summary' | 'description' | 'priority' | 'labels'
  readonly before: Json
  readonly after: Json
  readonly send: Json
}

export const issueUpdate = writeTool({
  name: 'issue_update',
  title: 'Jira: update an issue',
  description: 'Sets summary, description (Markdown), priority or labels of one Jira issue. What is not given stays.',
  scopes: writeScopes.edit,
  class: 'W2',
  default: 'on',
  verb: 'update',
  resolves: ['jira.project'],
  routes: ['PUT /rest/api/3/issue/{key}'],
  changes: ['summary', 'description', 'priority', 'labels'],
  input,
  output,
  example: { key: 'SUP-2', priority: 'High', labels: ['reminders', 'timezone'] },
  async plan({ key, allow_lossy, ...wanted }, { vendor }: Reads<Jira>) {
    const issue = await vendor.issue(key)
    await mustHave(vendor, { issueKey: issue.key }, ['EDIT_ISSUES'])
    const editable = await vendor.editableFields(issue.key)
    const { lossy } = toMarkdown(issue.fields.description)
    if (wanted.description !== undefined && lossy.length > 0 && !allow_lossy) throw wouldLose(issue, lossy)
    const changes = changesOf(issue, wanted, editable, vendor)
    if (changes.length === 0) throw new HubError('refused', `${issue.key} already is as the call wants it.`)
    const fixed = changes.map(({ field }) => field).filter((field) => !editable.some(({ id }) => id === field))
    if (fixed.length > 0) throw new HubError('refused', `The hub's account cannot edit ${sentence(fixed)} of ${issue.key}.`)
    const losing = wanted.description !== undefined && lossy.length > 0
    return {
      summary: `Change ${sentence(changes.map(({ field }) => field))} of ${issue.key}: ${issue.fields.summary}`,
      effects: [
        {
          verb: 'update' as const,
          target: `jira:issue/${issue.key}`,
          resources: inProject(issue),
          before: pick(changes, 'before'),
          after: pick(changes, 'after'),
        },
      ],
      audience: audienceOf(issue),
      rev: issue.rev,
      fidelity: 'checked' as const,
      undo: losing ? ('lossy' as const) : ('partial' as const),
      warnings: [
        ...hiddenWarning(wanted.description),
        ...(losing ? [`The old description has ${sentence(lossy)}, which is lost.`] : []),
      ],
      request: { key: issue.key, rev: issue.rev, fields: pick(changes, 'send') },
    }
  },
  async apply({ key, rev, fields }: Request, { vendor }: Writes<Jira>) {
    await mustBeAt(vendor, key, rev)
    await vendor.edit(key, fields)
    return { key, changed: Object.keys(fields) }
  },
})

function changesOf(
  { fields }: Issue,
  { summary, description, priority, labels }: Pick<z.output<typeof input>, Change['field']>,
  editable: readonly Field[],
  { toAdf }: Jira,
): readonly Change[] {
  const changes: Change[] = []
  if (summary !== undefined) changes.push({ field: 'summary', before: fields.summary, after: summary, send: summary })
  if (description !== undefined) {
    const document = toAdf(description)
    const before = toMarkdown(fields.description).markdown
    changes.push({ field: 'description', before, after: toMarkdown(document).markdown, send: document })
  }
  if (priority !== undefined) {
    const { id, name } = findPriority(editable, priority)
    changes.push({ field: 'priority', before: fields.priority?.name ?? 'none', after: name, send: { id } })
  }
  if (labels !== undefined) changes.push({ field: 'labels', before: fields.labels, after: labels, send: labels })
  return changes.filter(({ before, after }) => JSON.stringify(before) !== JSON.stringify(after))
}

function findPriority(editable: readonly Field[], wanted: string): { id: string; name: string } {
  const values = editable.find(({ id }) => id === 'priority')?.allowedValues ?? []
  const found = values.find(({ name }) => name?.toLowerCase() === wanted.toLowerCase())
  if (found?.id !== undefined) return { id: found.id, name: found.name ?? wanted }
  throw new HubError(
    'invalid_input',
    `There is no priority "${wanted}" here. There are: ${sentence(values.map(({ name }) => name ?? ''))}.`,
  )
}

function wouldLose({ key }: Issue, lossy: readonly string[]): HubError {
  return new HubError(
    'refused',
    `The description of ${key} has ${sentence(lossy)}, which Markdown cannot hold and a replacement would lose. Add a comment instead, or repeat the call with allow_lossy.`,
  )
}

function pick(changes: readonly Change[], which: 'before' | 'after' | 'send'): JsonObject {
  return Object.fromEntries(changes.map((change) => [change.field, change[which]]))
}

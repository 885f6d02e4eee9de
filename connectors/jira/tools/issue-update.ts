import { HubError, writeTool } from 'toolgate/kit'
import type { Asks, Done, JsonObject, Reads, Writes } from 'toolgate/kit'
import { z } from 'zod'
import { changesOf, descriptionUndo, pick } from '../changes.ts'
import { changedSince, directSettlesMs, evidence, issueChanged, told } from '../evidence.ts'
import { issueKey, label, line } from '../ids.ts'
import type { Issue, Jira } from '../jira.ts'
import { maxText } from '../markdown.ts'
import { admitted, audienceOf, inProject, mustBeAt, mustHave, sentence } from '../planning.ts'
import { writeScopes } from '../scopes.ts'
import { hiddenWarning } from '../warnings.ts'

const text = z.string().min(1).max(maxText)
const input = z
  .strictObject({
    key: issueKey,
    summary: line(255).optional(),
    description: z.string().max(maxText).optional().describe('Markdown; replaces all of it, empty clears it'),
    append: text.optional().describe('Markdown, put at the end of the description'),
    section: z
      .strictObject({ heading: line(255), body: z.string().max(maxText) })
      .optional()
      .describe('Replaces what stands below one heading of the description, by Markdown'),
    remove_end: text.optional().describe('Markdown that the description ends with, taken away'),
    priority: line(60).optional().describe('By name'),
    labels: z.array(label).max(50).optional().describe('Replaces all labels'),
  })
  .refine(
    ({ key: _key, ...wanted }) => Object.values(wanted).some((value) => value !== undefined),
    'give at least one thing to change',
  )
  .refine(
    ({ description, append, section, remove_end }) =>
      [description, append, section, remove_end].filter((value) => value !== undefined).length <= 1,
    'give at most one of description, append, section and remove_end',
  )
const output = z.strictObject({ key: z.string(), changed: z.array(z.string()) })
type Request = {
  readonly key: string
  readonly rev: string
  readonly fields: JsonObject
  /** The call that brings the description back, where it is changed. */
  readonly back: JsonObject
  readonly exact: boolean
}

export const issueUpdate = writeTool({
  name: 'issue_update',
  title: 'Jira: update an issue',
  description:
    'Sets summary, description (Markdown), priority or labels of one Jira issue. What is not given stays. append and section keep every other part of the description as it is.',
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
  async plan({ key, ...wanted }, context: Reads<Jira>) {
    const { vendor } = context
    const issue = await admitted(key, context)
    await mustHave(vendor, { issueKey: issue.key }, ['EDIT_ISSUES'])
    const editable = await vendor.editableFields(issue.key)
    const { changes, back, exact } = changesOf(issue, wanted, editable, vendor.toAdf)
    if (changes.length === 0) throw new HubError('refused', `${issue.key} already is as the call wants it.`)
    const fixed = changes.map(({ field }) => field).filter((field) => !editable.some(({ id }) => id === field))
    if (fixed.length > 0) throw new HubError('refused', `The hub's account cannot edit ${sentence(fixed)} of ${issue.key}.`)
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
      undo: exact ? ('partial' as const) : ('lossy' as const),
      warnings: hiddenWarning(wanted.description, wanted.append, wanted.section?.body),
      request: { key: issue.key, rev: issue.rev, fields: pick(changes, 'send'), back, exact },
    }
  },
  async apply({ key, rev, fields }: Request, { vendor, operationId }: Writes<Jira>) {
    await mustBeAt(vendor, key, rev)
    await vendor.write.edit(key, fields, operationId)
    return { key, changed: Object.keys(fields) }
  },
  settlesMs: directSettlesMs,
  async reconcile({ key, rev, fields }: Request, { vendor, operationId }: Asks<Jira>) {
    return evidence(await issueChanged(vendor, { key, rev }, operationId), { key, changed: Object.keys(fields) })
  },
  async undo({ request, effects }: Done<Request, z.output<typeof output>>, { vendor }: Reads<Jira>) {
    const issue = await vendor.issue(request.key)
    const { before = {}, after = {} } = effects[0] ?? {}
    const back: Record<string, unknown> = {}
    const kept: string[] = []
    for (const field of Object.keys(after)) {
      const restored =
        field === 'description' ? descriptionUndo(issue, request.back, after) : plainUndo(issue, field, before, after)
      if (restored === undefined) kept.push(field)
      else Object.assign(back, restored)
    }
    if (Object.keys(back).length === 0) throw changedSince(issue, sentence(kept))
    return {
      tool: 'issue_update',
      input: { key: issue.key, ...(back as JsonObject) },
      fidelity: request.exact && kept.length === 0 ? ('partial' as const) : ('lossy' as const),
      warnings: [
        told,
        ...(kept.length > 0
          ? [`Not taken back, because somebody has changed it since then or it had no value: ${sentence(kept)}.`]
          : []),
        ...(request.exact ? [] : ['The old description comes back as Markdown holds it.']),
      ],
    }
  },
})

/** What it was, if it still is what this made of it; a priority cannot be set to none. */
function plainUndo({ fields }: Issue, field: string, before: JsonObject, after: JsonObject): JsonObject | undefined {
  const now = { summary: fields.summary, priority: fields.priority?.name ?? 'none', labels: fields.labels }[field]
  const still = JSON.stringify(sorted(now)) === JSON.stringify(sorted(after[field]))
  return still && before[field] !== 'none' ? { [field]: before[field] ?? '' } : undefined
}

/** Jira keeps labels in its own order. */
function sorted(value: unknown): unknown {
  return Array.isArray(value) ? value.map(String).toSorted() : value
}

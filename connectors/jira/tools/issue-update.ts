import { HubError, writeTool } from 'toolgate/kit'
import type { Asks, Done, JsonObject, Reads, Writes } from 'toolgate/kit'
import { z } from 'zod'
import { changesOf, descriptionUndo, operationsOf, pick, sendOf } from '../changes.ts'
import { changedSince, directSettlesMs, evidence, issueChanged, told } from '../evidence.ts'
import { issueKey, label, line } from '../ids.ts'
import { fieldCalled, fieldValues, valueNow } from '../fields.ts'
import type { Field, Issue, Jira, JiraReads } from '../jira.ts'
import { maxText } from '../markdown.ts'
import { audienceOf, fieldKinds, inProject, mustBeAt, mustHave, present, sentence, silently } from '../planning.ts'
import { rawAdf, unseenIn, wordsIn } from '../raw-adf.ts'
import { writeScopes } from '../scopes.ts'
import { listCalled, setsBack, valueSets } from '../sets.ts'
import type { Sets } from '../sets.ts'
import { hiddenWarning } from '../warnings.ts'

const text = z.string().min(1).max(maxText)
const input = z
  .strictObject({
    key: issueKey,
    summary: line(255).optional(),
    description: z
      .union([z.string().max(maxText), rawAdf])
      .optional()
      .describe('Markdown or ADF; replaces all, empty clears'),
    append: text.optional().describe('Markdown, for its end'),
    section: z
      .strictObject({ heading: line(255), body: z.string().max(maxText) })
      .optional()
      .describe('Replaces what is below one heading'),
    remove_end: text.optional().describe('Markdown, taken from its end'),
    priority: line(60).optional().describe('By name'),
    labels: z.array(label).max(50).optional().describe('Replaces all'),
    fields: fieldValues.optional(),
    add: valueSets.optional().describe('Adds values, by field'),
    remove: valueSets.optional(),
    notify: z.boolean().default(true).describe('false needs a project administrator'),
  })
  .refine(
    ({ key: _key, notify: _notify, ...wanted }) => Object.values(wanted).some((value) => value !== undefined),
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
  /** The operations on fields that hold several values, by id. */
  readonly update: JsonObject
  readonly sets: Sets
  /** The call that brings the description back, where it is changed. */
  readonly back: JsonObject
  readonly exact: boolean
  readonly notify: boolean
}

export const issueUpdate = writeTool({
  name: 'issue_update',
  title: 'Jira: update an issue',
  description:
    'Changes fields of one Jira issue; what is not given stays. append and section keep the rest of the description.',
  scopes: writeScopes.edit,
  class: 'W2',
  default: 'on',
  verb: 'update',
  resolves: fieldKinds,
  routes: ['PUT /rest/api/3/issue/{key}', 'PUT /rest/api/2/issue/{key}'],
  changes: ['summary', 'description', 'priority', 'labels', 'fields'],
  input,
  output,
  example: { key: 'SUP-2', priority: 'High', labels: ['reminders', 'timezone'] },
  async plan({ key, notify, ...wanted }, context: Reads<Jira>) {
    const { vendor } = context
    const { issue, editable } = await admittedFields(key, wanted, context)
    await mustHave(vendor, { issueKey: issue.key }, ['EDIT_ISSUES', ...(notify ? [] : ['ADMINISTER_PROJECTS' as const])])
    const names = [wanted.add, wanted.remove].flatMap((sets) => Object.keys(sets ?? {}))
    const called = [
      ...Object.keys(wanted.fields ?? {}).map((name) => fieldCalled(name, editable)),
      ...names.map((name) => listCalled(name, editable)),
    ]
    const ids = called.flatMap((field) => field?.id ?? [])
    const now = ids.length === 0 ? {} : (await vendor.fieldsOf(issue.key, ids)).fields
    const { changes, back, exact } = changesOf(issue, wanted, { editable, now, toAdf: vendor.toAdf })
    if (changes.length === 0) throw new HubError('refused', `${issue.key} already is as the call wants it.`)
    const fixed = changes.map(({ field }) => field).filter((field) => !editable.some(({ id }) => id === field))
    if (fixed.length > 0) throw new HubError('refused', `The hub's account cannot edit ${sentence(fixed)} of ${issue.key}.`)
    return {
      summary: `Change ${sentence(changes.map(({ field, name }) => name ?? field))} of ${issue.key}: ${issue.fields.summary}`,
      effects: [
        {
          verb: 'update' as const,
          target: `jira:issue/${issue.key}`,
          resources: { ...inProject(issue), 'jira.field': changes.map(({ field }) => field) },
          before: pick(changes, 'before'),
          after: pick(changes, 'after'),
        },
      ],
      audience: notify ? audienceOf(issue) : silently(issue),
      rev: issue.rev,
      fidelity: 'checked' as const,
      undo: exact ? ('partial' as const) : ('lossy' as const),
      warnings: [
        ...hiddenWarning(wordsIn(wanted.description), wanted.append, wanted.section?.body),
        ...unseenIn(wanted.description),
      ],
      request: { key: issue.key, rev: issue.rev, fields: sendOf(changes), ...operationsOf(changes), back, exact, notify },
    }
  },
  async apply({ key, rev, fields, update, notify }: Request, { vendor, operationId }: Writes<Jira>) {
    await mustBeAt(vendor, key, rev)
    await vendor.write.edit(key, { fields, update }, { operationId, notify })
    return { key, changed: Object.keys({ ...fields, ...update }) }
  },
  settlesMs: directSettlesMs,
  async reconcile({ key, rev, fields, update }: Request, { vendor, operationId }: Asks<Jira>) {
    const done = { key, changed: Object.keys({ ...fields, ...update }) }
    return evidence(await issueChanged(vendor, { key, rev }, operationId), done)
  },
  async undo({ request, effects }: Done<Request, z.output<typeof output>>, { vendor }: Reads<Jira>) {
    const issue = await vendor.issue(request.key)
    const { before = {}, after = {} } = effects[0] ?? {}
    const back: Record<string, unknown> = {}
    const kept: string[] = []
    const editable = await vendor.editableFields(issue.key)
    const sets = Object.keys(request.sets)
    const isSet = (name: string) => sets.includes(listCalled(name, editable)?.id ?? name)
    if (sets.length > 0) {
      const { fields: now } = await vendor.fieldsOf(issue.key, sets)
      const { add, remove, kept: left } = setsBack(request.sets, editable, now)
      Object.assign(back, present({ add, remove }))
      kept.push(...left)
    }
    const named = Object.fromEntries(Object.entries((after['fields'] ?? {}) as JsonObject).filter(([name]) => !isSet(name)))
    if (Object.keys(named).length > 0) {
      const { back: fields, kept: left } = await namedUndo(vendor, issue, {
        editable,
        after: named,
        before: (before['fields'] ?? {}) as JsonObject,
      })
      if (Object.keys(fields).length > 0) Object.assign(back, { fields })
      kept.push(...left)
    }
    for (const field of Object.keys(after).filter((each) => each !== 'fields' && !isSet(each))) {
      const restored =
        field === 'description'
          ? descriptionUndo(issue, request.back, request.fields['description'])
          : plainUndo(issue, field, before, after)
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

async function admittedFields(
  key: string,
  { section, append, remove_end: ending, fields = {}, add = {}, remove = {}, ...own }: Partial<z.output<typeof input>>,
  context: Reads<Jira>,
): Promise<{ readonly issue: Issue; readonly editable: readonly Field[] }> {
  const { vendor } = context
  const issue = await vendor.issue(key)
  const editable = await vendor.editableFields(issue.key)
  const parts = [section, append, ending].some((part) => part !== undefined) ? ['description'] : []
  // What cannot be resolved stays the word that was given: it is in no list of fields.
  const named = [
    ...Object.keys(fields).map((name) => fieldCalled(name, editable)?.id ?? name),
    ...Object.keys({ ...add, ...remove }).map((name) => listCalled(name, editable)?.id ?? name),
  ]
  context.admit({ ...inProject(issue), 'jira.field': [...new Set([...Object.keys(present(own)), ...parts, ...named])] })
  return { issue, editable }
}

/** Three ways, field by field: what it was, if it still is what this made of it. */
async function namedUndo(
  vendor: JiraReads,
  issue: Issue,
  { editable, after, before }: { editable: readonly Field[]; after: JsonObject; before: JsonObject },
): Promise<{ readonly back: JsonObject; readonly kept: readonly string[] }> {
  const found = Object.keys(after).flatMap((name) => fieldCalled(name, editable) ?? [])
  const { fields: now } = await vendor.fieldsOf(
    issue.key,
    found.map(({ id }) => id),
  )
  const isOurs = (field: Field) =>
    JSON.stringify(sorted(valueNow(field, now[field.id]))) === JSON.stringify(sorted(after[field.name]))
  const ours = found.filter((field) => isOurs(field) && !(field.required && before[field.name] === null))
  const names = new Set(ours.map(({ name }) => name))
  return {
    back: Object.fromEntries(ours.map(({ name }) => [name, before[name] ?? null])),
    kept: Object.keys(after).filter((name) => !names.has(name)),
  }
}

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

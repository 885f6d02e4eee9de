import { HubError, writeTool } from 'toolgate/kit'
import type { Asks, Done, JsonObject, Reads, Resources, Writes } from 'toolgate/kit'
import { z } from 'zod'
import { toMarkdown } from '../adf.ts'
import type { Project, User } from '../answers.ts'
import { absent, createdIssueOf, happened, searchSettlesMs, told, unclear } from '../evidence.ts'
import { describeMissing, fieldCalled, fieldValues, missingFields, resolveFields } from '../fields.ts'
import { accountId, issueKey, label, line, projectKey } from '../ids.ts'
import type { Field, Issue, Jira, JiraReads } from '../jira.ts'
import { quoted } from '../jql.ts'
import { maxText } from '../markdown.ts'
import { fieldKinds, isServiceProject, mustHave, present, sentence } from '../planning.ts'
import { checkedAdf, rawAdf, unseenIn, wordsIn } from '../raw-adf.ts'
import { writeScopes } from '../scopes.ts'
import { hiddenWarning } from '../warnings.ts'

const input = z.strictObject({
  project: projectKey.describe('Project key'),
  type: line(60).describe('Issue type by name, such as Task or Bug'),
  summary: line(255),
  description: z
    .union([z.string().min(1).max(maxText), rawAdf])
    .optional()
    .describe('Markdown or ADF'),
  labels: z.array(label).min(1).max(20).optional(),
  assignee: accountId.optional().describe('accountId'),
  priority: line(60).optional().describe('By name'),
  parent: issueKey.optional(),
  fields: fieldValues.optional(),
})
const output = z.strictObject({ key: z.string(), id: z.string(), url: z.string() })
type Request = { readonly project: string; readonly fields: JsonObject }

export const issueCreate = writeTool({
  name: 'issue_create',
  title: 'Jira: create an issue',
  description: 'Creates one Jira issue. Required fields that are missing are named.',
  scopes: writeScopes.create,
  class: 'W2',
  default: 'on',
  verb: 'create',
  resolves: fieldKinds,
  routes: ['POST /rest/api/3/issue', 'POST /rest/api/2/issue'],
  changes: [
    'project',
    'type',
    'summary',
    'description',
    'labels',
    'assignee',
    'assignee_name',
    'priority',
    'parent',
    'fields',
  ],
  input,
  output,
  example: { project: 'SUP', type: 'Bug', summary: 'Export of appointments stops at 500 rows', labels: ['export'] },
  async plan(wanted, context: Reads<Jira>) {
    const { vendor } = context
    const project = await vendor.project(wanted.project)
    const types = await vendor.issueTypes(project.key, context.now)
    const { type: _type, project: _project, fields: named = {}, ...system } = wanted
    const found = types.find(({ name }) => name.toLowerCase() === wanted.type.toLowerCase())
    const screen = found === undefined ? [] : await vendor.createFields(project.key, found.id, context.now)
    const touched = [
      ...Object.keys(present(system)),
      ...Object.keys(named).map((name) => fieldCalled(name, screen)?.id ?? name),
    ]
    context.admit(placeOf(project, { name: found?.name ?? wanted.type }, touched))
    const type = found ?? noType(project, wanted.type, types)
    const permissions = ['CREATE_ISSUES' as const, ...(wanted.assignee === undefined ? [] : ['ASSIGN_ISSUES' as const])]
    await mustHave(vendor, { projectKey: project.key }, permissions)
    const assignee = wanted.assignee === undefined ? undefined : await findAssignee(vendor, project, wanted.assignee)
    if (wanted.parent !== undefined) await parentIn(vendor, project, wanted.parent)
    const description = documentOf(wanted.description, vendor)
    const extra = resolveFields(wanted.fields ?? {}, screen, vendor.toAdf)

    const fields = present({
      project: { id: project.id },
      issuetype: { id: type.id },
      summary: wanted.summary,
      description,
      labels: wanted.labels,
      assignee: assignee && { accountId: assignee.id },
      priority: wanted.priority === undefined ? undefined : priorityOf(screen, wanted.priority),
      parent: wanted.parent === undefined ? undefined : { key: wanted.parent },
      ...extra.send,
    }) as JsonObject
    const unknown = Object.keys(fields).filter(
      (id) => !['project', 'issuetype'].includes(id) && !screen.some((field) => field.id === id),
    )
    if (unknown.length > 0)
      throw new HubError('invalid_input', `A ${type.name} in ${project.key} has no ${sentence(unknown)}.`)
    // Jira fills in the reporter itself.
    const missing = missingFields(screen, [...Object.keys(fields), 'reporter'])
    if (missing.length > 0)
      throw new HubError(
        'invalid_input',
        `A ${type.name} in ${project.key} also needs: ${describeMissing(missing)}. Give them in fields.`,
      )

    const external = isServiceProject(project)
    return {
      summary: `Create ${type.name} in ${project.key}: ${wanted.summary}`,
      effects: [
        {
          verb: 'create' as const,
          target: `jira:project/${project.key}/issue`,
          resources: placeOf(project, type, touched),
          before: {},
          after: present({
            project: project.key,
            type: type.name,
            summary: wanted.summary,
            description: description && toMarkdown(description).markdown,
            labels: wanted.labels,
            assignee: assignee?.id,
            assignee_name: assignee?.name,
            priority: wanted.priority === undefined ? undefined : nameOfPriority(screen, wanted.priority),
            parent: wanted.parent,
            fields: Object.keys(extra.show).length > 0 ? extra.show : undefined,
          }),
        },
      ],
      audience: {
        external,
        people: 'unknown' as const,
        massMention: false,
        where: `${project.name}: whoever its notification scheme tells of new issues${external ? '; customers see it in the portal' : ''}`,
      },
      fidelity: 'checked' as const,
      undo: 'partial' as const,
      warnings: [
        ...hiddenWarning(wordsIn(wanted.description)),
        ...unseenIn(wanted.description),
        ...(await duplicates(vendor, project, wanted.summary)),
      ],
      request: { project: project.id, fields },
    }
  },
  async apply({ fields }: Request, { vendor, operationId }: Writes<Jira>) {
    const { key, id } = await vendor.write.create(fields, operationId)
    return { key, id, url: vendor.url(key) }
  },
  settlesMs: searchSettlesMs,
  async reconcile({ project }: Request, context: Asks<Jira>) {
    const found = await createdIssueOf(context.vendor, project, context)
    if (found === undefined) return absent
    if (found === 'unclear') return unclear
    return happened({ key: found.key, id: found.id, url: context.vendor.url(found.key) })
  },
  async undo({ output: done }: Done<Request, z.output<typeof output>>, { vendor }: Reads<Jira>) {
    if (done === undefined) throw new HubError('refused', 'It is not known which issue it was.')
    const issue = await vendor.issue(done.key)
    const touched = await touchedSince(vendor, issue)
    if (touched.length > 0) {
      throw new HubError('conflict', `${issue.key} has ${sentence(touched)} since it was created. It is left as it is.`)
    }
    const warnings = [told, `The key ${issue.key} is not given again.`]
    return { tool: 'issue_delete', input: { key: issue.key }, fidelity: 'partial' as const, warnings }
  },
})

function documentOf(given: z.output<typeof input>['description'], { toAdf }: JiraReads): JsonObject | undefined {
  if (given === undefined) return undefined
  return typeof given === 'string' ? toAdf(given) : checkedAdf(given)
}

/** What a deletion would take along that was not there at the creation. */
async function touchedSince(jira: JiraReads, { key, fields }: Issue): Promise<readonly string[]> {
  const [{ changes }, { total }] = [await jira.changes(key, 1), await jira.comments(key, { limit: 1, start: 0 })]
  return [
    ...(changes.length > 0 ? ['been changed'] : []),
    ...(total > 0 ? ['got comments'] : []),
    ...((fields.subtasks?.length ?? 0) > 0 ? ['got subtasks'] : []),
  ]
}

function placeOf({ key }: Project, type: { readonly name: string }, fields: readonly string[]): Resources {
  return { 'jira.project': key, 'jira.issuetype': type.name, 'jira.field': fields }
}

function noType(project: Project, name: string, types: readonly { readonly name: string }[]): never {
  if (types.length === 0)
    throw new HubError('forbidden', `The hub's account may not create issues in ${project.key}. An operator can grant it.`)
  throw new HubError(
    'invalid_input',
    `${project.key} has no issue type "${name}". It has: ${sentence(types.map((each) => each.name))}.`,
  )
}

async function findAssignee(jira: JiraReads, project: Project, id: string): Promise<User> {
  const [user] = (await jira.assignable({ project: project.key }, { accountId: id }, 2)).filter((each) => each.id === id)
  if (user !== undefined) return user
  throw new HubError(
    'invalid_input',
    `Issues of ${project.key} cannot be assigned to that account. Use user_find with the project.`,
  )
}

/** A parent elsewhere would tie the issue to records that nobody asked policy about. */
async function parentIn(jira: JiraReads, project: Project, key: string): Promise<void> {
  const parent = await jira.issue(key)
  if (parent.fields.project.id !== project.id)
    throw new HubError('invalid_input', `${key} is not in ${project.key}. A parent must be in the same project.`)
}

function findPriority(screen: readonly Field[], name: string) {
  const values = screen.find(({ id }) => id === 'priority')?.allowedValues ?? []
  const value = values.find((each) => each.name?.toLowerCase() === name.toLowerCase())
  if (value?.id === undefined) {
    throw new HubError(
      'invalid_input',
      `There is no priority "${name}" here. There are: ${sentence(values.map((each) => each.name ?? ''))}.`,
    )
  }
  return { id: value.id, name: value.name ?? name }
}

const priorityOf = (screen: readonly Field[], name: string) => ({ id: findPriority(screen, name).id })
const nameOfPriority = (screen: readonly Field[], name: string) => findPriority(screen, name).name

/** Only a hint: the same words in the last two weeks. */
async function duplicates(jira: JiraReads, project: Project, summary: string): Promise<readonly string[]> {
  const words = summary.match(/[\p{L}\p{N}]{3,}/gu)?.slice(0, 8) ?? []
  if (words.length === 0) return []
  const jql = `project = ${quoted(project.key)} AND created >= "-14d" AND summary ~ ${quoted(words.join(' '))} ORDER BY created DESC`
  const { issues } = await jira.search({ jql, limit: 10 })
  const same = issues.filter(
    ({ fields }) => fields.project.id === project.id && fields.summary.toLowerCase() === summary.toLowerCase(),
  )
  return same.length === 0
    ? []
    : [`${sentence(same.map(({ key }) => key))} has the same summary and is less than two weeks old.`]
}

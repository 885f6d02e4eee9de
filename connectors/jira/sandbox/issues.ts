// https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/
import type { Json, JsonObject, SandboxResponse } from 'toolgate/kit'
import {
  badFields,
  badRequest,
  bodyOf,
  created,
  forbidden,
  isObject,
  noContent,
  noIssue,
  ok,
  Refusal,
  word,
} from './answer.ts'
import type { Ask } from './ask.ts'
import { propertiesOf } from './comments.ts'
import { customFields, customValue } from './custom-fields.ts'
import { isDocument } from './document.ts'
import { record } from './history.ts'
import { createScreen, editScreen } from './meta.ts'
import * as render from './render.ts'
import { hub, listNames, people, priorities, severity, site, stamp, types } from './world.ts'
import type { IssueDocument, World } from './world.ts'

export function getIssue({ request: { query }, parameters: [key = ''], world }: Ask): SandboxResponse {
  const issue = world.issue(key)
  if (issue === undefined) throw noIssue()
  const fields = list(query, 'fields')
  const shown = render.issueOf(issue, world, fields.length === 0 ? ['*all'] : fields, list(query, 'properties'))
  const isNamed = (query.get('expand') ?? '').split(',').includes('names')
  return ok(isNamed ? { ...shown, names: render.namesOf(shown) } : shown)
}

export function createIssue({ request, world, now, actor }: Ask): SandboxResponse {
  const { fields, properties = [], update } = bodyOf(request.body)
  if (!isObject(fields)) throw badRequest('Invalid request payload. Refer to the REST API documentation and try again.')
  if (update !== undefined) throw badRequest('The stand-in takes no update in a creation.')
  const project = isObject(fields['project'])
    ? world.project(word(fields['project']['id'] ?? fields['project']['key']))
    : undefined
  if (project === undefined) throw badFields({ project: 'valid project is required' })
  if (!world.has(project, 'CREATE_ISSUES')) throw forbidden('You do not have permission to create issues in this project.')
  const asked = isObject(fields['issuetype']) ? fields['issuetype'] : {}
  const type = types.find(
    ({ id, name, projects }) => projects.includes(project) && (id === asked['id'] || name === asked['name']),
  )
  if (type === undefined) throw badFields({ issuetype: 'Specify a valid issue type' })

  const { project: _project, issuetype: _issuetype, parent, ...settable } = fields
  const screen = createScreen(project, type.id)
  const changes = checked(settable, screen, world, project)
  const missing = Object.entries(screen)
    .filter(([id, field]) => field['required'] === true && field['hasDefaultValue'] === false && fields[id] === undefined)
    .map(([id, field]) => [id, `${word(field['name'])} is required.`] as const)
  if (missing.length > 0) throw badFields(Object.fromEntries(missing))

  const id = String(10_000 + world.state.next('issue'))
  const key = world.nextKey(project)
  const at = stamp(now)
  const issue: IssueDocument = {
    id,
    key,
    project,
    type: type.id,
    summary: '',
    description: null,
    status: '10000',
    resolution: null,
    priority: '3',
    assignee: null,
    reporter: actor,
    labels: [],
    created: at,
    updated: at,
    resolved: null,
    parent: parent === undefined ? null : parentOf(parent, world, project),
    due: null,
    watchers: [actor],
    custom: {},
    properties: Object.fromEntries(propertiesOf(properties).map(({ key: name, value }) => [name, value])),
    ...changes,
  }
  world.state.put('key', key, { id })
  world.save(issue)
  return created({ id, key, self: `${site}/rest/api/3/issue/${id}` })
}

export function editIssue({ request, parameters: [key = ''], world, now, actor }: Ask): SandboxResponse {
  const issue = world.issue(key)
  if (issue === undefined) throw noIssue()
  const { fields: given = {}, update = {}, properties = [] } = bodyOf(request.body)
  if (!world.has(issue.project, 'EDIT_ISSUES')) throw forbidden('You do not have permission to edit issues in this project.')
  // https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/#api-rest-api-3-issue-issueidorkey-put
  if (request.query.get('notifyUsers') === 'false' && !world.has(issue.project, 'ADMINISTER_PROJECTS'))
    throw forbidden('To discard the user notification either admin or project admin permissions are required.')
  if (!isObject(given) || !isObject(update))
    throw badRequest('Invalid request payload. Refer to the REST API documentation and try again.')
  const fields = { ...given, ...adjusted(issue, update, given) }
  if (Object.keys(fields).length === 0) throw badRequest('No fields or update were given.')
  const changes = checked(fields, editScreen(issue), world, issue.project)
  const kept = Object.fromEntries(propertiesOf(properties).map(({ key: name, value }) => [name, value]))
  const changed = {
    ...issue,
    ...changes,
    custom: { ...issue.custom, ...changes.custom },
    properties: { ...issue.properties, ...kept },
    updated: stamp(now),
  }
  world.save(changed)
  record(world, { before: issue, after: changed, actor })
  return noContent
}

/** What the operations of the fields leave there, as if it were set. */
function adjusted(issue: IssueDocument, update: JsonObject, fields: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(update).map(([id, operations]) => {
      if (fields[id] !== undefined) throw badFields({ [id]: `Field '${id}' cannot be set in both fields and update.` })
      const values = valuesOf(issue, id)
      if (values === undefined) throw badFields({ [id]: 'Field does not support update.' })
      if (!Array.isArray(operations) || !operations.every(isObject)) throw badFields({ [id]: 'data was not an array' })
      let kept = values
      for (const { add, remove, ...other } of operations as readonly JsonObject[]) {
        if (Object.keys(other).length > 0) throw badFields({ [id]: 'Field does not support this operation.' })
        if (add !== undefined && !kept.some((each) => isSame(each, add))) kept = [...kept, add]
        if (remove !== undefined) kept = kept.filter((each) => !isSame(each, remove))
      }
      return [id, kept]
    }),
  )
}

function valuesOf(issue: IssueDocument, id: string): readonly Json[] | undefined {
  if (id === 'labels') return issue.labels
  if (id === 'components' || id === 'fixVersions') return (issue[id] ?? []).map((name) => render.listed(id, name))
  const isList = customFields.find((each) => each.id === id)?.schema['type'] === 'array'
  const value = issue.custom[id] ?? []
  return isList && Array.isArray(value) ? value : undefined
}

/** Text, or what has the same id, name or value. */
function isSame(one: Json, other: Json): boolean {
  if (!isObject(one) || !isObject(other)) return one === other
  return ['id', 'name', 'value'].some((name) => one[name] !== undefined && one[name] === other[name])
}

export function deleteIssue({ request, parameters: [key = ''], world }: Ask): SandboxResponse {
  const issue = world.issue(key)
  if (issue === undefined) throw noIssue()
  if (!world.has(issue.project, 'DELETE_ISSUES'))
    throw forbidden('You do not have permission to delete issues in this project.')
  const subtasks = world.subtasks(issue.id)
  if (subtasks.length > 0 && request.query.get('deleteSubtasks') !== 'true') {
    throw badRequest(
      `The issue '${issue.key}' has subtasks.  You must specify the 'deleteSubtasks' parameter to delete this issue and all its subtasks.`,
    )
  }
  for (const each of [issue, ...subtasks]) {
    for (const comment of world.comments(each.id)) world.state.delete('comment', comment.id)
    for (const link of world.links(each.id)) world.state.delete('link', link.id)
    world.state.delete('issue', each.id)
  }
  return noContent
}

export function assignIssue({ request, parameters: [key = ''], world, now, actor }: Ask): SandboxResponse {
  const issue = world.issue(key)
  if (issue === undefined) throw noIssue()
  const { accountId } = bodyOf(request.body)
  if (!world.has(issue.project, 'ASSIGN_ISSUES'))
    throw forbidden('You do not have permission to assign issues in this project.')
  if (accountId === undefined) throw badRequest('The accountId is required.')
  // "-1" is the default assignee of the project, null is nobody.
  const assignee = accountId === '-1' ? world.projectDocument(issue.project).lead : accountId
  if (assignee !== null && !isAssignable(assignee))
    throw badFields({ assignee: `User '${word(assignee)}' cannot be assigned issues.` })
  const changed = { ...issue, assignee: assignee === null ? null : word(assignee), updated: stamp(now) }
  world.save(changed)
  record(world, { before: issue, after: changed, actor })
  return noContent
}

export function issueProperty({ parameters: [key = '', name = ''], world }: Ask): SandboxResponse {
  const issue = world.issue(key)
  if (issue === undefined) throw noIssue()
  const value = issue.properties[name]
  if (value === undefined) throw new Refusal(404, { messages: [`The property with key '${name}' does not exist.`] })
  return ok({ key: name, value })
}

/** Both ways in which Jira takes a list in an address: repeated, and with commas. */
function list(query: URLSearchParams, name: string): readonly string[] {
  return query.getAll(name).flatMap((value) => value.split(',').filter((part) => part !== ''))
}

const notADocument = 'Operation value must be an Atlassian Document (see the Atlassian Document Format)'

/** Each field on its screen and of its kind, or one error for each that is not. */
function checked(
  fields: JsonObject,
  screen: Readonly<Record<string, JsonObject>>,
  world: World,
  project: string,
): Partial<IssueDocument> {
  const errors: Record<string, string> = {}
  const values: Record<string, Json> = {}
  for (const [id, value] of Object.entries(fields)) {
    const error =
      screen[id] === undefined
        ? `Field '${id}' cannot be set. It is not on the appropriate screen, or unknown.`
        : wrong(id, value)
    if (error !== undefined) errors[id] = error
    else values[id] = value
  }
  if (fields['assignee'] !== undefined && !world.has(project, 'ASSIGN_ISSUES'))
    errors['assignee'] = 'You do not have permission to assign issues.'
  if (Object.keys(errors).length > 0) throw badFields(errors)
  const { summary, description, labels, priority, assignee, duedate, reporter } = values
  return {
    ...(summary === undefined ? {} : { summary: word(summary).trim() }),
    ...(description === undefined ? {} : { description }),
    ...(labels === undefined ? {} : { labels: [...new Set(labels as string[])] }),
    ...(priority === undefined ? {} : { priority: priorityOf(priority) ?? '3' }),
    ...(assignee === undefined ? {} : { assignee: accountOf(assignee) }),
    ...(reporter === undefined ? {} : { reporter: accountOf(reporter) ?? hub }),
    ...(values['components'] === undefined ? {} : { components: namesIn('components', values['components']) }),
    ...(values['fixVersions'] === undefined ? {} : { fixVersions: namesIn('fixVersions', values['fixVersions']) }),
    ...(duedate === undefined ? {} : { due: duedate as string | null }),
    ...(Object.keys(values).some((id) => id.startsWith('customfield_')) ? { custom: customOf(values) } : {}),
  }
}

function wrong(id: string, value: Json): string | undefined {
  switch (id) {
    case 'summary':
      if (typeof value !== 'string' || value.trim() === '') return 'You must specify a summary of the issue.'
      if (value.length > 255) return 'Summary must be less than 255 characters.'
      return value.includes('\n') ? 'The summary is invalid because it contains newline characters.' : undefined
    case 'description':
      return value === null || isDocument(value) ? undefined : notADocument
    case 'labels':
      if (!Array.isArray(value) || value.some((each) => typeof each !== 'string')) return 'data was not an array of strings'
      return value.some((each) => /\s/.test(String(each))) ? "The label can't contain spaces." : undefined
    case 'components':
    case 'fixVersions':
      return Array.isArray(value) && namesIn(id, value).length === value.length
        ? undefined
        : `${id === 'components' ? 'Component' : 'Version'} name or id is not valid`
    case 'priority':
      return priorityOf(value) === undefined ? 'Specify the Priority (id) in string format' : undefined
    case 'assignee':
      return value === null || isAssignable(accountOf(value))
        ? undefined
        : `User '${String(accountOf(value))}' cannot be assigned issues.`
    case 'reporter':
      return people.some(({ accountId }) => accountId === accountOf(value))
        ? undefined
        : 'The reporter specified is not a user.'
    case 'duedate':
      return value === null || (typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value))
        ? undefined
        : 'The Due date is not a valid date.'
    case severity.id:
      return severity.options.some((option) => isObject(value) && value['id'] === option.id)
        ? undefined
        : 'Specify a valid value for Severity'
    default: {
      const field = customFields.find((each) => each.id === id)
      const result = field && customValue(field, value)
      if (result === undefined) return 'The stand-in cannot set this field.'
      return 'wrong' in result ? result.wrong : undefined
    }
  }
}

/** As Jira keeps them. */
function customOf(values: Readonly<Record<string, Json>>): JsonObject {
  const kept = Object.entries(values).flatMap(([id, value]) => {
    if (id === severity.id)
      return [[id, { ...severity.options.find((option) => isObject(value) && value['id'] === option.id) }] as const]
    const field = customFields.find((each) => each.id === id)
    const result = field && customValue(field, value)
    return result && 'value' in result ? [[id, result.value] as const] : []
  })
  return Object.fromEntries(kept)
}

function namesIn(id: 'components' | 'fixVersions', value: Json): readonly string[] {
  const given = Array.isArray(value) ? value : []
  return listNames(id).filter((name) => given.some((each) => isSame(render.listed(id, name), each as Json)))
}

function priorityOf(value: Json): string | undefined {
  if (!isObject(value)) return undefined
  return priorities.find(({ id, name }) => id === value['id'] || name === value['name'])?.id
}

function accountOf(value: Json): string | null {
  const account = isObject(value) ? (value['accountId'] ?? value['id']) : null
  return typeof account === 'string' ? account : null
}

function isAssignable(account: Json): boolean {
  return account !== hub && people.some(({ accountId }) => accountId === account)
}

function parentOf(parent: Json, world: World, project: string): string {
  const issue = isObject(parent) ? world.issue(word(parent['id'] ?? parent['key'])) : undefined
  if (issue === undefined) throw badFields({ parent: 'Could not find issue by id or key.' })
  if (issue.project !== project)
    throw badFields({ parent: "Given parent issue doesn't belong to the same project as the child issue." })
  return issue.id
}

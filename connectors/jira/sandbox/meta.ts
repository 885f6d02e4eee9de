// What can be set where, and what the hub's account may do.
import type { JsonObject, SandboxResponse } from 'toolgate/kit'
import { badRequest, noIssue, noProject, ok, pageOf } from './answer.ts'
import type { Ask } from './ask.ts'
import { customScreen } from './custom-fields.ts'
import * as render from './render.ts'
import { incident, listNames, permissions, priorities, resolutions, rootCause, severity, types } from './world.ts'
import type { IssueDocument, TransitionRule } from './world.ts'

const system = (id: string, name: string, type: string, required = false): JsonObject => ({
  required,
  schema: { type, system: id },
  name,
  key: id,
  hasDefaultValue: false,
  operations: ['set'],
})
const labels: JsonObject = {
  ...system('labels', 'Labels', 'array'),
  schema: { type: 'array', items: 'string', system: 'labels' },
  operations: ['add', 'set', 'remove'],
}
const several = (id: 'components' | 'fixVersions', name: string, items: string): JsonObject => ({
  ...system(id, name, 'array'),
  schema: { type: 'array', items, system: id },
  operations: ['add', 'set', 'remove'],
  allowedValues: listNames(id).map((each) => render.listed(id, each)),
})
const lists = (): Readonly<Record<string, JsonObject>> => ({
  components: several('components', 'Components', 'component'),
  fixVersions: several('fixVersions', 'Fix versions', 'version'),
})
const priority = (): JsonObject => ({
  ...system('priority', 'Priority', 'priority'),
  hasDefaultValue: true,
  allowedValues: priorities.map(({ id }) => render.priority(id)),
})
const severityField: JsonObject = {
  required: true,
  schema: { type: 'option', custom: 'com.atlassian.jira.plugin.system.customfieldtypes:select', customId: 10050 },
  name: severity.name,
  key: severity.id,
  hasDefaultValue: false,
  operations: ['set'],
  allowedValues: severity.options.map((option) => ({ ...option })),
}
const rootCauseField: JsonObject = {
  required: true,
  schema: { type: 'string', custom: 'com.atlassian.jira.plugin.system.customfieldtypes:textarea', customId: 10051 },
  name: rootCause.name,
  key: rootCause.id,
  hasDefaultValue: false,
  operations: ['set'],
}

export function createScreen(project: string, type: string): Readonly<Record<string, JsonObject>> {
  const subtask = types.find(({ id }) => id === type)?.subtask === true
  const assignee = { ...system('assignee', 'Assignee', 'user'), hasDefaultValue: true }
  return {
    project: { ...system('project', 'Project', 'project', true), allowedValues: [{ key: project }] },
    issuetype: { ...system('issuetype', 'Issue Type', 'issuetype', true), allowedValues: [render.issueType(type)] },
    summary: system('summary', 'Summary', 'string', true),
    description: system('description', 'Description', 'string'),
    labels,
    priority: priority(),
    assignee,
    reporter: { ...system('reporter', 'Reporter', 'user', true), hasDefaultValue: true },
    parent: system('parent', 'Parent', 'issuelink', subtask),
    ...lists(),
    duedate: system('duedate', 'Due date', 'date'),
    ...(type === incident ? { [severity.id]: severityField } : {}),
    ...customScreen(project, type),
  }
}

export function editScreen(issue: IssueDocument): Readonly<Record<string, JsonObject>> {
  return {
    summary: system('summary', 'Summary', 'string', true),
    description: system('description', 'Description', 'string'),
    labels,
    priority: priority(),
    ...lists(),
    duedate: system('duedate', 'Due date', 'date'),
    ...(issue.type === incident ? { [severity.id]: severityField } : {}),
    ...customScreen(issue.project, issue.type),
  }
}

export function transitionScreen(
  issue: IssueDocument,
  { fields, to }: TransitionRule,
): Readonly<Record<string, JsonObject>> {
  const resolution = {
    ...system('resolution', 'Resolution', 'resolution'),
    hasDefaultValue: true,
    allowedValues: resolutions.map(({ id }) => render.resolution(id)),
  }
  const closing = to === '10003'
  return {
    ...(fields.includes('resolution') ? { resolution } : {}),
    ...(closing && issue.type === incident ? { [rootCause.id]: rootCauseField } : {}),
  }
}

export function createMetaTypes({ request, parameters: [key = ''], world }: Ask): SandboxResponse {
  const project = world.project(key)
  if (project === undefined) throw noProject(key)
  const offered = world.has(project, 'CREATE_ISSUES') ? types.filter(({ projects }) => projects.includes(project)) : []
  const { values, startAt, maxResults, total } = pageOf(offered, request.query, 200)
  return ok({ issueTypes: values.map(({ id }) => render.issueType(id)), startAt, maxResults, total })
}

export function createMetaFields({ request, parameters: [key = '', type = ''], world }: Ask): SandboxResponse {
  const project = world.project(key)
  if (project === undefined) throw noProject(key)
  const offered = types.some(({ id, projects }) => id === type && projects.includes(project))
  const fields = offered && world.has(project, 'CREATE_ISSUES') ? Object.entries(createScreen(project, type)) : []
  const { values, startAt, maxResults, total } = pageOf(fields, request.query, 200)
  return ok({ fields: values.map(([fieldId, field]) => ({ ...field, fieldId })), startAt, maxResults, total })
}

export function editMeta({ parameters: [key = ''], world }: Ask): SandboxResponse {
  const issue = world.issue(key)
  if (issue === undefined) throw noIssue()
  return ok({ fields: world.has(issue.project, 'EDIT_ISSUES') ? editScreen(issue) : {} })
}

/** https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-permissions/#api-rest-api-3-mypermissions-get */
export function myPermissions({ request: { query }, world }: Ask): SandboxResponse {
  const asked = (query.get('permissions') ?? '').split(',').filter((name) => name !== '')
  if (asked.length === 0) throw badRequest('The permissions query parameter is required.')
  const unknown = asked.filter((name) => permissions[name] === undefined)
  if (unknown.length > 0) throw badRequest(`Unrecognized permission: ${unknown.join(', ')}`)
  const project = projectOf({ query, world })
  const entries = asked.map((key, index) => {
    const have = project === undefined ? world.projects().some((each) => world.has(each, key)) : world.has(project, key)
    return [
      key,
      { id: String(index + 10), key, name: permissions[key] ?? key, type: 'PROJECT', description: '', havePermission: have },
    ] as const
  })
  return ok({ permissions: Object.fromEntries(entries) })
}

function projectOf({ query, world }: { query: URLSearchParams; world: Ask['world'] }): string | undefined {
  const issueKey = query.get('issueKey') ?? query.get('issueId')
  if (issueKey !== null) {
    const issue = world.issue(issueKey)
    if (issue === undefined) throw noIssue()
    return issue.project
  }
  const key = query.get('projectKey') ?? query.get('projectId')
  if (key === null) return undefined
  const project = world.project(key)
  if (project === undefined) throw noProject(key)
  return project
}

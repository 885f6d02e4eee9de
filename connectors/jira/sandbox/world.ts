// The vocabulary of the stand-in: people, workflow, types, priorities and fields, and its documents as they are kept.
import { company, digest } from 'toolgate/kit'
import type { Json, JsonObject, SandboxState } from 'toolgate/kit'

export const site = 'https://larkfield.atlassian.net'

export type IssueDocument = {
  readonly id: string
  readonly key: string
  readonly project: string
  readonly type: string
  readonly summary: string
  readonly description: Json
  readonly status: string
  readonly resolution: string | null
  readonly priority: string
  readonly assignee: string | null
  readonly reporter: string
  readonly labels: readonly string[]
  readonly created: string
  readonly updated: string
  readonly resolved: string | null
  readonly parent: string | null
  readonly due: string | null
  readonly watchers: readonly string[]
  /** Custom fields by id, as Jira gives them. */
  readonly custom: JsonObject
  readonly properties: JsonObject
  /** The id of the sprint that it is in. */
  readonly sprint?: number | null
  readonly components?: readonly string[]
  readonly fixVersions?: readonly string[]
}

export type CommentDocument = {
  readonly id: string
  readonly issue: string
  readonly author: string
  readonly body: Json
  readonly created: string
  readonly updated?: string
  readonly visibility: Json
  readonly properties: readonly Json[]
}

export type ChangeItem = {
  readonly field: string
  readonly fieldId: string
  readonly from: string | null
  readonly fromString: string | null
  readonly to: string | null
  readonly toString: string | null
}
export type ChangeDocument = {
  readonly id: string
  readonly issue: string
  readonly author: string
  readonly created: string
  readonly items: readonly ChangeItem[]
}
export type WorklogDocument = {
  readonly id: string
  readonly issue: string
  readonly author: string
  readonly started: string
  readonly seconds: number
  readonly comment: Json
  readonly created: string
  readonly properties: readonly Json[]
}
export type AttachmentDocument = {
  readonly id: string
  readonly issue: string
  readonly author: string
  readonly filename: string
  readonly mimeType: string
  readonly text: string
  readonly created: string
}
export type LinkDocument = { readonly id: string; readonly type: string; readonly from: string; readonly to: string }
export type SprintDocument = { readonly id: number; readonly name: string; readonly state: 'future' | 'active' | 'closed' }

export type ProjectDocument = { readonly id: string; readonly name: string; readonly lead: string; readonly type: string }

export interface Person {
  readonly accountId: string
  readonly name: string
  readonly email: string
}

export const people: readonly Person[] = company.people.map(({ id, name, email }) => ({
  accountId: accountIdOf(id),
  name,
  email,
}))
export const hub = accountIdOf('toolgate')

/** Shaped as Jira's: `712020:` and a UUID. */
export function accountIdOf(person: string): string {
  const hex = digest(`jira account of ${person}`)
  return `712020:${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

export interface Named {
  readonly id: string
  readonly name: string
}

export const categories = {
  new: { id: 2, key: 'new', colorName: 'blue-gray', name: 'To Do' },
  indeterminate: { id: 4, key: 'indeterminate', colorName: 'yellow', name: 'In Progress' },
  done: { id: 3, key: 'done', colorName: 'green', name: 'Done' },
} as const

export const statuses: readonly (Named & { readonly category: keyof typeof categories })[] = [
  { id: '10000', name: 'Open', category: 'new' },
  { id: '10001', name: 'In Progress', category: 'indeterminate' },
  { id: '10002', name: 'In Review', category: 'indeterminate' },
  { id: '10003', name: 'Done', category: 'done' },
]

/** https://support.atlassian.com/jira-cloud-administration/docs/configure-issue-linking/ : the four that a site begins with. */
export const linkTypes: readonly (Named & { readonly inward: string; readonly outward: string })[] = [
  { id: '10000', name: 'Blocks', inward: 'is blocked by', outward: 'blocks' },
  { id: '10001', name: 'Cloners', inward: 'is cloned by', outward: 'clones' },
  { id: '10002', name: 'Duplicate', inward: 'is duplicated by', outward: 'duplicates' },
  { id: '10003', name: 'Relates', inward: 'relates to', outward: 'relates to' },
]

export interface TransitionRule extends Named {
  readonly from: readonly string[]
  readonly to: string
  readonly fields: readonly string[]
}

export const transitions: readonly TransitionRule[] = [
  { id: '11', name: 'Start progress', from: ['10000'], to: '10001', fields: [] },
  { id: '21', name: 'Ask for review', from: ['10001'], to: '10002', fields: [] },
  { id: '31', name: 'Close', from: ['10000', '10001', '10002'], to: '10003', fields: ['resolution'] },
  { id: '41', name: 'Reopen', from: ['10003'], to: '10000', fields: [] },
  { id: '51', name: 'Stop progress', from: ['10001'], to: '10000', fields: [] },
  { id: '61', name: 'Send back', from: ['10002'], to: '10001', fields: [] },
]

/** Highest first, as Jira orders them. */
export const priorities: readonly Named[] = [
  { id: '1', name: 'Highest' },
  { id: '2', name: 'High' },
  { id: '3', name: 'Medium' },
  { id: '4', name: 'Low' },
  { id: '5', name: 'Lowest' },
]

export const resolutions: readonly Named[] = [
  { id: '10000', name: 'Done' },
  { id: '10001', name: "Won't Do" },
  { id: '10002', name: 'Duplicate' },
  { id: '10003', name: 'Cannot Reproduce' },
]

export const types: readonly (Named & { readonly subtask: boolean; readonly projects: readonly string[] })[] = [
  { id: '10100', name: 'Task', subtask: false, projects: ['SUP', 'OPS', 'FIN', 'HR'] },
  { id: '10101', name: 'Bug', subtask: false, projects: ['SUP', 'OPS'] },
  { id: '10102', name: 'Epic', subtask: false, projects: ['OPS'] },
  { id: '10103', name: 'Incident', subtask: false, projects: ['OPS'] },
  { id: '10104', name: 'Sub-task', subtask: true, projects: ['SUP', 'OPS', 'FIN'] },
]

/** What an issue can have several of, by the id of its field. */
export const listNames = (id: string): readonly string[] =>
  id === 'components' ? componentNames : id === 'fixVersions' ? versionNames : []
export const componentNames = ['Calendar', 'Portal', 'Reminders', 'Booking API'] as const
export const versionNames = ['2026.9', '2026.10', '2026.11'] as const

export const severity = {
  id: 'customfield_10050',
  name: 'Severity',
  options: [
    { id: '10500', value: 'Sev 1' },
    { id: '10501', value: 'Sev 2' },
    { id: '10502', value: 'Sev 3' },
  ],
} as const
export const rootCause = { id: 'customfield_10051', name: 'Root cause' } as const
export const incident = '10103'

/** https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-permissions/ : the built-in project permissions. */
export const permissions: Readonly<Record<string, string>> = {
  BROWSE_PROJECTS: 'Browse Projects',
  CREATE_ISSUES: 'Create Issues',
  EDIT_ISSUES: 'Edit Issues',
  ASSIGN_ISSUES: 'Assign Issues',
  TRANSITION_ISSUES: 'Transition Issues',
  DELETE_ISSUES: 'Delete Issues',
  ADD_COMMENTS: 'Add Comments',
  EDIT_OWN_COMMENTS: 'Edit Own Comments',
  EDIT_ALL_COMMENTS: 'Edit All Comments',
  DELETE_OWN_COMMENTS: 'Delete Own Comments',
  DELETE_ALL_COMMENTS: 'Delete All Comments',
  LINK_ISSUES: 'Link Issues',
  WORK_ON_ISSUES: 'Work On Issues',
  CREATE_ATTACHMENTS: 'Create Attachments',
  SCHEDULE_ISSUES: 'Schedule Issues',
  ADMINISTER_PROJECTS: 'Administer Projects',
  BULK_CHANGE: 'Bulk Change',
  DELETE_ALL_ATTACHMENTS: 'Delete All Attachments',
  DELETE_ALL_WORKLOGS: 'Delete All Worklogs',
  MODIFY_REPORTER: 'Modify Reporter',
  MOVE_ISSUES: 'Move Issues',
  SET_ISSUE_SECURITY: 'Set Issue Security',
  ADMINISTER: 'Administer Jira',
  SYSTEM_ADMIN: 'System Admin',
}

/** Those that no agent's account should have. */
export const administrative = new Set([
  'ADMINISTER_PROJECTS',
  'BULK_CHANGE',
  'DELETE_ALL_ATTACHMENTS',
  'DELETE_ALL_WORKLOGS',
  'MODIFY_REPORTER',
  'MOVE_ISSUES',
  'SET_ISSUE_SECURITY',
  'ADMINISTER',
  'SYSTEM_ADMIN',
])

/** The state in the words of this stand-in. */
export function world(state: SandboxState) {
  const has = (project: string, permission: string) => {
    const granted = state.get('permission', project)?.['granted']
    return Array.isArray(granted) && granted.includes(permission)
  }
  const issues = () => state.list('issue').map(({ value }) => value as IssueDocument)
  const issueAt = (idOrKey: string) => {
    const id = /^\d+$/.test(idOrKey) ? idOrKey : state.get('key', idOrKey.toUpperCase())?.['id']
    return typeof id === 'string' ? (state.get('issue', id) as IssueDocument | undefined) : undefined
  }
  return {
    has,
    issues,
    visible: (issue: IssueDocument) => has(issue.project, 'BROWSE_PROJECTS'),
    /** By id, key or former key; undefined also when the hub's account may not see it. */
    issue(idOrKey: string): IssueDocument | undefined {
      const issue = issueAt(idOrKey)
      return issue !== undefined && has(issue.project, 'BROWSE_PROJECTS') ? issue : undefined
    },
    byId: (id: string) => state.get('issue', id) as IssueDocument | undefined,
    subtasks: (parent: string) => issues().filter((issue) => issue.parent === parent),
    save: (issue: IssueDocument) => state.put('issue', issue.id, issue),
    comments: (issue: string) =>
      state
        .list('comment')
        .map(({ value }) => value as CommentDocument)
        .filter((comment) => comment.issue === issue),
    /** What has happened to an issue, oldest first. */
    changes: (issue: string) =>
      state
        .list('change')
        .map(({ value }) => value as ChangeDocument)
        .filter((change) => change.issue === issue),
    worklogs: (issue: string) =>
      state
        .list('worklog')
        .map(({ value }) => value as WorklogDocument)
        .filter((worklog) => worklog.issue === issue),
    attachments: (issue: string) =>
      state
        .list('attachment')
        .map(({ value }) => value as AttachmentDocument)
        .filter((attachment) => attachment.issue === issue),
    /** Both ends, as ids of issues: `from` says the outward phrase of `to`. */
    links: (issue: string) =>
      state
        .list('link')
        .map(({ value }) => value as LinkDocument)
        .filter(({ from, to }) => from === issue || to === issue),
    /** Those that the hub's account may see. */
    projects: () => state.list('project').flatMap(({ id }) => (has(id, 'BROWSE_PROJECTS') ? [id] : [])),
    project(idOrKey: string): string | undefined {
      const found = state.list('project').find(({ id, value }) => id === idOrKey || value['id'] === idOrKey)
      return found !== undefined && has(found.id, 'BROWSE_PROJECTS') ? found.id : undefined
    },
    projectDocument: (key: string) => state.get('project', key) as ProjectDocument,
    nextKey(project: string): string {
      const last = Number(state.get('counter', project)?.['last'] ?? 0) + 1
      state.put('counter', project, { last })
      return `${project}-${last}`
    },
    state,
  }
}
export type World = ReturnType<typeof world>

/** As Jira writes times: `2026-01-17T12:34:00.000+0000`. */
export function stamp(at: Date): string {
  return at.toISOString().replace('Z', '+0000')
}

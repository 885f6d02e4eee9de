// The granular scopes of each group of operations, as the `x-atlassian-oauth2-scopes` of Atlassian's own specification say.
// https://developer.atlassian.com/cloud/jira/platform/scopes-for-oauth-2-3LO-and-forge-apps/

const issue = [
  'read:issue:jira',
  'read:issue-meta:jira',
  'read:issue-security-level:jira',
  'read:issue.vote:jira',
  'read:issue.changelog:jira',
  'read:avatar:jira',
  'read:status:jira',
  'read:user:jira',
  'read:field-configuration:jira',
] as const

const project = [
  'read:project:jira',
  'read:issue-type:jira',
  'read:project.property:jira',
  'read:user:jira',
  'read:application-role:jira',
  'read:avatar:jira',
  'read:group:jira',
  'read:issue-type-hierarchy:jira',
  'read:project-category:jira',
  'read:project-version:jira',
  'read:project.component:jira',
] as const

const comment = [
  'read:comment:jira',
  'read:comment.property:jira',
  'read:user:jira',
  'read:group:jira',
  'read:project:jira',
  'read:project-role:jira',
  'read:avatar:jira',
] as const

const transition = ['read:issue.transition:jira', 'read:status:jira', 'read:field-configuration:jira'] as const
const people = ['read:user:jira'] as const
const permission = ['read:permission:jira'] as const
const meta = ['read:issue-meta:jira', 'read:field-configuration:jira'] as const
const search = [
  'read:issue-details:jira',
  'read:audit-log:jira',
  'read:avatar:jira',
  'read:field-configuration:jira',
  'read:issue-meta:jira',
] as const

const count = [
  'read:issue-details:jira',
  'read:field:jira',
  'read:field.option:jira',
  'read:field.default-value:jira',
  'read:group:jira',
] as const
const me = ['read:application-role:jira', 'read:group:jira', 'read:user:jira', 'read:avatar:jira'] as const
const attachment = ['read:attachment:jira', 'read:user:jira', 'read:avatar:jira'] as const
/** Of the changes that can be tagged, so that a lost answer can be found out. */
const tag = ['read:issue.property:jira'] as const
const worklog = [
  'read:issue-worklog:jira',
  'read:issue-worklog.property:jira',
  'read:project-role:jira',
  'read:group:jira',
] as const
/** https://developer.atlassian.com/cloud/jira/software/scopes-for-oauth-2-3LO-and-forge-apps/ */
const sprint = ['read:sprint:jira-software', 'read:issue-details:jira', 'read:jql:jira'] as const

export const readScopes = {
  count: unique(count, project),
  history: unique(issue, ['read:issue-meta:jira', 'read:issue.changelog:jira', 'read:avatar:jira']),
  field: unique(issue, meta, project),
  attachment: unique(issue, attachment),
  project,
  people,
  search,
  issue: unique(issue, comment),
  comment: unique(issue, comment),
  transition: unique(issue, transition),
} as const

/** Each write with what its plan looks at. */
export const writeScopes = {
  comment: unique(['write:comment:jira'], comment, issue, permission),
  commentUpdate: unique(['write:comment:jira'], comment, issue, permission, me),
  commentDelete: unique(['delete:comment:jira', 'delete:comment.property:jira'], comment, issue, permission, me),
  link: unique(
    ['write:issue-link:jira', 'write:issue:jira', 'write:comment:jira', 'read:issue-link-type:jira'],
    issue,
    permission,
    me,
  ),
  unlink: unique(['delete:issue-link:jira'], issue, permission, me),
  worklog: unique(['write:issue-worklog:jira', 'write:issue-worklog.property:jira'], worklog, issue, permission),
  attachment: unique(['write:attachment:jira'], attachment, issue, permission, me),
  sprint: unique(['write:sprint:jira-software', 'write:board-scope:jira-software'], sprint, issue, permission, me),
  create: unique(
    ['write:issue:jira', 'write:comment:jira', 'write:comment.property:jira', 'write:attachment:jira'],
    issue,
    project,
    meta,
    people,
    permission,
    search,
    tag,
  ),
  assign: unique(['write:issue:jira'], issue, people, permission, me),
  edit: unique(['write:issue:jira'], issue, meta, permission, tag),
  label: unique(['write:issue:jira'], issue, meta, permission, tag),
  transition: unique(['write:issue:jira', 'write:issue.property:jira'], issue, transition, permission, tag),
  delete: unique(['delete:issue:jira'], issue, comment, permission),
} as const

function unique(...lists: readonly (readonly string[])[]): readonly string[] {
  return [...new Set(lists.flat())]
}

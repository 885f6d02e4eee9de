// What to grant at Atlassian so that these tools work, and nothing else does.
import type { Permissions, Tool } from 'toolgate/kit'
import { permissionNames } from './jira.ts'
import type { Permission } from './jira.ts'

/** What each write asks of Jira's permission scheme; reads need to browse. */
export const needed: Readonly<Record<string, readonly Permission[]>> = {
  attachment_add: ['CREATE_ATTACHMENTS'],
  comment_add: ['ADD_COMMENTS'],
  // Its own comments: those of others only where somebody grants that as well.
  comment_delete: ['DELETE_OWN_COMMENTS'],
  comment_update: ['EDIT_OWN_COMMENTS'],
  issue_assign: ['ASSIGN_ISSUES'],
  issue_create: ['CREATE_ISSUES', 'ASSIGN_ISSUES'],
  issue_delete: ['DELETE_ISSUES'],
  issue_transition: ['TRANSITION_ISSUES'],
  issue_update: ['EDIT_ISSUES'],
  label_edit: ['EDIT_ISSUES'],
  link_add: ['LINK_ISSUES'],
  link_remove: ['LINK_ISSUES'],
  sprint_move: ['SCHEDULE_ISSUES', 'EDIT_ISSUES'],
  worklog_add: ['WORK_ON_ISSUES'],
}

/** https://developer.atlassian.com/cloud/jira/platform/scopes-for-oauth-2-3LO-and-forge-apps/ */
export function permissions(tools: readonly Tool[]): Permissions {
  const scopes = unique(tools.flatMap((tool) => tool.scopes))
  const names = unique(tools.flatMap(({ name }) => needed[name] ?? [])).map((name) => permissionNames[name])
  const text = [
    ...scopes,
    '',
    '# Permissions of its account in each project:',
    ...['Browse Projects', ...names].map((name) => `# ${name}`),
  ]
  return {
    what: `the granular scopes of an API token or an OAuth 2.0 (3LO) app for ${tools.length} tools, and what its account needs in the permission scheme of each project.`,
    text: tools.length === 0 ? '' : text.join('\n'),
  }
}

function unique<T extends string>(words: readonly T[]): readonly T[] {
  return [...new Set(words)].toSorted()
}

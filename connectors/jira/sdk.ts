// The parts of jira.js that the tools use.
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import type * as Agile from 'jira.js/agile'
import type * as Cloud from 'jira.js/cloud'

const groups = [
  'issueAttachments',
  'issueCommentProperties',
  'issueComments',
  'issueLinks',
  'issueLinkTypes',
  'issueProperties',
  'issueSearch',
  'issueWorklogProperties',
  'issueWorklogs',
  'issues',
  'myself',
  'permissions',
  'projects',
  'userSearch',
] as const

export type Sdk = Pick<
  typeof Cloud,
  | 'addAttachment'
  | 'addComment'
  | 'addWorklog'
  | 'assignIssue'
  | 'countIssues'
  | 'createIssue'
  | 'deleteComment'
  | 'deleteIssue'
  | 'deleteIssueLink'
  | 'doTransition'
  | 'editIssue'
  | 'findAssignableUsers'
  | 'findUsers'
  | 'getAttachmentContent'
  | 'getChangeLogs'
  | 'getComment'
  | 'getCommentProperty'
  | 'getComments'
  | 'getCreateIssueMetaIssueTypeId'
  | 'getCreateIssueMetaIssueTypes'
  | 'getCurrentUser'
  | 'getEditIssueMeta'
  | 'getIssue'
  | 'getIssueLinkTypes'
  | 'getIssueProperty'
  | 'getIssueWorklog'
  | 'getMyPermissions'
  | 'getProject'
  | 'getTransitions'
  | 'getWorklogProperty'
  | 'linkIssues'
  | 'searchAndReconsileIssuesUsingJqlPost'
  | 'searchProjects'
  | 'updateComment'
> &
  Pick<typeof Agile, 'getSprint' | 'moveIssuesToBacklog' | 'moveIssuesToSprintAndRank'> & {
    /** The issue with its sprint, which the platform's own answer has under another name on every site. */
    readonly getSoftwareIssue: typeof Agile.getIssue
  }

type Software = Pick<Sdk, 'getSprint' | 'moveIssuesToBacklog' | 'moveIssuesToSprintAndRank' | 'getSoftwareIssue'>

/**
 * `jira.js/cloud` as a whole builds the schemas of 616 operations, in 420 ms and 60 MB. Its modules are one file for each group
 * of operations, so that those that are used are loaded from where the package is; those of sprints only when one is asked for.
 */
export async function loadSdk(): Promise<Sdk> {
  const root = pathToFileURL(createRequire(import.meta.url).resolve('jira.js/package.json'))
  const load = async (path: string) => (await import(/* @vite-ignore */ new URL(`dist/${path}.js`, root).href)) as unknown
  const modules = await Promise.all(groups.map((group) => load(`cloud/api/${group}`)))
  const agile = async <Group>(group: string) => (await load(`agile/api/${group}`)) as Group
  const software: Software = {
    getSprint: async (...given) => await (await agile<Software>('sprint')).getSprint(...given),
    moveIssuesToSprintAndRank: async (...given) =>
      await (await agile<Software>('sprint')).moveIssuesToSprintAndRank(...given),
    moveIssuesToBacklog: async (...given) => await (await agile<Software>('backlog')).moveIssuesToBacklog(...given),
    getSoftwareIssue: async (...given) => await (await agile<typeof Agile>('issue')).getIssue(...given),
  }
  return Object.assign({}, ...(modules as object[]), software) as Sdk
}

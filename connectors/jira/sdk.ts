// The parts of jira.js that the tools use.
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import type * as Cloud from 'jira.js/cloud'

const groups = ['issues', 'issueComments', 'issueSearch', 'permissions', 'projects', 'userSearch'] as const

export type Sdk = Pick<
  typeof Cloud,
  | 'addComment'
  | 'assignIssue'
  | 'createIssue'
  | 'deleteIssue'
  | 'doTransition'
  | 'editIssue'
  | 'findAssignableUsers'
  | 'findUsers'
  | 'getComments'
  | 'getCreateIssueMetaIssueTypeId'
  | 'getCreateIssueMetaIssueTypes'
  | 'getEditIssueMeta'
  | 'getIssue'
  | 'getMyPermissions'
  | 'getProject'
  | 'getTransitions'
  | 'searchAndReconsileIssuesUsingJqlPost'
  | 'searchProjects'
>

/**
 * `jira.js/cloud` as a whole builds the schemas of 616 operations: 420 ms and 60 MB. Its modules are one file for each group of
 * operations, so that the six that are used are loaded from where the package is: 80 ms and 12 MB.
 */
export async function loadSdk(): Promise<Sdk> {
  const root = pathToFileURL(createRequire(import.meta.url).resolve('jira.js/package.json'))
  const modules = await Promise.all(
    groups.map(
      async (group) => (await import(/* @vite-ignore */ new URL(`dist/cloud/api/${group}.js`, root).href)) as Partial<Sdk>,
    ),
  )
  return Object.assign({}, ...modules) as Sdk
}

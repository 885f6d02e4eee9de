// Jira Cloud: issues, comments, transitions and people of one site.
import { connector } from 'toolgate/kit'
import { openJira } from './jira.ts'
import { sandbox } from './sandbox/sandbox.ts'
import { baseOf, settings } from './settings.ts'
import { commentAdd } from './tools/comment-add.ts'
import { commentList } from './tools/comment-list.ts'
import { issueAssign } from './tools/issue-assign.ts'
import { issueCreate } from './tools/issue-create.ts'
import { issueDelete } from './tools/issue-delete.ts'
import { issueGet } from './tools/issue-get.ts'
import { issueSearch } from './tools/issue-search.ts'
import { issueTransition } from './tools/issue-transition.ts'
import { issueUpdate } from './tools/issue-update.ts'
import { projectList } from './tools/project-list.ts'
import { transitionList } from './tools/transition-list.ts'
import { userFind } from './tools/user-find.ts'

export const jira = connector({
  id: 'jira',
  title: 'Jira Cloud',
  prefix: 'jira',
  settings,
  credential: "An API token of the hub's own Jira account (with email set), or an OAuth access token (without).",
  base: baseOf,
  reads: [
    'GET /rest/api/3/issue/{key}',
    'GET /rest/api/3/issue/{key}/comment',
    'GET /rest/api/3/issue/{key}/editmeta',
    'GET /rest/api/3/issue/{key}/transitions',
    'GET /rest/api/3/issue/createmeta/{project}/issuetypes',
    'GET /rest/api/3/issue/createmeta/{project}/issuetypes/{type}',
    'GET /rest/api/3/mypermissions',
    'GET /rest/api/3/project/search',
    'GET /rest/api/3/project/{key}',
    // Only looks; posted because a query can be longer than an address.
    'POST /rest/api/3/search/jql',
    'GET /rest/api/3/user/assignable/search',
    'GET /rest/api/3/user/search',
  ],
  open: openJira,
  tools: [
    commentAdd,
    commentList,
    issueAssign,
    issueCreate,
    issueDelete,
    issueGet,
    issueSearch,
    issueTransition,
    issueUpdate,
    projectList,
    transitionList,
    userFind,
  ],
  sandbox,
})

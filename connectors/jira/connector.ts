// Jira, in the cloud or in a data center: issues, comments, transitions and people of one site.
import { connector } from 'toolgate/kit'
import { connect } from './connect.ts'
import { grants } from './grants.ts'
import { openJira } from './jira.ts'
import { link } from './link.ts'
import { permissions } from './permissions.ts'
import { sandbox } from './sandbox/sandbox.ts'
import { baseOf, hostsOf, settings } from './settings.ts'
import { attachmentAdd } from './tools/attachment-add.ts'
import { attachmentRead } from './tools/attachment-read.ts'
import { commentAdd } from './tools/comment-add.ts'
import { commentDelete } from './tools/comment-delete.ts'
import { commentList } from './tools/comment-list.ts'
import { commentUpdate } from './tools/comment-update.ts'
import { fieldDescribe } from './tools/field-describe.ts'
import { issueAssign } from './tools/issue-assign.ts'
import { issueCount } from './tools/issue-count.ts'
import { issueCreate } from './tools/issue-create.ts'
import { issueDelete } from './tools/issue-delete.ts'
import { issueGet } from './tools/issue-get.ts'
import { issueHistory } from './tools/issue-history.ts'
import { issueSearch } from './tools/issue-search.ts'
import { issueTransition } from './tools/issue-transition.ts'
import { issueUpdate } from './tools/issue-update.ts'
import { labelEdit } from './tools/label-edit.ts'
import { linkAdd } from './tools/link-add.ts'
import { linkRemove } from './tools/link-remove.ts'
import { projectList } from './tools/project-list.ts'
import { sprintMove } from './tools/sprint-move.ts'
import { transitionList } from './tools/transition-list.ts'
import { userFind } from './tools/user-find.ts'
import { worklogAdd } from './tools/worklog-add.ts'

export const jira = connector({
  id: 'jira',
  title: 'Jira Cloud',
  prefix: 'jira',
  settings,
  credential:
    'An API token of the hub\'s own Jira account (with email set), an OAuth access token (without), or with client_id {"client_secret": "…", "refresh_token": "…"}. Of Jira Data Center a personal access token.',
  base: baseOf,
  hosts: hostsOf,
  link,
  signIn: ['POST auth:/oauth/token'],
  reads: [
    'GET /rest/api/3/issue/{key}',
    'GET /rest/agile/1.0/issue/{key}',
    'GET /rest/agile/1.0/sprint/{id}',
    'GET /rest/api/3/attachment/content/{id}',
    'GET /rest/api/3/comment/{id}/properties/{name}',
    'GET /rest/api/3/issue/{key}/changelog',
    'GET /rest/api/3/issue/{key}/comment',
    'GET /rest/api/3/issue/{key}/comment/{id}',
    'GET /rest/api/3/issue/{key}/editmeta',
    'GET /rest/api/3/issue/{key}/properties/{name}',
    'GET /rest/api/3/issue/{key}/transitions',
    'GET /rest/api/3/issue/{key}/worklog',
    'GET /rest/api/3/issue/{key}/worklog/{id}/properties/{name}',
    'GET /rest/api/3/issue/createmeta/{project}/issuetypes',
    'GET /rest/api/3/issue/createmeta/{project}/issuetypes/{type}',
    'GET /rest/api/3/issueLinkType',
    'GET /rest/api/3/mypermissions',
    'GET /rest/api/3/myself',
    'GET /rest/api/3/project/search',
    'GET /rest/api/3/project/{key}',
    // Only looks; posted because a query can be longer than an address.
    'GET api:/oauth/token/accessible-resources',
    'POST /rest/api/3/search/approximate-count',
    'POST /rest/api/3/search/jql',
    'GET /rest/api/3/user/assignable/search',
    'GET /rest/api/3/user/search',
    // Jira Data Center. https://developer.atlassian.com/server/jira/platform/rest/
    'GET /rest/api/2/comment/{id}/properties/{name}',
    'GET /rest/api/2/issue/{key}',
    'GET /rest/api/2/issue/{key}/comment',
    'GET /rest/api/2/issue/{key}/comment/{id}',
    'GET /rest/api/2/issue/{key}/editmeta',
    'GET /rest/api/2/issue/{key}/properties/{name}',
    'GET /rest/api/2/issue/{key}/transitions',
    'GET /rest/api/2/issue/createmeta/{project}/issuetypes',
    'GET /rest/api/2/issue/createmeta/{project}/issuetypes/{type}',
    'GET /rest/api/2/issueLinkType',
    'GET /rest/api/2/mypermissions',
    'GET /rest/api/2/myself',
    'GET /rest/api/2/project',
    'GET /rest/api/2/project/{key}',
    'GET /rest/api/2/user',
    'GET /rest/api/2/user/assignable/search',
    'GET /rest/api/2/user/search',
    'POST /rest/api/2/search',
  ],
  open: openJira,
  tools: [
    attachmentAdd,
    attachmentRead,
    commentAdd,
    commentDelete,
    commentList,
    commentUpdate,
    fieldDescribe,
    issueAssign,
    issueCount,
    issueCreate,
    issueDelete,
    issueGet,
    issueHistory,
    issueSearch,
    issueTransition,
    issueUpdate,
    labelEdit,
    linkAdd,
    linkRemove,
    projectList,
    sprintMove,
    transitionList,
    userFind,
    worklogAdd,
  ],
  grants,
  permissions,
  connect,
  sandbox,
})

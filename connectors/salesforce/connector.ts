// Salesforce: accounts, contacts, opportunities, cases, tasks and leads of one org.
import { connector } from 'toolgate/kit'
import { connect } from './connect.ts'
import { grants } from './grants.ts'
import { link } from './link.ts'
import { permissions } from './permissions.ts'
import { open } from './salesforce.ts'
import { sandbox } from './sandbox/sandbox.ts'
import { settings } from './settings.ts'
import { verdict } from './verdict.ts'
import { casecommentAdd } from './tools/casecomment-add.ts'
import { flowRun } from './tools/flow-run.ts'
import { noteAdd } from './tools/note-add.ts'
import { objectDescribe } from './tools/object-describe.ts'
import { objectList } from './tools/object-list.ts'
import { ownerChange } from './tools/owner-change.ts'
import { queryRun } from './tools/query-run.ts'
import { recordBatch } from './tools/record-batch.ts'
import { recordCreate } from './tools/record-create.ts'
import { recordDelete } from './tools/record-delete.ts'
import { recordFind } from './tools/record-find.ts'
import { recordGet } from './tools/record-get.ts'
import { recordUndelete } from './tools/record-undelete.ts'
import { recordUpdate } from './tools/record-update.ts'
import { recordUpsert } from './tools/record-upsert.ts'
import { relatedList } from './tools/related-list.ts'
import { reportRun } from './tools/report-run.ts'
import { taskCreate } from './tools/task-create.ts'
import { textSearch } from './tools/text-search.ts'

export const salesforce = connector({
  id: 'salesforce',
  title: 'Salesforce',
  prefix: 'sf',
  settings,
  credential:
    'by sign_in: the consumer secret of an External Client App (client_credentials), the private key of its certificate in PEM (jwt_bearer), or JSON with a refresh_token (refresh_token)',
  base: ({ instance }) => instance,
  link,
  reads: [
    // The list of versions, for its time.
    'GET /services/data',
    'GET /services/data/{version}/sobjects',
    'GET /services/data/{version}/sobjects/{object}/describe',
    'GET /services/data/{version}/query',
    'GET /services/data/{version}/queryAll',
    'GET /services/data/{version}/parameterizedSearch',
    'GET /services/data/{version}/analytics/reports/{report}/describe',
    // It runs the report and saves nothing.
    'POST /services/data/{version}/analytics/reports/{report}',
    'GET /services/data/{version}/actions/custom/flow/{flow}',
  ],
  signIn: ['POST /services/oauth2/token'],
  open,
  verdict,
  tools: [
    objectList,
    objectDescribe,
    recordGet,
    recordFind,
    queryRun,
    relatedList,
    textSearch,
    reportRun,
    recordUpdate,
    ownerChange,
    taskCreate,
    noteAdd,
    casecommentAdd,
    recordCreate,
    recordUpsert,
    recordBatch,
    flowRun,
    recordDelete,
    recordUndelete,
  ],
  permissions,
  grants,
  connect,
  sandbox,
})

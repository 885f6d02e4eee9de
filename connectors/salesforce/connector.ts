// Salesforce: accounts, contacts, opportunities, cases, tasks and leads of one org.
import { connector } from 'toolgate/kit'
import { permissions } from './permissions.ts'
import { open } from './salesforce.ts'
import { sandbox } from './sandbox/sandbox.ts'
import { settings } from './settings.ts'
import { verdict } from './verdict.ts'
import { casecommentAdd } from './tools/casecomment-add.ts'
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
import { recordUpdate } from './tools/record-update.ts'
import { recordUpsert } from './tools/record-upsert.ts'
import { relatedList } from './tools/related-list.ts'
import { taskCreate } from './tools/task-create.ts'
import { textSearch } from './tools/text-search.ts'

export const salesforce = connector({
  id: 'salesforce',
  title: 'Salesforce',
  prefix: 'sf',
  settings,
  credential: 'the consumer secret of an External Client App with the client credentials flow',
  base: ({ instance }) => instance,
  reads: [
    'GET /services/data/{version}/sobjects',
    'GET /services/data/{version}/sobjects/{object}/describe',
    'GET /services/data/{version}/query',
    'GET /services/data/{version}/queryAll',
    'GET /services/data/{version}/parameterizedSearch',
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
    recordUpdate,
    ownerChange,
    taskCreate,
    noteAdd,
    casecommentAdd,
    recordCreate,
    recordUpsert,
    recordBatch,
    recordDelete,
  ],
  permissions,
  sandbox,
})

// Salesforce: accounts, contacts, opportunities, cases, tasks and leads of one org.
import { connector } from 'toolgate/kit'
import { open } from './salesforce.ts'
import { sandbox } from './sandbox/sandbox.ts'
import { settings } from './settings.ts'
import { objectDescribe } from './tools/object-describe.ts'
import { recordCreate } from './tools/record-create.ts'
import { recordDelete } from './tools/record-delete.ts'
import { recordFind } from './tools/record-find.ts'
import { recordGet } from './tools/record-get.ts'
import { recordUpdate } from './tools/record-update.ts'
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
    'GET /services/data/{version}/parameterizedSearch',
  ],
  signIn: ['POST /services/oauth2/token'],
  open,
  // No verdict of its own: as everywhere, 4xx (also 412 and 403 REQUEST_LIMIT_EXCEEDED) changed nothing, and after
  // 408 and 5xx (also 503 SERVER_UNAVAILABLE) nobody knows.
  tools: [
    objectDescribe,
    recordGet,
    recordFind,
    relatedList,
    textSearch,
    recordUpdate,
    taskCreate,
    recordCreate,
    recordDelete,
  ],
  sandbox,
})

// A real Salesforce org: an account and a task are created, changed, taken back and deleted.
import { accountTest } from './account.ts'

accountTest({
  vendor: 'salesforce',
  settings: '{"instance": "https://acme-dev-ed.develop.my.salesforce.com", "client_id": "…"}',
  places: {},
})

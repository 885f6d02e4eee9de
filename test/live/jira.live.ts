// A real Jira Cloud site: an issue is created, changed, taken back and deleted.
import { accountTest } from './account.ts'

accountTest({
  vendor: 'jira',
  settings: '{"site": "https://acme.atlassian.net", "email": "hub@acme.example"}',
  places: {
    project: { variable: 'TOOLGATE_LIVE_JIRA_PROJECT', what: 'the key of a project for tests' },
    type: { variable: 'TOOLGATE_LIVE_JIRA_TYPE', what: 'the type of the issue; Task where left out', optional: true },
  },
})

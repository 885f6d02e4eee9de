// Salesforce as it is configured where policies tell the records of a custom object apart.
import { salesforce } from '../../connector.ts'

export const projects = {
  ...salesforce,
  sandbox: {
    ...salesforce.sandbox,
    settings: {
      ...salesforce.sandbox.settings,
      value_fields: { Project__c: 'Stage__c' },
      bands: { Project__c: { field: 'Budget__c', up_to: [10_000] } },
    },
  },
}

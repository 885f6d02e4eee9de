// Salesforce as it is configured where policies tell records of one object apart.
import { salesforce } from '../../connector.ts'

export const scoped = {
  ...salesforce,
  sandbox: {
    ...salesforce.sandbox,
    settings: {
      ...salesforce.sandbox.settings,
      value_fields: { Account: 'Industry' },
      bands: { Opportunity: { field: 'Amount', up_to: [10_000, 50_000] } },
    },
  },
}

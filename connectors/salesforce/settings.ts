// What the configuration says of one Salesforce org.
import { z } from 'zod'

export const settings = z.strictObject({
  /** The org's My Domain address: `https://acme.my.salesforce.com`. */
  instance: z
    .url({ protocol: /^https$/ })
    .regex(
      /^https:\/\/[a-z0-9-]+(?:\.[a-z0-9-]+)?\.my\.salesforce\.com$/,
      'Write the My Domain address, such as https://acme.my.salesforce.com, without a path.',
    ),
  /** The consumer key of the External Client App. */
  client_id: z.string().regex(/^[A-Za-z0-9._-]{8,512}$/, 'Write the consumer key of the External Client App.'),
  api_version: z
    .string()
    .regex(/^\d{2,3}\.0$/, 'Write an API version such as 66.0.')
    .default('66.0'),
  /**
   * A custom text field of at least 64 characters, external id, unique and case-sensitive, in which the hub leaves the id
   * of the operation that made a record. Objects that have no such field do without.
   */
  idempotency_field: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9_]{0,76}__c$/, 'Write the API name of a custom field, such as MCP_Idem__c.')
    .optional(),
})
export type Settings = z.output<typeof settings>

// What the configuration says of one Salesforce org.
import { z } from 'zod'
import { apiName, keyPrefix, recordId } from './identifiers.ts'
import { isStandard, unworkable } from './objects.ts'
import { scopingSettings } from './scope.ts'

/** The id of a report begins with 00O. */
export const reportId = recordId.refine((id) => keyPrefix(id) === '00O', 'The id of a report begins with 00O.')

/** The API name of an autolaunched flow. */
export const flowName = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_]{0,79}$/, 'Write the API name of a flow: letters, digits and underscores.')

const furtherObject = apiName
  .refine((name) => !name.includes('__') || /^(?:[A-Za-z][A-Za-z0-9]{0,14}__)?[A-Za-z][A-Za-z0-9_]*__c$/.test(name), {
    message: 'The API name of a custom object ends with __c.',
  })
  .refine((name) => !unworkable.test(name), {
    message: 'The hub works with no people, rights, files, histories, shares, events or settings of the org.',
  })

const flow = z.strictObject({
  /** The input variable of the flow that takes the id of the hub's operation. */
  operation_input: apiName.optional(),
  /** The object on which the flow leaves that id, in the `idempotency_field`: a lost answer is settled by it. */
  leaves_on: apiName.optional(),
})

const every = z.strictObject({
  /** The org's My Domain address: `https://acme.my.salesforce.com`. */
  instance: z
    .url({ protocol: /^https$/ })
    .regex(
      /^https:\/\/[a-z0-9-]+(?:\.[a-z0-9-]+)?\.my\.salesforce\.com$/,
      'Write the My Domain address, such as https://acme.my.salesforce.com, without a path.',
    ),
  /** How the hub signs in; the credential is the consumer secret, a private key in PEM, or JSON with a refresh token. */
  sign_in: z.enum(['client_credentials', 'jwt_bearer', 'refresh_token']).default('client_credentials'),
  /** Of the hub's user, for jwt_bearer. */
  username: z
    .string()
    .regex(
      /^[^\s@]{1,64}@[^\s@]{1,80}$/,
      'Write the username of the hub’s user in Salesforce, which looks like an e-mail address.',
    )
    .optional(),
  /** The consumer key of the External Client App. */
  client_id: z.string().regex(/^[A-Za-z0-9._-]{8,512}$/, 'Write the consumer key of the External Client App.'),
  /** The API name of the Token Exchange Handler, for "exchange"; Salesforce takes the app's default where left out. */
  token_handler: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9_]{0,79}$/, 'Write the API name of a Token Exchange Handler.')
    .optional(),
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
  /** Objects beyond the standard six, by API name: `["Project__c", "Asset"]`. */
  objects: z.array(furtherObject).max(50).default([]),
  /** The reports that sf_report_run may run, by id. */
  reports: z.array(reportId).max(200).default([]),
  /** The flows that sf_flow_run may run, by API name. */
  flows: z.record(flowName, flow).default({}),
  ...scopingSettings,
})

/** A name that is in no list would be a rule that speaks of nothing. */
export const settings = every.superRefine(({ objects, value_fields, bands, flows }, context) => {
  const unknown = (name: string) => !isStandard(name) && !objects.includes(name)
  const named = [
    ...Object.keys(value_fields).map((name) => ['value_fields', name] as const),
    ...Object.keys(bands).map((name) => ['bands', name] as const),
    ...Object.entries(flows).flatMap(([one, { leaves_on: name }]) =>
      name === undefined ? [] : [['flows', one, 'leaves_on', name] as const],
    ),
  ]
  for (const path of named) {
    const name = path.at(-1) ?? ''
    if (unknown(name))
      context.addIssue({
        code: 'custom',
        path: path[0] === 'flows' ? path.slice(0, -1) : [...path],
        message: `${name} is none of the standard six objects, and not named in "objects".`,
      })
  }
})
export type Settings = z.output<typeof settings>

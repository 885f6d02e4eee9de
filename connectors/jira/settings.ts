// What a configuration says of one Jira Cloud site.
import { z } from 'zod'

export const settings = z
  .strictObject({
    site: z
      .string()
      .regex(/^https:\/\/[A-Za-z0-9.-]+\/?$/, 'must be the address of a site, such as https://acme.atlassian.net')
      .transform((site) => site.replace(/\/$/, ''))
      .describe('Address of the site: https://acme.atlassian.net'),
    email: z
      .email()
      .optional()
      .describe(
        "E-mail of the hub's own account. With it the credential is an API token, without it an OAuth access token.",
      ),
    cloud_id: z
      .uuid()
      .optional()
      .describe(
        'Cloud id of the site (https://<site>/_edge/tenant_info). Needed for scoped API tokens and for OAuth access tokens.',
      ),
  })
  .refine(({ email, cloud_id }) => email !== undefined || cloud_id !== undefined, {
    path: ['email'],
    error: 'Give the "email" of the account for an API token, or the "cloud_id" of the site for an OAuth access token.',
  })
export type Settings = z.output<typeof settings>

/** Scoped and OAuth tokens are accepted at the gateway only. https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/ */
export function baseOf({ site, cloud_id }: Settings): string {
  return cloud_id === undefined ? site : `https://api.atlassian.com/ex/jira/${cloud_id}`
}

// What a configuration says of one Jira site, in the cloud or in a data center.
import { z } from 'zod'

export const settings = z
  .strictObject({
    site: z
      .string()
      .regex(
        /^https:\/\/[A-Za-z0-9.-]+(?::\d{1,5})?(?:\/[A-Za-z0-9._~-]+)*\/?$/,
        'must be the address of a site, such as https://acme.atlassian.net',
      )
      .transform((site) => site.replace(/\/$/, ''))
      .describe('Address of the site: https://acme.atlassian.net'),
    deployment: z
      .enum(['cloud', 'data-center'])
      .default('cloud')
      .describe('With data-center, Jira 9 or later, the credential is a personal access token.'),
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
    client_id: z
      .string()
      .regex(/^[A-Za-z0-9_-]{8,100}$/, 'must be the client id of an OAuth 2.0 (3LO) app')
      .optional()
      .describe(
        'Client id of an OAuth 2.0 (3LO) app. With it the hub renews its access itself, and the credential is JSON text: {"client_secret": "…", "refresh_token": "…"}.',
      ),
    raw_jql: z
      .enum(['off', 'on'])
      .default('off')
      .describe('Whether searches and counts take JQL. Policies can still deny it: when: has(args.jql).'),
    jql_fields: z
      .array(z.string().regex(/^(?:cf\[\d{1,10}\]|[A-Za-z][A-Za-z0-9 ._-]{0,60}(?:\[[A-Za-z ]{1,40}\])?)$/))
      .max(50)
      .default([])
      .describe('Custom fields that JQL may name besides the usual ones: cf[10050] or "Story Points".'),
  })
  .refine(({ deployment, site }) => deployment === 'data-center' || /^https:\/\/[^/:]+$/.test(site), {
    path: ['site'],
    error: 'A site of Jira Cloud has neither port nor path, such as https://acme.atlassian.net.',
  })
  .refine(
    ({ deployment, email, cloud_id, client_id }) =>
      deployment === 'cloud' || [email, cloud_id, client_id].every((value) => value === undefined),
    {
      path: ['deployment'],
      error: 'Jira Data Center is signed in to with a personal access token: leave out "email", "cloud_id" and "client_id".',
    },
  )
  .refine(
    ({ deployment, email, cloud_id }) => deployment === 'data-center' || email !== undefined || cloud_id !== undefined,
    {
      path: ['email'],
      error: 'Give the "email" of the account for an API token, or the "cloud_id" of the site for an OAuth access token.',
    },
  )
  .refine(({ client_id, cloud_id, email }) => client_id === undefined || (cloud_id !== undefined && email === undefined), {
    path: ['client_id'],
    error: 'An OAuth app needs the "cloud_id" of the site, and no "email".',
  })
export type Settings = z.output<typeof settings>

/** Scoped and OAuth tokens are accepted at the gateway only. https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/ */
export function baseOf({ site, cloud_id }: Settings): string {
  return cloud_id === undefined ? site : `https://api.atlassian.com/ex/jira/${cloud_id}`
}

/** Where access is renewed, and where Atlassian says what it covers. */
export function hostsOf(): Readonly<Record<string, string>> {
  return { auth: 'https://auth.atlassian.com', api: 'https://api.atlassian.com' }
}

// The grammar of everything that names a thing in Jira. No SDK encodes path parameters, so nothing else gets through.
import { visibleText } from 'toolgate/kit'
import { z } from 'zod'

export const issueKey = z
  .string()
  .regex(/^[A-Z][A-Z0-9_]{1,9}-[1-9]\d{0,9}$/, 'must be an issue key such as OPS-42')
  .describe('Such as OPS-42')
export const projectKey = z.string().regex(/^[A-Z][A-Z0-9_]{1,9}$/, 'must be a project key such as OPS')
/** https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-users/ : up to 128 characters. */
export const accountId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9:_-]{4,127}$/, 'must be an accountId, as jira_user_find gives it')
/** Comments, links, attachments: a number as text. */
export const recordId = z.string().regex(/^[1-9]\d{0,18}$/, 'must be an id as Jira gives it, such as 10042')
export const position = z.string().regex(/^[1-9]\d{0,5}$/, 'must be the next_cursor of an earlier answer')
/** Jira says nothing of the form of its page tokens: printable, no spaces, bounded. */
export const pageToken = z.string().regex(/^[\x21-\x7e]{1,2000}$/, 'must be the next_cursor of an earlier answer')
export const label = visible(z.string().regex(/^\S{1,255}$/, 'must be a label without spaces'))

/** One line of text in which everything can be seen. */
export function line(max: number) {
  return visible(
    z
      .string()
      .min(1)
      .max(max)
      .regex(/^[^\r\n\t]*$/, 'must be one line'),
  )
}

function visible(schema: z.ZodString) {
  return schema.refine((text) => visibleText(text) === text, 'must not have control or invisible characters')
}

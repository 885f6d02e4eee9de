// A comment as the tools show it.
import { cutText } from 'toolgate/kit'
import { z } from 'zod'
import type * as answers from './answers.ts'
import { toMarkdown } from './adf.ts'

export const shownComment = z.strictObject({
  id: z.string(),
  author: z.string().optional(),
  created: z.string(),
  body: z.string(),
  truncated: z.boolean().optional(),
  /** Only this role or group sees it. */
  visible_to: z.string().optional(),
  /** In a service project: agents only. */
  internal: z.boolean().optional(),
})

/** Some clients take at most 64 KB a line: together the bodies stay under this many characters. */
const budget = 40_000

export function showComments(
  comments: readonly z.output<typeof answers.Comment>[],
  maxChars: number,
): z.input<typeof shownComment>[] {
  let left = budget
  return comments.map(({ id, author, created, body, visibility, jsdPublic }) => {
    const { text, cut } = cutText(toMarkdown(body).markdown, Math.min(maxChars, left))
    left -= text.length
    return {
      id,
      author: author?.name,
      created,
      body: text,
      ...(cut ? { truncated: true } : {}),
      visible_to: visibility?.value,
      ...(jsdPublic === false ? { internal: true } : {}),
    }
  })
}

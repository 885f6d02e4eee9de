// The form of a policy file: sentences and limits, with an error for someone who mistyped one.
import { z } from 'zod'
import type { Problem } from './problem.ts'
import type { Path, Source } from './document.ts'
import { didYouMean } from './suggest.ts'

const oneOrMore = <Item extends z.ZodType>(item: Item, what: string) =>
  z.preprocess(
    (value) => (Array.isArray(value) || value === undefined ? value : [value]),
    z.array(item, { error: `${what} is missing.` }).min(1, { error: `An empty list names no ${what.toLowerCase()}.` }),
  )

const toolPattern = z.string({ error: 'A tool is named in quotes or as a plain word.' }).regex(/^[a-z0-9_*]+$/, {
  error: 'A tool pattern has small letters, digits and _, and * for any run of them: "jira_*_get".',
})
const tools = oneOrMore(toolPattern, 'Tool')

const someone = z
  .string({ error: 'Write role:NAME or person:ID.' })
  .regex(/^(role|person):[^\s*,]+$/, { error: 'Write role:NAME or person:ID, without spaces or stars.' })
const people = oneOrMore(someone, 'Person or role')

const expression = z
  .string({ error: 'An expression is text: put it in quotes.' })
  .refine((text) => text.trim() !== '', { error: 'The expression is empty. Leave the line out if nothing is meant.' })
  .refine((text) => text.length <= 2000, { error: 'The expression is longer than 2000 characters.' })

const id = z.string({ error: 'An id is text: put it in quotes.' }).regex(/^[\x21-\x29\x2b-\x7e]+$/, {
  error: 'An id has printable ASCII characters, no spaces and no star. For every id, leave "where" out.',
})
const where = z
  .record(z.string(), oneOrMore(id, 'Id'), { error: 'Write the kind and its ids: { jira.project: [OPS] }.' })
  .refine((kinds) => Object.keys(kinds).length > 0, { error: 'An empty "where" names no kind.' })

const maskedField = z
  .string({ error: 'A field is named in quotes or as a plain word.' })
  .regex(/^[A-Za-z_][\w.-]*$/, { error: 'A field name has letters, digits, _, - and dots.' })

const params = z.record(z.string(), z.unknown(), { error: 'The parameters of a condition are a map.' })
const use = z.union([z.string(), z.record(z.string(), params.nullable())], {
  error: 'Write the name of a condition, or { name: { parameter: value } }.',
})

export const sentenceSchema = z.strictObject({
  id: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,39}$/, { error: 'An id has small letters, digits and dashes, and begins with a letter.' })
    .optional(),
  allow: tools.optional(),
  ask: tools.optional(),
  preview: tools.optional(),
  deny: tools.optional(),
  who: people.optional(),
  when: expression.optional(),
  unless: expression.optional(),
  where: where.optional(),
  use: oneOrMore(use, 'Condition').optional(),
  mask: oneOrMore(maskedField, 'Field').optional(),
  approvers: people.optional(),
  quorum: z
    .int({ error: 'A quorum is a whole number of people.' })
    .min(1, { error: 'A quorum is at least 1.' })
    .max(5, { error: 'A quorum is at most 5.' })
    .optional(),
  because: z.string({ error: '"because" is a sentence.' }).trim().min(1).max(500).optional(),
})
export type Sentence = z.output<typeof sentenceSchema>

const rate = /^([1-9][0-9]{0,4}) per (minute|hour|day)$/
export const limitSchema = z.strictObject({
  tools,
  who: people.optional(),
  per: z.enum(['principal', 'tool'], { error: 'A limit is per: principal or per: tool.' }),
  at_most: z
    .string({ error: 'Write a rate: "20 per hour".' })
    .regex(rate, { error: 'Write a rate such as "20 per hour": a whole number from 1, per minute, hour or day.' })
    .refine((text) => Number(rate.exec(text)?.[1] ?? 0) <= 10_000, { error: 'The most that a limit can allow is 10000.' }),
})

const windows = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const

/** `20 per hour` as numbers. */
export function rateOf(words: string): { readonly atMost: number; readonly windowMs: number } {
  const [, count, unit] = rate.exec(words) ?? []
  return { atMost: Number(count), windowMs: windows[unit as keyof typeof windows] }
}

/** Parses one part of a file; every issue becomes a problem with its place. */
export function parsePart<Schema extends z.ZodType>(
  schema: Schema,
  source: Source,
  path: Path,
  value: unknown,
): { readonly value: z.output<Schema> } | { readonly problems: readonly Problem[] } {
  const parsed = schema.safeParse(value)
  if (parsed.success) return { value: parsed.data }
  return { problems: parsed.error.issues.flatMap((issue) => problemsOf(issue, schema, source, path)) }
}

function problemsOf(issue: z.core.$ZodIssue, schema: z.ZodType, source: Source, path: Path): readonly Problem[] {
  const inner = [...path, ...issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step))]
  if (issue.code !== 'unrecognized_keys') return [{ ...source.place(inner), sentence: issue.message, hint: undefined }]
  const known = schema instanceof z.ZodObject && issue.path.length === 0 ? Object.keys(schema.shape) : []
  return issue.keys.map((key) => {
    const hint = didYouMean(key, known) ?? (known.length > 0 ? `Known here: ${known.join(', ')}.` : undefined)
    return { ...source.placeOfKey(inner, key), sentence: `There is no "${key}" here.`, hint }
  })
}

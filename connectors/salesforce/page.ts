// Pages of a query that we wrote: a cursor says where in that one query to go on, and nothing else.
import { HubError, digest } from 'toolgate/kit'
import { z } from 'zod'
import { recordId } from './identifiers.ts'
import type { ObjectName } from './objects.ts'
import type { SalesforceReader } from './salesforce.ts'
import { fit, present, row, untrusted } from './select.ts'
import type { Selection } from './select.ts'

// SOQL's own limit for OFFSET.
const furthest = 2_000

const Cursor = z.strictObject({
  /** Which query it belongs to. */
  q: z.string().length(16),
  /** After this id, in order of ids; or: after so many rows. */
  after: z.union([recordId, z.int().min(1).max(furthest)]),
})

export const cursor = z.string().regex(/^[A-Za-z0-9_-]{1,200}$/, 'Give a next_cursor as it came.')

export interface Question {
  readonly object: ObjectName
  /** All that is read of a record. */
  readonly fields: readonly string[]
  readonly conditions: readonly string[]
  /** As SOQL: `CloseDate DESC NULLS LAST`. Without any, rows come in the order of their ids. */
  readonly orders: readonly string[]
}

/** What a tool that lists records gives. */
export const pageOutput = z.strictObject({
  rows: z.array(row),
  next_cursor: z.string().optional(),
  /** Whether texts were cut; sf_record_get shows them whole. */
  truncated: z.boolean(),
  content_trust: untrusted,
})

/** How much of a text a list shows, in characters. */
const longest = 500

/** One page of the answer to a question, from where a cursor says. */
export async function readPage(
  vendor: SalesforceReader,
  question: Question,
  { limit, from, selection }: { readonly limit: number; readonly from: string | undefined; readonly selection: Selection },
): Promise<z.input<typeof pageOutput>> {
  const records = await vendor.query(pageQuery(question, limit, from))
  const presented = records
    .slice(0, limit)
    .map((record) => present(vendor.scoping, question.object, record, selection, longest))
  const rows = fit(presented.map((one) => one.row))
  return {
    rows: [...rows],
    ...(records.length > rows.length && { next_cursor: nextCursor(question, from, rows) }),
    truncated: presented.slice(0, rows.length).some(({ cut }) => cut.length > 0),
    content_trust: 'untrusted',
  }
}

/** The query for one page and one row more, which tells whether there is another page. */
export function pageQuery(question: Question, limit: number, from: string | undefined): string {
  const after = from === undefined ? undefined : position(question, from)
  const { object, fields, orders } = question
  const conditions = typeof after === 'string' ? [...question.conditions, `Id > '${after}'`] : question.conditions
  const sort = [...orders, 'Id ASC'].join(', ')
  return [
    `SELECT ${[...new Set(['Id', ...fields])].join(', ')} FROM ${object}`,
    ...(conditions.length > 0 ? [`WHERE ${conditions.map((one) => `(${one})`).join(' AND ')}`] : []),
    `ORDER BY ${sort} LIMIT ${limit + 1}`,
    ...(typeof after === 'number' ? [`OFFSET ${after}`] : []),
  ].join(' ')
}

/** Where to go on after these rows. */
export function nextCursor(question: Question, from: string | undefined, shown: readonly { readonly id: string }[]): string {
  const before = from === undefined ? 0 : position(question, from)
  const after = question.orders.length > 0 ? Number(before) + shown.length : shown.at(-1)?.id
  if (typeof after === 'number' && after > furthest) {
    throw new HubError(
      'invalid_input',
      `Salesforce counts no further than ${furthest} ordered rows. Use narrower filters, or no order.`,
    )
  }
  return Buffer.from(JSON.stringify({ q: mark(question), after })).toString('base64url')
}

function position(question: Question, from: string): string | number {
  const read = Cursor.safeParse(parse(Buffer.from(from, 'base64url').toString('utf8')))
  if (
    read.success &&
    read.data.q === mark(question) &&
    (typeof read.data.after === 'number') === question.orders.length > 0
  ) {
    return read.data.after
  }
  throw new HubError(
    'invalid_input',
    'The cursor belongs to another query. Repeat the query without it, or with its own arguments.',
  )
}

function mark(question: Question): string {
  return digest(question).slice(0, 16)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

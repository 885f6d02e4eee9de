// Read, checked, written, and read again: what is sent has to mean the same to the parser as what was asked.
import { HubError } from 'toolgate/kit'
import type { SalesforceReader } from '../salesforce.ts'
import { compile } from './compile.ts'
import type { Compiled, Narrow } from './compile.ts'
import { parseSoql } from './parse.ts'

/** @throws HubError `invalid_input` for what is not understood, not allowed, or can be read in two ways */
export async function rewritten(soql: string, vendor: SalesforceReader, now: Date, narrow?: Narrow): Promise<Compiled> {
  const parsed = await parseSoql(soql)
  const first = await compile(parsed, vendor, now)
  const text = written(first)
  const second = await compile(await parseSoql(text), vendor, now)
  // The parser passes over some signs: a parenthesis of nested negations, an OR right after WHERE.
  if (written(second) === text && shape(text) === shape(soql))
    return await compile(parsed, vendor, now, narrow ?? (() => []))
  throw new HubError('invalid_input', 'The conditions can be read in more than one way. Use fewer parentheses and one NOT.')
}

function written(query: Compiled): string {
  return soqlOf(query, query.limit)
}

/** The whole query; what is counted or grouped is sent as it stands here. */
export function soqlOf({ object, count, fields, where, groups, orders }: Compiled, limit: number | undefined): string {
  return [
    `SELECT ${count ? 'COUNT()' : fields.join(', ')} FROM ${object}`,
    ...(where === undefined ? [] : [`WHERE ${where}`]),
    ...(groups && groups.by.length > 0 ? [`GROUP BY ${groups.by.join(', ')}`] : []),
    ...(groups?.having === undefined ? [] : [`HAVING ${groups.having}`]),
    ...(orders.length > 0 ? [`ORDER BY ${orders.join(', ')}`] : []),
    ...(limit === undefined ? [] : [`LIMIT ${limit}`]),
  ].join(' ')
}

const functions = /\b(?:COUNT|COUNT_DISTINCT|SUM|AVG|MIN|MAX)\s*\(\s*[\w.]*\s*\)/gi

/** The parentheses and the words that hold conditions together, in their order; those of a function of one field aside. */
function shape(soql: string): string {
  const code = soql.replace(/'(?:\\[^]|[^'\\])*'/g, '').replace(functions, '')
  return (code.match(/[()]|\b(?:AND|OR|NOT|IN|LIKE)\b/gi) ?? []).join(' ').toUpperCase()
}

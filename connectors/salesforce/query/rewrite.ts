// Read, checked, written, and read again: what is sent has to mean the same to the parser as what was asked.
import { HubError } from 'toolgate/kit'
import type { SalesforceReader } from '../salesforce.ts'
import { compile } from './compile.ts'
import type { Compiled } from './compile.ts'
import { parseSoql } from './parse.ts'

/** @throws HubError `invalid_input` for what is not understood, not allowed, or can be read in two ways */
export async function rewritten(soql: string, vendor: SalesforceReader, now: Date): Promise<Compiled> {
  const first = await compile(await parseSoql(soql), vendor, now)
  const text = written(first)
  const second = await compile(await parseSoql(text), vendor, now)
  // The parser passes over some signs: a parenthesis of nested negations, an OR right after WHERE.
  if (written(second) === text && shape(text) === shape(soql)) return first
  throw new HubError('invalid_input', 'The conditions can be read in more than one way. Use fewer parentheses and one NOT.')
}

function written({ object, count, fields, where, orders, limit }: Compiled): string {
  return [
    `SELECT ${count ? 'COUNT()' : fields.join(', ')} FROM ${object}`,
    ...(where === undefined ? [] : [`WHERE ${where}`]),
    ...(orders.length > 0 ? [`ORDER BY ${orders.join(', ')}`] : []),
    ...(limit === undefined ? [] : [`LIMIT ${limit}`]),
  ].join(' ')
}

/** The parentheses and the words that hold conditions together, in their order. */
function shape(soql: string): string {
  const code = soql.replace(/'(?:\\[^]|[^'\\])*'/g, '')
  return (code.match(/[()]|\b(?:AND|OR|NOT|IN|LIKE)\b/gi) ?? []).join(' ').toUpperCase()
}

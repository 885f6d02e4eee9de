// A caller's JQL, written again from its tree: only clauses that are known, every value quoted. Nothing of its text is kept.
import { HubError, visibleText } from 'toolgate/kit'
import type { Clause, Operand, OrderBy, TerminalClause } from '@atlaskit/jql-ast'
import { quoted, textQuery } from '../jql.ts'
import { allowedField, allowedFunction, fieldNames, isSortable, takes } from './fields.ts'
import type { Allowed } from './fields.ts'
import { parseJql } from './parse.ts'

export interface Bounds {
  /** The only projects that it may name; undefined: those that the hub's account sees. */
  readonly projects: readonly string[] | undefined
  /** Further fields that it may name. */
  readonly fields: readonly string[]
}

export interface Rewritten {
  /** In parentheses, so that it can be joined with AND. */
  readonly where: string
  readonly orderBy: string | undefined
}

const mostClauses = 100
const mostValues = 200

export async function rewrittenJql(jql: string, bounds: Bounds): Promise<Rewritten> {
  const { where, orderBy } = await parseJql(jql)
  if (where === undefined) throw no('The query has no condition. Give at least one, such as status = Open.')
  const room = { clauses: mostClauses, values: mostValues }
  return {
    where: `(${clauseOf(where, { ...bounds, room })})`,
    orderBy: orderBy === undefined ? undefined : ordersOf(orderBy, bounds),
  }
}

interface Context extends Bounds {
  readonly room: { clauses: number; values: number }
}

function clauseOf(clause: Clause, context: Context): string {
  switch (clause.clauseType) {
    case 'compound': {
      const joint = { and: ' AND ', or: ' OR ' }[clause.operator.value]
      return clause.clauses.map((each) => `(${clauseOf(each, context)})`).join(joint)
    }
    case 'not':
      return `NOT (${clauseOf(clause.clause, context)})`
    case 'terminal':
      return terminalOf(clause, context)
    default:
      throw no('The query has a clause of a kind that is not known.')
  }
}

function terminalOf({ field: named, operator, operand, predicates }: TerminalClause, context: Context): string {
  if (--context.room.clauses < 0) throw no(`The query has more than ${mostClauses} conditions.`)
  const field = fieldOf(named, context)
  const said = operator?.value.toLowerCase() ?? ''
  if (operand === undefined || predicates.length > 0 || !takes(field.kind, said))
    throw no(`Queries cannot use "${said === '' ? 'nothing' : said}" on ${field.name}, nor look into its history.`)
  if (said === 'is' || said === 'is not') {
    if (operand.operandType !== 'keyword') throw no(`"${said}" takes EMPTY and nothing else.`)
    return `${written(field)} ${said} EMPTY`
  }
  const isList = said === 'in' || said === 'not in'
  if (operand.operandType === 'list') {
    if (!isList) throw no(`"${said}" takes one value, and not a list.`)
    return `${written(field)} ${said} (${operand.values.map((each) => valueOf(each, field, said, context)).join(', ')})`
  }
  if (isList && operand.operandType !== 'function') throw no(`"${said}" takes a list in parentheses.`)
  if (operand.operandType === 'keyword') {
    if (said !== '=' && said !== '!=') throw no(`"${said}" does not take EMPTY.`)
    return `${written(field)} ${said === '=' ? 'is' : 'is not'} EMPTY`
  }
  return `${written(field)} ${said} ${valueOf(operand, field, said, context)}`
}

function valueOf(operand: Operand, field: Allowed, operator: string, context: Context): string {
  if (--context.room.values < 0) throw no(`The query has more than ${mostValues} values.`)
  if (operand.operandType === 'function') {
    const name = operand.function.value
    const called = allowedFunction(name)
    const fits = called?.kind === 'option' ? field.name === 'sprint' : [called?.kind, 'custom'].includes(field.kind)
    if (called === undefined || !fits || operand.arguments.length > called.most)
      throw no(`Queries cannot call ${spoken(name)}() on ${field.name}.`)
    return `${called.name}(${operand.arguments.map(({ text }) => quoted(increment(plain(text)))).join(', ')})`
  }
  if (operand.operandType !== 'value') throw no(`A list of ${field.name} has single values and nothing else.`)
  const text = plain(operand.text)
  if (field.kind === 'project') return quoted(inside(text, text, 'project', context))
  if (field.kind === 'key') return quoted(inside(text.toUpperCase(), text.split('-')[0] ?? '', 'issue', context))
  if (operator === '~' || operator === '!~') return quoted(textOf(text))
  return quoted(text)
}

/** The same words whether there is such a project or not. */
function inside(value: string, project: string, what: string, { projects }: Context): string {
  if (what === 'issue' && !/^[A-Z][A-Z0-9_]{1,9}-[1-9]\d{0,9}$/.test(value))
    throw no(`Queries name issues by their keys, such as OPS-42.`)
  if (projects === undefined) return value
  const found = projects.find((key) => key === project.toUpperCase())
  if (found === undefined)
    throw no(`Queries can name only the projects that you may use here, by key: ${projects.join(', ')}.`)
  return what === 'project' ? found : value
}

function ordersOf({ fields }: OrderBy, bounds: Bounds): string {
  if (fields.length > 5) throw no('The query is ordered by more than five fields.')
  return fields
    .map(({ field: named, direction }) => {
      const field = fieldOf(named, bounds)
      if (!isSortable(field)) throw no(`Queries cannot be ordered by ${field.name}.`)
      return `${written(field)} ${direction?.value === 'DESC' ? 'DESC' : 'ASC'}`
    })
    .join(', ')
}

function fieldOf({ text, properties }: TerminalClause['field'], { fields }: Bounds): Allowed {
  const name = plain(text)
  const field = (properties?.length ?? 0) === 0 ? allowedField(name, fields) : undefined
  if (field !== undefined) return field
  throw no(`Queries cannot name the field ${spoken(name)}. They can name: ${fieldNames(fields).join(', ')}.`)
}

function written({ name }: Allowed): string {
  return /^[A-Za-z]+$|^cf\[\d{1,10}\]$/.test(name) ? name : quoted(name)
}

/** The library drops the backslash of `\u0041`, where Jira reads a letter; so the text is read here. */
function plain(text: string): string {
  const isQuoted = /^(["'])[^]*\1$/.test(text) && text.length > 1
  if (!isQuoted && text.includes('\\')) throw no('Put a value with a backslash into quotes.')
  const read = isQuoted ? text.slice(1, -1).replace(/\\(?:u([0-9a-fA-F]{4})|([^]))/g, unescaped) : text
  if (read.trim() === '' || read.length > 255 || visibleText(read) !== read || /[\r\n\t]/.test(read))
    throw no('A value of the query is empty, longer than 255 characters, or has characters that cannot be seen.')
  return read
}

function unescaped(_: string, hex: string | undefined, single = ''): string {
  return hex === undefined
    ? ({ n: '\n', t: '\t', r: '\r' }[single] ?? single)
    : String.fromCharCode(Number.parseInt(hex, 16))
}

function textOf(text: string): string {
  const words = textQuery(text)
  if (words === '') throw no('A text to look for has no words in it.')
  return words
}

/** `-1d`, `1`, `+2w`. */
function increment(text: string): string {
  if (/^[+-]?\d{1,5}[yMwdhm]?$/.test(text)) return text
  throw no('A function of time takes an offset such as -1d.')
}

function spoken(name: string): string {
  return /^[\w. [\]-]{1,60}$/.test(name) ? name : 'with this name'
}

function no(message: string): HubError {
  return new HubError('invalid_input', message)
}

// The conditions of a query, evaluated. What is not understood is refused; nothing is passed over.
import type { Condition, NegationCondition, Query, ValueQueryCondition, WhereClause } from '@jetstreamapp/soql-parser-js'
import { toLongId } from '../identifiers.ts'
import { spanOf } from './dates.ts'
import type { Span } from './dates.ts'
import { columnAt } from './fields.ts'
import type { Column } from './fields.ts'
import { Refusal } from './refusal.ts'
import { isComparable } from './schema.ts'
import type { SandboxField, SandboxObject } from './schema.ts'

/** Whether a record fits, given how to read a column of it. */
export type Test = (valueOf: (column: Column) => string | number | boolean | null) => boolean

type Token = '(' | ')' | 'NOT' | 'AND' | 'OR' | Test

const numeric = new Set(['currency', 'percent'])

/** What a query inside a condition selects. */
type Join = (query: Query) => ReadonlySet<unknown>

export function compileWhere(object: SandboxObject, where: WhereClause, now: Date, join: Join): Test {
  const tokens = tokensOf(where, (condition) => compileCondition(object, condition, now, join))
  const test = expression(tokens)
  if (tokens.length > 0) throw malformed('unexpected token')
  return test
}

/** The parser gives a list with counts of parentheses; a list of tokens can be read by precedence. */
function tokensOf(where: WhereClause, compile: (condition: Leaf) => Test): Token[] {
  const tokens: Token[] = []
  for (let clause: WhereClause | undefined = where; clause; clause = 'right' in clause ? clause.right : undefined) {
    const { left } = clause
    if (left && 'openParen' in left) tokens.push(...Array.from({ length: left.openParen ?? 0 }, () => '(' as const))
    if (left && isLeaf(left)) tokens.push(compile(left))
    if (left && 'closeParen' in left) tokens.push(...Array.from({ length: left.closeParen ?? 0 }, () => ')' as const))
    if ('operator' in clause) tokens.push(clause.operator)
  }
  return tokens
}

type Leaf = Exclude<Condition, NegationCondition> | ValueQueryCondition

function isLeaf(left: Condition | ValueQueryCondition): left is Leaf {
  return 'operator' in left
}

function expression(tokens: Token[]): Test {
  let test = term(tokens)
  let joined: Token | undefined
  while (tokens[0] === 'AND' || tokens[0] === 'OR') {
    const operator = tokens.shift()
    // Salesforce has no precedence between the two: it wants parentheses.
    if (joined !== undefined && joined !== operator) throw malformed(`unexpected token: '${String(operator)}'`)
    joined = operator
    const [left, right] = [test, term(tokens)]
    test = operator === 'AND' ? (read) => left(read) && right(read) : (read) => left(read) || right(read)
  }
  return test
}

function term(tokens: Token[]): Test {
  const token = tokens.shift()
  if (typeof token === 'function') return token
  if (token === 'NOT') {
    const inner = term(tokens)
    return (read) => !inner(read)
  }
  if (token !== '(') throw malformed(`unexpected token: '${token ?? 'EOF'}'`)
  const inner = expression(tokens)
  if (tokens.shift() !== ')') throw malformed("expecting ')'")
  return inner
}

function compileCondition(object: SandboxObject, condition: Leaf, now: Date, join: Join): Test {
  if ('valueQuery' in condition) {
    const column = columnAt(object, condition.field)
    if (!['id', 'reference'].includes(column.field.type) || !/^(?:NOT )?IN$/.test(condition.operator))
      throw malformed('semi join sub-selects are for ids')
    const ids = join(condition.valueQuery)
    return (read) => ids.has(read(column)) === (condition.operator === 'IN')
  }
  if (!('field' in condition) || !('value' in condition)) throw malformed('this sandbox evaluates no functions')
  const column = columnAt(object, condition.field)
  const { field } = column
  if (!isComparable(field))
    throw new Refusal(400, 'INVALID_FIELD', `field '${field.name}' can not be filtered in a query call`)
  const { operator } = condition
  const types = [condition.literalType].flat()
  const values = [condition.value].flat().map((value, index) => operandOf(field, value, types[index] ?? types[0], now))
  if (operator === 'IN' || operator === 'NOT IN') {
    const tests = values.map((value) => compare(field, '=', value))
    return (read) => tests.some((test) => test(read(column))) === (operator === 'IN')
  }
  const [value] = values
  if (values.length !== 1 || value === undefined) throw malformed('a comparison takes one value')
  const test = operator === 'LIKE' ? like(field, value) : compare(field, operator, value)
  return (read) => test(read(column))
}

type Operand = string | number | boolean | null | Span

function operandOf(field: SandboxField, written: string, type: string | undefined, now: Date): Operand {
  const wrong = (): Refusal =>
    new Refusal(400, 'INVALID_FIELD', `value of filter criterion for field '${field.name}' must be of type ${field.type}`)
  switch (type) {
    case 'NULL':
      return null
    case 'STRING':
      if (numeric.has(field.type) || ['boolean', 'date', 'datetime'].includes(field.type)) throw wrong()
      return written.slice(1, -1)
    case 'INTEGER':
    case 'DECIMAL':
      if (!numeric.has(field.type)) throw wrong()
      return Number(written)
    case 'BOOLEAN':
      if (field.type !== 'boolean') throw wrong()
      return written.toUpperCase() === 'TRUE'
    case 'DATE':
    case 'DATETIME':
      if (field.type !== type.toLowerCase() || Number.isNaN(Date.parse(written))) throw wrong()
      return Date.parse(written)
    case 'DATE_LITERAL':
    case 'DATE_N_LITERAL': {
      const span = spanOf(written, now)
      if (field.type !== 'date' && field.type !== 'datetime') throw wrong()
      if (!span) throw malformed(`this sandbox does not know the date literal ${written}`)
      return span
    }
    default:
      throw malformed(`this sandbox does not evaluate values of type ${type ?? 'unknown'}`)
  }
}

type ValueTest = (value: string | number | boolean | null) => boolean

function compare(field: SandboxField, operator: string, operand: Operand): ValueTest {
  const sides = order(field, operand)
  switch (operator) {
    case '=':
      return (value) => sides(value) === 0
    case '!=':
      return (value) => sides(value) !== 0
    case '<':
      return (value) => sides(value) === -1
    case '<=':
      return (value) => [-1, 0].includes(sides(value) ?? 2)
    case '>':
      return (value) => sides(value) === 1
    case '>=':
      return (value) => [0, 1].includes(sides(value) ?? 2)
    default:
      throw malformed(`this sandbox does not evaluate ${operator}`)
  }
}

/** Below, within or equal to, or above the operand; undefined where one of them is empty. */
function order(field: SandboxField, operand: Operand): (value: string | number | boolean | null) => -1 | 0 | 1 | undefined {
  if (operand === null) return (value) => (value === null ? 0 : undefined)
  if (typeof operand === 'object') {
    return (value) => {
      if (value === null) return undefined
      const time = Date.parse(String(value))
      if (time < operand.start) return -1
      return time < operand.end ? 0 : 1
    }
  }
  const right = comparable(field, typeof operand === 'string' ? unescaped(operand) : operand)
  return (value) => {
    if (value === null) return undefined
    const left = comparable(field, value)
    if (left === right) return 0
    return left < right ? -1 : 1
  }
}

/** Text is compared without regard to case, ids with it, times as times. */
export function comparable(field: SandboxField, value: string | number | boolean): string | number {
  if (field.type === 'date' || field.type === 'datetime')
    return typeof value === 'number' ? value : Date.parse(String(value))
  if (field.type === 'id' || field.type === 'reference')
    return String(value).length === 15 ? toLongId(String(value)) : String(value)
  return typeof value === 'number' ? value : String(value).toLowerCase()
}

function like(field: SandboxField, operand: Operand): ValueTest {
  if (typeof operand !== 'string' || field.type === 'id' || field.type === 'reference') {
    throw new Refusal(400, 'INVALID_FIELD', `invalid operator on ${field.type} field '${field.name}'`)
  }
  const parts = operand.match(/\\.|[^\\]/gsu) ?? []
  const source = parts.map((part) => {
    if (part === '%') return '.*'
    if (part === '_') return '.'
    return literally(part === '\\%' || part === '\\_' ? part.slice(1) : unescaped(part))
  })
  const pattern = new RegExp(`^${source.join('')}$`, 'isu')
  return (value) => value !== null && pattern.test(String(value))
}

// https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/sforce_api_calls_soql_select_quotedstringescapes.htm
const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  b: '\b',
  f: '\f',
  '"': '"',
  "'": "'",
  '\\': '\\',
}

function unescaped(text: string): string {
  return text.replace(/\\(.?)/gsu, (_, character: string) => {
    const meant = escapes[character.toLowerCase()]
    if (meant === undefined) throw malformed('invalid escape sequence in a string')
    return meant
  })
}

function literally(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
}

function malformed(message: string): Refusal {
  return new Refusal(400, 'MALFORMED_QUERY', message)
}

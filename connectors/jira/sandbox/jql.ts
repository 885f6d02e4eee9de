// Evaluates JQL as Jira would, or refuses it as Jira would. Parsed with Atlassian's own grammar.
// https://support.atlassian.com/jira-software-cloud/docs/what-is-advanced-search-in-jira-cloud/
import { createRequire } from 'node:module'
import type * as JqlAst from '@atlaskit/jql-ast'
import type { Clause, Jast, Operand, Query, TerminalClause } from '@atlaskit/jql-ast'
import { badRequest } from './answer.ts'
import { fieldNamed, orderOf, unresolved } from './jql-fields.ts'
import type { Field, Value } from './jql-fields.ts'
import { edgeOf, relativeTo, textMatcher } from './jql-values.ts'
import { hub } from './world.ts'
import type { IssueDocument, World } from './world.ts'

/** The grammar takes 300 ms to load, and only whoever searches needs it. */
const parser = () => createRequire(import.meta.url)('@atlaskit/jql-ast') as typeof JqlAst

/** Longer or deeper queries would hold up the process. */
const limits = { length: 10_000, depth: 50 }

export function evaluate(jql: string, world: World, now: Date): readonly IssueDocument[] {
  const { where, orderBy } = parse(jql)
  if (where === undefined)
    throw badRequest('Unbounded JQL queries are not allowed here. Please add a search restriction to your query.')
  const matches = compile(where, false, { world, now })
  const order = (orderBy?.fields ?? []).map(({ field, direction }) =>
    orderOf(nameOf(field), direction?.value !== 'ASC' && direction !== undefined),
  )
  return world
    .issues()
    .filter((issue) => world.visible(issue) && matches(issue))
    .sort((left, right) => {
      for (const compare of order) {
        const difference = compare(left, right)
        if (difference !== 0) return difference
      }
      return Number(right.id) - Number(left.id)
    })
}

function parse(jql: string): Query {
  if (jql.length > limits.length) throw badRequest('The JQL query is too long.')
  if (depthOf(jql) > limits.depth) throw badRequest('The JQL query is too complex.')
  const { JastBuilder } = parser()
  let tree: Jast
  try {
    tree = new JastBuilder().build(jql)
  } catch {
    throw badRequest('Error in the JQL Query: it could not be read.')
  }
  // There is a tree also for what is broken, and it means something else.
  const [error] = tree.errors
  if (error !== undefined) throw badRequest(`Error in the JQL Query: ${error.message.slice(0, 200)}`)
  if (tree.query === undefined)
    throw badRequest('Unbounded JQL queries are not allowed here. Please add a search restriction to your query.')
  return tree.query
}

function depthOf(jql: string): number {
  let depth = 0
  let deepest = 0
  for (const character of jql) {
    if (character === '(') deepest = Math.max(deepest, ++depth)
    if (character === ')') depth -= 1
  }
  const nots = jql.match(/(?:\b(?:not)\b|!)\s*/gi)?.length ?? 0
  return Math.max(deepest, nots)
}

interface Context {
  readonly world: World
  readonly now: Date
}
type Matches = (issue: IssueDocument) => boolean

/** Jira pushes NOT down to the operators, so that `NOT assignee = x` leaves out the unassigned as `assignee != x` does. */
function compile(clause: Clause, negated: boolean, context: Context): Matches {
  if (clause.clauseType === 'not') return compile(clause.clause, !negated, context)
  if (clause.clauseType === 'compound') {
    const parts = clause.clauses.map((part) => compile(part, negated, context))
    const every = (clause.operator.value === 'and') !== negated
    return every ? (issue) => parts.every((part) => part(issue)) : (issue) => parts.some((part) => part(issue))
  }
  return compileTerminal(clause, negated, context)
}

const opposites: Readonly<Record<string, string>> = {
  '=': '!=',
  '!=': '=',
  '>': '<=',
  '<=': '>',
  '<': '>=',
  '>=': '<',
  '~': '!~',
  '!~': '~',
  in: 'not in',
  'not in': 'in',
  is: 'is not',
  'is not': 'is',
}

function compileTerminal(clause: TerminalClause, negated: boolean, context: Context): Matches {
  const name = nameOf(clause.field)
  const field = fieldNamed(name)
  if (clause.operator === undefined || clause.operand === undefined) {
    throw badRequest(`The operator 'changed' is not supported by the '${name}' field.`)
  }
  const said = clause.operator.value
  if (opposites[said] === undefined) throw badRequest(`History searches do not support the '${name}' field.`)
  if (clause.predicates.length > 0) throw badRequest(`The operator '${said}' takes no predicates.`)
  const operator = negated ? (opposites[said] ?? said) : said
  if (!field.operators.includes(operator))
    throw badRequest(`The operator '${operator}' is not supported by the '${name}' field.`)
  return comparison(field, operator, clause.operand, context)
}

function comparison(field: Field, operator: string, operand: Operand, context: Context): Matches {
  const read = (issue: IssueDocument) => field.values(issue, context.world)
  const isList = operator === 'in' || operator === 'not in'
  if (isList !== (operand.operandType === 'list') && operand.operandType !== 'function') {
    throw badRequest(
      `Operator '${operator}' does not support the ${isList ? 'non-list' : 'list'} value for field '${field.name}'.`,
    )
  }
  if (operator === 'is' || operator === 'is not') {
    if (operand.operandType !== 'keyword') throw badRequest(`The '${operator}' operator only takes EMPTY or NULL.`)
    return (issue) => (read(issue).length === 0) === (operator === 'is')
  }
  if (operand.operandType === 'keyword') {
    if (operator !== '=' && operator !== '!=') throw badRequest(`The operator '${operator}' does not take EMPTY.`)
    return (issue) => (read(issue).length === 0) === (operator === '=')
  }
  if (operator === '~' || operator === '!~') {
    const matches = textMatcher(textOf(operand), field.name)
    return (issue) => {
      const texts = read(issue).map(String)
      return texts.length > 0 && matches(texts) === (operator === '~')
    }
  }
  const wanted = (isList ? operands(operand) : [operand]).flatMap((each) => valuesOf(field, each, context))
  const holds = ordering(operator)
  if (holds !== undefined) return (issue) => read(issue).some((value) => wanted.some((each) => holds(value, each)))
  const positive = operator === '=' || operator === 'in'
  return (issue) => {
    const values = read(issue)
    if (values.length === 0 && wanted.includes(unresolved) && field.name === 'resolution') return positive
    // What has no value is neither equal nor unequal.
    return values.length > 0 && values.some((value) => wanted.includes(value)) === positive
  }
}

function ordering(operator: string): ((left: Value, right: Value) => boolean) | undefined {
  if (operator === '>') return (left, right) => left > right
  if (operator === '>=') return (left, right) => left >= right
  if (operator === '<') return (left, right) => left < right
  if (operator === '<=') return (left, right) => left <= right
  return undefined
}

function operands(operand: Operand): readonly Operand[] {
  return operand.operandType === 'list' ? operand.values : [operand]
}

/** https://support.atlassian.com/jira-software-cloud/docs/jql-functions/ : functions of sprints stand for several. */
function valuesOf(field: Field, operand: Operand, context: Context): readonly Value[] {
  const called = operand.operandType === 'function' ? operand.function.value.toLowerCase() : ''
  const state = { opensprints: 'active', futuresprints: 'future', closedsprints: 'closed' }[called]
  if (field.name !== 'sprint' || state === undefined) return [valueOf(field, operand, context)]
  return context.world.state.list('sprint').flatMap(({ id, value }) => (value['state'] === state ? [id] : []))
}

function valueOf(field: Field, operand: Operand, { world, now }: Context): Value {
  if (operand.operandType === 'function') {
    const { value: called } = operand.function
    const isPlain = operand.arguments.length === 0
    if (field.kind === 'user' && called.toLowerCase() === 'currentuser' && isPlain) return hub
    if (field.kind === 'time' && called.toLowerCase() === 'now' && isPlain) return now.getTime()
    const edge =
      field.kind === 'time'
        ? edgeOf(
            now,
            called,
            operand.arguments.map(({ text }) => unescaped(text)),
          )
        : undefined
    if (edge !== undefined) return edge
    throw badRequest(`Unable to find JQL function '${called}(${operand.arguments.map(({ text }) => text).join(', ')})'.`)
  }
  const text = textOf(operand)
  if (field.kind === 'time') return relativeTo(now, text, field.name)
  const value = field.resolve(text, world)
  if (value === undefined) throw badRequest(`The value '${text}' does not exist for the field '${field.name}'.`)
  return value
}

function textOf(operand: Operand): string {
  if (operand.operandType !== 'value') throw badRequest('The query has a value of a kind that is not supported here.')
  return unescaped(operand.text)
}

/** The library drops the backslash of `\u0041`; Jira reads the character. */
function unescaped(text: string): string {
  const isQuoted = text.length > 1 && (text.startsWith('"') || text.startsWith("'"))
  const letters: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' }
  return (isQuoted ? text.slice(1, -1) : text).replace(/\\(?:u([0-9a-fA-F]{4})|([\s\S]))/g, (_, hex?: string, single = '') =>
    hex === undefined ? (letters[single] ?? single) : String.fromCharCode(Number.parseInt(hex, 16)),
  )
}

function nameOf(field: TerminalClause['field']): string {
  if (field.properties !== undefined && field.properties.length > 0)
    throw badRequest(`Entity properties of '${field.value}' are not indexed.`)
  return unescaped(field.text)
}

// Queries that put rows together: GROUP BY, the functions that count and sum, and conditions on what they give.
// https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/sforce_api_calls_soql_select_agg_functions.htm
import type { Condition, FieldType, OrderByClause, Query } from '@jetstreamapp/soql-parser-js'
import type { FieldSchema } from '../salesforce.ts'
import { condition } from '../soql.ts'
import { operators, valueOf } from './literals.ts'
import { chained, onlyOf, pathOf, refused } from './paths.ts'
import type { Path, Scope } from './paths.ts'

/** One column of the answer: under which name it comes, and of which field it says what. */
export interface GroupColumn {
  readonly alias: string
  readonly path: string
  /** `group`, or the function. */
  readonly says: string
}

export interface Grouped {
  /** As SOQL, each under a name of ours. */
  readonly fields: readonly string[]
  readonly columns: readonly GroupColumn[]
  readonly by: readonly string[]
  readonly having: string | undefined
  readonly orders: readonly string[]
}

interface Called {
  readonly functionName?: string
  readonly parameters?: readonly unknown[]
}

const functions = new Set(['COUNT', 'COUNT_DISTINCT', 'SUM', 'AVG', 'MIN', 'MAX'])
const sums = new Set(['SUM', 'AVG'])
const numbers = new Set(['int', 'long', 'double', 'currency', 'percent'])
const [mostGroups, mostColumns, mostOrders] = [3, 20, 3]

/** Undefined for a query that puts no rows together. */
export async function grouped(scope: Scope, query: Query): Promise<Grouped | undefined> {
  const { fields = [], groupBy, having, orderBy, limit } = query
  const calls = fields.some((field) => field.type === 'FieldFunctionExpression')
  if (!groupBy && !having && !calls) return undefined
  const groups = groupBy === undefined ? [] : [groupBy].flat()
  if (groups.length > mostGroups) throw refused(`Rows are grouped by ${mostGroups} fields at most.`)
  if (fields.length > mostColumns) throw refused(`A query with groups takes ${mostColumns} columns.`)
  const by: Path[] = []
  for (const group of groups) {
    if (!('field' in group)) throw refused('Rows are grouped by fields only: no ROLLUP, no CUBE, no functions of dates.')
    const path = await pathOf(scope, group.field)
    if (!path.field.groupable) throw refused(`Rows cannot be grouped by ${path.soql}.`)
    by.push(path)
  }
  if (by.length === 0 && (orderBy !== undefined || limit !== undefined || having !== undefined))
    throw refused('Without GROUP BY there is one row: no ORDER BY, LIMIT or HAVING.')
  const columns: GroupColumn[] = []
  const written: string[] = []
  const aliases = new Map<string, Path>()
  for (const [index, field] of fields.entries()) {
    const { path, says } = await columnOf(scope, by, field)
    const alias = `c${index}`
    columns.push({ alias, path: path.of, says })
    written.push(`${path.soql} ${alias}`)
    if ('alias' in field && field.alias !== undefined && !/^c\d+$/.test(field.alias)) {
      if (scope.schema.has(field.alias)) throw refused(`The alias ${field.alias} is the name of a field too.`)
      aliases.set(field.alias.toLowerCase(), path)
    }
  }
  return {
    fields: written,
    columns,
    by: by.map(({ soql }) => soql),
    having: having && (await chained<Condition>(having, async (one) => await kept(scope, by, one))),
    orders: await sorted(scope, by, aliases, orderBy === undefined ? [] : [orderBy].flat()),
  }
}

interface Column {
  readonly path: Path & { readonly of: string }
  readonly says: string
}

async function columnOf(scope: Scope, by: readonly Path[], field: FieldType): Promise<Column> {
  if (field.type === 'FieldFunctionExpression') {
    const { path, says } = await called(scope, field)
    return { path, says }
  }
  if (field.type !== 'Field' && field.type !== 'FieldRelationship')
    throw refused('A query with groups takes fields that rows are grouped by, and COUNT, SUM, AVG, MIN, MAX of fields.')
  const name = field.type === 'Field' ? field.field : [...field.relationships, field.field].join('.')
  const path = await member(scope, by, name)
  return { path: { ...path, of: path.soql }, says: 'group' }
}

/** A field that the rows are grouped by. */
async function member(scope: Scope, by: readonly Path[], name: string): Promise<Path> {
  const path = await pathOf(scope, name)
  if (by.some(({ soql }) => soql === path.soql)) return path
  throw refused(`${path.soql} is neither in GROUP BY nor in a function.`)
}

async function called(scope: Scope, { functionName = '', parameters = [] }: Called): Promise<Column> {
  const name = functionName.toUpperCase()
  const [of, ...more] = parameters
  if (!functions.has(name) || typeof of !== 'string' || more.length > 0)
    throw refused('Of functions, COUNT(), COUNT, COUNT_DISTINCT, SUM, AVG, MIN and MAX of one field are taken.')
  const path = await pathOf(scope, of)
  const { field } = path
  const fits = sums.has(name) ? numbers.has(field.type) && field.aggregatable : field.aggregatable
  if (!fits) throw refused(`${name} of ${path.soql} is nothing that Salesforce computes.`)
  const soql = `${name}(${path.soql})`
  const made: FieldSchema = { ...field, name: soql, type: typeOf(name, field), filterable: true, restrictedPicklist: false }
  return { path: { soql, of: path.soql, field: made, schema: onlyOf(path.schema, made) }, says: name.toLowerCase() }
}

function typeOf(name: string, { type }: FieldSchema): string {
  if (name.startsWith('COUNT')) return 'int'
  return sums.has(name) ? 'double' : type
}

/** One condition of HAVING: on a function, or on a field that the rows are grouped by. */
async function kept(scope: Scope, by: readonly Path[], one: Condition): Promise<string> {
  if (!('operator' in one) || !('value' in one)) throw refused('HAVING compares functions and grouped fields with values.')
  const path = 'fn' in one ? (await called(scope, one.fn)).path : await member(scope, by, one.field)
  const op = operators[one.operator]
  if (op === undefined) throw refused(`The operator ${one.operator} is not taken in HAVING.`)
  const prefix = path.soql.slice(0, -path.field.name.length)
  return prefix + condition(path.schema, { field: path.field.name, op, value: valueOf(path.field, one) })
}

async function sorted(
  scope: Scope,
  by: readonly Path[],
  aliases: ReadonlyMap<string, Path>,
  orders: readonly OrderByClause[],
): Promise<readonly string[]> {
  if (orders.length > mostOrders) throw refused(`A query is ordered by ${mostOrders} fields at most.`)
  const written: string[] = []
  for (const one of orders) {
    const path =
      'fn' in one
        ? (await called(scope, one.fn)).path
        : (aliases.get(one.field.toLowerCase()) ?? (await member(scope, by, one.field)))
    written.push(`${path.soql} ${one.order === 'DESC' ? 'DESC' : 'ASC'} NULLS ${one.nulls === 'FIRST' ? 'FIRST' : 'LAST'}`)
  }
  return written
}

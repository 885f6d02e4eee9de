// A caller's SOQL, read by a parser and written again by us: every name resolved, every value through our own encoder.
import type {
  Condition,
  FieldType,
  OrderByClause,
  ValueQueryCondition,
  Query,
  Subquery,
  WhereClause,
} from '@jetstreamapp/soql-parser-js'
import type { ObjectName } from '../objects.ts'
import type { ObjectSchema, SalesforceReader } from '../salesforce.ts'
import { condition, likeCondition } from '../soql.ts'
import { grouped } from './grouped.ts'
import type { Grouped } from './grouped.ts'
import { operators, valueOf } from './literals.ts'
import { chained, isId, nameOf, pathOf, readable, refused } from './paths.ts'
import type { Narrow, Path, Scope } from './paths.ts'

export type { Narrow } from './paths.ts'

export interface Compiled {
  readonly object: ObjectName
  readonly count: boolean
  /** As SOQL. */
  readonly fields: readonly string[]
  readonly where: string | undefined
  /** Where rows are put together. */
  readonly groups: Grouped | undefined
  readonly orders: readonly string[]
  readonly limit: number | undefined
  /** Everything of which the answer says something, also by what it leaves out. */
  readonly objects: readonly ObjectName[]
  /** Every field that it names in any clause: `Account.Phone`. */
  readonly named: readonly string[]
}

const clauses = new Set(['fields', 'sObject', 'relationshipName', 'where', 'orderBy', 'limit'])
const outerClauses = new Set([...clauses, 'groupBy', 'having'])
const [mostFields, mostOrders, mostRelated, largestLimit] = [40, 3, 50, 100]

/** @throws HubError `invalid_input` for whatever is not understood or not allowed; nothing is passed over */
export async function compile(query: Query, vendor: SalesforceReader, now: Date, narrow?: Narrow): Promise<Compiled> {
  const touched = new Set<ObjectName>()
  const open = async (name: string): Promise<ObjectSchema> => {
    const known = objectNamed(vendor, name)
    touched.add(known)
    return vendor.describe(known, now)
  }
  const schema = await open(query.sObject ?? '')
  const named = new Set<string>()
  const scope: Scope = {
    schema,
    object: schema.name,
    works: (name) => vendor.objectNames.includes(name),
    open,
    outer: true,
    narrow,
    named,
    parents: new Map(),
  }
  requireKnown(query, outerClauses)
  const count = isCount(query.fields ?? [])
  const groups = count && !query.groupBy && !query.having ? undefined : await grouped(scope, query)
  const fields = groups?.fields ?? (count ? [] : await selected(scope, query.fields ?? []))
  const asked = query.where && (await conditions(scope, query.where))
  const orders = groups?.orders ?? (await ordered(scope, query.orderBy))
  const where = kept(scope, asked)
  const limit = limited(query.limit, largestLimit)
  return { object: scope.object, count, fields, where, groups, orders, limit, objects: [...touched], named: [...named] }
}

/** With the conditions that keep it to what one may see; the caller’s own cannot reach out of their parentheses. */
function kept({ narrow, schema, object, parents }: Scope, asked: string | undefined): string | undefined {
  const bounds = [...(narrow?.(schema, object, '') ?? []), ...parents.values()]
  if (bounds.length === 0) return asked
  return [...(asked === undefined ? [] : [asked]), ...bounds].map((one) => `(${one})`).join(' AND ')
}

async function selected(scope: Scope, fields: readonly FieldType[]): Promise<readonly string[]> {
  if (fields.length > mostFields) throw refused(`A query takes ${mostFields} fields; this one has ${fields.length}.`)
  const written: string[] = []
  for (const field of fields) {
    if (field.type === 'FieldSubquery') written.push(await related(scope, field.subquery))
    else written.push(readable(await pathOf(scope, nameOf(field))))
  }
  return [...new Set(written)]
}

/** `(SELECT … FROM Contacts)`: the relationship is one of the object's own, to an object that the hub works with. */
async function related(scope: Scope, query: Subquery): Promise<string> {
  requireKnown(query)
  const relationship = scope.outer
    ? scope.schema.childRelationships.find(
        (one) => one.relationshipName?.toLowerCase() === query.relationshipName.toLowerCase(),
      )
    : undefined
  if (!relationship?.relationshipName || !scope.works(relationship.childSObject) || query.sObjectPrefix !== undefined)
    throw refused(`${scope.schema.name} has no related list ${query.relationshipName} that the hub works with.`)
  const schema = await scope.open(relationship.childSObject)
  const inner: Scope = { ...scope, schema, object: relationship.childSObject, outer: false, parents: new Map() }
  const fields = await selected(inner, query.fields ?? [])
  const asked = query.where && (await conditions(inner, query.where))
  const orders = await ordered(inner, query.orderBy)
  const where = kept(inner, asked)
  return [
    `(SELECT ${[...new Set(['Id', ...fields])].join(', ')} FROM ${relationship.relationshipName}`,
    ...(where === undefined ? [] : [`WHERE ${where}`]),
    ...(orders.length > 0 ? [`ORDER BY ${orders.join(', ')}`] : []),
    `LIMIT ${limited(query.limit, mostRelated) ?? mostRelated})`,
  ].join(' ')
}

type Leaf = Extract<Condition | ValueQueryCondition, { operator: unknown }>

async function conditions(scope: Scope, where: WhereClause): Promise<string> {
  return await chained(where as Parameters<typeof chained<Leaf>>[0], async (one) => await leaf(scope, one))
}

async function leaf(scope: Scope, one: Leaf): Promise<string> {
  if (!('field' in one)) throw refused('Functions in conditions are not taken.')
  const path = await pathOf(scope, one.field)
  if ('valueQuery' in one) return semiJoin(scope, path, one.operator, one.valueQuery)
  const prefix = path.soql.slice(0, -path.field.name.length)
  const values = valueOf(path.field, one)
  if (one.operator === 'LIKE') return prefix + likeCondition(path.schema, path.field.name, values)
  const op = operators[one.operator]
  if (op === undefined) throw refused(`The operator ${one.operator} is not taken.`)
  return prefix + condition(path.schema, { field: path.field.name, op, value: values })
}

/** `Id IN (SELECT AccountId FROM Opportunity …)`: what it looks into counts as touched. */
async function semiJoin(scope: Scope, path: Path, operator: string, query: Query): Promise<string> {
  const [only, ...more] = query.fields ?? []
  const fits = scope.outer && (operator === 'IN' || operator === 'NOT IN') && isId(path.field)
  if (!fits || !only || more.length > 0)
    throw refused('Only an id can be looked for IN (SELECT one id FROM …), one level deep.')
  requireKnown(query)
  if (query.orderBy || query.limit !== undefined) throw refused('A query inside a condition has no ORDER BY and no LIMIT.')
  const schema = await scope.open(query.sObject ?? '')
  const inner: Scope = { ...scope, schema, object: schema.name, outer: false, parents: new Map() }
  const chosen = await pathOf(inner, nameOf(only))
  if (!isId(chosen.field) || chosen.soql.includes('.'))
    throw refused('A query inside a condition selects one id of its own object.')
  const where = kept(inner, query.where && (await conditions(inner, query.where)))
  return `${path.soql} ${operator} (SELECT ${chosen.soql} FROM ${schema.name}${where === undefined ? '' : ` WHERE ${where}`})`
}

async function ordered(scope: Scope, clause: OrderByClause | OrderByClause[] | undefined): Promise<readonly string[]> {
  const orders = clause === undefined ? [] : [clause].flat()
  if (orders.length > mostOrders) throw refused(`A query is ordered by ${mostOrders} fields at most.`)
  const written: string[] = []
  for (const one of orders) {
    if (!('field' in one)) throw refused('Functions in ORDER BY are not taken.')
    const { field, soql } = await pathOf(scope, one.field)
    if (!field.sortable) throw refused(`${soql} of ${scope.schema.name} cannot be sorted by.`)
    written.push(`${soql} ${one.order === 'DESC' ? 'DESC' : 'ASC'} NULLS ${one.nulls === 'FIRST' ? 'FIRST' : 'LAST'}`)
  }
  return written
}

function objectNamed(vendor: SalesforceReader, name: string): ObjectName {
  const known = vendor.objectNames.find((one) => one.toLowerCase() === name.toLowerCase())
  if (known !== undefined) return known
  throw refused('The query names a kind of record that the hub does not work with. sf_object_list shows those that it does.')
}

function requireKnown(query: Query | Subquery, known: ReadonlySet<string> = clauses): void {
  const strange = Object.keys(query).find((clause) => !known.has(clause))
  if (strange !== undefined)
    throw refused(
      `The clause ${strange} is not taken: SELECT, FROM, WHERE, GROUP BY, HAVING, ORDER BY and LIMIT are, and in inner queries those without grouping.`,
    )
}

function isCount(fields: readonly FieldType[]): boolean {
  const [only] = fields
  return fields.length === 1 && only?.type === 'FieldFunctionExpression' && only.rawValue?.toUpperCase() === 'COUNT()'
}

function limited(limit: number | undefined, most: number): number | undefined {
  if (limit === undefined || (Number.isInteger(limit) && limit >= 1 && limit <= most)) return limit
  throw refused(`LIMIT is from 1 to ${most} here. Without it, next_cursor leads through all the rows.`)
}

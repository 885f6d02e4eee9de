// A caller's SOQL, read by a parser and written again by us: every name resolved, every value through our own encoder.
import { HubError } from 'toolgate/kit'
import type { FieldType, OrderByClause, Query, Subquery, WhereClause } from '@jetstreamapp/soql-parser-js'
import { isObjectName, objectNames } from '../objects.ts'
import type { ObjectName } from '../objects.ts'
import type { FieldSchema, ObjectSchema, SalesforceReader } from '../salesforce.ts'
import { condition, likeCondition } from '../soql.ts'
import type { Operator } from '../soql.ts'
import { valueOf } from './literals.ts'

export interface Compiled {
  readonly object: ObjectName
  readonly count: boolean
  /** As SOQL. */
  readonly fields: readonly string[]
  readonly where: string | undefined
  readonly orders: readonly string[]
  readonly limit: number | undefined
  /** Everything of which the answer says something, also by what it leaves out. */
  readonly objects: readonly ObjectName[]
}

interface Scope {
  readonly schema: ObjectSchema
  readonly object: ObjectName
  /** The object of this name, described; refuses what the hub does not work with. */
  readonly open: (name: string) => Promise<ObjectSchema>
  /** Whether it may look into other objects: a subquery may not. */
  readonly outer: boolean
}

interface Path {
  readonly soql: string
  readonly field: FieldSchema
  readonly schema: ObjectSchema
}

const clauses = new Set(['fields', 'sObject', 'relationshipName', 'where', 'orderBy', 'limit'])
const operators: Readonly<Partial<Record<string, Operator>>> = {
  '=': 'eq',
  '!=': 'ne',
  '<': 'lt',
  '<=': 'le',
  '>': 'gt',
  '>=': 'ge',
  IN: 'in',
  'NOT IN': 'not_in',
}
const unreadable = new Set(['address', 'location', 'base64', 'complexvalue', 'anyType'])
const [mostFields, mostOrders, mostConditions, mostRelated, largestLimit] = [40, 3, 30, 50, 100]

/** @throws HubError `invalid_input` for whatever is not understood or not allowed; nothing is passed over */
export async function compile(query: Query, vendor: SalesforceReader, now: Date): Promise<Compiled> {
  const touched = new Set<ObjectName>()
  const open = async (name: string): Promise<ObjectSchema> => {
    const known = objectNamed(name)
    touched.add(known)
    return vendor.describe(known, now)
  }
  const schema = await open(query.sObject ?? '')
  const scope: Scope = { schema, object: objectNamed(schema.name), open, outer: true }
  requireKnown(query)
  const count = isCount(query.fields ?? [])
  const fields = count ? [] : await selected(scope, query.fields ?? [])
  const where = query.where && (await conditions(scope, query.where))
  const orders = await ordered(scope, query.orderBy)
  const limit = limited(query.limit, largestLimit)
  return { object: scope.object, count, fields, where, orders, limit, objects: [...touched] }
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
  if (!relationship?.relationshipName || !isObjectName(relationship.childSObject) || query.sObjectPrefix !== undefined)
    throw refused(`${scope.schema.name} has no related list ${query.relationshipName} that the hub works with.`)
  const schema = await scope.open(relationship.childSObject)
  const inner: Scope = { ...scope, schema, object: relationship.childSObject, outer: false }
  const fields = await selected(inner, query.fields ?? [])
  const where = query.where && (await conditions(inner, query.where))
  const orders = await ordered(inner, query.orderBy)
  return [
    `(SELECT ${[...new Set(['Id', ...fields])].join(', ')} FROM ${relationship.relationshipName}`,
    ...(where === undefined ? [] : [`WHERE ${where}`]),
    ...(orders.length > 0 ? [`ORDER BY ${orders.join(', ')}`] : []),
    `LIMIT ${limited(query.limit, mostRelated) ?? mostRelated})`,
  ].join(' ')
}

/** The parser gives conditions as a chain with counts of parentheses; they are written in the same order. */
async function conditions(scope: Scope, where: WhereClause): Promise<string> {
  const tokens: string[] = []
  let leaves = 0
  for (let clause: WhereClause | undefined = where; clause; clause = 'right' in clause ? clause.right : undefined) {
    const { left } = clause
    if (left && 'openParen' in left) tokens.push('('.repeat(left.openParen ?? 0))
    if (left && 'operator' in left) tokens.push(await leaf(scope, left))
    if (left && 'closeParen' in left) tokens.push(')'.repeat(left.closeParen ?? 0))
    if ('operator' in clause) tokens.push(clause.operator)
    leaves += 1
  }
  if (leaves > mostConditions) throw refused(`A query takes ${mostConditions} conditions; this one has more.`)
  return tokens.filter((token) => token !== '').join(' ')
}

type Leaf = Extract<NonNullable<WhereClause['left']>, { operator: unknown }>

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
  const inner: Scope = { ...scope, schema, object: objectNamed(schema.name), outer: false }
  const chosen = await pathOf(inner, nameOf(only))
  if (!isId(chosen.field) || chosen.soql.includes('.'))
    throw refused('A query inside a condition selects one id of its own object.')
  const where = query.where && (await conditions(inner, query.where))
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

/** A field of the object, or of one record that it looks up, which is of exactly one kind that the hub works with. */
async function pathOf({ schema, open }: Scope, path: string): Promise<Path> {
  const [first = '', second, ...further] = path.split('.')
  if (second === undefined) {
    const field = schema.field(first)
    return { soql: field.name, field, schema }
  }
  const lookup = schema.fields.find((field) => field.relationshipName?.toLowerCase() === first.toLowerCase())
  const [target, ...others] = lookup?.referenceTo ?? []
  if (further.length > 0 || !lookup?.relationshipName || target === undefined)
    throw refused(`${path} cannot be followed from ${schema.name}: one relationship, to one kind of record.`)
  if (lookup.name === 'OwnerId' && second.toLowerCase() === 'name') return ownerName(schema)
  if (others.length > 0 || !isObjectName(target))
    throw refused(`${path} leads to a kind of record that the hub does not show. Of an owner it shows Owner.Name.`)
  const parent = await open(target)
  const field = parent.field(second)
  return { soql: `${lookup.relationshipName}.${field.name}`, field, schema: parent }
}

/** Of users, nothing but the name of a record's owner is shown. */
function ownerName(schema: ObjectSchema): Path {
  const field = { ...schema.field('Id'), name: 'Name', type: 'string', referenceTo: [], relationshipName: null }
  return { soql: 'Owner.Name', field, schema: { ...schema, fields: [field], field: () => field, has: () => true } }
}

function readable({ soql, field }: Path): string {
  if (!unreadable.has(field.type)) return soql
  throw refused(`${soql} has parts; ask for those instead.`)
}

function nameOf(field: FieldType): string {
  if (field.type === 'Field' && field.alias === undefined && !('objectPrefix' in field)) return field.field
  if (field.type === 'FieldRelationship' && !('objectPrefix' in field))
    return [...field.relationships, field.field].join('.')
  throw refused('Functions, aliases, FIELDS() and TYPEOF are not taken: name each field.')
}

function objectNamed(name: string): ObjectName {
  const known = objectNames.find((one) => one.toLowerCase() === name.toLowerCase())
  if (known !== undefined) return known
  throw refused('The query names a kind of record that the hub does not work with. sf_object_list shows those that it does.')
}

function requireKnown(query: Query | Subquery): void {
  const strange = Object.keys(query).find((clause) => !clauses.has(clause))
  if (strange !== undefined)
    throw refused(`The clause ${strange} is not taken: SELECT, FROM, WHERE, ORDER BY and LIMIT are.`)
}

function isCount(fields: readonly FieldType[]): boolean {
  const [only] = fields
  return fields.length === 1 && only?.type === 'FieldFunctionExpression' && only.rawValue?.toUpperCase() === 'COUNT()'
}

function isId({ type }: FieldSchema): boolean {
  return type === 'id' || type === 'reference'
}

function limited(limit: number | undefined, most: number): number | undefined {
  if (limit === undefined || (Number.isInteger(limit) && limit >= 1 && limit <= most)) return limit
  throw refused(`LIMIT is from 1 to ${most} here. Without it, next_cursor leads through all the rows.`)
}

function refused(message: string): HubError {
  return new HubError('invalid_input', message)
}

// SOQL, read by a parser that others wrote and evaluated on the records of the org.
// https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_query.htm
import { createRequire } from 'node:module'
import type { FieldType, OrderByClause, Query, Subquery, parseQuery as ParseQuery } from '@jetstreamapp/soql-parser-js'
import type { Json, JsonObject, SandboxState } from 'toolgate/kit'
import { columnAt, valueAt } from './fields.ts'
import type { Column } from './fields.ts'
import { userRecordAccess } from './record-access.ts'
import { Refusal } from './refusal.ts'
import { groupedRows } from './groups.ts'
import { isComparable, objectCalled, objects } from './schema.ts'
import type { SandboxObject } from './schema.ts'
import { userPermissionAccess } from './permission-access.ts'
import { all, answered, everyOne } from './store.ts'
import type { SandboxUser } from './users.ts'
import type { SandboxRecord } from './store.ts'
import { comparable, compileWhere } from './where.ts'

const require = createRequire(import.meta.url)

/** The clauses that are evaluated; a query with any other is refused. */
const known = new Set(['fields', 'sObject', 'where', 'groupBy', 'having', 'orderBy', 'limit', 'offset'])
const furthestOffset = 2_000
const most = 50_000

export interface Selection {
  readonly totalSize: number
  readonly records: readonly JsonObject[]
}

export interface Asked {
  readonly soql: string
  readonly version: string
  readonly now: Date
  /** Deleted records too, as queryAll gives them. */
  readonly deletedToo: boolean
  /** Who asks: what this user may not read does not exist. */
  readonly user: SandboxUser
}

export function runQuery(state: SandboxState, { soql, version, now, deletedToo, user }: Asked): Selection {
  const query = parse(soql)
  const strange = Object.keys(query).find((clause) => !known.has(clause))
  if (strange !== undefined) throw malformed(`this sandbox does not evaluate ${strange}`)
  const { sObject = '', fields = [], limit = most, offset = 0 } = query
  if (offset > furthestOffset) {
    throw new Refusal(400, 'NUMBER_OUTSIDE_VALID_RANGE', 'Maximum SOQL offset allowed is 2000')
  }
  if (sObject.toLowerCase() === 'userrecordaccess') return userRecordAccess(state, query, user)
  if (sObject.toLowerCase() === 'userpermissionaccess') return userPermissionAccess(query, user)
  const object = objectCalled(sObject)
  if (!object || !user.may(object, 'read'))
    throw new Refusal(400, 'INVALID_TYPE', `sObject type '${sObject}' is not supported.`)
  const counted = isCount(fields)
  if (query.groupBy || query.having || (!counted && fields.some(({ type }) => type === 'FieldFunctionExpression')))
    return groupedRows(state, object, query, filtered(state, object, query, { now, deletedToo }), now)
  const plain = fields.filter((field) => field.type !== 'FieldSubquery')
  const columns = counted ? [] : plain.map((field) => columnAt(object, pathOf(field)))
  const lists = fields.flatMap((field) =>
    field.type === 'FieldSubquery' ? [relatedList(state, object, field.subquery)] : [],
  )
  const found = filtered(state, object, query, { now, deletedToo })
  if (isCount(fields)) return { totalSize: Math.min(found.length, limit), records: [] }
  const page = ordered(state, object, found, query).slice(offset, offset + limit)
  const records = page.map((record) => ({
    ...project(state, object, record, columns, version),
    ...Object.fromEntries(lists.map((list) => [list.name, list.of(record, version, now)])),
  }))
  return { totalSize: records.length, records }
}

function parse(soql: string): Query {
  // A SOQL parser is needed by the sandbox alone, and only once somebody asks: loading it takes longer than all the rest.
  const { parseQuery } = require('@jetstreamapp/soql-parser-js') as { readonly parseQuery: typeof ParseQuery }
  try {
    return parseQuery(soql)
  } catch {
    throw malformed('unexpected token')
  }
}

function filtered(
  state: SandboxState,
  object: SandboxObject,
  { where }: Pick<Query, 'where'>,
  { now, deletedToo }: Pick<Asked, 'now' | 'deletedToo'>,
): readonly SandboxRecord[] {
  const records = deletedToo ? everyOne(state, object) : all(state, object)
  if (!where) return records
  const test = compileWhere(object, where, now, (inner) => joined(state, inner, now))
  return records.filter((record) => test((column) => valueAt(state, record, column)))
}

/** What a semi-join compares with: the ids that another query selects. */
function joined(state: SandboxState, query: Query, now: Date): ReadonlySet<unknown> {
  const strange = Object.keys(query).find((clause) => !['fields', 'sObject', 'where'].includes(clause))
  const object = objectCalled(query.sObject ?? '')
  const [only, ...more] = query.fields ?? []
  if (strange !== undefined || !object || !only || more.length > 0)
    throw malformed('semi join sub-selects take one id field')
  const column = columnAt(object, pathOf(only))
  if (column.via || !['id', 'reference'].includes(column.field.type))
    throw malformed('semi join sub-selects take an id field')
  const found = filtered(state, object, query, { now, deletedToo: false })
  return new Set(found.map((record) => valueAt(state, record, column)).filter((value) => value !== null))
}

/** A parent's children by the name of the relationship, one level deep. */
function relatedList(state: SandboxState, parent: SandboxObject, query: Subquery) {
  const strange = Object.keys(query).find(
    (clause) => !['fields', 'relationshipName', 'where', 'orderBy', 'limit'].includes(clause),
  )
  const children = objects.flatMap((object) =>
    object.fields
      .filter((field) => field.childRelationship?.toLowerCase() === query.relationshipName.toLowerCase())
      .filter((field) => field.referenceTo.includes(parent.name))
      .map((by) => ({ object, by })),
  )
  const [child] = children
  if (strange !== undefined || !child)
    throw new Refusal(
      400,
      'INVALID_TYPE',
      `Didn't understand relationship '${query.relationshipName}' in FROM part of query call.`,
    )
  const { object, by } = child
  const columns = (query.fields ?? []).map((field) => columnAt(object, pathOf(field)))
  return {
    name: by.childRelationship ?? '',
    of(record: SandboxRecord, version: string, now: Date): JsonObject | null {
      const mine = filtered(state, object, query, { now, deletedToo: false }).filter((one) => one[by.name] === record['Id'])
      const page = ordered(state, object, mine, query).slice(0, query.limit ?? most)
      const records = page.map((one) => project(state, object, one, columns, version))
      return records.length === 0 ? null : { totalSize: records.length, done: true, records }
    },
  }
}

/** Empty values come first unless the query says otherwise. */
function ordered(
  state: SandboxState,
  object: SandboxObject,
  records: readonly SandboxRecord[],
  { orderBy = [] }: Pick<Query, 'orderBy'>,
): readonly SandboxRecord[] {
  const keys = [orderBy].flat().map((clause) => keyOf(object, clause))
  return records.toSorted((left, right) => {
    for (const { column, sign, nulls } of keys) {
      const [a, b] = [valueAt(state, left, column), valueAt(state, right, column)]
      if (a === b) continue
      if (a === null) return nulls
      if (b === null) return -nulls
      const [x, y] = [comparable(column.field, a), comparable(column.field, b)]
      if (x !== y) return x < y ? -sign : sign
    }
    return 0
  })
}

function keyOf(object: SandboxObject, clause: OrderByClause): { column: Column; sign: 1 | -1; nulls: 1 | -1 } {
  if (!('field' in clause)) throw malformed('this sandbox does not sort by functions')
  const column = columnAt(object, clause.field)
  if (!isComparable(column.field)) {
    throw new Refusal(400, 'INVALID_FIELD', `field '${column.field.name}' can not be sorted in a query call`)
  }
  return { column, sign: clause.order === 'DESC' ? -1 : 1, nulls: clause.nulls === 'LAST' ? 1 : -1 }
}

function project(
  state: SandboxState,
  object: SandboxObject,
  record: SandboxRecord,
  columns: readonly Column[],
  version: string,
): JsonObject {
  const fields: Record<string, Json> = {}
  for (const column of columns) {
    const value = valueAt(state, record, column)
    const { field, via } = column
    if (!via) fields[field.name] = value
    if (!via?.lookup.relationship) continue
    const parentId = record[via.lookup.name]
    const earlier = fields[via.lookup.relationship] as JsonObject | undefined
    fields[via.lookup.relationship] =
      typeof parentId === 'string'
        ? {
            ...(earlier ??
              answered(
                via.parents.find(({ prefix }) => parentId.startsWith(prefix))?.name ?? 'Name',
                parentId,
                version,
                {},
              )),
            [field.name]: value,
          }
        : null
  }
  return answered(object.name, String(record['Id']), version, fields)
}

function isCount(fields: readonly FieldType[]): boolean {
  const [only] = fields
  return fields.length === 1 && only?.type === 'FieldFunctionExpression' && only.rawValue?.toUpperCase() === 'COUNT()'
}

function pathOf(field: FieldType): string {
  if (field.type === 'Field' && field.alias === undefined) return field.field
  if (field.type === 'FieldRelationship' && !('alias' in field)) return [...field.relationships, field.field].join('.')
  throw malformed('this sandbox evaluates no functions, aliases, subqueries or TYPEOF')
}

function malformed(message: string): Refusal {
  return new Refusal(400, 'MALFORMED_QUERY', message)
}

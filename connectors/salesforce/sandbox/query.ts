// SOQL, read by a parser that others wrote and evaluated on the records of the org.
// https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_query.htm
import { createRequire } from 'node:module'
import type { FieldType, OrderByClause, Query, parseQuery as ParseQuery } from '@jetstreamapp/soql-parser-js'
import type { Json, JsonObject, SandboxState } from 'toolgate/kit'
import { columnAt, valueAt } from './fields.ts'
import type { Column } from './fields.ts'
import { userRecordAccess } from './record-access.ts'
import { Refusal } from './refusal.ts'
import { isComparable, objectCalled } from './schema.ts'
import type { SandboxObject } from './schema.ts'
import { all, answered } from './store.ts'
import type { SandboxRecord } from './store.ts'
import { comparable, compileWhere } from './where.ts'

const require = createRequire(import.meta.url)

/** The clauses that are evaluated; a query with any other is refused. */
const known = new Set(['fields', 'sObject', 'where', 'orderBy', 'limit', 'offset'])
const furthestOffset = 2_000
const most = 50_000

export interface Selection {
  readonly totalSize: number
  readonly records: readonly JsonObject[]
}

export function runQuery(state: SandboxState, soql: string, version: string, now: Date): Selection {
  const query = parse(soql)
  const strange = Object.keys(query).find((clause) => !known.has(clause))
  if (strange !== undefined) throw malformed(`this sandbox does not evaluate ${strange}`)
  const { sObject = '', fields = [], limit = most, offset = 0 } = query
  if (offset > furthestOffset) {
    throw new Refusal(400, 'NUMBER_OUTSIDE_VALID_RANGE', 'Maximum SOQL offset allowed is 2000')
  }
  if (sObject.toLowerCase() === 'userrecordaccess') return userRecordAccess(state, query)
  const object = objectCalled(sObject)
  if (!object) throw new Refusal(400, 'INVALID_TYPE', `sObject type '${sObject}' is not supported.`)
  const columns = isCount(fields) ? [] : fields.map((field) => columnAt(object, pathOf(field)))
  const found = filtered(state, object, query, now)
  if (isCount(fields)) return { totalSize: Math.min(found.length, limit), records: [] }
  const page = ordered(state, object, found, query).slice(offset, offset + limit)
  const records = page.map((record) => project(state, object, record, columns, version))
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

function filtered(state: SandboxState, object: SandboxObject, { where }: Query, now: Date): readonly SandboxRecord[] {
  const records = all(state, object)
  if (!where) return records
  const test = compileWhere(object, where, now)
  return records.filter((record) => test((column) => valueAt(state, record, column)))
}

/** Empty values come first unless the query says otherwise. */
function ordered(
  state: SandboxState,
  object: SandboxObject,
  records: readonly SandboxRecord[],
  { orderBy = [] }: Query,
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
        ? { ...(earlier ?? answered(via.parent.name, parentId, version, {})), [field.name]: value }
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

// Rows put together: GROUP BY, the functions that count and sum, HAVING.
// https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/sforce_api_calls_soql_select_groupby.htm
import type { Condition, Query, WhereClause } from '@jetstreamapp/soql-parser-js'
import type { JsonObject, SandboxState } from 'toolgate/kit'
import { columnAt, valueAt } from './fields.ts'
import { Refusal } from './refusal.ts'
import { isComparable } from './schema.ts'
import type { FieldType, SandboxField, SandboxObject } from './schema.ts'
import type { SandboxRecord } from './store.ts'
import { comparable, compileWhere } from './where.ts'

type Value = string | number | boolean | null

/** Something that a group has one value of: a field that it is made by, or a function of its records. */
interface Measure {
  readonly key: string
  readonly field: SandboxField
  of(records: readonly SandboxRecord[]): Value
}

interface Called {
  readonly functionName?: string
  readonly parameters?: readonly unknown[]
}

const numeric = new Set<FieldType>(['currency', 'percent'])

export function groupedRows(
  state: SandboxState,
  object: SandboxObject,
  { fields = [], groupBy, having, orderBy, limit, offset }: Query,
  found: readonly SandboxRecord[],
  now: Date,
): { readonly totalSize: number; readonly records: readonly JsonObject[] } {
  const by = (groupBy === undefined ? [] : [groupBy].flat()).map((one) => {
    if (!('field' in one)) throw malformed('this sandbox groups by fields only')
    return measured(one.field)
  })
  if (by.length === 0 && (having || orderBy || limit !== undefined || offset !== undefined))
    throw malformed('an aggregate query without GROUP BY takes no HAVING, ORDER BY, LIMIT or OFFSET')
  const columns = fields.map((field, index) => {
    const alias = 'alias' in field && field.alias !== undefined ? field.alias : `expr${index}`
    if (field.type === 'FieldFunctionExpression') return { alias, measure: called(field) }
    if (field.type === 'Field') return { alias, measure: member(field.field) }
    if (field.type === 'FieldRelationship')
      return { alias, measure: member([...field.relationships, field.field].join('.')) }
    throw malformed('a grouped query takes fields and functions')
  })
  const groups = new Map<string, SandboxRecord[]>()
  if (by.length === 0) groups.set('[]', [])
  for (const record of found) {
    const key = JSON.stringify(by.map((one) => one.of([record])))
    groups.set(key, [...(groups.get(key) ?? []), record])
  }
  const fits = having && conditions(having)
  const kept = [...groups.values()].filter((group) => fits?.(group) ?? true)
  const orders = (orderBy === undefined ? [] : [orderBy].flat()).map((one) => ({
    measure: 'fn' in one ? called(one.fn) : member(one.field),
    sign: one.order === 'DESC' ? -1 : 1,
    nulls: one.nulls === 'LAST' ? 1 : -1,
  }))
  const sorted = kept.toSorted((left, right) => {
    for (const { measure, sign, nulls } of orders) {
      const [a, b] = [measure.of(left), measure.of(right)]
      if (a === b) continue
      if (a === null) return nulls
      if (b === null) return -nulls
      const [x, y] = [comparable(measure.field, a), comparable(measure.field, b)]
      if (x !== y) return x < y ? -sign : sign
    }
    return 0
  })
  const rows = sorted.slice(offset ?? 0, (offset ?? 0) + (limit ?? 2_000)).map((group) => ({
    attributes: { type: 'AggregateResult' },
    ...Object.fromEntries(columns.map(({ alias, measure }) => [alias, measure.of(group)])),
  }))
  return { totalSize: rows.length, records: rows }

  function measured(path: string): Measure {
    const column = columnAt(object, path)
    if (!isComparable(column.field)) throw invalid(`field '${path}' can not be grouped in a query call`)
    const of = ([first]: readonly SandboxRecord[]) => (first ? valueAt(state, first, column) : null)
    return { key: path.toLowerCase(), field: column.field, of }
  }

  function member(path: string): Measure {
    const known = by.find(({ key }) => key === path.toLowerCase())
    if (known) return known
    throw malformed(`Field must be grouped or aggregated: ${path}`)
  }

  function called({ functionName = '', parameters = [] }: Called): Measure {
    const name = functionName.toUpperCase()
    const [of, ...more] = parameters
    if (typeof of !== 'string' || more.length > 0) throw malformed('a function takes one field')
    const column = columnAt(object, of)
    if (!isComparable(column.field)) throw invalid(`field ${of} does not support aggregate operator ${name}`)
    if ((name === 'SUM' || name === 'AVG') && !numeric.has(column.field.type))
      throw invalid(`field ${of} does not support aggregate operator ${name}`)
    const compute = computed(name, column.field)
    const type = name === 'MIN' || name === 'MAX' ? column.field.type : 'currency'
    return {
      key: `${name}(${of.toLowerCase()})`,
      field: { ...column.field, type },
      of: (group) => compute(group.map((record) => valueAt(state, record, column)).filter((value) => value !== null)),
    }
  }

  /** By the conditions of WHERE, on an object whose fields are the measures. */
  function conditions(clause: WhereClause): (records: readonly SandboxRecord[]) => boolean {
    const measures: Measure[] = []
    const named = (one: Condition): Condition => {
      if (!('operator' in one)) return one
      measures.push('fn' in one ? called(one.fn) : member(one.field))
      const { fn: _fn, ...rest } = one as { fn?: unknown } & typeof one
      return { ...rest, field: `m${measures.length - 1}` }
    }
    const renamed = (at: WhereClause): WhereClause =>
      ({
        ...at,
        left: at.left && named(at.left as Condition),
        ...('right' in at && { right: renamed(at.right) }),
      }) as WhereClause
    const where = renamed(clause)
    const made = { ...object, fields: measures.map(({ field }, index) => ({ ...field, name: `m${index}`, hidden: false })) }
    const test = compileWhere(made, where, now, () => new Set())
    return (records) => test(({ field }) => measures[Number(field.name.slice(1))]?.of(records) ?? null)
  }
}

function computed(name: string, field: SandboxField): (values: readonly Exclude<Value, null>[]) => Value {
  const least = (values: readonly Exclude<Value, null>[], sign: number): Value =>
    values.toSorted((left, right) => (comparable(field, left) < comparable(field, right) ? -sign : sign))[0] ?? null
  const sum = (values: readonly Value[]) => values.reduce<number>((total, value) => total + Number(value), 0)
  switch (name) {
    case 'COUNT':
      return (values) => values.length
    case 'COUNT_DISTINCT':
      return (values) => new Set(values.map((value) => comparable(field, value))).size
    case 'SUM':
      return (values) => (values.length === 0 ? null : sum(values))
    case 'AVG':
      return (values) => (values.length === 0 ? null : sum(values) / values.length)
    case 'MIN':
      return (values) => least(values, 1)
    case 'MAX':
      return (values) => least(values, -1)
    default:
      throw malformed(`this sandbox does not compute ${name}`)
  }
}

function invalid(message: string): Refusal {
  return new Refusal(400, 'INVALID_FIELD', message)
}

function malformed(message: string): Refusal {
  return new Refusal(400, 'MALFORMED_QUERY', message)
}

// The names in a caller's SOQL, resolved by the org's own description: what they lead to, and what is thereby looked into.
import { HubError } from 'toolgate/kit'
import type { FieldType } from '@jetstreamapp/soql-parser-js'
import { titleField } from '../objects.ts'
import type { ObjectName } from '../objects.ts'
import type { FieldSchema, ObjectSchema } from '../salesforce.ts'

/** Conditions that keep what is looked into to what policy lets somebody see, as seen through a path: `Account.`. */
export type Narrow = (schema: ObjectSchema, object: ObjectName, path: string) => readonly string[]

export interface Scope {
  readonly schema: ObjectSchema
  readonly object: ObjectName
  /** The object of this name, described; refuses what the hub does not work with. */
  readonly works: (name: string) => boolean
  readonly open: (name: string) => Promise<ObjectSchema>
  /** Whether it may look into other objects: a subquery may not. */
  readonly outer: boolean
  /** Left out where only the meaning of a query is looked at, not whose it is. */
  readonly narrow: Narrow | undefined
  /** Every field that was named, in all scopes. */
  readonly named: Set<string>
  /** The parents that were named here, by relationship, with the conditions that keep to those one may see. */
  readonly parents: Map<string, string>
}

export interface Path {
  readonly soql: string
  readonly field: FieldSchema
  readonly schema: ObjectSchema
}

const unreadable = new Set(['address', 'location', 'base64', 'complexvalue', 'anyType'])
/** A field of the object, or of one record that it looks up, which is of exactly one kind that the hub works with. */
export async function pathOf(scope: Scope, path: string): Promise<Path> {
  const { schema, object, works, open, narrow, named, parents } = scope
  const [first = '', second, ...further] = path.split('.')
  if (second === undefined) {
    const field = schema.field(first)
    named.add(`${object}.${field.name}`)
    return { soql: field.name, field, schema }
  }
  const lookup = schema.fields.find((field) => field.relationshipName?.toLowerCase() === first.toLowerCase())
  const [target, ...others] = lookup?.referenceTo ?? []
  if (further.length > 0 || !lookup?.relationshipName || target === undefined)
    throw refused(`${path} cannot be followed from ${schema.name}: one relationship, to one kind of record.`)
  if (lookup.name === 'OwnerId' && second.toLowerCase() === 'name') {
    named.add(`${object}.OwnerId`)
    return ownerName(schema)
  }
  if (others.length > 0) return await polymorphic(scope, lookup, second)
  if (!works(target))
    throw refused(
      `${path} leads to a kind of record that the hub does not show. Of an owner it shows Owner.Name; of others, only what it works with.`,
    )
  const parent = await open(target)
  const field = parent.field(second)
  named.add(`${target}.${field.name}`)
  const bounds = narrow?.(parent, target, `${lookup.relationshipName}.`)
  // A record without a parent shows nothing of one.
  if (bounds && bounds.length > 0)
    parents.set(lookup.relationshipName, `${lookup.name} = null OR (${bounds.map((one) => `(${one})`).join(' AND ')})`)
  return { soql: `${lookup.relationshipName}.${field.name}`, field, schema: parent }
}

/**
 * `What.Name`, `Who.Type`: of a lookup to records of several kinds, what they are called and which kind they are. It looks
 * into every kind that the hub works with, and shows nothing of others, nor of those that policy tells apart by value:
 * those cannot be asked for here.
 */
async function polymorphic(scope: Scope, lookup: FieldSchema, wanted: string): Promise<Path> {
  const { schema, object, works, open, narrow, named, parents } = scope
  const relationship = String(lookup.relationshipName)
  const name = ['Name', 'Type'].find((one) => one.toLowerCase() === wanted.toLowerCase())
  const targets = lookup.referenceTo.filter(works)
  if (name === undefined || targets.length === 0)
    throw refused(
      `Of ${relationship}, which leads to several kinds of record, only ${relationship}.Name and ${relationship}.Type are shown.`,
    )
  const shown: string[] = []
  for (const target of targets) {
    const parent = await open(target)
    named.add(`${target}.${titleOfKind(parent)}`)
    if (narrow && narrow(parent, target, '').length === 0) shown.push(`'${target}'`)
  }
  named.add(`${object}.${lookup.name}`)
  if (narrow) {
    const kinds = shown.length === 0 ? '' : ` OR ${relationship}.Type IN (${shown.join(', ')})`
    parents.set(relationship, `${lookup.name} = null${kinds}`)
  }
  const field = { ...schema.field('Id'), name, type: 'string', referenceTo: [], relationshipName: null, groupable: false }
  return { soql: `${relationship}.${name}`, field, schema: onlyOf(schema, field) }
}

function titleOfKind(schema: ObjectSchema): string {
  return schema.name === 'Case' ? 'CaseNumber' : titleField(schema)
}

/** A description in which nothing but this field is, for the encoder. */
export function onlyOf(schema: ObjectSchema, field: FieldSchema): ObjectSchema {
  return { ...schema, fields: [field], field: () => field, has: () => true }
}

/** Of users, nothing but the name of a record's owner is shown. */
function ownerName(schema: ObjectSchema): Path {
  const field = {
    ...schema.field('Id'),
    name: 'Name',
    type: 'string',
    referenceTo: [],
    relationshipName: null,
    groupable: true,
  }
  return { soql: 'Owner.Name', field, schema: onlyOf(schema, field) }
}

export function readable({ soql, field }: Path): string {
  if (!unreadable.has(field.type)) return soql
  throw refused(`${soql} has parts; ask for those instead.`)
}

export function nameOf(field: FieldType): string {
  if (field.type === 'Field' && field.alias === undefined && !('objectPrefix' in field)) return field.field
  if (field.type === 'FieldRelationship' && !('objectPrefix' in field))
    return [...field.relationships, field.field].join('.')
  throw refused('Functions, aliases, FIELDS() and TYPEOF are not taken: name each field.')
}

export function isId({ type }: FieldSchema): boolean {
  return type === 'id' || type === 'reference'
}

const mostConditions = 30

interface Chain<Left> {
  readonly left: (Left & { readonly openParen?: number; readonly closeParen?: number }) | null
  readonly operator?: string
  readonly right?: Chain<Left>
}

/** The parser gives conditions as a chain with counts of parentheses; they are written in the same order. */
export async function chained<Left>(where: Chain<Left>, leaf: (left: Left) => Promise<string>): Promise<string> {
  const tokens: string[] = []
  let leaves = 0
  for (let clause: Chain<Left> | undefined = where; clause; clause = clause.right) {
    const { left } = clause
    if (left) tokens.push('('.repeat(left.openParen ?? 0))
    if (left && 'operator' in left) tokens.push(await leaf(left))
    if (left) tokens.push(')'.repeat(left.closeParen ?? 0))
    if (clause.operator !== undefined) tokens.push(clause.operator)
    leaves += 1
  }
  if (leaves > mostConditions) throw refused(`A query takes ${mostConditions} conditions; this one has more.`)
  return tokens.filter((token) => token !== '').join(' ')
}

export function refused(message: string): HubError {
  return new HubError('invalid_input', message)
}

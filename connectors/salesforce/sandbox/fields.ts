// Field paths of a query: a field of the object itself, or one hop up to a parent.
import type { SandboxState } from 'toolgate/kit'
import { Refusal } from './refusal.ts'
import { objectCalled, visibleField } from './schema.ts'
import type { SandboxField, SandboxObject } from './schema.ts'
import { find } from './store.ts'
import type { SandboxRecord } from './store.ts'

export interface Column {
  readonly field: SandboxField
  /** The lookup that leads to the parent and the parent's object; undefined for the object's own field. */
  readonly via: { readonly lookup: SandboxField; readonly parents: readonly SandboxObject[] } | undefined
}

/** @throws Refusal INVALID_FIELD as Salesforce words it, also for what field-level security hides. */
export function columnAt(object: SandboxObject, path: string): Column {
  const [first = '', second, ...further] = path.split('.')
  if (second === undefined) return { field: own(object, first), via: undefined }
  const lookup = object.fields.find(({ relationship }) => relationship?.toLowerCase() === first.toLowerCase())
  const parents = (lookup?.referenceTo ?? []).flatMap((name) => objectCalled(name) ?? [])
  const [parent, ...others] = parents
  if (!lookup || !parent) {
    throw new Refusal(400, 'INVALID_FIELD', `Didn't understand relationship '${first}' in field path.`)
  }
  // Of records of several kinds there are only these, as on the object Name.
  const common = others.length > 0 ? ofAnyKind.find(({ name }) => name.toLowerCase() === second.toLowerCase()) : undefined
  if (common && further.length === 0) return { field: common, via: { lookup, parents } }
  if (further.length > 0 || others.length > 0) {
    throw new Refusal(400, 'MALFORMED_QUERY', `This sandbox follows one relationship to one kind of parent, not '${path}'.`)
  }
  return { field: own(parent, second), via: { lookup, parents } }
}

const ofAnyKind: readonly SandboxField[] = ['Name', 'Type'].map((name) => ({
  ...objectCalled('User')!.fields.find((field) => field.name === 'Title')!,
  name,
  label: name,
}))

export function valueAt(state: SandboxState, record: SandboxRecord, { field, via }: Column): SandboxRecord[string] {
  if (!via) return record[field.name] ?? null
  const id = record[via.lookup.name]
  if (typeof id !== 'string') return null
  const object = via.parents.find(({ prefix }) => id.startsWith(prefix))
  const parent = object && find(state, object, id)
  if (!object || !parent) return null
  if (via.parents.length === 1) return parent[field.name] ?? null
  return field.name === 'Type' ? object.name : (parent[object.name === 'Case' ? 'CaseNumber' : 'Name'] ?? null)
}

function own(object: SandboxObject, name: string): SandboxField {
  const field = visibleField(object, name)
  if (field) return field
  throw new Refusal(
    400,
    'INVALID_FIELD',
    `No such column '${name}' on entity '${object.name}'. If you are attempting to use a custom field, be sure to append the '__c' after the custom field name.`,
  )
}

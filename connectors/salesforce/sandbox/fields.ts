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
  readonly via: { readonly lookup: SandboxField; readonly parent: SandboxObject } | undefined
}

/** @throws Refusal INVALID_FIELD as Salesforce words it, also for what field-level security hides. */
export function columnAt(object: SandboxObject, path: string): Column {
  const [first = '', second, ...further] = path.split('.')
  if (second === undefined) return { field: own(object, first), via: undefined }
  const lookup = object.fields.find(({ relationship }) => relationship?.toLowerCase() === first.toLowerCase())
  const [target, ...others] = lookup?.referenceTo ?? []
  const parent = target === undefined ? undefined : objectCalled(target)
  if (!lookup || !parent) {
    throw new Refusal(400, 'INVALID_FIELD', `Didn't understand relationship '${first}' in field path.`)
  }
  if (further.length > 0 || others.length > 0) {
    throw new Refusal(400, 'MALFORMED_QUERY', `This sandbox follows one relationship to one kind of parent, not '${path}'.`)
  }
  return { field: own(parent, second), via: { lookup, parent } }
}

export function valueAt(state: SandboxState, record: SandboxRecord, { field, via }: Column): SandboxRecord[string] {
  if (!via) return record[field.name] ?? null
  const id = record[via.lookup.name]
  const parent = typeof id === 'string' ? find(state, via.parent, id) : undefined
  return parent?.[field.name] ?? null
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

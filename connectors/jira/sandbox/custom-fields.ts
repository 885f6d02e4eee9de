// Custom fields of the kinds that a site has: what createmeta says of them, and which values Jira takes.
// https://developer.atlassian.com/server/jira/platform/jira-rest-api-examples/#setting-custom-field-data-for-other-field-types
import type { Json, JsonObject } from 'toolgate/kit'
import { isObject, word } from './answer.ts'
import { isDocument } from './document.ts'
import { people } from './world.ts'

export interface CustomField {
  readonly id: string
  readonly name: string
  readonly schema: JsonObject
  readonly allowedValues?: readonly Option[]
}
type Option = { readonly id: string; readonly value: string; readonly children?: readonly Option[] }

const kind = (name: string) => `com.atlassian.jira.plugin.system.customfieldtypes:${name}`
const field = (number: number, name: string, schema: JsonObject, allowedValues?: readonly Option[]): CustomField => ({
  id: `customfield_${number}`,
  name,
  schema: { ...schema, customId: number },
  ...(allowedValues === undefined ? {} : { allowedValues }),
})
const options = (first: number, ...values: readonly string[]): readonly Option[] =>
  values.map((value, index) => ({ id: String(first + index), value }))

export const customFields: readonly CustomField[] = [
  field(10060, 'Reviewer', { type: 'user', custom: kind('userpicker') }),
  field(10061, 'Affected area', { type: 'option-with-child', custom: kind('cascadingselect') }, [
    { id: '10610', value: 'Calendar', children: options(10620, 'Week view', 'Day view') },
    { id: '10611', value: 'Reminders', children: options(10630, 'Text messages', 'Mail') },
  ]),
  field(10062, 'Story points', { type: 'number', custom: kind('float') }),
  field(10063, 'Go-live', { type: 'date', custom: kind('datepicker') }),
  field(10064, 'Release notes', { type: 'string', custom: kind('textarea') }),
  field(10065, 'Customer reference', { type: 'string', custom: kind('textfield') }),
  field(
    10066,
    'Platforms',
    { type: 'array', items: 'option', custom: kind('multiselect') },
    options(10660, 'Web', 'iOS', 'Android'),
  ),
  field(10067, 'Started at', { type: 'datetime', custom: kind('datetime') }),
]

/** The screens that have them. */
const types = new Set(['10100', '10101'])
const projects = new Set(['SUP', 'OPS'])

export function customScreen(project: string, type: string): Readonly<Record<string, JsonObject>> {
  if (!types.has(type) || !projects.has(project)) return {}
  return Object.fromEntries(
    customFields.map(({ id, name, schema, allowedValues }) => [
      id,
      {
        required: false,
        schema,
        name,
        key: id,
        hasDefaultValue: false,
        operations: schema['type'] === 'array' ? ['add', 'set', 'remove'] : ['set'],
        ...(allowedValues === undefined ? {} : { allowedValues: allowedValues }),
      },
    ]),
  )
}

/** The value as Jira keeps it, or what it says is wrong with it. */
export function customValue(
  { name, schema, allowedValues = [] }: CustomField,
  value: Json,
): { value: Json } | { wrong: string } {
  if (value === null) return { value: null }
  const text = (wrong: string, ok: boolean) => (ok ? { value } : { wrong })
  switch (schema['type']) {
    case 'user': {
      const account = isObject(value) ? word(value['accountId'] ?? value['id']) : ''
      return people.some(({ accountId }) => accountId === account)
        ? { value: { accountId: account } }
        : { wrong: `User '${account}' does not exist.` }
    }
    case 'number':
      return text('Operation value must be a number', typeof value === 'number')
    case 'date':
      return text('Error parsing date string', typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value))
    case 'datetime':
      return text('Error parsing time', typeof value === 'string' && !Number.isNaN(Date.parse(value)) && value.includes('T'))
    case 'option-with-child':
      return cascade(allowedValues, value)
    case 'array': {
      const found = Array.isArray(value) ? value.map((each: Json) => optionOf(allowedValues, each)) : [undefined]
      return found.includes(undefined)
        ? { wrong: `Option value is not valid for ${name}` }
        : { value: found.flatMap((each) => (each ? [{ ...each }] : [])) }
    }
    default:
      if (word(schema['custom']).endsWith(':textarea'))
        return text('Operation value must be an Atlassian Document (see the Atlassian Document Format)', isDocument(value))
      return text(
        'Operation value must be a string',
        typeof value === 'string' && !value.includes('\n') && value.length <= 255,
      )
  }
}

function cascade(parents: readonly Option[], value: Json): { value: Json } | { wrong: string } {
  const parent = optionOf(parents, value)
  const child = isObject(value) ? value['child'] : undefined
  const second = child === undefined ? undefined : optionOf(parent?.children ?? [], child)
  if (parent === undefined || (child !== undefined && second === undefined))
    return { wrong: 'Option value is not valid for a cascading select' }
  const { id, value: name } = parent
  return { value: { id, value: name, ...(second === undefined ? {} : { child: { id: second.id, value: second.value } }) } }
}

function optionOf(known: readonly Option[], value: Json): Option | undefined {
  return known.find((each) => isObject(value) && (value['id'] === each.id || value['value'] === each.value))
}

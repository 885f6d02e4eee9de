// What an object's fields are called, what they take, and which of them the hub may write.
import { readTool, visibleText } from 'toolgate/kit'
import type { Reads } from 'toolgate/kit'
import { z } from 'zod'
import { apiName, objectName } from '../identifiers.ts'
import { profileOf } from '../objects.ts'
import type { ObjectProfile } from '../objects.ts'
import type { FieldSchema, Salesforce } from '../salesforce.ts'
import { untrusted } from '../select.ts'

const picklistLimit = 20
const fieldsLimit = 150

const described = z.strictObject({
  name: z.string(),
  label: z.string(),
  type: z.string(),
  length: z.number().optional(),
  /** Has to be given when a record is created. */
  required: z.literal(true).optional(),
  /** Whether this connector's tools write it, and on which occasion. */
  writable: z.enum(['create', 'update', 'both']).optional(),
  references: z.array(z.string()).optional(),
  values: z.array(z.string()).optional(),
  more_values: z.number().optional(),
})

export const objectDescribe = readTool({
  name: 'object_describe',
  title: 'Salesforce: describe object',
  description:
    'Lists the fields of a Salesforce object as the hub’s user sees them: API name, type, length, picklist values, what can be written, and the related lists. Use it before sf_record_find with unusual fields or before a write.',
  class: 'R',
  default: 'on',
  scopes: ['api', 'Read on the object', 'field-level Read'],
  resolves: ['sf.object'],
  input: z.strictObject({
    object: objectName,
    fields: z.array(apiName).min(1).max(40).optional().describe('Only these fields; all where left out.'),
  }),
  output: z.strictObject({
    object: z.string(),
    label: z.string(),
    id_prefix: z.string(),
    fields: z.array(described),
    related_lists: z.array(z.strictObject({ relationship: z.string(), object: z.string() })),
    truncated: z.boolean(),
    content_trust: untrusted,
  }),
  example: { object: 'Opportunity', fields: ['StageName', 'Amount', 'CloseDate'] },
  resources: ({ object }) => ({ 'sf.object': object }),
  async run({ object, fields }, context: Reads<Salesforce>) {
    const { vendor, now } = context
    context.admit({ 'sf.object': object })
    const schema = await vendor.describe(object, now)
    const wanted = fields ? fields.map((name) => schema.field(name)) : schema.fields
    const profile = profileOf(schema, vendor.idempotencyField)
    return {
      object,
      label: visibleText(schema.label),
      id_prefix: schema.keyPrefix ?? '',
      fields: wanted.slice(0, fieldsLimit).map((field) => describe(field, profile)),
      related_lists: schema.childRelationships.flatMap(({ relationshipName, childSObject }) =>
        relationshipName !== null && vendor.objectNames.includes(childSObject)
          ? [{ relationship: relationshipName, object: childSObject }]
          : [],
      ),
      truncated: wanted.length > fieldsLimit,
      content_trust: 'untrusted' as const,
    }
  },
})

function describe(field: FieldSchema, profile: ObjectProfile): z.input<typeof described> {
  const values = field.picklistValues.filter((choice) => choice.active).map((choice) => visibleText(choice.value))
  const writable = writableOn(field, profile)
  return {
    name: field.name,
    label: visibleText(field.label),
    type: field.type,
    ...(field.length > 0 && { length: field.length }),
    ...(field.createable && !field.nillable && !field.defaultedOnCreate && { required: true as const }),
    ...(writable && { writable }),
    ...(field.referenceTo.length > 0 && { references: field.referenceTo }),
    ...(values.length > 0 && { values: values.slice(0, picklistLimit) }),
    ...(values.length > picklistLimit && { more_values: values.length - picklistLimit }),
  }
}

function writableOn(field: FieldSchema, profile: ObjectProfile): 'create' | 'update' | 'both' | undefined {
  const update = field.updateable && profile.update.includes(field.name)
  const create = field.createable && [...profile.update, ...profile.create].includes(field.name)
  if (update && create) return 'both'
  if (update) return 'update'
  return create ? 'create' : undefined
}

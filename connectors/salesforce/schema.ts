// An object as the org describes it to the hub's user: what that user may not see is not in it.
// https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_sobject_describe.htm
import { HubError } from 'toolgate/kit'
import { z } from 'zod'
import { apiName } from './identifiers.ts'

const Field = z.object({
  name: apiName,
  label: z.string(),
  type: z.string(),
  length: z.number().catch(0),
  nillable: z.boolean(),
  createable: z.boolean(),
  updateable: z.boolean(),
  defaultedOnCreate: z.boolean(),
  filterable: z.boolean(),
  sortable: z.boolean(),
  restrictedPicklist: z.boolean(),
  picklistValues: z.array(z.object({ value: z.string(), active: z.boolean() })),
  referenceTo: z.array(z.string()),
  relationshipName: z.string().nullable(),
  externalId: z.boolean().catch(false),
  unique: z.boolean().catch(false),
  nameField: z.boolean().catch(false),
  groupable: z.boolean().catch(false),
  aggregatable: z.boolean().catch(false),
})
export type FieldSchema = z.output<typeof Field>

const ChildRelationship = z.object({
  childSObject: z.string(),
  field: apiName,
  relationshipName: z.string().nullable(),
})

export const Describe = z.object({
  name: apiName,
  label: z.string(),
  keyPrefix: z.string().nullable(),
  createable: z.boolean(),
  updateable: z.boolean(),
  deletable: z.boolean(),
  undeletable: z.boolean().catch(false),
  fields: z.array(Field),
  childRelationships: z.array(ChildRelationship),
})

const Summary = z.object({
  name: z.string(),
  label: z.string(),
  keyPrefix: z.string().nullable(),
  custom: z.boolean(),
  queryable: z.boolean(),
  createable: z.boolean(),
  updateable: z.boolean(),
  deletable: z.boolean(),
  undeletable: z.boolean().catch(false),
  searchable: z.boolean().catch(true),
  /** Settings of the org, which are no records, and what is on its way out. */
  customSetting: z.boolean().catch(false),
  deprecatedAndHidden: z.boolean().catch(false),
})
export type ObjectSummary = z.output<typeof Summary>

export const DescribeGlobal = z.object({ sobjects: z.array(Summary) })

export interface ObjectSchema extends z.output<typeof Describe> {
  /** The field of this name in any case; refuses what does not exist for the hub's user. */
  field(name: string): FieldSchema
  has(name: string): boolean
}

export function objectSchema(described: z.output<typeof Describe>): ObjectSchema {
  const byName = new Map(described.fields.map((field) => [field.name.toLowerCase(), field]))
  return {
    ...described,
    has: (name) => byName.has(name.toLowerCase()),
    field(name) {
      const field = byName.get(name.toLowerCase())
      if (field) return field
      throw new HubError(
        'invalid_input',
        `${described.name} has no field ${name}, or the hub's user may not see it. sf_object_describe lists the fields.`,
      )
    },
  }
}

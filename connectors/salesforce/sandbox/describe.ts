// Objects as the org describes them to the hub's user.
// https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_describeGlobal.htm
// https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_sobject_describe.htm
import type { JsonObject } from 'toolgate/kit'
import { isComparable, objects } from './schema.ts'
import type { SandboxField, SandboxObject } from './schema.ts'

export function describeGlobal(version: string): JsonObject {
  return { encoding: 'UTF-8', maxBatchSize: 200, sobjects: objects.map((object) => summary(object, version)) }
}

export function describe(object: SandboxObject, version: string): JsonObject {
  return {
    ...summary(object, version),
    childRelationships: childRelationships(object),
    fields: object.fields.filter(({ hidden }) => !hidden).map(describeField),
    recordTypeInfos: [],
  }
}

function summary(object: SandboxObject, version: string): JsonObject {
  const path = `/services/data/v${version}/sobjects/${object.name}`
  return {
    activateable: false,
    createable: object.writable,
    custom: false,
    customSetting: false,
    deletable: object.writable,
    deprecatedAndHidden: false,
    keyPrefix: object.prefix,
    label: object.label,
    labelPlural: object.labelPlural,
    layoutable: true,
    mergeable: false,
    mruEnabled: true,
    name: object.name,
    queryable: true,
    replicateable: true,
    retrieveable: true,
    searchable: true,
    triggerable: true,
    undeletable: object.writable,
    updateable: object.writable,
    urls: { sobject: path, describe: `${path}/describe`, rowTemplate: `${path}/{ID}` },
  }
}

function describeField(field: SandboxField): JsonObject {
  return {
    aggregatable: isComparable(field),
    autoNumber: field.name === 'CaseNumber',
    calculated: false,
    caseSensitive: field.externalId,
    createable: field.createable,
    custom: field.name.endsWith('__c'),
    defaultedOnCreate: field.default !== undefined,
    defaultValue: null,
    externalId: field.externalId,
    filterable: isComparable(field),
    groupable: isComparable(field),
    idLookup: field.type === 'id' || field.externalId,
    label: field.label,
    length: field.length,
    name: field.name,
    nillable: field.nillable,
    permissionable: field.nillable && field.type !== 'id',
    picklistValues: field.picklist.map((value) => ({
      active: true,
      defaultValue: value === field.default,
      label: value,
      validFor: null,
      value,
    })),
    precision: field.type === 'currency' ? 18 : 0,
    referenceTo: field.referenceTo,
    relationshipName: field.relationship ?? null,
    restrictedPicklist: field.restricted,
    scale: field.type === 'currency' ? 2 : 0,
    sortable: isComparable(field),
    type: field.type,
    unique: field.externalId,
    updateable: field.updateable,
  }
}

function childRelationships(parent: SandboxObject): readonly JsonObject[] {
  return objects.flatMap((child) =>
    child.fields
      .filter((field) => field.childRelationship !== undefined && field.referenceTo.includes(parent.name))
      .map((field) => ({
        cascadeDelete: true,
        childSObject: child.name,
        deprecatedAndHidden: false,
        field: field.name,
        junctionIdListNames: [],
        junctionReferenceTo: [],
        relationshipName: field.childRelationship ?? null,
        restrictedDelete: false,
      })),
  )
}

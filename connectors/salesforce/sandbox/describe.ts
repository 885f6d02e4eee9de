// Objects as the org describes them to the hub's user.
// https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_describeGlobal.htm
// https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_sobject_describe.htm
import type { JsonObject } from 'toolgate/kit'
import { isComparable, objects } from './schema.ts'
import type { SandboxField, SandboxObject } from './schema.ts'
import type { SandboxUser } from './users.ts'

export function describeGlobal(version: string, user: SandboxUser): JsonObject {
  const visible = objects.filter((object) => user.may(object, 'read'))
  return { encoding: 'UTF-8', maxBatchSize: 200, sobjects: visible.map((object) => summary(object, version, user)) }
}

export function describe(object: SandboxObject, version: string, user: SandboxUser): JsonObject {
  const [create, edit] = [user.may(object, 'create'), user.may(object, 'edit')]
  return {
    ...summary(object, version, user),
    childRelationships: childRelationships(object),
    fields: object.fields
      .filter(({ hidden }) => !hidden)
      .map((field) => ({
        ...describeField(field),
        createable: field.createable && create,
        updateable: field.updateable && edit,
      })),
    recordTypeInfos: [],
  }
}

function summary(object: SandboxObject, version: string, user: SandboxUser): JsonObject {
  const path = `/services/data/v${version}/sobjects/${object.name}`
  return {
    activateable: false,
    createable: user.may(object, 'create'),
    custom: object.name.endsWith('__c'),
    customSetting: false,
    deletable: user.may(object, 'delete'),
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
    undeletable: object.undeletable,
    updateable: user.may(object, 'edit'),
    urls: { sobject: path, describe: `${path}/describe`, rowTemplate: `${path}/{ID}` },
  }
}

/** By which records of an object are called. */
const nameFields = new Set(['Name', 'CaseNumber'])

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
    nameField: nameFields.has(field.name),
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

// The objects and fields of the sandbox's org, and what the hub's user may do with them.

export type FieldType =
  | 'id'
  | 'string'
  | 'textarea'
  | 'picklist'
  | 'email'
  | 'phone'
  | 'url'
  | 'currency'
  | 'percent'
  | 'boolean'
  | 'date'
  | 'datetime'
  | 'reference'
  | 'base64'

export interface SandboxField {
  readonly name: string
  readonly label: string
  readonly type: FieldType
  readonly length: number
  readonly nillable: boolean
  /** By the hub's user: object and field-level security together. */
  readonly createable: boolean
  readonly updateable: boolean
  /** Field-level security hides it from the hub's user. */
  readonly hidden: boolean
  readonly default: string | number | boolean | undefined
  readonly picklist: readonly string[]
  readonly restricted: boolean
  readonly referenceTo: readonly string[]
  readonly relationship: string | undefined
  /** What the parent calls the list of these. */
  readonly childRelationship: string | undefined
  /** Records can be named by it; its values are unique. */
  readonly externalId: boolean
}

export interface SandboxObject {
  readonly name: string
  readonly label: string
  readonly labelPlural: string
  readonly prefix: string
  readonly writable: boolean
  readonly undeletable: boolean
  readonly fields: readonly SandboxField[]
}

type Draft = Partial<Omit<SandboxField, 'name' | 'type'>>

function define(name: string, type: FieldType, more: Draft = {}): SandboxField {
  return {
    name,
    label: name.replace(/Id$/, ' ID').replace(/([a-z])([A-Z])/g, '$1 $2'),
    type,
    length: 0,
    nillable: true,
    createable: true,
    updateable: true,
    hidden: false,
    default: undefined,
    picklist: [],
    restricted: false,
    referenceTo: [],
    relationship: undefined,
    childRelationship: undefined,
    externalId: false,
    ...more,
  }
}

const readOnly = { createable: false, updateable: false } as const
const text = (name: string, length: number, more: Draft = {}): SandboxField => define(name, 'string', { length, ...more })
const longText = (name: string): SandboxField => define(name, 'textarea', { length: 32_000 })
const email = define('Email', 'email', { length: 80 })
const phone = define('Phone', 'phone', { length: 40 })
const picklist = (name: string, values: readonly string[], more: Draft = {}): SandboxField =>
  define(name, 'picklist', { length: 255, picklist: values, ...more })
const lookup = (name: string, to: readonly string[], children: string, more: Draft = {}): SandboxField =>
  define(name, 'reference', {
    length: 18,
    referenceTo: to,
    relationship: name.replace(/Id$/, ''),
    childRelationship: children,
    ...more,
  })

const system: readonly SandboxField[] = [
  define('Id', 'id', { length: 18, nillable: false, ...readOnly, default: '' }),
  define('IsDeleted', 'boolean', { nillable: false, ...readOnly, default: false }),
  define('CreatedDate', 'datetime', { nillable: false, ...readOnly, default: '' }),
  define('CreatedById', 'reference', {
    nillable: false,
    ...readOnly,
    default: '',
    referenceTo: ['User'],
    relationship: 'CreatedBy',
  }),
  define('LastModifiedDate', 'datetime', { nillable: false, ...readOnly, default: '' }),
  define('LastModifiedById', 'reference', {
    nillable: false,
    ...readOnly,
    default: '',
    referenceTo: ['User'],
    relationship: 'LastModifiedBy',
  }),
  define('SystemModstamp', 'datetime', { nillable: false, ...readOnly, default: '' }),
]
const owner = define('OwnerId', 'reference', {
  length: 18,
  nillable: false,
  default: '',
  referenceTo: ['User'],
  relationship: 'Owner',
})

/** Custom fields: where the hub leaves an operation's id, and what the company's own books call a customer. */
const operation = text('MCP_Idem__c', 64, { externalId: true })
const customerNumber = text('Customer_Number__c', 20, { externalId: true })

/** Stage, probability, closed, won. */
export const stages: Readonly<Record<string, readonly [probability: number, closed: boolean, won: boolean]>> = {
  Prospecting: [10, false, false],
  Qualification: [20, false, false],
  'Needs Analysis': [30, false, false],
  'Proposal/Price Quote': [65, false, false],
  'Negotiation/Review': [80, false, false],
  'Closed Won': [100, true, true],
  'Closed Lost': [0, true, false],
}

const industries = ['Healthcare', 'Veterinary', 'Education', 'Technology', 'Retail', 'Other']

export const objects: readonly SandboxObject[] = [
  {
    name: 'Account',
    label: 'Account',
    labelPlural: 'Accounts',
    prefix: '001',
    writable: true,
    undeletable: true,
    fields: [
      ...system,
      text('Name', 255, { nillable: false }),
      owner,
      picklist('Industry', industries),
      phone,
      define('Website', 'url', { length: 255 }),
      text('BillingCity', 40),
      define('AnnualRevenue', 'currency', { hidden: true }),
      picklist('Region__c', ['UK', 'Ireland', 'Nordics', 'EMEA'], { restricted: true }),
      customerNumber,
      longText('Description'),
    ],
  },
  {
    name: 'Contact',
    label: 'Contact',
    labelPlural: 'Contacts',
    prefix: '003',
    writable: true,
    undeletable: true,
    fields: [
      ...system,
      text('Name', 121, { nillable: false, ...readOnly, default: '' }),
      text('FirstName', 40),
      text('LastName', 80, { nillable: false }),
      owner,
      lookup('AccountId', ['Account'], 'Contacts'),
      text('Title', 128),
      email,
      phone,
    ],
  },
  {
    name: 'Opportunity',
    label: 'Opportunity',
    labelPlural: 'Opportunities',
    prefix: '006',
    writable: true,
    undeletable: true,
    fields: [
      ...system,
      text('Name', 120, { nillable: false }),
      owner,
      lookup('AccountId', ['Account'], 'Opportunities'),
      picklist('StageName', Object.keys(stages), { nillable: false, restricted: true }),
      define('Amount', 'currency'),
      define('CloseDate', 'date', { nillable: false }),
      define('Probability', 'percent', readOnly),
      text('NextStep', 255),
      define('IsClosed', 'boolean', { nillable: false, ...readOnly, default: false }),
      define('IsWon', 'boolean', { nillable: false, ...readOnly, default: false }),
      longText('Description'),
      operation,
    ],
  },
  {
    name: 'Case',
    label: 'Case',
    labelPlural: 'Cases',
    prefix: '500',
    writable: true,
    undeletable: true,
    fields: [
      ...system,
      text('CaseNumber', 30, { nillable: false, ...readOnly, default: '' }),
      owner,
      lookup('AccountId', ['Account'], 'Cases'),
      lookup('ContactId', ['Contact'], 'Cases'),
      text('Subject', 255),
      picklist('Status', ['New', 'Working', 'Escalated', 'Closed'], { nillable: false, restricted: true, default: 'New' }),
      picklist('Priority', ['High', 'Medium', 'Low'], { restricted: true, default: 'Medium' }),
      picklist('Origin', ['Phone', 'Email', 'Web'], { restricted: true }),
      operation,
      define('IsClosed', 'boolean', { nillable: false, ...readOnly, default: false }),
      longText('Description'),
    ],
  },
  {
    name: 'Task',
    label: 'Task',
    labelPlural: 'Tasks',
    prefix: '00T',
    writable: true,
    undeletable: true,
    fields: [
      ...system,
      owner,
      lookup('WhatId', ['Account', 'Opportunity', 'Case'], 'Tasks'),
      lookup('WhoId', ['Contact', 'Lead'], 'Tasks'),
      define('Subject', 'string', { length: 255 }),
      picklist('Status', ['Not Started', 'In Progress', 'Completed', 'Waiting on someone else', 'Deferred'], {
        nillable: false,
        restricted: true,
        default: 'Not Started',
      }),
      picklist('Priority', ['High', 'Normal', 'Low'], { nillable: false, restricted: true, default: 'Normal' }),
      define('ActivityDate', 'date'),
      define('IsClosed', 'boolean', { nillable: false, ...readOnly, default: false }),
      longText('Description'),
    ],
  },
  {
    name: 'Lead',
    label: 'Lead',
    labelPlural: 'Leads',
    prefix: '00Q',
    writable: true,
    undeletable: true,
    fields: [
      ...system,
      text('Name', 121, { nillable: false, ...readOnly, default: '' }),
      text('FirstName', 40),
      text('LastName', 80, { nillable: false }),
      text('Company', 255, { nillable: false }),
      owner,
      text('Title', 128),
      email,
      phone,
      picklist('Status', ['Open - Not Contacted', 'Working - Contacted', 'Closed - Not Converted'], {
        nillable: false,
        restricted: true,
        default: 'Open - Not Contacted',
      }),
      operation,
      longText('Description'),
    ],
  },
  {
    name: 'CaseComment',
    label: 'Case Comment',
    labelPlural: 'Case Comments',
    prefix: '00a',
    writable: true,
    undeletable: true,
    fields: [
      ...system,
      lookup('ParentId', ['Case'], 'CaseComments', { nillable: false }),
      define('CommentBody', 'textarea', { length: 4_000 }),
      define('IsPublished', 'boolean', { nillable: false, default: false }),
    ],
  },
  {
    name: 'ContentNote',
    label: 'Note',
    labelPlural: 'Notes',
    prefix: '069',
    writable: true,
    undeletable: true,
    fields: [
      ...system,
      text('Title', 255, { nillable: false }),
      define('Content', 'base64'),
      text('TextPreview', 255, readOnly),
      owner,
    ],
  },
  {
    name: 'ContentDocumentLink',
    label: 'Content Document Link',
    labelPlural: 'Content Document Link',
    prefix: '06A',
    writable: true,
    undeletable: true,
    fields: [
      ...system.filter(({ name }) => name === 'Id' || name === 'IsDeleted' || name === 'SystemModstamp'),
      define('ContentDocumentId', 'reference', { length: 18, nillable: false, referenceTo: ['ContentNote'] }),
      define('LinkedEntityId', 'reference', {
        length: 18,
        nillable: false,
        referenceTo: ['Account', 'Contact', 'Opportunity', 'Case', 'Lead'],
      }),
      picklist('ShareType', ['V', 'C', 'I'], { restricted: true }),
      picklist('Visibility', ['AllUsers', 'InternalUsers', 'SharedUsers'], { restricted: true, default: 'AllUsers' }),
    ],
  },
  {
    name: 'Project__c',
    label: 'Project',
    labelPlural: 'Projects',
    prefix: 'a00',
    writable: true,
    undeletable: true,
    fields: [
      ...system,
      text('Name', 80, { nillable: false }),
      owner,
      lookup('Account__c', ['Account'], 'Projects__r', { relationship: 'Account__r' }),
      define('Budget__c', 'currency'),
      text('Code__c', 20, { externalId: true }),
      longText('Notes__c'),
      operation,
      picklist('Stage__c', ['Planned', 'Running', 'Done'], { restricted: true, default: 'Planned' }),
    ],
  },
  {
    // The configuration of the sandbox does not name it, so that the hub does not work with it.
    name: 'Invoice__c',
    label: 'Invoice',
    labelPlural: 'Invoices',
    prefix: 'a01',
    writable: true,
    undeletable: true,
    fields: [
      ...system,
      text('Name', 80, { nillable: false, ...readOnly, default: '' }),
      lookup('Account__c', ['Account'], 'Invoices__r', { relationship: 'Account__r', nillable: false, updateable: false }),
      define('Total__c', 'currency'),
    ],
  },
  {
    name: 'User',
    label: 'User',
    labelPlural: 'Users',
    prefix: '005',
    writable: false,
    undeletable: false,
    fields: [
      ...system.filter(({ name }) => name !== 'IsDeleted'),
      text('Name', 121, { nillable: false, ...readOnly, default: '' }),
      define('Email', 'email', { length: 128, nillable: false, ...readOnly, default: '' }),
      text('Title', 80, readOnly),
      define('IsActive', 'boolean', { nillable: false, ...readOnly, default: true }),
    ],
  },
]

/** In any case, as Salesforce takes it. */
export function objectCalled(name: string): SandboxObject | undefined {
  return objects.find((one) => one.name.toLowerCase() === name.toLowerCase())
}

/** What the hub's user can see. */
export function visibleField(object: SandboxObject, name: string): SandboxField | undefined {
  return object.fields.find((one) => !one.hidden && one.name.toLowerCase() === name.toLowerCase())
}

/** Long text can be neither filtered nor sorted by. */
export function isComparable(field: SandboxField): boolean {
  return field.type !== 'textarea' && field.type !== 'base64'
}

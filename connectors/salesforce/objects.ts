// The objects that this connector works with: what is shown of each by default, and the only fields that may be written.
import type { FieldSchema, ObjectSchema } from './schema.ts'

/** Without further words in the configuration, these. */
export const standardNames = ['Account', 'Contact', 'Opportunity', 'Case', 'Task', 'Lead'] as const
export type StandardName = (typeof standardNames)[number]
/** One of these, or one that the configuration names in `objects`, in the org's own spelling. */
export type ObjectName = string

export interface ObjectProfile {
  /** Shown when the caller names no fields. */
  readonly compact: readonly string[]
  /** May be set on an existing record. Owner, record type and system fields never are. */
  readonly update: readonly string[]
  /** May be set on a new record only. */
  readonly create: readonly string[]
  /** The field by which a duplicate is looked for before a record is made. */
  readonly duplicateBy: string | undefined
  /** Lookups to this object that a deletion would follow or be stopped by. */
  readonly children: readonly { readonly object: ObjectName; readonly by: string }[]
}

export const profiles: Readonly<Record<StandardName, ObjectProfile>> = {
  Account: {
    compact: ['Name', 'Industry', 'Phone', 'Website', 'BillingCity', 'OwnerId', 'Owner.Name'],
    update: ['Name', 'Phone', 'Website', 'Industry', 'Description'],
    create: [],
    duplicateBy: 'Name',
    children: [
      { object: 'Contact', by: 'AccountId' },
      { object: 'Opportunity', by: 'AccountId' },
      { object: 'Case', by: 'AccountId' },
      { object: 'Task', by: 'WhatId' },
    ],
  },
  Contact: {
    compact: ['Name', 'Title', 'Email', 'Phone', 'AccountId', 'Account.Name', 'OwnerId', 'Owner.Name'],
    update: ['FirstName', 'LastName', 'Title', 'Email', 'Phone', 'AccountId'],
    create: [],
    duplicateBy: 'Email',
    children: [
      { object: 'Case', by: 'ContactId' },
      { object: 'Task', by: 'WhoId' },
    ],
  },
  Opportunity: {
    compact: [
      'Name',
      'StageName',
      'Amount',
      'CloseDate',
      'Probability',
      'NextStep',
      'AccountId',
      'Account.Name',
      'OwnerId',
      'Owner.Name',
    ],
    update: ['Name', 'StageName', 'Amount', 'CloseDate', 'Probability', 'NextStep', 'Description'],
    create: ['AccountId'],
    duplicateBy: undefined,
    children: [{ object: 'Task', by: 'WhatId' }],
  },
  Case: {
    compact: [
      'CaseNumber',
      'Subject',
      'Status',
      'Priority',
      'AccountId',
      'Account.Name',
      'ContactId',
      'OwnerId',
      'Owner.Name',
    ],
    update: ['Status', 'Priority', 'Subject', 'Description'],
    create: ['Origin', 'AccountId', 'ContactId'],
    duplicateBy: undefined,
    children: [{ object: 'Task', by: 'WhatId' }],
  },
  Task: {
    compact: ['Subject', 'Status', 'Priority', 'ActivityDate', 'WhatId', 'WhoId', 'OwnerId', 'Owner.Name'],
    update: ['Status', 'Priority', 'Subject', 'ActivityDate', 'Description'],
    create: ['WhatId', 'WhoId', 'OwnerId'],
    duplicateBy: undefined,
    children: [],
  },
  Lead: {
    compact: ['Name', 'Company', 'Title', 'Email', 'Phone', 'Status', 'OwnerId', 'Owner.Name'],
    update: ['FirstName', 'LastName', 'Company', 'Title', 'Email', 'Phone', 'Status', 'Description'],
    create: [],
    duplicateBy: 'Email',
    children: [{ object: 'Task', by: 'WhoId' }],
  },
}

/** The one hop that a field may take, and the object that it then shows something of. Who owns a record is part of it. */
export const relationshipPaths: ReadonlyMap<string, StandardName | undefined> = new Map([
  ['Owner.Name', undefined],
  ['Account.Name', 'Account'],
  ['Contact.Name', 'Contact'],
])

export function isStandard(name: string): name is StandardName {
  return (standardNames as readonly string[]).includes(name)
}

/** What cannot be named in `objects`: people and their rights, the org's own build, and copies of records. */
export const unworkable =
  /^(?!\w*__c$)(?:User|Group|Profile|Organization|Queue|PermissionSet|Permission|Role|Auth|Session|Login|OAuth|Connected|ExternalClient|NamedCredential|SetupEntity|SetupAudit|Apex|Flow|Entity|FieldDefinition|FieldPermissions|ObjectPermissions|CustomPermission|Content|Attachment|Document|EventLog|Async|CronTrigger|CronJob|Muting|Tenant|Static|Email|Domain|Network|RecordAction|RecordType)|(?:Share|History|Feed|ChangeEvent|OwnerSharingRule|Tag|__mdt|__e|__x|__b|__Share|__History|__Feed|__ChangeEvent)$/i

// Of a field that has parts, the parts are fields of their own; files are no text.
const whole = new Set(['address', 'location', 'base64', 'complexvalue', 'anyType'])
const long = new Set(['textarea', 'encryptedstring', 'multipicklist'])
const never = new Set(['Id', 'OwnerId', 'RecordTypeId'])
const mostShown = 8

/**
 * What is shown and written of an object: of the standard six as it is written here; of another one by the org's own
 * description, all that the hub's user may write but owner, record type and the hub's own field.
 */
export function profileOf(schema: ObjectSchema, reserved?: string): ObjectProfile {
  if (isStandard(schema.name)) return profiles[schema.name]
  const title = titleField(schema)
  const own = schema.fields.filter(
    ({ name, type }) => !never.has(name) && !whole.has(type) && name.toLowerCase() !== reserved?.toLowerCase(),
  )
  const listed = own.filter((field) => field.name !== title && !long.has(field.type) && isOfInterest(field))
  const owned = schema.has('OwnerId') ? ['OwnerId', 'Owner.Name'] : []
  return {
    compact: [title, ...listed.slice(0, mostShown).map(({ name }) => name), ...owned],
    update: own.filter(({ updateable }) => updateable).map(({ name }) => name),
    create: own.filter(({ updateable, createable }) => createable && !updateable).map(({ name }) => name),
    duplicateBy: undefined,
    children: [],
  }
}

function isOfInterest({ name, createable, updateable }: FieldSchema): boolean {
  return createable || updateable || name.endsWith('__c')
}

/** The field that a record is called by. */
export function titleField({ name, fields }: ObjectSchema): string {
  if (name === 'Case' || name === 'Task') return 'Subject'
  return (isStandard(name) ? undefined : fields.find((field) => field.nameField)?.name) ?? 'Name'
}

/**
 * What a write to a record may name in its effects: each field that one of the six can be given by its own name, on
 * whatever object it is, and all other fields below `Fields`. So a rule on a field holds for every object, and no field
 * goes unnamed.
 */
const known = [...new Set(standardNames.flatMap((name) => [...profiles[name].update, ...profiles[name].create]))].sort()
const shownOnly = standardNames.flatMap((name) => profiles[name].compact.filter((path) => !path.includes('.')))
export const written: readonly string[] = [...known, 'Fields']
export const deleted: readonly string[] = [...new Set([...known, ...shownOnly])].sort().concat('Fields')

/** The values of a record as its effect tells them. */
export function told<Value>(
  declared: readonly string[],
  values: Readonly<Record<string, Value>>,
): Readonly<Record<string, Value | Readonly<Record<string, Value>>>> {
  const isNamed = ([name]: readonly [string, Value]) => name !== 'Fields' && declared.includes(name)
  const all = Object.entries(values)
  const others = all.filter((entry) => !isNamed(entry))
  return {
    ...Object.fromEntries(all.filter(isNamed)),
    ...(others.length > 0 && { Fields: Object.fromEntries(others) }),
  }
}

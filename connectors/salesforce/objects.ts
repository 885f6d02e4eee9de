// The objects that this connector works with: what is shown of each by default, and the only fields that may be written.

export const objectNames = ['Account', 'Contact', 'Opportunity', 'Case', 'Task', 'Lead'] as const
export type ObjectName = (typeof objectNames)[number]
/** What the hub makes beside them, each by one tool. */
export type CreatableName = ObjectName | 'CaseComment'

interface ObjectProfile {
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

export const profiles: Readonly<Record<ObjectName, ObjectProfile>> = {
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
export const relationshipPaths: ReadonlyMap<string, ObjectName | undefined> = new Map([
  ['Owner.Name', undefined],
  ['Account.Name', 'Account'],
  ['Contact.Name', 'Contact'],
])

/** Every field that an effect of these objects may name. */
export function fieldsOf(
  objects: readonly ObjectName[],
  of: (profile: ObjectProfile) => readonly string[],
): readonly string[] {
  return [...new Set(objects.flatMap((object) => of(profiles[object])))].sort()
}

export function isObjectName(name: string): name is ObjectName {
  return (objectNames as readonly string[]).includes(name)
}

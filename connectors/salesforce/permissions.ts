// What the hub's user has to be granted in Salesforce so that the given tools work and nothing else: a permission set.
// https://developer.salesforce.com/docs/atlas.en-us.api_meta.meta/api_meta/meta_permissionset.htm
import type { PermissionSet } from '@jsforce/jsforce-node/lib/api/metadata/schema.js'
import type { Permissions, Tool } from 'toolgate/kit'
import { profiles, standardNames } from './objects.ts'
import type { StandardName } from './objects.ts'

/** What one tool does with the records of an object; `set` edits their fields, `edit` only the record or what hangs on it. */
export type Use = 'read' | 'create' | 'edit' | 'set' | 'delete'
export type Needs = Partial<Readonly<Record<StandardName, readonly Use[]>>>

const all = (...uses: Use[]): Needs => Object.fromEntries(standardNames.map((object) => [object, uses]))
const records = ['Account', 'Contact', 'Opportunity', 'Case', 'Lead'] as const
const made = (...uses: Use[]): Needs => Object.fromEntries(records.map((object) => [object, uses]))

/** By the tool's name. */
export const needs: Readonly<Record<string, Needs>> = {
  object_list: {},
  object_describe: all('read'),
  record_get: all('read'),
  record_find: all('read'),
  query_run: all('read'),
  related_list: all('read'),
  text_search: all('read'),
  record_update: all('read', 'set'),
  record_create: made('read', 'create'),
  record_upsert: made('read', 'create', 'set'),
  record_batch: all('read', 'create', 'set'),
  owner_change: all('read', 'edit'),
  task_create: { ...made('read'), Task: ['read', 'create'] },
  note_add: made('read', 'edit'),
  casecomment_add: { Case: ['read', 'edit'] },
  record_delete: all('read', 'delete'),
  record_undelete: all('read', 'delete'),
  // What they read or change is decided in the org: the README says what to add.
  report_run: {},
  flow_run: {},
}

/** Salesforce gives no permissions on these: who may read or edit the record may read or edit them. */
const ungoverned: Readonly<Record<StandardName, readonly string[]>> = {
  Account: ['Name', 'OwnerId'],
  Contact: ['Name', 'FirstName', 'LastName', 'OwnerId'],
  Opportunity: ['Name', 'StageName', 'CloseDate', 'OwnerId'],
  Case: ['CaseNumber', 'Status', 'OwnerId'],
  Task: ['Subject', 'Status', 'Priority', 'OwnerId'],
  Lead: ['Name', 'FirstName', 'LastName', 'Company', 'Status', 'OwnerId'],
}

/** The parts of an address are governed by the address. */
const governedBy: Readonly<Record<string, string>> = { BillingCity: 'BillingAddress' }

/** Nobody can be given Read on these without Read on their parents. */
const parents: Partial<Readonly<Record<StandardName, readonly StandardName[]>>> = {
  Contact: ['Account'],
  Opportunity: ['Account'],
  Case: ['Account', 'Contact'],
}

export function permissions(tools: readonly Tool[]): Permissions {
  const has = (tool: string) => tools.some(({ name }) => name === tool)
  const further = [
    'Read on further fields that agents may ask for',
    'Read, Create, Edit and Delete on the objects that `objects` of the configuration names, as far as these tools are to use them',
    'Edit on the idempotency_field and on external ids that sf_record_upsert is to use',
    ...(has('report_run')
      ? ['access to the folders of the reports that sf_report_run may run, and Read on what they show']
      : []),
    ...(has('flow_run') ? ['access to the flows that sf_flow_run may run'] : []),
  ]
  return {
    what: `A permission set for the hub’s user: save it as toolgate.permissionset-meta.xml and deploy it, or copy it in Setup. It holds the fields that are shown by default or written. To be added where wanted: ${further.join('; ')}.`,
    text: xmlOf(permissionSet(tools)),
  }
}

/** As the Metadata API takes it. No View All, no Modify All, no permission on what no tool uses. */
export function permissionSet(tools: readonly Tool[]): Omit<PermissionSet, 'fullName'> {
  const uses = usesOf(tools)
  const objects = standardNames.filter((object) => uses.has(object))
  return {
    applicationVisibilities: [],
    classAccesses: [],
    customMetadataTypeAccesses: [],
    customPermissions: [],
    description: 'What the enabled tools of Toolgate need, and no more.',
    externalDataSourceAccesses: [],
    fieldPermissions: objects.flatMap((object) => fieldPermissions(object, uses.get(object) ?? new Set())),
    flowAccesses: [],
    hasActivationRequired: false,
    label: 'Toolgate',
    // Tasks have no object permission: who may edit tasks is a permission of the user.
    objectPermissions: objects
      .filter((object) => object !== 'Task')
      .map((object) => objectPermission(object, uses.get(object) ?? new Set())),
    pageAccesses: [],
    recordTypeVisibilities: [],
    tabSettings: [],
    userPermissions: [
      ...(tools.length > 0 ? [{ enabled: true, name: 'ApiEnabled' }] : []),
      ...([...(uses.get('Task') ?? [])].some((use) => use !== 'read') ? [{ enabled: true, name: 'EditTask' }] : []),
      ...(tools.some(({ name }) => name === 'report_run') ? [{ enabled: true, name: 'RunReports' }] : []),
    ],
  }
}

function usesOf(tools: readonly Tool[]): ReadonlyMap<StandardName, ReadonlySet<Use>> {
  const uses = new Map<StandardName, Set<Use>>()
  const add = (object: StandardName, use: Use): void => void uses.set(object, (uses.get(object) ?? new Set()).add(use))
  for (const { name } of tools) {
    const needed = needs[name]
    if (!needed) throw new TypeError(`It is not written down what ${name} needs.`)
    for (const object of standardNames) {
      for (const use of needed[object] ?? []) add(object, use)
      if (needed[object]) for (const parent of parents[object] ?? []) add(parent, 'read')
    }
  }
  return uses
}

function objectPermission(object: StandardName, uses: ReadonlySet<Use>): PermissionSet['objectPermissions'][number] {
  const deletes = uses.has('delete')
  return {
    allowCreate: uses.has('create'),
    allowDelete: deletes,
    // Salesforce grants no Delete without Edit.
    allowEdit: deletes || uses.has('edit') || uses.has('set'),
    allowRead: true,
    modifyAllRecords: false,
    object,
    viewAllRecords: false,
  }
}

function fieldPermissions(object: StandardName, uses: ReadonlySet<Use>): PermissionSet['fieldPermissions'] {
  const { compact, update, create } = profiles[object]
  const written = [...(uses.has('set') || uses.has('create') ? update : []), ...(uses.has('create') ? create : [])]
  const read = compact.filter((path) => !path.includes('.'))
  const fields = [...new Set([...read, ...written])].filter((name) => !ungoverned[object].includes(name))
  return fields
    .map((name) => ({
      editable: written.includes(name),
      field: `${object}.${governedBy[name] ?? name}`,
      readable: true,
    }))
    .toSorted((left, right) => (left.field < right.field ? -1 : 1))
}

/** Elements in the order in which Salesforce writes them; empty lists are left out. */
function xmlOf(set: Omit<PermissionSet, 'fullName'>): string {
  const lines = Object.entries(set)
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .flatMap(([name, value]) => (Array.isArray(value) ? value : [value]).map((one: unknown) => element(name, one)))
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<PermissionSet xmlns="http://soap.sforce.com/2006/04/metadata">',
    ...lines,
    '</PermissionSet>',
  ].join('\n')
}

function element(name: string, value: unknown): string {
  if (typeof value !== 'object' || value === null) return `    <${name}>${escaped(String(value))}</${name}>`
  const inner = Object.entries(value).map(([part, text]) => `        <${part}>${escaped(String(text))}</${part}>`)
  return [`    <${name}>`, ...inner, `    </${name}>`].join('\n')
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

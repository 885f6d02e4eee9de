// What a caller's JQL may name: fields, their operators, functions and orders. What is not here is refused.
// https://support.atlassian.com/jira-software-cloud/docs/jql-fields/

/** Values of `key` and `project` are checked against what the person may see. */
export type Kind = 'project' | 'key' | 'option' | 'user' | 'time' | 'text' | 'custom'

export interface Allowed {
  /** As it is written into the query. */
  readonly name: string
  readonly kind: Kind
}

const kinds: Readonly<Record<Kind, readonly string[]>> = {
  project: ['project'],
  key: ['key', 'parent'],
  option: [
    'affectedVersion',
    'component',
    'fixVersion',
    'issuetype',
    'labels',
    'priority',
    'resolution',
    'sprint',
    'status',
    'statusCategory',
  ],
  user: ['assignee', 'creator', 'reporter'],
  time: ['created', 'due', 'resolved', 'updated'],
  text: ['comment', 'description', 'environment', 'summary', 'text'],
  custom: [],
}

const aliases: Readonly<Record<string, string>> = {
  createddate: 'created',
  duedate: 'due',
  id: 'key',
  issue: 'key',
  issuekey: 'key',
  resolutiondate: 'resolved',
  type: 'issuetype',
  updateddate: 'updated',
}

const equality = ['=', '!=', 'in', 'not in']
const presence = ['is', 'is not']
const order = ['>', '>=', '<', '<=']

/** None looks into history, nor into what is not a field of the issue itself. */
const operators: Readonly<Record<Kind, readonly string[]>> = {
  project: equality,
  key: [...equality, ...presence],
  option: [...equality, ...presence, ...order],
  user: [...equality, ...presence],
  time: ['=', '!=', ...order, ...presence],
  text: ['~', '!~', ...presence],
  /** What it is, only the site knows. */
  custom: [...equality, ...presence, ...order, '~', '!~'],
}

/** Those that look at the clock, at the hub's own account, or at sprints; with the most arguments that they take. */
const functions: Readonly<Record<string, { readonly name: string; readonly kind: Kind; readonly most: number }>> =
  Object.fromEntries(
    [
      ...['now'].map((name) => ({ name, kind: 'time' as const, most: 0 })),
      ...['Day', 'Week', 'Month', 'Year'].flatMap((unit) => [
        { name: `startOf${unit}`, kind: 'time' as const, most: 1 },
        { name: `endOf${unit}`, kind: 'time' as const, most: 1 },
      ]),
      { name: 'currentUser', kind: 'user' as const, most: 0 },
      ...['openSprints', 'futureSprints', 'closedSprints'].map((name) => ({ name, kind: 'option' as const, most: 0 })),
    ].map((each) => [lower(each.name), each]),
  )

const sortable = new Set([
  'assignee',
  'created',
  'due',
  'issuetype',
  'key',
  'priority',
  'project',
  'reporter',
  'resolved',
  'status',
  'summary',
  'updated',
])

const known = new Map(
  Object.entries(kinds).flatMap(([kind, names]) => names.map((name) => [lower(name), { name, kind: kind as Kind }])),
)

/** @param custom the fields of this site that its settings let queries name, as `cf[10050]` or by name */
export function allowedField(name: string, custom: readonly string[]): Allowed | undefined {
  const wanted = lower(name)
  const own = custom.find((each) => lower(each) === wanted)
  return own === undefined ? known.get(aliases[wanted] ?? wanted) : { name: own, kind: 'custom' }
}

export function allowedFunction(name: string): (typeof functions)[string] | undefined {
  return Object.hasOwn(functions, lower(name)) ? functions[lower(name)] : undefined
}

export function takes(kind: Kind, operator: string): boolean {
  return operators[kind].includes(operator)
}

export function isSortable({ name }: Allowed): boolean {
  return sortable.has(name)
}

export function fieldNames(custom: readonly string[]): readonly string[] {
  return [...known.values()].map(({ name }) => name).concat(custom)
}

/** ASCII and nothing else: a letter that only looks the same names another field. */
function lower(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}

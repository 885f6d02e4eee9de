// The fields that a query may name: which operators they take, what an issue has in them, and what a value means.
import { badRequest, isObject, word as textOf } from './answer.ts'
import { wordsOf } from './document.ts'
import {
  categories,
  componentNames,
  people,
  priorities,
  resolutions,
  severity,
  statuses,
  types,
  versionNames,
} from './world.ts'
import type { IssueDocument, Named, World } from './world.ts'

export type Value = string | number

export interface Field {
  readonly name: string
  readonly kind: 'option' | 'user' | 'time' | 'text'
  readonly operators: readonly string[]
  values(issue: IssueDocument, world: World): readonly Value[]
  /** The value that a query's word stands for; undefined when there is none. */
  resolve(word: string, world: World): Value | undefined
}

const equality = ['=', '!=', 'in', 'not in']
const presence = ['is', 'is not']
const order = ['>', '>=', '<', '<=']

/** Names and ids in any case, as Jira takes them. */
const among = (list: readonly Named[]) => (word: string) =>
  list.find(({ id, name }) => name.toLowerCase() === word.toLowerCase() || id === word)?.id
const one = (value: string | null) => (value === null ? [] : [value])

function option(name: string, operators: readonly string[], values: Field['values'], resolve: Field['resolve']): Field {
  return { name, kind: 'option', operators, values, resolve }
}

function person(name: string, values: (issue: IssueDocument) => readonly string[]): Field {
  const resolve = (word: string) =>
    people.find(({ accountId, name: full, email }) =>
      [accountId, full, email].some((each) => each.toLowerCase() === word.toLowerCase()),
    )?.accountId
  return { name, kind: 'user', operators: [...equality, ...presence], values, resolve }
}

function time(name: string, read: (issue: IssueDocument) => string | null): Field {
  const values = (issue: IssueDocument) => {
    const at = read(issue)
    return at === null ? [] : [Date.parse(at)]
  }
  return { name, kind: 'time', operators: ['=', '!=', ...order, ...presence], values, resolve: () => undefined }
}

function text(name: string, operators: readonly string[], values: Field['values']): Field {
  return { name, kind: 'text', operators, values, resolve: (word) => word }
}

const describe = (issue: IssueDocument) => (issue.description === null ? [] : [wordsOf(issue.description)])
const commentsOf = (issue: IssueDocument, world: World) => world.comments(issue.id).map(({ body }) => wordsOf(body))
/** As numbers: the highest priority is the greatest. */
const rank = (id: string) => priorities.length - priorities.findIndex((each) => each.id === id)
const severities = severity.options.map(({ id, value }) => ({ id, name: value }))
const severityOf = ({ custom }: IssueDocument) => {
  const set = custom[severity.id]
  return isObject(set) ? [textOf(set['id'])] : []
}
const keyOrder = (key: string) => Number(key.split('-')[1])

const byKey = (word: string, world: World) => world.issue(word.toUpperCase())?.id

const fields: readonly Field[] = [
  option(
    'project',
    [...equality, ...presence],
    ({ project }) => [project],
    (word, world) =>
      world
        .projects()
        .find((key) =>
          [key, world.projectDocument(key).name, world.projectDocument(key).id].some(
            (each) => each.toLowerCase() === word.toLowerCase(),
          ),
        ),
  ),
  option('issuetype', [...equality, ...presence], ({ type }) => [type], among(types)),
  option('status', [...equality, ...presence], ({ status }) => [status], among(statuses)),
  option(
    'statusCategory',
    [...equality, ...presence],
    ({ status }) => one(statuses.find(({ id }) => id === status)?.category ?? null),
    (word) => Object.values(categories).find(({ key, name }) => [key, name.toLowerCase()].includes(word.toLowerCase()))?.key,
  ),
  option(
    'priority',
    [...equality, ...presence, ...order],
    ({ priority }) => [rank(priority)],
    (word) => {
      const id = among(priorities)(word)
      return id === undefined ? undefined : rank(id)
    },
  ),
  option(
    'resolution',
    [...equality, ...presence],
    ({ resolution }) => one(resolution),
    (word) => (word.toLowerCase() === 'unresolved' ? unresolved : among(resolutions)(word)),
  ),
  option(
    'labels',
    [...equality, ...presence],
    ({ labels }) => labels,
    (word) => word,
  ),
  option('key', equality, ({ id }) => [id], byKey),
  option('parent', [...equality, ...presence], ({ parent }) => one(parent), byKey),
  option(
    'sprint',
    [...equality, ...presence],
    ({ sprint }) => (sprint ? [String(sprint)] : []),
    (word, world) =>
      world.state
        .list('sprint')
        .find(({ id, value }) => id === word || textOf(value['name']).toLowerCase() === word.toLowerCase())?.id,
  ),
  option(
    'component',
    [...equality, ...presence],
    ({ components = [] }) => components,
    (word) => componentNames.find((name) => name.toLowerCase() === word.toLowerCase()),
  ),
  option(
    'fixVersion',
    [...equality, ...presence, ...order],
    ({ fixVersions = [] }) => fixVersions,
    (word) => versionNames.find((name) => name.toLowerCase() === word.toLowerCase()),
  ),
  option(severity.name, [...equality, ...presence], severityOf, (word) => among(severities)(word)),
  person('assignee', ({ assignee }) => one(assignee)),
  person('reporter', ({ reporter }) => [reporter]),
  person('creator', ({ reporter }) => [reporter]),
  person('watcher', ({ watchers }) => watchers),
  time('created', ({ created }) => created),
  time('updated', ({ updated }) => updated),
  time('due', ({ due }) => due),
  time('resolved', ({ resolved }) => resolved),
  text('summary', ['~', '!~', ...presence], ({ summary }) => [summary]),
  text('description', ['~', '!~', ...presence], describe),
  text('environment', ['~', '!~', ...presence], () => []),
  text('comment', ['~', '!~'], commentsOf),
  text('text', ['~'], (issue, world) => [issue.summary, ...describe(issue), ...commentsOf(issue, world)]),
]

/** What a query calls the resolution of what has none. */
export const unresolved = 'unresolved'

const aliases: Readonly<Record<string, string>> = {
  duedate: 'due',
  [`cf[${severity.id.split('_')[1]}]`]: 'severity',
  'severity[dropdown]': 'severity',
  type: 'issuetype',
  issue: 'key',
  issuekey: 'key',
  id: 'key',
  createddate: 'created',
  updateddate: 'updated',
  resolutiondate: 'resolved',
}

/** ASCII in any case and nothing else: a letter that only looks the same names another field. */
export function fieldNamed(name: string): Field {
  const wanted = lower(name)
  const field = fields.find((each) => lower(each.name) === lower(aliases[wanted] ?? wanted))
  if (field === undefined) throw badRequest(`Field '${name}' does not exist or you do not have permission to view it.`)
  return field
}

const lower = (name: string) => name.replace(/[A-Z]/g, (letter) => letter.toLowerCase())

export function orderOf(name: string, descending: boolean): (left: IssueDocument, right: IssueDocument) => number {
  const key = sortKeys[fieldNamed(name).name]
  if (key === undefined) throw badRequest(`Not able to sort using field '${name}'.`)
  const direction = descending ? -1 : 1
  return (left, right) => {
    const [first, second] = [key(left), key(right)]
    return first === second ? 0 : first < second ? -direction : direction
  }
}

const personName = (id: string | null) => people.find(({ accountId }) => accountId === id)?.name ?? ''

const sortKeys: Readonly<Record<string, (issue: IssueDocument) => Value>> = {
  due: ({ due }) => due ?? '',
  resolved: ({ resolved }) => resolved ?? '',
  assignee: ({ assignee }) => personName(assignee),
  reporter: ({ reporter }) => personName(reporter),
  created: ({ created }) => created,
  updated: ({ updated }) => updated,
  priority: ({ priority }) => rank(priority),
  status: ({ status }) => status,
  summary: ({ summary }) => summary.toLowerCase(),
  project: ({ project }) => project,
  issuetype: ({ type }) => type,
  key: ({ project, key }) => `${project} ${String(keyOrder(key)).padStart(10, '0')}`,
}

// Builds JQL from filters. Every value is quoted and escaped; no caller's text is ever syntax.
import { visibleText } from 'toolgate/kit'
import type { Rewritten } from './raw-jql/rewrite.ts'

export interface Filters {
  readonly projects?: readonly string[] | undefined
  readonly types?: readonly string[] | undefined
  readonly statuses?: readonly string[] | undefined
  /** An accountId, `me` or `nobody`. */
  readonly assignee?: string | undefined
  readonly labels?: readonly string[] | undefined
  readonly text?: string | undefined
  readonly updatedAfter?: Date | undefined
  readonly parent?: string | undefined
  readonly sprint?: 'open' | 'none' | number | undefined
  /** A query that was written again from its tree. */
  readonly raw?: Rewritten | undefined
  readonly order: keyof typeof orders | undefined
}

export const orders = {
  recently_updated: 'updated DESC',
  least_recently_updated: 'updated ASC',
  newest: 'created DESC',
  oldest: 'created ASC',
  priority: 'priority DESC',
} as const

/** Undefined when no filter bounds the search, which Jira refuses. */
export function buildJql(filters: Filters, now: Date): string | undefined {
  const { projects, types, statuses, assignee, labels, text, updatedAfter, parent, sprint, raw, order } = filters
  const words = text === undefined ? '' : searchWords(text)
  const clauses = [
    projects && `project in ${list(projects)}`,
    types && `issuetype in ${list(types)}`,
    statuses && `status in ${list(statuses)}`,
    assignee !== undefined && assigned(assignee),
    ...(labels ?? []).map((label) => `labels = ${quoted(label)}`),
    words !== '' && `text ~ ${quoted(words)}`,
    // A date would be read in the time zone of the account; minutes are the same everywhere.
    updatedAfter && `updated >= "-${Math.max(0, Math.ceil((now.getTime() - updatedAfter.getTime()) / 60_000))}m"`,
    parent && `parent = ${quoted(parent)}`,
    sprint !== undefined && inSprint(sprint),
    raw?.where,
  ].filter((clause) => typeof clause === 'string')
  if (clauses.length === 0) return undefined
  const found = clauses.join(' AND ')
  if (raw?.orderBy !== undefined && order === undefined) return `${found} ORDER BY ${raw.orderBy}`
  return order === undefined ? found : `${found} ORDER BY ${orders[order]}, key ASC`
}

/** https://support.atlassian.com/jira-software-cloud/docs/jql-operators/ and /search-for-issues-using-the-text-field/ */
export function quoted(value: string): string {
  return `"${visibleText(value).replace(/\s/g, ' ').replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}

function list(values: readonly string[]): string {
  return `(${values.map(quoted).join(', ')})`
}

function assigned(assignee: string): string {
  if (assignee === 'me') return 'assignee = currentUser()'
  if (assignee === 'nobody') return 'assignee is EMPTY'
  return `assignee = ${quoted(assignee)}`
}

function inSprint(sprint: 'open' | 'none' | number): string {
  if (sprint === 'open') return 'sprint in openSprints()'
  return sprint === 'none' ? 'sprint is EMPTY' : `sprint = ${sprint}`
}

/** What a query looks for, as it is meant: a phrase in quotes, or words of which the last letters may be left open. */
export function textQuery(text: string): string {
  const phrase = /^\s*"([^"]*)"\s*$/.exec(text)?.[1]
  if (phrase !== undefined) return searchWords(phrase) === '' ? '' : `"${searchWords(phrase)}"`
  return text
    .split(/\s+/)
    .flatMap((part) => {
      const words = searchWords(part)
      return words === '' ? [] : [part.endsWith('*') ? `${words}*` : words]
    })
    .join(' ')
}

/** Text search has a syntax of its own, with operators in both signs and capitals. */
function searchWords(text: string): string {
  return visibleText(text)
    .replace(/[+\-&|!(){}[\]^~*?\\:"/]/g, ' ')
    .replace(/\b(?:AND|OR|NOT)\b/g, (word) => word.toLowerCase())
    .replace(/\s+/g, ' ')
    .trim()
}

// What the plans of several tools share: who will notice, what the hub's account may do, whether the issue has moved.
import { HubError } from 'toolgate/kit'
import type { Audience, Reads, Resources } from 'toolgate/kit'
import { permissionNames } from './jira.ts'
import type { Issue, Jira, JiraReads, Permission } from './jira.ts'
import type { Project } from './answers.ts'

/** The issue, once it is known that policy could let this person use it where it is now. */
export async function admitted(
  key: string,
  context: Pick<Reads<Jira>, 'vendor' | 'admit'>,
  /** What else it lives in: the fields that are touched. */
  also: Resources = {},
): Promise<Issue> {
  const issue = await context.vendor.issue(key)
  context.admit({ ...inProject(issue), ...also })
  return issue
}

/** By the project that Jira resolved: a moved issue keeps answering to its old key. */
export function inProject({ fields }: Issue): Resources {
  return { 'jira.project': fields.project.key, 'jira.issuetype': fields.issuetype.name }
}

/** The kinds of resource that a write of an issue lives in. */
export const issueKinds = ['jira.project', 'jira.issuetype'] as const
/** And where it says which fields it touches, by their ids. */
export const fieldKinds = [...issueKinds, 'jira.field'] as const

export async function mustHave(
  jira: JiraReads,
  where: { issueKey: string } | { projectKey: string },
  names: readonly Permission[],
): Promise<void> {
  const granted = await jira.permissions(where, names)
  const missing = names.filter((name) => !granted.has(name)).map((name) => `"${permissionNames[name]}"`)
  if (missing.length === 0) return
  const place = 'issueKey' in where ? where.issueKey : `project ${where.projectKey}`
  throw new HubError(
    'forbidden',
    `The hub's account lacks the Jira permission ${missing.join(' and ')} for ${place}. An operator can grant it.`,
  )
}

/**
 * At most this many are told: Jira's notification scheme decides, and leaves out whoever acts. Outside are the customers of a
 * service project, who see their requests in its portal.
 */
export function audienceOf({ key, fields }: Issue): Audience {
  const { reporter, assignee, watches, project } = fields
  const watchers = watches?.watchCount ?? 0
  const people = new Set([reporter?.id, assignee?.id].filter((id) => id !== undefined)).size + watchers
  const named = [
    `${watchers} ${watchers === 1 ? 'watcher' : 'watchers'}`,
    ...(reporter ? ['the reporter'] : []),
    ...(assignee ? ['the assignee'] : []),
  ]
  const external = isServiceProject(project) || reporter?.customer === true || assignee?.customer === true
  return {
    external,
    people,
    massMention: false,
    where: `${key} in ${project.name}: ${named.join(', ')}${external ? '; customers see it in the portal' : ''}`,
  }
}

export function isServiceProject({ projectTypeKey }: Project): boolean {
  return projectTypeKey === 'service_desk'
}

/** Right before the send: nothing may be written on a view that is no longer true. */
export async function mustBeAt(jira: JiraReads, key: string, rev: string): Promise<void> {
  const now = await jira.issue(key)
  if (now.rev !== rev) throw moved(key)
}

export function moved(key: string): HubError {
  return new HubError('conflict', `${key} has changed since the plan was made. Read it again and repeat the call.`)
}

/** Where the vendor is asked to tell nobody. */
export function silently(issue: Issue): Audience {
  return { ...audienceOf(issue), people: 0, where: `${issue.key} in ${issue.fields.project.name}: nobody is told` }
}

/** W1: nobody is written to. */
export function quietly(issue: Issue): Audience {
  return { ...audienceOf(issue), where: `${issue.key} in ${issue.fields.project.name}, in its history` }
}

export function sentence(words: readonly string[]): string {
  return words.length === 0 ? 'none' : words.slice(0, 20).join(', ')
}

/** The object without the properties that are undefined: an effect names only what there is. */
export function present<T extends object>(value: T): { [Key in keyof T]: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as {
    [Key in keyof T]: Exclude<T[Key], undefined>
  }
}

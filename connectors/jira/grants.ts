// What Atlassian has granted to the credential, held against what the tools need.
import type { Grants, Tool } from 'toolgate/kit'
import type { JiraReads } from './jira.ts'
import { needed } from './permissions.ts'

export async function grants(jira: JiraReads, tools: readonly Tool[]): Promise<Grants> {
  const account = `${await jira.accountName()} in ${jira.site}`
  const scopes = await jira.grantedScopes()
  const { missing, extra } = scopes === undefined ? await ofAccount(jira, tools) : ofScopes(new Set(scopes), tools)
  const unavailable = jira.deployment === 'data-center' ? tools.filter(({ name }) => cloudOnly.includes(name)) : []
  return {
    account,
    missing: { ...missing, ...Object.fromEntries(unavailable.map(({ name }) => [name, ['Jira Cloud']])) },
    extra,
  }
}

/** What Data Center has in no way that could be proven. */
const cloudOnly: readonly string[] = ['worklog_add']

type Measured = Pick<Grants, 'missing' | 'extra'>

/** An API token does all that its account may: so the account's permissions are asked, in whatever project it has them. */
async function ofAccount(jira: JiraReads, tools: readonly Tool[]): Promise<Measured> {
  const names = tools.map((tool) => [tool.name, ['BROWSE_PROJECTS', ...(needed[tool.name] ?? [])]] as const)
  const wanted = new Set<string>(names.flatMap(([, permissions]) => permissions))
  const granted = await jira.anyPermissions([...new Set([...wanted, ...tooMuch])])
  return {
    missing: lacking(names, (permission) => granted.has(permission)),
    extra: tooMuch.filter((permission) => granted.has(permission) && !wanted.has(permission)),
  }
}

/** Permissions that people would not want an agent's account to have without need. */
const tooMuch = [
  'ADMINISTER',
  'SYSTEM_ADMIN',
  'ADMINISTER_PROJECTS',
  'BULK_CHANGE',
  'DELETE_ISSUES',
  'DELETE_ALL_COMMENTS',
  'EDIT_ALL_COMMENTS',
  'DELETE_ALL_ATTACHMENTS',
  'DELETE_ALL_WORKLOGS',
  'MODIFY_REPORTER',
  'MOVE_ISSUES',
  'SET_ISSUE_SECURITY',
] as const

function ofScopes(granted: ReadonlySet<string>, tools: readonly Tool[]): Measured {
  const used = new Set<string>(['offline_access', 'read:me'])
  const covered = (scope: string, tool: Tool) => {
    const by = [scope, ...classicOf(scope, tool)].find((each) => granted.has(each))
    if (by !== undefined) used.add(by)
    return by !== undefined
  }
  const missing = Object.fromEntries(
    tools.flatMap((tool) => {
      const lacks = tool.scopes.filter((scope) => !covered(scope, tool))
      return lacks.length === 0 ? [] : [[tool.name, lacks] as const]
    }),
  )
  return { missing, extra: [...granted].filter((scope) => !used.has(scope)).toSorted() }
}

/** https://developer.atlassian.com/cloud/jira/platform/scopes-for-oauth-2-3LO-and-forge-apps/ : the broad scopes that do the same. */
function classicOf(scope: string, tool: Tool): readonly string[] {
  const [verb = '', what = '', product = ''] = scope.split(':')
  if (product !== 'jira') return []
  if (verb !== 'read') return ['write:jira-work']
  // Finding people is the one thing that reading work does not cover.
  const isAboutPeople = what === 'user' && tool.scopes.every((each) => each === scope)
  return isAboutPeople ? ['read:jira-user'] : ['read:jira-work']
}

function lacking(
  names: readonly (readonly [tool: string, needs: readonly string[]])[],
  has: (permission: string) => boolean,
): Grants['missing'] {
  const lacks = names.map(([tool, needs]) => [tool, needs.filter((each) => !has(each))] as const)
  return Object.fromEntries(lacks.filter(([, left]) => left.length > 0))
}

// What to grant in Slack: the manifest of an app that may do what these tools do, and nothing else.
import type { AppsManifestCreateArguments } from '@slack/web-api'
import type { Grants, Permissions, Tool } from 'toolgate/kit'
import { HubError } from 'toolgate/kit'
import type { SlackReads } from './slack.ts'

/** docs.slack.dev/reference/app-manifest */
type Manifest = AppsManifestCreateArguments['manifest']
type BotScope = NonNullable<NonNullable<NonNullable<Manifest['oauth_config']>['scopes']>['bot']>[number]

/** Every scope that any tool needs; the type knows which there are. docs.slack.dev/reference/scopes */
export const scopes = [
  'channels:history',
  'channels:manage',
  'channels:read',
  'chat:write',
  'files:read',
  'files:write',
  'groups:history',
  'groups:read',
  'groups:write',
  'im:history',
  'im:read',
  'im:write',
  'mpim:history',
  'mpim:read',
  'mpim:write',
  'reactions:write',
  'usergroups:read',
  'users:read',
  'users:read.email',
] as const satisfies readonly BotScope[]

type UserScope = NonNullable<NonNullable<NonNullable<Manifest['oauth_config']>['scopes']>['user']>[number]

/** What only a person can grant. */
export const userScopes = ['search:read'] as const satisfies readonly UserScope[]

/** Tools that work with a person's token only: all that they need is asked of the person. */
const needsPerson = (tool: Tool): boolean => tool.scopes.some((scope) => userScopes.some((known) => known === scope))

export function manifestOf(tools: readonly Tool[]) {
  const bot = scopesOf(tools.filter((tool) => !needsPerson(tool)))
  const user = scopesOf(tools.filter(needsPerson))
  return {
    display_information: { name: 'Toolgate' },
    features: { bot_user: { display_name: 'Toolgate', always_online: false } },
    oauth_config: {
      scopes: {
        bot: scopes.filter((scope) => bot.has(scope)),
        ...(user.size === 0 ? {} : { user: [...userScopes, ...readScopes].filter((scope) => user.has(scope)) }),
      },
    },
    settings: { org_deploy_enabled: false, socket_mode_enabled: false, token_rotation_enabled: false },
  } satisfies Manifest
}

/** What a search looks up, as the person. */
const readScopes = ['channels:read', 'groups:read', 'users:read'] as const satisfies readonly UserScope[]

function scopesOf(tools: readonly Tool[]): ReadonlySet<string> {
  return new Set(tools.flatMap((tool) => tool.scopes))
}

/** For a person, Slack calls this one otherwise. docs.slack.dev/reference/scopes/channels.write */
const asPerson: Readonly<Record<string, string>> = { 'channels:manage': 'channels:write' }
/** The scope that a person grants for what this one is to a bot. */
export function personScope(scope: string): string {
  return asPerson[scope] ?? scope
}

/** Whoever signs in with OpenID or installs an app gets these besides. */
const unasked = /^(?:identify|openid|profile|email)$/

/**
 * What Slack says it has granted, in a header of every answer, against what each tool needs.
 *
 * @throws HubError `bad_response` where it does not say
 */
export async function grants(slack: SlackReads, tools: readonly Tool[]): Promise<Grants> {
  const kind = slack.settings.token
  slack.forgetAccounts()
  const me = await slack.me()
  const searcher = await slack.searcher()
  const missing: Record<string, readonly string[]> = {}
  const used = new Set<string>()
  for (const tool of tools) {
    const account = needsPerson(tool) ? searcher : me
    const named = kind === 'user' ? tool.scopes.map((scope) => asPerson[scope] ?? scope) : tool.scopes
    const granted = account === undefined ? [] : grantedTo(account.scopes)
    const lacking = named.filter((scope) => !granted.includes(scope))
    if (lacking.length > 0) missing[tool.name] = lacking
    for (const scope of named) used.add(scope)
  }
  const all = [...new Set([...grantedTo(me.scopes), ...(searcher === undefined ? [] : grantedTo(searcher.scopes))])]
  return {
    account: searcher === undefined || kind === 'user' ? me.account : `${me.account}, searching as ${searcher.account}`,
    missing,
    extra: all.filter((scope) => !used.has(scope) && !unasked.test(scope)).sort(),
  }
}

function grantedTo(said: readonly string[] | undefined): readonly string[] {
  if (said !== undefined) return said
  throw new HubError('bad_response', 'Slack does not say what it has granted to this connection.')
}

export function permissions(tools: readonly Tool[]): Permissions {
  return {
    what: 'the manifest of a Slack app: paste it at api.slack.com/apps, “Create New App”, “From a manifest”, as JSON.',
    text: JSON.stringify(manifestOf(tools), undefined, 2),
  }
}

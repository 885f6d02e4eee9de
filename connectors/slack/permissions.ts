// What to grant in Slack: the manifest of an app that may do what these tools do, and nothing else.
import type { AppsManifestCreateArguments } from '@slack/web-api'
import type { Permissions, Tool } from 'toolgate/kit'

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

export function manifestOf(tools: readonly Tool[]) {
  const needed = new Set(tools.flatMap((tool) => tool.scopes))
  return {
    display_information: { name: 'Toolgate' },
    features: { bot_user: { display_name: 'Toolgate', always_online: false } },
    oauth_config: { scopes: { bot: scopes.filter((scope) => needed.has(scope)) } },
    settings: { org_deploy_enabled: false, socket_mode_enabled: false, token_rotation_enabled: false },
  } satisfies Manifest
}

export function permissions(tools: readonly Tool[]): Permissions {
  return {
    what: 'the manifest of a Slack app: paste it at api.slack.com/apps, “Create New App”, “From a manifest”, as JSON.',
    text: JSON.stringify(manifestOf(tools), undefined, 2),
  }
}

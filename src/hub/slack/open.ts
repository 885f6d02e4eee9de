// The approvers' channel as the configuration names it.
import type { Services } from '../../call/call.ts'
import type { LoadedConfig } from '../../config/load.ts'
import { HubError } from '../../kit/error.ts'
import type { Deciding } from '../deciding.ts'
import { slackApprovals } from './approvals.ts'
import type { SlackApprovals } from './approvals.ts'

export interface OpenOptions {
  readonly config: () => LoadedConfig
  /** Where the sandbox is that plays Slack, and the token that it takes. */
  readonly sandbox: (instance: string) => Promise<{ readonly base: string; readonly token: string }>
  /** The secret behind a reference. */
  readonly secret: (reference: string) => Promise<string>
  readonly services: Services
  readonly approvals: Deciding['approvals']
  /** The page at the vendor of what an effect changes. */
  readonly linkOf: (instance: string, target: string) => string | undefined
}

export function openSlackApprovals({ config, sandbox, secret, services, approvals, linkOf }: OpenOptions): SlackApprovals {
  const chosen = () => {
    const { slack } = config().approvals
    if (!slack) throw new HubError('refused', 'The configuration names no approvers’ channel any more (approvals.slack).')
    return slack
  }
  return slackApprovals({
    settings: () => config().approvals.slack,
    tenant: () => config().tenant,
    services: () => services,
    approvals,
    async slack() {
      const { token, sandbox: instance } = chosen()
      if (instance !== undefined) {
        const { base, token: credential } = await sandbox(instance)
        return { base, loopback: true, token: botOf(credential) }
      }
      return { base: 'https://slack.com', loopback: false, token: await secret(token ?? '') }
    },
    signingSecret: async () => await secret(chosen().signingSecret),
    link: (id) => {
      const { url } = config().approvals
      return url === undefined ? undefined : `${url}/admin/approvals/${id}`
    },
    linkOf,
    random: Math.random,
  })
}

/** A credential of the Slack connector may hold a bot token and a user token. */
function botOf(credential: string): string {
  try {
    const { bot } = JSON.parse(credential) as { readonly bot?: string }
    return bot ?? credential
  } catch {
    return credential
  }
}

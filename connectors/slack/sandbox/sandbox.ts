// A stateful stand-in for Slack's Web API, with the seeded company's workspace in it.
import type { Sandbox } from 'toolgate/kit'
import type { z } from 'zod'
import type { settings } from '../slack.ts'
import { respond } from './respond.ts'
import { installed } from './rotation.ts'
import { botToken, channelIds, otherTokens, seed } from './seed.ts'

export const sandbox: Sandbox<z.input<typeof settings>> = {
  settings: {
    workspace: 'Larkfield (sandbox)',
    token: 'both',
    external_channels: [channelIds['partner-brightwater'] ?? ''],
    mass_mentions: true,
  },
  credential: JSON.stringify({ bot: botToken, user: otherTokens.of('maya') }),
  client: { id: installed.clientId, secret: installed.clientSecret },
  seed,
  respond,
}

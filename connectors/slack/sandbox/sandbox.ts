// A stateful stand-in for Slack's Web API, with the seeded company's workspace in it.
import type { Sandbox } from 'toolgate/kit'
import { respond } from './respond.ts'
import { botToken, seed } from './seed.ts'

export const sandbox: Sandbox<{ workspace?: string }> = {
  settings: { workspace: 'Larkfield (sandbox)' },
  credential: botToken,
  seed,
  respond,
}

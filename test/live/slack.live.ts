// A real Slack workspace: a message is sent, changed, answered, reacted to and deleted.
import { accountTest } from './account.ts'

accountTest({
  vendor: 'slack',
  settings: '{}',
  places: { channel: { variable: 'TOOLGATE_LIVE_SLACK_CHANNEL', what: 'the id of a channel for tests that the app is in' } },
})

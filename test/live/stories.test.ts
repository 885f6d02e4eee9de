// The stories that real accounts are tested with hold on the sandboxes: what fails there is then the account's.
import { expect, test } from 'vitest'
import { testHub } from '../hub.ts'
import { everyTool } from './account.ts'
import { liveOn } from './contract.ts'
import { stories } from './stories.ts'
import type { Place } from './stories.ts'

const places: Readonly<Record<keyof typeof stories, Place>> = {
  jira: { project: 'SUP', type: 'Bug' },
  salesforce: {},
  slack: { channel: '#support' },
}

test.each(['jira', 'salesforce', 'slack'] as const)('the story of %s', { timeout: 120_000 }, async (vendor) => {
  await using hub = await testHub({ connectors: { [vendor]: { sandbox: true, tools: await everyTool(vendor) } } })
  await stories[vendor](liveOn(hub, 'onthesandbox'), places[vendor])
  expect(hub.writes().length).toBeGreaterThan(5)
})

// What a model must read is bounded: the list of the shipped configuration, and the answer to a large search.
import { expect, test } from 'vitest'
import { listed, searchOf50, sizeOf, withShipped } from '../bench/tokens.ts'
import { wireTool } from '../src/call/wire.ts'

test('the default profile has at most 24 tools, in less than 6,000 tokens', async () => {
  await withShipped(async (hub) => {
    const tools = listed(hub)
    const ofVendors = tools.filter(({ offer }) => offer.facts.connector !== 'hub')
    expect(ofVendors.length).toBeLessThanOrEqual(24)
    expect(ofVendors.length).toBeGreaterThanOrEqual(18)
    const { tokens } = sizeOf(JSON.stringify(tools.map(({ offer }) => wireTool(offer))))
    expect(tokens).toBeLessThan(6000)
  })
})

test('a search of 50 issues answers in less than 4,000 tokens', { timeout: 60_000 }, async () => {
  await withShipped(async (hub) => {
    const { rows, tokens } = await searchOf50(hub)
    expect(rows).toBe(50)
    expect(tokens).toBeLessThan(4000)
  })
})

test('what is not in the profile is off and says so, and is on where the configuration asks for it', async () => {
  await withShipped(async (hub) => {
    expect(hub.current().offers.get('jira_link_add')).toMatchObject({ state: 'off', why: 'not in the profile "default"' })
    expect(hub.current().offers.get('jira_issue_get')).toMatchObject({ state: 'on', why: 'on by default' })
  })
})

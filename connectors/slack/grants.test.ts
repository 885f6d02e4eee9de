// What Slack has granted against what the tools need, as the header of its answers says it.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openSandboxFile } from '../../src/sandbox/database.ts'
import { sandboxHarness } from '../../test/sandbox/harness.ts'
import type { Harness } from '../../test/sandbox/harness.ts'
import { testHub } from '../../test/hub.ts'
import { slack } from './connector.ts'
import { grants, scopes, userScopes } from './permissions.ts'
import { botToken, otherTokens } from './sandbox/seed.ts'
import type { Slack } from './slack.ts'
import { connect } from './test/opened.ts'
import { refused } from './test/world.ts'

let harness: Harness
beforeAll(async () => {
  harness = await sandboxHarness(slack)
})
beforeEach(() => harness.reset())
afterAll(() => harness.close())

const only = (...names: string[]) => slack.tools.filter(({ name }) => names.includes(name))
const both = JSON.stringify({ bot: botToken, user: otherTokens.of('maya') })

async function seeded(): Promise<void> {
  await fetch(`${harness.base}/api/auth.test`, { method: 'POST' })
}

function grant(token: string, granted: readonly string[]): void {
  const database = openSandboxFile(harness.file)
  const update = "UPDATE docs SET value = json_set(value, '$.scopes', json(?)) WHERE kind = 'token' AND id = ?"
  expect(database.prepare(update).run(JSON.stringify(granted), token).changes).toBe(1)
  database.close()
}

describe('what is granted', () => {
  test('to the seeded accounts is what all tools need, and nothing else is missing', async () => {
    await seeded()
    grant(otherTokens.of('maya'), [...userScopes, 'channels:read', 'groups:read', 'users:read'])
    const { vendor } = await connect(harness, { settings: { token: 'both' }, credential: both })
    expect(await grants(vendor, slack.tools)).toEqual({
      account: '@toolgate in Larkfield, searching as @maya in Larkfield',
      missing: {},
      extra: [],
    })
  })

  test('is less than the tools need: each tool names what it lacks', async () => {
    await seeded()
    grant(botToken, ['channels:read', 'channels:history', 'groups:read', 'groups:history', 'users:read', 'pins:read'])
    const { vendor } = await connect(harness, { credential: botToken })
    const { account, missing, extra } = await grants(vendor, slack.tools)
    expect(account).toBe('@toolgate in Larkfield')
    expect(extra).toEqual(['pins:read'])
    expect(missing['message_send']).toEqual(['chat:write'])
    expect(missing['user_find']).toEqual(['users:read.email'])
    expect(missing['reaction_add']).toEqual(['reactions:write'])
    expect(missing['file_upload']).toEqual(['files:write', 'files:read'])
    expect(missing['search']).toEqual(['search:read', 'channels:read', 'groups:read', 'users:read'])
    for (const name of ['history_read', 'thread_read', 'message_get', 'channel_list', 'channel_get'])
      expect(missing).not.toHaveProperty(name)
  })

  test('is more than the tools need: what is over is named', async () => {
    const { vendor } = await connect(harness, { credential: botToken })
    const { missing, extra } = await grants(vendor, only('channel_list'))
    expect(missing).toEqual({})
    expect(extra).toEqual(scopes.filter((scope) => !['channels:read', 'groups:read'].includes(scope)).toSorted())
  })

  test('to a person has other names for some of it', async () => {
    const { vendor } = await connect(harness, { settings: { token: 'user' }, credential: otherTokens.of('maya') })
    const { account, missing } = await grants(vendor, slack.tools)
    expect([account, missing]).toEqual(['@maya in Larkfield', {}])
    grant(otherTokens.of('maya'), [...scopes, ...userScopes])
    expect((await grants(vendor, only('topic_set'))).missing).toEqual({ topic_set: ['channels:write'] })
  })

  test('is asked anew each time', async () => {
    const { vendor } = await connect(harness, { credential: botToken })
    expect((await grants(vendor, only('message_send'))).missing).toEqual({})
    grant(
      botToken,
      scopes.filter((scope) => scope !== 'chat:write'),
    )
    expect((await grants(vendor, only('message_send'))).missing).toEqual({ message_send: ['chat:write'] })
  })

  test('is unknown where Slack does not say it', async () => {
    expect.hasAssertions()
    const fetch = () => Promise.resolve(Response.json({ ok: true, user_id: 'U1', url: 'https://larkfield.slack.com/' }))
    const opening = { base: harness.base, hosts: { files: harness.base }, fetch, credential: 'xoxb-1', cache: new Map() }
    const keep = { read: () => Promise.resolve(undefined), replace: () => Promise.resolve(true) }
    const vendor = (await slack.open({ ...opening, keep, settings: slack.settings.parse({}) })) as Slack
    await refused(grants(vendor, slack.tools), 'bad_response')
  })

  test('a token that is gone grants nothing', async () => {
    expect.hasAssertions()
    const { vendor } = await connect(harness, { credential: otherTokens.revoked })
    await refused(grants(vendor, slack.tools), 'unauthenticated')
  })
})

test('the manifest for a tool that is off asks for less, in the hub', async () => {
  const tools = { slack_search: true, slack_file_upload: true }
  await using wide = await testHub({ connectors: { slack: { sandbox: true, tools } } })
  await using narrow = await testHub({ connectors: { slack: { sandbox: true } } })
  const text = (hub: typeof wide) => JSON.stringify(hub.hub.permissions().find(({ instance }) => instance === 'slack')?.text)
  expect(text(wide)).toContain('search:read')
  expect(text(wide)).toContain('files:write')
  expect(text(narrow)).not.toMatch(/search:read|files:write/)
})

// The manifest that is printed for the tools that are on.
import type { AppsManifestCreateArguments } from '@slack/web-api'
import { describe, expect, test } from 'vitest'
import { sandboxHarness } from '../../test/sandbox/harness.ts'
import { openSandboxFile } from '../../src/sandbox/database.ts'
import { slack } from './connector.ts'
import { manifestOf, permissions } from './permissions.ts'
import { botToken, otherTokens } from './sandbox/seed.ts'
import { applied, look, planned, sandboxWorld } from './test/world.ts'

type Manifest = AppsManifestCreateArguments['manifest']
const only = (...names: string[]) => slack.tools.filter(({ name }) => names.includes(name))
const botScopes = (tools: typeof slack.tools): readonly string[] => manifestOf(tools).oauth_config.scopes.bot

describe('the manifest', () => {
  test('is one for Slack', () => {
    const typed: Manifest = manifestOf(slack.tools)
    expect(typed.display_information.name).toBe('Toolgate')
    // @ts-expect-error -- Slack's type knows no such setting
    const wrong: Manifest = { ...manifestOf(slack.tools), display_information: {} }
    expect(wrong).toBeDefined()
    expect(JSON.parse(permissions(slack.tools).text)).toEqual(typed)
  })

  test('asks for nothing that lets the app post uninvited, under other names or as a person', () => {
    const { oauth_config } = manifestOf(slack.tools)
    expect(oauth_config.scopes.user).toEqual(['search:read', 'channels:read', 'groups:read', 'users:read'])
    for (const scope of oauth_config.scopes.bot) {
      expect(scope).not.toMatch(/^admin|^chat:write\.|^search|^channels:join|^usergroups:write|^users:write/)
    }
  })

  test('of tools that only look, has nothing that writes', () => {
    const scopes = botScopes(slack.tools.filter(({ kind }) => kind === 'read'))
    expect(scopes.filter((scope) => /:(?:write|manage)$/.test(scope))).toEqual([])
  })

  test.each(slack.tools.map(({ name }) => name))('without %s it is never larger', (name) => {
    const more = botScopes(slack.tools)
    const less = botScopes(slack.tools.filter((tool) => tool.name !== name))
    expect(more).toEqual(expect.arrayContaining([...less]))
  })

  test.each([
    ['reaction_add', 'reaction_remove', 'reactions:write'],
    ['dm_send', 'dm_read', 'im:history'],
    ['channel_list', 'usergroup_list', 'usergroups:read'],
    ['channel_get', 'file_read', 'files:read'],
  ])('with %s but not %s it has %s only if that tool needs it', (kept, dropped, scope) => {
    const scopes = botScopes(only(kept))
    expect(scopes.includes(scope)).toBe(only(kept)[0]?.scopes.includes(scope))
    expect(botScopes(only(kept, dropped))).toContain(scope)
  })
})

// Each example, on an app that was granted exactly what its tool asks for: nothing is missing.
describe('an app with only the scopes of one tool', () => {
  test.each(slack.tools.map((tool) => [tool.name, tool] as const))('%s works', async (name, tool) => {
    const harness = await sandboxHarness(slack)
    const world = sandboxWorld(harness, { fetch, now: () => new Date() })
    await world.ask('auth.test', {})
    grant(
      harness.file,
      botToken,
      tool.scopes.filter((scope) => !scope.startsWith('search:')),
    )
    grant(harness.file, otherTokens.of('maya'), tool.scopes)
    await (tool.kind === 'read'
      ? look(world, name, tool.example)
      : planned(world, name, tool.example).then((plan) => applied(world, name, plan)))
    expect(harness.requests().length).toBeGreaterThan(0)
    await harness.close()
  })
})

function grant(file: string, token: string, scopes: readonly string[]): void {
  const database = openSandboxFile(file)
  const update = "UPDATE docs SET value = json_set(value, '$.scopes', json(?)) WHERE kind = 'token' AND id = ?"
  expect(database.prepare(update).run(JSON.stringify(scopes), token).changes).toBe(1)
  database.close()
}

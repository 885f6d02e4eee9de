// Turning a tool on or off changes the one line that says so, and nothing that a person wrote.
import { spawnSync } from 'node:child_process'
import { chmod, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { setTool } from '../../src/config/edit.ts'
import { loadConfig } from '../../src/config/load.ts'
import { configFolder, small } from './folder.ts'

test('a tool that is named already changes on its own line only; comments, order and mode stay', async () => {
  const { file, folder } = await configFolder()
  await chmod(file, 0o640)
  const edited = await setTool(file, 'slack', 'slack_message_send', true)
  expect(edited).toEqual({
    ok: true,
    value: {
      file,
      changed: [
        { line: 9, sign: '-', text: '        "slack_message_send": false, // see the minutes' },
        { line: 9, sign: '+', text: '        "slack_message_send": true, // see the minutes' },
      ],
    },
  })
  expect(await readFile(file, 'utf8')).toBe(small.replace('"slack_message_send": false', '"slack_message_send": true'))
  expect((await stat(file)).mode & 0o777).toBe(0o640)
  expect(await readdir(folder)).toEqual(['mcp.config.json', 'more', 'rules.yaml'])
})

describe('a tool that is not named yet is added as a person would', () => {
  const table: readonly (readonly [string, string, string, string, string])[] = [
    [
      'at the end of a list of lines',
      small,
      'slack',
      '        "slack_reaction_add": true // fine\n',
      '        "slack_reaction_add": true, // fine\n        "NAME": false\n',
    ],
    [
      'after a trailing comma',
      small.replace('true // fine', 'true, // fine'),
      'slack',
      '        "slack_reaction_add": true, // fine\n',
      '        "slack_reaction_add": true, // fine\n        "NAME": false,\n',
    ],
    [
      'in an entry on one line',
      small,
      'jira',
      '{ "sandbox": true }, // ours',
      '{ "sandbox": true, "tools": { "NAME": false } }, // ours',
    ],
    [
      'in an entry on one line with a trailing comma',
      small.replace('true }, // ours', 'true, }, // ours'),
      'jira',
      '{ "sandbox": true, }, // ours',
      '{ "sandbox": true, "tools": { "NAME": false }, }, // ours',
    ],
    [
      'in a list on one line',
      small.replace('true }, // ours', 'true, "tools": { "jira_issue_get": true } }, // ours'),
      'jira',
      '{ "jira_issue_get": true }',
      '{ "jira_issue_get": true, "NAME": false }',
    ],
    [
      'in an empty list',
      small.replace('true }, // ours', 'true, "tools": {} }, // ours'),
      'jira',
      '"tools": {}',
      '"tools": { "NAME": false }',
    ],
    [
      'in a list of comments',
      small.replace('true }, // ours', 'true, "tools": { // none\n    } }, // ours'),
      'jira',
      '// none\n',
      '// none\n      "NAME": false\n',
    ],
    [
      'after a comment of several lines',
      small.replace('true // fine', 'true /* fine\n  indeed */'),
      'slack',
      'true /* fine\n  indeed */\n',
      'true, /* fine\n  indeed */\n        "NAME": false\n',
    ],
  ]
  test.each(table)('%s', async (_name, text, instance, before, after) => {
    for (const eol of ['\n', '\r\n']) {
      const { file } = await configFolder(text.replaceAll('\n', eol))
      const name = `${instance}_thing_do`
      const edited = await setTool(file, instance, name, false)
      expect(edited).toMatchObject({ ok: true })
      const written = await readFile(file, 'utf8')
      expect(text).toContain(before)
      expect(written).toBe(text.replace(before, after.replace('NAME', name)).replaceAll('\n', eol))
      const loaded = await loadConfig(file)
      expect(loaded.ok && loaded.value.instances.find(({ id }) => id === instance)?.tools.get(name)).toBe(false)
    }
  })
})

test('saying what the file says already writes nothing', async () => {
  const { file } = await configFolder()
  const before = await stat(file, { bigint: true })
  expect(await setTool(file, 'slack', 'slack_message_send', false)).toEqual({ ok: true, value: { file, changed: [] } })
  expect((await stat(file, { bigint: true })).ino).toBe(before.ino)
})

test('a link stays a link, and its target is changed', async () => {
  const { file, folder } = await configFolder()
  const link = path.join(folder, 'link.json')
  await symlink(file, link)
  expect(await setTool(link, 'slack', 'slack_message_send', true)).toMatchObject({ ok: true, value: { file } })
  expect(await readFile(file, 'utf8')).toContain('"slack_message_send": true')
})

test.each([
  ['a broken file', small.replace('"policies"', 'policies'), 'slack', 'slack_message_send'],
  ['an unknown instance', small, 'teams', 'teams_message_send'],
  ['a name that no tool can have', small, 'slack', 'Slack Send'],
])('%s is left as it is', async (_name, text, instance, tool) => {
  const { file, folder } = await configFolder(text)
  expect(await setTool(file, instance, tool, true)).toMatchObject({ ok: false })
  expect(await readFile(file, 'utf8')).toBe(text)
  expect(await readdir(folder)).toEqual(['mcp.config.json', 'more', 'rules.yaml'])
})

test('of twenty changes at once none is lost', async () => {
  const { file, folder } = await configFolder()
  const names = Array.from({ length: 20 }, (_, index) => `slack_thing${index}_do`)
  const results = await Promise.all(names.map((name) => setTool(file, 'slack', name, true)))
  const loaded = await loadConfig(file)
  if (!loaded.ok) throw new Error('The file is broken.')
  const tools = loaded.value.instances.find(({ id }) => id === 'slack')?.tools
  const lost = names.filter((name, index) => results[index]?.ok === true && tools?.get(name) !== true)
  expect(lost).toEqual([])
  expect(results.filter((result) => result.ok)).toHaveLength(20)
  expect(await readdir(folder)).toEqual(['mcp.config.json', 'more', 'rules.yaml'])
})

test('a lock that a process left behind when it died holds nobody up', async () => {
  const { file, folder } = await configFolder()
  await writeFile(path.join(folder, '.mcp.config.json.lock'), String(spawnSync(process.execPath, ['-e', '0']).pid))
  expect(await setTool(file, 'slack', 'slack_message_send', true)).toMatchObject({ ok: true })
})

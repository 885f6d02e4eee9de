// The commands as a person or a script uses them: what they print, where, and with which exit code.
import { readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { openHub } from '../../src/hub.ts'
import { root, toolgate } from './toolgate.ts'
import { workplace } from './workplace.ts'

test('the configuration is that of the current folder, or the one that is named; its store lies beside it', async () => {
  const { folder, file } = await workplace()
  const here = await toolgate(['check'], { cwd: folder })
  expect(here).toMatchObject({
    code: 0,
    err: '',
    out: expect.stringMatching(/mcp\.config\.json is good: 3 instances, \d+ tools, 3 policy files\.\n$/),
  })
  expect(here.out).toContain(folder)
  expect(
    (
      await toolgate(['check', '--config', '../' + path.basename(folder) + '/mcp.config.json'], {
        cwd: path.join(folder, '..', path.basename(folder)),
      })
    ).out,
  ).toContain(folder)
  expect((await toolgate(['check'], { cwd: tmpdir() })).out).toContain(path.join(root, 'mcp.config.json'))
  await toolgate(['operations', '--config', file], { cwd: tmpdir() })
  expect(await readFile(path.join(folder, 'data/toolgate.db'))).toBeInstanceOf(Buffer)
})

test('every problem is said with its place, on standard error, whatever the command', async () => {
  const { folder, file } = await workplace()
  await writeFile(
    file,
    (await readFile(file, 'utf8'))
      .replace('"slack": { "sandbox": true }', '"slack": { "sandbx": true }')
      .replace('"port": 4100', '"port": "x"'),
  )
  for (const command of [['check'], ['tools'], ['call', 'jira_issue_get'], ['stdio'], ['serve']]) {
    const ran = await toolgate(command, { cwd: folder })
    expect(ran).toMatchObject({ code: 1, out: '' })
    expect(ran.err).toContain(`${file}:44:53 "serve.http.port"`)
  }
})

test('a connector that is unknown, a setting and a tool that it does not have', async () => {
  const { folder, file } = await workplace()
  const good = await readFile(file, 'utf8')
  const problemsOf = async (entry: string) => {
    await writeFile(file, good.replace('"slack": { "sandbox": true }', entry))
    return (await toolgate(['check'], { cwd: folder })).err.replaceAll(`${file}:`, '')
  }
  expect(await problemsOf('"slak": { "sandbox": true }')).toMatch(/^13:5 There is no connector "slak"/)
  expect(
    await problemsOf('"eujira": { "uses": "jira", "credential": "env:X", "sitte": "https://acme.atlassian.net" }'),
  ).toMatch(/13:\d+ The key "sitte" is not known here\. Did you mean "site"\?/)
  expect(await problemsOf('"slack": { "sandbox": true, "tools": { "slack_message_sned": false } }')).toMatch(
    /^13:\d+ .*slack_message_sned/,
  )
})

describe('toolgate call', () => {
  test('done, previewed, held, denied and failed each have their words and their code', async () => {
    const { folder } = await workplace()
    const call = (tool: string, args: object, ...more: string[]) =>
      toolgate(['call', tool, JSON.stringify(args), ...more], { cwd: folder })
    expect(await call('jira_issue_get', { key: 'OPS-42' })).toMatchObject({ code: 0, out: expect.stringMatching(/^Done\n/) })
    const close = { key: 'OPS-42', to_status: 'Done' }
    const previewed = await call('jira_issue_transition', close, '--dry-run')
    expect(previewed).toMatchObject({ code: 0, out: expect.stringMatching(/^Previewed: nothing was sent\n/) })
    expect(previewed.out).toMatch(/status +"Open" → "Done"/)
    const held = await call('jira_issue_transition', close, '--json')
    expect(held.code).toBe(3)
    expect(JSON.parse(held.out)).toMatchObject({ status: 'held', operation_id: expect.stringMatching(/^op_/) })
    expect(await call('slack_message_send', { channel: '#partner-brightwater', text: 'hi' })).toMatchObject({
      code: 2,
      out: expect.stringMatching(/^Denied/),
    })
    expect(await call('jira_issue_get', { key: 'OPS-999' })).toMatchObject({
      code: 4,
      out: expect.stringMatching(/^Failed/),
    })
    const requests = JSON.parse((await toolgate(['sandbox', 'requests', '--json'], { cwd: folder })).out) as {
      changed: boolean
    }[]
    expect(requests.length).toBeGreaterThan(3)
    expect(requests.filter(({ changed }) => changed)).toEqual([])
  })

  test('an answer that was lost is unknown, and a repeat is not sent', async () => {
    const { folder } = await workplace()
    const comment = ['call', 'jira_comment_add', '{"key":"SUP-1","body":"Reproduced."}']
    expect(
      await toolgate(['sandbox', 'break', 'jira', 'drop', '--route', 'POST /rest/api/3/issue/*/comment'], { cwd: folder }),
    ).toMatchObject({ code: 0 })
    expect(await toolgate(comment, { cwd: folder })).toMatchObject({ code: 5, out: expect.stringMatching(/^Unknown/) })
    expect(await toolgate(comment, { cwd: folder })).toMatchObject({ code: 5 })
    const requests = JSON.parse((await toolgate(['sandbox', 'requests', 'jira', '--json'], { cwd: folder })).out) as {
      method: string
      path: string
    }[]
    expect(requests.filter((request) => request.method === 'POST' && request.path.endsWith('/comment'))).toHaveLength(1)
  })

  test('arguments come from a file or from standard input too; what is not JSON is said to be so', async () => {
    const { folder } = await workplace()
    await writeFile(path.join(folder, 'args.json'), '{"key":"OPS-42"}')
    expect(await toolgate(['call', 'jira_issue_get', '@args.json'], { cwd: folder })).toMatchObject({ code: 0 })
    expect(await toolgate(['call', 'jira_issue_get', '-'], { cwd: folder, input: '{"key":"OPS-42"}' })).toMatchObject({
      code: 0,
    })
    expect(await toolgate(['call', 'jira_issue_get', '{'], { cwd: folder })).toMatchObject({
      code: 1,
      err: expect.stringContaining('not JSON'),
    })
    expect(await toolgate(['call', 'jira_issue_get', '[]'], { cwd: folder })).toMatchObject({
      code: 1,
      err: expect.stringContaining('JSON object'),
    })
    expect(await toolgate(['call', 'jira_issue_get', '@none.json'], { cwd: folder })).toMatchObject({ code: 1 })
    expect(await toolgate(['call', 'jira_issue_get', '{}', '--as', 'nobody'], { cwd: folder })).toMatchObject({
      code: 1,
      err: expect.stringContaining('knows no person'),
    })
  })
})

test('a held call is approved by somebody else than its caller, and then done', async () => {
  const { folder, file } = await workplace()
  const held = await toolgate(['call', 'jira_issue_transition', '{"key":"OPS-42","to_status":"Done"}', '--json'], {
    cwd: folder,
  })
  const { operation_id: id } = JSON.parse(held.out) as { operation_id: string }
  expect((await toolgate(['approvals'], { cwd: folder })).out).toContain(id)
  const shown = await toolgate(['approvals', 'show', id], { cwd: folder })
  const digest = /Digest: ([0-9a-f]{64})/.exec(shown.out)?.[1] ?? ''
  const approve = ['approvals', 'approve', id, '--digest', digest]
  // Being the hub's user is not enough.
  expect(await toolgate(approve, { cwd: folder })).toMatchObject({
    code: 1,
    err: expect.stringContaining('approvals login'),
  })
  const link = async (person: string) => {
    const hub = await openHub({ configPath: file })
    const { code } = await hub.sessions.link(person)
    await hub.close()
    return code
  }
  const code = await link('jonas')
  expect((await toolgate(['approvals', 'login', code], { cwd: folder })).out).toContain('Signed in as jonas')
  expect(await toolgate(['approvals', 'login', code], { cwd: folder })).toMatchObject({ code: 1 })
  expect(await toolgate(['approvals', 'approve', id, '--digest', '0'.repeat(64)], { cwd: folder })).toMatchObject({
    code: 1,
  })
  expect(await toolgate(approve, { cwd: folder })).toMatchObject({ code: 0, out: expect.stringMatching(/^Done/) })
  expect((await toolgate(['operations', 'show', id], { cwd: folder })).out).toContain('succeeded')
})

test('a tool is turned off in the file, is gone, and is turned on again; nothing else changes', async () => {
  const { folder, file } = await workplace()
  const before = await readFile(file, 'utf8')
  expect(await toolgate(['tools', 'disable', 'jira_issue_get'], { cwd: folder })).toMatchObject({ code: 0, err: '' })
  const after = await readFile(file, 'utf8')
  expect(after).toBe(
    before.replace('"jira": { "sandbox": true }', '"jira": { "sandbox": true, "tools": { "jira_issue_get": false } }'),
  )
  expect((await toolgate(['call', 'jira_issue_get', '{"key":"OPS-42"}'], { cwd: folder })).code).toBe(4)
  const rows = JSON.parse((await toolgate(['tools', '--json'], { cwd: folder })).out) as { name: string; state: string }[]
  expect(rows.find(({ name }) => name === 'jira_issue_get')).toMatchObject({
    state: 'off',
    visible: false,
    why: 'turned off in the configuration',
  })
  expect(await toolgate(['tools', 'enable', 'jira_issue_get'], { cwd: folder })).toMatchObject({ code: 0 })
  expect((await toolgate(['call', 'jira_issue_get', '{"key":"OPS-42"}'], { cwd: folder })).code).toBe(0)
  expect(await toolgate(['tools', 'disable', 'jira_isue_get'], { cwd: folder })).toMatchObject({
    code: 1,
    err: 'There is no tool "jira_isue_get". Did you mean jira_issue_get?\n',
  })
  expect(await toolgate(['tools', 'disable', 'operation_get'], { cwd: folder })).toMatchObject({ code: 1 })
})

test('the audit verifies, exports once to a name, and shows a call', async () => {
  const { folder } = await workplace()
  await toolgate(['call', 'jira_issue_get', '{"key":"OPS-42"}'], { cwd: folder })
  expect(await toolgate(['audit', 'verify'], { cwd: folder })).toMatchObject({
    code: 0,
    out: expect.stringContaining('2 entries, the chain is whole'),
  })
  expect(await toolgate(['audit', 'export', '--out', 'a.jsonl'], { cwd: folder })).toMatchObject({ code: 0 })
  expect(await toolgate(['audit', 'export', '--out', 'a.jsonl'], { cwd: folder })).toMatchObject({
    code: 1,
    err: expect.stringContaining('exists already'),
  })
  const exported = await readFile(path.join(folder, 'a.jsonl'), 'utf8')
  await writeFile(path.join(folder, 'b.jsonl'), exported.replace('"jira_issue_get"', '"jira_issue_got"'))
  expect(await toolgate(['audit', 'verify', '--file', 'a.jsonl'], { cwd: folder })).toMatchObject({ code: 0 })
  expect(await toolgate(['audit', 'verify', '--file', 'b.jsonl'], { cwd: folder })).toMatchObject({
    code: 4,
    out: expect.stringContaining('entry 1 is the first bad one'),
  })
  const { call } = JSON.parse(exported.split('\n')[0] ?? '') as { call: string }
  expect(JSON.parse((await toolgate(['audit', 'show', call], { cwd: folder })).out)).toHaveLength(2)
  expect((await toolgate(['audit', 'show', 'call_none'], { cwd: folder })).code).toBe(1)
})

test('explain shows every rule and sends nothing', async () => {
  const { folder } = await workplace()
  const explained = await toolgate(['explain', 'jira_issue_transition', '{"key":"OPS-42","to_status":"Done"}'], {
    cwd: folder,
  })
  expect(explained.out).toContain('Decision: ask, by ')
  expect(explained.out).toContain('support.yaml#close-tickets')
  expect(explained.out).toMatch(/ {2}silent \(/)
  expect(await toolgate(['sandbox', 'requests', '--json'], { cwd: folder })).not.toMatchObject({
    out: expect.stringContaining('"changed": true'),
  })
})

test('policy test says which scenario does not hold, and why', async () => {
  const { folder } = await workplace()
  const file = path.join(folder, 'mine.test.yaml')
  const scenario = (expected: string) =>
    `scenarios:\n  - name: a member reads\n    roles: [member]\n    tool: jira_issue_get\n    arguments: { key: OPS-42 }\n    expect: ${expected}\n`
  await writeFile(file, scenario('done'))
  expect(await toolgate(['policy', 'test', 'mine.test.yaml'], { cwd: folder })).toMatchObject({
    code: 0,
    out: expect.stringContaining('1 of 1 scenarios hold.'),
  })
  await writeFile(file, scenario('held'))
  expect(await toolgate(['policy', 'test', file], { cwd: folder })).toMatchObject({
    code: 4,
    out: expect.stringMatching(/^FAILED .*a member reads\n +It was to be held, and was done/),
  })
  await writeFile(file, scenario('heldd'))
  expect(await toolgate(['policy', 'test', file], { cwd: folder })).toMatchObject({
    code: 1,
    err: expect.stringContaining('mine.test.yaml:6'),
  })
})

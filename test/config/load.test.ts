// Bad configuration: each is refused with what and where; nothing is guessed.
import { execFileSync } from 'node:child_process'
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadConfig, parseConfig } from '../../src/config/load.ts'
import { problemText } from '../../src/config/problem.ts'
import { configFolder, small } from './folder.ts'

/** The problems of a configuration text, without the folder's name. */
async function problemsOf(text: string | Uint8Array): Promise<readonly string[]> {
  const { file, folder } = await configFolder(text)
  const loaded = await loadConfig(file)
  return loaded.ok
    ? []
    : loaded.problems.map((problem) => problemText(problem).replaceAll(`${folder}/`, '').replaceAll(folder, 'FOLDER'))
}

test('the small configuration loads, with paths relative to the file', async () => {
  const { file, folder } = await configFolder()
  const loaded = await loadConfig(file)
  if (!loaded.ok) throw new Error(loaded.problems.map(problemText).join('\n'))
  expect(loaded.value).toMatchObject({
    folder,
    tenant: 'local',
    policies: [path.join(folder, 'rules.yaml')],
    store: { kind: 'sqlite', file: path.join(folder, 'data/toolgate.db') },
    http: { host: '127.0.0.1', port: 4100, sessionIdleMs: 1_800_000 },
    approvalExpiresMs: 3_600_000,
    callTimeoutMs: 60_000,
    warnings: [],
  })
  expect(loaded.value.instances.map(({ id, uses, writes }) => ({ id, uses, writes }))).toEqual([
    { id: 'jira', uses: 'jira', writes: 'on' },
    { id: 'slack', uses: 'slack', writes: 'on' },
  ])
})

test('a real account is read-only until its entry says otherwise, and its paths resolve against the file', async () => {
  const { file, folder } = await configFolder(
    small.replace(
      '"jira": { "sandbox": true }',
      '"eujira": { "uses": "jira", "site": "https://acme.example", "credential": "file:secret.txt" }, "crm": { "uses": "./more", "credential": "env:CRM" }',
    ),
  )
  const loaded = await loadConfig(file)
  if (!loaded.ok) throw new Error(loaded.problems.map(problemText).join('\n'))
  const [eujira, crm] = loaded.value.instances
  expect(eujira).toMatchObject({
    uses: 'jira',
    writes: 'off',
    writesSaid: false,
    credential: `file:${folder}/secret.txt`,
    settings: { site: 'https://acme.example' },
  })
  expect(crm).toMatchObject({ uses: path.join(folder, 'more'), credential: 'env:CRM', settings: {} })
})

test('a glob finds rule files and leaves scenarios out', async () => {
  const { file, folder } = await configFolder(small.replace('"rules.yaml"', '"more/*.yaml"'))
  const loaded = await loadConfig(file)
  expect(loaded.ok && loaded.value.policies).toEqual([path.join(folder, 'more/a.yaml')])
})

const jwt = ['eyJhbGciOiJIUzI1NiJ9', 'eyJzdWIiOiJtYXlhIn0', 'c2lnbmF0dXJl'].join('.')
const slackToken = ['xoxb', '2384720934', '2398472093847', 'aBcDeFgHiJ'].join('-')

describe('what is written', () => {
  const table: readonly (readonly [string, string, readonly string[]])[] = [
    [
      'nothing at all',
      '',
      [
        'mcp.config.json:1:1 The file is empty. Write at least { "connectors": {}, "policies": [], "people": {} }; an empty file never means "allow".',
      ],
    ],
    [
      'only comments',
      '// later\n',
      [
        'mcp.config.json:1:1 The file is empty. Write at least { "connectors": {}, "policies": [], "people": {} }; an empty file never means "allow".',
      ],
    ],
    ['null', 'null', ['mcp.config.json:1:1 The file holds null, not an object. It begins with { and ends with }.']],
    ['an array', '[]', ['mcp.config.json:1:1 The file holds an array, not an object. It begins with { and ends with }.']],
    ['something after the end', `${small}x`, ['mcp.config.json:17:1 There is something after the end of the value.']],
    ['two values', `${small}{}`, ['mcp.config.json:17:1 There is something after the end of the value.']],
    [
      'a missing comma',
      small.replace('["rules.yaml"],', '["rules.yaml"]'),
      ['mcp.config.json:15:3 A comma is expected here. It is missing at the end of line 14.'],
    ],
    [
      'a missing brace',
      small.replace('"roles": ["member"] } }\n}', '"roles": ["member"] } }\n'),
      ['mcp.config.json:17:1 A closing } is expected here.'],
    ],
    [
      'single quotes',
      small.replace('"rules.yaml"', "'rules.yaml'"),
      ['mcp.config.json:14:16 This is not JSON; texts and keys stand in double quotes.'],
    ],
    [
      'a tab inside a text',
      small.replace('rules.yaml', 'rules\t.yaml'),
      ['mcp.config.json:14:16 A tab or another control character may not stand in a text; write \\t or \\n.'],
    ],
    [
      'a number with an underscore',
      small.replace('"policies"', '"serve": { "http": { "port": 4_100 } },\n  "policies"'),
      ['mcp.config.json:14:33 This is not JSON; texts and keys stand in double quotes.'],
    ],
    [
      'an octal number',
      small.replace('"policies"', '"serve": { "http": { "port": 0777 } },\n  "policies"'),
      ['mcp.config.json:14:33 A comma is expected here.'],
    ],
    ['an endless comment', `${small}/* `, ['mcp.config.json:17:1 This comment has no end.']],
    ['nothing but brackets', '['.repeat(300_000), ['mcp.config.json:1:33 It is nested more than 32 levels deep.']],
    [
      'a key twice',
      small.replace('"policies"', '"policies": [],\n  "policies"'),
      ['mcp.config.json:15:3 The key "policies" stands here a second time. Keep one of them.'],
    ],
    [
      'a tool twice',
      small.replace('"slack_reaction_add"', '"slack_message_send"'),
      ['mcp.config.json:10:9 The key "slack_message_send" stands here a second time. Keep one of them.'],
    ],
    [
      '__proto__',
      small.replace('"policies"', '"__proto__": {},\n  "policies"'),
      ['mcp.config.json:14:3 The key "__proto__" is not allowed.'],
    ],
    [
      'a slip in a key',
      small.replace('"policies"', '"polcies"'),
      ['mcp.config.json:14:3 The key "polcies" is not known here. Did you mean "policies"?'],
    ],
    [
      'a key in another case',
      small.replace('"policies"', '"Policies"'),
      ['mcp.config.json:14:3 The key "Policies" is not known here. Did you mean "policies"?'],
    ],
    [
      'a key that is like no other',
      small.replace('"policies"', '"zzzzzzzz": 1,\n  "policies"'),
      [
        expect.stringMatching(
          /^mcp\.config\.json:14:3 The key "zzzzzzzz" is not known here\. Known are: \$schema, tenant, connectors, .*policies/,
        ) as string,
      ],
    ],
    [
      'a slip deep inside',
      small.replace('"policies"', '"serve": { "http": { "prot": 1 } },\n  "policies"'),
      ['mcp.config.json:14:24 The key "prot" is not known here. Did you mean "port"?'],
    ],
    [
      'a slip in an instance',
      small.replace('"sandbox": true }, // ours', '"sandbx": true }, // ours'),
      ['mcp.config.json:4:15 The key "sandbx" is not known here. Did you mean "sandbox"?'],
    ],
    [
      'a port as text',
      small.replace('"policies"', '"serve": { "http": { "port": "4100" } },\n  "policies"'),
      ['mcp.config.json:14:32 "serve.http.port": Invalid input: expected number, received string.'],
    ],
    [
      'a port out of range',
      small.replace('"policies"', '"serve": { "http": { "port": 65536 } },\n  "policies"'),
      ['mcp.config.json:14:32 "serve.http.port": Too big: expected number to be <=65535.'],
    ],
    [
      'an open host',
      small.replace('"policies"', '"serve": { "http": { "host": "0.0.0.0" } },\n  "policies"'),
      [
        'mcp.config.json:14:32 The hub would listen on 0.0.0.0, where others reach it. Add "issuers" or "apiKeys": true under "people": without them everybody there would be let in.',
        'mcp.config.json:14:32 The hub would listen on 0.0.0.0, where others reach it. Add "tls": { "certificate": "FILE", "key": "FILE" } or "behindProxy": { "trusted": ["NETWORK"] } under "serve.http".',
      ],
    ],
    [
      'no time at all',
      small.replace('"policies"', '"calls": { "timeoutSeconds": 0 },\n  "policies"'),
      ['mcp.config.json:14:32 "calls.timeoutSeconds": Too small: expected number to be >=1.'],
    ],
    [
      'a negative time',
      small.replace('"policies"', '"approvals": { "expiresAfterMinutes": -5 },\n  "policies"'),
      ['mcp.config.json:14:41 "approvals.expiresAfterMinutes": Too small: expected number to be >=1.'],
    ],
    [
      'more time than a timer holds',
      small.replace('"policies"', '"approvals": { "expiresAfterMinutes": 1e9 },\n  "policies"'),
      ['mcp.config.json:14:41 "approvals.expiresAfterMinutes": Too big: expected number to be <=43200.'],
    ],
    [
      'a time with a unit',
      small.replace('"policies"', '"calls": { "timeoutSeconds": "60s" },\n  "policies"'),
      ['mcp.config.json:14:32 "calls.timeoutSeconds": Invalid input: expected number, received string.'],
    ],
    [
      'no policies',
      small.replace('["rules.yaml"]', '[]'),
      [
        'mcp.config.json:14:15 "policies": No policy means that nothing is allowed; name at least one file, such as "policies/baseline.yaml".',
      ],
    ],
    [
      'a policy that is not there',
      small.replace('"rules.yaml"', '"rules.yaml", "rule.yaml"'),
      ['mcp.config.json:14:30 No policy file is at "rule.yaml". Paths are relative to FOLDER.'],
    ],
    [
      'a glob that finds nothing',
      small.replace('"rules.yaml"', '"none/*.yaml"'),
      ['mcp.config.json:14:16 No policy file is at "none/*.yaml". Paths are relative to FOLDER.'],
    ],
    [
      'a tool that is "no"',
      small.replace('"slack_reaction_add": true', '"slack_reaction_add": "no"'),
      ['mcp.config.json:10:31 "connectors.slack.tools.slack_reaction_add": It is true or false, without quotes.'],
    ],
    [
      'a tool without a prefix',
      small.replace('"slack_reaction_add"', '"reaction"'),
      ['mcp.config.json:10:9 A tool is named as agents see it: "jira_issue_delete".'],
    ],
    [
      'an instance id in capitals',
      small.replace('"jira": {', '"Jira": {'),
      ['mcp.config.json:4:5 The id of a connector instance has 2 to 12 small letters and digits and begins with a letter.'],
    ],
    [
      'a sandbox that is false',
      small.replace('"sandbox": true }, // ours', '"sandbox": false }, // ours'),
      ['mcp.config.json:4:26 "connectors.jira.sandbox": It is true or left out.'],
    ],
    [
      'a sandbox with a credential',
      small.replace('"sandbox": true }, // ours', '"sandbox": true, "credential": "env:JIRA" }, // ours'),
      [
        'mcp.config.json:4:32 "jira" is a sandbox and has "credential", which only a real account has. Remove "sandbox" or "credential".',
      ],
    ],
    [
      'a sandbox with a site',
      small.replace('"sandbox": true }, // ours', '"sandbox": true, "site": "https://acme.example" }, // ours'),
      [
        'mcp.config.json:4:32 "jira" is a sandbox and has "site", which only a real account has. Remove "sandbox" or "site".',
      ],
    ],
    [
      'neither',
      small.replace('{ "sandbox": true }, // ours', '{ "site": "https://acme.example" }, // ours'),
      [
        'mcp.config.json:4:5 "jira" has no credential and is no sandbox. Add "credential": "env:JIRA_CREDENTIAL", or "sandbox": true to try it without an account.',
      ],
    ],
    [
      'the local person twice',
      small.replace('["member"] } }', '["member"] }, "directory": { "maya": { "roles": [] } } }'),
      [
        'mcp.config.json:15:78 "maya" is the local person already, and cannot have a second list of roles. Keep one of the two.',
      ],
    ],
    [
      'another database',
      small.replace('"policies"', '"store": "mysql:x",\n  "policies"'),
      [
        'mcp.config.json:14:12 "store": It is "sqlite:" and the path of the database file, such as "sqlite:data/toolgate.db".',
      ],
    ],
    [
      'a credential in plain text',
      small.replace('"sandbox": true }, // ours', '"credential": "hunter2" }, // ours'),
      [
        'mcp.config.json:4:29 "connectors.jira.credential" is not a reference to a secret, and a secret may not stand in this file. Write "env:JIRA_CREDENTIAL", "file:PATH" or "keychain:NAME" (`toolgate secret set keychain:NAME` keeps it there). If a real secret stood here, replace it at the vendor.',
      ],
    ],
    [
      'a token under another name',
      small.replace('"sandbox": true }, // ours', `"credential": "env:J", "note": "${slackToken}" }, // ours`),
      [
        'mcp.config.json:4:46 "connectors.jira.note" looks like a secret in plain text. Take it out, give the connector "credential": "env:JIRA_CREDENTIAL", and replace the secret at the vendor: it has been in a file.',
      ],
    ],
    [
      'a token outside the connectors',
      small.replace('"maya"', `"${jwt}"`),
      [
        'mcp.config.json:15:32 "people.local.id" looks like a secret in plain text. Take it out, and replace the secret where it came from: it has been in a file.',
      ],
    ],
    [
      'a password in an address',
      small.replace(
        '"sandbox": true }, // ours',
        '"credential": "env:J", "site": "https://maya:hunter2@acme.example" }, // ours',
      ),
      [
        'mcp.config.json:4:46 "connectors.jira.site" looks like a secret in plain text. Take it out, give the connector "credential": "env:JIRA_CREDENTIAL", and replace the secret at the vendor: it has been in a file.',
      ],
    ],
  ]

  test.each(table)('%s', async (_name, text, expected) => {
    const problems = await problemsOf(text)
    expect(problems).toEqual(expected)
    // A secret that was refused must not travel on in the sentence that refuses it.
    expect(problems.join('\n')).not.toMatch(/hunter2|aBcDeFgHiJ|c2lnbmF0dXJl/)
  })
})

describe('what stands at the path', () => {
  test('nothing', async () => {
    const { folder } = await configFolder()
    expect(await loadConfig(path.join(folder, 'none.json'))).toEqual({
      ok: false,
      problems: [{ file: path.join(folder, 'none.json'), message: 'There is no such file.' }],
    })
  })

  test('a folder', async () => {
    const { folder } = await configFolder()
    await mkdir(path.join(folder, 'sub'))
    expect(await loadConfig(path.join(folder, 'sub'))).toMatchObject({
      ok: false,
      problems: [{ message: 'It is a folder, not a file.' }],
    })
  })

  test.skipIf(process.platform === 'win32')('a pipe, on which nobody waits', async () => {
    const { folder } = await configFolder()
    execFileSync('mkfifo', [path.join(folder, 'pipe')])
    expect(await loadConfig(path.join(folder, 'pipe'))).toMatchObject({
      ok: false,
      problems: [{ message: 'It is not an ordinary file.' }],
    })
  })

  test('a device', async () => {
    expect(await loadConfig('/dev/zero')).toMatchObject({
      ok: false,
      problems: [{ message: 'It is not an ordinary file.' }],
    })
  })

  test('more than 1 MiB', async () => {
    const { file } = await configFolder(`${small}// ${'x'.repeat(1024 * 1024)}`)
    expect(await loadConfig(file)).toMatchObject({
      ok: false,
      problems: [{ message: 'It is larger than 1 MiB, which no file of this kind is.' }],
    })
  })

  test('not UTF-8', async () => {
    const { file } = await configFolder(Buffer.from([0x7b, 0xff, 0xfe, 0x7d]))
    expect(await loadConfig(file)).toMatchObject({ ok: false, problems: [{ message: 'It is not UTF-8 text.' }] })
  })

  test.skipIf(process.platform === 'win32')('what everybody may change, also behind a link', async () => {
    const { file, folder } = await configFolder()
    await chmod(file, 0o666)
    await symlink(file, path.join(folder, 'link.json'))
    for (const named of [file, path.join(folder, 'link.json')]) {
      const loaded = await loadConfig(named)
      expect(loaded.ok ? '' : loaded.problems.map(problemText).join()).toContain('Everybody on this machine may change it')
    }
    await chmod(file, 0o664)
    expect(await loadConfig(path.join(folder, 'link.json'))).toMatchObject({ ok: true })
  })
})

test('the shipped configuration says nothing that is refused, and its policies are there', async () => {
  const shipped = await loadConfig(new URL('../../mcp.config.json', import.meta.url).pathname)
  expect(shipped).toMatchObject({ ok: true })
})

test('Windows line ends and a byte order mark keep their places', async () => {
  const { file } = await configFolder()
  const text = `\uFEFF${small.replaceAll('\n', '\r\n').replace('"policies"', '"polcies"')}`
  await writeFile(file, text)
  const loaded = await loadConfig(file)
  expect(loaded.ok ? [] : loaded.problems.map(({ line, column }) => ({ line, column }))).toContainEqual({
    line: 14,
    column: 3,
  })
  expect(await parseConfig(file, small)).toMatchObject({ ok: true })
})

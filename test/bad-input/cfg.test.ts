// Group CFG of the attack catalogue, on a hub that runs: a bad edit is refused with its place, and what was in force stays so.
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cli } from '../doors.ts'
import { configFolder, deskFolder, openPolicy, testHub } from '../hub.ts'
import type { TestHub } from '../hub.ts'
import { expectUnharmed } from './unharmed.ts'

let hub: TestHub
let config: string
let policyFile: string
beforeAll(async () => {
  hub = await testHub({})
  config = readFileSync(hub.configPath, 'utf8')
  policyFile = path.join(hub.folder, 'policy.yaml')
})
afterAll(async () => await hub.close())

const edited = (change: (value: Record<string, unknown>) => unknown) => () =>
  JSON.stringify(change(JSON.parse(config) as Record<string, unknown>), undefined, 2)
const withKey = (key: string, value: unknown) => edited((old) => ({ ...old, [key]: value }))
const desk = (entry: object) => withKey('connectors', { desk: { uses: deskFolder, sandbox: true, ...entry } })
const canary = 'xoxb-canary-4f1c9a77d2'

type Edit = readonly [id: string, what: string, text: () => string | Buffer, says: RegExp]

const configs: readonly Edit[] = [
  ['CFG-01', 'JSON that is cut off', () => config.slice(0, -20), /mcp\.config\.json:\d+:\d+ /],
  [
    'CFG-01',
    'a key twice',
    () => config.replace('"policies"', '"store": "sqlite:x.db", "policies"'),
    /:\d+:\d+ .*second time/,
  ],
  ['CFG-01', 'bytes that are not UTF-8', () => Buffer.from([0x7b, 0xff, 0x7d]), /not UTF-8/],
  ['CFG-01', '__proto__', () => config.replace('"policies"', '"__proto__": { "polluted": true }, "policies"'), /__proto__/],
  ['CFG-01', 'nothing but brackets', () => '['.repeat(200_000), /32 levels/],
  ['CFG-02', 'polcies', () => config.replace('"policies"', '"polcies"'), /"polcies".*"policies"/],
  ['CFG-02', 'a key in another case', () => config.replace('"people"', '"People"'), /"People".*"people"/],
  ['CFG-02', 'a setting that the connector has not', desk({ sandbx: true }), /sandbx/],
  ['CFG-02', 'a toggle of no tool', desk({ tools: { desk_note_remove: false } }), /desk_note_remove/],
  ['CFG-03', 'an empty file', () => '', /empty/],
  ['CFG-03', 'only a comment', () => '// nothing', /empty/],
  ['CFG-03', 'null', () => 'null', /null/],
  ['CFG-03', 'no policies', withKey('policies', []), /nothing is allowed/],
  ['CFG-03', 'two megabytes', () => ' '.repeat(2 * 1024 * 1024), /1 MiB/],
  [
    'CFG-05',
    'a secret in plain text',
    desk({ sandbox: undefined, site: 'https://desk.example', credential: canary }),
    /not a reference/,
  ],
  ['CFG-05', 'a policy that is not there', withKey('policies', ['policy.yaml', 'gone.yaml']), /gone\.yaml/],
  ['CFG-09', 'a tool named by a pattern', desk({ tools: { '(a+)+$': false } }), /named as agents see it/],
  ['CFG-11', 'no time at all', withKey('calls', { timeoutSeconds: 0 }), /timeoutSeconds/],
  ['CFG-11', 'a negative time', withKey('approvals', { expiresAfterMinutes: -1 }), /expiresAfterMinutes/],
  ['CFG-11', 'longer than a timer can', withKey('approvals', { expiresAfterMinutes: 50_000 }), /expiresAfterMinutes/],
  [
    'CFG-11',
    'beyond all measure',
    () => config.replace('"store"', '"calls": { "timeoutSeconds": 1e999 }, "store"'),
    /timeoutSeconds/,
  ],
  ['CFG-11', 'a time with its unit', withKey('calls', { timeoutSeconds: '60s' }), /timeoutSeconds/],
  ['CFG-11', 'an address that others reach', withKey('serve', { http: { host: '0.0.0.0' } }), /others reach it/],
  ...[
    'file:///tmp/evil',
    'data:text/javascript,1',
    'node:fs',
    'jira/../slack',
    'https://evil.example/x',
    '',
    '/etc/passwd',
    '../nowhere',
    './a?b#c',
    './a%2e%2e/b',
  ].map((uses): Edit => [
    'CFG-15',
    `the connector ${JSON.stringify(uses)}`,
    desk({ uses }),
    /uses|no connector|cannot be loaded/,
  ]),
  [
    'CFG-15',
    'a command instead of a connector',
    withKey('connectors', { desk: { command: 'sh', args: ['-c', 'id'] } }),
    /command|credential|connector/,
  ],
  [
    'CFG-15',
    'a person twice',
    withKey('people', { local: { id: 'maya', roles: [] }, directory: { maya: { roles: ['lead'] } } }),
    /maya/,
  ],
]

const rule = (more: string) => `rules:\n  - allow: desk_note_set\n    ${more}\n`
const policies: readonly Edit[] = [
  ['CFG-01', 'YAML that is broken', () => 'rules:\n  - allow: "desk', /policy\.yaml:\d+:\d+/],
  ['CFG-01', 'a tab', () => 'rules:\n\t- allow: x\n', /tab/],
  ['CFG-01', 'a merge key', () => 'rules:\n  - <<: { allow: desk_note_set }\n', /merge/],
  ['CFG-01', 'a billion laughs', () => `a: &a [x]\nb: &b [*a, *a]\nrules: [*b, *b]\n`, /anchor|alias/i],
  ['CFG-01', 'a tag that makes code', () => 'rules: !!js/function "x"\n', /policy\.yaml:1/],
  ['CFG-02', 'a mistyped key', () => rule('whoo: role:member'), /whoo.*who/],
  ['CFG-02', 'polcy', () => 'polcy:\n  - deny: x\n', /polcy/],
  ['CFG-03', 'an empty file', () => '', /no policy/i],
  ['CFG-03', 'only comments', () => '# nothing\n', /no policy/i],
  ['CFG-03', 'null', () => 'null\n', /no policy/i],
  ['CFG-03', 'two megabytes', () => '# '.padEnd(2 * 1024 * 1024, 'x'), /1 MiB/],
  ['CFG-09', 'a regular expression', () => rule('when: args.text.matches("(a+)+$")'), /matches\(\)/],
  [
    'CFG-09',
    'loops in loops',
    () => rule('when: args.text.split("").exists(a, args.text.split("").exists(b, a == b))'),
    /policy\.yaml:3/,
  ],
  [
    'CFG-11',
    'a limit of a negative number',
    () => `${openPolicy}limits:\n  - { tools: desk_note_set, per: principal, at_most: -1 per hour }\n`,
    /at_most|per hour/,
  ],
  [
    'CFG-11',
    'a limit without a unit',
    () => `${openPolicy}limits:\n  - { tools: desk_note_set, per: principal, at_most: 20 }\n`,
    /at_most|per hour/,
  ],
]

describe.each([
  ['the configuration', configs, () => hub.configPath],
  ['a policy', policies, () => policyFile],
] as const)('%s', (_of, table, file) => {
  test.each(table)('%s: %s changes nothing and says where', async (_id, _what, text, says) => {
    const [before, version] = [readFileSync(file()), hub.hub.current().id]
    writeFileSync(file(), text())
    const event = await hub.hub.reload()
    writeFileSync(file(), before)
    expect(event).toMatchObject({ ok: false })
    const said = 'problems' in event ? event.problems.join('\n') : ''
    expect(said).toMatch(says)
    expect(said).not.toContain(canary)
    expect(hub.hub.current().id).toBe(version)
    expect(await hub.call('desk_note_set', { id: 'n1', text: 'x', dry_run: true })).toMatchObject({ status: 'previewed' })
    await expectUnharmed(hub, said)
  })
})

describe('CFG-05: what stands at the path', () => {
  const odd: readonly (readonly [string, (file: string) => void, RegExp])[] = [
    ['nothing', () => undefined, /no such file|No policy file/i],
    ['a folder', (file) => mkdirSync(file), /folder|regular/],
    ['a pipe', (file) => execFileSync('mkfifo', [file]), /ordinary|regular/],
    ['a device', (file) => symlinkSync('/dev/zero', file), /ordinary|regular/],
    ['a link to nothing', (file) => symlinkSync('/nowhere/at/all', file), /no such file|No policy file/i],
    ['a link to something else', (file) => symlinkSync('/etc/passwd', file), /:\d+:\d+/],
  ]
  for (const [of, at] of [
    ['the configuration', () => hub.configPath],
    ['a policy', () => policyFile],
  ] as const)
    test.each(odd)(`of ${of}: %s`, async (_what, put, says) => {
      const file = at()
      const version = hub.hub.current().id
      renameSync(file, `${file}.aside`)
      put(file)
      const event = await hub.hub.reload()
      rmSync(file, { recursive: true, force: true })
      renameSync(`${file}.aside`, file)
      expect(event).toMatchObject({ ok: false, problems: [expect.stringMatching(says)] })
      expect(JSON.stringify(event)).not.toContain('root:')
      expect(hub.hub.current().id).toBe(version)
      expect(await hub.call('desk_note_get', { id: 'n1' })).toMatchObject({ status: 'done' })
      await expectUnharmed(hub, event)
    })

  test('a configuration that everybody may change', async () => {
    chmodSync(hub.configPath, 0o666)
    const event = await hub.hub.reload()
    chmodSync(hub.configPath, 0o600)
    expect(event).toMatchObject({ ok: false, problems: [expect.stringContaining('chmod o-w')] })
    await expectUnharmed(hub, event)
  })

  test('a link to a good file is followed, and a change behind it is taken up', async () => {
    renameSync(policyFile, `${policyFile}.aside`)
    symlinkSync(`${policyFile}.aside`, policyFile)
    expect(await hub.hub.reload()).toMatchObject({ ok: true })
    rmSync(policyFile)
    renameSync(`${policyFile}.aside`, policyFile)
    expect(await hub.hub.reload()).toMatchObject({ ok: true })
  })
})

describe('CFG-06: the order of rules never matters', () => {
  const deny = '  - deny: desk_note_set\n'
  const allow = '  - allow: "*"\n    who: role:member\n'
  test.each([
    ['deny last', `rules:\n${allow}${deny}`],
    ['deny first', `rules:\n${deny}${allow}`],
    ['allowed twice more', `rules:\n${allow}${deny}${allow}  - allow: desk_note_set\n`],
  ])('%s', async (_what, policy) => {
    await using other = await testHub({ policy })
    const answer = await other.call('desk_note_set', { id: 'n1', text: 'x' })
    expect(answer).toMatchObject({ status: 'denied' })
    await expectUnharmed(other, answer)
  })
})

test('CFG-10: of a hundred calls during reloads, each sees one version, and its entry names it', async () => {
  await using other = await testHub({})
  const file = path.join(other.folder, 'policy.yaml')
  const versions = new Set([other.hub.current().id])
  const calls: Promise<unknown>[] = []
  for (let turn = 0; turn < 10; turn += 1) {
    for (let each = 0; each < 10; each += 1) calls.push(other.call('desk_note_get', { id: 'n1' }))
    writeFileSync(file, `${openPolicy}  - deny: desk_note_${turn % 2 === 0 ? 'get' : 'send'}\n`)
    const event = await other.hub.reload()
    if (event.ok) versions.add(event.version)
  }
  const answers = (await Promise.all(calls)) as { readonly status: string; readonly error?: object }[]
  expect(answers.filter(({ status }) => status !== 'done' && status !== 'denied')).toEqual([])
  await expect.poll(async () => (await other.hub.store.recent('local', 1000)).length).toBe(200)
  const opened = (await other.hub.store.recent('local', 1000)).filter(({ kind }) => kind === 'call.opened')
  expect(opened.every(({ payload }) => typeof payload['version'] === 'string' && versions.has(payload['version']))).toBe(
    true,
  )
  await expectUnharmed(other, answers)
})

test('CFG-13: a process that ends in the middle of a bad edit leaves the next one to say so, and a good one to go on', async () => {
  const folder = configFolder({})
  const file = path.join(folder, 'mcp.config.json')
  const good = readFileSync(file, 'utf8')
  try {
    expect((await cli(['call', 'desk_note_get', '{"id":"n1"}', '--config', file])).code).toBe(0)
    writeFileSync(file, good.slice(0, good.length / 2))
    const refused = await cli(['call', 'desk_note_get', '{"id":"n1"}', '--config', file])
    expect([refused.code, refused.stdout]).toEqual([1, ''])
    expect(refused.stderr).toMatch(/mcp\.config\.json:\d+:\d+/)
    writeFileSync(file, good)
    expect((await cli(['call', 'desk_note_get', '{"id":"n1"}', '--config', file])).code).toBe(0)
    expect((await cli(['audit', 'verify', '--config', file])).stdout).toContain('the chain is whole')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}, 20_000)

test('CFG-14: data of a newer Toolgate is refused, and not touched', async () => {
  const other = await testHub({})
  await other.call('desk_note_get', { id: 'n1' })
  await other.hub.close()
  const file = path.join(other.folder, 'data/toolgate.db')
  const database = new DatabaseSync(file)
  database.exec('pragma user_version = 99')
  database.close()
  const before = readFileSync(file)
  await expect(testHub({ folder: other.folder })).rejects.toThrow('is of schema 99')
  expect(readFileSync(file).equals(before)).toBe(true)
  rmSync(other.folder, { recursive: true, force: true })
})

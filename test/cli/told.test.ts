// What somebody who runs the hub is told when something is not as they meant it.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { deskFolder, testHub } from '../hub.ts'
import { toolgate } from './toolgate.ts'
import { workplace } from './workplace.ts'

const granting = path.join(deskFolder, '../granting')

/** A configuration with one entry, and a policy that allows everything to its one person. */
async function deskplace(entry: object): Promise<{ folder: string; file: string }> {
  const place = await workplace()
  await writeFile(path.join(place.folder, 'p.yaml'), 'rules:\n  - allow: "*"\n    who: role:member\n')
  const people = { local: { id: 'maya', roles: ['member'] }, directory: { jonas: { roles: ['member', 'lead'] } } }
  await writeFile(place.file, JSON.stringify({ connectors: { desk: entry }, policies: ['p.yaml'], people }))
  return place
}

describe('toolgate check', () => {
  test('reads the credentials, and says which cannot be read and why, but never what is in them', async () => {
    const { folder } = await deskplace({ uses: deskFolder, site: 'https://desk.invalid', credential: 'file:token' })
    const check = (...more: string[]) => toolgate(['check', ...more], { cwd: folder })
    const absent = await check()
    expect(absent).toMatchObject({ code: 1, out: '' })
    expect(absent.err).toMatch(
      /mcp\.config\.json:1:\d+ The credential of "desk" cannot be read\. .*token could not be opened/,
    )
    expect(await check('--no-credentials')).toMatchObject({ code: 0, err: '' })
    await writeFile(path.join(folder, 'token'), 'a-secret-of-mine', { mode: 0o644 })
    const open = await check()
    expect(open.err).toContain('chmod 600')
    expect(open.out + open.err).not.toContain('a-secret-of-mine')
    await writeFile(path.join(folder, 'token2'), 'a-secret-of-mine', { mode: 0o600 })
    await deskFile(folder, (text) => text.replace('file:token', 'file:token2'))
    expect(await check()).toMatchObject({ code: 0, err: '' })
  })

  test('refuses a tool of a class, a verb or a name that there is not, and names it', async () => {
    const { folder } = await deskplace({ uses: './crm', sandbox: true })
    await mkdir(path.join(folder, 'crm'))
    const problems = async (change: string) => {
      await writeFile(path.join(folder, 'crm/connector.ts'), crm(change))
      const { code, err } = await toolgate(['check'], { cwd: folder })
      return [code, err.replace(/^\S+ /, '').trim()]
    }
    expect(await problems('')).toEqual([0, ''])
    expect(await problems("class: 'Q'")).toEqual([
      1,
      'desk_note_get has the class "Q", which no read has. It is one of R, RP.',
    ])
    expect(await problems("class: 'W1'")).toEqual([
      1,
      'desk_note_get has the class "W1", which no read has. It is one of R, RP.',
    ])
    expect(await problems("name: 'noteGet'")).toEqual([1, expect.stringContaining('desk_noteGet is no name for a tool')])
    expect(await problems("kind: 'reed'")).toEqual([1, expect.stringContaining('neither a read nor a write')])
  })

  test('names the file and the line of a connector that does not parse or breaks', async () => {
    const { folder } = await deskplace({ uses: './crm', sandbox: true })
    await mkdir(path.join(folder, 'crm'))
    const file = path.join(folder, 'crm/connector.ts')
    await writeFile(file, "import { z } from 'zod'\nexport const x = {\n  id: 'x'\n  title: 'y',\n}\n")
    expect((await toolgate(['check'], { cwd: folder })).err).toContain(`at ${file}:4: `)
    await writeFile(file, "import { z } from 'zod'\n\nexport const x = nowhere.y\n")
    expect((await toolgate(['check'], { cwd: folder })).err).toContain(`at ${file}:3: nowhere is not defined`)
  })

  test('--grants says as whom the hub acts, what is missing and what is too much', async () => {
    const list = 'granted.json'
    const place = await deskplace({ uses: granting, site: 'https://desk.invalid', list, credential: 'env:DESK_TOKEN' })
    const run = (...words: string[]) => toolgate(words, { cwd: place.folder, env: { DESK_TOKEN: 'x' } })
    await writeFile(path.join(place.folder, list), '["read:notes", "admin:notes"]')
    const report = await run('check', '--grants')
    expect(report.code).toBe(4)
    expect(report.out.split('\n')).toEqual([
      'desk: acts as the hub at the desk',
      'desk: missing for desk_note_send, which is hidden: write:notes',
      'desk: missing for desk_note_set, which is hidden: write:notes',
      'desk: warning: granted and not needed: admin:notes',
      '',
    ])
    expect((await run('tools')).out).toMatch(
      /desk_note_set +W1 +hidden +no +desk +hidden: not granted at the vendor: write:notes/,
    )
    await writeFile(path.join(place.folder, list), '["read:notes", "write:notes"]')
    expect(await run('check', '--grants')).toMatchObject({ code: 0, out: expect.stringContaining('and no more') })
  })

  test.each([
    ['{\n  "a": { "b": true }\n  "c": 1\n}', '3:3 A comma is expected here. It is missing at the end of line 2.'],
    ['{\n  "a": 1\n  // a note\n  c: 1\n}', '4:3 A comma is expected here. It is missing at the end of line 2.'],
    ['{ "a": [1 2] }', '1:11 A comma is expected here. It is missing before this.'],
    ['{ "a": treu }', '1:8 This is not JSON; texts and keys stand in double quotes.'],
  ])('finds the comma that is missing in %j', async (text, said) => {
    const { folder, file } = await workplace()
    await writeFile(file, text)
    expect((await toolgate(['check'], { cwd: folder })).err).toBe(`${file}:${said}\n`)
  })
})

test('why a credential cannot be used is said to whoever runs the command, beside the answer that agents get', async () => {
  for (const uses of [deskFolder, granting]) {
    const { folder } = await deskplace({ uses, site: 'https://desk.invalid', credential: 'env:DESK_NOWHERE' })
    const called = await toolgate(['call', 'desk_note_get', '{"id":"n1"}'], { cwd: folder })
    expect(called.code).toBe(4)
    expect(called.out).not.toContain('DESK_NOWHERE')
    expect(called.err).toMatch(/^Reason: .*The environment variable DESK_NOWHERE is not set or empty\.\n$/)
  }
})

test('a tool that is off is said to be off, and why, to whoever runs the command', async () => {
  const { folder } = await workplace()
  const called = await toolgate(['call', 'jira_project_list'], { cwd: folder })
  expect(called.err).toBe(
    'Reason: jira_project_list is off: not in the profile "default". toolgate tools enable turns it on.\n',
  )
  expect(await toolgate(['tools', 'enable', 'jira_project_list'], { cwd: folder })).toMatchObject({ code: 0 })
  expect(await toolgate(['call', 'jira_project_list'], { cwd: folder })).toMatchObject({ code: 0, err: '' })
})

test('an operation that is not there is looked for in the lists', async () => {
  const { folder } = await workplace()
  for (const words of [
    ['operations', 'show', 'op_x'],
    ['operations', 'reconcile', 'op_x'],
  ]) {
    const { err } = await toolgate(words, { cwd: folder })
    expect(err).toBe(
      'There is no operation op_x. toolgate operations list shows all, toolgate approvals list those that wait.\n',
    )
  }
})

test('reconcile says whether it happened', async () => {
  const { folder } = await deskplace({ uses: deskFolder, sandbox: true })
  const run = (...words: string[]) => toolgate(words, { cwd: folder })
  const made = await run('call', 'desk_note_set', '{"id":"n1","text":"new"}', '--json')
  const { operation_id: done } = JSON.parse(made.out) as { operation_id: string }
  expect((await run('operations', 'reconcile', done)).out).toBe(
    `${done}  There was nothing to ask: the operation has been carried out.\n`,
  )
  await run('sandbox', 'break', 'desk', 'drop', '--route', 'PUT /notes/*')
  const lost = await run('call', 'desk_note_set', '{"id":"n2","text":"new"}', '--json')
  const { operation_id: unknown } = JSON.parse(lost.out) as { operation_id: string }
  expect((await run('operations', 'reconcile', unknown)).out).toBe(
    `${unknown}  It happened: the vendor shows it. unknown → reconciled\n`,
  )
})

test('a call that was denied by a person says how to ask again', async () => {
  const policy = 'rules:\n  - ask: "desk_note_set"\n    who: role:member\n    approvers: role:lead\n'
  await using place = await testHub({ policy })
  const call = async () => await place.call('desk_note_set', { id: 'n1', text: 'new' })
  const { operation_id: id } = await call()
  const jonas = { ...place.hub.person('jonas'), channel: 'terminal' as const }
  await place.hub.approvals.deny(String(id), jonas)
  const again = await call()
  expect(again.status).toBe('denied')
  expect(again.notes?.join(' ')).toContain('pass a new idempotency_key')
})

test('what cannot be taken back on these policies says so, and by which tool it could be', async () => {
  const { folder } = await workplace()
  const run = (...words: string[]) => toolgate(words, { cwd: folder })
  const made = await run('call', 'jira_comment_add', '{"key":"SUP-1","body":"Hello."}', '--json')
  const { operation_id: id } = JSON.parse(made.out) as { operation_id: string }
  const off = await run('undo', id)
  expect(off.code).toBe(4)
  expect(off.out).toContain('could be taken back by jira_comment_delete, which is not switched on here, so it stays')
  await run('tools', 'enable', 'jira_comment_delete')
  const shown = await run('undo', id)
  expect(shown.out).toMatch(/^Previewed/)
  expect(shown.out).toContain('is not taken back by this alone: jira_comment_delete would do it, and policy has to allow it')
})

test('a scenario of a policy that is not listed says that it is not', async () => {
  const { folder, file } = await workplace()
  await writeFile(path.join(folder, 'mine.yaml'), 'rules:\n  - allow: jira_issue_get\n    who: role:auditor\n')
  const scenario =
    'scenarios:\n  - name: an auditor reads\n    roles: [auditor]\n    tool: jira_issue_get\n    arguments: { key: OPS-42 }\n    expect: done\n'
  await writeFile(path.join(folder, 'mine.test.yaml'), scenario)
  const tested = () => toolgate(['policy', 'test', 'mine.test.yaml'], { cwd: folder })
  expect((await tested()).out).toContain('mine.yaml is not in force: name it under "policies" in the configuration.')
  await writeFile(file, (await readFile(file, 'utf8')).replace('"policies": [', '"policies": ["mine.yaml",'))
  expect(await tested()).toMatchObject({ code: 0 })
})

async function deskFile(folder: string, change: (text: string) => string): Promise<void> {
  const file = path.join(folder, 'mcp.config.json')
  await writeFile(file, change(await readFile(file, 'utf8')))
}

/** A connector that somebody wrote themselves, whose types nobody checks. */
function crm(change: string): string {
  return `import { z } from 'zod'
import { connector, readTool } from 'toolgate/kit'

const get = readTool({
  name: 'note_get',
  title: 'Get a note',
  description: 'One note.',
  class: 'R',
  default: 'on',
  scopes: ['read:notes'],
  input: z.strictObject({}),
  output: z.strictObject({}),
  example: {},
  run: async () => ({}),
  ${change}
})

export const crm = connector({
  id: 'crm',
  title: 'CRM',
  prefix: 'crm',
  settings: z.strictObject({}),
  credential: 'None.',
  base: () => 'https://crm.example',
  reads: [],
  open: async () => ({}),
  tools: [get],
  sandbox: { settings: {}, credential: 'none', seed() {}, respond: () => ({ status: 404 }) },
})
`
}

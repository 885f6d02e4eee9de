// The launcher works from any folder, through links, and on a Node that is too old for everything behind it.
import { copyFile, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { folderOfOldNode } from './old-node.ts'
import { launcher, start, toolgate } from './toolgate.ts'

const oldNode = folderOfOldNode()
if (oldNode === undefined) console.warn('SKIPPED: no Node below 24 is in PATH, so the launcher was not tried on one.')

async function elsewhere(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'toolgate-elsewhere-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

test('it says its version, from another folder and through a link', async () => {
  const cwd = await elsewhere()
  await symlink(launcher, path.join(cwd, 'toolgate'))
  for (const file of [launcher, path.join(cwd, 'toolgate')]) {
    expect(await toolgate(['--version'], { cwd, launcher: file })).toMatchObject({
      code: 0,
      err: '',
      out: expect.stringMatching(/^toolgate \d+\.\d+\.\d+ \(Node 2[4-9]\.\d+\.\d+\)\n$/),
    })
  }
})

test('help lists every command, and a slip gets a hint and code 1', async () => {
  const { out, code } = await toolgate([])
  expect(code).toBe(0)
  for (const name of [
    'serve',
    'stdio',
    'call',
    'explain',
    'tools',
    'check',
    'policy',
    'approvals',
    'operations',
    'audit',
    'sandbox',
  ]) {
    expect(out).toMatch(new RegExp(`^ {2}${name} `, 'm'))
  }
  expect(await toolgate(['tool'])).toMatchObject({
    code: 1,
    out: '',
    err: 'There is no command "tool". Did you mean "toolgate tools"?\n',
  })
  expect((await toolgate(['\u001B[31mx'])).err).toContain('"\\u{1b}[31mx"')
})

test.each(['serve', 'stdio', 'call', 'explain', 'tools', 'check', 'policy', 'approvals', 'operations', 'audit', 'sandbox'])(
  'toolgate %s --help teaches with examples and exit codes',
  async (name) => {
    const { out, code, err } = await toolgate([name, '--help'])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toContain('Examples:\n  toolgate ')
    expect(out).toContain('Exit codes:\n')
    expect(out).toContain('--config <path>')
  },
)

describe.skipIf(oldNode === undefined)('with a Node below 24 first in PATH', () => {
  const node = path.join(oldNode ?? '', 'node')
  const env = { PATH: `${oldNode}:${process.env['PATH']}`, NODE_OPTIONS: '' }

  test('it goes on with the bundled one, from another folder', async () => {
    const ran = await toolgate(['--version'], { node, env, cwd: await elsewhere() })
    expect(ran).toMatchObject({ code: 0, err: '', out: expect.stringMatching(/\(Node 2[4-9]\./) })
  })

  test('the exit code and both outputs come through', async () => {
    const ran = await toolgate(['tool'], { node, env })
    expect(ran).toMatchObject({ code: 1, out: '', err: expect.stringContaining('There is no command') })
  })

  test('without a bundled one, it says in one line what to do', async () => {
    const cwd = await elsewhere()
    await mkdir(path.join(cwd, 'bin'))
    await copyFile(launcher, path.join(cwd, 'bin/toolgate.cjs'))
    const ran = await toolgate(['stdio'], { node, env, cwd, launcher: path.join(cwd, 'bin/toolgate.cjs') })
    expect(ran).toMatchObject({ code: 1, out: '' })
    expect(ran.err).toMatch(/^toolgate needs Node 24 or newer, and this is Node \d+\.\d+\.\d+ .*\n$/)
  })

  test('a signal reaches the hub, which drains and ends well', async () => {
    const child = start(['stdio', '--log-level', 'info'], { node, env, cwd: await elsewhere() })
    onTestFinished(() => void child.kill('SIGKILL'))
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
    child.stdin.write(
      `${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } } })}\n`,
    )
    const [first] = await new Promise<unknown[]>((resolve) => child.stdout.once('data', (...data) => resolve(data)))
    expect(JSON.parse(String(first))).toMatchObject({ id: 1, result: { protocolVersion: '2025-11-25' } })
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
  })
})

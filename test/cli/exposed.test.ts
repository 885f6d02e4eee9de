// A hub with real accounts is not started in ways by which others would read what passes through it.
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { launcher } from '../doors.ts'
import { configFolder } from '../hub.ts'

const real = configFolder({
  connectors: { jira: { site: 'https://acme.atlassian.net', email: 'hub@acme.example', credential: 'env:JIRA_TOKEN' } },
})
const sandboxed = configFolder({})
afterAll(() => [real, sandboxed].forEach((folder) => rmSync(folder, { recursive: true })))

function started(folder: string, env: Record<string, string>, flags: readonly string[] = []) {
  const args = [...flags, launcher, 'stdio', '--config', path.join(folder, 'mcp.config.json')]
  return spawnSync(process.execPath, args, {
    env: { PATH: process.env['PATH'], HOME: folder, JIRA_TOKEN: 'canary-jira-token-77aa', ...env },
    input: '',
    encoding: 'utf8',
  })
}

// SEC-03, SSRF-09: Node's reports and snapshots, and certificates that anybody could have made.
test.each([
  ['NODE_DEBUG', { NODE_DEBUG: 'http' }, []],
  ['NODE_TLS_REJECT_UNAUTHORIZED', { NODE_TLS_REJECT_UNAUTHORIZED: '0' }, []],
  ['debugger', {}, ['--inspect=127.0.0.1:0']],
  ['debugger', { NODE_OPTIONS: '--inspect=127.0.0.1:0' }, []],
  ['--tls-keylog', {}, [`--tls-keylog=${path.join(real, 'keys')}`]],
  ['--tls-keylog', { NODE_OPTIONS: `--tls_keylog=${path.join(real, 'keys')}` }, []],
  ['reports', { NODE_OPTIONS: '--report-on-fatalerror' }, []],
  ['reports', { NODE_OPTIONS: '--report_uncaught_exception' }, []],
  ['heap', { NODE_OPTIONS: '--heapsnapshot-signal=SIGUSR2' }, []],
] as const)('SEC-09: %s %j %j is refused with what to do about it', (named, env, flags) => {
  const { status, stdout, stderr } = started(real, env, flags)
  expect([status, stdout]).toEqual([1, ''])
  expect(stderr).toContain(named)
  expect(stderr).not.toContain('canary')
})

test('a sandbox is started all the same, with a warning', () => {
  const { status, stderr } = started(sandboxed, { NODE_TLS_REJECT_UNAUTHORIZED: '0' })
  expect([status, stderr]).toEqual([0, expect.stringContaining('NODE_TLS_REJECT_UNAUTHORIZED is 0')])
})

test('without any of it, the same real account is served', () => {
  expect(started(real, {})).toMatchObject({ status: 0, stdout: '' })
})

// The keychain in all its moods, on the real gnome-keyring in a session of its own.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

const credentials = join(import.meta.dirname, '../../src/egress/credentials.ts')
const tools = ['dbus-run-session', 'gnome-keyring-daemon', 'secret-tool', 'bash']
const missing = tools.filter((tool) => spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0)

const program = `
  const { resolveCredential } = await import(${JSON.stringify(credentials)})
  const env = { directory: '/', env: {} }
  const said = await resolveCredential('keychain:' + process.argv[1], env).catch((error) => error.code + ': ' + error.message)
  console.log(said)
`

const probing = `
  const { probeKeychain, writeKeychain, readKeychain } = await import(${JSON.stringify(join(import.meta.dirname, '../../src/egress/keychain.ts'))})
  const { state } = await probeKeychain()
  const kept = await writeKeychain('kept', 'written').then(() => readKeychain('kept')).catch(() => 'nothing')
  console.log('doctor: ' + state + ', kept: ' + kept)
`

/** What the hub says in each of these states, by line. */
function inSession(script: string): string[] {
  const home = mkdtempSync(join(tmpdir(), 'toolgate-keychain-'))
  const ask = `"${process.execPath}" --input-type=module --eval '${program.replaceAll("'", `'\\''`)}'`
  const doctor = `"${process.execPath}" --input-type=module --eval '${probing.replaceAll("'", `'\\''`)}'`
  const functions = `
    exec 2>/dev/null
    printf pw >"$HOME/password"
    ask() { ${ask} "$1"; }
    doctor() { ${doctor}; }
    answers() { dbus-send --session --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.NameHasOwner string:org.freedesktop.secrets | grep -q 'boolean true'; }
    start() {
      gnome-keyring-daemon --components=secrets --foreground "$@" <"$HOME/password" >/dev/null & daemon=$!
      for try in $(seq 100); do answers && break; sleep 0.1; done
      sleep 1
    }
    stop() { kill $daemon; wait $daemon; }
  `
  const { stdout } = spawnSync('dbus-run-session', ['--', 'bash', '-c', functions + script], {
    env: { PATH: process.env['PATH'], HOME: home, XDG_RUNTIME_DIR: home },
    encoding: 'utf8',
    timeout: 30_000,
  })
  rmSync(home, { recursive: true, force: true })
  return stdout.trim().split('\n')
}

if (missing.length > 0)
  process.stderr.write(`SKIPPED: the keychain tests need ${missing.join(', ')}, which is not installed.\n`)

describe.skipIf(missing.length > 0)('on gnome-keyring', () => {
  // SEC-05
  test('unlocked, absent, hung and locked are told apart', { timeout: 40_000 }, () => {
    const said = inSession(`
      start --unlock
      printf 'the-secret-itself' | secret-tool store --label=toolgate service toolgate username jira
      ask jira
      ask absent
      doctor
      kill -STOP $daemon; ask jira; doctor; kill -CONT $daemon
      stop; start
      ask jira
      doctor
      stop
    `)
    expect(said).toEqual([
      'the-secret-itself',
      expect.stringMatching(
        /^unauthenticated: The keychain has no entry for absent. Add it with: secret-tool store .* username absent$/,
      ),
      'doctor: ok, kept: written',
      expect.stringMatching(/^unauthenticated: The keychain service does not answer/),
      'doctor: hung, kept: nothing',
      expect.stringMatching(/^unauthenticated: The keychain is locked/),
      'doctor: locked, kept: nothing',
    ])
  })
})

// SEC-05
test('without a session there is no keychain service, and no other store takes its place', { timeout: 20_000 }, () => {
  const said = (what: string) => {
    const env = { PATH: process.env['PATH'] }
    return spawnSync(process.execPath, ['--input-type=module', '--eval', what, 'jira'], { env, encoding: 'utf8' }).stdout
  }
  expect(said(probing)).toBe('doctor: no-service, kept: nothing\n')
  expect(said(program)).toMatch(/^unauthenticated: No keychain service is running in this session/)
})

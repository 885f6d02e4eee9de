// `toolgate secret`: keeps a secret where its reference finds it, replaces it, and shows it to nobody.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync, statSync } from 'node:fs'
import path from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { launcher } from '../doors.ts'
import { configFolder } from '../hub.ts'

const folder = configFolder({
  config: {
    connectors: {
      jira: { site: 'https://acme.atlassian.net', credential: 'vaultfile:jira' },
      slack: { credential: 'file:slack.token', oauth: { client_id: '1.2', client_secret: 'env:SLACK_APP' } },
    },
    notify: [{ url: 'https://hooks.acme.dev/in', secret: 'env:HOOK_KEY', events: ['call.failed'] }],
    secrets: { vaultfile: { file: 'secrets.vault', key: 'env:VAULT_KEY' } },
  },
})
afterAll(() => rmSync(folder, { recursive: true }))

const env: Record<string, string | undefined> = {
  PATH: process.env['PATH'],
  VAULT_KEY: Buffer.alloc(32, 7).toString('base64'),
}

async function secret(args: readonly string[], input = ''): Promise<{ code: number; said: string }> {
  const child = spawn(process.execPath, [launcher, 'secret', ...args, '--config', path.join(folder, 'mcp.config.json')], {
    env,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  child.stdin.end(input)
  const [code] = (await once(child, 'close')) as [number]
  return { code, said }
}

test('set, list, rotate and doctor', { timeout: 60_000 }, async () => {
  const [one, two] = ['canary-one-7d1', 'canary-two-93b']
  expect((await secret(['list'])).said).toMatch(/vaultfile:jira +connectors.jira +The vault file has no entry jira/)
  expect(await secret(['set', 'vaultfile:jira'], `${one}\n`)).toMatchObject({ code: 0 })
  expect(await secret(['set', 'file:slack.token'], two)).toMatchObject({ code: 0 })
  expect(statSync(path.join(folder, 'slack.token')).mode & 0o777).toBe(0o600)
  const lacking = await secret(['list', '--json'])
  expect(lacking.code).toBe(4)
  const missing = (JSON.parse(lacking.said) as { where: string; found: boolean }[]).filter(({ found }) => !found)
  expect(missing.map(({ where }) => where)).toEqual(['connectors.slack.oauth', 'notify hooks.acme.dev'])
  Object.assign(env, { SLACK_APP: 'slack-app-secret-1', HOOK_KEY: 'hook-key-2' })
  const listed = await secret(['list'])
  expect(listed.code).toBe(0)
  expect(listed.said).toMatch(/vaultfile:jira +connectors.jira +found/)
  expect((await secret(['rotate', 'vaultfile:jira'], one)).said).toContain('the one that is there already')
  expect(await secret(['rotate', 'vaultfile:jira'], two)).toMatchObject({ code: 0 })
  const checked = await secret(['doctor'])
  expect(checked.said).toMatch(/vaultfile +ok/)
  expect(checked.said).toMatch(/keychain +no-service/)
  expect((await secret(['set', 'env:X'], one)).said).toContain('Set others where they live')
  expect((await secret(['set', 'vaultfile:jira'], '')).said).toContain('Nothing came on standard input')
  expect(listed.said + checked.said).not.toMatch(/canary/)
  expect(readFileSync(path.join(folder, 'secrets.vault'), 'utf8')).not.toMatch(/canary|jira/)
})

test('a hub that starts says at once which secret cannot be read, who needs it and what to do, and starts', async () => {
  const own = configFolder({
    config: { notify: [{ url: 'https://hooks.acme.dev/in', secret: 'keychain:hook', events: ['call.failed'] }] },
  })
  const hub = spawn(
    process.execPath,
    [launcher, 'serve', '--port', '0', '--config', path.join(own, 'mcp.config.json')],
    // No desktop, so no keychain.
    {
      env: { PATH: process.env['PATH'], DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nowhere' },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  )
  let said = ''
  hub.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  await vi.waitFor(
    () => expect(said).toMatch(/"usedBy":\["notify hooks.acme.dev"\].*No keychain service is running/),
    20_000,
  )
  expect(said).toMatch(/"place":"keychain","state":"no-service"/)
  expect(hub.exitCode).toBeNull()
  hub.kill()
  await once(hub, 'exit')
  rmSync(own, { recursive: true })
}, 30_000)

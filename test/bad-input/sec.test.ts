// Group SEC of the attack catalogue on the whole hub: what the tests of egress, of the command line and the search for canaries do not send.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { searchAll } from '../canaries/spellings.ts'
import { launcher, start, toolgate } from '../cli/toolgate.ts'
import { vaultStandIn } from '../egress/vault-stand-in.ts'
import { configFolder, deskFolder, testHub } from '../hub.ts'
import { certificateFor } from '../identity/certificates.ts'
import { gatedHub } from '../identity/door.ts'
import { modernRequest, until } from '../serve/fixture.ts'

const canary = 'canary-sec-0a1b2c3d4e5f'
const chatty = fileURLToPath(new URL('../chatty', import.meta.url))
const chattyToken = 'chatty-sandbox-token-4f1c9a77d2'
afterEach(() => void vi.unstubAllEnvs())

/** A hub with one real account, which is nowhere. */
function realFolder(more: object = {}): string {
  return configFolder({
    connectors: { desk: { uses: deskFolder, site: 'https://desk.invalid', credential: 'env:SEC_DESK' } },
    ...more,
  })
}

describe('SEC-03: an error that carries its credential in every place that an error has', () => {
  test('is told, logged, recorded and sent on without it', async () => {
    await using gated = await gatedHub({ connectors: { chatty: { uses: chatty, sandbox: true } } })
    const answers: string[] = []
    for (const how of ['thrown', 'text']) {
      const { headers, body } = modernRequest('tools/call', { name: 'chatty_note_fail', arguments: { how } })
      const response = await fetch(gated.door.url, { method: 'POST', headers, body: JSON.stringify(body) })
      answers.push(await response.text())
      expect(answers.at(-1)).toContain('"status":"failed"')
    }
    expect(gated.logged()).toContain('Request failed')
    const { 'sandbox.db': _played, ...kept } = filesIn(path.join(gated.hub.folder, 'data'))
    const sinks = { answers: answers.join(), log: gated.logged(), ...kept }
    expect(searchAll(sinks, { token: chattyToken }).hits).toEqual([])
  })

  test('is not in the core that a dying hub leaves behind', async (context) => {
    if (process.platform !== 'linux' || readFileSync('/proc/sys/kernel/core_pattern', 'utf8').trim() !== 'core')
      context.skip('NOT TESTED: this machine does not leave cores where a process runs.')
    const folder = configFolder({
      connectors: { desk: { uses: deskFolder, site: 'https://desk.invalid', credential: 'env:SEC_DESK' } },
    })
    const command = `ulimit -c unlimited; exec "${process.execPath}" "${launcher}" serve --port 0 --json`
    const hub = spawn('sh', ['-c', command], { cwd: folder, env: { ...process.env, SEC_DESK: canary } })
    let out = ''
    hub.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
    const gone = once(hub, 'close')
    await until(() => out.includes('\n'), 15_000)
    hub.kill('SIGABRT')
    expect((await gone)[1]).toBe('SIGABRT')
    const cores = readdirSync(folder).filter((name) => name.startsWith('core'))
    for (const core of cores) expect(readFileSync(path.join(folder, core)).includes(canary)).toBe(false)
    rmSync(folder, { recursive: true, force: true })
  })

  test('ends the process when nobody has caught it, and is told without it then too', async () => {
    const folder = configFolder({ connectors: { chatty: { uses: chatty, sandbox: true } } })
    const hub = start(['serve', '--port', '0', '--json', '--config', path.join(folder, 'mcp.config.json')])
    let [out, err] = ['', '']
    hub.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
    hub.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
    const gone = once(hub, 'close')
    await until(() => out.includes('\n'), 15_000)
    const { url } = JSON.parse(out) as { url: string }
    const { headers, body } = modernRequest('tools/call', { name: 'chatty_note_fail', arguments: { how: 'stray' } })
    await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) }).catch(() => undefined)
    expect((await gone)[0]).toBe(4)
    expect(err).toContain('nobody expected')
    expect(err).toContain('Request failed')
    expect(searchAll({ out, err }, { token: chattyToken }).hits).toEqual([])
    rmSync(folder, { recursive: true, force: true })
  }, 30_000)
})

describe('SEC-05: a vault that is sealed, gone or silent', () => {
  const open = async (address: string) =>
    await testHub({
      connectors: { desk: { uses: deskFolder, site: 'https://desk.invalid', credential: 'vault:apps/desk', writes: 'on' } },
      config: { secrets: { vault: { address, mount: 'secret', token: 'env:SEC_VAULT' } } },
    })
  const calls = [
    ['desk_note_list', {}],
    ['desk_note_send', { desk: 'front', text: 'x' }],
  ] as const

  test('refuses reads and writes, takes nothing from anywhere else, and is asked again until it answers', async () => {
    vi.stubEnv('SEC_VAULT', 'hvs.root')
    for (const name of ['apps/desk', 'DESK', 'DESK_TOKEN', 'DESK_CREDENTIAL']) vi.stubEnv(name, canary)
    const vault = await vaultStandIn()
    vault.data.set('apps/desk', { value: canary })
    await using hub = await open(vault.url)
    for (const state of ['sealed', 'down'] as const) {
      vault[state] = true
      for (const [tool, args] of calls) {
        const answer = await hub.call(tool, args)
        expect(answer).toMatchObject({ status: 'failed', error: { code: 'unauthenticated' } })
        expect(JSON.stringify(answer)).not.toMatch(/canary|hvs\.|vault/)
      }
      vault[state] = false
    }
    // Its credential is there now; the vendor is not.
    for (const [tool, args] of calls)
      expect(await hub.call(tool, args)).toMatchObject({ status: 'failed', error: { code: 'unavailable' } })
    await vault.close()
  })

  test('one that never answers is waited for a few seconds, not for ever', async () => {
    vi.stubEnv('SEC_VAULT', 'hvs.root')
    const silent = createServer(() => undefined)
    await once(silent.listen(0, '127.0.0.1'), 'listening')
    await using hub = await open(`http://127.0.0.1:${(silent.address() as AddressInfo).port}`)
    const from = performance.now()
    expect(await hub.call('desk_note_list')).toMatchObject({ status: 'failed', error: { code: 'unauthenticated' } })
    expect(performance.now() - from).toBeLessThan(8000)
    silent.closeAllConnections()
    silent.close()
  })
})

test('SEC-06: of a credential that is replaced under load no write is in doubt, nothing leaks, and the calls after it are done', async () => {
  const lines: string[] = []
  const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) })
  const vendor = await deskVendor()
  const tokens = ['canary-old-token-51f0c2a9', 'canary-new-token-7d1e93b2'] as const
  const file = path.join(vendor.folder, 'token')
  writeFileSync(file, tokens[0], { mode: 0o600 })
  vendor.good = tokens[0]
  const desk = { uses: deskFolder, site: 'https://desk.example', credential: `file:${file}`, writes: 'on' }
  const egress = { proxy: vendor.proxy, ca: path.join(vendor.folder, 'ca.pem') }
  let clock = Date.now()
  await using hub = await testHub({ connectors: { desk }, config: { egress }, log, now: () => new Date(clock) })
  let sent = 0
  const send = async (): Promise<string> => {
    const answer = await hub.call('desk_note_send', { desk: 'front', text: `note ${(sent += 1)}` })
    answers.push(answer)
    return answer.status
  }
  const answers: unknown[] = []
  const many = async () => new Set(await Promise.all(Array.from({ length: 40 }, send)))
  expect(await many()).toEqual(new Set(['done']))
  // The vendor ends the old one under load; the new one is there a moment later.
  const under = many()
  vendor.good = tokens[1]
  for (const status of await under) expect(['done', 'failed']).toContain(status)
  expect(await many()).toEqual(new Set(['failed']))
  writeFileSync(`${file}.new`, tokens[1], { mode: 0o600 })
  renameSync(`${file}.new`, file)
  clock += 31_000
  // One call learns that the one before is no good, and the next reads the other.
  expect([await send(), await send()]).toEqual(['failed', 'done'])
  expect(await many()).toEqual(new Set(['done']))
  expect(vendor.refused).toBe(answers.filter((answer) => (answer as { status: string }).status === 'failed').length)
  const sinks = {
    answers: JSON.stringify(answers),
    log: lines.join(''),
    ...filesIn(path.join(hub.folder, 'data')),
  }
  expect(searchAll(sinks, { old: tokens[0], new: tokens[1] }).hits).toEqual([])
  vendor.close()
}, 60_000)

test('SEC-07: what looks like a reference in an argument is text: nothing of the hub is put in its place', async () => {
  vi.stubEnv('SEC_07', canary)
  await using hub = await testHub({})
  writeFileSync(path.join(hub.folder, 'token'), canary, { mode: 0o600 })
  const texts = [
    '${env:SEC_07}',
    '${SEC_07}',
    '$SEC_07',
    '%SEC_07%',
    '{{secret}}',
    '{{ env.SEC_07 }}',
    '<%= process.env.SEC_07 %>',
    '`echo $SEC_07`',
    '$(echo $SEC_07)',
    'env:SEC_07',
    `file:${path.join(hub.folder, 'token')}`,
    'file:token',
    '@token',
    'keychain:jira',
    'vault:apps/jira',
    '[secret]',
    '%s %j %o',
  ]
  for (const text of texts) {
    expect(await hub.call('desk_note_echo', { text })).toMatchObject({ status: 'done', result: { text } })
    const sent = await hub.call('desk_note_send', { desk: 'front', text })
    const kept = await hub.call('desk_note_get', { id: sent.result?.['id'] })
    expect(kept).toMatchObject({ result: { text } })
  }
  const tools = [...hub.hub.current().offers.values()].map(({ facts }) => facts.name)
  expect(tools.filter((name) => /config|env|secret|debug|credential/.test(name))).toEqual([])
  expect(JSON.stringify(await hub.hub.store.recent('local', 1000))).not.toContain(canary)
})

test('SEC-09: neither DEBUG nor SSLKEYLOGFILE makes a hub say or write more', { timeout: 30_000 }, async () => {
  const folder = realFolder()
  const keys = path.join(folder, 'keys.log')
  const env = { DEBUG: '*', SSLKEYLOGFILE: keys, JSFORCE_LOG_LEVEL: 'DEBUG', SEC_DESK: canary }
  const words = ['call', 'desk_note_list', '{}', '--config', path.join(folder, 'mcp.config.json')]
  const { code, out, err } = await toolgate(words, { env })
  expect(code).toBe(4)
  expect([out + err, existsSync(keys)]).toEqual([expect.not.stringContaining(canary), false])
  rmSync(folder, { recursive: true, force: true })
})

describe('SEC-10: a secret in what an agent wrote', () => {
  test('is kept inside by a rule that knows how it begins', async () => {
    const slackToken = ['xoxb', '2384720934', '2398472093847', 'aBcDeFgHiJ'].join('-')
    const policy =
      'rules:\n  - allow: "*"\n    who: role:member\n  - deny: desk_note_send\n    when: args.text.contains("xoxb-")\n    because: It holds a token.\n'
    await using hub = await testHub({ policy })
    const answer = await hub.call('desk_note_send', { desk: 'outside', text: `use ${slackToken}` })
    expect(answer).toMatchObject({ status: 'denied' })
    expect(await hub.call('desk_note_send', { desk: 'outside', text: 'use the door' })).toMatchObject({ status: 'done' })
    expect(hub.writes()).toEqual(['POST /notes 201'])
  })
})

function filesIn(folder: string): Record<string, string> {
  return Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(path.join(folder, name), 'latin1')]))
}

interface DeskVendor {
  /** The only token that it takes. */
  good: string
  refused: number
  readonly folder: string
  readonly proxy: string
  close(): void
}

/** The real desk at https://desk.example, as the company's proxy reaches it. */
async function deskVendor(): Promise<DeskVendor> {
  const folder = configFolder({})
  const { cert, key } = certificateFor('desk.example')
  writeFileSync(path.join(folder, 'ca.pem'), cert)
  const sockets = new Set<Socket>()
  let notes = 0
  const server = createTlsServer({ cert, key }, (request, response) => {
    const known = request.headers.authorization === `Bearer ${vendor.good}`
    if (!known) vendor.refused += 1
    request.resume()
    request.on('end', () => {
      const body = known ? { id: `n${(notes += 1)}` } : { error: `who is ${request.headers.authorization}` }
      response.writeHead(known ? 201 : 401, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const proxy = createServer().on('connect', (_request, client: Socket) => {
    const far = connect((server.address() as AddressInfo).port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n')
      client.pipe(far).pipe(client)
    })
    for (const socket of [client, far]) {
      sockets.add(socket)
      socket.on('error', () => socket.destroy())
    }
  })
  await once(proxy.listen(0, '127.0.0.1'), 'listening')
  const vendor: DeskVendor = {
    good: '',
    refused: 0,
    folder,
    proxy: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    close() {
      for (const socket of sockets) socket.destroy()
      proxy.close()
      server.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
  return vendor
}

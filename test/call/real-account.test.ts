// An instance with a real credential: looked at until somebody says that it may be written to, and only over TLS.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { deskFolder, testHub } from '../hub.ts'

let folder: string
let credential: string
const secret = 'a-secret-that-nobody-may-see'
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'toolgate-secret-'))
  writeFileSync(path.join(folder, 'token'), `${secret}\n`, { mode: 0o600 })
  credential = `file:${path.join(folder, 'token')}`
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const send = { desk: 'front', text: 'hello' }

test('its writes are only previewed, and say how that changes', async () => {
  await using hub = await testHub({ connectors: { desk: { uses: deskFolder, site: 'https://desk.example', credential } } })
  const answer = await hub.call('desk_note_send', send)
  expect(answer).toMatchObject({ status: 'previewed', decision: { rule: 'connectors.desk.writes' } })
  expect(answer.decision?.instead).toContain('"writes": "on"')
})

test('with writes on, nothing goes to an address that is not there, and the failure is definite', async () => {
  const entry = { uses: deskFolder, site: 'https://desk.invalid', credential, writes: 'on' }
  await using hub = await testHub({ connectors: { desk: entry } })
  expect(await hub.call('desk_note_send', send)).toMatchObject({ status: 'failed', error: { code: 'unavailable' } })
})

test('an address inside the network is never reached, and the secret is nowhere', async () => {
  const sites = ['https://127.0.0.1', 'https://[::ffff:169.254.169.254]', 'https://10.0.0.1', 'http://desk.example']
  for (const site of sites) {
    await using hub = await testHub({ connectors: { desk: { uses: deskFolder, site, credential, writes: 'on' } } })
    const answer = await hub.call('desk_note_send', send)
    expect([site, answer.status]).toEqual([site, 'failed'])
    for await (const entry of hub.hub.store.entries('local')) expect(JSON.stringify([answer, entry])).not.toContain(secret)
  }
})

test('a second instance of a connector goes by its own name, and keeps its own records', async () => {
  const connectors = { desk: { uses: deskFolder, sandbox: true }, eudesk: { uses: deskFolder, sandbox: true } }
  await using hub = await testHub({ connectors })
  await hub.call('eudesk_note_set', { id: 'n1', text: 'changed' })
  expect(await hub.call('desk_note_get', { id: 'n1' })).toMatchObject({ result: { text: 'text 1' } })
  expect(await hub.call('eudesk_note_get', { id: 'n1' })).toMatchObject({ result: { text: 'changed' } })
})

// SEC-05, TEN-02
test('a credential that cannot be read fails the call in a sentence, and is not replaced by another', async () => {
  const entry = { uses: deskFolder, site: 'https://desk.example', credential: 'env:TOOLGATE_TEST_NOWHERE', writes: 'on' }
  await using hub = await testHub({ connectors: { desk: entry } })
  const answer = await hub.call('desk_note_send', send)
  expect(answer.status).toBe('failed')
  // Where secrets are kept is for whoever runs the hub, and for no agent.
  expect(answer.message).toContain('desk')
  expect(answer.message).not.toContain('TOOLGATE_TEST_NOWHERE')
})

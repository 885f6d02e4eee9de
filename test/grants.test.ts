// What a vendor has granted decides which tools are shown: asked in the background, and a silent vendor shows nothing.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { expect, onTestFinished, test, vi } from 'vitest'
import { visible } from '../src/hub.ts'
import { cli } from './doors.ts'
import { testHub } from './hub.ts'
import type { TestHub } from './hub.ts'

const uses = fileURLToPath(new URL('./granting', import.meta.url))
const all = ['read:notes', 'write:notes']

/** A desk that counts as a real account: its address is nowhere, and what it grants stands in a file. */
function realDesk(granted?: readonly string[]) {
  const folder = mkdtempSync(path.join(tmpdir(), 'toolgate-grants-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const list = path.join(folder, 'granted.json')
  const grant = (scopes: readonly string[]) => writeFileSync(list, JSON.stringify(scopes))
  writeFileSync(path.join(folder, 'token'), 'secret-of-the-desk', { mode: 0o600 })
  if (granted) grant(granted)
  const credential = `file:${path.join(folder, 'token')}`
  return { connectors: { desk: { uses, site: 'https://desk.invalid', list, credential } }, grant, list }
}

const shown = ({ hub }: TestHub) =>
  visible(hub.current(), hub.person(), new Date())
    .map(({ name }) => name)
    .filter((name) => name.startsWith('desk_'))
const why = ({ hub }: TestHub, name: string) => hub.current().offers.get(name)?.why
const everything = ['desk_note_echo', 'desk_note_get', 'desk_note_list', 'desk_note_send', 'desk_note_set']

function logged() {
  const lines: Record<string, unknown>[] = []
  const log = pino(
    { level: 'info' },
    { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
  )
  return { log, lines }
}

test('a real account shows nothing until its vendor has said what it grants, and then what it grants', async () => {
  const { connectors } = realDesk(['read:notes'])
  const { log, lines } = logged()
  await using hub = await testHub({ connectors, probe: true, log })
  let told = 0
  const stop = hub.hub.dispatcher.onToolsChanged(() => (told += 1))
  expect(shown(hub)).toEqual([])
  expect(why(hub, 'desk_note_get')).toBe('hidden until the vendor has said what it grants')
  await expect.poll(() => told).toBe(1)
  expect(shown(hub)).toEqual(['desk_note_echo', 'desk_note_get', 'desk_note_list'])
  expect(why(hub, 'desk_note_set')).toBe('hidden: not granted at the vendor: write:notes')
  expect(lines.map(({ missing }) => missing)).toContainEqual({
    desk_note_set: ['write:notes'],
    desk_note_send: ['write:notes'],
  })
  stop()
})

test('a call that comes before the answer waits for it, and a hidden tool is answered like one that is off', async () => {
  const { connectors } = realDesk(['read:notes'])
  await using hub = await testHub({ connectors })
  expect(await hub.call('desk_note_echo', { text: 'hello' })).toMatchObject({ status: 'done' })
  const off = await hub.call('desk_note_delete', { id: 'n1' })
  const missing = await hub.call('desk_note_set', { id: 'n1', text: 'x' })
  expect(missing).toEqual({ ...off, message: off.message.replace('desk_note_delete', 'desk_note_set') })
})

test('a vendor that does not say hides everything, also after it has said so once; the reason is for the operator', async () => {
  const { connectors, list, grant } = realDesk(all)
  const { log, lines } = logged()
  await using hub = await testHub({ connectors, log })
  await hub.hub.grants.ask()
  expect(shown(hub)).toEqual(everything)
  rmSync(list)
  await hub.hub.grants.ask()
  expect(shown(hub)).toEqual([])
  expect(why(hub, 'desk_note_get')).toBe('hidden: the vendor did not say what it grants. The desk does not answer.')
  expect(hub.hub.grants.report()).toMatchObject([{ instance: 'desk', state: 'failed', why: 'The desk does not answer.' }])
  expect((await hub.call('desk_note_echo', { text: 'x' })).message).not.toContain('desk does not answer')
  grant(all)
  await hub.hub.grants.ask()
  expect(shown(hub)).toEqual(everything)
  expect(JSON.stringify(lines)).not.toContain('secret-of-the-desk')
})

test('a credential that cannot be read hides its tools and says which one', async () => {
  const { connectors } = realDesk(all)
  const broken = { desk: { ...connectors.desk, credential: 'env:TOOLGATE_TEST_NOWHERE' } }
  await using hub = await testHub({ connectors: broken })
  await hub.hub.grants.ask()
  expect(shown(hub)).toEqual([])
  expect(why(hub, 'desk_note_get')).toContain('The environment variable TOOLGATE_TEST_NOWHERE is not set')
})

test('more than is needed is reported, and hides nothing', async () => {
  const { connectors } = realDesk([...all, 'admin:notes'])
  const { log, lines } = logged()
  await using hub = await testHub({ connectors, log })
  await hub.hub.grants.ask()
  expect(shown(hub)).toEqual(everything)
  expect(hub.hub.grants.report()).toMatchObject([{ account: 'the hub at the desk', extra: ['admin:notes'] }])
  expect(lines).toMatchObject([{ level: 40, extra: ['admin:notes'] }])
  await hub.hub.grants.ask()
  expect(lines).toHaveLength(1)
})

test('a tool that is turned on later stays hidden until the vendor was asked about it too', async () => {
  const { connectors } = realDesk(all)
  await using hub = await testHub({ connectors })
  await hub.hub.grants.ask()
  const config = readFileSync(hub.configPath, 'utf8')
  writeFileSync(hub.configPath, config.replace('"site"', '"tools": { "desk_note_delete": true }, "site"'))
  expect(await hub.hub.reload()).toMatchObject({ ok: true })
  expect(why(hub, 'desk_note_delete')).toBe('hidden until the vendor has said what it grants')
  expect(shown(hub)).toEqual(everything)
  await hub.hub.grants.ask()
  expect(why(hub, 'desk_note_delete')).toBe('hidden: not granted at the vendor: delete:notes')
})

test('another credential has been granted nothing yet', async () => {
  const { connectors } = realDesk(all)
  await using hub = await testHub({ connectors })
  await hub.hub.grants.ask()
  const config = readFileSync(hub.configPath, 'utf8')
  writeFileSync(hub.configPath, config.replace('desk.invalid', 'other.invalid'))
  await hub.hub.reload()
  expect(shown(hub)).toEqual([])
})

test('a sandbox is shown at once, loses what is not granted, and keeps its tools when it does not say', async () => {
  await using hub = await testHub({ connectors: { desk: { uses, sandbox: true } } })
  expect(shown(hub)).toEqual(everything)
  await hub.hub.grants.ask()
  expect(hub.hub.grants.report()).toMatchObject([{ state: 'failed' }])
  expect(shown(hub)).toEqual(everything)
  await hub.call('desk_note_set', { id: 'n4', text: JSON.stringify(['write:notes']) })
  await hub.hub.grants.ask()
  expect(shown(hub)).toEqual(['desk_note_echo', 'desk_note_send', 'desk_note_set'])
})

test('what failed is asked again after a minute, everything after an hour', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  onTestFinished(() => void vi.useRealTimers())
  const { connectors, grant } = realDesk()
  await using hub = await testHub({ connectors, probe: true })
  await expect.poll(() => hub.hub.grants.report()[0]?.state).toBe('failed')
  grant(all)
  vi.advanceTimersByTime(60_000)
  await expect.poll(() => shown(hub)).toEqual(everything)
  grant(['read:notes'])
  vi.advanceTimersByTime(10 * 60_000)
  expect(shown(hub)).toEqual(everything)
  vi.advanceTimersByTime(50 * 60_000)
  await expect.poll(() => shown(hub)).toHaveLength(3)
})

test('a connector that cannot ask is shown', async () => {
  await using hub = await testHub()
  await hub.hub.grants.ask()
  expect(shown(hub)).toEqual(everything)
  expect(hub.hub.grants.report()).toMatchObject([{ state: 'unasked', why: 'Its connector cannot ask.' }])
})

test('where everybody has an account of their own, nothing is asked, and that is why', async () => {
  await using hub = await testHub({ connectors: { salesforce: { sandbox: true, actsAs: 'user' } } })
  await hub.hub.grants.ask()
  const sentence = 'Everybody acts with an account of their own there.'
  expect(hub.hub.grants.report()).toMatchObject([{ state: 'unasked', why: sentence }])
  const { code, stdout } = await cli(['check', '--grants', '--config', hub.configPath])
  expect([code, stdout]).toEqual([
    0,
    expect.stringContaining(`salesforce: what is granted is not asked. ${sentence} toolgate scopes salesforce`),
  ])
})

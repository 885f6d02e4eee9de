// The switch: nothing in its scope is sent any more, by any process, and going on takes somebody else.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { sandboxRequests } from '../../src/sandbox/admin.ts'
import { approver, openPolicy } from '../hub.ts'
import { askingDesk, held, refused } from './desk.ts'

const all = { kind: 'all' } as const

test('stop all during load in two processes: no send later than one second after', async () => {
  await using desk = await askingDesk({ policy: openPolicy })
  const child = fileURLToPath(new URL('./sending.ts', import.meta.url))
  const running = spawn(process.execPath, [child, desk.configPath, '7000'], { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  running.stdout.setEncoding('utf8').on('data', (part: string) => (text += part))
  await once(running.stdout, 'data')
  const ending = once(running, 'close')
  const load = { going: true }
  let index = 0
  const calls = Promise.all(
    Array.from({ length: 8 }, async () => {
      while (load.going) {
        await desk.call('desk_note_send', { desk: 'front', text: `here ${(index += 1)}` })
        // A refusal takes no turn of the event loop of its own.
        await pause(1)
      }
    }),
  )
  await pause(2000)
  const { at } = await desk.hub.switch.stop(all, { id: 'maya', channel: 'machine' }, 'it runs wild')
  await pause(2500)
  load.going = false
  await calls
  await ending
  const sent = sandboxRequests(desk.hub.sandboxFile, { limit: 1_000_000 }).filter(({ changed }) => changed)
  const stoppedAt = Date.parse(at)
  const after = sent.map((each) => Date.parse(each.at) - stoppedAt).filter((ms) => ms > 0)
  const operations = await desk.hub.store.operations({ tenant: 'local', limit: 10_000 })
  const open = operations.filter(({ state }) => state === 'intent' || state === 'sending')
  const there = sent.filter(({ body }) => body?.includes('"there '))
  console.log(
    `stop --all: ${sent.length} sends (${there.length} by the other process), ${after.length} after the stop, the last ${Math.max(0, ...after)} ms after it; later than 1 s: ${after.filter((ms) => ms > 1000).length}`,
  )
  expect(after.filter((ms) => ms > 1000)).toEqual([])
  expect(open).toEqual([])
  expect(there.length).toBeGreaterThan(0)
  expect(await desk.call('desk_note_list')).toMatchObject({
    status: 'failed',
    message: expect.stringContaining('it runs wild'),
  })
}, 60_000)

// APR-23
test('what waits or was approved is ended, and only in its scope', async () => {
  await using desk = await askingDesk({ config: { approvals: { run: 'on-retry' } } })
  const waits = await held(desk, 'waits')
  const approved = await held(desk, 'approved')
  await desk.approve(approved)
  const { cancelled } = await desk.hub.switch.stop(
    { kind: 'tool', id: 'desk_note_set' },
    approver('ines', 'browser'),
    'too fast',
  )
  expect(cancelled).toBe(2)
  for (const id of [waits, approved]) {
    expect(await desk.hub.approvals.view(id)).toMatchObject({ state: 'stopped' })
    expect(await refused(desk.approve(id))).not.toBe('accepted')
  }
  expect((await desk.call('desk_note_get', { id: 'n1' })).status).toBe('done')
  expect((await desk.call('desk_note_send', { desk: 'front', text: 'other' })).status).toBe('held')
  expect(await desk.call('desk_note_set', { id: 'n1', text: 'third' })).toMatchObject({ error: { code: 'unavailable' } })
  expect(desk.writes()).toEqual([])
})

// APR-23
test('what was begun before the stop and not sent is not sent', async () => {
  await using desk = await askingDesk({ policy: openPolicy })
  desk.break('desk', 'slow', 1, 'GET /notes/n1')
  const calling = desk.call('desk_note_set', { id: 'n1', text: 'late' })
  await pause(200)
  await desk.hub.switch.stop({ kind: 'connector', id: 'desk' }, approver('ines', 'browser'), 'now')
  expect(await calling).toMatchObject({ status: 'failed' })
  expect(desk.writes()).toEqual([])
}, 90_000)

// APR-22
test('who stopped all cannot alone let it go on; who was stopped cannot either', async () => {
  await using desk = await askingDesk()
  const { switch: hold } = desk.hub
  await hold.stop(all, { id: 'jonas', channel: 'machine' }, 'a drill')
  expect(await hold.resume(all, approver('jonas', 'browser'), 'over')).toMatchObject({ resumed: false })
  expect(await hold.resume(all, approver('jonas', 'terminal'), 'over')).toMatchObject({ resumed: false })
  expect((await desk.call('desk_note_list')).status).toBe('failed')
  expect(await hold.resume(all, approver('ines', 'browser'), 'over')).toMatchObject({
    resumed: true,
    was: { by: 'jonas', reason: 'a drill' },
  })
  expect((await desk.call('desk_note_list')).status).toBe('done')
  await hold.stop({ kind: 'principal', id: 'maya' }, approver('ines', 'browser'), 'her agent')
  expect(await refused(hold.resume({ kind: 'principal', id: 'maya' }, approver('tess', 'browser'), 'me'))).toContain(
    'an operator',
  )
  expect((await desk.call('desk_note_list')).status).toBe('failed')
  expect(await refused(hold.resume({ kind: 'principal', id: 'maya' }, approver('maya', 'browser'), 'please'))).toContain(
    'somebody else',
  )
  expect((await desk.call('desk_note_list', {}, desk.hub.person('tess'))).status).toBe('done')
  const kinds = (await desk.hub.store.recent('local', 1000)).map(({ kind }) => kind)
  expect(kinds.filter((kind) => kind.startsWith('switch.')).toReversed()).toEqual([
    'switch.stopped',
    'switch.resume-asked',
    'switch.resume-asked',
    'switch.resumed',
    'switch.stopped',
  ])
})

test('however many stops there are, the one of everything holds; what nobody knows cannot be stopped', async () => {
  await using desk = await askingDesk()
  const { switch: hold } = desk.hub
  await hold.stop(all, { id: 'jonas', channel: 'machine' }, 'a drill')
  for (let n = 0; n < 1100; n += 1)
    await hold.stop({ kind: 'principal', id: `partner:agent-${n}` }, { id: 'jonas', channel: 'machine' }, 'noise')
  expect(await desk.call('desk_note_list')).toMatchObject({ status: 'failed' })
  const unknown = hold.stop({ kind: 'tool', id: 'desk_note_nothing' }, { id: 'jonas', channel: 'machine' }, 'x')
  expect(await refused(unknown)).toContain('There is no tool called')
}, 60_000)

test('a principal of an issuer is stopped by the name that it has, and a person under each of theirs', async () => {
  await using desk = await askingDesk()
  const { switch: hold } = desk.hub
  const partner = { tenant: 'local', id: 'partner:alice', roles: ['member'] }
  await hold.stop({ kind: 'principal', id: 'partner:alice' }, { id: 'jonas', channel: 'machine' }, 'a drill')
  expect(await desk.call('desk_note_list', {}, partner)).toMatchObject({ status: 'failed' })
  expect(await desk.call('desk_note_list')).toMatchObject({ status: 'done' })
  await hold.stop({ kind: 'principal', id: 'agent-of-maya' }, { id: 'jonas', channel: 'machine' }, 'a drill')
  expect(await desk.call('desk_note_list')).toMatchObject({ status: 'failed' })
})

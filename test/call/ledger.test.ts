// Never twice: repeats, lost answers, keys, and what a restart makes of work that was under way.
import { expect, test } from 'vitest'
import { testHub } from '../hub.ts'

// IDEM-10
test('a vendor that commits and drops the answer ends in unknown, one execution, and a repeat does not send again', async () => {
  await using desk = await testHub()
  desk.break('desk', 'drop')
  const [first, again] = [await brokenSend(desk), await desk.call('desk_note_send', { desk: 'front', text: 'once' })]
  expect(first).toMatchObject({ status: 'unknown' })
  expect(first.message).toContain('operation_get')
  expect(again).toMatchObject({ status: 'unknown', operation_id: first.operation_id, replayed: true })
  expect(desk.writes()).toHaveLength(1)
  expect(await desk.call('operation_get', { id: first.operation_id })).toMatchObject({
    status: 'done',
    result: { state: 'reconciled', answer: { status: 'done' } },
  })
})

async function brokenSend(desk: Awaited<ReturnType<typeof testHub>>) {
  return await desk.call('desk_note_send', { desk: 'front', text: 'once' })
}

test('a vendor that answers 500 after committing is unknown; one that refuses is failed and can be tried again', async () => {
  await using desk = await testHub()
  desk.break('desk', '500-after')
  expect(await desk.call('desk_note_send', { desk: 'front', text: 'a' })).toMatchObject({ status: 'unknown' })
  desk.break('desk', '429')
  expect(await desk.call('desk_note_send', { desk: 'front', text: 'b' })).toMatchObject({ status: 'failed' })
  expect(await desk.call('desk_note_send', { desk: 'front', text: 'b' })).toMatchObject({ status: 'done' })
  expect(desk.writes()).toHaveLength(2)
})

test('the same key gives the same answer, however often and however the arguments are ordered', async () => {
  await using desk = await testHub()
  const first = await desk.call('desk_note_send', { desk: 'front', text: 'k', idempotency_key: 'key-1' })
  const again = await desk.call('desk_note_send', { idempotency_key: 'key-1', text: 'k', desk: 'front' })
  expect(again).toEqual({ ...first, replayed: true })
  expect(desk.writes()).toHaveLength(1)
})

// IDEM-02
test('the same key with other arguments is a conflict, and nothing is sent', async () => {
  await using desk = await testHub()
  await desk.call('desk_note_send', { desk: 'front', text: 'k', idempotency_key: 'key-1' })
  const other = await desk.call('desk_note_send', { desk: 'front', text: 'other', idempotency_key: 'key-1' })
  expect(other).toMatchObject({ status: 'failed', error: { code: 'conflict' } })
  expect(desk.writes()).toHaveLength(1)
})

// IDEM-03
test('of fifty equal calls at once, one is carried out', async () => {
  await using desk = await testHub()
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => desk.call('desk_note_send', { desk: 'front', text: 'same' })),
  )
  expect(desk.writes()).toHaveLength(1)
  const others = answers.filter(({ status, replayed }) => !(status === 'done' && !replayed))
  expect(others).toHaveLength(49)
  for (const { error, replayed } of others) expect(error?.code === 'conflict' || replayed === true).toBe(true)
})

// IDEM-06
test('an accidental repeat is not sent again and says so; a deliberate one is possible; later ones are new', async () => {
  let now = new Date('2026-03-02T09:00:00Z')
  await using desk = await testHub({ now: () => now })
  const say = async (more: object = {}) => await desk.call('desk_note_send', { desk: 'front', text: 'hi', ...more })
  await say()
  const repeat = await say()
  expect(repeat).toMatchObject({ status: 'done', replayed: true })
  expect(repeat.notes?.join()).toContain('idempotency_key')
  await say({ idempotency_key: 'again' })
  expect(desk.writes()).toHaveLength(2)
  now = new Date('2026-03-02T09:05:00Z')
  expect(await say()).not.toHaveProperty('replayed')
  expect(desk.writes()).toHaveLength(3)
})

test('an operation is its principal’s own', async () => {
  await using desk = await testHub()
  const { operation_id: id } = await desk.call('desk_note_send', { desk: 'front', text: 'mine' })
  const other = { tenant: 'local', id: 'other', roles: ['member'] }
  expect(await desk.call('operation_get', { id }, other)).toMatchObject({ status: 'failed', error: { code: 'not_found' } })
  expect(await desk.call('desk_note_send', { desk: 'front', text: 'mine' }, other)).not.toHaveProperty('replayed')
})

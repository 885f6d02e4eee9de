// Taking back, and learning what became of a call whose answer was lost.
import { expect, test } from 'vitest'
import { verifyChain } from '../../src/call/verify.ts'
import { deskFolder, testHub } from '../hub.ts'
import type { TestHub } from '../hub.ts'

const deletable = { connectors: { desk: { uses: deskFolder, sandbox: true, tools: { desk_note_delete: true } } } }

async function changed(desk: TestHub, text = 'new') {
  return String((await desk.call('desk_note_set', { id: 'n1', text })).operation_id)
}

test('an undo is a call of its own, planned, done and recorded', async () => {
  await using desk = await testHub()
  const id = await changed(desk)
  const shown = await desk.call('operation_undo', { id, dry_run: true })
  expect(shown).toMatchObject({
    status: 'previewed',
    plan: { effects: [{ before: { text: 'new' }, after: { text: 'text 1' } }] },
  })
  const done = await desk.call('operation_undo', { id })
  expect(done).toMatchObject({ status: 'done', result: { text: 'text 1' } })
  expect(done.notes?.join()).toContain('exact')
  expect(await desk.call('operation_get', { id })).toMatchObject({ result: { state: 'undone' } })
  expect(desk.writes()).toHaveLength(2)
  expect(await verifyChain(desk.hub.store, 'local')).toMatchObject({ ok: true })
})

test('what somebody else has changed since then is not overwritten, and the conflict is shown', async () => {
  await using desk = await testHub()
  const id = await changed(desk)
  await changed(desk, 'theirs')
  const answer = await desk.call('operation_undo', { id })
  expect(answer).toMatchObject({ status: 'failed', error: { code: 'conflict' } })
  expect(answer.message).toContain('Somebody has changed the text')
  expect(desk.writes()).toHaveLength(2)
})

test('an undo passes the policies of the call that takes it back', async () => {
  const policy = `
rules:
  - allow: "*"
    who: role:member
  - deny: "*_delete"
    because: Nothing is ever deleted
`
  await using desk = await testHub({ ...deletable, policy })
  const { operation_id: id } = await desk.call('desk_note_send', { desk: 'front', text: 'hello' })
  expect(await desk.call('operation_undo', { id })).toMatchObject({
    status: 'denied',
    decision: { because: 'Nothing is ever deleted' },
  })
  expect(desk.writes()).toHaveLength(1)
})

test('a create is taken back by a delete, once', async () => {
  await using desk = await testHub(deletable)
  const { operation_id: id } = await desk.call('desk_note_send', { desk: 'front', text: 'hello' })
  expect(await desk.call('operation_undo', { id })).toMatchObject({ status: 'done' })
  expect(await desk.call('operation_undo', { id })).toMatchObject({ status: 'failed', error: { code: 'refused' } })
  expect(desk.writes()).toHaveLength(2)
})

test('nobody takes back what is not theirs, and nothing that was not done', async () => {
  await using desk = await testHub()
  const id = await changed(desk)
  const other = { tenant: 'local', id: 'other', roles: ['member'] }
  expect(await desk.call('operation_undo', { id }, other)).toMatchObject({ status: 'failed', error: { code: 'not_found' } })
  expect(await desk.call('operation_undo', { id: 'op_00000000000' })).toMatchObject({ status: 'failed' })
})

test('an unknown outcome is asked of the vendor, which shows that it happened', async () => {
  await using desk = await testHub()
  desk.break('desk', 'drop')
  const { operation_id: id, status } = await desk.call('desk_note_send', { desk: 'front', text: 'lost' })
  expect(status).toBe('unknown')
  const asked = await desk.call('operation_get', { id })
  expect(asked).toMatchObject({ result: { state: 'reconciled', answer: { status: 'done', result: { id: 'n5' } } } })
  expect(await desk.call('desk_note_send', { desk: 'front', text: 'lost' })).toMatchObject({
    status: 'done',
    replayed: true,
  })
  expect(desk.writes()).toHaveLength(1)
})

// IDEM-13, IDEM-14
test('that the vendor shows nothing counts only after its window; then the call may be made again', async () => {
  let now = new Date('2026-03-02T09:00:00Z')
  await using desk = await testHub({ now: () => now })
  desk.break('desk', '500')
  const { operation_id: id, status } = await desk.call('desk_note_send', { desk: 'front', text: 'lost' })
  expect(status).toBe('unknown')
  expect(await desk.call('operation_get', { id })).toMatchObject({ result: { state: 'unknown' } })
  now = new Date('2026-03-02T09:01:01Z')
  expect(await desk.call('operation_get', { id })).toMatchObject({
    result: { state: 'failed', answer: { status: 'failed' } },
  })
  expect(await desk.call('desk_note_send', { desk: 'front', text: 'lost' })).toMatchObject({ status: 'done' })
  expect(desk.writes()).toHaveLength(1)
})

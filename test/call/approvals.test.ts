// A held call: who may let it go, what runs then, and what voids it.
import { expect, test } from 'vitest'
import { HubError } from '../../src/kit/error.ts'
import { testHub } from '../hub.ts'
import type { TestHub } from '../hub.ts'

const policy = `
rules:
  - allow: [desk_note_get, desk_note_list, operation_get]
    who: role:member
  - ask: [desk_note_set, desk_note_send]
    who: role:member
    approvers: role:lead
    because: A lead looks first
`
const change = { id: 'n1', text: 'new' }

async function heldChange(desk: TestHub) {
  const answer = await desk.call('desk_note_set', change)
  expect(answer).toMatchObject({ status: 'held', approval: { approvers: ['role:lead'] } })
  expect(desk.writes()).toEqual([])
  return String(answer.operation_id)
}

test('while it waits, the same arguments give the same operation', async () => {
  await using desk = await testHub({ policy })
  const id = await heldChange(desk)
  expect(await desk.call('desk_note_set', change)).toMatchObject({ status: 'held', operation_id: id, replayed: true })
})

test('a yes runs exactly what was shown, and the same arguments then fetch the result once', async () => {
  await using desk = await testHub({ policy })
  const id = await heldChange(desk)
  expect(await desk.approve(id, 'jonas')).toMatchObject({ status: 'done' })
  expect(desk.writes()).toEqual(['PUT /notes/n1 200'])
  expect(await desk.call('desk_note_set', change)).toMatchObject({ status: 'done', operation_id: id, replayed: true })
  await expect(desk.approve(id, 'jonas')).rejects.toThrow(HubError)
  expect(desk.writes()).toHaveLength(1)
})

test('the requester, and whoever is not among the approvers, cannot let it go', async () => {
  await using desk = await testHub({ policy })
  const id = await heldChange(desk)
  await expect(desk.approve(id, 'maya')).rejects.toThrow('somebody else must decide')
  await expect(desk.approve(id, 'ines')).rejects.toThrow('not among those who may decide')
  await expect(desk.approve('op_0000000000000', 'jonas')).rejects.toThrow('no operation')
  expect(desk.writes()).toEqual([])
})

test('a no is told to the caller once, with its reason', async () => {
  await using desk = await testHub({ policy })
  const id = await heldChange(desk)
  await desk.deny(id, 'jonas', 'not today')
  expect(await desk.call('desk_note_set', change)).toMatchObject({
    status: 'denied',
    operation_id: id,
    decision: { because: 'not today' },
  })
  expect(await desk.call('desk_note_set', change)).toMatchObject({ status: 'held' })
  expect(desk.writes()).toEqual([])
})

test('a record that moved in the meantime voids the approval', async () => {
  await using desk = await testHub({
    policy: policy.replace('[desk_note_set, desk_note_send]', 'desk_note_set').concat('  - allow: desk_note_send\n'),
  })
  const id = await heldChange(desk)
  const other = await desk.call('desk_note_set', { id: 'n1', text: 'theirs' })
  await desk.approve(String(other.operation_id), 'jonas')
  await expect(desk.approve(id, 'jonas')).rejects.toThrow('void')
  expect(desk.writes()).toHaveLength(1)
})

test('an approval that came too late lets nothing go', async () => {
  let now = new Date('2026-03-02T09:00:00Z')
  await using desk = await testHub({ policy, now: () => now })
  const id = await heldChange(desk)
  now = new Date('2026-03-02T10:00:00.001Z')
  await expect(desk.approve(id, 'jonas')).rejects.toThrow('does not wait')
  expect(desk.writes()).toEqual([])
})

test('of two people who say yes at once, one releases it', async () => {
  await using desk = await testHub({ policy })
  const id = await heldChange(desk)
  const tries = await Promise.allSettled(Array.from({ length: 20 }, () => desk.approve(id)))
  expect(tries.filter((tried) => tried.status === 'fulfilled' && tried.value.status === 'done')).toHaveLength(1)
  expect(desk.writes()).toHaveLength(1)
})

test('every group that a rule asks for must say yes', async () => {
  const two = `${policy}  - ask: desk_note_set\n    approvers: role:sales-lead\n`
  await using desk = await testHub({ policy: two })
  const { operation_id: id } = await desk.call('desk_note_set', change)
  expect(await desk.approve(String(id), 'jonas')).toMatchObject({ status: 'held' })
  expect(desk.writes()).toEqual([])
  expect(await desk.approve(String(id), 'ines')).toMatchObject({ status: 'done' })
  expect(desk.writes()).toHaveLength(1)
})

test('a read can be held too, and is read only when somebody let it go', async () => {
  await using desk = await testHub({
    policy: 'rules:\n  - ask: desk_note_get\n    who: role:member\n    approvers: role:lead\n',
  })
  const held = await desk.call('desk_note_get', { id: 'n1' })
  expect(held.status).toBe('held')
  expect(desk.requests()).toEqual([])
  await desk.approve(String(held.operation_id), 'jonas')
  expect(await desk.call('desk_note_get', { id: 'n1' })).toMatchObject({ status: 'done', result: { text: 'text 1' } })
})

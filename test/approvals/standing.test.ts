// A yes in advance: for so many calls of a kind until a time, counted to the last one, and revocable.
import { expect, test } from 'vitest'
import { approver } from '../hub.ts'
import { asking, askingDesk, refused } from './desk.ts'

const until = (ms = 3_600_000) => new Date(Date.now() + ms).toISOString()
const front = { tool: 'desk_note_send', where: { 'desk.name': ['front'] }, count: 3, until: until() }
const jonas = approver('jonas', 'browser')

test('of many calls at once exactly so many go through, and the rest wait', async () => {
  await using desk = await askingDesk({ config: { approvals: { pendingMax: 100 } } })
  const grant = await desk.hub.standing.grant(jonas, front)
  const answers = await Promise.all(
    Array.from({ length: 12 }, (_, index) => desk.call('desk_note_send', { desk: 'front', text: `note ${index}` })),
  )
  // Of those that take the last at once some hear a conflict, and may call again.
  expect(answers.filter(({ status }) => status === 'done').length).toBeLessThanOrEqual(3)
  for (let index = 0; index < 12; index += 1) await desk.call('desk_note_send', { desk: 'front', text: `note ${index}` })
  expect(desk.writes()).toHaveLength(3)
  expect(await desk.hub.standing.list()).toMatchObject([{ id: grant.id, left: 0, state: 'used up', grantedBy: 'jonas' }])
})

test('it covers nothing else: not elsewhere, not outside, not another tool, not when revoked or over', async () => {
  let now = new Date()
  await using desk = await askingDesk({ now: () => now })
  const status = async (place: string, text: string) => (await desk.call('desk_note_send', { desk: place, text })).status
  const { id } = await desk.hub.standing.grant(jonas, { ...front, where: { 'desk.name': ['front', 'outside'] } })
  expect(await status('back', 'a')).toBe('held')
  expect(await status('outside', 'b')).toBe('held')
  expect((await desk.call('desk_note_send', { desk: 'front', copy: 'back', text: 'c' })).status).toBe('held')
  expect((await desk.call('desk_note_set', { id: 'n1', text: 'd' })).status).toBe('held')
  expect(await status('front', 'e')).toBe('done')
  await desk.hub.standing.revoke(id, approver('ines', 'browser'))
  expect(await status('front', 'f')).toBe('held')
  await desk.hub.standing.grant(jonas, front)
  expect(await status('front', 'g')).toBe('done')
  now = new Date(now.getTime() + 3_700_000)
  expect(await status('front', 'h')).toBe('held')
  expect(desk.writes()).toHaveLength(2)
  const kinds = (await desk.hub.store.recent('local', 1000)).map(({ kind }) => kind)
  expect(kinds).toContain('standing.granted')
  expect(kinds).toContain('standing.revoked')
})

// APR-07
test('a requester’s own, somebody’s who may not approve, and one yes where two are needed cover nothing', async () => {
  const quorum = asking.replace('    because', '    quorum: 2\n    because')
  await using desk = await askingDesk()
  for (const who of ['maya', 'tess']) await desk.hub.standing.grant(approver(who, 'browser'), front)
  expect((await desk.call('desk_note_send', { desk: 'front', text: 'a' })).status).toBe('held')
  await using twice = await askingDesk({ policy: quorum })
  await twice.hub.standing.grant(jonas, front)
  expect((await twice.call('desk_note_send', { desk: 'front', text: 'a' })).status).toBe('held')
  expect([...desk.writes(), ...twice.writes()]).toEqual([])
  for (const wrong of [
    { tool: '*' },
    { tool: 'desk_nothing' },
    { count: 0 },
    { count: 1.5 },
    { until: 'tomorrow' },
    { until: '1e400' },
    { until: until(-1) },
  ])
    expect([wrong, await refused(desk.hub.standing.grant(jonas, { ...front, ...wrong }))]).not.toContain('accepted')
})

// How much of each limit is left, as the next call would find it.
import { expect, test } from 'vitest'
import { openHouse } from './house.ts'

const policy = `rules:
  - allow: '*'
    who: role:member
limits:
  - { tools: '*_get', per: principal, at_most: 3 per hour, who: role:support }
  - { tools: desk_note_send, per: tool, at_most: 20 per day }
`

test('it goes down with each call of that person or tool, and nobody else’s', async () => {
  let ahead = 0
  await using house = await openHouse({ policy, now: () => new Date(Date.now() + ahead) })
  const left = async () => {
    const { json } = await house.api(await house.session('vera'), 'GET', 'limits')
    return (json as unknown as readonly { whose: string; left: number; words: string }[]).map(
      ({ whose, words, left: rest }) => [whose, words, rest],
    )
  }
  expect(await left()).toEqual([
    ['maya', '3 per hour', 3],
    ['desk_note_send', '20 per day', 20],
  ])
  const jonas = { tenant: 'local', id: 'jonas', roles: ['member'] }
  await house.call('desk_note_get', { id: 'n1' })
  await house.call('desk_note_get', { id: 'n1' }, jonas)
  await house.call('desk_note_send', { desk: 'front', text: 'one' }, jonas)
  expect(await left()).toEqual([
    ['maya', '3 per hour', 2],
    ['desk_note_send', '20 per day', 19],
  ])
  for (let turn = 0; turn < 3; turn += 1) await house.call('desk_note_get', { id: 'n1' })
  expect((await left())[0]).toEqual(['maya', '3 per hour', 0])
  expect((await house.call('desk_note_get', { id: 'n1' })).status).toBe('failed')
  ahead = 3_600_001
  expect(await left()).toContainEqual(['maya', '3 per hour', 3])
})

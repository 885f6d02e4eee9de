// Asking what would be decided holds nothing, whoever asks and whatever the rules say.
import { expect, test } from 'vitest'
import { openHouse } from './house.ts'

const everywhere = `rules:
  - allow: '*'
    who: role:sales
  - ask: ['*_get', '*_set']
    who: role:support
    approvers: role:lead
    because: Notes are private.
`
/** Known only when the record is there. */
const there = `rules:
  - ask: desk_note_get
    who: role:support
    where: { desk.name: [front, back] }
    approvers: role:lead
`

test.each([
  ['a read', everywhere, 'desk_note_get', { id: 'n1' }],
  ['a read of a record in a place', there, 'desk_note_get', { id: 'n1' }],
  ['a write', everywhere, 'desk_note_set', { id: 'n1', text: 'x' }],
])('%s for which a rule asks', async (_what, policy, tool, given) => {
  await using house = await openHouse({ policy })
  const otto = await house.session('otto')
  const tried = await house.api(otto, 'POST', 'policies/try', { who: 'maya', tool, arguments: given })
  expect(tried).toMatchObject({ status: 200, json: { status: 'previewed', decision: { effect: 'ask' } } })
  expect(tried.json['message']).toContain('would be held for role:lead')
  const { answer, decision } = await house.hub.explain({ principal: house.hub.person(), tool, arguments: given })
  expect([answer.status, decision?.effect]).toEqual(['previewed', 'ask'])
  const operations = () => house.hub.store.operations({ tenant: 'local', limit: 10 })
  expect([await operations(), house.writes()]).toEqual([[], []])
  // The call itself is still held.
  expect((await house.call(tool, given)).status).toBe('held')
  expect(await operations()).toHaveLength(1)
})

// Who may approve: somebody else, known by a channel of people, as often as the rule says.
import { expect, test } from 'vitest'
import type { Channel } from '../../src/call/approver.ts'
import { approver } from '../hub.ts'
import { asking, askingDesk, held, people, refused } from './desk.ts'

const names = [
  'maya',
  'Maya',
  'MAYA',
  'maya@acme.example',
  'MAYA@acme.example',
  'agent-of-maya',
  'Agent-Of-Maya',
  'mаya',
  'maya ',
  'stranger',
  '',
  'local',
]
const ways = ['browser', 'terminal', 'slack', 'stdio', 'http', 'cli', 'mcp', 'test', 'webhook'] as const

async function accepted(personal: boolean): Promise<readonly string[]> {
  const config = { people: { ...people, local: { ...people.local, roles: ['member', 'lead'] } }, approvals: { personal } }
  await using desk = await askingDesk({ config })
  const taken: string[] = []
  for (const name of names) {
    for (const way of ways) {
      const id = await held(desk, `${name} ${way}`)
      const answer = await refused(desk.approve(id, name, way as Channel))
      if (answer === 'accepted') taken.push(`${name} by ${way}`)
      else await desk.deny(id)
    }
  }
  expect(desk.writes()).toHaveLength(taken.length)
  return taken
}

// APR-05
test('the requester and their aliases approve nothing, through any channel', async () => {
  const taken = await accepted(false)
  console.log(`${names.length} identities × ${ways.length} channels, personal: false: ${taken.length} accepted`)
  expect(taken).toEqual([])
}, 60_000)

test('on a personal machine only their browser session does', async () => {
  const taken = await accepted(true)
  console.log(
    `${names.length} identities × ${ways.length} channels, personal: true: ${taken.length} accepted (${taken.join(', ')})`,
  )
  expect(taken.every((each) => each.endsWith('by browser'))).toBe(true)
  expect(taken).toContain('maya by browser')
  expect(taken.filter((each) => /^(mаya|stranger|local|maya )/u.test(each) && !each.startsWith('maya by'))).toEqual([])
}, 60_000)

test('personal is for their own calls alone: another requester still needs an approver of the rule', async () => {
  await using desk = await askingDesk({ config: { approvals: { personal: true } } })
  const answer = await desk.call('desk_note_set', { id: 'n1', text: 'of tess' }, desk.hub.person('tess'))
  expect(await refused(desk.approve(answer.operation_id, 'maya', 'browser'))).toContain('not among those who may decide')
  expect(await refused(desk.approve(answer.operation_id, 'tess', 'browser'))).toContain('somebody else must decide')
})

const two = asking.replace('    because', '    quorum: 2\n    because')

// APR-17
test('a quorum counts distinct people', async () => {
  await using desk = await askingDesk({ policy: two })
  const id = await held(desk)
  expect(await desk.approve(id, 'jonas')).toMatchObject({
    status: 'held',
    approval: { approvers: ['2 people of role:lead'] },
  })
  expect(await refused(desk.approve(id, 'jonas'))).toContain('said yes to it already')
  expect(await refused(desk.approve(id, 'jonas@acme.example', 'browser'))).toContain('knows nobody')
  expect(desk.writes()).toEqual([])
  expect(await desk.approve(id, 'ines')).toMatchObject({ status: 'done' })
  expect(desk.writes()).toHaveLength(1)
})

const until = (ms = 3_600_000) => new Date(Date.now() + ms).toISOString()

// APR-17
test('whoever was delegated to decides once, by the right of whoever delegated, and not for themselves', async () => {
  await using desk = await askingDesk({ policy: two })
  const { delegations } = desk.hub
  const id = await held(desk)
  expect(await refused(desk.approve(id, 'tess'))).toContain('not among')
  const given = await delegations.grant(approver('jonas', 'browser'), { to: 'tess', until: until() })
  await delegations.grant(approver('ines', 'browser'), { to: 'maya', until: until() })
  expect(await refused(desk.approve(id, 'maya', 'browser'))).toContain('somebody else must decide')
  expect(await desk.approve(id, 'tess')).toMatchObject({ status: 'held' })
  // The right of jonas is used up by tess.
  expect(await refused(desk.approve(id, 'jonas'))).toContain('not needed')
  await delegations.revoke(given.id, approver('jonas', 'browser'))
  expect(await desk.approve(id, 'jonas')).toMatchObject({ status: 'held' })
  expect(desk.writes()).toEqual([])
  expect(await desk.approve(id, 'ines')).toMatchObject({ status: 'done' })
  expect((await delegations.list()).map(({ state }) => state)).toEqual(['active', 'revoked'])
})

test('a requester’s own right is nobody’s to use for them', async () => {
  const config = { people: { ...people, local: { ...people.local, roles: ['member', 'lead'] } } }
  await using desk = await askingDesk({ config })
  await desk.hub.delegations.grant(approver('maya', 'browser'), { to: 'tess', until: until() })
  expect(await refused(desk.approve(await held(desk), 'tess'))).toContain('not among')
  expect(await refused(desk.hub.delegations.grant(approver('maya', 'browser'), { to: 'maya', until: until() }))).toContain(
    'themselves',
  )
})

test('a session is of one person and one channel, opens once, idles and ends', async () => {
  let now = new Date()
  await using desk = await askingDesk({ now: () => now })
  const { sessions } = desk.hub
  const { code } = await sessions.link('jonas')
  const tries = await Promise.all(Array.from({ length: 20 }, () => sessions.redeem(code, 'terminal')))
  const [opened] = tries.filter((each) => each !== undefined)
  expect(tries.filter((each) => each !== undefined)).toHaveLength(1)
  const token = opened?.token ?? ''
  expect(await sessions.of(token)).toMatchObject({
    approver: { id: 'jonas', channel: 'terminal' },
    roles: ['member', 'lead'],
  })
  expect(await sessions.of(`${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`)).toBeUndefined()
  for (const kind of ['session', 'session-link'])
    expect(JSON.stringify(await desk.hub.store.documents({ tenant: 'local', kind, limit: 10 }))).not.toContain(token)
  const late = await sessions.link('jonas')
  now = new Date(now.getTime() + 30 * 60_000 + 1)
  expect(await sessions.of(token)).toBeUndefined()
  expect(await sessions.redeem(late.code, 'browser')).toBeUndefined()
  expect(await refused(sessions.link('nobody'))).toContain('knows nobody')
})

// APR-05
test('an approver who comes by a door of agents is refused, whoever they are', async () => {
  await using desk = await askingDesk()
  const id = await held(desk)
  const { digest } = await desk.hub.approvals.view(id)
  for (const door of ['stdio', 'http', 'cli', 'test', 'mcp', '']) {
    const lead = approver('jonas', door as 'browser')
    expect(await refused(desk.hub.approvals.approve(id, lead, { digest }))).toContain('Only a person who signed in')
  }
  expect(desk.writes()).toEqual([])
})

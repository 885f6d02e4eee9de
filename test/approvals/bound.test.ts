// What was shown, hashed and approved is what is sent, once, until it expires.
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { textHash } from '../../src/kit/chain.ts'
import { approver, testHub } from '../hub.ts'
import type { TestHub } from '../hub.ts'
import { asking, askingDesk, held, refused, tampered } from './desk.ts'

async function policyBecomes(desk: TestHub, text: string): Promise<void> {
  writeFileSync(path.join(desk.folder, 'policy.yaml'), text)
  expect(await desk.hub.reload()).toMatchObject({ ok: true })
}

test('the digest is of the text that is shown, which has all that would be sent', async () => {
  await using desk = await askingDesk()
  const id = await held(desk)
  const view = await desk.hub.approvals.view(id, approver('jonas', 'browser'))
  expect(textHash(view.payload)).toBe(view.digest)
  expect(view.payload).toContain(view.request)
  expect(JSON.parse(view.payload)).toMatchObject({
    tenant: 'local',
    principal: 'maya',
    instance: 'desk',
    tool: 'desk_note_set',
  })
  expect(view).toMatchObject({
    state: 'waiting',
    mayDecide: true,
    verb: 'update',
    targets: ['desk:note/n1'],
    effects: [{ before: { text: 'text 1' }, after: { text: 'new' } }],
    untrusted: { arguments: { id: 'n1', text: 'new' } },
  })
  expect(await desk.hub.approvals.view(id, approver('maya', 'browser'))).toMatchObject({ mayDecide: false })
  const wrong = desk.hub.approvals.approve(id, approver('jonas', 'browser'), { digest: textHash('something else') })
  expect(await refused(wrong)).toContain('Look at it again')
  expect(desk.writes()).toEqual([])
})

test('in whatever order the arguments came, what was shown is what is planned again', async () => {
  const policy = 'rules:\n  - ask: "sf_*"\n    who: role:member\n    approvers: role:lead\n'
  await using hub = await testHub({ connectors: { salesforce: { sandbox: true } }, policy })
  const set = { StageName: 'Qualification', NextStep: 'Call' }
  const answer = await hub.call('sf_record_update', { set, object: 'Opportunity', id: '006Qy0000000001IAA' })
  expect(answer).toMatchObject({ status: 'held' })
  expect(await hub.approve(answer.operation_id)).toMatchObject({ status: 'done' })
})

// APR-01
test('a payload that was swapped by one byte in the store is refused, before and after the first yes', async () => {
  const swaps = [
    `update operation set plan = replace(plan, '"text":"new"', '"text":"nev"')`,
    `update operation set args = replace(args, '"new"', '"nev"')`,
    `update operation set principal = 'tess'`,
    `update operation set tool = 'desk_note_send'`,
    `update operation set plan_digest = replace(plan_digest, substr(plan_digest, 1, 1), case substr(plan_digest, 1, 1) when '0' then '1' else '0' end)`,
    `update operation set details = replace(details, '"effect":"ask"', '"effect":"allow"')`,
  ]
  const quorum = asking.replace('    because', '    quorum: 2\n    because')
  for (const swap of swaps) {
    for (const first of [false, true]) {
      await using desk = await askingDesk({ policy: quorum })
      const id = await held(desk)
      const { digest } = await desk.hub.approvals.view(id)
      if (first) await desk.approve(id, 'jonas')
      tampered(desk, swap)
      expect([swap, await refused(desk.hub.approvals.approve(id, approver('ines', 'browser'), { digest }))]).not.toContain(
        'accepted',
      )
      expect([swap, await refused(desk.approve(id, 'omar'))]).not.toContain('accepted')
      expect(desk.writes()).toEqual([])
    }
  }
}, 60_000)

test('swapped after the last yes and before it runs, it does not run', async () => {
  await using desk = await askingDesk({ config: { approvals: { run: 'on-retry' } } })
  const id = await held(desk)
  expect(await desk.approve(id)).toMatchObject({ status: 'held' })
  expect(await desk.hub.approvals.view(id)).toMatchObject({ state: 'approved' })
  tampered(desk, `update operation set plan = replace(plan, '"text":"new"', '"text":"nev"')`)
  expect(await desk.hub.approvals.view(id)).toMatchObject({ state: 'altered' })
  expect(await desk.call('desk_note_set', { id: 'n1', text: 'new' })).toMatchObject({ status: 'failed' })
  expect(desk.writes()).toEqual([])
})

// APR-02
test('on-retry, the requester’s next equal call runs it, once', async () => {
  await using desk = await askingDesk({ config: { approvals: { run: 'on-retry' } } })
  const id = await held(desk)
  await desk.approve(id)
  expect(desk.writes()).toEqual([])
  const tries = await Promise.all(Array.from({ length: 30 }, () => desk.call('desk_note_set', { id: 'n1', text: 'new' })))
  expect(tries.filter(({ status, replayed }) => status === 'done' && !replayed)).toHaveLength(1)
  expect(desk.writes()).toHaveLength(1)
})

// APR-10
test('an edit of other rules voids nothing; one of a rule that spoke voids it and says so', async () => {
  await using desk = await askingDesk()
  const one = await held(desk, 'one')
  await policyBecomes(desk, asking.replace('rules:\n', 'rules:\n  - deny: desk_note_delete\n    because: Never\n'))
  expect(await desk.approve(one)).toMatchObject({ status: 'done' })
  const other = await held(desk, 'other')
  await policyBecomes(desk, asking.replace('A lead looks first', 'A lead looks twice'))
  expect(await refused(desk.approve(other))).toContain('What changed: the rules')
  expect(desk.writes()).toHaveLength(1)
  expect(await desk.hub.approvals.view(other)).toMatchObject({ state: 'void' })
})

// APR-09
test('a record that moved voids it and says which field', async () => {
  await using desk = await askingDesk({ config: { approvals: { pendingMax: 5 } } })
  const late = await held(desk, 'mine')
  await desk.approve(await held(desk, 'theirs'))
  expect(await refused(desk.approve(late))).toContain('What changed: the record (text)')
  expect(desk.writes()).toHaveLength(1)
})

// APR-07
test('expired by a millisecond is expired, and a clock that is set back brings nothing back', async () => {
  const start = Date.parse('2026-03-02T09:00:00Z')
  let now = start
  await using desk = await askingDesk({ now: () => new Date(now) })
  const inTime = await held(desk, 'in time')
  const late = await held(desk, 'late')
  now = start + 3_600_000 - 1
  expect(await desk.approve(inTime)).toMatchObject({ status: 'done' })
  now = start + 3_600_000 + 1
  expect(await refused(desk.approve(late))).toContain('was not carried out')
  const again = await held(desk, 'again')
  now += 3_600_001
  await desk.hub.approvals.page({ limit: 1 })
  now = start
  expect(await refused(desk.approve(again))).not.toBe('accepted')
  expect(desk.writes()).toHaveLength(1)
})

// APR-07
test('approved in time and run too late does not run', async () => {
  const start = Date.parse('2026-03-02T09:00:00Z')
  let now = start
  await using desk = await askingDesk({ now: () => new Date(now), config: { approvals: { run: 'on-retry' } } })
  await desk.approve(await held(desk))
  now = start + 3_600_000
  expect(await desk.call('desk_note_set', { id: 'n1', text: 'new' })).toMatchObject({ status: 'failed' })
  expect(desk.writes()).toEqual([])
})

test('an approver’s own version is planned anew, shown, and recorded as theirs', async () => {
  await using desk = await askingDesk()
  const id = await held(desk, 'rude')
  const jonas = approver('jonas', 'browser')
  const leaky = { id: 'n1', text: 'kind, and desk-sandbox-token' }
  expect(await refused(desk.hub.approvals.change(id, jonas, leaky))).toContain('credential')
  const view = await desk.hub.approvals.change(id, jonas, { id: 'n1', text: 'kind' })
  expect(view).toMatchObject({
    state: 'waiting',
    changedBy: 'jonas',
    effects: [{ after: { text: 'kind' } }],
    principal: 'maya',
  })
  expect(view.id).not.toBe(id)
  expect(await refused(desk.approve(id))).not.toBe('accepted')
  expect(desk.writes()).toEqual([])
  expect(await desk.hub.approvals.approve(view.id, jonas, { digest: view.digest })).toMatchObject({ status: 'done' })
  expect(desk.writes()).toHaveLength(1)
  const told = await desk.call('desk_note_set', { id: 'n1', text: 'rude' })
  expect(told.message).toContain(view.id)
  expect(await desk.call('operation_get', { id: view.id })).toMatchObject({ result: { answer: { status: 'done' } } })
  expect(await refused(desk.hub.approvals.change(id, approver('maya', 'browser'), { id: 'n1', text: 'mine' }))).not.toBe(
    'accepted',
  )
})

// APR-15
test('a held answer says where and until when, and no more than so many wait', async () => {
  await using desk = await askingDesk({ config: { approvals: { pendingMax: 20, url: 'https://hub.acme.example' } } })
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, index) => desk.call('desk_note_set', { id: 'n1', text: `note ${index}` })),
  )
  expect(answers.filter(({ status }) => status === 'held')).toHaveLength(20)
  expect(answers.find(({ status }) => status === 'failed')).toMatchObject({ error: { code: 'rate_limited' } })
  const { approval, operation_id: id } = answers.find(({ status }) => status === 'held')!
  expect(approval).toMatchObject({
    link: `https://hub.acme.example/admin/approvals/${id}`,
    how: expect.stringContaining('same arguments'),
  })
  const first = await desk.hub.approvals.page({ limit: 12 })
  const second = await desk.hub.approvals.page({ limit: 12, before: first.next })
  expect(new Set([...first.items, ...second.items].map((each) => each.id)).size).toBe(20)
  await desk.deny(id)
  expect(await desk.call('desk_note_set', { id: 'n1', text: 'after' })).toMatchObject({ status: 'held' })
}, 30_000)

test('of many equal calls at once one waits, and the others hear of it', async () => {
  await using desk = await askingDesk()
  const answers = await Promise.all(Array.from({ length: 20 }, () => desk.call('desk_note_set', { id: 'n1', text: 'same' })))
  expect((await desk.hub.approvals.page({ limit: 50 })).items).toHaveLength(1)
  expect(answers.every(({ status, error }) => status === 'held' || error?.code === 'conflict')).toBe(true)
})

test('whoever asked takes it back; nobody else does', async () => {
  await using desk = await askingDesk()
  const id = await held(desk)
  expect(await refused(desk.hub.approvals.cancel(id, desk.hub.person('tess')))).toContain('no operation')
  await desk.hub.approvals.cancel(id, desk.hub.person())
  expect(await refused(desk.approve(id))).not.toBe('accepted')
  expect(readFileSync(desk.configPath, 'utf8')).toContain('maya')
})

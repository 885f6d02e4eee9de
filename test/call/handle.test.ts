// One call through the whole pipeline: what it is allowed, what it answers, what the vendor and the audit see.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { stranger, testHub } from '../hub.ts'

const rules = `
rules:
  - id: read
    allow: [desk_note_get, desk_note_list]
    who: role:member
    where: { desk.name: [front, back] }
  - id: echo
    allow: [desk_note_echo, operation_get]
    who: role:member
  - id: write
    allow: [desk_note_set, desk_note_send]
    who: role:member
  - id: back
    ask: desk_note_send
    when: plan.effects.exists(e, has(e.after.desk) && e.after.desk == "back")
    approvers: role:lead
    because: The back desk is read by many
  - id: outside
    deny: "*"
    when: plan.audience.external
    because: Nothing goes outside
  - id: deletes
    preview: "*_delete"
    who: role:member
`

test('someone no policy covers never reaches the vendor', async () => {
  await using desk = await testHub({ policy: rules })
  const answer = await desk.call('desk_note_set', { id: 'n1', text: 'mine' }, stranger)
  expect(answer.status).toBe('denied')
  expect(desk.requests()).toEqual([])
})

test('a write that is allowed happens once and says what it did', async () => {
  await using desk = await testHub({ policy: rules })
  const answer = await desk.call('desk_note_set', { id: 'n1', text: 'new' })
  expect(answer).toMatchObject({ status: 'done', result: { id: 'n1', text: 'new' } })
  expect(answer.operation_id).toMatch(/^op_/)
  expect(desk.writes()).toEqual(['PUT /notes/n1 200'])
})

test('a dry run shows the exact before and after and writes nothing, also where the call would be held', async () => {
  await using desk = await testHub({ policy: rules })
  const plain = await desk.call('desk_note_set', { id: 'n1', text: 'new', dry_run: true })
  expect(plain).toMatchObject({
    status: 'previewed',
    plan: { effects: [{ before: { text: 'text 1' }, after: { text: 'new' } }] },
  })
  const held = await desk.call('desk_note_send', { desk: 'back', text: 'x', dry_run: true })
  expect(held).toMatchObject({ status: 'previewed', decision: { rule: 'policy.yaml#back' } })
  expect(held.message).toContain('would be held for role:lead')
  expect(desk.writes()).toEqual([])
})

test('a dry run is no part of the repeat key', async () => {
  await using desk = await testHub({ policy: rules })
  await desk.call('desk_note_set', { id: 'n1', text: 'new', dry_run: true })
  expect(await desk.call('desk_note_set', { id: 'n1', text: 'new' })).toMatchObject({ status: 'done' })
})

test('a denial names the rule and why, and nothing is sent', async () => {
  await using desk = await testHub({ policy: rules })
  const answer = await desk.call('desk_note_send', { desk: 'outside', text: 'hi' })
  expect(answer).toMatchObject({
    status: 'denied',
    decision: { rule: 'policy.yaml#outside', because: 'Nothing goes outside' },
  })
  expect(desk.writes()).toEqual([])
})

test('a delete is only shown', async () => {
  await using desk = await testHub({
    policy: rules,
    connectors: { desk: { uses: (await import('../hub.ts')).deskFolder, sandbox: true, tools: { desk_note_delete: true } } },
  })
  expect(await desk.call('desk_note_delete', { id: 'n1' })).toMatchObject({ status: 'previewed', plan: { undo: 'none' } })
  expect(desk.writes()).toEqual([])
})

test('a tool that is switched off is refused, as one that never was', async () => {
  await using desk = await testHub({ policy: rules })
  for (const name of ['desk_note_delete', 'desk_note_nothing', 'DESK_NOTE_GET']) {
    expect(await desk.call(name, { id: 'n1' })).toMatchObject({ status: 'failed', error: { code: 'not_found' } })
  }
})

test('unknown and malformed arguments are named, and nothing is sent', async () => {
  await using desk = await testHub({ policy: rules })
  const cases: readonly (readonly [unknown, string])[] = [
    [{ id: 'n1', text: 'x', as_user: true }, '"as_user"'],
    [{ id: '../n1', text: 'x' }, 'id:'],
    [{ id: ['n1'], text: 'x' }, 'id:'],
    [{ id: 'n1', text: 'x', dry_run: 'true' }, 'dry_run must be true or false'],
    [{ id: 'n1', text: 'x', dry_run: 0 }, 'dry_run must be true or false'],
    [{ id: 'n1', text: 'x', idempotency_key: '' }, 'idempotency_key'],
    [{ id: 'n1', text: 'x', idempotency_key: 'auto:1' }, 'idempotency_key'],
    [{ id: 'n1', text: 'x', idempotency_key: 'a\r\nb' }, 'idempotency_key'],
    [{ id: 'n1', text: '\ud800' }, 'lone surrogate'],
    [JSON.parse('{"id":"n1","text":"x","__proto__":{"dry_run":true}}'), '__proto__'],
    [{ id: 'n1', text: { constructor: { prototype: 1 } } }, 'constructor'],
    [JSON.parse(`${'{"a":'.repeat(40)}1${'}'.repeat(40)}`), 'nested deeper'],
    [[], 'JSON object'],
    ['n1', 'JSON object'],
    [7, 'JSON object'],
  ]
  for (const [given, says] of cases) {
    const answer = await desk.call('desk_note_set', given)
    expect([answer.status, answer.error?.code]).toEqual(['failed', 'invalid_input'])
    expect(answer.message).toContain(says)
  }
  expect(desk.requests()).toEqual([])
  expect(({} as { dry_run?: boolean }).dry_run).toBeUndefined()
})

test('a rule with where lets through only the records inside it, with one answer for "not there" and "not yours"', async () => {
  await using desk = await testHub({ policy: rules })
  const list = await desk.call('desk_note_list')
  expect(((list.result?.['notes'] ?? []) as { desk: string }[]).map((note) => note.desk)).toEqual(['front', 'front', 'back'])
  const notYours = await desk.call('desk_note_get', { id: 'n4' })
  const notThere = await desk.call('desk_note_get', { id: 'n999' })
  expect(notYours.error?.code).toBe('not_found')
  expect(notThere.error?.code).toBe('not_found')
})

test('a masked field is left out of reads, results and previews, and is named', async () => {
  const policy = `
rules:
  - allow: "*"
    who: role:member
    mask: [text, secret]
`
  await using desk = await testHub({ policy })
  const read = await desk.call('desk_note_get', { id: 'n1' })
  expect(read).toMatchObject({ result: { id: 'n1', desk: 'front' }, masked: ['secret', 'text'] })
  const shown = await desk.call('desk_note_set', { id: 'n1', text: 'y', dry_run: true })
  expect(JSON.stringify(shown)).not.toContain('text 1')
  expect(shown.masked).toEqual(['text'])
  const done = await desk.call('desk_note_set', { id: 'n1', text: 'y' })
  expect(JSON.stringify(done)).not.toContain('text 1')
})

test('a rule that denies some records leaves the others readable, and a hidden field cannot be filtered by', async () => {
  const policy = `
rules:
  - allow: "desk_*"
    who: role:member
    mask: [secret]
  - deny: [desk_note_get, desk_note_list]
    where: { desk.name: [outside] }
`
  await using desk = await testHub({ policy })
  expect(await desk.call('desk_note_get', { id: 'n1' })).toMatchObject({ status: 'done' })
  expect(await desk.call('desk_note_get', { id: 'n4' })).toMatchObject({ status: 'failed', error: { code: 'not_found' } })
  expect((await desk.call('desk_note_list')).result?.['notes']).toHaveLength(3)
  expect(await desk.call('desk_note_echo', { text: 'secret' })).toMatchObject({ error: { code: 'forbidden' } })
})

test('expect_rev refuses a write to a record that has moved', async () => {
  await using desk = await testHub({ policy: rules })
  const answer = await desk.call('desk_note_set', { id: 'n1', text: 'new', expect_rev: 'older' })
  expect(answer).toMatchObject({ status: 'failed', error: { code: 'conflict' } })
  expect(await desk.call('desk_note_send', { desk: 'front', text: 'x', expect_rev: 'older' })).toMatchObject({
    error: { code: 'invalid_input' },
  })
  const shown = await desk.call('desk_note_set', { id: 'n1', text: 'new', dry_run: true })
  const fresh = { id: 'n1', text: 'new', expect_rev: shown.plan?.rev }
  expect(await desk.call('desk_note_set', fresh)).toMatchObject({ status: 'done' })
})

test('a call rate is never exceeded, and says when to come back', async () => {
  const policy = `
rules:
  - allow: "*"
    who: role:member
limits:
  - { tools: desk_note_echo, per: principal, at_most: 3 per minute }
`
  await using desk = await testHub({ policy })
  const answers = await Promise.all(Array.from({ length: 10 }, () => desk.call('desk_note_echo', { text: 'x' })))
  expect(answers.filter(({ status }) => status === 'done')).toHaveLength(3)
  const refused = answers.find(({ status }) => status === 'failed')
  expect(refused?.error).toMatchObject({ code: 'rate_limited', retry: 'later' })
  expect(refused?.error?.retry_after_ms).toBeGreaterThan(50_000)
})

// AUD-17
test('every call leaves one entry when it comes and one when it goes, and a write its intent before the send', async () => {
  await using desk = await testHub({ policy: rules })
  await desk.call('desk_note_set', { id: 'n1', text: 'new' })
  await desk.call('desk_note_send', { desk: 'outside', text: 'x' })
  await desk.call('desk_note_set', { id: 'n1' })
  await desk.call('nothing_here')
  await desk.call('desk_note_list')
  await desk.hub.close()
  await using again = await testHub({ folder: desk.folder })
  const kinds = (await again.hub.store.recent('local', 100)).toReversed().map(({ kind }) => kind)
  expect(kinds).toEqual([
    'call.opened',
    'operation.intent',
    'operation.sending',
    'operation.succeeded',
    'call.closed',
    ...Array.from({ length: 4 }, () => ['call.opened', 'call.closed']).flat(),
  ])
})

test('SEC-10: a secret that the hub knows is sent nowhere, and is in no answer, audit or ledger', async () => {
  await using desk = await testHub({ policy: rules })
  // It knows it from the first call on.
  await desk.call('desk_note_list')
  const before = desk.requests().length
  for (const text of ['the token is desk-sandbox-token', Buffer.from('x desk-sandbox-token').toString('base64')])
    expect(await desk.call('desk_note_send', { desk: 'front', text })).toMatchObject({
      status: 'failed',
      error: { code: 'forbidden' },
      message: expect.stringMatching(/^Nothing was sent: the arguments hold a credential/),
    })
  const inKey = { desk: 'front', text: 'x', idempotency_key: 'desk-sandbox-token' }
  expect(await desk.call('desk_note_send', inKey)).toMatchObject({ error: { code: 'forbidden' } })
  expect(desk.requests()).toHaveLength(before)
  expect(await desk.call('desk_note_send', { desk: 'front', text: 'the token is somewhere' })).toMatchObject({
    status: 'done',
  })
  for await (const entry of desk.hub.store.entries('local'))
    expect(JSON.stringify(entry)).not.toContain('desk-sandbox-token')
  for (const name of readdirSync(desk.folder, { recursive: true, encoding: 'utf8' }).filter((each) =>
    each.includes('toolgate.db'),
  ))
    expect(readFileSync(path.join(desk.folder, name), 'latin1')).not.toContain('desk-sandbox-token')
})

test('where a rule narrows, a write tells nothing of what is outside: not that it is there, nor what it says', async () => {
  const policy = `
rules:
  - allow: [desk_note_set, desk_note_get]
    who: role:member
    where: { desk.name: [front] }
`
  await using desk = await testHub({ policy })
  const notYours = await desk.call('desk_note_set', { id: 'n3', text: 'x' })
  const notThere = await desk.call('desk_note_set', { id: 'n999', text: 'x' })
  expect({ ...notYours, message: '' }).toEqual({ ...notThere, message: '' })
  expect(notYours.message).toBe(notThere.message)
  expect(notYours).toMatchObject({ status: 'failed', error: { code: 'not_found' } })
  expect(await desk.call('desk_note_set', { id: 'n1', text: 'x' })).toMatchObject({ status: 'done' })
})

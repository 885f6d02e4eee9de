// The proof of the record on a whole hub: receipts, erasure, outcomes that people settle, and a record that cannot be written.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { checkReceipt } from '../../src/hub/receipt-check.ts'
import type { JsonObject } from '../../src/kit/json.ts'
import { collect } from '../store/records.ts'
import { testHub } from '../hub.ts'

const send = (text: string, more: object = {}) => ['desk_note_send', { desk: 'front', text, ...more }] as const
const signal = new AbortController().signal

test('each result of a door carries a receipt that its caller can check, and that gives every change away', async () => {
  await using desk = await testHub()
  const { hub } = desk
  const wire = async (name: string, given: object) =>
    (await hub.dispatcher.call({
      door: 'http',
      principal: hub.person(),
      name,
      arguments: given,
      signal,
      context: {} as never,
      tasks: false,
    })) as JsonObject
  const keys = [await hub.proof.publicKey()]
  const check = (value: unknown) => checkReceipt(JSON.stringify(value), keys, hub.store)
  const written = await wire(...send('hello'))
  const read = await wire('desk_note_get', { id: 'n1' })
  expect(await check(written)).toMatchObject({ ok: true })
  expect(await check(read)).toMatchObject({ ok: true })
  const receipt = (written['_meta'] as JsonObject)['toolgate/receipt'] as JsonObject
  expect(receipt).toMatchObject({
    operation: (written['structuredContent'] as JsonObject)['operation_id'],
    seq: expect.any(Number),
  })
  desk.break('desk', 'slow')
  const slow = await wire('desk_note_get', { id: 'n1' })
  const named = (slow['_meta'] as JsonObject)['toolgate/receipt'] as JsonObject
  const [opened] = await hub.store.entriesOf(named['call'] as string)
  expect([named['seq'], named['entry'], opened?.kind]).toEqual([opened?.seq, opened?.hash, 'call.opened'])
  expect(await check(slow)).toMatchObject({ ok: true })
  expect(JSON.stringify(receipt).length).toBeLessThan(700)
  expect(await check({ ...written, structuredContent: { status: 'done', message: 'Other.' } })).toMatchObject({ ok: false })
  expect(await check({ ...receipt, seq: 1 })).toMatchObject({ ok: false, message: expect.stringContaining('signature') })
  expect(await check({ hello: 'world' })).toMatchObject({ ok: false })
  const raw = new DatabaseSync(path.join(desk.folder, 'data/toolgate.db'))
  raw.prepare("delete from audit where call = ? and kind = 'call.closed'").run(receipt['call'] as string)
  raw.close()
  expect(await check(written)).toMatchObject({ ok: false, message: expect.stringContaining('no end of call') })
})

// AUD-15, IDEM-07
test('a person’s data goes, the chain still proves it, its key is never used again, and a payload taken out by hand is found', async () => {
  await using desk = await testHub()
  const { hub, folder } = desk
  const file = path.join(folder, 'data/toolgate.db')
  await desk.call(...send('the secret of maya', { idempotency_key: 'once' }))
  await desk.call('desk_note_get', { id: 'n1' }, { tenant: 'local', id: 'jonas', roles: ['member'] })
  const gone = await hub.proof.erase({ principal: 'maya' })
  expect(gone).toMatchObject({ operations: 1 })
  expect(await hub.proof.verify({})).toMatchObject([{ ok: true }])
  expect((await collect(hub.store.entries('local'))).filter(({ payload }) => payload['principal'] === 'jonas')).toHaveLength(
    2,
  )
  const [operation] = await hub.store.operations({ tenant: 'local', limit: 10 })
  expect(operation).toMatchObject({ args: {}, plan: {}, state: 'succeeded', key: 'once', principal: 'maya' })
  expect(operation?.argsDigest).toMatch(/^[0-9a-f]{64}$/)
  const raw = new DatabaseSync(file)
  raw.exec('pragma wal_checkpoint(truncate)')
  expect(readFileSync(file).includes('the secret of maya')).toBe(false)
  expect(await desk.call(...send('the secret of maya', { idempotency_key: 'once' }))).toMatchObject({
    status: 'failed',
    error: { code: 'conflict' },
    message: expect.stringContaining('has been erased'),
  })
  expect(desk.writes()).toHaveLength(1)
  const { seq } = raw.prepare('select max(seq) seq from audit where payload is not null').get() as { seq: number }
  raw.prepare('update audit set payload = null where seq = ?').run(seq)
  raw.close()
  expect(await hub.proof.verify({})).toMatchObject([{ ok: false, findings: [{ what: 'altered', seq }] }])
})

// AUD-15
test('old contents are erased up to a date, and only once', async () => {
  let now = new Date('2026-03-02T09:00:00Z')
  await using desk = await testHub({ now: () => now })
  await desk.call(...send('old'))
  now = new Date('2026-03-20T09:00:00Z')
  await desk.call(...send('new'))
  const before = new Date('2026-03-10T00:00:00Z')
  expect(await desk.hub.proof.erase({ before })).toMatchObject({ operations: 1, entries: 5 })
  expect(await desk.hub.proof.erase({ before })).toEqual({ operations: 0, entries: 0 })
  expect(await desk.hub.proof.verify({})).toMatchObject([{ ok: true }])
})

// IDEM-23
test('an unknown outcome is asked of the vendor without anybody asking, and what nobody can tell two people decide', async () => {
  let now = new Date('2026-03-02T09:00:00Z')
  await using desk = await testHub({ now: () => now })
  const { hub } = desk
  desk.break('desk', 'drop')
  const lost = await desk.call(...send('lost'))
  expect(lost).toMatchObject({ status: 'unknown' })
  await hub.proof.attend()
  expect(await hub.store.operation(lost.operation_id!)).toMatchObject({ state: 'reconciled' })

  desk.break('desk', 'drop')
  const { operation_id: id } = await desk.call(...send('unclear'))
  desk.break('desk', '500', 1000)
  for (let round = 0; round < 12; round += 1) {
    await hub.proof.attend()
    now = new Date(now.getTime() + 600_000)
  }
  expect(await hub.store.document('local', 'unclear', id!)).toBeDefined()
  expect((await hub.store.recent('local', 100)).filter(({ kind }) => kind === 'operation.unclear')).toHaveLength(1)
  const resolution = { verdict: 'did not happen', by: hub.person(), second: hub.person('jonas') } as const
  await expect(hub.resolve(id!, { ...resolution, second: hub.person() })).rejects.toThrow('two different people')
  expect(await hub.resolve(id!, resolution)).toMatchObject({ state: 'failed' })
  await expect(hub.resolve(id!, { ...resolution, verdict: 'happened' })).rejects.toThrow('is known')
  expect((await hub.store.recent('local', 1))[0]).toMatchObject({
    kind: 'operation.failed',
    payload: { resolved_by: 'maya', second: 'jonas' },
  })
  expect(await hub.store.document('local', 'unclear', id!)).toBeUndefined()
})

// AUD-14
test('what was left in the middle is settled without anybody asking', async () => {
  let now = new Date('2026-03-02T09:00:00Z')
  await using desk = await testHub({ now: () => now })
  const { hub } = desk
  await desk.call(...send('one'))
  await desk.call(...send('two'))
  const [two, one] = await hub.store.operations({ tenant: 'local', limit: 2 })
  const raw = new DatabaseSync(path.join(desk.folder, 'data/toolgate.db'))
  raw.prepare("update operation set state = 'intent' where id = ?").run(one!.id)
  raw.prepare("update operation set state = 'sending' where id = ?").run(two!.id)
  raw.close()
  now = new Date('2026-03-02T10:00:00Z')
  await hub.proof.attend()
  expect(await hub.store.operation(one!.id)).toMatchObject({ state: 'failed' })
  expect((await hub.store.operation(two!.id))?.state).not.toBe('sending')
})

// AUD-10
test.for(['refuse', 'allow'] as const)(
  'while nothing can be recorded, writes are refused within two seconds; reads: %s',
  async (reads) => {
    await using desk = await testHub({ config: { audit: { reads } }, watch: true })
    const { hub } = desk
    await desk.call('desk_note_get', { id: 'n1' })
    await hub.store.recent('local', 1)
    const other = new DatabaseSync(path.join(desk.folder, 'data/toolgate.db'), { timeout: 2000 })
    other.exec('begin immediate')
    const startedAt = performance.now()
    expect(await desk.call(...send('no'))).toMatchObject({
      status: 'failed',
      error: { retry: expect.not.stringContaining('never') },
    })
    expect(performance.now() - startedAt).toBeLessThan(2000)
    for (let wait = 0; hub.store.broken() === undefined && wait < 40; wait += 1) await sleep(50)
    expect(await desk.call('desk_note_get', { id: 'n1' })).toMatchObject({ status: reads === 'allow' ? 'done' : 'failed' })
    other.exec('rollback')
    other.close()
    for (let wait = 0; hub.store.broken() !== undefined && wait < 100; wait += 1) await sleep(50)
    expect(await desk.call(...send('yes'))).toMatchObject({ status: 'done' })
    expect(desk.writes()).toHaveLength(1)
    await sleep(1500)
    const gaps = (await hub.store.recent('local', 100)).filter(({ kind }) => kind === 'audit.gap')
    // The write that was refused, and the read, whatever became of it.
    expect(gaps).toMatchObject([{ payload: { unrecorded: 2 } }])
  },
)

test('a configured anchor gets what happened, also from a process that ends at once', async () => {
  await using desk = await testHub({ config: { audit: { anchors: [{ name: 'mount', to: 'file', path: 'anchor.jsonl' }] } } })
  await desk.call(...send('hello'))
  await desk.hub.close()
  expect(readFileSync(path.join(desk.folder, 'anchor.jsonl'), 'utf8')).toContain('"toolgate":"checkpoint"')
})

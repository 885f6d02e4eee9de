// What every store promises of documents: each change on the version that it was decided on, all of a change or nothing.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { verifyChain } from '../../src/call/verify.ts'
import type { JsonObject } from '../../src/kit/json.ts'
import type { Put, Store } from '../../src/kit/record.ts'
import { draft, newId, operation } from './records.ts'

const at = '2026-11-22T10:00:05.000Z'
const later = '2026-11-22T10:00:06.000Z'

export function documentContract(open: () => Promise<Store>): void {
  let store: Store
  beforeAll(async () => void (store = await open()))
  afterAll(async () => store.close())
  const put = (id: string, value: JsonObject | undefined, more: Partial<Put> = {}): Put => ({
    tenant: 'acme',
    kind: 'note',
    id,
    value,
    at,
    ...more,
  })
  const valueOf = async (id: string) => (await store.document('acme', 'note', id))?.value

  test('a document comes back as it was put, and counts its changes', async () => {
    const id = newId('doc')
    expect(await store.put([put(id, { text: 'Grüße 👋' }, { version: 0, dueAt: later })])).toBe(true)
    const first = { tenant: 'acme', kind: 'note', id, version: 1, value: { text: 'Grüße 👋' }, dueAt: later }
    expect(await store.document('acme', 'note', id)).toEqual({ ...first, createdAt: at, updatedAt: at })
    expect(await store.put([put(id, { text: 'b' }, { version: 1, at: later })])).toBe(true)
    const second = { ...first, version: 2, value: { text: 'b' }, dueAt: undefined }
    expect(await store.document('acme', 'note', id)).toEqual({ ...second, createdAt: at, updatedAt: later })
    expect(await store.document('other', 'note', id)).toBeUndefined()
    expect(await store.document('acme', 'other', id)).toBeUndefined()
  })

  test('a change on an old version changes nothing, also not what came with it', async () => {
    const [one, two] = [newId('doc'), newId('doc')]
    const tenant = newId('tenant')
    await store.put([put(one, { n: 1 }), put(two, { n: 1 })])
    await store.put([put(two, { n: 2 }, { version: 1 })])
    expect(
      await store.put([put(one, { n: 2 }, { version: 1 }), put(two, { n: 3 }, { version: 1 })], draft({ tenant })),
    ).toBe(false)
    expect(await store.put([put(one, { n: 2 }, { version: 0 })], draft({ tenant }))).toBe(false)
    expect([await valueOf(one), await valueOf(two)]).toEqual([{ n: 1 }, { n: 2 }])
    expect(await store.recent(tenant, 10)).toEqual([])
    expect(await store.put([put(one, { n: 2 }, { version: 1 })], draft({ tenant }))).toBe(true)
    expect(await store.recent(tenant, 10)).toHaveLength(1)
  })

  test('without a version whatever is there gives way; without a value it goes', async () => {
    const id = newId('doc')
    expect(await store.put([put(id, { n: 1 })])).toBe(true)
    expect(await store.put([put(id, { n: 2 })])).toBe(true)
    expect(await store.put([put(id, undefined, { version: 1 })])).toBe(false)
    expect(await store.put([put(id, undefined, { version: 2 })])).toBe(true)
    expect(await valueOf(id)).toBeUndefined()
    expect(await store.put([put(id, undefined)])).toBe(true)
  })

  test('of many changes of one version at once, one is made', async () => {
    const id = newId('doc')
    await store.put([put(id, { by: 'nobody' })])
    const changes = Array.from({ length: 200 }, (_, n) => store.put([put(id, { by: n }, { version: 1 })]))
    const made = (await Promise.all(changes)).flatMap((done, n) => (done ? [n] : []))
    expect(made).toHaveLength(1)
    expect(await store.document('acme', 'note', id)).toMatchObject({ version: 2, value: { by: made[0] } })
  })

  test('documents go with an operation, or neither is there', async () => {
    const id = newId('doc')
    const fresh = operation()
    const begun = await store.begin(fresh, draft(), [put(id, { n: 1 }, { version: 0 })])
    expect(begun.fresh).toBe(true)
    expect(await valueOf(id)).toEqual({ n: 1 })
    // A second insert of the same identity is no insert.
    await store.begin({ ...fresh, id: newId('op') }, draft(), [put(id, { n: 2 }, { version: 1 })])
    expect(await valueOf(id)).toEqual({ n: 1 })

    const change = { id: fresh.id, from: ['intent'] as const, fence: 1, to: 'sending' as const, at }
    expect(await store.move(change, draft(), [put(id, { n: 2 }, { version: 9 })])).toBeUndefined()
    expect(await store.operation(fresh.id)).toMatchObject({ state: 'intent', fence: 1 })
    expect(await store.move(change, draft(), [put(id, { n: 2 }, { version: 1 })])).toMatchObject({
      state: 'sending',
      fence: 2,
    })
    expect(await valueOf(id)).toEqual({ n: 2 })

    const other = operation()
    const refused = store.begin(other, draft(), [put(id, { n: 3 }, { version: 1 })])
    await expect(refused).rejects.toThrow('changed meanwhile')
    expect(await store.operation(other.id)).toBeUndefined()
    expect(await verifyChain(store, 'acme')).toMatchObject({ ok: true })
  })

  test('they are listed newest first, page by page, or by when they are due', async () => {
    const kind = newId('kind')
    const ids = Array.from({ length: 5 }, (_, n) => `d${n}`)
    for (const [n, id] of ids.entries()) {
      const dueAt = n % 2 === 0 ? `2026-11-22T1${9 - n}:00:00.000Z` : undefined
      await store.put([put(id, { n }, { kind, ...(dueAt !== undefined && { dueAt }) })])
    }
    const listed = async (more: object) =>
      (await store.documents({ tenant: 'acme', kind, limit: 10, ...more })).map(({ id }) => id)
    expect(await listed({})).toEqual(['d4', 'd3', 'd2', 'd1', 'd0'])
    expect(await listed({ limit: 2 })).toEqual(['d4', 'd3'])
    expect(await listed({ before: 'd3', limit: 2 })).toEqual(['d2', 'd1'])
    expect(await listed({ dueBy: '2026-11-22T17:00:00.000Z' })).toEqual(['d4', 'd2'])
    expect(await listed({ before: 'nothing' })).toEqual([])
  })

  test('what is not JSON is refused', async () => {
    await expect(store.put([put(newId('doc'), { bad: Number.NaN })])).rejects.toThrow(/./)
  })
}
